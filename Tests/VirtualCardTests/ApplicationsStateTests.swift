import GlobalPlatform
import SmartCard
import TestSupport
import Testing

@testable import VirtualCard

/// The table of docs/parking-contract.md: what every command answers in every state, and which state follows.
@Suite("Parking state machine", .mission(.point1))
struct ApplicationsStateTests {
    /// A way into each state from an instance that froze as generation 2, and the image of that moment.
    static func card(in state: ParkingState) throws -> (ApplicationsBench, ParkedImage) {
        let subject = ParkingSubject.all[0]
        let bench = try subject.prepared()
        let image = try bench.takeImage(.purse)
        switch state {
        case .active: try bench.park(.purse, .thaw(2))
        case .frozen: break
        case .vacant, .importing, .verified: try bench.park(.purse, .surrender(2, image.digest))
        }
        if state == .importing {
            try bench.park(.purse, .begin(image))
            try bench.park(.purse, image.write(0, 10))
        } else if state == .verified {
            try bench.bring(.purse, image)
        }
        #expect(try bench.status(.purse).state == state)
        return (bench, image)
    }

    struct Row: Sendable, CustomTestStringConvertible {
        let name: String
        let command: @Sendable (ParkedImage) -> ParkingMessage
        /// In the order of the states: the result, and the state after it.
        let expected: [(UInt8, UInt8)]
        var testDescription: String { name }
    }

    static let rows: [Row] = [
        Row(
            name: "STATUS", command: { _ in .status },
            expected: [(0x00, 1), (0x00, 2), (0x00, 3), (0x00, 4), (0x00, 5)]),
        Row(
            name: "QUERY", command: { _ in .query },
            expected: [(0x00, 1), (0x20, 2), (0x20, 3), (0x20, 4), (0x20, 5)]),
        Row(
            name: "FREEZE of the generation that was", command: { _ in .freeze(2) },
            expected: [(0x21, 1), (0x01, 2), (0x20, 3), (0x20, 4), (0x20, 5)]),
        Row(
            name: "FREEZE of the next generation", command: { _ in .freeze(4) },
            expected: [(0x00, 2), (0x21, 2), (0x20, 3), (0x20, 4), (0x20, 5)]),
        Row(
            name: "THAW", command: { _ in .thaw(2) },
            expected: [(0x01, 1), (0x00, 1), (0x20, 3), (0x20, 4), (0x20, 5)]),
        Row(
            name: "THAW of another generation", command: { _ in .thaw(4) },
            expected: [(0x21, 1), (0x21, 2), (0x20, 3), (0x20, 4), (0x20, 5)]),
        Row(
            name: "SURRENDER", command: { .surrender(2, $0.digest) },
            expected: [(0x20, 1), (0x00, 3), (0x01, 3), (0x20, 4), (0x20, 5)]),
        Row(
            name: "SURRENDER with another digest",
            command: { _ in .surrender(2, [UInt8](repeating: 1, count: 32)) },
            expected: [(0x20, 1), (0x23, 2), (0x23, 3), (0x20, 4), (0x20, 5)]),
        Row(
            name: "BEGIN", command: { .begin($0) },
            expected: [(0x26, 1), (0x26, 2), (0x00, 4), (0x01, 4), (0x01, 5)]),
        Row(
            name: "BEGIN of another lineage",
            command: {
                var image = $0
                image.lineage[0] ^= 1
                return .begin(image)
            },
            expected: [(0x20, 1), (0x20, 2), (0x22, 3), (0x22, 4), (0x22, 5)]),
        Row(
            name: "WRITE", command: { $0.write(0, 10) },
            expected: [(0x20, 1), (0x20, 2), (0x20, 3), (0x01, 4), (0x01, 5)]),
        Row(
            name: "WRITE of the next bytes", command: { $0.write(10, 10) },
            expected: [(0x20, 1), (0x20, 2), (0x20, 3), (0x00, 4), (0x01, 5)]),
        Row(
            name: "VERIFY", command: { .verify(2, $0.digest) },
            expected: [(0x20, 1), (0x20, 2), (0x20, 3), (0x25, 4), (0x01, 5)]),
        Row(
            name: "COMMIT", command: { .commit(2, $0.digest) },
            expected: [(0x23, 1), (0x20, 2), (0x20, 3), (0x20, 4), (0x00, 1)]),
        Row(
            name: "COMMIT of zeros", command: { _ in .commit(2, ParkingRecord.noDigest) },
            expected: [(0x23, 1), (0x20, 2), (0x20, 3), (0x23, 4), (0x23, 5)]),
    ]

    @Test("holds for every command in every state", arguments: rows)
    func everyCommand(_ row: Row) throws {
        for (state, expected) in zip(ParkingState.allCases, row.expected) {
            let (bench, image) = try Self.card(in: state)
            let before = bench.card.contents.memories
            let command = row.command(image)
            let first = try bench.park(.purse, command)
            #expect(first.result.rawValue == expected.0, "\(row.name) when \(state)")
            #expect(first.state?.rawValue == expected.1, "\(row.name) when \(state)")
            if first.result != .done || ["STATUS", "QUERY"].contains(row.name) {
                #expect(bench.card.contents.memories == before, "\(row.name) when \(state) changed the card")
            } else {
                // What was done once is not done twice.
                let after = bench.card.contents.memories
                #expect(try bench.park(.purse, command).result == .already, "\(row.name) when \(state)")
                #expect(bench.card.contents.memories == after)
            }
        }
    }

