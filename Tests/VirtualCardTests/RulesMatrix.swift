import CardCrypto
import SmartCard

/// Every command in every life cycle state of the card, and at every level of security.
extension Rules {
    /// A command that a SECURED card carries out for its issuer domain.
    struct Sample: Sendable {
        let name: String
        let act: Act
        /// What it needs besides `prepared`.
        var before: [Act] = []
        /// Card content or keys: refused on a locked card.
        var isManagement = true
        /// Of the domain, for its privilege to manage content.
        var needsManagement = true
    }

    static let samples: [Sample] = [
        Sample(name: "DELETE load file", act: .delete(RulesNames.user)),
        Sample(name: "DELETE load file and applications", act: .delete(RulesNames.package, related: true)),
        Sample(name: "DELETE application", act: .delete(RulesNames.first)),
        Sample(name: "INSTALL [for load]", act: .forLoad(RulesNames.third)),
        Sample(name: "INSTALL [for install]", act: .forInstall(RulesNames.third, p1: "04")),
        Sample(
            name: "INSTALL [for load, install and make selectable]",
            act: .install("0E", [RulesNames.third, "", "", "", ""], p2: "01")),
        Sample(name: "INSTALL [for install and make selectable]", act: .forInstall(RulesNames.third)),
        Sample(name: "INSTALL [for make selectable]", act: .makeSelectable(RulesNames.second)),
        Sample(
            name: "INSTALL [for extradition]",
            act: .extradite(RulesNames.first, to: RulesNames.issuer)),
        Sample(
            name: "INSTALL [for registry update]", act: .update(RulesNames.first, privileges: "020000")),
        Sample(
            name: "INSTALL [for personalization]", act: .personalize(RulesNames.first),
            needsManagement: false),
        Sample(
            name: "LOAD", act: .load(0, Array(RulesFiles.file(RulesFiles.applets).prefix(100)), last: false),
            before: [.forLoad(RulesNames.third)]),
        Sample(
            name: "PUT KEY", act: .putKeys(RulesKeys(version: 0x09, fill: 0x33), identifier: 0x04),
            needsManagement: false),
        Sample(
            name: "DELETE [key]", act: .deleteKey("D20108"),
            before: [.putKeys(RulesKeys(version: 0x08, fill: 0x33), identifier: 0x04)],
            needsManagement: false),
        Sample(name: "STORE DATA", act: .storeData("90", 0, "42021234"), needsManagement: false),
        Sample(name: "GET STATUS", act: .getStatus("40"), isManagement: false, needsManagement: false),
    ]

    /// Two load files, one importing a library, and two applications, of which the second is INSTALLED only.
    static let prepared =
        Act.withLibrary + Act.loading(RulesNames.package, RulesFiles.applets)
        + [.forInstall(RulesNames.first), .forInstall(RulesNames.second, p1: "04")]

    static let states: [(name: String, path: [Act], isOpen: Bool)] = [
        ("OP_READY", [], true), ("INITIALIZED", [.card("07")], true),
        ("SECURED", [.card("07"), .card("0F")], true),
        ("CARD_LOCKED", [.card("07"), .card("0F"), .card("7F")], false),
        ("TERMINATED", [.card("FF")], false),
    ]

    static let lifeCycleMatrix: [Rule] =
        states.flatMap { state in
            samples.map { sample in
                let isAllowed =
                    state.isOpen || (!sample.isManagement && state.name == "CARD_LOCKED")
                return Rule(
                    "Table 11-1", "\(sample.name) on a card that is \(state.name)",
                    prepared + sample.before + state.path, sample.act, isAllowed ? "*9000" : "6985")
            }
        } + statesOfOtherCommands + otherDomains

    private static let statesOfOtherCommands: [Rule] = states.flatMap { state -> [Rule] in
        func rule(_ name: String, _ act: Act, _ then: String) -> Rule {
            Rule("Table 11-1", "\(name) on a card that is \(state.name)", Act.issuer + state.path, act, then)
        }
        let isLocked = state.name == "CARD_LOCKED"
        let isTerminated = state.name == "TERMINATED"
        return [
            rule("GET DATA", .getData("9F7F"), "*9000"),
            rule("SELECT", .select(RulesNames.issuer), isTerminated ? "6985" : isLocked ? "*6283" : "*9000"),
            rule("SELECT without a name", .select(""), isTerminated ? "6985" : isLocked ? "*6283" : "*9000"),
            rule(
                "INITIALIZE UPDATE", .raw("8050000008A0A1A2A3A4A5A6A700"), isTerminated ? "6985" : "*9000"),
            rule("opening a session", .open(), isTerminated ? "6985" : "9000"),
            rule("MANAGE CHANNEL", .openChannel, state.isOpen ? "019000" : "6A81"),
            rule(
                "SET STATUS to TERMINATED", .card("FF"), isTerminated ? "6985" : "9000"),
            rule(
                "SET STATUS to OP_READY", .card("01"), "6985"),
        ]
    }

