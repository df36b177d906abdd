internal import CardManagement
internal import GlobalPlatform
internal import SmartCard
internal import TestSupport
internal import Testing

/// Carries a procedure's orders to a table of answers; what the table lacks is refused with 6A88.
private func run<P: Procedure>(
    _ procedure: P, stopsAtRefusal: Bool = false, answers: (CommandAPDU) -> ResponseAPDU
) throws -> (outcome: P.Outcome, orders: [[CommandAPDU]]) {
    var procedure = procedure
    var received: [ResponseAPDU] = []
    var orders: [[CommandAPDU]] = []
    // Far above what any table below needs: a procedure that never ends is a failure of the test.
    for _ in 0..<1_000 {
        switch try procedure.next(after: received) {
        case .done(let outcome): return (outcome, orders)
        case .send(let commands):
            orders.append(commands)
            received = []
            for command in commands {
                received.append(answers(command))
                if stopsAtRefusal, received.last?.status.isSuccess == false { break }
            }
        }
    }
    throw ProcedureError.unanswered
}

private func answer(_ hex: String, _ status: StatusWord = .success) -> ResponseAPDU {
    ResponseAPDU(data: (try? Hex.decode(hex)) ?? [], status: status)
}

@Suite("Identify a card")
struct IdentifyCardTests {
    @Test("two orders tell everything that a card tells without a session")
    func twoOrders() throws {
        let table: [String: ResponseAPDU] = [
            "00A4040000": answer("6F108408A000000151000000A5049F6501FF"),
            "80CA004200": answer("420401020304"),
            "80CA004500": answer("4503AABBCC"),
            "80CAFF2100": answer("FF210E81020005820400002000830203FF"),
            "80CA00E000": answer("E012C00401FF8010C00402FF8010C00403FF8010"),
            "80CA00C100": answer("C103000007"),
            "80CA2F00025C0000": answer("610A4F08A000000151000000"),
        ]
        let (identity, orders) = try run(IdentifyCard()) { table[$0.bytes.hex] ?? answer("", 0x6A88) }
        #expect(orders.count == 2)
        #expect(identity.issuerDomain == WellKnownAID.issuerSecurityDomain)
        #expect(identity.fileControl?.commandBytesMax == 255)
        #expect(identity.cardID == "01020304-AABBCC")
        #expect(identity.keys.map(\.identifier) == [1, 2, 3])
        #expect(identity.keys.allSatisfy { $0.version == 0xFF && $0.components.map(\.type) == [.des] })
        #expect(identity.sequenceCounter == [0, 0, 7])
        #expect(identity.resources?.freeNonVolatile == 8_192)
        #expect(identity.resources?.freeVolatile == 1_023)
        #expect(identity.applications == [WellKnownAID.issuerSecurityDomain])
        #expect(!identity.isLocked)
    }

    @Test(
        "a card that selects nothing by default is asked by the names that issuer domains have",
        arguments: [0x6A87, 0x6A82, 0x6A86] as [StatusWord])
    func noDefault(status: StatusWord) throws {
        let (identity, orders) = try run(IdentifyCard()) { command in
            command.data == [0xA0, 0, 0, 0, 0x03, 0, 0, 0] ? answer("6F00") : answer("", status)
        }
        #expect(identity.issuerDomain?.bytes.hex == "A000000003000000")
        #expect(orders.count == 4)
    }

    @Test("6283 is a locked issuer domain, and it is still read")
    func locked() throws {
        let (identity, _) = try run(IdentifyCard()) { command in
            command.ins == Instruction.select
                ? answer("6F0A8408A000000151000000", 0x6283) : answer("", 0x6A88)
        }
        #expect(identity.isLocked)
        #expect(identity.issuerDomain == WellKnownAID.issuerSecurityDomain)
    }

    @Test("a name asked for is believed over a wrong one in the answer")
    func wrongName() throws {
        let named = try AID(hex: "A000000151000001")
        let (identity, _) = try run(IdentifyCard(issuerDomain: named)) { command in
            command.ins == Instruction.select ? answer("6F0A8408A000000003000000") : answer("", 0x6D00)
        }
        #expect(identity.issuerDomain == named)
    }

    @Test("a card without an issuer domain is refused with its own status word")
    func nothing() throws {
        #expect(throws: ProcedureError.refused(.select(nil), 0x6A82)) {
            try run(IdentifyCard()) { _ in answer("", 0x6A82) }
        }
    }

    @Test("without IIN and CIN the production serial names the card")
    func productionSerial() throws {
        let cplc = "479050764091210" + "2" + "12345678" + "1122" + String(repeating: "00", count: 24)
        let data =
            "9F7F2A" + cplc.prefix(20) + "2345" + "12345678" + "1122" + String(repeating: "00", count: 24)
        let (identity, _) = try run(IdentifyCard()) { command in
            switch command.bytes.hex {
            case "00A4040000": answer("6F00")
            case "80CA9F7F00": answer(data)
            default: answer("", 0x6A88)
            }
        }
        #expect(identity.cardID == "479050762345123456781122")
        #expect(
            identity.productionLifeCycle?.fields.first { $0.name == "ICSerialNumber" }?.bytes.hex
                == "12345678")
    }
}