    @Test("READ answers only what is frozen")
    func read() throws {
        for state in ParkingState.allCases {
            let (bench, image) = try Self.card(in: state)
            let reply = try bench.park(.purse, .read(2, offset: 0, 200))
            #expect(reply.result == (state == .frozen ? .done : .wrongState))
            #expect(reply.chunk == (state == .frozen ? image.bytes : []))
        }
    }

    @Test("business and personalisation are for active instances only")
    func business() throws {
        for state in ParkingState.allCases {
            let (bench, _) = try Self.card(in: state)
            let subject = ParkingSubject.all[0]
            let isActive = state == .active
            #expect(bench.store(.purse, subject.personalization, p1: "90") == (isActive ? "9000" : "6985"))
            #expect(bench.ask(.purse, subject.probe).hasSuffix(isActive ? "9000" : "6985"))
            #expect(bench.select(.purse).contains("DF7001" + state.rawValue.hex))
        }
    }

    // MARK: How the instance refuses what is malformed or unprotected

    @Test("levels and seals", arguments: [0x00, 0x01, 0x03, 0x13, 0x33] as [UInt8])
    func levels(_ level: UInt8) throws {
        let bench = try ApplicationsBench(level: level)
        try bench.install(.purse)
        let keys = String(repeating: "A5", count: 32)
        let hasCommandEncryption = level & 0x03 == 0x03
        let read = ParkingMessage.read(2, offset: 0, 10)
        let cases: [(ParkingMessage, Bool)] = [
            (.status, level & 0x13 == 0x13), (ParkingMessage.status.sealed(keys), hasCommandEncryption),
            (.freeze(2), level & 0x13 == 0x13), (read, level == 0x33),
            (read.sealed(keys), hasCommandEncryption),
        ]
        for (command, isAllowed) in cases {
            let answer = bench.store(.purse, command.hex)
            #expect(isAllowed ? answer.hasSuffix("9000") : answer == "6982", "\(command.hex): \(answer)")
            #expect(!isAllowed || answer.hasPrefix(command.hex.contains("8A20") ? "8C" : "FF71"))
        }
        #expect(bench.store(.purse, "E100", p1: "90") == (hasCommandEncryption ? "6A80" : "6982"))
    }

    @Test("a sealed answer is what the text says, computed elsewhere")
    func seal() throws {
        // Made with the OpenSSL command line (mac CMAC, enc aes-128-ecb), put together as "Sealed answers" says.
        let keys = SampleCAP.bytes("000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F")
        let sealed = try ParkingSeal(keys: keys).seal(
            SampleCAP.bytes(SealVector.answer), to: SampleCAP.bytes(SealVector.command))
        #expect(sealed.hex == SealVector.sealed)
    }

    @Test("what is malformed is refused and changes nothing")
    func malformed() throws {
        let (bench, image) = try Self.card(in: .frozen)
        let messages: [ParkingMessage] = [
            .status, .query, .freeze(2), .read(2, offset: 0, 9), .thaw(2), .surrender(2, image.digest),
            .begin(image), image.write(0, 9), .verify(2, image.digest), .commit(2, image.digest),
        ]
        let before = bench.card.contents.memories
        for message in messages {
            let bytes = SampleCAP.bytes(message.hex)
            for count in 3..<bytes.count {
                let answer = bench.store(.purse, Array(bytes[..<count]).hex)
                #expect(answer == "6A80", "\(count) bytes of \(message.hex)")
            }
            // One object too many, and one too few.
            let body = bytes.dropFirst(bytes[2] == 0x81 ? 4 : 3)
            let objects = try BERTLV.readAll(Array(body))
            let short = objects.dropLast().flatMap(\.encoded)
            for wrong in [Array(body) + [0x90, 0x00], Array(body) + [0x82, 0x01, 0x00], short] {
                #expect(bench.store(.purse, "FF70" + ParkingMessage.length(wrong.hex) + wrong.hex) == "6A80")
            }
            #expect(bench.store(.purse, "FF70" + "82" + "00" + body.count.byteHex + body.hex) == "6A80")
            for (p1, expected) in [("90", "6A86"), ("81", "6A86"), ("89", "6A86"), ("F1", "6A86")] {
                #expect(bench.store(.purse, message.hex, p1: p1) == expected)
            }
        }
        for (data, expected) in Self.odd { #expect(bench.store(.purse, data) == expected, "\(data)") }
        #expect(bench.card.contents.memories == before)
    }

    static let odd: [(String, String)] = [
        ("FF70048002" + "0201", "6A81"), ("FF70048002" + "010B", "6A81"), ("FF70048002" + "0100", "6A81"),
        ("FF7000", "6A80"), ("FF700480020101" + "00", "6A80"), ("FF7005" + "8003010100", "6A80"),
        // A length or a piece of nothing, and more than the contract moves at once.
        (ParkingMessage.read(2, offset: 0, 0).hex, "6A80"),
        (ParkingMessage.read(2, offset: 0, 201).hex, "6A80"),
        (ParkingMessage.write(2, offset: 0, []).hex, "6A80"),
        (ParkingMessage.write(2, offset: 0, [UInt8](repeating: 0, count: 201)).hex, "6A80"),
    ]
}

enum SealVector {
    static let command = "FF7026800201018A20000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F"
    static let answer =
        "FF7120" + "80020104" + "890100" + "820400000002" + "860400000000" + "870B48656C6C6F20776F726C64"
    static let sealed =
        "8C336824592CBF549FF7290847E7C616FE2AB6B28E95B2338ECEA38A9F8A61D453DA9B"
        + "3B5432DBDD4245660827C4092A219597B8D1"
}
