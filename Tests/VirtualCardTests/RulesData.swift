import CardCrypto
import SmartCard

/// Memory (§9.7), GET STATUS (§11.4), keys (§7.5, §11.8), data (§7.4, §11.3, §11.11).
extension Rules {
    // MARK: Memory

    /// Blocks of 32 bytes, 8 bytes beside the contents of each object (profile javacard-80k).
    private static func cost(_ bytes: Int) -> Int { (bytes + 8 + 31) / 32 * 32 }
    /// What FF21 says once so much is taken from a new card.
    private static func free(less taken: Int) -> String {
        let bytes = UInt32(81_920 - 5 * cost(16) - taken)
        return "~8204" + bytes.bigEndianBytes.hex
    }
    private static let code = cost(RulesFiles.applets.count) + 2 * cost(7)
    private static let instance = cost(160) + cost(16)
    private static let ff21 = Act.getData("FF21")
    private static func installing(_ system: String) -> Act {
        .forInstall(RulesNames.first, parameters: "C900" + RulesBytes.tlv("EF", system))
    }

    static let memory: [Rule] = [
        Rule("§9.7", "a new card", Act.issuer, ff21, free(less: 0)),
        Rule("§9.7", "a load file and its modules", Act.loaded, ff21, free(less: code)),
        Rule("§9.7", "an application", Act.installed, ff21, free(less: code + instance)),
        Rule(
            "§9.7", "after its deletion", Act.installed + [.delete(RulesNames.first)], ff21, free(less: code)),
        Rule(
            "§9.7", "after everything's", Act.installed + [.delete(RulesNames.package, related: true)], ff21,
            free(less: 0)),
        Rule(
            "§9.7", "what a half load takes",
            Act.issuer + [
                .forLoad(RulesNames.package), .load(0, Array(repeating: 0xC4, count: 200), last: false),
            ],
            ff21, free(less: cost(200))),
        Rule(
            "§9.7", "a load that was given up by reset takes nothing",
            Act.issuer + [
                .forLoad(RulesNames.package), .load(0, Array(repeating: 0xC4, count: 200), last: false),
                .reset,
            ], ff21, free(less: 0)),
        Rule(
            "§9.7", "minimum memory takes nothing",
            Act.issuer + [.forLoad(RulesNames.package, parameters: "EF08C6022000C8021000")], ff21,
            free(less: 0)),
        Rule(
            "§9.7", "minimum code memory that is not there", Act.issuer,
            .forLoad(RulesNames.package, parameters: "EF06C60400014000"), "6A84"),
        Rule(
            "§9.7", "minimum code memory that is just there", Act.issuer,
            .forLoad(RulesNames.package, parameters: "EF06C60400013F60"), "009000"),
        Rule(
            "§9.7", "one byte more", Act.issuer,
            .forLoad(RulesNames.package, parameters: "EF06C60400013F61"), "6A84"),
        Rule(
            "§11.5.2.3.7", "code and data together", Act.issuer,
            .forLoad(RulesNames.package, parameters: "EF0CC60400010000C80400004000"), "6A84"),
        Rule(
            "§9.7", "minimum volatile memory", Act.issuer,
            .forLoad(RulesNames.package, parameters: "EF04C7021000"), "009000"),
        Rule(
            "§9.7", "minimum volatile memory that is not there", Act.issuer,
            .forLoad(RulesNames.package, parameters: "EF04C7021001"), "6A84"),
        Rule(
            "§9.7", "a quota takes nothing", Act.loaded + [installing("C8024000")], ff21,
            free(less: code + instance)),
        Rule(
            "§9.7", "reserved memory is taken at once", Act.loaded + [installing("D8021000")], ff21,
            free(less: code + 0x1000)),
        Rule(
            "§9.7", "what the application uses comes out of it first",
            Act.loaded + [installing("D8021000"), .select(RulesNames.first), .raw("0012100500")] + Act.issuer,
            ff21, free(less: code + 0x1000)),
        Rule(
            "§9.7", "then out of the card",
            Act.loaded + [installing("D8020100"), .select(RulesNames.first), .raw("0012100500")] + Act.issuer,
            ff21, free(less: code + instance + cost(1024))),
        Rule(
            "§9.7", "what is deleted goes back to it",
            Act.loaded + [
                installing("D8021000"), .select(RulesNames.first), .raw("0012100500"), .raw("0014000500"),
            ] + Act.issuer, ff21, free(less: code + 0x1000)),
        Rule(
            "§9.7", "the deletion of the application gives it all back",
            Act.loaded + [installing("D8021000"), .delete(RulesNames.first)], ff21, free(less: code)),
        Rule("§9.7", "reserved memory that is not there", Act.loaded, installing("D80400014000"), "6A84"),
        Rule(
            "§9.7", "two that reserve more than there is",
            Act.loaded + [installing("D80400008000")],
            .forInstall(RulesNames.second, parameters: "C900EF06D8040000C000"), "6A84"),
        Rule("§9.7", "a quota below the reserved memory", Act.loaded, installing("C8020100D8020200"), "6A80"),
        Rule(
            "§9.7", "a volatile quota below the reserve", Act.loaded, installing("C7020010D7020020"), "6A80"),
        Rule("§9.7", "a quota equal to the reserve", Act.loaded, installing("C8020200D8020200"), "009000"),
        Rule("§9.7", "a quota that the installation exceeds", Act.loaded, installing("C8020080"), "6A84"),
        Rule(
            "§9.7", "a quota that growth exceeds",
            Act.loaded + [installing("C8020200"), .select(RulesNames.first)], .raw("0012100500"), "6A84"),
        Rule(
            "§9.7", "and after that refusal less is granted",
            Act.loaded + [installing("C8020200"), .select(RulesNames.first)],
            disregarding: [.raw("0012100500")], .raw("0012020500"), "9000"),
        Rule(
            "§9.7", "the card's end", Act.installed + [.select(RulesNames.first)] + filling,
            .raw("0012FF0C00"),
            "6A84"),
        Rule(
            "§9.7", "what was refused is not there", Act.installed + [.select(RulesNames.first)] + filling,
            disregarding: [.raw("0012FF0C00")], .raw("0012010C00"), "9000"),
        Rule("§9.7", "a domain", Act.issuer + [.domain(RulesNames.domain)], ff21, free(less: cost(480))),
        Rule(
            "§9.7", "its keys", Act.issuer + Act.ownDomain(privileges: "808000") + Act.issuer, ff21,
            free(less: cost(480) + 3 * cost(16))),
        Rule(
            "§9.7", "a key of 256 bits",
            Act.issuer + [
                .putKeys(version: 0x40, identifier: 9, values: [[UInt8](repeating: 7, count: 32)])
            ], ff21, free(less: cost(32))),
        Rule(
            "§9.7", "data of a domain",
            Act.issuer + [.storeData("90", 0, "5F5010" + String(repeating: "41", count: 16))],
            ff21, free(less: cost(16))),
        Rule(
            "§9.7", "volatile memory reserved", Act.loaded + [installing("D7020800")], ff21, "~830400000800"),
        Rule(
            "§9.7", "volatile memory reserved twice", Act.loaded + [installing("D7020C00")],
            .forInstall(RulesNames.second, parameters: "C900EF04D7020C00"), "6A84"),
        Rule("§11.5.2.3.7", "an amount of one byte", Act.loaded, installing("C80110"), "6A80"),
        Rule("§11.5.2.3.7", "an amount of four bytes", Act.loaded, installing("C80400002000"), "009000"),
        Rule(
            "§9.7", "a card without quotas", on: "uicc-64k",
            [.select(RulesNames.issuer), .open(.factoryDES)],
            .forLoad(RulesNames.package, parameters: "EF06C60400FFFFFF"), "009000"),
        Rule(
            "TS 102 226 §8.2.1.7.2", "a report that misleads", on: "javacard-80k-misleading", Act.issuer,
            ff21, "~820400007FFF"),
        Rule(
            "§9.7", "the end of memory during LOAD, 6581 on this card", on: "javacard-80k-scp02",
            [.open(.factoryDES), .forLoad(RulesNames.package)],
            .load(RulesFiles.file([UInt8](repeating: 0, count: 82_000)), size: 230), "6A86"),
        Rule(
            "§9.7", "the end of memory during LOAD", on: "small-16k",
            [.open(.factoryDES), .forLoad(RulesNames.package)],
            .load(RulesFiles.file([UInt8](repeating: 0, count: 17_000)), size: 230), "6A84"),
    ]

