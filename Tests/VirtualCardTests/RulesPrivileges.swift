import SmartCard

/// Privileges (GPCS 2.3.1 §6.6) and life cycles (§5, §9.6, §11.10).
extension Rules {
    static let privileges: [Rule] = assigned + refusedCombinations + moved + used

    private static func ofFirst(_ privileges: String, _ then: String, _ what: String) -> Rule {
        Rule("Table 6-1", what, Act.loaded, .forInstall(RulesNames.first, privileges: privileges), then)
    }

    private static let assigned: [Rule] = [
        ofFirst("100000", "009000", "Card Lock for an application"),
        ofFirst("080000", "009000", "Card Terminate for an application"),
        ofFirst("040000", "009000", "Card Reset for an application"),
        ofFirst("020000", "009000", "CVM Management for an application"),
        ofFirst("000800", "009000", "Global Lock for an application"),
        ofFirst("000400", "009000", "Global Registry for an application"),
        ofFirst("000200", "009000", "Final Application for an application"),
        ofFirst("000100", "009000", "Global Service for an application"),
        ofFirst("000020", "009000", "Contactless Activation for an application"),
        ofFirst("00000F", "009000", "RFU bits are ignored"),
        ofFirst("400000", "6A80", "DAP Verification for an application"),
        ofFirst("200000", "6A80", "Delegated Management for an application"),
        ofFirst("410000", "6A80", "Mandated DAP Verification for an application"),
        ofFirst("004000", "6A80", "Authorized Management for an application"),
        ofFirst("800000", "6A80", "Security Domain for a module that is none"),
        Rule(
            "Table 11-9", "RFU bits are not kept",
            Act.loaded + [.forInstall(RulesNames.first, privileges: "00000F")],
            .getStatus("40", "02", "4F07" + RulesNames.first + "5C01C5"), "E305C5030000009000"),
        Rule(
            "Table 6-2", "a domain with one byte of privileges has Trusted Path",
            Act.issuer + [.domain(RulesNames.domain, privileges: "80")],
            .getStatus("40", "02", "4F07" + RulesNames.domain + "5C01C5"), "E305C5038080009000"),
        Rule(
            "§6.6.2", "what the issuer domain starts with", Act.issuer,
            .getStatus("80", "02", "4F005C01C5"), "E305C5039EFE809000"),
    ]

    private static func ofDomain(_ privileges: String, _ then: String, _ what: String) -> Rule {
        Rule("§6.6.2", what, Act.issuer, .domain(RulesNames.domain, privileges: privileges), then)
    }

    private static let refusedCombinations: [Rule] = [
        ofDomain("A04000", "6A80", "Authorized and Delegated Management exclude each other"),
        ofDomain("A02000", "6A80", "Token Verification and Delegated Management exclude each other"),
        ofDomain("A00080", "6A80", "Receipt Generation and Delegated Management exclude each other"),
        ofDomain("810000", "6A80", "Mandated DAP Verification asks for DAP Verification"),
        ofDomain("C10000", "009000", "with which it is granted"),
        ofDomain("80E080", "009000", "Authorized Management with Token Verification and Receipt Generation"),
        ofDomain("A01000", "009000", "Delegated Management with Global Delete"),
        ofDomain("B8DC40", "6A80", "every one but the excluded, and those two"),
        ofDomain("989C40", "009000", "many that go together"),
        ofDomain("000000", "6A80", "a module of domains without the privilege"),
        Rule(
            "§6.6.2", "registry update cannot join what is excluded",
            Act.issuer + [.domain(RulesNames.domain, privileges: "804000")],
            .update(RulesNames.domain, privileges: "A04000"), "6A80"),
        Rule(
            "§6.6.2", "registry update makes no domain", Act.installed,
            .update(RulesNames.first, privileges: "800000"), "6A80"),
        Rule(
            "§6.6.2", "registry update unmakes no domain", Act.issuer + [.domain(RulesNames.domain)],
            .update(RulesNames.domain, privileges: "000000"), "6A80"),
    ]