    /// What a domain without the privileges may not (§9.1.3.2, table 11-1: other security domains).
    private static let otherDomains: [Rule] = samples.flatMap { sample -> [Rule] in
        guard sample.needsManagement, sample.before.isEmpty else { return [] }
        return [
            Rule(
                "§9.1.3.2", "\(sample.name) by a domain without a management privilege",
                prepared + Act.ownDomain(privileges: "809000"), sample.act, "6985"),
            Rule(
                "§9.1.3.3", "\(sample.name) by a delegate without a token",
                prepared + Act.ownDomain(privileges: "A09000"),
                sample.name.contains("INSTALL [for load]")
                    ? .forLoad(RulesNames.third, hash: RulesFiles.hash(RulesFiles.applets)) : sample.act,
                sample.name.contains("for load, install") ? "*9000" : "6985"),
            Rule(
                "§5.3.2.2", "\(sample.name) by a domain that is only SELECTABLE",
                prepared + [.domain(RulesNames.domain, privileges: "80D000")] + [
                    .select(RulesNames.domain), .open(),
                ], sample.act, "6985"),
        ]
    }

    // MARK: Security levels

    static let securityMatrix: [Rule] =
        withoutSession + brokenSessions
        + levels(
            [0x00, 0x01, 0x03, 0x33, 0x11, 0x13], on: "javacard-80k", keys: .factory)
        + levels([0x00, 0x01, 0x03], on: "javacard-80k-scp02", keys: .factoryDES)
        + levels([0x01, 0x33], on: "javacard-80k-predictable", keys: .factory) + authentication

    private static let secured = samples.filter { $0.before.isEmpty }

    private static let withoutSession: [Rule] =
        secured.map {
            Rule(
                "Table 11-2", "\($0.name) without a session", prepared + [.select(RulesNames.issuer)],
                $0.act, "6982")
        }
        + secured.map {
            Rule(
                "§10.4", "\($0.name) after INITIALIZE UPDATE alone",
                prepared + [.select(RulesNames.issuer), .raw("8050000008A0A1A2A3A4A5A6A700")],
                $0.act, "6982")
        }

    private static let brokenSessions: [Rule] =
        secured.map {
            Rule("§10.2.3", "\($0.name) in clear in a session with C-MAC", prepared, $0.act.inClear(), "6982")
        }
        + secured.filter { !$0.name.contains("KEY") }.map {
            Rule("§10.2.3", "\($0.name) with a wrong C-MAC", prepared, $0.act.altered(), "6982")
        }
        + secured.map {
            Rule("Amendment D §6.2.3", "\($0.name) sent twice over", prepared + [$0.act], .replay, "6982")
        }
        + [
            Rule(
                "§10.2.3", "a session that was aborted stays so", Act.issuer,
                disregarding: [Act.getStatus("80").altered()], .getStatus("80"), "6982"),
            Rule(
                "§10.2.3", "and refuses clear commands too", Act.issuer,
                disregarding: [Act.getStatus("80").altered()], Act.getStatus("80").inClear(), "6982"),
            Rule(
                "§10.2.3", "until a new one is opened", Act.issuer,
                disregarding: [Act.getStatus("80").altered(), .open()], .getStatus("80"), "*9000"),
            Rule(
                "Amendment D §6.2.3", "a refused command counts in the chain of C-MACs",
                Act.issuer + [.card("07"), .card("0F"), .card("7F")],
                disregarding: [.delete(RulesNames.first)], .getStatus("80"), "*9000"),
            Rule(
                "Amendment D §6.2.3", "so does an instruction that nobody has", Act.issuer,
                disregarding: [.send("80FE0000", "00")], .getStatus("80"), "*9000"),
            Rule(
                "§10.2.3", "a reset ends a session", Act.issuer + [.reset], .getStatus("80"), "6982"),
            Rule(
                "§10.2.3", "SELECT of the same domain ends a session",
                Act.issuer + [.select(RulesNames.issuer)], .getStatus("80"), "6982"),
            Rule(
                "§10.2.3", "a session on another channel does not end this one",
                Act.issuer + [.openChannel, .select(RulesNames.issuer, 1), .open(.factory, 1)],
                .getStatus("80"),
                "*9000"),
            Rule(
                "§10.2.3", "closing a channel ends its session",
                Act.issuer + [
                    .openChannel, .select(RulesNames.issuer, 1), .open(.factory, 1), .raw("00708001"),
                    .openChannel,
                ], .raw("81F28002024F0000"), "6982"),
            Rule(
                "§10.2.3", "an aborted session leaves that of another channel",
                Act.issuer + [.openChannel, .select(RulesNames.issuer, 1), .open(.factory, 1)],
                disregarding: [Act.send("81F28002", "4F00", altered: true)], .getStatus("80"), "*9000"),
        ]

