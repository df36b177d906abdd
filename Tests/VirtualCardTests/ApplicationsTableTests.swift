import CardCrypto
import GlobalPlatform
import SmartCard
import TestSupport
import Testing

@testable import VirtualCard

/// The tables of docs/reference/example-applications.md: command and answer, one after the other on one card.
@Suite("Example applications")
struct ApplicationsTableTests {
    /// Sends each command to the selected application and compares the whole answer.
    private func run(_ bench: ApplicationsBench, _ exchanges: [(String, String)]) {
        for (number, exchange) in exchanges.enumerated() {
            #expect(bench.bench.send(exchange.0) == exchange.1, "exchange \(number): \(exchange.0)")
        }
    }

    // MARK: identity

    private static let userNumber = "DF0108" + "3030303034373131"
    private static let pin = "DF0304" + "31323334"
    private static let key = "DF0410" + "000102030405060708090A0B0C0D0E0F"

    @Test(
        "identity keeps the holder's record and never gives the authentication data", .mission(.c5),
        .mission(.c2))
    func identity() throws {
        let bench = try ApplicationsBench()
        try bench.install(.identity)
        bench.select(.identity)
        run(bench, [("00CA006500", "6A88"), ("00CADF0100", "6A88"), ("00200081", "6A88")])
        let name = "5F200B" + "4D6172696120526F737369"
        let record = Self.userNumber + name + "DF02020001" + Self.pin + Self.key
        #expect(bench.store(.identity, "65" + record.counted, p1: "90") == "9000")
        bench.select(.identity)
        let readable = Self.userNumber + name + "DF02020001"
        run(
            bench,
            [
                ("00CA006500", "65" + readable.counted + "9000"), ("00CADF0100", Self.userNumber + "9000"),
                ("00CA5F2000", name + "9000"), ("00CADF0200", "DF02020001" + "9000"),
                ("00CADF0300", "6982"), ("00CADF0400", "6982"), ("00CA004200", "6A88"),
                ("80CA006500", "6E00"), ("00B0000000", "6D00"), ("00CA006501AA", "6700"),
                // The PIN: three tries, and INTERNAL AUTHENTICATE only with it.
                ("00880000080102030405060708" + "00", "6982"), ("00200081", "63C3"),
                ("00200081" + "0439393939", "63C2"), ("00200081", "63C2"),
                ("00200082" + "0431323334", "6A86"),
                ("00200181" + "0431323334", "6A86"), ("00200081" + "03313233", "6700"),
                ("00200081" + "0431323334", "9000"), ("00200081", "9000"),
                ("00880100080102030405060708" + "00", "6A86"), ("008800000701020304050607" + "00", "6700"),
                // AES-CMAC, made with the OpenSSL command line.
                ("0088000010" + "6BC1BEE22E409F96E93D7E117393172A" + "00", Self.mac + "9000"),
                ("00240181" + "0435363738", "9000"), ("00200081", "63C3"),
                ("00240181" + "0435363738", "6982"),
                ("00240081" + "0435363738", "6A86"), ("00200081" + "0431323334", "63C2"),
                ("00200081" + "0431323334", "63C1"), ("00200081" + "0431323334", "6983"),
                ("00200081" + "0435363738", "6983"), ("00200081", "6983"),
            ])
    }

    static let mac = "D0BC5BB4D6F60D5B17B7BF794B45436D"