    private static let moved: [Rule] = [
        Rule(
            "§6.6.2", "Final Application leaves the issuer domain",
            Act.loaded + [.forInstall(RulesNames.first, privileges: "000200")],
            .getStatus("80", "02", "4F005C01C5"), "E305C5039EFC809000"),
        Rule(
            "§6.6.2", "Card Reset leaves the issuer domain",
            Act.loaded + [.forInstall(RulesNames.first, privileges: "040000")],
            .getStatus("80", "02", "4F005C01C5"), "E305C5039AFE809000"),
        Rule(
            "§6.6.2", "Final Application for a second",
            Act.loaded + [.forInstall(RulesNames.first, privileges: "000200")],
            .forInstall(RulesNames.second, privileges: "000200"), "6985"),
        Rule(
            "§6.6.2", "a deletion gives Final Application back",
            Act.loaded + [.forInstall(RulesNames.first, privileges: "000200"), .delete(RulesNames.first)],
            .getStatus("80", "02", "4F005C01C5"), "E305C5039EFE809000"),
        Rule(
            "§6.6.2", "a deletion with the load file gives Card Reset back",
            Act.loaded + [
                .forInstall(RulesNames.first, privileges: "040000"),
                .delete(RulesNames.package, related: true),
            ], .getStatus("80", "02", "4F005C01C5"), "E305C5039EFE809000"),
        Rule(
            "§6.6.2", "revocation gives Card Reset back",
            Act.loaded + [
                .forInstall(RulesNames.first, privileges: "040000"),
                .update(RulesNames.first, privileges: "000000"),
            ], .forInstall(RulesNames.second, privileges: "040000"), "009000"),
        Rule(
            "§11.5.2.3.2", "Card Reset for what is not made selectable", Act.loaded,
            .forInstall(RulesNames.first, privileges: "040000", p1: "04"), "6A80"),
        Rule(
            "§11.5.2.3.5", "registry update grants",
            Act.installed + [.update(RulesNames.first, privileges: "120000")],
            .getStatus("40", "02", "4F07" + RulesNames.first + "5C01C5"), "E305C5031200009000"),
        Rule(
            "§11.5.2.3.5", "registry update without privileges leaves them",
            Act.loaded + [.forInstall(RulesNames.first, privileges: "120000"), .update(RulesNames.first)],
            .getStatus("40", "02", "4F07" + RulesNames.first + "5C01C5"), "E305C5031200009000"),
    ]

    private static let domain = Act.installed + Act.ownDomain(privileges: "808000")
    private static func with(_ privileges: String) -> [Act] {
        Act.installed + Act.ownDomain(privileges: privileges)
    }
    private static let secured: [Act] = Act.issuer + [.card("07"), .card("0F")]

