import Foundation
import Readers
import Synchronization
import Testing

/// A reader service of the tests' own with two virtual readers, started once for the whole run.
///
/// The launcher ends it when its standard input closes, which happens however this process ends.
final class PrivateReaders: Sendable {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    static let shared = Result { try PrivateReaders() }

    let directory: String
    let ports: [UInt16]
    /// As the launcher names them.
    let names = ["Berth Virtual 1 00 00", "Berth Virtual 1 00 01"]
    private let keepsOpen: FileHandle
    private let insertions = Mutex<[Insertion]>([])

    private init() throws {
        let launcher = Process()
        launcher.executableURL = URL(fileURLWithPath: Self.script)
        launcher.arguments = [
            "--readers", "2", "--unpluggable", "--", "sh", "-c",
            "echo $BERTH_PCSCD_DIR $BERTH_VPCD_PORTS; exec cat >/dev/null",
        ]
        let input = Pipe()
        let output = Pipe()
        launcher.standardInput = input
        launcher.standardOutput = output
        try Self.withSignals { try launcher.run() }
        let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
        let words = line.split(whereSeparator: \.isWhitespace)
        directory = words.first.map(String.init) ?? ""
        ports = words.dropFirst().compactMap { UInt16($0) }
        guard ports.count == 2 else {
            throw Failure(
                description: "scripts/private-pcscd could not start pcscd with vpcd (its message is above). "
                    + "scripts/setup installs both.")
        }
        keepsOpen = input.fileHandleForWriting
        // libpcsclite reads it once, before its first connection.
        setenv("PCSCLITE_CSOCK_NAME", directory + "/run/pcscd.comm", 1)
    }

    /// Puts a card into a reader until it is removed, at the latest when the next test begins.
    func insert(_ card: ScriptedCard, into slot: Int) -> Insertion {
        let insertion = Insertion(card, port: ports[slot])
        insertions.withLock { $0.append(insertion) }
        return insertion
    }

    func removeAll() {
        let left = insertions.withLock { insertions in
            defer { insertions = [] }
            return insertions
        }
        for insertion in left { insertion.client.stop() }
    }

    /// Ends the service as a crash would: no goodbye, and its socket file stays.
    func kill() throws {
        let text = try String(contentsOfFile: directory + "/daemon.pid", encoding: .utf8)
        let number = try #require(pid_t(text.trimmingCharacters(in: .whitespacesAndNewlines)))
        #expect(Glibc.kill(number, SIGKILL) == 0)
        try poll("the service ended") { !Self.isAlive(number) }
    }

    /// Ends the service as its unit would.
    func stop() throws { try runScript("stop") }

    func start() throws { try runScript("start") }

    /// Runs the body while both readers, which are one device, are unplugged.
    func whileUnplugged(_ body: () throws -> Void) throws {
        try runScript("unplug")
        let result = Result { try body() }
        try plug()
        try result.get()
    }

    /// The card carries out the next command, but the reader is gone before it can bring the answer.
    func unplugInNextCommand() throws { try runScript("unplug", "0") }

    func plug() throws { try runScript("plug") }

    private func runScript(_ verb: String, _ more: String...) throws {
        let script = Process()
        script.executableURL = URL(fileURLWithPath: Self.script)
        script.arguments = [verb, directory] + more
        // A service that inherits these would keep them open.
        script.standardInput = FileHandle.nullDevice
        script.standardOutput = FileHandle.nullDevice
        try Self.withSignals { try script.run() }
        script.waitUntilExit()
        guard script.terminationStatus == 0 else {
            throw Failure(description: "private-pcscd \(verb) failed")
        }
    }

    /// A child inherits the signals that its parent's thread blocks, and a pool's threads block all: the service would
    /// not hear that it shall end.
    private static func withSignals(_ body: () throws -> Void) rethrows {
        var none = sigset_t()
        var before = sigset_t()
        sigemptyset(&none)
        pthread_sigmask(SIG_SETMASK, &none, &before)
        defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
        try body()
    }

    private static let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent(
            "scripts/private-pcscd"
        ).path

    private static func isAlive(_ number: pid_t) -> Bool {
        guard let status = try? String(contentsOfFile: "/proc/\(number)/status", encoding: .utf8) else {
            return false
        }
        return !status.contains("State:\tZ") && !status.contains("State:\tX")
    }
}

/// Waits for the outside world to come to a state; fails when it does not in good time.
func poll(
    _ what: String, within limit: Duration = .seconds(15), _ condition: () throws -> Bool
) throws {
    let end = ContinuousClock.now.advanced(by: limit)
    while ContinuousClock.now < end {
        if try condition() { return }
        usleep(5_000)
    }
    throw PrivateReaders.Failure(description: "waited \(limit) in vain: \(what)")
}

/// How long something took.
func duration(of body: () throws -> Void) rethrows -> Duration {
    try ContinuousClock().measure(body)
}