    /// Five objects of 16,320 bytes would be more than the card has: four fit.
    private static let filling: [Act] = (5...8).map { .raw("0012FF" + UInt8($0).hex + "00") }

    // MARK: GET STATUS

    private static let twenty: [Act] =
        Act.loaded + (1...20).map { .forInstall("F052554C450A" + UInt8($0).hex) }

    static let status: [Rule] = [
        Rule(
            "Table 11-36", "everything of an application", Act.installed, .getStatus("40"),
            "E3244F07" + RulesNames.first + "9F700107C503000000C406" + RulesNames.package + "CC08"
                + RulesNames.issuer + "9000"),
        Rule(
            "Table 11-36", "everything of a load file", Act.loaded,
            .getStatus("20", "02", "4F06" + RulesNames.package),
            "E31A4F06" + RulesNames.package + "9F700101CE020100CC08" + RulesNames.issuer + "9000"),
        Rule(
            "Table 11-36", "with its modules", Act.loaded,
            .getStatus("10", "02", "4F06" + RulesNames.package),
            "E32C4F06" + RulesNames.package + "9F700101CE0201008407" + RulesNames.module + "8407"
                + RulesNames.silentModule + "CC08" + RulesNames.issuer + "9000"),
        Rule("§11.4.2.3", "the same RID", Act.installed, .getStatus("40", "02", "4F05F052554C45"), "*9000"),
        Rule("§11.4.2.3", "another RID", Act.installed, .getStatus("40", "02", "4F05A000000001"), "6A88"),
        Rule(
            "§11.4.2.3", "a tag list", Act.installed, .getStatus("40", "02", "4F005C024F84"),
            "E3094F07" + RulesNames.first + "9000"),
        Rule(
            "§11.4.2.3", "a tag of two bytes", Act.installed, .getStatus("40", "02", "4F005C029F70"),
            "E3049F7001079000"),
        Rule(
            "§11.4.2.3", "search criteria that the card does not know", Act.installed,
            .getStatus("40", "02", "4F00DF0101005C014F"), "E3094F07" + RulesNames.first + "9000"),
        Rule("§11.4.2.3", "no search criteria", Act.installed, .getStatus("40", "02", ""), "6A80"),
        Rule("§11.4.2.3", "criteria without an AID", Act.installed, .getStatus("40", "02", "5C014F"), "6A80"),
        Rule(
            "§11.4.2.3", "criteria that are no TLV", Act.installed, .getStatus("40", "02", "4F05A0"), "6A80"),
        Rule(
            "Table 11-33", "the issuer domain ignores criteria", Act.issuer,
            .getStatus("80", "02", "4F05A1A2A3A4A5"), "*9000"),
        Rule("Table 11-33", "P1 of nothing", Act.issuer, .getStatus("00"), "6A86"),
        Rule("Table 11-33", "RFU bits of P1", Act.installed, .getStatus("4F"), "*9000"),
        Rule("Table 11-34", "RFU bits of P2", Act.installed, .getStatus("40", "FE"), "*9000"),
        Rule("Table 11-38", "no application", Act.issuer, .getStatus("40"), "6A88"),
        Rule("§11.4.2.2", "next occurrence before any first", Act.installed, .getStatus("40", "03"), "6985"),
        Rule(
            "§11.4.2.2", "next occurrence of the issuer domain", Act.issuer + [.getStatus("80")],
            .getStatus("80", "03"), "6A86"),
        Rule("Table 11-38", "more than one answer holds", twenty, .getStatus("40"), "*6310"),
        Rule(
            "Table 11-38", "the same with protected answers",
            twenty + [.select(RulesNames.issuer), .open(level: 0x33)], .getStatus("40"), "*6310"),
        Rule(
            "Table 11-38", "the last of several answers", twenty,
            disregarding: [.getStatus("40", "02", "4F005C034F9F70")],
            .getStatus("40", "03", "4F005C034F9F70"),
            "*E30D4F07F052554C450A149F7001079000"),
        Rule(
            "§11.4.2.2", "next occurrence of another subset", twenty, disregarding: [.getStatus("40")],
            .getStatus("20", "03"), "6985"),
        Rule(
            "§11.4.2.2", "a new first begins anew", twenty, disregarding: [.getStatus("40")],
            .getStatus("40", "02", "4F07F052554C450A145C014F"), "E3094F07F052554C450A149000"),
        Rule(
            "§11.4.2.2", "next occurrence in another application session",
            twenty + [.getStatus("20")], disregarding: [.getStatus("40")] + Act.issuer,
            .getStatus("40", "03"), "6985"),
        Rule(
            "Table 11-36", "the implicit selection parameters",
            Act.loaded + [.forInstall(RulesNames.first, parameters: "C900EF03CF0142")],
            .getStatus("40", "02", "4F005C01CF"), "E303CF01429000"),
        Rule(
            "§11.4.2.3", "a domain sees what is below it and itself",
            Act.issuer + Act.ownDomain(privileges: "80C000")
                + Act.loading(RulesNames.package, RulesFiles.applets) + [.forInstall(RulesNames.first)],
            .getStatus("40", "02", "4F005C014F"),
            "E3094F07" + RulesNames.domain + "E3094F07" + RulesNames.first + "9000"),
        Rule(
            "§11.4.2.3", "and nothing above", Act.installed + Act.ownDomain(privileges: "80C000"),
            .getStatus("20"), "6A88"),
    ]