    private static let used: [Rule] = [
        Rule(
            "§9.6.3", "a domain with Card Lock locks the card", with("908000") + secured + Act.on(),
            .card("7F"), "9000"),
        Rule(
            "§9.6.3", "and unlocks it", with("908000") + secured + Act.on() + [.card("7F")], .card("0F"),
            "9000"),
        Rule("§9.6.3", "a domain without does not", domain + secured + Act.on(), .card("7F"), "6985"),
        Rule("§9.6.3", "nobody locks a card that is not SECURED", with("908000"), .card("7F"), "6985"),
        Rule("§9.6.4", "a domain with Card Terminate ends the card", with("888000"), .card("FF"), "9000"),
        Rule("§9.6.4", "a domain without does not", domain, .card("FF"), "6985"),
        Rule(
            "Figure 5-1", "only the issuer domain makes a card INITIALIZED", with("988000"), .card("07"),
            "6985"),
        Rule(
            "§9.1.3.5", "Global Lock locks what is not below", with("808800"), .lock(RulesNames.first), "9000"
        ),
        Rule(
            "§9.1.3.5", "and unlocks it", with("808800") + [.lock(RulesNames.first)],
            .unlock(RulesNames.first), "9000"),
        Rule(
            "§9.6.2", "without Global Lock nobody locks what is not below", domain, .lock(RulesNames.first),
            "6985"),
        Rule(
            "§9.1.3.4", "Global Delete removes what is not below", with("80D000"), .delete(RulesNames.first),
            "009000"),
        Rule(
            "§9.5.1", "without Global Delete it does not", with("80C000"), .delete(RulesNames.first), "6985"),
        Rule(
            "§9.1.3.4", "Global Delete gives no right to manage", with("809000"), .delete(RulesNames.first),
            "6985"),
        Rule(
            "§9.6.5", "Global Registry sees what is not below", with("808400"),
            .getStatus("40", "02", "4F07" + RulesNames.first), "*9000"),
        Rule(
            "§9.6.5", "without it, it is not there", domain,
            .getStatus("40", "02", "4F07" + RulesNames.first), "6A88"),
        Rule(
            "Table 11-33", "Global Registry sees the issuer domain", with("808400"), .getStatus("80"), "*9000"
        ),
        Rule("Table 11-33", "without it, not", domain, .getStatus("80"), "6985"),
        Rule(
            "§6.7", "Trusted Path personalises an application below",
            Act.issuer + Act.ownDomain(privileges: "80C000")
                + Act.loading(RulesNames.package, RulesFiles.applets) + [.forInstall(RulesNames.first)],
            .personalize(RulesNames.first), "009000"),
        Rule(
            "§6.7", "without Trusted Path, not",
            Act.issuer + Act.ownDomain(privileges: "804000")
                + Act.loading(RulesNames.package, RulesFiles.applets) + [.forInstall(RulesNames.first)],
            .personalize(RulesNames.first), "6985"),
        Rule(
            "§7.3.2", "nor an application of another domain", domain, .personalize(RulesNames.first), "6985"),
        Rule(
            "§9.6.3", "an application with Card Lock locks the card",
            Act.loaded
                + [
                    .forInstall(RulesNames.first, privileges: "100000"), .card("07"), .card("0F"),
                    .select(RulesNames.first), .raw("0016000000"), .select(RulesNames.issuer),
                ].dropLast(), .select(RulesNames.first), "6A81"),
        Rule(
            "§9.6.3", "an application without does not",
            Act.installed + [.card("07"), .card("0F"), .select(RulesNames.first)], .raw("0016000000"), "6985"),
        Rule(
            "§9.6.4", "an application with Card Terminate ends the card",
            Act.loaded + [
                .forInstall(RulesNames.first, privileges: "080000"), .select(RulesNames.first),
                .raw("0018000000"),
            ], .select(RulesNames.issuer), "6985"),
        Rule(
            "§9.6.4", "an application without cannot", Act.installed + [.select(RulesNames.first)],
            .raw("0018000000"), "6985"),
        Rule(
            "§5.3.1.5", "an application sets a state of its own",
            Act.installed + [.select(RulesNames.first), .raw("001A0F0000")] + Act.issuer,
            .getStatus("40", "02", "4F07" + RulesNames.first + "5C029F70"), "E3049F70010F9000"),
        Rule(
            "Figure 5-2", "it does not go back to INSTALLED", Act.installed + [.select(RulesNames.first)],
            .raw("001A030000"), "6985"),
        Rule(
            "Figure 5-2", "it locks itself", Act.installed + [.select(RulesNames.first), .raw("001A870000")],
            .select(RulesNames.first), "6A82"),
        Rule(
            "§9.6.2", "but does not unlock itself",
            Act.installed + [.select(RulesNames.first), .raw("001A870000")], .raw("001A070000"), "6985"),
        Rule(
            "§9.6.2", "unlocked, it is in its own state again",
            Act.installed + [.select(RulesNames.first), .raw("001A2F0000")] + Act.issuer + [
                .lock(RulesNames.first), .unlock(RulesNames.first),
            ], .getStatus("40", "02", "4F07" + RulesNames.first + "5C029F70"), "E3049F70012F9000"),
        Rule(
            "§9.6.2", "an INSTALLED application is locked and unlocked to INSTALLED",
            Act.loaded + [
                .forInstall(RulesNames.first, p1: "04"), .lock(RulesNames.first), .unlock(RulesNames.first),
            ], .getStatus("40", "02", "4F07" + RulesNames.first + "5C029F70"), "E3049F7001039000"),
        Rule(
            "§11.10.2.2", "bits below b8 are ignored", Act.installed,
            .setStatus("40", "FF", RulesNames.first), "9000"),
        Rule(
            "§11.10.2.2", "the state that it is in", Act.installed + [.lock(RulesNames.first)],
            .lock(RulesNames.first), "6985"),
        Rule("§11.10.2.2", "unlocking what is not locked", Act.installed, .unlock(RulesNames.first), "6985"),
        Rule(
            "§9.6.2", "the final application is never locked",
            Act.loaded + [.forInstall(RulesNames.first, privileges: "000200")], .lock(RulesNames.first),
            "6985"),
        Rule("Table 11-87", "a name that is not there", Act.issuer, .lock(RulesNames.first), "6A88"),
        Rule("Table 11-87", "no name", Act.issuer, .setStatus("40", "80"), "6A80"),
        Rule(
            "Table 11-86", "a status type that is none", Act.issuer, .setStatus("20", "80", RulesNames.first),
            "6A86"),
        Rule(
            "Table 11-86", "RFU bits of the status type", Act.installed,
            .setStatus("5F", "80", RulesNames.first), "9000"),
        Rule(
            "§11.10.2.3", "data with the card's status are ignored", Act.issuer,
            .setStatus("80", "07", RulesNames.first), "9000"),
        Rule("Table 11-6", "a card state that is none", Act.issuer, .card("1F"), "6A86"),
        Rule("Figure 5-1", "a state left out", Act.issuer, .card("0F"), "6985"),
        Rule("Figure 5-1", "a state behind", Act.issuer + [.card("07"), .card("0F")], .card("07"), "6985"),
        Rule("Figure 5-1", "the same state", Act.issuer + [.card("07")], .card("07"), "6985"),
        Rule(
            "§5.3.2.4", "a locked domain rejects every command",
            domain + [.setStatus("40", "80", RulesNames.domain)],
            .getStatus("40"), "6985"),
        Rule(
            "§5.3.2.4", "GET DATA too", domain + [.setStatus("40", "80", RulesNames.domain)],
            .getData("00E0"), "6985"),
        Rule(
            "§5.3.2.4", "a domain does not unlock itself",
            domain + [.setStatus("40", "80", RulesNames.domain)], .setStatus("40", "0F", RulesNames.domain),
            "6985"),
        Rule(
            "§5.3.2.4", "the one above does, and it is PERSONALIZED again",
            domain + [.setStatus("40", "80", RulesNames.domain)] + Act.issuer + [.unlock(RulesNames.domain)],
            .getStatus("40", "02", "4F07" + RulesNames.domain + "5C029F70"), "E3049F70010F9000"),
        Rule(
            "§11.10.2.2", "a domain takes itself to PERSONALIZED",
            Act.issuer + [.domain(RulesNames.domain), .select(RulesNames.domain), .open()],
            .setStatus("40", "0F", RulesNames.domain), "9000"),
        Rule("§11.10.2.2", "and never back", domain, .setStatus("40", "07", RulesNames.domain), "6A86"),
        Rule(
            "§5.3.2.4", "the services of a locked domain are not there for its applications",
            Act.issuer + Act.ownDomain(privileges: "80C000")
                + Act.loading(RulesNames.package, RulesFiles.applets) + [.forInstall(RulesNames.first)]
                + Act.issuer + [.lock(RulesNames.domain), .select(RulesNames.first)],
            .raw("8050000008A0A1A2A3A4A5A6A700"), "6985"),
        Rule(
            "§7.3.1", "an application opens a session with the keys of its domain",
            Act.issuer + Act.ownDomain(privileges: "80C000")
                + Act.loading(RulesNames.package, RulesFiles.applets) + [
                    .forInstall(RulesNames.first), .select(RulesNames.first),
                ], .open(Act.domainKeys), "9000"),
        Rule(
            "§11.10.2.1", "a whole sub-hierarchy is locked",
            Act.issuer + Act.ownDomain(privileges: "80C000")
                + Act.loading(RulesNames.package, RulesFiles.applets) + [.forInstall(RulesNames.first)]
                + Act.issuer + [.setStatus("60", "80", RulesNames.domain)],
            .getStatus("40", "02", "4F005C029F70"), "E3049F70018FE3049F7001879000"),
        Rule(
            "§11.10.2.1", "and unlocked, each to what it was",
            Act.issuer + Act.ownDomain(privileges: "80C000")
                + Act.loading(RulesNames.package, RulesFiles.applets) + [
                    .forInstall(RulesNames.first, p1: "04")
                ]
                + Act.issuer + [
                    .setStatus("60", "80", RulesNames.domain), .setStatus("60", "00", RulesNames.domain),
                ],
            .getStatus("40", "02", "4F005C029F70"), "E3049F70010FE3049F7001039000"),
        Rule(
            "§11.10.2.3", "a sub-hierarchy of an application", Act.installed,
            .setStatus("60", "80", RulesNames.first), "6A80"),
    ]
}
