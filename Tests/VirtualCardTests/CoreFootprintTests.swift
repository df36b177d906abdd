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

        /// Other tests take memory meanwhile, so the smallest of some rounds is nearest to the truth.
        @Test("take at most 8 kB each, with two load files, three instances and a session", .mission(.point7))
        func footprint() throws {
            let environment = Bench.environment()
            let profile = try #require(CardProfile.builtIn("javacard-80k"))
            // Where its random numbers come from is not the card's: one source serves them all here.
            let entropy = SeededEntropy(seed: [7])
            var rounds: [Int] = []
            var cards: [Bench] = []
            while rounds.count < 4, (rounds.min() ?? .max) > 8_192 {
                rounds.append(try Self.round(cards: 2_500, &cards, profile, environment, entropy))
            }
            #expect(try #require(rounds.min()) <= 8_192, "each card takes \(rounds) bytes")
        }

        private static func round(
            cards count: Int, _ cards: inout [Bench], _ profile: CardProfile, _ environment: CardEnvironment,
            _ entropy: SeededEntropy
        ) throws -> Int {
            cards.reserveCapacity(cards.count + count)
            let before = try resident()
            for _ in 0..<count {
                let bench = Bench(VirtualCard(profile: profile, environment: environment, entropy: entropy))
                for step in script { _ = bench.card.process(step) }
                #expect(bench.card.contents.applications.count == 4)
                cards.append(bench)
            }
            return (try resident() - before) / count
        }

        static let script =
            (Step.issuer + Step.loadLibrary + Step.loadApplets + [
                Step.forInstall(CoreRules.applet), Step.forInstall(CoreRules.other),
                Step.domain(CoreRules.domainA), Step.putKeys(version: 1),
            ]).map { SampleCAP.bytes($0) }
    }
#endif