    // MARK: Keys

    private static let scp02 = RulesKeys(version: 0x20, isAES: false, fill: 0x11)
    private static let single: [[UInt8]] = [[UInt8](0x20...0x2F)]

    static let keys: [Rule] = [
        Rule(
            "§11.8.3.1", "the answer names the version and gives check values", Act.issuer,
            .putKeys(version: 0x40, identifier: 5, values: [[UInt8](0x40...0x4F)]), "40504A779000"),
        Rule(
            "§11.8.2.1", "a new set opens a session", Act.issuer + [.putKeys(Act.domainKeys)],
            .open(Act.domainKeys), "9000"),
        Rule(
            "§11.8.2.1", "a new set is the one that version 0 means", Act.issuer + [.putKeys(Act.domainKeys)],
            .open(RulesKeys(version: 0, fill: 0x10)), "9000"),
        Rule(
            "§11.8", "a set of 192 bits",
            Act.issuer + [.putKeys(RulesKeys(version: 0x30, fill: 0x55, count: 24))],
            .open(RulesKeys(version: 0x30, fill: 0x55, count: 24), level: 0x33), "9000"),
        Rule(
            "§11.8", "a set of 256 bits",
            Act.issuer + [.putKeys(RulesKeys(version: 0x30, fill: 0x55, count: 32))],
            .open(RulesKeys(version: 0x30, fill: 0x55, count: 32), level: 0x33), "9000"),
        Rule(
            "§E.1", "a set of DES keys opens SCP02 on the same card", Act.issuer + [.putKeys(scp02)],
            .open(scp02, level: 0x03), "9000"),
        Rule(
            "§11.8.2.3.3", "a wrong check value", Act.issuer, .putKeys(Act.domainKeys, wrongCheck: true),
            "6982"),
        Rule(
            "§11.8.2.1", "a version that is there, as new", Act.issuer + [.putKeys(Act.domainKeys)],
            .putKeys(Act.domainKeys), "6A80"),
        Rule(
            "§11.8.2.1", "replacing", Act.issuer + [.putKeys(Act.domainKeys)],
            .putKeys(Act.otherKeys, replacing: 0x31), "*9000"),
        Rule(
            "§11.8.2.1", "the old version is gone",
            Act.issuer + [.putKeys(Act.domainKeys), .putKeys(Act.otherKeys, replacing: 0x31)],
            .open(Act.domainKeys), "6A88"),
        Rule(
            "§11.8.2.1", "replacing under the same version",
            Act.issuer + [
                .putKeys(Act.domainKeys), .putKeys(RulesKeys(version: 0x31, fill: 0x77), replacing: 0x31),
            ],
            .open(RulesKeys(version: 0x31, fill: 0x77)), "9000"),
        Rule(
            "§11.8.2.1", "replacing what is not there", Act.issuer, .putKeys(Act.domainKeys, replacing: 0x31),
            "6A88"),
        Rule(
            "§11.8.2.3.3", "replacing by another size", Act.issuer + [.putKeys(Act.domainKeys)],
            .putKeys(RulesKeys(version: 0x31, fill: 1, count: 32), replacing: 0x31), "6A80"),
        Rule(
            "§11.8.2.3.3", "replacing by another algorithm", Act.issuer + [.putKeys(Act.domainKeys)],
            .putKeys(RulesKeys(version: 0x31, isAES: false, fill: 1), replacing: 0x31), "6A80"),
        Rule(
            "§11.8.2.3", "version 00", Act.issuer, .putKeys(version: 0, identifier: 5, values: single), "6A80"
        ),
        Rule(
            "§11.8.2.3", "version 80", Act.issuer, .putKeys(version: 0x80, identifier: 5, values: single),
            "6A80"),
        Rule(
            "§11.8.2.2", "identifier 00", Act.issuer, .putKeys(version: 0x40, identifier: 0, values: single),
            "*9000"),
        Rule(
            "§11.8.2.2", "identifier 7F", Act.issuer,
            .putKeys(version: 0x40, identifier: 0x7F, values: single), "*9000"),
        Rule(
            "§11.8.2.2", "identifiers beyond 7F", Act.issuer,
            .putKeys(version: 0x40, identifier: 0x7E, values: single + single + single), "6A80"),
        Rule("Table 11-68", "no key", Act.issuer, .send("80D80081", "30"), "6A80"),
        Rule("Table 11-68", "a key cut short", Act.issuer, .send("80D80001", "3088111000112233"), "6A80"),
        Rule(
            "Table 11-16", "a type that is reserved", Act.issuer, .send("80D80001", "307F0400112233" + "00"),
            "6A80"),
        Rule(
            "§11.8.2.3.3", "no check value with a symmetric key", Act.issuer,
            .send("80D80001", "30881110" + String(repeating: "11", count: 16) + "00"), "6A80"),
        Rule(
            "§11.8.2.3.3", "bytes behind the key", Act.issuer,
            .send("80D80001", "30A10301000100FFFF"), "6A80"),
        Rule(
            "§7.5.1", "the key information template",
            Act.issuer, .getData("00E0"), "E012C00401FF8810C00402FF8810C00403FF88109000"),
        Rule(
            "§7.5.1", "after a new set the initial one is gone", Act.issuer + [.putKeys(Act.domainKeys)],
            .getData("00E0"), "E012C00401318810C00402318810C00403318810" + "9000"),
        Rule(
            "§11.2.2.3.2", "one version of two",
            Act.issuer + [.putKeys(Act.domainKeys), .putKeys(Act.otherKeys)], .deleteKey("D20131"), "009000"),
        Rule(
            "§11.2.2.3.2", "after which it opens nothing",
            Act.issuer + [.putKeys(Act.domainKeys), .putKeys(Act.otherKeys), .deleteKey("D20131")],
            .open(Act.domainKeys), "6A88"),
        Rule(
            "§11.2.2.3.2", "one key of a set: the set opens nothing",
            Act.issuer + [.putKeys(Act.domainKeys), .putKeys(Act.otherKeys), .deleteKey("D00102D20131")],
            .open(Act.domainKeys), "6A88"),
        Rule("§11.2.2.3.2", "a version that is not there", Act.issuer, .deleteKey("D20144"), "6A88"),
        Rule("§11.2.2.3.2", "an identifier that is not there", Act.issuer, .deleteKey("D00144"), "6A88"),
        Rule("§11.2.2.3.2", "a version of two bytes", Act.issuer, .deleteKey("D2020101"), "6A80"),
        Rule("§11.2.2.3.2", "twice the same field", Act.issuer, .deleteKey("D20101D20101"), "6A80"),
        Rule(
            "§E.1.2", "new keys begin a new count", on: "javacard-80k-scp02",
            [.open(.factoryDES), .open(.factoryDES), .putKeys(scp02, replacing: 0x20)], .getData("00C1"),
            "C10200009000"),
        Rule(
            "§E.1.2", "the update of one key begins a new count", on: "javacard-80k-scp02",
            [
                .open(.factoryDES),
                .putKeys(version: 0x20, replacing: 0x20, identifier: 3, values: single, isAES: false),
            ], .getData("00C1"), "C10200009000"),
        Rule(
            "§E.1.2", "a key that is none of the channel's leaves the count", on: "javacard-80k-scp02",
            [.open(.factoryDES), .putKeys(version: 0x20, identifier: 4, values: single, isAES: false)],
            .getData("00C1"), "C10200019000"),
        Rule(
            "Amendment D §6.2.2.1", "the update of one key of SCP03 leaves the count",
            on: "javacard-80k-predictable",
            Act.issuer + [.putKeys(version: 0x30, replacing: 0x30, identifier: 3, values: single)],
            .getData("00C1"), "C1030000019000"),
        Rule(
            "Amendment D §6.2.2.1", "a whole set at once begins a new count", on: "javacard-80k-predictable",
            Act.issuer + [.putKeys(RulesKeys(version: 0x30, fill: 9), replacing: 0x30)],
            .getData("00C1"), "C1030000009000"),
        Rule(
            "§5.3.2.3", "a domain with keys of its own is PERSONALIZED",
            Act.issuer + Act.ownDomain(privileges: "808000"),
            .getStatus("40", "02", "4F07" + RulesNames.domain + "5C029F70"), "E3049F70010F9000"),
        Rule(
            "§7.2", "a domain without keys is opened with those above",
            Act.issuer + [.domain(RulesNames.domain), .select(RulesNames.domain)], .open(), "9000"),
        Rule(
            "§7.2", "one with keys of its own is not", Act.issuer + Act.ownDomain(privileges: "808000"),
            .open(RulesKeys(version: 0xFF, isAES: true, same: [UInt8](0x40...0x4F))), "6A88"),
    ]

