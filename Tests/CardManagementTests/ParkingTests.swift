import CardCrypto
import CardManagement
import GlobalPlatform
import SmartCard
import Testing

/// The worked example of docs/parking-contract.md, which an applet author would check against.
@Suite("The parking contract, from the centre's side")
struct ParkingTests {
    private static let lineage: [UInt8] = hex("B952D8F33FEC594777E83F126317D0A8")
    private static let digest: [UInt8] = hex(
        "1970D30FBDD491ACB6E1721A1A87D8FBB4A6C88E5306E014C18764A83E49240C")
    private static let image = ParkingImage(
        generation: 2, lineage: lineage, format: 0x5450_0001,
        byteCount: 25, digest: digest)
    private static let bytes: [UInt8] = hex("01112233445566778870000000000013600001000000000100")

    private static let exchanges:
        [(ParkingOrder, command: String, answer: String, state: ParkingState, generation: UInt32)] = [
            (
                .query, "FF700480020102",
                "FF7156800201028901008101018204000000018310B952D8F33FEC594777E83F126317D0A88404545000018504000000198E0400000000882000000000000000000000000000000000000000000000000000000000000000009000",
                .active, 1
            ),
            (
                .freeze(generation: 2), "FF700A80020103820400000002",
                "FF7156800201038901008101028204000000028310B952D8F33FEC594777E83F126317D0A88404545000018504000000198E040000000088201970D30FBDD491ACB6E1721A1A87D8FBB4A6C88E5306E014C18764A83E49240C9000",
                .frozen, 2
            ),
            (
                .surrender(generation: 2, digest: digest),
                "FF702C8002010682040000000288201970D30FBDD491ACB6E1721A1A87D8FBB4A6C88E5306E014C18764A83E49240C",
                "FF7156800201068901008101038204000000028310B952D8F33FEC594777E83F126317D0A88404545000018504000000008E040000000088201970D30FBDD491ACB6E1721A1A87D8FBB4A6C88E5306E014C18764A83E49240C9000",
                .vacant, 2
            ),
            (
                .begin(image),
                "FF704A800201078204000000028310B952D8F33FEC594777E83F126317D0A884045450000185040000001988201970D30FBDD491ACB6E1721A1A87D8FBB4A6C88E5306E014C18764A83E49240C",
                "FF7156800201078901008101048204000000028310B952D8F33FEC594777E83F126317D0A88404545000018504000000198E040000000088201970D30FBDD491ACB6E1721A1A87D8FBB4A6C88E5306E014C18764A83E49240C9000",
                .importing, 2
            ),
            (
                .write(generation: 2, offset: 0, chunk: bytes),
                "FF702B80020108820400000002860400000000871901112233445566778870000000000013600001000000000100",
                "FF7156800201088901008101048204000000028310B952D8F33FEC594777E83F126317D0A88404545000018504000000198E040000001988201970D30FBDD491ACB6E1721A1A87D8FBB4A6C88E5306E014C18764A83E49240C9000",
                .importing, 2
            ),
            (
                .verify(generation: 2, digest: digest),
                "FF702C8002010982040000000288201970D30FBDD491ACB6E1721A1A87D8FBB4A6C88E5306E014C18764A83E49240C",
                "FF7156800201098901008101058204000000028310B952D8F33FEC594777E83F126317D0A88404545000018504000000198E040000001988201970D30FBDD491ACB6E1721A1A87D8FBB4A6C88E5306E014C18764A83E49240C9000",
                .verified, 2
            ),
            (
                .commit(generation: 2, digest: digest),
                "FF702C8002010A82040000000288201970D30FBDD491ACB6E1721A1A87D8FBB4A6C88E5306E014C18764A83E49240C",
                "FF71568002010A8901008101018204000000038310B952D8F33FEC594777E83F126317D0A88404545000018504000000198E040000000088201970D30FBDD491ACB6E1721A1A87D8FBB4A6C88E5306E014C18764A83E49240C9000",
                .active, 3
            ),
        ]

