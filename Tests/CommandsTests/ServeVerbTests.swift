import Arguments
import Centre
import FoundationEssentials
import JSON
import Testing

@testable import Commands

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

@Suite("berth serve")
struct ServeVerbTests {
    /// Starts in the folder, and is told to end as soon as it serves.
    private func serve(_ folder: String, on output: any OutputSink) async -> ExitCode {
        let terminal = Terminal(
            output: output, errors: MemorySink(), input: ScriptedInput([]), environment: Environment([:]),
            clock: ContinuousClock(), interrupts: .none)
        let clock = ManualClock(Instant(milliseconds: 1_795_261_043_000))
        let signals = ServeSignals(hold: {}, next: { _ in .end }, release: {})
        let program = Program(
            "berth", "The centre", version: "0", date: "2026-01-31",
            commands: [ServeCommand.verb(clock, signals: signals)])
        let words = ["serve", "--data", folder, "--listen", "127.0.0.1:0", "--json"]
        return await program.run(words, on: terminal)
    }

    private func withFolder(_ body: (String) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.path + "/berth-serve-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try await body(folder)
    }

    private func password(_ sink: MemorySink) -> String? {
        (try? JSONValue(decoding: sink.text))?["firstSignIn"]?["password"]?.stringValue
    }

    @Test("a reader that has gone away sees no first sign-in, and the next start makes it, once")
    func readerGone() async throws {
        ignoreBrokenPipes()
        try await withFolder { folder in
            var ends: [CInt] = [0, 0]
            try #require(pipe(&ends) == 0)
            _ = close(ends[0])
            let lost = await serve(folder, on: DescriptorSink(descriptor: ends[1], goesOnWhereFull: false))
            _ = close(ends[1])
            #expect(lost == .inputOutput)
            let (seen, later) = (MemorySink(), MemorySink())
            #expect(await serve(folder, on: seen) == .success)
            #expect(password(seen) != nil, "\(seen.text)")
            #expect(await serve(folder, on: later) == .success)
            #expect(password(later) == nil)
        }
    }

    #if canImport(Glibc)
        @Test("an output that is full ends the start, and the next start makes the first sign-in")
        func outputFull() async throws {
            try await withFolder { folder in
                let full = Glibc.open("/dev/full", O_WRONLY)
                try #require(full >= 0)
                let lost = await serve(folder, on: DescriptorSink(descriptor: full, goesOnWhereFull: false))
                _ = close(full)
                #expect(lost == .inputOutput)
                let seen = MemorySink()
                #expect(await serve(folder, on: seen) == .success)
                #expect(password(seen) != nil, "\(seen.text)")
            }
        }
    #endif
}
