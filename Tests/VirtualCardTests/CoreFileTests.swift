import CardCrypto
import SmartCard
import TestSupport
import Testing

@testable import VirtualCard

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

enum TemporaryFile {
    static func path(_ name: String) -> String {
        FileManager.default.temporaryDirectory.appending(path: "berth-\(UUID().uuidString)-\(name)").path(
            percentEncoded: false)
    }

    static func remove(_ path: String) { try? FileManager.default.removeItem(atPath: path) }
    static func read(_ path: String) -> [UInt8] {
        FileManager.default.contents(atPath: path).map { Array($0) } ?? []
    }
    static func write(_ bytes: [UInt8], _ path: String) {
        _ = FileManager.default.createFile(atPath: path, contents: Data(bytes))
    }
}

@Suite("Card files")
struct CoreFileTests {
    static func create(_ path: String) throws -> Bench {
        let profile = try #require(CardProfile.builtIn("javacard-80k"))
        return Bench(
            try VirtualCard(
                creating: path, profile: profile, environment: Bench.environment(),
                entropy: SeededEntropy(seed: [1])))
    }

    static func open(_ path: String) throws -> VirtualCard {
        try VirtualCard(
            opening: path, environment: Bench.environment(), entropy: SeededEntropy(seed: [2]))
    }

    @Test("keep the card between two programs")
    func reopening() throws {
        let path = TemporaryFile.path("reopen")
        defer { TemporaryFile.remove(path) }
        let state: CardState
        do {
            let bench = try Self.create(path)
            bench.must(TearScript.commands)
            state = bench.card.contents
        }
        let again = try Self.open(path)
        #expect(again.contents.isSame(as: state))
        #expect(again.profile.name == "javacard-80k")
    }

    @Test("are never overwritten by a new card")
    func existing() throws {
        let path = TemporaryFile.path("exists")
        defer { TemporaryFile.remove(path) }
        _ = try Self.create(path)
        #expect(throws: CardFileError.exists(path)) { try Self.create(path) }
    }

    @Test("are open in one place only")
    func locking() throws {
        let path = TemporaryFile.path("lock")
        defer { TemporaryFile.remove(path) }
        do {
            let bench = try Self.create(path)
            #expect(throws: CardFileError.inUse(path)) { try Self.open(path) }
            #expect(bench.card.isPowered)
        }
        _ = try Self.open(path)
    }

    @Test("can be looked at while another program holds them, and a look changes nothing")
    func viewing() throws {
        let path = TemporaryFile.path("view")
        defer { TemporaryFile.remove(path) }
        let bench = try Self.create(path)
        bench.must(TearScript.commands)
        try bench.card.keep(note: Array("kept".utf8))
        let before = TemporaryFile.read(path)
        let view = try VirtualCard(
            viewing: path, environment: Bench.environment(), entropy: SeededEntropy(seed: [2]))
        #expect(view.contents.isSame(as: bench.card.contents))
        #expect(view.note == Array("kept".utf8))
        #expect(TemporaryFile.read(path) == before)
    }

