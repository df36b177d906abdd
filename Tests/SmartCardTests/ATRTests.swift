internal import SmartCard
internal import TestSupport
internal import Testing

@Suite("ATR")
struct ATRTests {
    /// An answer to reset from Ludovic Rousseau's public list (pcsc-tools, smartcard_list.txt, 2023), with
    /// the facts that ISO/IEC 7816-3:2006 §8 reads out of it.
    struct Card: Sendable, CustomTestStringConvertible {
        let name: String
        let atr: String
        var convention = ATR.Convention.direct
        var protocols = [0]
        var fi = 372
        var di = 1
        var kilohertz = 5_000
        var historical: String
        var hasCheckByte = false
        var testDescription: String { name }
    }

    static let cards: [Card] = [
        .init(name: "Schlumberger Multiflex 3k", atr: "3B 02 14 50", historical: "1450"),
        .init(
            name: "VISA credit card (Skandiabanken)", atr: "3B 65 00 00 20 63 CB 68 00",
            historical: "2063CB6800"),
        .init(
            name: "GSM-SIM D2 CallYa", atr: "3F 2F 00 80 69 AF 02 04 01 36 00 02 0A 0E 83 3E 9F 16",
            convention: .inverse, historical: "8069AF0204013600020A0E833E9F16"),
        .init(
            name: "sysmoUSIM-SJS1", atr: "3B 9F 96 80 1F C7 80 31 A0 73 BE 21 13 67 43 20 07 18 00 00 01 A5",
            fi: 512, di: 32, historical: "8031A073BE21136743200718000001", hasCheckByte: true),
        .init(
            name: "Yubico YubiKey 5 NFC",
            atr: "3B FD 13 00 00 81 31 FE 15 80 73 C0 21 C0 57 59 75 62 69 4B 65 79 40", protocols: [1],
            di: 4,
            historical: "8073C021C057597562694B6579", hasCheckByte: true),
        .init(
            name: "NXP JCOP 21 V2.3.1", atr: "3B FA 13 00 00 81 31 FE 45 4A 43 4F 50 32 31 56 32 33 31 91",
            protocols: [1], di: 4, historical: "4A434F50323156323331", hasCheckByte: true),
        .init(
            name: "MIFARE Classic 1K (PC/SC part 3)",
            atr: "3B 8F 80 01 80 4F 0C A0 00 00 03 06 03 00 01 00 00 00 00 6A", protocols: [0, 1],
            historical: "804F0CA000000306030001" + "00000000", hasCheckByte: true),
        .init(
            name: "digital tachograph card 2006-2010",
            atr: "3B 97 11 C0 FF B1 FE 35 1F 83 A5 05 01 01 02 A3 01 5F", protocols: [0, 1],
            historical: "A505010102A301", hasCheckByte: true),
        .init(
            name: "B-CAS (specific mode)", atr: "3B F0 12 00 FF 91 81 B1 7C 45 1F 03 99", protocols: [1],
            di: 2,
            historical: "", hasCheckByte: true),
        .init(
            name: "SmartCard-HSM 4K",
            atr: "3B DE 18 FF 81 91 FE 1F C3 80 31 81 54 48 53 4D 31 73 80 21 40 81 07 1C", protocols: [1],
            di: 12, historical: "8031815448534D3173802140" + "8107", hasCheckByte: true),
        .init(
            name: "OpenPGP card V3", atr: "3B DA 18 FF 81 B1 FE 75 1F 03 00 31 F5 73 C0 01 60 00 90 00 1C",
            protocols: [1], di: 12, historical: "0031F573C00160009000", hasCheckByte: true),
        .init(
            name: "Feitian A22CR", atr: "3B 9C 95 80 81 1F 03 90 67 46 4A 01 00 54 04 F2 72 FE 00 C0",
            protocols: [0, 1], fi: 512, di: 16, historical: "9067464A01005404F272FE00", hasCheckByte: true),
    ]

    private func parse(_ text: String) throws -> ATR { try ATR(parsing: Hex.decode(text)) }

    @Test("reads what real cards say", arguments: cards)
    func realCards(_ card: Card) throws {
        let atr = try parse(card.atr)
        #expect(atr.convention == card.convention)
        #expect(atr.protocols == card.protocols)
        #expect(atr.speed?.clockRateConversion == card.fi)
        #expect(atr.speed?.baudRateAdjustment == card.di)
        #expect(atr.speed?.clockKilohertzMax == card.kilohertz)
        #expect(atr.historicalBytes.hex == card.historical)
        #expect((atr.checkByte != nil) == card.hasCheckByte)
        #expect(atr.bytes == (try Hex.decode(card.atr)))
    }