    @Test("identity takes single fields, refuses wrong ones, and a new PIN unblocks", .mission(.c5))
    func identityUpdates() throws {
        let bench = try ApplicationsBench()
        try bench.install(.identity)
        let name = "5F200141"
        #expect(
            bench.store(.identity, "65" + (Self.userNumber + name + Self.pin).counted, p1: "90") == "9000")
        let before = bench.card.contents.memories
        for wrong in [
            "6500", "65", "DF0108" + "3030303034373131", "6504DF010141", "6503DF0100",
            "6514DF0111" + String(repeating: "30", count: 17), "6504DF020101", "65045F2001FF",
            "65035F2000", "6506DF0303313233", "6504DF040100", "6565", "6503DF0200" + "6500",
            "652C5F2029" + String(repeating: "41", count: 41),
            "6510DF030D" + String(repeating: "31", count: 13),
        ] { #expect(bench.store(.identity, wrong, p1: "90") == "6A80", "\(wrong)") }
        #expect(bench.store(.identity, "6504DF050101", p1: "90") == "6A88")
        #expect(bench.card.contents.memories == before)
        bench.select(.identity)
        for answer in ["63C2", "63C1", "6983"] { run(bench, [("00200081" + "0439393939", answer)]) }
        #expect(
            bench.store(.identity, "65" + ("DF02020002" + "DF030437373737").counted, p1: "90") == "9000")
        bench.select(.identity)
        run(
            bench,
            [
                ("00200081" + "0437373737", "9000"), ("00CADF0200", "DF02020002" + "9000"),
                ("00CA5F2000", name + "9000"), ("00880000080102030405060708" + "00", "6A88"),
            ])
        // Deselecting forgets the PIN.
        bench.select(.identity)
        run(bench, [("00200081", "63C3")])
    }

    @Test("identity is never parked, and says why")
    func identityStays() throws {
        let bench = try ApplicationsBench()
        try bench.install(.identity)
        for command in [ParkingMessage.query, .freeze(2)] {
            let reply = try bench.park(.identity, command)
            #expect(reply.result == .never && reply.state == .active && reply.text.hasPrefix("The holder's"))
        }
    }

    // MARK: purse

    @Test("purse credits, debits and counts within its limits")
    func purse() throws {
        let bench = try ApplicationsBench()
        try bench.install(.purse)
        bench.select(.purse)
        run(bench, [("8030000000", "6985"), ("803200000400000001", "6985")])
        #expect(try bench.park(.purse, .query).result == .nothingToPark)
        #expect(try bench.park(.purse, .freeze(2)).result == .nothingToPark)
        // Euro; at most 1000.00 in it, 500.00 at once, 30.00 without a PIN.
        let limits = "C1020978" + "C204000186A0" + "C3040000C350" + "C40400000BB8"
        #expect(
            bench.store(.purse, "E1" + (limits + "C60101" + "C50431323334").counted, p1: "90") == "9000")
        bench.select(.purse)
        run(
            bench,
            [
                ("8030000000", "00000000" + "00000000" + "0978" + "9000"),
                ("803400000400000001" + "00", "6985"),
                ("8032000004000186A0" + "00", "000186A0" + "00000001" + "9000"),
                ("803200000400000001" + "00", "6985"), ("803200000400000000" + "00", "6A80"),
                ("8032000003000001" + "00", "6700"), ("803201000400000001" + "00", "6A86"),
                ("803400000400000BB8" + "00", "00017AE8" + "00000002" + "9000"),
                ("803400000400000BB9" + "00", "6982"), ("00200082" + "0431323334", "9000"),
                ("803400000400000BB9" + "00", "00016F2F" + "00000003" + "9000"),
                ("80340000040000C351" + "00", "6985"),
                ("8036000000", "0200000BB9" + "00016F2F" + "00000003" + "9000"),
                ("8030000001AA", "6700"), ("8038000000", "6D00"), ("0030000000", "6E00"),
                ("00A0000000", "6D00"),
                ("9030000000", "6884"), ("8430000000", "6882"), ("C030000000", "6881"),
            ])
    }

    @Test("a purse that is not open credits only through a secure channel of its domain")
    func purseCredit() throws {
        let bench = try ApplicationsBench()
        try bench.install(.purse)
        let limits = "C1020978" + "C204000186A0" + "C304000186A0" + "C40400000BB8"
        #expect(bench.store(.purse, "E1" + (limits + "C60100").counted, p1: "90") == "9000")
        bench.select(.purse)
        run(bench, [("803200000400000064" + "00", "6982"), ("00200082" + "0431323334", "6A88")])
        let initialize = bench.bench.send(Step.initialize)
        #expect(initialize.hasSuffix("9000"))
        run(
            bench,
            [
                ("8482000008AAAAAAAAAAAAAAAA", "9000"), ("803200000400000064" + "00", "6982"),
            ])
        bench.bench.must([Step.initialize, "8482010008AAAAAAAAAAAAAAAA"])
        run(bench, [("843200000400000064" + "00", "00000064" + "00000001" + "9000")])
        for wrong in [
            "E100", "E1" + limits.counted, "E1" + (limits + "C60102").counted,
            "E1" + (limits + "C60100" + "C70100").counted, "E1" + (limits + "C60100" + "C503313233").counted,
            "E1" + (limits.replacing("C204000186A0", with: "C20400000063") + "C60100").counted,
        ] { #expect(bench.store(.purse, wrong, p1: "90") == "6A80", "\(wrong)") }
    }

    // MARK: pass

    @Test("a pass goes in and out, and is not parked in between")
    func pass() throws {
        let bench = try ApplicationsBench()
        try bench.install(.pass)
        #expect(try bench.park(.pass, .query).result == .nothingToPark)
        bench.select(.pass)
        run(bench, [("80440000", "6985")])
        #expect(bench.store(.pass, ParkingSubject.all[1].personalization, p1: "90") == "9000")
        bench.select(.pass)
        let head = "1122334455667788" + "70000000"
        run(
            bench,
            [
                ("80440000", head + "00" + "0000" + "00000000" + "00000000" + "9000"),
                ("80420000060012" + "60000000", "6985"), ("80400000060012" + "70000001", "6985"),
                ("80400000060012" + "60000000", "9000"), ("80400000060012" + "60000000", "6985"),
                ("80440000", head + "01" + "0012" + "60000000" + "00000000" + "9000"),
                ("80420000060013" + "5FFFFFFF", "6985"),
            ])
        for command in [ParkingMessage.query, .freeze(2)] {
            let reply = try bench.park(.pass, command)
            #expect(reply.result == .busy && reply.state == .active)
            #expect(reply.text == "Checked in at station 0012: check out first.")
        }
        #expect(bench.store(.pass, ParkingSubject.all[1].personalization, p1: "90") == "6985")
        bench.select(.pass)
        run(
            bench,
            [
                ("80420000060013" + "60000100", "0012" + "60000000" + "9000"),
                ("80440000", head + "00" + "0013" + "60000100" + "00000001" + "9000"),
                ("8040000005001260000000", "6700"), ("80400100060012" + "60000000", "6A86"),
                ("00440000", "6E00"), ("80460000", "6D00"), ("8044000001AA", "6700"),
            ])
        #expect(try bench.park(.pass, .freeze(2)).result == .done)
        for wrong in ["E200", "E20AC1081122334455667788", "E106C20470000000"] {
            try bench.park(.pass, .thaw(2))
            #expect(bench.store(.pass, wrong, p1: "90") == "6A80")
        }
    }

    // MARK: loyalty and loans

    @Test("loyalty counts points, and loans adds to them for a book that is back in time")
    func loyaltyAndLoans() throws {
        let bench = try ApplicationsBench()
        try bench.install(.loyalty)
        try bench.load(.loans)
        bench.bench.must([ApplicationsBench.installation(.loans)])
        bench.select(.loyalty)
        run(bench, [("80140000", "6985"), ("801000000400002710", "6985")])
        #expect(bench.store(.loyalty, ParkingSubject.all[2].personalization, p1: "90") == "9000")
        #expect(bench.store(.loans, "E40DC1080102030405060708C20102", p1: "90") == "9000")
        let member = "0102030405060708"
        bench.select(.loyalty)
        run(
            bench,
            [
                ("80140000", member + "00000000" + "00000000" + "9000"),
                ("801000000400002710" + "00", "00000064" + "00000001" + "9000"),
                ("801000000400000063" + "00", "00000064" + "00000002" + "9000"),
                ("801200000400000065" + "00", "6985"),
                ("801200000400000060" + "00", "00000004" + "00000003" + "9000"),
                ("801200000400000000" + "00", "6A80"), ("8012000003000001", "6700"),
                ("8010010004" + "00000001", "6A86"),
                ("00140000", "6E00"), ("80160000", "6D00"),
            ])
        let (first, second, third) = ("424F4F4B30303031", "424F4F4B30303032", "424F4F4B30303033")
        bench.select(.loans)
        run(
            bench,
            [
                ("802A0000", "00" + "9000"), ("802600000C" + first + "60000000", "9000"),
                // Once more, because the answer was lost; but not the same book for longer.
                ("802600000C" + first + "60000000", "9000"), ("802600000C" + first + "60000001", "6985"),
                ("802600000C" + second + "60000000", "9000"), ("802600000C" + third + "60000000", "6985"),
                ("802A0000", "02" + first + "60000000" + second + "60000000" + "9000"),
                ("802A0100", "02" + second + "60000000" + "9000"),
                ("802800000C" + third + "60000000", "6A88"),
                ("802800000C" + first + "60000000" + "00", "05" + "9000"),
                ("802800000C" + first + "60000000" + "00", "6A88"),
                ("802800000C" + second + "60000001" + "00", "00" + "9000"),
                ("802600000C" + "0000000000000000" + "60000000", "6A80"),
                ("802600000B" + first + "600000", "6700"),
                ("002A0000", "6E00"), ("802C0000", "6D00"), ("80260100" + "0C" + first + "60000000", "6A86"),
            ])
        #expect(bench.ask(.loyalty, "80140000") == member + "00000009" + "00000004" + "9000")
        // A frozen neighbour gives no points; the book comes back all the same.
        try bench.park(.loyalty, .freeze(2))
        bench.select(.loans)
        run(
            bench,
            [
                ("802600000C" + first + "60000000", "9000"),
                ("802800000C" + first + "60000000" + "00", "00" + "9000"), ("802A0000", "00" + "9000"),
            ])
        for wrong in [
            "E400", "E40AC1080102030405060708", "E40DC1080102030405060708C20100",
            "E40DC1080102030405060708C20119",
        ] {
            #expect(bench.store(.loans, wrong, p1: "90") == "6A80", "\(wrong)")
        }
    }

    @Test("a full list goes over two answers")
    func manyLoans() throws {
        let bench = try ParkingSubject.all[3].prepared()
        bench.select(.loans)
        for number in UInt8(2)...24 {
            bench.bench.must(["802600000C" + "424F4F4B303030" + number.hex + "60000000"])
        }
        #expect(bench.bench.send("802600000C" + "424F4F4B30303099" + "60000000") == "6985")
        #expect(bench.bench.send("802A0000").utf8.count / 2 == 1 + 16 * 12 + 2)
        #expect(bench.bench.send("802A1000").utf8.count / 2 == 1 + 8 * 12 + 2)
        #expect(bench.bench.send("802A1800") == "18" + "9000")
    }

    // MARK: What carries them

    @Test("the CAP files are what the documentation says", arguments: ExampleApplication.allCases)
    func capFiles(_ application: ExampleApplication) throws {
        let bytes = try #require(ExampleApplications.capFile(named: application.rawValue))
        #expect(bytes == application.capFile)
        let file = try CAPFile(bytes)
        #expect(file.loadFile.aid == application.loadFile && file.loadFile.version == CAPVersion(1, 0))
        #expect(file.applets.map(\.aid) == (application.isLibrary ? [] : [application.module]))
        #expect(file.header.hasExport == application.isLibrary)
        #expect(file.imports.dropFirst().map(\.aid) == application.dependencies.map(\.loadFile))
        let sizes: [ExampleApplication: Int] = [
            .identity: 2400, .purse: 5000, .pass: 2950, .loyalty: 4200, .loans: 3400, .library: 2050,
        ]
        let size = file.loadFileDataBlock().count
        #expect(abs(size - (sizes[application] ?? 0)) <= 60, "\(application.rawValue): \(size)")
    }

    @Test("a name that no application has gives no CAP file")
    func unknownName() { #expect(ExampleApplications.capFile(named: "wallet") == nil) }

    @Test("loyalty and loans need their library, and it stays as long as they do", .mission(.a10))
    func dependencies() throws {
        for application in [ExampleApplication.loyalty, .loans] {
            let bench = try ApplicationsBench()
            bench.manage()
            let block = try CAPFile(application.capFile).loadFileDataBlock()
            let commands = Step.load(application.loadFile.bytes.hex, block)
            bench.bench.must(Array(commands.dropLast()))
            #expect(bench.bench.send(commands.last ?? "") == "6438")
            try bench.install(application)
            let library = Step.delete(ExampleApplication.library.loadFile.bytes.hex)
            #expect(bench.bench.send(library) == "6985")
            bench.bench.must([Step.delete(application.loadFile.bytes.hex, related: true), library])
        }
    }
}