@Suite("Read a card's registry", .mission(.c6))
struct ReadContentsTests {
    private static let issuer = "E3174F08A0000001510000009F70010FC5039EFE80CE020100"
    private static let app = "E3244F07A00000006201019F700107C503000000C406A00000006201CC08A000000151000000"
    private static let file = "E3234F06A000000062019F700101CE0201028407A0000000620101CC08A000000151000000"

    @Test("one order reads a small registry")
    func oneOrder() throws {
        let (contents, orders) = try run(ReadContents()) { command in
            switch command.bytes.hex {
            case "80F28002024F0000": answer(Self.issuer)
            case "80F24002024F0000": answer(Self.app)
            case "80F21002024F0000": answer(Self.file)
            default: answer("FF210E81020005820400002000830203FF")
            }
        }
        #expect(orders.count == 1)
        #expect(contents.issuerDomain?.lifeCycle == CardLifeCycle.secured.rawValue)
        let application = try #require(contents.applications.first)
        #expect(application.loadFile == (try AID(hex: "A00000006201")))
        #expect(application.securityDomain == WellKnownAID.issuerSecurityDomain)
        let file = try #require(contents.loadFiles.first)
        #expect(file.version == [1, 2])
        #expect(file.modules.map(\.description) == ["A0000000620101"])
        #expect(contents.instances(of: file) == [application])
        #expect(contents.resources?.freeNonVolatile == 8_192)
    }

    @Test("an empty registry is empty, not an error", arguments: [0x6A88, 0x6A82] as [StatusWord])
    func empty(status: StatusWord) throws {
        let (contents, _) = try run(ReadContents()) { _ in answer("", status) }
        #expect(contents == CardContents())
    }

    @Test("pages are read to the end, whether the carrier stops at 6310 or not", arguments: [true, false])
    func pages(stopsAtRefusal: Bool) throws {
        let (contents, orders) = try run(ReadContents(), stopsAtRefusal: stopsAtRefusal) { command in
            switch command.bytes.hex {
            case "80F24002024F0000": answer(Self.app, 0x6310)
            case "80F24003024F0000": answer(Self.app.replacing("A0000000620101", with: "A0000000620102"))
            case "80F28002024F0000": answer(Self.issuer)
            default: answer("", 0x6A88)
            }
        }
        #expect(contents.applications.map(\.aid.description) == ["A0000000620101", "A0000000620102"])
        #expect(contents.issuerDomain != nil)
        #expect(orders.count <= 6)
    }

    @Test("a card that pages without end is left")
    func endless() throws {
        #expect(throws: ProcedureError.endless(.getStatus(.issuerDomain))) {
            try run(ReadContents()) { _ in answer(Self.issuer, 0x6310) }
        }
    }

    @Test("cards of older versions are read in the form without tags (GPCS 2.1.1 §9.4)")
    func legacy() throws {
        let (contents, _) = try run(ReadContents()) { command in
            switch (command.p1, command.p2) {
            case (_, 0x02): answer("", 0x6A86)
            case (0x80, _): answer("08A0000000030000000F9E")
            case (0x40, _): answer("07A0000000620101070006A000000063010700")
            case (0x10, _): answer("06A000000062010100" + "0107A0000000620101")
            default: answer("", 0x6D00)
            }
        }
        #expect(contents.issuerDomain?.privileges.rawValue == 0x9E_0000)
        #expect(contents.applications.count == 2)
        #expect(contents.loadFiles.first?.modules.map(\.description) == ["A0000000620101"])
    }

    @Test("a card that cannot list modules is asked for load files alone")
    func noModules() throws {
        let (contents, _) = try run(ReadContents()) { command in
            switch (command.p1, command.p2) {
            case (0x20, 0x02): answer("E30C4F06A000000062019F700101")
            case (0x10, _): answer("", 0x6D00)
            default: answer("", 0x6A88)
            }
        }
        #expect(contents.loadFiles.map(\.aid.description) == ["A00000006201"])
    }

    @Test("an answer that is no registry is named with its command, never guessed at")
    func malformed() {
        #expect(throws: ProcedureError.self) { try run(ReadContents()) { _ in answer("E3054F01") } }
        #expect(throws: ProcedureError.refused(.getStatus(.applications), 0x6982)) {
            try run(ReadContents()) { _ in answer("", 0x6982) }
        }
    }
}