    private static func levels(_ levels: [UInt8], on profile: String, keys: RulesKeys) -> [Rule] {
        levels.flatMap { level -> [Rule] in
            let session: [Act] = [.select(RulesNames.issuer), .open(keys, level: level)]
            let name = "at level \(level.hex) on \(profile)"
            return [
                Rule("§10.6", "GET STATUS \(name)", on: profile, session, .getStatus("80"), "*9000"),
                Rule(
                    "§10.6", "a command without data \(name)", on: profile, session, .getData("9F7F"), "*9000"
                ),
                Rule("§10.6", "GET DATA that fails \(name)", on: profile, session, .getData("5F99"), "6A88"),
                Rule(
                    "§10.6", "a load \(name)", on: profile,
                    session + Act.loading(RulesNames.package, RulesFiles.applets),
                    .forInstall(RulesNames.first), "009000"),
                Rule(
                    "§10.6", "another load after a refusal \(name)", on: profile, session,
                    disregarding: [.delete(RulesNames.first)], .getStatus("20"), "*9000"),
            ]
        }
    }

    private static let authentication: [Rule] = [
        Rule("§10.4", "a wrong host cryptogram", [.select(RulesNames.issuer)], .open(alter: true), "6300"),
        Rule(
            "§10.4", "a wrong host cryptogram, SCP02", on: "javacard-80k-scp02", [],
            .open(.factoryDES, alter: true), "6300"),
        Rule(
            "§10.4", "the wrong keys", [.select(RulesNames.issuer)],
            .raw("848201001000112233445566778899AABBCCDDEEFF"), "6985"),
        Rule(
            "Amendment D table 7-3", "a level of encryption without MAC", [.select(RulesNames.issuer)],
            .open(level: 0x02), "6A86"),
        Rule(
            "Amendment D table 7-3", "a level of response encryption without MAC",
            [.select(RulesNames.issuer)], .open(level: 0x23), "6A86"),
        Rule(
            "Table E-11", "R-MAC where i does not have it", on: "javacard-80k-scp02", [],
            .open(.factoryDES, level: 0x11), "6A86"),
        Rule(
            "§E.5.1", "a key identifier in P2", [.select(RulesNames.issuer)],
            .raw("8050000108A0A1A2A3A4A5A6A700"), "6A86"),
        Rule(
            "§E.5.1", "a host challenge of sixteen bytes in S8 mode", [.select(RulesNames.issuer)],
            .raw("8050000010A0A1A2A3A4A5A6A7A0A1A2A3A4A5A6A700"), "6700"),
        Rule(
            "§E.5.1", "no host challenge", [.select(RulesNames.issuer)], .raw("8050000000"), "6700"),
        Rule(
            "§E.5.1", "a key version that is not there", [.select(RulesNames.issuer)],
            .open(RulesKeys(version: 0x44, fill: 1)), "6A88"),
        Rule(
            "Table 11-2", "EXTERNAL AUTHENTICATE without secure messaging", [.select(RulesNames.issuer)],
            .raw("8082010010000102030405060708090A0B0C0D0E0F"), "6985"),
        Rule(
            "§E.5.1", "the sequence counter of SCP02 moves with each session", on: "javacard-80k-scp02",
            [.open(.factoryDES), .open(.factoryDES), .open(.factoryDES)], .getData("00C1"), "C10200039000"),
        Rule(
            "§E.1.2", "and not with one that failed", on: "javacard-80k-scp02", [.open(.factoryDES)],
            disregarding: [.open(.factoryDES, alter: true)], .getData("00C1"), "C10200019000"),
        Rule(
            "Amendment D §6.2.2.1", "the sequence counter of SCP03 moves with INITIALIZE UPDATE",
            on: "javacard-80k-predictable", [.raw("8050000008A0A1A2A3A4A5A6A700"), .reset],
            .getData("00C1"), "C1030000019000"),
        Rule(
            "§11.3.2.1", "no sequence counter with a random challenge", Act.issuer, .getData("00C1"), "6A88"),
    ]
}