    /// Opening a pipe waits for its other end, and a device is read without end: neither is a card.
    @Test("are not pipes or devices", .timeLimit(.minutes(1)))
    func specialFiles() throws {
        let pipe = TemporaryFile.path("pipe")
        defer { TemporaryFile.remove(pipe) }
        try #require(mkfifo(pipe, 0o600) == 0)
        for path in [pipe, "/dev/zero"] {
            #expect(throws: CardFileError.notACardFile(path)) { try Self.open(path) }
            #expect(throws: CardFileError.notACardFile(path)) {
                try VirtualCard(
                    viewing: path, environment: Bench.environment(), entropy: SeededEntropy(seed: [2]))
            }
        }
    }

    @Test("of a later version are told from what is no card")
    func newer() throws {
        let path = TemporaryFile.path("newer")
        defer { TemporaryFile.remove(path) }
        TemporaryFile.write(Array("BERTHCARD3\nand more".utf8), path)
        #expect(throws: CardFileError.newer(path)) { try Self.open(path) }
    }

    @Test("that are something else are refused")
    func foreign() throws {
        let path = TemporaryFile.path("foreign")
        defer { TemporaryFile.remove(path) }
        TemporaryFile.write(Array("not a card".utf8), path)
        #expect(throws: CardFileError.notACardFile(path)) { try Self.open(path) }
    }

    @Test(
        "cut at any byte hold a state that the card was in, or are refused when not even the first is whole")
    func truncation() throws {
        let path = TemporaryFile.path("whole")
        defer { TemporaryFile.remove(path) }
        var states: [[[UInt8]]] = []
        var lengths: [Int] = []
        do {
            let bench = try Self.create(path)
            for command in Step.issuer + [Step.domain(CoreRules.domainA), Step.putKeys(version: 5)] {
                bench.must([command])
                states.append(bench.card.contents.fingerprint)
                lengths.append(TemporaryFile.read(path).count)
            }
        }
        let bytes = TemporaryFile.read(path)
        let first = try #require(lengths.first)
        let copy = TemporaryFile.path("cut")
        defer { TemporaryFile.remove(copy) }
        for length in stride(from: 0, through: bytes.count, by: 7) {
            TemporaryFile.write(Array(bytes.prefix(length)), copy)
            let card = try? Self.open(copy)
            if length < first {
                // Before the end of the first commit there may be the new card, or nothing yet.
                #expect(card == nil || length > 1000)
            } else {
                let index = try #require(lengths.lastIndex { $0 <= length })
                #expect(card?.contents.fingerprint == states[index])
            }
            TemporaryFile.remove(copy)
        }
    }

    @Test("with a damaged record inside are refused, never shortened")
    func damage() throws {
        let path = TemporaryFile.path("damage")
        defer { TemporaryFile.remove(path) }
        let first: Int
        do {
            let bench = try Self.create(path)
            first = TemporaryFile.read(path).count
            bench.must(Step.issuer + [Step.domain(CoreRules.domainA), Step.putKeys(version: 5)])
        }
        var bytes = TemporaryFile.read(path)
        bytes[first + 20] ^= 0x01
        TemporaryFile.write(bytes, path)
        #expect(throws: CardFileError.damaged) { try Self.open(path) }
        #expect(TemporaryFile.read(path) == bytes)
    }

    /// The file of a card after each of some commits, and its state then.
    private static func history() throws -> (bytes: [UInt8], ends: [Int], states: [[[UInt8]]]) {
        let path = TemporaryFile.path("history")
        defer { TemporaryFile.remove(path) }
        var ends: [Int] = []
        var states: [[[UInt8]]] = []
        let bench = try create(path)
        for command in Step.issuer + [Step.domain(CoreRules.domainA), Step.putKeys(version: 5)] {
            bench.must([command])
            let count = TemporaryFile.read(path).count
            guard count != ends.last else { continue }
            ends.append(count)
            states.append(bench.card.contents.fingerprint)
        }
        return (TemporaryFile.read(path), ends, states)
    }

    private static func opening(_ bytes: [UInt8]) throws -> VirtualCard {
        let path = TemporaryFile.path("opening")
        defer { TemporaryFile.remove(path) }
        TemporaryFile.write(bytes, path)
        return try open(path)
    }

    /// Kind, length, checksum, place and digest.
    private static let markBytes = 37

    @Test("with a damaged mark of the last commit but one are refused, whichever of its bytes it is")
    func damagedMark() throws {
        let (bytes, ends, _) = try Self.history()
        let mark = try #require(ends.dropLast().last) - Self.markBytes
        #expect(bytes[mark] == CardFile.Kind.mark.rawValue)
        for place in mark..<(mark + Self.markBytes) {
            var damaged = bytes
            damaged[place] ^= 0x01
            #expect(throws: CardFileError.damaged, "byte \(place - mark)") { try Self.opening(damaged) }
        }
    }

    @Test("whose last commit is torn have the state before it, also when its mark was written first")
    func tornWithMark() throws {
        let (bytes, ends, states) = try Self.history()
        let last = try #require(ends.dropLast().last)
        for place in stride(from: last, to: bytes.count, by: 3) {
            var torn = bytes
            torn[place] ^= 0xFF
            #expect(try Self.opening(torn).contents.fingerprint == states[states.count - 2])
        }
    }

    @Test("are sound whatever an application wrote into a commit that was torn")
    func marksInData() throws {
        let (bytes, ends, states) = try Self.history()
        let copied = ends.flatMap { bytes[($0 - Self.markBytes)..<$0] }
        // The right place and the digest that a file without a secret would have.
        let start = bytes.count + 1
        let guess = CommitMark.bound(secret: [UInt8](repeating: 0, count: CommitMark.secretBytes))
        let filler: [UInt8] = [1, 2, 3]
        let forged = filler + CardFile.record(.mark, guess.contents(from: start, filler[1...]))
        for data in [copied, forged, CardFile.record(.mark, []) + [0]] {
            let whole = CardFile.record(.change, data)
            for tail in [data, whole, Array(whole.dropLast())] {
                let card = try? Self.opening(bytes + tail)
                // A whole record that is no change is not torn, it is nonsense, and no card writes it.
                if tail != whole { #expect(card?.contents.fingerprint == states.last) }
            }
        }
    }

    @Test("of the first version are read, written and read again")
    func firstVersion() throws {
        let (bytes, _, states) = try Self.history()
        var old = Array("BERTHCARD1\n".utf8)
        var offset = old.count + CommitMark.secretBytes
        while let (kind, contents, next) = CardFile.readRecord(bytes, at: offset) {
            old += CardFile.record(kind, kind == .mark ? [] : Array(contents))
            offset = next
        }
        let path = TemporaryFile.path("first")
        defer { TemporaryFile.remove(path) }
        TemporaryFile.write(old, path)
        do {
            let card = try Self.open(path)
            #expect(card.contents.fingerprint == states.last)
            try card.keep(note: [7])
        }
        #expect(TemporaryFile.read(path).starts(with: old))
        let again = try Self.open(path)
        #expect(again.note == [7] && again.contents.fingerprint == states.last)
    }

    @Test("have their name only when they are whole, and what a killed program left is no obstacle")
    func leftOver() throws {
        let path = TemporaryFile.path("whole")
        defer { TemporaryFile.remove(path) }
        for left in [[], Array("BERTHCARD2\nhalf a card".utf8)] as [[UInt8]] {
            TemporaryFile.write(left, path + ".new")
            #expect(throws: CardFileError.self) { try Self.open(path) }
            let state = try Self.create(path).card.contents
            #expect(TemporaryFile.read(path + ".new").isEmpty)
            #expect(try Self.open(path).contents.isSame(as: state))
            TemporaryFile.remove(path)
        }
    }

    @Test("do not grow without end")
    func compaction() throws {
        let path = TemporaryFile.path("compact")
        defer { TemporaryFile.remove(path) }
        let state: CardState
        do {
            let bench = try Self.create(path)
            bench.must(CoreRules.loaded)
            for _ in 0..<12 {
                bench.must(
                    [Step.delete(Bench.packageAID)]
                        + Step.load(Bench.packageAID, Self.large))
            }
            state = bench.card.contents
            #expect(throws: CardFileError.inUse(path)) { try Self.open(path) }
        }
        #expect(TemporaryFile.read(path).count < 12 * Self.large.count)
        #expect(try Self.open(path).contents.isSame(as: state))
    }

    static let large = SampleCAP.block(
        Bench.packageAID, applets: [Bench.appletAID], imports: [SampleCAP.framework], methodBytes: 40_000)
}
