internal import CardCrypto
internal import CardManagement
internal import GlobalPlatform
internal import SmartCard
internal import Testing

private let receiptKey = ContentVerificationKey.aes(Secret(Array(0x10...0x2F)))

@Suite("Receipts of GPCS 2.3.1 §C.5")
struct ReceiptTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let clause: String
        let subject: ReceiptSubject
        let answer: String
        var testDescription: String { clause }
    }

    private static let bound = "020001054201020304"

    static func rows() throws -> [Row] {
        let file = try AID(hex: "D0D1D2D3D4D501")
        let instance = try AID(hex: "D0D1D2D3D4D50101")
        let domain = try AID(hex: "D4D4D4D4D4010101")
        let other = try AID(hex: "D4D4D4D4D4010102")
        return [
            Row(
                clause: "C.5.1 load", subject: .load(loadFile: file, domain: domain),
                answer: "100A472D05E99C741859F8F1CDDC740659" + bound),
            Row(
                clause: "C.5.2 install", subject: .install(loadFile: file, instance: instance),
                answer: "10E1AB1A6A6811FBBDBB8BF94E10CC12C5" + bound),
            Row(
                clause: "C.5.3 extradition", subject: .extradition(from: domain, instance, to: other),
                answer: "10578CAE9FB141AA7D4CC5FC1C996CE945" + bound),
            Row(
                clause: "C.5.4 registry update",
                subject: .registryUpdate(
                    from: nil, instance, to: nil, privileges: [0, 0, 0], parameters: []),
                answer: "1071D514DBA61AC49A7C9C13EB6E62F6C1" + bound),
            Row(
                clause: "C.5.5 delete", subject: .delete(file),
                answer: "10DF39143479B141C60D4C603511850597" + bound),
            Row(
                clause: "C.5.6 combined",
                subject: .combined(loadFile: file, instance: instance, domain: domain),
                answer: "102FA1782599CA457FE0EDE2BC380495EF" + bound),
        ]
    }

    @Test("prove their own operation and no other")
    func proves() throws {
        let rows = try Self.rows()
        for row in rows {
            let confirmation = try #require(try CardConfirmation.read(Hex.decode(row.answer)))
            #expect(confirmation.counter == 1)
            #expect(confirmation.domainUniqueData.hex == "4201020304")
            #expect(confirmation.tokenIdentifier == nil)
            for other in rows {
                #expect(
                    try confirmation.proves(other.subject, with: receiptKey) == (other.clause == row.clause))
            }
        }
    }

    @Test("a DES key makes receipts of eight bytes")
    func tripleDES() throws {
        let answer = try Hex.decode("082751EB5FDB940AF9020001054201020304")
        let confirmation = try #require(try CardConfirmation.read(answer))
        let subject = try Self.rows()[0].subject
        #expect(try confirmation.proves(subject, with: .tripleDES(Secret(Array(0x40...0x4F)))))
        #expect(try !confirmation.proves(subject, with: .tripleDES(Secret(Array(0x50...0x5F)))))
    }

    @Test("one wrong bit anywhere in the answer proves nothing")
    func everyBit() throws {
        let row = try Self.rows()[0]
        let answer = try Hex.decode(row.answer)
        for bit in 0..<answer.count * 8 {
            var wrong = answer
            wrong[bit / 8] ^= 1 << (bit % 8)
            guard let confirmation = try? CardConfirmation.read(wrong) else { continue }
            #expect(try !confirmation.proves(row.subject, with: receiptKey), "bit \(bit)")
        }
    }

    @Test("no data, or one byte 00, is no confirmation")
    func nothing() throws {
        #expect(try CardConfirmation.read([]) == nil)
        #expect(try CardConfirmation.read([0x00]) == nil)
    }

    @Test("token identifier and token digest follow the domain's data (table 11-14)")
    func optionalParts() throws {
        let both = try #require(try CardConfirmation.read(Hex.decode("01AA02001200" + "02BBCC" + "03DDEEFF")))
        #expect(both.counter == 0x12)
        #expect(both.domainUniqueData.isEmpty)
        #expect(both.tokenIdentifier == [0xBB, 0xCC])
        #expect(both.tokenDataDigest == [0xDD, 0xEE, 0xFF])
        #expect(both.signedData.hex == "0200120002BBCC03DDEEFF")
    }

    @Test("the length of the whole in front, as some cards send it, is understood")
    func outerLength() throws {
        let plain = try Hex.decode(try Self.rows()[0].answer)
        let wrapped = BERTLV.encodeLength(plain.count) + plain
        #expect(try CardConfirmation.read(wrapped) == CardConfirmation.read(plain))
    }

    @Test("every proper prefix is refused")
    func truncation() throws {
        let answer = try Hex.decode(try Self.rows()[0].answer)
        // One byte less than the domain's data, and everything before.
        for count in 1..<answer.count {
            #expect(throws: ConfirmationError.self) { try CardConfirmation.read(Array(answer.prefix(count))) }
        }
    }

    @Test(
        "answers that are no confirmation are refused",
        arguments: [
            ("0002000100", ConfirmationError.receiptMissing), ("01AA01FF00", .counterLength(1)),
            ("01AA03000001" + "00", .counterLength(3)), ("01AA0200010001BB01CC01DD", .trailingBytes(2)),
        ])
    func malformed(hex: String, error: ConfirmationError) throws {
        let answer = try Hex.decode(hex)
        #expect(throws: error) { try CardConfirmation.read(answer) }
    }
}

