extension CoreRules {
    static let applet = "F0426572740A01"
    static let other = "F0426572740A02"
    static let installed = Step.issuer + Step.loadApplets + [Step.forInstall(applet)]

    static let dispatch: [CoreRule] = [
        CoreRule("ISO 7816-4 §5.1", "a command of three bytes", when: "00A404", then: "6700"),
        CoreRule("ISO 7816-4 §5.1", "data shorter than Lc", when: "00A4040008A000", then: "6700"),
        CoreRule("ISO 7816-4 §5.1", "data longer than Lc", when: "00A4040001A000FF", then: "6700"),
        CoreRule(
            "§11.1.5", "an extended length on a card without", when: "00A40400000008A000000151000000",
            then: "6700"),
        CoreRule("ISO 7816-4 §5.4.1", "the class FF", when: "FFA4040000", then: "6E00"),
        CoreRule("§6.3", "a channel that is not open", when: "01A4040000", then: "6881"),
        CoreRule("§6.3", "a channel that the card does not have", when: "4FA4040000", then: "6881"),
        CoreRule("§11.1.3", "an instruction nobody knows", when: "80FF000000", then: "6D00"),
        CoreRule("§11.1.3", "an ISO instruction nobody knows", when: "00B0000000", then: "6D00"),
        CoreRule("§11.1.3", "INSTALL with an ISO class", when: "00E6020000", then: "6E00"),
        CoreRule("§11.1.3", "MANAGE CHANNEL with a GlobalPlatform class", when: "8070000001", then: "6E00"),
        CoreRule("§11.1.3", "SELECT with a GlobalPlatform class", when: "80A4040000", then: "6E00"),
        CoreRule("§11.1.4", "ISO command chaining", when: "90F28002024F0000", then: "6884"),
        CoreRule("§11.1.4", "secure messaging in the form of ISO", when: "8CF28002024F0000", then: "6882"),
        CoreRule("Table 11-2", "GET STATUS without a session", when: "80F28002024F0000", then: "6982"),
        CoreRule(
            "Table 11-2", "INSTALL without a session", when: Step.forLoad(Bench.packageAID), then: "6982"),
        CoreRule("Table 11-2", "LOAD without a session", when: "80E8800001C400", then: "6982"),
        CoreRule("Table 11-2", "DELETE without a session", when: Step.delete(applet), then: "6982"),
        CoreRule("Table 11-2", "PUT KEY without a session", when: Step.putKeys(version: 1), then: "6982"),
        CoreRule("Table 11-2", "SET STATUS without a session", when: "80F0800700", then: "6982"),
        CoreRule("Table 11-2", "STORE DATA without a session", when: "80E2900003420101", then: "6982"),
        CoreRule("Table 11-2", "GET DATA needs none", when: "80CA004200", then: "9000"),
        CoreRule("§10.2", "secure messaging without a session", when: "84F28002024F0000", then: "6982"),
        CoreRule(
            "§10.4", "EXTERNAL AUTHENTICATE before INITIALIZE UPDATE", when: Step.authenticate, then: "6985"),
        CoreRule(
            "§10.4", "EXTERNAL AUTHENTICATE twice", given: Step.session, when: Step.authenticate, then: "6985"
        ),
        CoreRule(
            "§10.4", "a wrong host cryptogram", given: [Step.initialize],
            when: "8482000008AAAAAAAAAAAAAAAB", then: "6300"),
        CoreRule(
            "§E.1.2.1", "another command between the two of authentication",
            given: [Step.initialize, "80CA004200"], when: Step.authenticate, then: "6985"),
        CoreRule(
            "§E.5.1.7", "a key version that is not there", when: "80501100080102030405060708", then: "6A88"),
        CoreRule("§E.5.1", "a host challenge of seven bytes", when: "805000000701020304050607", then: "6700"),
        CoreRule(
            "§10.2.3", "a new SELECT ends the session", given: Step.issuer + [Step.select(Bench.issuer)],
            when: Step.getStatus("80"), then: "6982"),
        CoreRule("§11.7", "opening a channel", when: "0070000001", then: "019000"),
        CoreRule(
            "§11.7", "opening a second channel", given: ["0070000001"], when: "0070000001", then: "029000"),
        CoreRule(
            "§11.7", "opening more than there are", given: ["0070000001", "0070000001", "0070000001"],
            when: "0070000001", then: "6A81"),
        CoreRule("§11.7", "closing a channel", given: ["0070000001"], when: "00708001", then: "9000"),
        CoreRule("§11.7.3.2", "closing a closed channel", when: "00708001", then: "6200"),
        CoreRule("§11.7", "closing the basic channel", when: "00708000", then: "6A86"),
        CoreRule("§11.7", "closing a channel beyond", when: "00708005", then: "6A86"),
        CoreRule("§11.7.2.1", "a P1 that is neither", when: "0070010001", then: "6A86"),
        CoreRule("§11.7.2.3", "data with MANAGE CHANNEL", when: "007000000100", then: "6700"),
        CoreRule("§11.7.3.2", "MANAGE CHANNEL with secure messaging", when: "0470000001", then: "6882"),
        CoreRule(
            "§6.4.3.2", "a channel opened from another takes over its application",
            given: installed + ["0070000001", "01A40400" + Bench.issuer.counted + "00", "0170000001"],
            when: "82CA004200", then: "9000"),
        CoreRule(
            "§6.4.2.2", "an application that cannot be selected twice keeps a channel closed",
            given: installed + [
                Step.registryUpdate(applet, parameters: "EF03CF0141"), Step.select(applet),
            ], when: "0070000001", then: "6985"),
        CoreRule(
            "§10.1", "a session belongs to its channel", given: Step.session + ["0070000001"],
            when: "81F28002024F0000", then: "6982"),
        CoreRule(
            "§11.1.5.1", "another command inside a chain", given: Step.issuer + ["80E6820002" + "0102"],
            when: Step.getStatus("80"), then: "6985"),
        CoreRule(
            "§11.1.5.1", "a chain of INSTALL", given: Step.issuer + ["80E6820007" + Bench.packageAID.counted],
            when: "80E602000400000000" + "00", then: "9000"),
        CoreRule(
            "§11.1.5.1", "a chain of INSTALL for something else",
            given: Step.issuer + ["80E6820007" + Bench.packageAID.counted], when: "80E604000400000000",
            then: "6985"),
        CoreRule(
            "§11.1.5.1", "a chain before a session", when: "80E6820007" + Bench.packageAID.counted,
            then: "6982"),
        CoreRule(
            "ISO 7816-3 §12.2.2", "T=0: case 4 is announced", profile: "small-16k",
            when: "00A4040008" + Bench.issuer, then: "6112"),
        CoreRule(
            "ISO 7816-3 §12.2.2", "T=0: GET RESPONSE gives it", profile: "small-16k",
            given: ["?00A4040008" + Bench.issuer], when: "00C0000012",
            then: "6F108408A000000151000000A5049F6501FF9000"),
        CoreRule(
            "ISO 7816-3 §12.2.2", "T=0: GET RESPONSE for more than there is", profile: "small-16k",
            given: ["?00A4040008" + Bench.issuer], when: "00C0000013", then: "6C12"),
        CoreRule(
            "ISO 7816-3 §12.2.2", "T=0: GET RESPONSE in parts", profile: "small-16k",
            given: ["?00A4040008" + Bench.issuer], when: "00C0000002", then: "6F106110"),
        CoreRule(
            "ISO 7816-3 §10.3.3", "T=0: case 2 with a wrong Le", profile: "small-16k", when: "80CA004200",
            then: "6C08"),
        CoreRule(
            "ISO 7816-3 §10.3.3", "T=0: case 2 with the right Le", profile: "small-16k", when: "80CA004208",
            then: "420642455254480F9000"),
        CoreRule(
            "ISO 7816-4 §5.3.4", "GET RESPONSE with nothing waiting", profile: "small-16k",
            when: "00C0000010",
            then: "6985"),
        CoreRule(
            "ISO 7816-4 §5.3.4", "an answer that waits is lost with the next command", profile: "small-16k",
            given: ["?00A4040008" + Bench.issuer, "80CA004208"], when: "00C0000012", then: "6985"),
        CoreRule(
            "ISO 7816-3 §10.3.3", "a wrong Le does not open a channel twice", profile: "small-16k",
            given: ["?0070000000", "?0070000001"], when: "0070000001", then: "029000"),
        CoreRule(
            "ISO 7816-4 §5.3.4", "T=1: an Le that is too small", when: "80CA004204", then: "6C08"),
    ]

