import CardCrypto
import SmartCard

extension CoreRules {
    static let hash = Digest.sha256.hash(SampleCAP.applets).hex
    static let begun = Step.issuer + [Step.forLoad(Bench.packageAID)]
    static let loaded = Step.issuer + Step.loadApplets
    static let blocks = Step.loads(Step.loadFile(SampleCAP.applets))

    static func load(_ block: [UInt8], aid: String = Bench.packageAID, hash: String = "") -> (
        given: [String], when: String
    ) {
        let steps = Step.loads(Step.loadFile(block))
        return (
            Step.issuer + [Step.forLoad(aid, hash: hash)] + steps.dropLast(), steps.last ?? ""
        )
    }

    private static func loadRule(
        _ clause: String, _ situation: String, _ block: [UInt8], hash: String = "", then: String
    ) -> CoreRule {
        let (given, when) = load(block, hash: hash)
        return CoreRule(clause, situation, given: given, when: when, then: then)
    }

    static let loading: [CoreRule] = [
        CoreRule("§11.6", "LOAD without INSTALL", given: Step.issuer, when: "80E8800001C4", then: "6985"),
        CoreRule(
            "§11.5.3.1", "INSTALL [for load] answers 00", given: Step.issuer,
            when: Step.forLoad(Bench.packageAID), then: "009000"),
        CoreRule(
            "§11.6.3.1", "a LOAD that is not the last answers 00", given: begun, when: blocks[0],
            then: "009000"),
        CoreRule(
            "§11.6.2.2", "a first block that is not 00", given: begun, when: "80E8000101C4", then: "6A86"),
        CoreRule("§11.6.2.2", "a block twice", given: begun + [blocks[0]], when: blocks[0], then: "6A86"),
        CoreRule(
            "§11.6.2.2", "a block left out", given: begun + [blocks[0]], when: "80E8000201C4", then: "6A86"),
        CoreRule(
            "§9.3.5", "a refused LOAD ends the process", given: begun + [blocks[0], "?" + blocks[0]],
            when: blocks[1], then: "6985"),
        CoreRule("§11.6", "LOAD without data", given: begun, when: "80E80000", then: "6700"),
        CoreRule(
            "§9.3.5", "LOAD after the last block", given: begun + blocks, when: "80E8000301C4", then: "6985"),
        CoreRule(
            "§9.3.5", "LOAD after the domain was selected anew",
            given: begun + [Step.select(Bench.issuer)] + Step.session, when: blocks[0], then: "6985"),
        CoreRule(
            "§9.3.5", "a whole load file", given: begun + blocks.dropLast(), when: blocks[blocks.count - 1],
            then: "009000"),
        CoreRule(
            "§9.3.5", "a name that a load file has", given: loaded, when: Step.forLoad(Bench.packageAID),
            then: "6985"),
        CoreRule(
            "§9.3.5", "a name that an application has", given: installed, when: Step.forLoad(applet),
            then: "6985"),
        CoreRule(
            "§9.3.5", "for a domain that is not there", given: Step.issuer,
            when: Step.forLoad(Bench.packageAID, domain: other), then: "6A88"),
        CoreRule(
            "§9.3.5", "for an application that is no domain", given: installed,
            when: Step.forLoad(Bench.libraryAID, domain: applet), then: "6985"),
        CoreRule(
            "§9.3.5", "for a domain without keys", given: Step.issuer + [Step.domain(other)],
            when: Step.forLoad(Bench.packageAID, domain: other), then: "6985"),
        CoreRule(
            "§11.5.2.3.1", "a load file AID of four bytes", given: Step.issuer,
            when: Step.forLoad("A0000000"), then: "6A80"),
        CoreRule(
            "§11.5.2.3.1", "a hash of a length no function has", given: Step.issuer,
            when: Step.forLoad(Bench.packageAID, hash: "0102"), then: "6A80"),
        CoreRule(
            "§11.5.2.3.1", "a token that nothing asks for", given: Step.issuer,
            when: Step.forLoad(Bench.packageAID, token: "01020304"), then: "6A80"),
        CoreRule(
            "§11.5.2.3.1", "fields that end early", given: Step.issuer, when: "80E602000807F0426572740100",
            then: "6A80"),
        CoreRule(
            "§11.5.2.3.1", "bytes after the last field", given: Step.issuer,
            when: "80E602000D07F04265727401000000000000", then: "6A80"),
        CoreRule(
            "§11.5.2.1", "a P1 that combines load and install", given: Step.issuer, when: "80E606000107",
            then: "6A86"),
        CoreRule(
            "§11.5.2.2", "P2 of a combined process without it", given: Step.issuer,
            when: Step.install("02", p2: "01", Bench.packageAID.counted + "00000000"), then: "6A86"),
        CoreRule(
            "§9.7", "a minimum that is not there", given: Step.issuer,
            when: Step.forLoad(Bench.packageAID, parameters: "EF06C60400100000"), then: "6A84"),
        CoreRule(
            "§11.5.2.3.7", "code and data minimum count together", given: Step.issuer,
            when: Step.forLoad(Bench.packageAID, parameters: "EF0CC6040000C800C8040000C800"), then: "6A84"),
        CoreRule(
            "§9.7", "a volatile minimum that is not there", given: Step.issuer,
            when: Step.forLoad(Bench.packageAID, parameters: "EF04C7027FFF"), then: "6A84"),
        CoreRule(
            "§9.7", "a minimum that is there", given: Step.issuer,
            when: Step.forLoad(Bench.packageAID, parameters: "EF04C6021000"), then: "9000"),
        CoreRule(
            "§11.5.2.3.7", "an amount of three bytes", given: Step.issuer,
            when: Step.forLoad(Bench.packageAID, parameters: "EF05C603001000"), then: "6A80"),
        CoreRule(
            "§9.7", "a card without quotas does not look", profile: "uicc-64k",
            given: ["?" + Step.initialize, Step.authenticate],
            when: Step.forLoad(Bench.packageAID, parameters: "EF06C60400100000"), then: "6101"),
        loadRule("§9.2.2", "the right hash", SampleCAP.applets, hash: hash, then: "009000"),
        loadRule(
            "§9.2.2", "the hash of something else", SampleCAP.applets, hash: String(hash.reversed()),
            then: "6A80"),
        loadRule("§11.5.2.3.1", "another package than announced", SampleCAP.library, then: "6A80"),
        loadRule("JCVM §6.4", "no header", Array(SampleCAP.applets.dropFirst(20)), then: "6A80"),
        loadRule("JCVM §6", "a component cut short", Array(SampleCAP.applets.dropLast()), then: "6A80"),
        loadRule(
            "JCVM §6.7", "a package that nobody has",
            SampleCAP.block(
                Bench.packageAID, applets: [Bench.appletAID],
                imports: [SampleCAP.package(Bench.libraryAID, major: 1, minor: 0)], methodBytes: 10),
            then: "6438"),
        loadRule(
            "JCVM §4.5.3", "a newer minor version than there is",
            SampleCAP.block(
                Bench.packageAID, applets: [Bench.appletAID],
                imports: [SampleCAP.package("A0000000620101", major: 1, minor: 9)], methodBytes: 10),
            then: "6438"),
        loadRule(
            "JCVM §4.5.3", "another major version",
            SampleCAP.block(
                Bench.packageAID, applets: [Bench.appletAID],
                imports: [SampleCAP.package("A0000000620101", major: 2, minor: 0)], methodBytes: 10),
            then: "6438"),
        loadRule(
            "§6.5.1.1", "a module that the card has already",
            SampleCAP.block(Bench.packageAID, applets: [Bench.domainModule], imports: [], methodBytes: 10),
            then: "6A80"),
        CoreRule(
            "Table 11-58", "no data block", given: begun, when: "80E88000084F06010203040506", then: "6A80"),
        CoreRule(
            "Table 11-58", "an ICV before a plain block", given: begun,
            when: "80E880000DD3080102030405060708C40100", then: "6A80"),
        CoreRule(
            "§9.3.5", "a DAP block without a hash", given: begun,
            when: "80E8800014E20D4F05A000000001C30401020304C403010203", then: "6985"),
        CoreRule(
            "§9.3.5", "a DAP of a domain without the privilege",
            given: Step.issuer + [Step.forLoad(Bench.packageAID, hash: hash)],
            when: "80E8800019" + "E2104F08A000000151000000C30401020304" + "C405DECAFFED01" + "00",
            then: "6985"),
        CoreRule(
            "§9.3.5", "a ciphered block without a hash", given: begun, when: "80E8800007D405DECAFFED01",
            then: "6985"),
        CoreRule(
            "§9.1.2", "loading on another channel at the same time",
            given: Step.issuer + [
                Step.forLoad(Bench.packageAID), "0070000001", "8150000008010203040506070800",
                "8582000008AAAAAAAAAAAAAAAA",
            ],
            when: "81" + Step.forLoad(Bench.libraryAID).dropFirst(2), then: "6985"),
        CoreRule(
            "§9.3.8", "the combined process",
            given: Step.issuer + [Step.install("0E", p2: "01", Step.forLoadFields(Bench.packageAID) + "00")]
                + blocks,
            when: Step.install(
                "0E", p2: "03", "00" + Bench.appletAID.counted + applet.counted + "0100" + "02C900" + "00"),
            then: "009000"),
        CoreRule(
            "§9.3.8", "the end of a combined process before its load file",
            given: Step.issuer + [Step.install("0E", p2: "01", Step.forLoadFields(Bench.packageAID) + "00")],
            when: Step.install(
                "0E", p2: "03", "00" + Bench.appletAID.counted + applet.counted + "0100" + "02C900" + "00"),
            then: "6985"),
        CoreRule(
            "§11.5.2.3.2", "the end of a combined process for another load file",
            given: Step.issuer + [Step.install("0E", p2: "01", Step.forLoadFields(Bench.packageAID) + "00")]
                + blocks,
            when: Step.install(
                "0E", p2: "03",
                Bench.libraryAID.counted + Bench.appletAID.counted + applet.counted + "0100" + "02C900" + "00"
            ), then: "6A80"),
    ]

