import CardCrypto
import SmartCard
import TestSupport
import Testing

@testable import VirtualCard

#if canImport(Glibc)
    import Glibc

    @Suite("Many cards in one process", .serialized)
    struct CoreFootprintTests {
        /// The memory of this process, in bytes: other tests run beside this one, hence so many cards.
        private static func resident() throws -> Int {
            let file = try #require(fopen("/proc/self/statm", "r"))
            defer { fclose(file) }
            var line = [CChar](repeating: 0, count: 128)
            try #require(fgets(&line, 128, file) != nil)
            let words = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
                .split(separator: " ")
            return try #require(Int(words[1])) * 4096
        }

        @Test("take at most 8 kB each, with two load files, three instances and a session", .mission(.point7))
        func footprint() throws {
            let environment = Bench.environment()
            let profile = try #require(CardProfile.builtIn("javacard-80k"))
            let count = 5000
            var cards: [Bench] = []
            cards.reserveCapacity(count)
            let before = try Self.resident()
            // Where its random numbers come from is not the card's: one source serves them all here.
            let entropy = try SeededEntropy(seed: [7])
            for _ in 0..<count {
                let bench = Bench(
                    VirtualCard(profile: profile, environment: environment, entropy: entropy))
                for step in Self.script { _ = bench.card.process(step) }
                #expect(bench.card.contents.applications.count == 4)
                cards.append(bench)
            }
            let each = (try Self.resident() - before) / count
            #expect(each <= 8192, "each card takes \(each) bytes")
            #expect(cards.count == count)
        }

        static let script =
            (Step.issuer + Step.loadLibrary + Step.loadApplets + [
                Step.forInstall(CoreRules.applet), Step.forInstall(CoreRules.other),
                Step.domain(CoreRules.domainA), Step.putKeys(version: 1),
            ]).map { SampleCAP.bytes($0) }
    }
#endif
