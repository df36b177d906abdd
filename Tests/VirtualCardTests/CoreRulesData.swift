import CardCrypto
import GlobalPlatform
import SmartCard

@testable import VirtualCard

extension CoreRules {
    static let key = [UInt8](repeating: 0x42, count: 16)
    static func putKey(_ p1: String, _ p2: String, _ version: String, _ fields: String) -> String {
        "80D8" + p1 + p2 + (version + fields).counted + "00"
    }
    static let ownerOnlyKeys: String = {
        let keys = (0..<3).map { _ in "FF" + Step.keyField(.aes, key) + "01180101" }.joined()
        return putKey("00", "81", "05", keys)
    }()
    static let own = Step.issuer + [Step.putKeys(version: 1)]

    static let keysAndData: [CoreRule] = [
        CoreRule(
            "§7.5.2", "keys for the owner only do not serve others",
            given: Step.issuer + [
                Step.domain(domainA), ownerOnlyKeys, Step.select(domainA),
            ], when: Step.initialize, then: "6985"),
        CoreRule(
            "§7.5.2", "and serve the owner", given: Step.issuer + [ownerOnlyKeys], when: Step.initialize,
            then: "9000"),
        CoreRule(
            "§7.5", "a domain is installed with a channel of its own",
            given: Step.issuer + [
                Step.forInstall(
                    Bench.domainPackage, Bench.domainModule, domainA, privileges: "80",
                    parameters: "C90481020370"), Step.select(domainA),
            ] + Step.session + [Step.putKeys(version: 0x31)], when: "80CA00C100", then: "C1030000009000"),
        CoreRule(
            "§7.5", "a channel that the card does not have", profile: "javacard-80k-predictable",
            given: Step.issuer,
            when: Step.forInstall(
                Bench.domainPackage, Bench.domainModule, domainA, privileges: "80",
                parameters: "C90481020255"), then: "6A80"),
        CoreRule(
            "§11.8.3.1", "PUT KEY answers the version and the check values", given: Step.issuer,
            when: putKey("00", "04", "05", Step.keyField(.aes, key)),
            then: "05" + (KeyCheck.value(.aes, key) ?? []).hex + "9000"),
        CoreRule(
            "§11.8.2.3.3", "a wrong check value", given: Step.issuer,
            when: putKey("00", "04", "05", Step.keyField(.aes, key, check: [1, 2, 3])), then: "6982"),
        CoreRule(
            "§11.8.2.3.3", "no check value for a symmetric key", given: Step.issuer,
            when: putKey("00", "04", "05", Step.keyField(.aes, key, check: [])), then: "6A80"),
        CoreRule(
            "§11.8.2.3", "version 0 for a new key", given: Step.issuer,
            when: putKey("00", "04", "00", Step.keyField(.aes, key)), then: "6A80"),
        CoreRule(
            "§11.8.2.3", "version 80 for a new key", given: Step.issuer,
            when: putKey("00", "04", "80", Step.keyField(.aes, key)), then: "6A80"),
        CoreRule(
            "§11.8.2.1", "replacing a version that is not there", given: Step.issuer,
            when: Step.putKeys(version: 1, replacing: 5), then: "6A88"),
        CoreRule(
            "§11.8.2.3.3", "replacing a key that is not there", given: own,
            when: putKey("01", "09", "01", Step.keyField(.aes, key)), then: "6A88"),
        CoreRule(
            "§11.8.2.3.3", "replacing with another algorithm", given: own,
            when: Step.putKeys(version: 1, replacing: 1, type: .des), then: "6A80"),
        CoreRule(
            "§11.8.2.3.3", "replacing with another size", given: own,
            when: putKey("01", "01", "01", Step.keyField(.aes, key + key)), then: "6A80"),
        CoreRule(
            "§11.8.1", "replacing a set under the same version", given: own,
            when: Step.putKeys(version: 1, replacing: 1, fill: 0x31), then: "*9000"),
        CoreRule(
            "§11.8.1", "replacing a set under a new version", given: own,
            when: Step.putKeys(version: 2, replacing: 1), then: "*9000"),
        CoreRule(
            "§7.5.1", "and the old version is gone", given: own + [Step.putKeys(version: 2, replacing: 1)],
            when: "80500100080102030405060708", then: "6A88"),
        CoreRule(
            "§7.5.1", "and the new one opens a session",
            given: own + [Step.putKeys(version: 2, replacing: 1)], when: "80500200080102030405060708",
            then: "9000"),
        CoreRule(
            "§11.8.1", "adding a key that is there", given: own, when: Step.putKeys(version: 1), then: "6A80"),
        CoreRule(
            "§11.8.1", "replacing under a version that has such keys",
            given: own + [Step.putKeys(version: 2)], when: Step.putKeys(version: 2, replacing: 1),
            then: "6A80"),
        CoreRule(
            "§11.8.2.2", "two keys where P2 says one", given: Step.issuer,
            when: putKey("00", "04", "05", Step.keyField(.aes, key) + Step.keyField(.aes, key)), then: "6A80"),
        CoreRule(
            "§11.8.2.3.1", "a key cut short", given: Step.issuer,
            when: putKey("00", "04", "05", String(Step.keyField(.aes, key).dropLast(8))), then: "6A80"),
        CoreRule(
            "Table 11-16", "a key type that is reserved", given: Step.issuer,
            when: putKey("00", "04", "05", "8110" + String(repeating: "00", count: 16) + "00"), then: "6A80"),
        CoreRule(
            "Table 11-16", "an AES key of fifteen bytes", given: Step.issuer,
            when: putKey("00", "04", "05", "8811" + "0F" + String(repeating: "00", count: 16) + "03000000"),
            then: "6A80"),
        CoreRule(
            "§11.8.2.3.2", "an RSA public key travels in the clear", given: Step.issuer,
            when: putKey(
                "00", "01", "70", "A180" + String(repeating: "C1", count: 128) + "A003010001" + "00"),
            then: "709000"),
        CoreRule(
            "§11.8.2.3.1", "the extended format keeps usage and access", given: Step.issuer,
            when: putKey("00", "04", "05", "FF" + Step.keyField(.aes, key) + "01180100"), then: "*9000"),
        CoreRule(
            "Java Cards", "the factory's keys go with the first set", given: own,
            when: "8050FF00080102030405060708", then: "6A88"),
        CoreRule(
            "§11.11.2.2", "STORE DATA that does not begin with block 0", given: Step.issuer,
            when: Step.storeData("90", 1, "420101"), then: "6A86"),
        CoreRule(
            "§11.11.2.3", "the IIN", given: Step.issuer, when: Step.storeData("90", 0, "4203112233"),
            then: "9000"),
        CoreRule(
            "§11.11.2.3", "and it can be read", given: Step.issuer + [Step.storeData("90", 0, "4203112233")],
            when: "80CA004200", then: "42031122339000"),
        CoreRule(
            "§11.11.2.3", "a structure over two blocks",
            given: Step.issuer + [Step.storeData("10", 0, "450411")], when: Step.storeData("90", 1, "223344"),
            then: "9000"),
        CoreRule(
            "§11.11.2.3", "a structure that the last block leaves open", given: Step.issuer,
            when: Step.storeData("90", 0, "450411"), then: "6A80"),
        CoreRule(
            "§11.11.2.3", "DGI 0070", given: Step.issuer,
            when: Step.storeData("88", 0, "007005" + "4203112233"), then: "9000"),
        CoreRule(
            "§11.11.2.3", "a DGI that is none", given: Step.issuer, when: Step.storeData("88", 0, "12340101"),
            then: "6A88"),
        CoreRule(
            "§11.11.2.3", "a tag that the domain does not keep", given: Step.issuer,
            when: Step.storeData("90", 0, "9F010101"), then: "6A88"),
        CoreRule(
            "§11.11.2.3", "the sequence counter cannot be stored", given: Step.issuer,
            when: Step.storeData("90", 0, "C1020000"), then: "6A80"),
        CoreRule(
            "§11.11.2.3", "the confirmation counter cannot be stored", given: Step.issuer,
            when: Step.storeData("90", 0, "C2020000"), then: "6A80"),
        CoreRule(
            "§11.11.2.3", "the memory report cannot be stored", given: Step.issuer,
            when: Step.storeData("90", 0, "FF210100"), then: "6A80"),
        CoreRule(
            "Table 11-89", "a data structure that is reserved", given: Step.issuer,
            when: Step.storeData("98", 0, "420101"), then: "6A86"),
        CoreRule(
            "Table 11-89", "an encryption that is reserved", given: Step.issuer,
            when: Step.storeData("D0", 0, "420101"), then: "6A86"),
        CoreRule(
            "§11.11.2.3", "the issuer domain's AID",
            given: Step.issuer + [Step.storeData("90", 0, "4F07" + domainA)], when: Step.select(domainA),
            then: "9000"),
        CoreRule(
            "§11.11.2.3", "an AID that another has", given: Step.issuer + [Step.domain(domainA)],
            when: Step.storeData("90", 0, "4F07" + domainA), then: "6A80"),
        CoreRule(
            "§11.11.2.3", "another domain's AID is not its own to change", given: keyless + on(domainA),
            when: Step.storeData("90", 0, "4F07" + domainB), then: "6A88"),
        CoreRule(
            "§7.4.2", "a supplementary domain keeps data of its own",
            given: keyless + on(domainA) + [Step.storeData("90", 0, "420155")], when: "80CA004200",
            then: "4201559000"),
        CoreRule(
            "Table 11-92", "a key by DGI 00B9 and 8113", given: Step.issuer,
            when: Step.storeData("88", 0, keyGroups(check: KeyCheck.value(.aes, key) ?? [])), then: "9000"),
        CoreRule(
            "Table 11-92", "a key by DGI with a wrong check value", given: Step.issuer,
            when: Step.storeData("88", 0, keyGroups(check: [9, 9, 9])), then: "6982"),
        CoreRule(
            "§11.11.4.1.1", "a key that was not announced", given: Step.issuer,
            when: Step.storeData("88", 0, "811310" + String(repeating: "00", count: 16)), then: "6A80"),
        CoreRule(
            "§11.11.4.1.1", "another group between announcement and key", given: Step.issuer,
            when: Step.storeData("88", 0, String(keyGroups(check: [1, 2, 3]).dropLast(38)) + "007003420101"),
            then: "6A80"),
    ]