    static func installing(_ fields: String) -> String { Step.install("0C", fields) }

    static let installing: [CoreRule] = [
        CoreRule(
            "§11.5.3.1", "INSTALL [for install and make selectable]", given: loaded,
            when: Step.forInstall(applet), then: "009000"),
        CoreRule(
            "§9.3.6", "a module that is not there", given: loaded,
            when: Step.forInstall(Bench.packageAID, other, applet), then: "6A88"),
        CoreRule(
            "§9.3.6", "a load file that is not there", given: Step.issuer, when: Step.forInstall(applet),
            then: "6A88"),
        CoreRule(
            "§9.3.6", "a name that an application has", given: installed, when: Step.forInstall(applet),
            then: "6985"),
        CoreRule(
            "§9.3.6", "a name that a load file has", given: loaded, when: Step.forInstall(Bench.packageAID),
            then: "6985"),
        CoreRule(
            "§6.5.1.1", "the name of its module", given: loaded, when: Step.forInstall(Bench.appletAID),
            then: "9000"),
        CoreRule(
            "§11.5.2.3.2", "no load file named", given: loaded,
            when: Step.install("0C", "00" + Bench.appletAID.counted + applet.counted + "010002C90000"),
            then: "6A80"),
        CoreRule(
            "§11.5.2.3.2", "privileges of two bytes", given: loaded,
            when: Step.forInstall(applet, privileges: "0000"), then: "6A80"),
        CoreRule(
            "§11.5.2.3.2", "parameters that are no TLV", given: loaded,
            when: Step.forInstall(applet, parameters: "C905"), then: "6A80"),
        CoreRule(
            "§11.5.2.3.2", "a token that nothing asks for", given: loaded,
            when: Step.forInstall(applet, token: "01"), then: "6A80"),
        CoreRule(
            "§9.3.6", "an application that refuses its parameters", given: loaded,
            when: Step.forInstall(applet, parameters: "C901EE"), then: "6A80"),
        CoreRule(
            "Table 6-1", "DAP Verification without Security Domain", given: loaded,
            when: Step.forInstall(applet, privileges: "400000"), then: "6A80"),
        CoreRule(
            "Table 6-1", "Delegated Management without Security Domain", given: loaded,
            when: Step.forInstall(applet, privileges: "200000"), then: "6A80"),
        CoreRule(
            "Table 6-1", "Mandated DAP without Security Domain", given: loaded,
            when: Step.forInstall(applet, privileges: "010000"), then: "6A80"),
        CoreRule(
            "Table 6-1", "Authorized Management without Security Domain", given: loaded,
            when: Step.forInstall(applet, privileges: "004000"), then: "6A80"),
        CoreRule(
            "Table 6-1", "Token Verification without Security Domain", given: loaded,
            when: Step.forInstall(applet, privileges: "002000"), then: "6A80"),
        CoreRule(
            "Table 6-1", "Receipt Generation without Security Domain", given: loaded,
            when: Step.forInstall(applet, privileges: "000080"), then: "6A80"),
        CoreRule(
            "Table 6-1", "Mandated DAP without DAP Verification", given: Step.issuer,
            when: Step.domain(other, privileges: "810000"), then: "6A80"),
        CoreRule(
            "§6.6.2", "Authorized and Delegated Management together", given: Step.issuer,
            when: Step.domain(other, privileges: "A04000"), then: "6A80"),
        CoreRule(
            "§6.6.2", "Token Verification and Delegated Management together", given: Step.issuer,
            when: Step.domain(other, privileges: "A02000"), then: "6A80"),
        CoreRule(
            "§6.6.2", "Receipt Generation and Delegated Management together", given: Step.issuer,
            when: Step.domain(other, privileges: "A00080"), then: "6A80"),
        CoreRule(
            "Table 6-1", "the Security Domain privilege for a module that is none", given: loaded,
            when: Step.forInstall(applet, privileges: "80"), then: "6A80"),
        CoreRule(
            "Table 6-1", "a domain's module without the privilege", given: Step.issuer,
            when: Step.domain(other, privileges: "00"), then: "6A80"),
        CoreRule(
            "§6.6.2", "Card Reset goes to an application", given: loaded,
            when: Step.forInstall(applet, privileges: "04"), then: "9000"),
        CoreRule(
            "§6.6.2", "Card Reset a second time", given: loaded + [Step.forInstall(applet, privileges: "04")],
            when: Step.forInstall(other, privileges: "04"), then: "6985"),
        CoreRule(
            "§6.6.2", "Card Reset again after its holder was deleted",
            given: loaded + [Step.forInstall(applet, privileges: "04"), Step.delete(applet)],
            when: Step.forInstall(other, privileges: "04"), then: "9000"),
        CoreRule(
            "§11.5.2.3.2", "Card Reset without being made selectable", given: loaded,
            when: Step.forInstall(applet, privileges: "04", p1: "04"), then: "6A80"),
        CoreRule(
            "§6.6.2", "Final Application a second time",
            given: loaded + [Step.forInstall(applet, privileges: "000200")],
            when: Step.forInstall(other, privileges: "000200"), then: "6985"),
        CoreRule(
            "§6.6.2", "Final Application again after it was revoked",
            given: loaded + [
                Step.forInstall(applet, privileges: "000200"),
                Step.registryUpdate(applet, privileges: "000000"),
            ], when: Step.forInstall(other, privileges: "000200"), then: "9000"),
        CoreRule(
            "§9.7", "a quota below the reserve", given: loaded,
            when: Step.forInstall(applet, parameters: "C900EF08C8020100D8020200"), then: "6A80"),
        CoreRule(
            "§9.7", "a reserve that is not there", given: loaded,
            when: Step.forInstall(applet, parameters: "C900EF06D80400020000"), then: "6A84"),
        CoreRule(
            "§9.7", "a quota below what installation takes", given: loaded,
            when: Step.forInstall(applet, parameters: "C900EF04C8020040"), then: "6A84"),
        CoreRule(
            "§9.7", "a volatile quota below what installation takes", given: loaded,
            when: Step.forInstall(applet, parameters: "C900EF04C7020004"), then: "6A84"),
        CoreRule(
            "§9.7", "a quota that is enough", given: loaded,
            when: Step.forInstall(applet, parameters: "C900EF04C8020200"), then: "9000"),
        CoreRule(
            "§9.3.7", "make selectable", given: loaded + [Step.forInstall(applet, p1: "04")],
            when: Step.makeSelectable(applet), then: "009000"),
        CoreRule(
            "§9.3.7", "make selectable twice", given: installed, when: Step.makeSelectable(applet),
            then: "6985"),
        CoreRule(
            "§9.3.7", "make selectable what is not there", given: Step.issuer,
            when: Step.makeSelectable(applet), then: "6A88"),
        CoreRule(
            "§11.5.2.3.3", "make selectable with a load file named",
            given: loaded + [Step.forInstall(applet, p1: "04")],
            when: Step.install("08", Bench.packageAID.counted + "00" + applet.counted + "01000000"),
            then: "6A80"),
        CoreRule(
            "§11.5.2.3.7", "an implicit selection parameter of two bytes", given: loaded,
            when: Step.forInstall(applet, parameters: "C900EF04CF020041"), then: "6A80"),
        CoreRule(
            "§11.5.2.3.7", "an implicit selection parameter without make selectable", given: loaded,
            when: Step.forInstall(applet, parameters: "C900EF03CF0141", p1: "04"), then: "6A80"),
        CoreRule(
            "§11.1.7", "an implicit selection for a channel the card has not", given: loaded,
            when: Step.forInstall(applet, parameters: "C900EF03CF0145"), then: "6A80"),
        CoreRule(
            "§8.1.3", "a service name of one byte", given: loaded,
            when: Step.forInstall(applet, parameters: "C900EF03CB0181"), then: "6A80"),
        CoreRule(
            "Table 11-53", "install after the card was restricted",
            given: loaded + [Step.registryUpdate("", parameters: "EF03D90104")],
            when: Step.forInstall(applet), then: "6985"),
        CoreRule(
            "Table 11-53", "load after the card was restricted",
            given: Step.issuer + [Step.registryUpdate("", parameters: "EF03D90102")],
            when: Step.forLoad(Bench.packageAID), then: "6985"),
        CoreRule(
            "Table 11-53", "delete after the card was restricted",
            given: installed + [Step.registryUpdate("", parameters: "EF03D90101")], when: Step.delete(applet),
            then: "6985"),
        CoreRule(
            "Table 11-53", "extradition after the card was restricted",
            given: installed + [Step.registryUpdate("", parameters: "EF03D90110")],
            when: Step.extradite(applet, to: Bench.issuer), then: "6985"),
        CoreRule(
            "Table 11-53", "make selectable after the card was restricted",
            given: installed + [Step.registryUpdate("", parameters: "EF03D90108")],
            when: Step.makeSelectable(applet), then: "6985"),
        CoreRule(
            "Table 11-53", "personalization after the card was restricted",
            given: installed + [Step.registryUpdate("", parameters: "EF03D90120")],
            when: Step.personalize(applet), then: "6985"),
        CoreRule(
            "Table 11-53", "registry update after the card was restricted",
            given: installed + [Step.registryUpdate("", parameters: "EF03D90140")],
            when: Step.registryUpdate(applet, privileges: "00"), then: "6985"),
        CoreRule(
            "§9.4.2.1", "a restriction of the card without saying which", given: Step.issuer,
            when: Step.registryUpdate(""), then: "6A80"),
        CoreRule(
            "§11.5.2.3.6", "personalization of what is not there", given: Step.issuer,
            when: Step.personalize(applet), then: "6A88"),
        CoreRule(
            "§11.5.2.3.6", "personalization with another field filled", given: installed,
            when: Step.install("20", "0000" + applet.counted + "010000"), then: "6A80"),
        CoreRule(
            "§7.3.2", "personalization of an application of another domain",
            given: installed + [Step.domain(other)] + [Step.select(other)] + Step.session,
            when: Step.personalize(applet), then: "6985"),
        CoreRule(
            "§11.11.3", "STORE DATA to an application, case 4", given: installed + [Step.personalize(applet)],
            when: "80E2810004AABBCCDD00", then: "CCDD9000"),
        CoreRule(
            "§11.11.3.1", "STORE DATA to an application that answers, case 3",
            given: installed + [Step.personalize(applet)], when: "80E2800004AABBCCDD", then: "6A86"),
        CoreRule(
            "§11.11.2.2", "a wrong block number",
            given: installed + [Step.personalize(applet), "80E2000002AABB"], when: "80E2800002AABB",
            then: "6A86"),
        CoreRule(
            "§11.11.1", "after the last block the domain is meant again",
            given: installed + [Step.personalize(applet), "80E2800002AABB"], when: "80E2900003420101",
            then: "9000"),
    ]
}