@Suite("Ledger of receipts")
struct ReceiptLedgerTests {
    private func confirmation(_ counter: UInt16, domain: String = "4201") throws -> CardConfirmation {
        let unique = try Hex.decode(domain)
        let data = [0x01, 0xAA, 0x02] + counter.bigEndianBytes + [UInt8(unique.count)] + unique
        return try #require(try CardConfirmation.read(data))
    }

    @Test("reports gaps, late receipts, repetitions and what was before")
    func verdicts() throws {
        let rows: [(UInt16, ReceiptLedger.Verdict)] = [
            (5, .first), (6, .next), (6, .repeated), (5, .repeated), (10, .gap(7...9)), (8, .late),
            (8, .repeated), (11, .next), (7, .late), (9, .late), (9, .repeated), (4, .beforeFirst),
            (0xFFFF, .gap(12...0xFFFE)), (0xFFFF, .repeated), (0xFFFE, .late), (12, .late),
        ]
        var ledger = ReceiptLedger()
        for (counter, verdict) in rows {
            #expect(ledger.record(try confirmation(counter)) == verdict, "counter \(counter)")
        }
        let entry = try #require(ledger.entries[[0x42, 0x01]])
        #expect(entry.last == 0xFFFF)
        #expect(entry.missing == [13...0xFFFD])
    }

    @Test("domains are followed apart")
    func domains() throws {
        var ledger = ReceiptLedger()
        #expect(ledger.record(try confirmation(9)) == .first)
        #expect(ledger.record(try confirmation(3, domain: "4202")) == .first)
        #expect(ledger.record(try confirmation(4, domain: "4202")) == .next)
        #expect(ledger.record(try confirmation(10)) == .next)
    }

    @Test("the number of holes is bounded")
    func bounded() throws {
        var ledger = ReceiptLedger()
        for index in 0..<400 { _ = ledger.record(try confirmation(UInt16(index * 3))) }
        #expect(ledger.entries[[0x42, 0x01]]?.missing.count == ReceiptLedger.holesMax)
    }

    @Test("a stored ledger goes on where it was")
    func stored() throws {
        var ledger = ReceiptLedger()
        for counter: UInt16 in [1, 2, 5] { _ = ledger.record(try confirmation(counter)) }
        var restored = ReceiptLedger(entries: ledger.entries)
        #expect(restored.record(try confirmation(4)) == .late)
        #expect(restored.record(try confirmation(6)) == .next)
        #expect(restored.record(try confirmation(6)) == .repeated)
    }
}