    static func keyGroups(check: [UInt8]) -> String {
        let template = "950118" + "800188" + "810110" + "820101" + "830141" + "8403" + check.hex
        return "00B9" + ("B9" + template.counted).counted + "8113" + key.map { ~$0 }.hex.counted
    }

    static let reading: [CoreRule] = [
        CoreRule(
            "§11.3.3.1", "the IIN, with a GlobalPlatform class", when: "80CA004200",
            then: "420642455254480F9000"),
        CoreRule("§11.3.3.1", "the IIN, with an ISO class", when: "00CA004200", then: "42455254480F9000"),
        CoreRule("§11.3.3.2", "a tag that is not there", when: "80CA123400", then: "6A88"),
        CoreRule("§11.3.2.2", "data that are no tag list", when: "80CA0042015C00", then: "6A80"),
        CoreRule(
            "Table H-1", "the card recognition data", when: "80CA006600",
            then: "663E733C06072A864886FC6B01600C060A2A864886FC6B020203016309" + "06072A864886FC6B03"
                + "640B06092A864886FC6B040215" + "640B06092A864886FC6B0403609000"),
        CoreRule(
            "Table 11-28", "the key information", when: "80CA00E000",
            then: "E012C00401FF8810C00402FF8810C00403FF88109000"),
        CoreRule("§11.3.2.1", "no sequence counter with random challenges", when: "80CA00C100", then: "6A88"),
        CoreRule(
            "§11.3.2.1", "the sequence counter with pseudo-random ones", profile: "javacard-80k-predictable",
            when: "80CA00C100", then: "C1030000009000"),
        CoreRule(
            "§11.3.2.1", "the sequence counter of SCP02", profile: "javacard-80k-scp02", when: "80CA00C100",
            then: "C10200009000"),
        CoreRule(
            "§11.3.2.1", "and it moves", profile: "javacard-80k-predictable", given: Step.session,
            when: "80CA00C100", then: "C1030000019000"),
        CoreRule("§11.3.2.1", "the confirmation counter", when: "80CA00C200", then: "C20200009000"),
        CoreRule("§10.6", "the security level before a session", when: "80CA00D300", then: "D301009000"),
        CoreRule(
            "§10.6", "the security level in a session", given: Step.session, when: "80CA00D300",
            then: "D301809000"),
        CoreRule(
            "TS 102 226 §8.2.1.7.2", "the memory report of an empty card", when: "80CAFF2100",
            then: "FF2110810200008204" + UInt32(81920 - 5 * 32).bigEndianBytes.hex + "8304000010009000"),
        CoreRule(
            "TS 102 226 §8.2.1.7.2", "a report that misleads", profile: "javacard-80k-misleading",
            when: "80CAFF2100", then: "FF2110810200008204" + "00007FFF" + "8304000018009000"),
        CoreRule(
            "§11.3.2.1", "the list of applications", given: keyless, when: "80CA2F00025C0000",
            then: "610A4F08A000000151000000" + "61094F07" + domainA + "9000"),
        CoreRule(
            "§11.3.2.1", "the list of applications as a file", when: "00CB2F00025C0000",
            then: "610A4F08A0000001510000009000"),
        CoreRule(
            "§11.3.2.1", "the list of applications by the even instruction of ISO", when: "00CA2F00025C0000",
            then: "6A88"),
        CoreRule(
            "§11.3.2.2", "the list of applications without a tag list", when: "80CA2F0000", then: "6A80"),
        CoreRule(
            "§11.4.2.1", "the issuer domain", given: Step.issuer, when: Step.getStatus("80"),
            then: "E31D4F08A0000001510000009F700101C5039EFE80CC08A0000001510000009000"),
        CoreRule("§11.4.3.2", "no application", given: Step.issuer, when: Step.getStatus("40"), then: "6A88"),
        CoreRule(
            "§11.4.3.1", "an application", given: installed, when: Step.getStatus("40"),
            then: "E3244F07" + applet + "9F700107C503000000C406" + Bench.packageAID + "CC08" + Bench.issuer
                + "9000"),
        CoreRule(
            "§11.4.3.1", "load files", given: loaded,
            when: Step.getStatus("20", "02", "4F06" + Bench.packageAID),
            then: "E31A4F06" + Bench.packageAID + "9F700101CE020100CC08" + Bench.issuer + "9000"),
        CoreRule(
            "§11.4.3.1", "load files with modules", given: loaded,
            when: Step.getStatus("10", "02", "4F06" + Bench.packageAID + "5C0184"),
            then: "E312" + "8407" + Bench.appletAID + "8407" + Bench.secondAppletAID + "9000"),
        CoreRule(
            "§11.4.2.3", "a tag list", given: Step.issuer, when: Step.getStatus("80", "02", "4F005C039F70C5"),
            then: "E3099F700101C5039EFE809000"),
        CoreRule(
            "§11.4.2.3", "a partial name", given: installed,
            when: Step.getStatus("40", "02", "4F05F042657274"), then: "9000"),
        CoreRule(
            "§11.4.2.3", "a name nobody has", given: installed,
            when: Step.getStatus("40", "02", "4F05F042657275"), then: "6A88"),
        CoreRule("§11.4.2.3", "no search criterion", given: Step.issuer, when: "80F2400200", then: "6A80"),
        CoreRule(
            "§11.4.2.3", "a criterion before the AID", given: Step.issuer,
            when: Step.getStatus("40", "02", "5C014F"), then: "6A80"),
        CoreRule(
            "§11.4.2.1", "a P1 of no subset", given: Step.issuer, when: Step.getStatus("00"), then: "6A86"),
        CoreRule(
            "§11.4.2.1", "a P1 of two subsets", given: Step.issuer, when: Step.getStatus("60"), then: "6A86"),
        CoreRule(
            "§11.4.2.2", "next of the issuer domain", given: Step.issuer, when: Step.getStatus("80", "03"),
            then: "6A86"),
        CoreRule(
            "§11.4.2.2", "next without first", given: installed, when: Step.getStatus("40", "03"),
            then: "6985"),
        CoreRule(
            "§11.4.2.2", "next after everything", given: installed + [Step.getStatus("40")],
            when: Step.getStatus("40", "03"), then: "6985"),
        CoreRule(
            "§11.4.2.2", "the old format", given: installed, when: Step.getStatus("40", "00"),
            then: "07" + applet + "0700" + "9000"),
        CoreRule(
            "§11.4.2.2", "the old format of load files and modules", given: loaded,
            when: Step.getStatus("10", "00", "4F06" + Bench.packageAID),
            then: "06" + Bench.packageAID + "010002" + Bench.appletAID.counted + Bench.secondAppletAID.counted
                + "9000"),
        CoreRule(
            "§11.4.2.2", "the old format on a card without", profile: "uicc-64k",
            given: ["?" + Step.initialize, Step.authenticate], when: Step.getStatus("80", "00"), then: "6A86"),
        CoreRule(
            "§11.4.2.3", "a domain sees what is below it",
            given: withA + Step.loadApplets + [Step.forInstall(applet)] + on(domainA),
            when: Step.getStatus("40", "02", "4F005C014F"), then: "E3094F07" + domainA + "9000"),
        CoreRule(
            "§11.4.2.1", "and not the issuer domain", given: withA + on(domainA), when: Step.getStatus("80"),
            then: "6985"),
        CoreRule(
            "§9.1.3", "with Global Registry it sees everything",
            given: Step.issuer + Step.ownDomain(domainA, privileges: "800400"), when: Step.getStatus("80"),
            then: "9000"),
    ]
}
