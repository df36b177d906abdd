extension CoreRules {
    static let domainA = "D0426572740A01"
    static let domainB = "D0426572740A02"
    static let managing = "804000"
    static let keyless = Step.issuer + [Step.domain(domainA)]
    /// Domain A with keys and Authorized Management; the issuer domain is selected.
    static let withA = Step.issuer + Step.ownDomain(domainA, privileges: managing) + Step.issuer
    static let withBoth = withA + Step.ownDomain(domainB, privileges: managing) + Step.issuer
    static func on(_ domain: String) -> [String] { [Step.select(domain)] + Step.session }

    static let domains: [CoreRule] = [
        CoreRule(
            "§9.3.6", "a supplementary domain", given: Step.issuer, when: Step.domain(domainA), then: "009000"
        ),
        CoreRule(
            "§7.2", "a domain without keys uses those of the one above",
            given: keyless + [Step.select(domainA), Step.initialize], when: Step.authenticate, then: "9000"),
        CoreRule(
            "§5.3.2.2", "a domain without keys manages nothing",
            given: Step.issuer + [Step.domain(domainA, privileges: managing)] + on(domainA),
            when: Step.forLoad(Bench.packageAID), then: "6985"),
        CoreRule(
            "§9.1.3.2", "a domain without a management privilege",
            given: Step.issuer + Step.ownDomain(domainA, privileges: "80"),
            when: Step.forLoad(Bench.packageAID), then: "6985"),
        CoreRule(
            "§9.1.3.2", "a domain with Authorized Management loads", given: withA + on(domainA),
            when: Step.forLoad(Bench.packageAID), then: "9000"),
        CoreRule(
            "§5.3.2.3", "its own keys make a domain PERSONALIZED", given: withA,
            when: Step.getStatus("40", "02", "4F07" + domainA + "5C029F70"), then: "E3049F70010F9000"),
        CoreRule(
            "§7.2", "the keys of the one above no longer open it",
            given: Step.issuer + Step.ownDomain(domainA, privileges: "80"),
            when: "80503000080102030405060708", then: "6A88"),
        CoreRule(
            "§9.3.6", "a domain cannot be a child of one that is not there", given: Step.issuer,
            when: Step.extradite(domainA, to: Bench.issuer), then: "6A88"),
        CoreRule(
            "§9.4.1", "extradition of an application",
            given: withA + Step.loadApplets + [Step.forInstall(applet)],
            when: Step.extradite(applet, to: domainA), then: "009000"),
        CoreRule(
            "§9.4.1", "extradition of a load file", given: withA + Step.loadApplets,
            when: Step.extradite(Bench.packageAID, to: domainA), then: "009000"),
        CoreRule(
            "§9.4.1", "extradition to a domain without keys",
            given: keyless + Step.loadApplets + [Step.forInstall(applet)],
            when: Step.extradite(applet, to: domainA), then: "6985"),
        CoreRule(
            "§9.4.1", "extradition to an application", given: installed + [Step.forInstall(other)],
            when: Step.extradite(applet, to: other), then: "6985"),
        CoreRule(
            "§9.4.1", "extradition to nobody", given: installed, when: Step.extradite(applet, to: domainA),
            then: "6A88"),
        CoreRule(
            "§9.4.1", "extradition of a load file to a DAP domain",
            given: Step.issuer + Step.ownDomain(domainA, privileges: "C04000") + Step.issuer,
            when: Step.extradite(Bench.domainPackage, to: domainA), then: "6985"),
        CoreRule(
            "§7.2", "the issuer domain is not extradited", given: withA,
            when: Step.extradite(Bench.issuer, to: domainA), then: "6985"),
        CoreRule(
            "§7.2", "a domain is extradited to itself", given: withA,
            when: Step.extradite(domainA, to: domainA), then: "009000"),
        CoreRule(
            "§7.2", "a domain cannot go below its own child",
            given: withBoth + [Step.extradite(domainB, to: domainA)],
            when: Step.extradite(domainA, to: domainB), then: "6985"),
        CoreRule(
            "§7.2", "what was extradited to itself is out of reach",
            given: withA + [Step.extradite(domainA, to: domainA)],
            when: Step.extradite(domainA, to: Bench.issuer), then: "6985"),
        CoreRule(
            "§9.4.1", "extradition by a domain that is not above",
            given: withBoth + Step.loadApplets + [Step.forInstall(applet)] + on(domainA),
            when: Step.extradite(applet, to: domainA), then: "6985"),
        CoreRule(
            "§11.5.2.3.4", "extradition with a filled empty field", given: installed,
            when: Step.install("10", Bench.issuer.counted + "0101" + applet.counted + "000000"), then: "6A80"),
        CoreRule(
            "§9.4.2.2", "extradition by registry update",
            given: withA + Step.loadApplets + [Step.forInstall(applet)],
            when: Step.registryUpdate(applet, to: domainA), then: "009000"),
        CoreRule(
            "§11.5.2.3.5", "a registry update is all or nothing", given: installed,
            when: Step.registryUpdate(applet, to: domainA, privileges: "10"), then: "6A88"),
        CoreRule(
            "§11.5.2.3.5", "a registry update of what is not there", given: Step.issuer,
            when: Step.registryUpdate(applet, privileges: "00"), then: "6A88"),
        CoreRule(
            "§6.6.2", "privileges may be given later", given: installed,
            when: Step.registryUpdate(applet, privileges: "100000"), then: "9000"),
        CoreRule(
            "§6.6.2", "an application does not become a domain", given: installed,
            when: Step.registryUpdate(applet, privileges: "800000"), then: "6A80"),
        CoreRule(
            "§6.6.2", "a domain does not stop to be one", given: withA,
            when: Step.registryUpdate(domainA, privileges: "000000"), then: "6A80"),
        CoreRule(
            "§6.6.2", "two privileges that exclude each other, later", given: withA,
            when: Step.registryUpdate(domainA, privileges: "A04000"), then: "6A80"),
        CoreRule(
            "Table 11-53", "a domain is restricted",
            given: withA + [Step.registryUpdate(domainA, parameters: "EF03D90102")] + on(domainA),
            when: Step.forLoad(Bench.packageAID), then: "6985"),
        CoreRule(
            "Table 11-53", "and others are not",
            given: withA + [Step.registryUpdate(domainA, parameters: "EF03D90102")],
            when: Step.forLoad(Bench.packageAID), then: "9000"),
        CoreRule(
            "Table 11-53", "an application has nothing to restrict", given: installed,
            when: Step.registryUpdate(applet, parameters: "EF03D90102"), then: "6A80"),
        CoreRule(
            "§9.4.2.1", "restricting the card needs Global Lock", given: withA + on(domainA),
            when: Step.registryUpdate("", parameters: "EF03D90102"), then: "6985"),
        CoreRule(
            "§9.3.3", "an application belongs to the domain of its load file",
            given: withA + Step.load(Bench.packageAID, SampleCAP.applets, domain: domainA) + [
                Step.forInstall(applet)
            ], when: Step.getStatus("40", "02", "4F07" + applet + "5C01CC"),
            then: "E309CC07" + domainA + "9000"),
        CoreRule(
            "§9.3.3", "a domain belongs to the one that installed it",
            given: withA + on(domainA) + [Step.domain(domainB)],
            when: Step.getStatus("40", "02", "4F07" + domainB + "5C01CC"), then: "E309CC07" + domainA + "9000"
        ),
        CoreRule(
            "§9.2.1", "mandated DAP: a load file without",
            given: Step.issuer + Step.ownDomain(domainA, privileges: "C10000") + Step.issuer + [
                Step.forLoad(Bench.packageAID, hash: hash)
            ] + blocks.dropLast(), when: blocks[blocks.count - 1], then: "6985"),
    ]

    static let removal: [CoreRule] = [
        CoreRule("§9.5.1", "an application", given: installed, when: Step.delete(applet), then: "009000"),
        CoreRule(
            "§11.2.3.2", "what is not there", given: Step.issuer, when: Step.delete(applet), then: "6A88"),
        CoreRule(
            "§9.5.2", "a load file with instances", given: installed, when: Step.delete(Bench.packageAID),
            then: "6985"),
        CoreRule(
            "§9.5.3", "a load file with related objects", given: installed + [Step.forInstall(other)],
            when: Step.delete(Bench.packageAID, related: true), then: "009000"),
        CoreRule(
            "§9.5.2", "a load file without instances", given: loaded, when: Step.delete(Bench.packageAID),
            then: "009000"),
        CoreRule(
            "§9.5.2", "a library that is imported",
            given: Step.issuer + Step.loadLibrary + Step.load(Bench.packageAID, importing),
            when: Step.delete(Bench.libraryAID), then: "6985"),
        CoreRule(
            "§9.5.3", "a library that is imported, with related objects",
            given: Step.issuer + Step.loadLibrary + Step.load(Bench.packageAID, importing),
            when: Step.delete(Bench.libraryAID, related: true), then: "6985"),
        CoreRule(
            "§9.5.2", "a library after its user",
            given: Step.issuer + Step.loadLibrary + Step.load(Bench.packageAID, importing) + [
                Step.delete(Bench.packageAID)
            ], when: Step.delete(Bench.libraryAID), then: "009000"),
        CoreRule(
            "§9.5.1", "an application that is selected elsewhere",
            given: installed + ["0070000001", "01A40400" + applet.counted + "00"], when: Step.delete(applet),
            then: "6985"),
        CoreRule(
            "§9.5.1", "the issuer domain", given: Step.issuer, when: Step.delete(Bench.issuer), then: "6985"),
        CoreRule(
            "§9.5.1", "a domain with applications",
            given: withA + Step.loadApplets + [Step.forInstall(applet), Step.extradite(applet, to: domainA)],
            when: Step.delete(domainA), then: "6985"),
        CoreRule(
            "§9.5.1", "a domain with a load file",
            given: withA + Step.load(Bench.packageAID, SampleCAP.applets, domain: domainA),
            when: Step.delete(domainA), then: "6985"),
        CoreRule("§9.5.1", "an empty domain", given: withA, when: Step.delete(domainA), then: "009000"),
        CoreRule(
            "§9.5.1", "a domain that deletes itself", given: withA + on(domainA), when: Step.delete(domainA),
            then: "6985"),
        CoreRule(
            "§9.5.1", "another's application without Global Delete",
            given: withBoth + Step.loadApplets + [Step.forInstall(applet)] + on(domainA),
            when: Step.delete(applet), then: "6985"),
        CoreRule(
            "§9.1.3.4", "another's application with Global Delete",
            given: Step.issuer + Step.loadApplets + [Step.forInstall(applet)]
                + Step.ownDomain(domainA, privileges: "805000"), when: Step.delete(applet), then: "009000"),
        CoreRule(
            "Table 11-23", "a token that nothing asks for", given: installed,
            when: "80E400000F" + "4F07" + applet + "9E0401020304", then: "6A80"),
        CoreRule("Table 11-23", "no AID", given: Step.issuer, when: "80E40000025000", then: "6A80"),
        CoreRule(
            "Table 11-23", "an AID of four bytes", given: Step.issuer, when: "80E40000064F04A0000000",
            then: "6A80"),
        CoreRule(
            "Table 11-23", "bytes after the token", given: installed,
            when: "80E400000D" + "4F07" + applet + "9E000000", then: "6A80"),
        CoreRule(
            "§9.5.1", "the privileges return to the issuer domain",
            given: loaded + [Step.forInstall(applet, privileges: "000200"), Step.delete(applet)],
            when: Step.getStatus("80", "02", "4F005C01C5"), then: "E305C5039EFE809000"),
        CoreRule(
            "§9.5.2", "a load file in read-only memory with its domains", given: keyless,
            when: Step.delete(Bench.domainPackage), then: "6985"),
        CoreRule(
            "§11.2.2.3.2", "a key that is not there", given: Step.issuer, when: "80E4000006D00104D20101",
            then: "6A88"),
        CoreRule(
            "§11.2.2.3.2", "a version that is not there", given: Step.issuer, when: "80E4000003D20105",
            then: "6A88"),
        CoreRule(
            "§11.2.2.3.2", "a whole version",
            given: Step.issuer + [Step.putKeys(version: 1), Step.putKeys(version: 2)],
            when: "80E4000003D20101", then: "009000"),
        CoreRule(
            "§11.2.2.3.2", "one key of the last set", given: Step.issuer + [Step.putKeys(version: 1)],
            when: "80E4000006D00101D20101", then: "6985"),
        CoreRule(
            "§11.2.2.3.2", "the last set", given: Step.issuer + [Step.putKeys(version: 1)],
            when: "80E4000003D20101", then: "6985"),
        CoreRule(
            "§11.2.2.3.2", "an identifier of two bytes", given: Step.issuer, when: "80E4000004D0020101",
            then: "6A80"),
    ]

    static let importing = SampleCAP.block(
        Bench.packageAID, applets: [Bench.appletAID],
        imports: [SampleCAP.package(Bench.libraryAID, major: 1, minor: 0)], methodBytes: 20)

    static func card(_ states: String...) -> [String] {
        Step.issuer + states.map { Step.setStatus("80", $0) }
    }

    static let lifeCycles: [CoreRule] = [
        CoreRule(
            "Figure 5-1", "OP_READY to INITIALIZED", given: card(), when: Step.setStatus("80", "07"),
            then: "9000"),
        CoreRule(
            "Figure 5-1", "OP_READY to SECURED", given: card(), when: Step.setStatus("80", "0F"), then: "6985"
        ),
        CoreRule(
            "Figure 5-1", "INITIALIZED to SECURED", given: card("07"), when: Step.setStatus("80", "0F"),
            then: "9000"),
        CoreRule(
            "Figure 5-1", "INITIALIZED to OP_READY", given: card("07"), when: Step.setStatus("80", "01"),
            then: "6985"),
        CoreRule(
            "Figure 5-1", "INITIALIZED to CARD_LOCKED", given: card("07"), when: Step.setStatus("80", "7F"),
            then: "6985"),
        CoreRule(
            "Figure 5-1", "SECURED to INITIALIZED", given: card("07", "0F"), when: Step.setStatus("80", "07"),
            then: "6985"),
        CoreRule(
            "Figure 5-1", "SECURED to CARD_LOCKED", given: card("07", "0F"), when: Step.setStatus("80", "7F"),
            then: "9000"),
        CoreRule(
            "Figure 5-1", "CARD_LOCKED to SECURED", given: card("07", "0F", "7F"),
            when: Step.setStatus("80", "0F"), then: "9000"),
        CoreRule(
            "Figure 5-1", "CARD_LOCKED to INITIALIZED", given: card("07", "0F", "7F"),
            when: Step.setStatus("80", "07"), then: "6985"),
        CoreRule(
            "Figure 5-1", "OP_READY to TERMINATED", given: card(), when: Step.setStatus("80", "FF"),
            then: "9000"),
        CoreRule(
            "Figure 5-1", "CARD_LOCKED to TERMINATED", given: card("07", "0F", "7F"),
            when: Step.setStatus("80", "FF"), then: "9000"),
        CoreRule(
            "§11.10.2.2", "the state that the card is in", given: card("07"),
            when: Step.setStatus("80", "07"), then: "6985"),
        CoreRule(
            "Table 11-6", "a value that is no state", given: card(), when: Step.setStatus("80", "03"),
            then: "6A86"),
        CoreRule(
            "Table 11-86", "a status type that is none", given: card(), when: Step.setStatus("00", "07"),
            then: "6A86"),
        CoreRule(
            "§5.1.1.5", "TERMINATED: GET DATA answers", given: card("FF"), when: "80CA9F7F00", then: "9000"),
        CoreRule(
            "§5.1.1.5", "TERMINATED: SELECT does not", given: card("FF"), when: Step.select(Bench.issuer),
            then: "6985"),
        CoreRule(
            "§5.1.1.5", "TERMINATED: nothing else does", given: card("FF"), when: Step.initialize,
            then: "6985"),
        CoreRule(
            "§5.1.1.5", "TERMINATED: SET STATUS does not", given: card("FF"),
            when: Step.setStatus("80", "0F"), then: "6985"),
        CoreRule(
            "§6.4.2.2", "TERMINATED: no further channel", given: card("FF"), when: "0070000001", then: "6A81"),
        CoreRule(
            "§11.9.3.2", "CARD_LOCKED: SELECT of the issuer domain warns", given: card("07", "0F", "7F"),
            when: Step.select(Bench.issuer), then: "6F108408A000000151000000A5049F6501FF6283"),
        CoreRule(
            "§6.4.2.1.2", "CARD_LOCKED: another application",
            given: installed + [
                Step.setStatus("80", "07"), Step.setStatus("80", "0F"), Step.setStatus("80", "7F"),
            ], when: Step.select(applet), then: "6A81"),
        CoreRule(
            "§6.4.2.2", "CARD_LOCKED: no further channel", given: card("07", "0F", "7F"), when: "0070000001",
            then: "6A81"),
        CoreRule(
            "§5.1.1.4", "CARD_LOCKED: no content", given: card("07", "0F", "7F"),
            when: Step.forLoad(Bench.packageAID), then: "6985"),
        CoreRule(
            "§5.1.1.4", "CARD_LOCKED: no keys", given: card("07", "0F", "7F"), when: Step.putKeys(version: 1),
            then: "6985"),
        CoreRule(
            "§5.1.1.4", "CARD_LOCKED: no data", given: card("07", "0F", "7F"), when: "80E2900003420101",
            then: "6985"),
        CoreRule(
            "§5.1.1.4", "CARD_LOCKED: GET STATUS answers", given: card("07", "0F", "7F"),
            when: Step.getStatus("80"), then: "9000"),
        CoreRule(
            "§9.6.2", "lock an application", given: installed, when: Step.setStatus("40", "80", applet),
            then: "9000"),
        CoreRule(
            "§11.10.2.2", "lock it twice", given: installed + [Step.setStatus("40", "80", applet)],
            when: Step.setStatus("40", "80", applet), then: "6985"),
        CoreRule(
            "§9.6.2", "unlock it", given: installed + [Step.setStatus("40", "80", applet)],
            when: Step.setStatus("40", "00", applet), then: "9000"),
        CoreRule(
            "§9.6.2", "and it is what it was",
            given: installed + [Step.setStatus("40", "80", applet), Step.setStatus("40", "00", applet)],
            when: Step.select(applet), then: "6F009000"),
        CoreRule(
            "§11.10.2.2", "unlock what is not locked", given: installed,
            when: Step.setStatus("40", "00", applet), then: "6985"),
        CoreRule(
            "§11.10.3.2", "lock what is not there", given: Step.issuer,
            when: Step.setStatus("40", "80", applet), then: "6A88"),
        CoreRule(
            "§11.10.3.2", "lock with an AID of two bytes", given: Step.issuer,
            when: Step.setStatus("40", "80", "A000"), then: "6A80"),
        CoreRule(
            "§9.6.2", "the final application is not locked",
            given: loaded + [Step.forInstall(applet, privileges: "000200")],
            when: Step.setStatus("40", "80", applet), then: "6985"),
        CoreRule(
            "§9.6.2", "a domain above locks",
            given: withA + Step.load(Bench.packageAID, SampleCAP.applets, domain: domainA) + [
                Step.forInstall(applet)
            ] + on(domainA), when: Step.setStatus("40", "80", applet), then: "9000"),
        CoreRule(
            "§9.6.2", "a stranger does not", given: installed + Step.ownDomain(domainA, privileges: managing),
            when: Step.setStatus("40", "80", applet), then: "6985"),
        CoreRule(
            "§9.1.3.5", "a stranger with Global Lock does",
            given: installed + Step.ownDomain(domainA, privileges: "800800"),
            when: Step.setStatus("40", "80", applet), then: "9000"),
        CoreRule(
            "§11.10.2.2", "a domain takes itself to PERSONALIZED", given: keyless + on(domainA),
            when: Step.setStatus("40", "0F", domainA), then: "9000"),
        CoreRule(
            "§11.10.2.2", "a domain in PERSONALIZED stays there", given: withA + on(domainA),
            when: Step.setStatus("40", "0F", domainA), then: "6985"),
        CoreRule(
            "§11.10.2.2", "a domain does not go back", given: withA + on(domainA),
            when: Step.setStatus("40", "07", domainA), then: "6A86"),
        CoreRule(
            "§5.3.2.4", "a domain locks itself", given: withA + on(domainA),
            when: Step.setStatus("40", "80", domainA), then: "9000"),
        CoreRule(
            "§5.3.2.4", "a locked domain refuses everything",
            given: withA + on(domainA) + [Step.setStatus("40", "80", domainA)], when: "80CA004200",
            then: "6985"),
        CoreRule(
            "§11.10.2.1", "a whole sub-hierarchy is locked",
            given: withA + Step.load(Bench.packageAID, SampleCAP.applets, domain: domainA) + [
                Step.forInstall(applet), Step.setStatus("60", "80", domainA),
            ], when: Step.select(applet), then: "6A82"),
        CoreRule(
            "§11.10.2.1", "and unlocked, one already being so",
            given: withA + Step.load(Bench.packageAID, SampleCAP.applets, domain: domainA) + [
                Step.forInstall(applet), Step.setStatus("60", "80", domainA),
                Step.setStatus("40", "00", applet),
            ], when: Step.setStatus("60", "00", domainA), then: "9000"),
        CoreRule(
            "§11.10.2.1", "a sub-hierarchy of an application", given: installed,
            when: Step.setStatus("60", "80", applet), then: "6A80"),
        CoreRule(
            "§9.6.3", "Card Lock is needed to lock the card",
            given: Step.issuer + Step.ownDomain(domainA, privileges: managing) + card("07", "0F")
                + on(domainA), when: Step.setStatus("80", "7F"), then: "6985"),
        CoreRule(
            "§9.6.3", "a domain with Card Lock locks the card",
            given: Step.issuer + Step.ownDomain(domainA, privileges: "900000") + card("07", "0F")
                + on(domainA), when: Step.setStatus("80", "7F"), then: "9000"),
        CoreRule(
            "§9.6.4", "a domain with Card Terminate terminates the card",
            given: Step.issuer + Step.ownDomain(domainA, privileges: "880000"),
            when: Step.setStatus("80", "FF"), then: "9000"),
    ]
}