    @Test("every proper prefix is reported as truncated", arguments: cards)
    func truncation(_ card: Card) throws {
        let bytes = try Hex.decode(card.atr)
        for count in 0..<bytes.count {
            // Reading the historical bytes needs all of them: then the end is where the input ends.
            #expect(throws: ATRError.truncated(at: count), "\(count)") {
                try ATR(parsing: bytes.prefix(count))
            }
        }
    }

    @Test("every byte too many is reported", arguments: cards)
    func surplus(_ card: Card) throws {
        let bytes = try Hex.decode(card.atr)
        #expect(throws: ATRError.surplus(at: bytes.count)) { try ATR(parsing: bytes + [0]) }
    }

    @Test(
        "a damaged bit after TS never passes where there is a check byte",
        arguments: cards.filter(\.hasCheckByte))
    func damage(_ card: Card) throws {
        let bytes = try Hex.decode(card.atr)
        for bit in 8..<bytes.count * 8 {
            var damaged = bytes
            damaged[bit / 8] ^= 1 << (bit % 8)
            #expect(throws: ATRError.self, "bit \(bit)") { try ATR(parsing: damaged) }
        }
    }

    @Test("says which rule is broken")
    func refusals() {
        #expect(throws: ATRError.unknownConvention(0x03)) { try parse("03 02 14 50") }
        #expect(throws: ATRError.unknownConvention(0x00)) { try parse("00") }
        #expect(throws: ATRError.tooLong(34)) { try ATR(parsing: [UInt8](repeating: 0x3B, count: 34)) }
        #expect(throws: ATRError.wrongCheckByte(expected: 0xA5, found: 0xA4)) {
            try parse("3B 9F 96 80 1F C7 80 31 A0 73 BE 21 13 67 43 20 07 18 00 00 01 A4")
        }
    }

    @Test("without interface bytes the defaults hold (§8.3)")
    func defaults() throws {
        let atr = try parse("3B 00")
        #expect(atr.protocols == [0])
        #expect(atr.speed?.baudMax == 13_440)
        #expect(atr.specificMode == nil)
        #expect((atr.extraGuardTime, atr.waitingTimeInteger, atr.informationFieldMax) == (0, 10, 32))
        #expect(!atr.usesCRC)
        #expect(atr.historical == .none)
    }

    @Test("reads what T=1, T=0 and the specific mode need")
    func transmission() throws {
        let tachograph = try parse("3B 97 11 C0 FF B1 FE 35 1F 83 A5 05 01 01 02 A3 01 5F")
        #expect(tachograph.waitingTimeInteger == 255)
        #expect(tachograph.informationFieldMax == 254)
        let television = try parse("3B F0 12 00 FF 91 81 B1 7C 45 1F 03 99")
        #expect(television.extraGuardTime == 255)
        #expect(television.informationFieldMax == 124)
        #expect(television.specificMode?.transmissionProtocol == 1)
        #expect(television.specificMode?.canChangeToNegotiable == false)
        #expect(television.specificMode?.usesTA1 == true)
        #expect(try parse("3B 10 96").speed?.baudMax == 312_500)
    }

    // §8.3 tables 7 and 8: what is reserved has no speed.
    @Test(
        "reserved values of TA1 give no speed", arguments: ["70", "11", "81", "E1", "F1", "10", "1A", "1F"])
    func reservedSpeed(ta1: String) throws {
        #expect((try parse("3B 10 " + ta1).speed == nil) == (ta1 != "11"))
    }

    @Test("random bytes never crash it, and what it takes it gives back", arguments: [21, 22] as [UInt64])
    func fuzz(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let samples = try Self.cards.map { try Hex.decode($0.atr) }
        for _ in 0..<5_000 {
            var bytes = random.bytes(Int.random(in: 0...40, using: &random))
            if Bool.random(using: &random) {
                bytes = samples.randomElement(using: &random) ?? []
                for _ in 0..<Int.random(in: 1...3, using: &random) {
                    bytes[Int.random(in: bytes.indices, using: &random)] = random.bytes(1)[0]
                }
            } else if !bytes.isEmpty {
                bytes[0] = 0x3B
            }
            guard let atr = try? ATR(parsing: bytes) else { continue }
            #expect(atr.bytes == bytes, "seed \(seed)")
            #expect(atr.historicalBytes.count == Int(bytes[1] & 0x0F), "seed \(seed)")
            #expect(!atr.protocols.isEmpty && atr.interfaceBytes.count <= 32, "seed \(seed)")
            _ = (atr.speed?.baudMax, atr.specificMode, atr.historical)
        }
    }
}