    static let selection: [CoreRule] = [
        CoreRule(
            "Habits", "SELECT without a name is refused by some cards", profile: "javacard-80k-quirky",
            when: "00A4040000", then: "6A87"),
        CoreRule(
            "Habits", "some cards name themselves wrongly", profile: "javacard-80k-quirky",
            when: Step.select(Bench.issuer), then: "6F0F8407A0000001510000A5049F6501FF9000"),
        CoreRule(
            "§11.9.3", "the issuer domain by its name", when: Step.select(Bench.issuer),
            then: "6F108408A000000151000000A5049F6501FF9000"),
        CoreRule(
            "§6.4.2.1.2", "SELECT without a name", when: "00A4040000",
            then: "6F108408A000000151000000A5049F6501FF9000"),
        CoreRule("§6.4.2.1.2", "a partial name", when: Step.select("A000000151"), then: "9000"),
        CoreRule("§11.9.3.2", "a name nobody has", when: Step.select("A0000000010203"), then: "6A82"),
        CoreRule("§11.9.2.2", "a P2 that is neither", when: "00A4040100", then: "6A86"),
        CoreRule(
            "§11.9.2.2, ISO 7816-4", "file control parameters are asked for, as UICC tools do",
            when: "00A4040408A00000015100000000", then: "6F108408A000000151000000A5049F6501FF9000"),
        CoreRule(
            "§11.9.2.2, ISO 7816-4", "next occurrence with file control parameters, before any first",
            when: "00A4040605A000000151", then: "6985"),
        CoreRule("§11.9.2.2", "a P2 beyond what ISO 7816-4 has", when: "00A4041000", then: "6A86"),
        CoreRule(
            "§11.9.2.1", "another P1 goes to the domain, which knows none", when: "00A4000C023F00",
            then: "6A86"),
        CoreRule(
            "§11.9.2.3", "a name of seventeen bytes", when: Step.select(String(repeating: "A0", count: 17)),
            then: "6700"),
        CoreRule("§11.9.3.2", "SELECT with secure messaging", when: "04A4040000", then: "6882"),
        CoreRule(
            "§6.4.2.1.2", "next occurrence before any first", when: "00A4040205A000000151", then: "6985"),
        CoreRule(
            "§6.4.2.1.2", "next occurrence, after the last", given: [Step.select("A000000151")],
            when: "00A4040205A000000151", then: "6A82"),
        CoreRule(
            "§6.4.2.1.2", "next occurrence",
            given: Step.issuer + [Step.domain("A00000015155"), Step.select("A000000151")],
            when: "00A4040205A00000015100", then: "6F0E8406A00000015155A5049F6501FF9000"),
        CoreRule(
            "§6.5.1.1", "a load file cannot be selected", given: Step.issuer + Step.loadApplets,
            when: Step.select(Bench.packageAID), then: "6A82"),
        CoreRule(
            "§9.3.6", "an installed application is selected", given: installed, when: Step.select(applet),
            then: "6F009000"),
        CoreRule(
            "§6.4.2.1.2", "an application that is INSTALLED only",
            given: Step.issuer + Step.loadApplets + [Step.forInstall(applet, p1: "04")],
            when: Step.select(applet), then: "6A82"),
        CoreRule(
            "§6.4.2.1.2", "a locked application",
            given: installed + [Step.setStatus("40", "80", applet)], when: Step.select(applet), then: "6A82"),
        CoreRule(
            "§6.4.2.1.2", "the search goes past a locked application",
            given: installed + [Step.forInstall(other), Step.setStatus("40", "80", applet)],
            when: Step.select("F0426572740A"), then: "6F009000"),
        CoreRule(
            "§6.4.3.1.2", "an application on two channels",
            given: installed + ["0070000001", Step.select(applet)], when: "01A40400" + applet.counted + "00",
            then: "6999"),
        CoreRule(
            "§6.4.2.1.2", "a domain on two channels", given: ["0070000001"],
            when: "01A40400" + Bench.issuer.counted + "00", then: "9000"),
        CoreRule(
            "§6.4.1", "an application nobody executes is selected",
            given: Step.issuer + Step.loadApplets
                + [Step.forInstall(Bench.packageAID, Bench.secondAppletAID, other)],
            when: Step.select(other), then: "9000"),
        CoreRule(
            "§6.3", "and answers 6D00 to commands of its own",
            given: Step.issuer + Step.loadApplets
                + [Step.forInstall(Bench.packageAID, Bench.secondAppletAID, other), Step.select(other)],
            when: "0001000000", then: "6D00"),
        CoreRule(
            "§6.4.2.1.2", "a SELECT that matches nothing goes to the selected application",
            given: installed + [Step.select(applet)], when: Step.select("A0000000010203"), then: "6D00"),
        CoreRule(
            "§6.4.1", "the implicit selection parameter gives a channel its application",
            given: installed + [
                Step.registryUpdate(applet, parameters: "EF03CF0141"), "0070000001",
            ], when: "0102000000", then: "00009000"),
        CoreRule(
            "§6.4.1", "a second application for the same channel",
            given: installed + [
                Step.forInstall(other), Step.registryUpdate(applet, parameters: "EF03CF0141"),
            ], when: Step.registryUpdate(other, parameters: "EF03CF0141"), then: "6985"),
    ]
}