    @Test("commands and answers are those of the worked example", arguments: exchanges.indices)
    func workedExample(index: Int) throws {
        let (order, command, answer, state, generation) = Self.exchanges[index]
        #expect(order.encoded().hex == command)
        let data = Array(hex(answer).dropLast(2))
        guard case .status(let status) = try ParkingAnswer(data, to: order, command: order.encoded()) else {
            Issue.record("not a status")
            return
        }
        #expect((status.state, status.generation) == (state, generation))
        #expect(status.result == .done)
        #expect(status.lineage == Self.lineage)
        #expect(status.format == 0x5450_0001)
    }

    @Test("READ gives a piece")
    func read() throws {
        let order = ParkingOrder.read(generation: 2, offset: 0, wanted: 200)
        #expect(order.encoded().hex == "FF7014800201048204000000028604000000008D0200C8")
        let data = hex(
            "FF712E800201048901008204000000028604000000008719011122334455667788700000000000136000010000000001009000"
        )
        let answer = try ParkingAnswer(Array(data.dropLast(2)), to: order, command: order.encoded())
        #expect(answer == .piece(.done, generation: 2, offset: 0, bytes: Self.bytes))
    }

    @Test("the digest is that of the worked example, and changes with every field")
    func digest() {
        #expect(Self.image.digest(of: Secret(Self.bytes)) == Self.digest)
        var other = Self.image
        other.generation = 4
        #expect(other.digest(of: Secret(Self.bytes)) != Self.digest)
        other = Self.image
        other.format += 1
        #expect(other.digest(of: Secret(Self.bytes)) != Self.digest)
        other = Self.image
        other.lineage[15] ^= 1
        #expect(other.digest(of: Secret(Self.bytes)) != Self.digest)
    }

    @Test("every proper prefix and every other instruction is refused")
    func refusals() throws {
        let (order, _, text, _, _) = Self.exchanges[1]
        let data = Array(hex(text).dropLast(2))
        for count in 0..<data.count {
            #expect(throws: ParkingAnswerError.self) {
                try ParkingAnswer(Array(data.prefix(count)), to: order, command: order.encoded())
            }
        }
        #expect(throws: ParkingAnswerError.self) {
            try ParkingAnswer(data, to: .thaw(generation: 2), command: order.encoded())
        }
        #expect(throws: ParkingAnswerError.self) { try ParkingAnswer(data + [0], to: order, command: []) }
    }

    @Test("a sealed answer opens, and no bit of it or of its command may change")
    func sealed() throws {
        let keys = try #require(ParkingSealKeys(bytes: (0..<32).map { UInt8($0) }))
        let order = ParkingOrder.freeze(generation: 2)
        let command = order.encoded(sealedBy: keys)
        #expect(command.suffix(34).hex.hasPrefix("8A20"))
        let clear = Array(hex(Self.exchanges[1].answer).dropLast(2))
        let sealed = try seal(clear, command: command)
        guard case .status(let status) = try ParkingAnswer(sealed, to: order, command: command, keys: keys)
        else {
            Issue.record("not a status")
            return
        }
        #expect(status.state == .frozen)
        for index in sealed.indices {
            var changed = sealed
            changed[index] ^= 0x01
            #expect(throws: ParkingAnswerError.self) {
                try ParkingAnswer(changed, to: order, command: command, keys: keys)
            }
        }
        #expect(throws: ParkingAnswerError.notAuthentic) {
            try ParkingAnswer(sealed, to: order, command: command + [0], keys: keys)
        }
        #expect(throws: ParkingAnswerError.notSealed) {
            try ParkingAnswer(clear, to: order, command: command, keys: keys)
        }
    }

    /// The card's side of a seal, written from "Sealed answers" of the contract.
    private func seal(_ answer: [UInt8], command: [UInt8]) throws -> [UInt8] {
        let authenticator = try CMAC(aes: Secret((0..<16).map { UInt8($0) })).mac(command + answer)
        let cipher = try Cipher(.aes, key: Secret((16..<32).map { UInt8($0) }))
        var hidden: [UInt8] = []
        for (offset, byte) in answer.enumerated() {
            let block = cipher.encryptECB(authenticator.prefix(15) + [UInt8(offset / 16)])
            hidden.append(byte ^ block[offset % 16])
        }
        return BERTLV.encode(.parkingSealed, authenticator + hidden)
    }
}

private func hex(_ text: String) -> [UInt8] { (try? Hex.decode(text)) ?? [] }