@Suite("Historical bytes")
struct HistoricalBytesTests {
    private func objects(_ hex: String) throws -> CompactTLVs {
        guard case .compactTLV(let objects) = HistoricalBytes(try Hex.decode(hex)) else {
            throw HexError.oddDigits
        }
        return objects
    }

    // The cards are those of ATRTests; the meaning is from ISO/IEC 7816-4:2013 §12.1.1, tables 115 to 119.
    @Test("a YubiKey chains, takes extended lengths, and says its name")
    func yubiKey() throws {
        let objects = try objects("8073C021C057597562694B6579")
        let capabilities = try #require(objects.capabilities)
        #expect(capabilities.supportsChaining == true)
        #expect(capabilities.supportsExtendedLength == true)
        #expect(capabilities.logicalChannelCount == 1)
        #expect(capabilities.selectsByFullName && capabilities.selectsByPartialName)
        #expect(objects.cardIssuerData == Array("YubiKey".utf8))
    }

    @Test("a SIM card has four logical channels and assigns them itself")
    func sim() throws {
        let objects = try objects("8031A073BE21136743200718000001")
        let capabilities = try #require(objects.capabilities)
        #expect(capabilities.logicalChannelCount == 4)
        #expect(capabilities.assignsLogicalChannels == true)
        #expect(capabilities.letsReaderAssignLogicalChannels == false)
        #expect(capabilities.supportsExtendedLength == false)
        #expect(capabilities.supportsChaining == false)
        #expect(objects.cardServiceData == [.selectsByFullName, .hasDataInDirectoryFile])
        #expect(objects.preIssuingData?.hex == "43200718000001")
    }

    @Test("the status follows without a tag in category 00, and with tag 8 in category 80")
    func status() throws {
        let openPGP = try objects("0031F573C00160009000")
        #expect(openPGP.statusWord == .success)
        #expect(openPGP.lifeCycleStatus == 0x00)
        #expect(openPGP.capabilities?.supportsExtendedLength == true)
        let hsm = try objects("8031815448534D31738021408107")
        #expect(hsm.lifeCycleStatus == 0x07)
        #expect(hsm.statusWord == nil)
        #expect(hsm.cardServiceData == [.selectsByFullName, .hasNoMasterFile])
        #expect(hsm.cardIssuerData == Array("HSM1".utf8))
        let callYa = try objects("8069AF0204013600020A0E833E9F16")
        #expect(callYa.statusWord == 0x9F16)
        #expect(callYa.lifeCycleStatus == 0x3E)
        #expect(try objects("80829000").statusWord == .success)
        #expect(try objects("80829000").lifeCycleStatus == nil)
    }

    @Test("an AID, a country and an issuer are read; an AID that is none is not")
    func identifiers() throws {
        #expect(try objects("80F9A00000030800001000").aid?.bytes.hex == "A00000030800001000")
        #expect(try objects("80F4A0000003").aid == nil)
        #expect(try objects("8012023F").countryAndNationalData == [0x02, 0x3F])
        #expect(try objects("8022123F").issuerIdentification == [0x12, 0x3F])
        #expect(try objects("804100").initialAccessData == [0])
        #expect(try objects("8074C0210000").capabilities == nil)
        #expect(try objects("8071C0").capabilities?.supportsChaining == nil)
    }

    @Test("other categories, and what promises compact TLV and is none")
    func others() throws {
        #expect(HistoricalBytes([]) == .none)
        #expect(HistoricalBytes(Array("JCOP21V231".utf8)) == .proprietary(Array("JCOP21V231".utf8)))
        #expect(HistoricalBytes([0x10, 0x50]) == .directoryReference(0x50))
        #expect(HistoricalBytes([0x10]) == .malformed(at: 1))
        #expect(HistoricalBytes([0x10, 1, 2]) == .malformed(at: 2))
        #expect(HistoricalBytes([0x00, 0x90, 0x00]) == .malformed(at: 3))
        #expect(HistoricalBytes([0x80, 0x31]) == .malformed(at: 1))
        // PC/SC part 3 puts BER here: length 0C after 4F is not compact TLV.
        #expect(HistoricalBytes(try Hex.decode("804F0CA000000306030001" + "00000000")) == .malformed(at: 1))
    }
}
