import GlobalPlatform
import SmartCard
import Testing

@Suite("Words of Amendment H")
struct ELFUpgradeTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let answer: String
        let state: ELFUpgradeState
        let loadFile: String?
        var testDescription: String { answer }
    }

    static let rows = [
        Row(answer: "0005A103900100", state: .none, loadFile: nil),
        Row(answer: "000DA10B9001024F06A00000000201", state: .waitingForLoadFile, loadFile: "A00000000201"),
        Row(answer: "000DA10B9001014F06A00000000201", state: .completed, loadFile: "A00000000201"),
        // A confirmation in front, whatever is in it.
        Row(answer: "03AABBCC05A103900100", state: .none, loadFile: nil),
    ]

    @Test("an answer tells state and load file", arguments: rows)
    func reads(_ row: Row) throws {
        let status = try #require(ELFUpgradeStatus(answer: try Hex.decode(row.answer)))
        #expect(status.state == row.state)
        #expect(status.loadFile?.bytes.hex == row.loadFile)
        if row.answer.hasPrefix("00") { #expect(status.answer.hex == row.answer) }
    }

    @Test("no proper prefix, no longer answer and no unknown state is believed")
    func refuses() throws {
        for row in Self.rows {
            let bytes = try Hex.decode(row.answer)
            for count in 0..<bytes.count { #expect(ELFUpgradeStatus(answer: Array(bytes[..<count])) == nil) }
            #expect(ELFUpgradeStatus(answer: bytes + [0x00]) == nil)
        }
        for wrong in ["0005A103900105", "0005A103900102", "0005A203900100", "0006A10490020000", "0003A10190"]
        {
            #expect(ELFUpgradeStatus(answer: try Hex.decode(wrong)) == nil, "\(wrong)")
        }
    }

    @Test("every state is open but two")
    func states() {
        #expect(ELFUpgradeState.allCases.filter { !$0.isOpen } == [.none, .completed])
    }

    @Test("a request is read as it is written, and nothing else is")
    func requests() throws {
        let request = ELFUpgradeRequest(try AID(hex: "A00000000201"), options: 0x01)
        #expect(request.data.hex == "A10B4F06A00000000201800101")
        #expect(ELFUpgradeRequest(request.data) == request)
        for wrong in [
            "", "A100", "A106800101", "A1084F0400000000", "A20A4F06A00000000201",
            "A10C4F06A0000000020180020101",
        ] {
            #expect(ELFUpgradeRequest(try Hex.decode(wrong)) == nil, "\(wrong)")
        }
    }

    @Test("the version of a load file stands in its header")
    func version() throws {
        let header = "010013DECAFFED010204" + "0301" + "06A00000000201"
        #expect(LoadFile.packageVersion(ofDataBlock: try Hex.decode(header)) == [1, 3])
        #expect(LoadFile.packageVersion(ofDataBlock: try Hex.decode("02" + header.dropFirst(2))) == nil)
        #expect(LoadFile.packageVersion(ofDataBlock: Array(try Hex.decode(header).prefix(12))) == nil)
    }
}