    // MARK: Data

    private static let stored = Act.issuer + [.storeData("10", 0, "4205AABB")]

    static let data: [Rule] = [
        Rule(
            "§7.4.1.1", "the issuer identification number", Act.issuer, .getData("0042"),
            "420642455254480F9000"),
        Rule(
            "§11.3.3.1", "the same with an ISO class, without its tag", Act.issuer + [.reset],
            .raw("00CA004200"), "42455254480F9000"),
        Rule("§11.3.3.2", "what is not there", Act.issuer, .getData("5F50"), "6A88"),
        Rule("§H.2", "card recognition data", Act.issuer, .getData("0066"), "~06072A864886FC6B01"),
        Rule("§H.4", "card capability information", Act.issuer, .getData("0067"), "*9000"),
        Rule("§10.6", "the current security level", Act.issuer, .getData("00D3"), "D301819000"),
        Rule("§10.6", "at level 33", Act.issuer(0x33), .getData("00D3"), "D301B39000"),
        Rule("§10.6", "outside a session", Act.issuer + [.reset], .raw("80CA00D300"), "D301009000"),
        Rule("§11.3.2.1", "the list of applications", Act.installed, .send("80CA2F00", "5C00"), "*9000"),
        Rule("§11.3.2.1", "without its tag list", Act.installed, .send("80CA2F00"), "6A80"),
        Rule("§9.1.3.6", "the confirmation counter", Act.issuer, .getData("00C2"), "C20200009000"),
        Rule(
            "§9.1.3.6", "only of who generates receipts", Act.issuer + Act.ownDomain(privileges: "808000"),
            .getData("00C2"), "6A88"),
        Rule(
            "§7.4.1", "CPLC is the card's, not a domain's", Act.issuer + Act.ownDomain(privileges: "808000"),
            .getData("9F7F"), "6A88"),
        Rule(
            "§11.11.2.3", "the IIN is stored", Act.issuer + [.storeData("90", 0, "42031122" + "33")],
            .getData("0042"), "42031122339000"),
        Rule(
            "§11.11.2.3", "so are several at once",
            Act.issuer + [.storeData("90", 0, "42011145011266026701")],
            .getData("0045"), "4501129000"),
        Rule(
            "§11.11.2.3", "one over two commands", stored + [.storeData("90", 1, "CCDDEE")],
            .getData("0042"), "4205AABBCCDDEE9000"),
        Rule(
            "§11.11.2.3", "one that does not end with the last block", Act.issuer,
            .storeData("90", 0, "4205AABB"),
            "6A80"),
        Rule("§11.11.2.2", "a first block that is not 00", Act.issuer, .storeData("90", 1, "420111"), "6A86"),
        Rule("§11.11.2.2", "a block twice", stored, .storeData("90", 0, "CCDDEE"), "6A86"),
        Rule(
            "§11.11.2.2", "after a refusal the count begins anew", stored,
            disregarding: [.storeData("90", 5, "00")], .storeData("90", 0, "420111"), "9000"),
        Rule(
            "§11.11.2.2", "after the last block too", Act.issuer + [.storeData("90", 0, "420111")],
            .storeData("90", 0, "420112"), "9000"),
        Rule(
            "§11.11.2.2", "and after the domain was selected", stored + Act.issuer,
            .storeData("90", 0, "420111"), "9000"),
        Rule(
            "§11.11.2.2", "on another channel too", stored + [.openChannel, .select(RulesNames.issuer, 1)],
            .storeData("90", 1, "CCDDEE"), "6A86"),
        Rule("Table 11-89", "RFU encryption", Act.issuer, .storeData("D0", 0, "420111"), "6A86"),
        Rule("Table 11-89", "RFU structure", Act.issuer, .storeData("98", 0, "420111"), "6A86"),
        Rule(
            "§11.11.2.3", "data in DGI 0070", Act.issuer + [.storeData("88", 0, "007003420111")],
            .getData("0042"), "4201119000"),
        Rule(
            "§11.11.2.3", "a DGI that nobody knows", Act.issuer, .storeData("88", 0, "7FF001" + "00"), "6A88"),
        Rule(
            "§11.11.2.3", "the security level cannot be stored", Act.issuer, .storeData("90", 0, "D30100"),
            "6A80"),
        Rule("§11.11.2.3", "nor the resources", Act.issuer, .storeData("90", 0, "FF210100"), "6A80"),
        Rule(
            "§11.11.2.3", "nor the confirmation counter", Act.issuer, .storeData("90", 0, "C2020000"), "6A80"),
        Rule("§11.11.2.3", "nor the sequence counter", Act.issuer, .storeData("90", 0, "C1020000"), "6A80"),
        Rule(
            "§11.11.2.3", "nor the list of applications", Act.issuer, .storeData("90", 0, "2F000100"), "6A88"),
        Rule("§11.11.2.3", "nor within DGI 0070", Act.issuer, .storeData("88", 0, "007003D30100"), "6A80"),
        Rule(
            "§11.11.2.3", "a new name for the issuer domain",
            Act.issuer + [.storeData("90", 0, "4F05A1A2A3A4A5")],
            .select("A1A2A3A4A5"), "*9000"),
        Rule(
            "§11.11.2.3", "by which its content belongs to it",
            Act.installed + [.storeData("90", 0, "4F05A1A2A3A4A5")],
            .getStatus("40", "02", "4F005C01CC"), "E307CC05A1A2A3A4A59000"),
        Rule(
            "§11.11.2.3", "a name that is taken", Act.installed,
            .storeData("90", 0, "4F07" + RulesNames.first), "6A80"),
        Rule(
            "§11.11.2.3", "a new name that is undone leaves the domain selected", Act.issuer,
            disregarding: [.storeData("90", 0, "4F05A1A2A3A4A5D30100")], .getData("0042"),
            "420642455254480F9000"),
        Rule(
            "§11.11.4", "a key by STORE DATA", Act.issuer + [storeKey(checkFlip: 0)], .getData("00E0"),
            "~C00409508810"),
        Rule("§11.11.4", "with a wrong check value", Act.issuer, storeKey(checkFlip: 1), "6982"),
        Rule(
            "§7.3.2", "STORE DATA reaches the application",
            Act.installed + [
                .personalize(RulesNames.first), .storeData("80", 0, "0102030405"), .select(RulesNames.first),
            ], .raw("0010000000"), "010203040500000000000000000000009000"),
        Rule(
            "§7.3.2", "an application that nobody executes",
            Act.loaded + [
                .forInstall(RulesNames.first, module: RulesNames.silentModule),
                .personalize(RulesNames.first),
            ], .storeData("80", 0, "01"), "6985"),
        Rule("§11.5.2.3.6", "of what is not there", Act.issuer, .personalize(RulesNames.first), "6A88"),
        Rule(
            "§7.3.2", "of an application that is INSTALLED only",
            Act.loaded + [.forInstall(RulesNames.first, p1: "04")], .personalize(RulesNames.first), "6985"),
        Rule(
            "§7.3.2", "of an application that is locked", Act.installed + [.lock(RulesNames.first)],
            .personalize(RulesNames.first), "6985"),
        Rule(
            "§7.3.2", "of one that is selected on another channel",
            Act.installed + [.openChannel, .select(RulesNames.first, 1)], .personalize(RulesNames.first),
            "6985"),
    ]

    /// DGI 00B9 announces the key, 8113 brings it (tables 11-91 to 11-93).
    private static func storeKey(checkFlip: UInt8) -> Act {
        Act("store a key") { host in
            guard let session = host.sessions[0] else { return "no session" }
            let key = [UInt8](0x61...0x70)
            var check = try Act.checkValue(key, isAES: true)
            check[0] ^= checkFlip
            let crt = "95011880018881011082010983015084" + RulesBytes.counted(check.hex)
            let announced = "00B9" + RulesBytes.counted(RulesBytes.tlv("B9", crt))
            return try Act.storeData("88", 0, announced + "811310" + session.encryptKey(key).hex).run(host)
        }
    }
}
