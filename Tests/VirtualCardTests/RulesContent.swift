import CardCrypto
import SmartCard

/// Loading, installation, extradition, removal (GPCS 2.3.1 §9.3 to §9.5, §11.2, §11.5, §11.6).
extension Rules {
    private static let hash = RulesFiles.hash(RulesFiles.applets)
    private static let file = RulesFiles.file(RulesFiles.applets)
    private static let begun = Act.issuer + [.forLoad(RulesNames.package)]
    private static let halfway = begun + [.load(0, Array(file.prefix(100)), last: false)]
    private static let withDomain = Act.issuer + Act.ownDomain(privileges: "80C000") + Act.issuer

    static let content: [Rule] = loading + installing + extradition + removal

    private static let loading: [Rule] = [
        Rule("§9.3.5", "a load file in one block", begun, .load(file, size: 240), "009000"),
        Rule("§9.3.5", "a load file in the smallest blocks", begun, .load(file, size: 3), "009000"),
        Rule("§11.6.2.2", "a block that was sent already", halfway, .load(0, [0x00], last: false), "6A86"),
        Rule("§11.6.2.2", "a block too far", halfway, .load(2, [0x00], last: false), "6A86"),
        Rule(
            "§9.3.5", "after a wrong block the load is over", halfway,
            disregarding: [.load(7, [0x00], last: false)], .load(1, [0x00], last: false), "6985"),
        Rule(
            "§9.3.5", "and its memory free again", Act.issuer,
            disregarding: [
                .forLoad(RulesNames.package), .load(0, Array(file.prefix(200)), last: false),
                .load(9, [0x00], last: false),
            ], .getData("FF21"), "~820400013F60"),
        Rule("§11.6.2.3", "LOAD without data", begun, .send("80E80000"), "6700"),
        Rule("§9.3.5", "LOAD without INSTALL", Act.issuer, .load(0, [0xC4], last: false), "6985"),
        Rule("§9.3.5", "LOAD after the end", Act.loaded, .load(3, [0x00], last: true), "6985"),
        Rule(
            "§9.3.5", "a second INSTALL begins anew", halfway + [.forLoad(RulesNames.package)], .load(file),
            "009000"),
        Rule(
            "§9.3.5", "LOAD on another channel than INSTALL",
            begun + [.openChannel, .select(RulesNames.issuer, 1), .open(.factory, 1)],
            .load(0, [0xC4], last: false, 1), "6985"),
        Rule(
            "§9.1.2", "a second load on another channel",
            begun + [.openChannel, .select(RulesNames.issuer, 1), .open(.factory, 1)],
            .forLoad(RulesNames.library, 1), "6985"),
        Rule(
            "§9.3.5", "a load ends when its domain is selected anew",
            halfway + Act.issuer, .load(1, [0x00], last: false), "6985"),
        Rule(
            "§9.3.5", "the name of a load file that is there", Act.loaded, .forLoad(RulesNames.package),
            "6985"),
        Rule(
            "§9.3.5", "the name of an application that is there", Act.installed, .forLoad(RulesNames.first),
            "6985"),
        Rule(
            "§9.3.5", "a load file whose name was taken by an application meanwhile",
            Act.loaded + [
                .forLoad(RulesNames.user), .openChannel, .select(RulesNames.issuer, 1), .open(.factory, 1),
                .forInstall(RulesNames.user, 1),
            ], .load(RulesFiles.file(plainUser)), "6985"),
        Rule(
            "§9.3.5", "a load file whose domain was deleted meanwhile",
            withDomain + [
                .forLoad(RulesNames.package, domain: RulesNames.domain), .openChannel,
                .select(RulesNames.issuer, 1), .open(.factory, 1), .delete(RulesNames.domain, 1),
            ], .load(file), "6985"),
        Rule(
            "§11.5.2.3.1", "another AID in the file than was announced",
            Act.issuer + [.forLoad(RulesNames.third)],
            .load(file), "6A80"),
        Rule(
            "§9.3.5", "for a domain with its own keys", withDomain,
            .forLoad(RulesNames.package, domain: RulesNames.domain), "009000"),
        Rule(
            "§9.3.5", "for a domain that is only SELECTABLE", Act.issuer + [.domain(RulesNames.domain)],
            .forLoad(RulesNames.package, domain: RulesNames.domain), "6985"),
        Rule(
            "§5.3.2.4", "for a domain that is locked", withDomain + [.lock(RulesNames.domain)],
            .forLoad(RulesNames.package, domain: RulesNames.domain), "6985"),
        Rule(
            "§9.3.5", "for a domain that is not there", Act.issuer,
            .forLoad(RulesNames.package, domain: RulesNames.domain), "6A88"),
        Rule(
            "§9.3.5", "for an application", Act.installed,
            .forLoad(RulesNames.library, domain: RulesNames.first), "6985"),
        Rule(
            "§9.2.2", "a right hash, SHA-256", Act.issuer + [.forLoad(RulesNames.package, hash: hash)],
            .load(file), "009000"),
        Rule(
            "§C.2", "a right hash, SHA-1",
            Act.issuer + [
                .forLoad(RulesNames.package, hash: Digest.sha1.hash(RulesFiles.applets).hex)
            ], .load(file), "009000"),
        Rule(
            "§C.2", "a right hash, SHA-512",
            Act.issuer + [
                .forLoad(RulesNames.package, hash: Digest.sha512.hash(RulesFiles.applets).hex)
            ], .load(file), "009000"),
        Rule(
            "§9.2.2", "a hash of something else",
            Act.issuer + [
                .forLoad(RulesNames.package, hash: RulesFiles.hash(RulesFiles.library))
            ], .load(file), "6A80"),
        Rule(
            "§11.5.2.3.1", "a hash that no function makes", Act.issuer,
            .forLoad(RulesNames.package, hash: "00112233"), "6A80"),
        Rule(
            "§11.5.2.3.1", "a token that was not asked for", Act.issuer,
            .forLoad(RulesNames.package, token: "00112233"), "6A80"),
        Rule(
            "JCVM §6.7", "an import that nobody has", Act.issuer + [.forLoad(RulesNames.user)],
            .load(RulesFiles.file(RulesFiles.user)), "6438"),
        Rule(
            "JCVM §6.7", "after a missing import nothing is there", Act.issuer,
            disregarding:
                Act.loading(RulesNames.user, RulesFiles.user),
            .getStatus("20", "02", "4F06" + RulesNames.user), "6A88"),
        Rule(
            "Table 11-58", "a file of something else", Act.issuer + [.forLoad(RulesNames.package)],
            .load([0x6F, 0x02, 0x84, 0x00]), "6A80"),
        Rule("Table 11-58", "bytes behind the data block", begun, .load(file + [0x00]), "6A80"),
        Rule("Table 11-58", "a data block cut short", begun, .load(Array(file.dropLast())), "6A80"),
    ]

    /// A package of the user's name that imports only what the card has.
    private static let plainUser = SampleCAP.block(
        RulesNames.user, applets: [RulesNames.userModule], imports: [RulesFiles.framework], methodBytes: 40)

    private static let installing: [Rule] = [
        Rule(
            "§9.3.6", "an instance with the name of its module", Act.loaded, .forInstall(RulesNames.module),
            "009000"),
        Rule(
            "§9.3.6", "two instances of one module", Act.installed, .forInstall(RulesNames.second), "009000"),
        Rule("§9.3.6", "a name twice", Act.installed, .forInstall(RulesNames.first), "6985"),
        Rule("§9.3.6", "the name of the issuer domain", Act.loaded, .forInstall(RulesNames.issuer), "6985"),
        Rule("§9.3.6", "the name of a load file", Act.loaded, .forInstall(RulesNames.package), "6985"),
        Rule(
            "§9.3.6", "a module of another load file", Act.loaded,
            .forInstall(RulesNames.first, module: RulesNames.userModule), "6A88"),
        Rule(
            "§9.3.6", "a load file that is not there", Act.loaded,
            .forInstall(RulesNames.first, package: RulesNames.user), "6A88"),
        Rule(
            "§9.3.6", "a program that refuses", Act.loaded,
            .forInstall(RulesNames.first, parameters: "C901EE"), "6A80"),
        Rule(
            "§9.3.6", "nothing is left of a refused installation", Act.loaded,
            disregarding: [.forInstall(RulesNames.first, parameters: "C901EE")],
            .forInstall(RulesNames.first), "009000"),
        Rule(
            "§11.5.2.3.2", "without privileges", Act.loaded, .forInstall(RulesNames.first, privileges: ""),
            "6A80"),
        Rule(
            "§11.5.2.3.2", "privileges of two bytes", Act.loaded,
            .forInstall(RulesNames.first, privileges: "0000"), "6A80"),
        Rule(
            "§11.5.2.3.2", "an AID of seventeen bytes", Act.loaded,
            .forInstall(String(repeating: "A1", count: 17)), "6A80"),
        Rule(
            "§11.5.2.3.2", "an AID of sixteen bytes", Act.loaded,
            .forInstall(String(repeating: "A1", count: 16)), "009000"),
        Rule("§11.5.2.3.2", "an AID of five bytes", Act.loaded, .forInstall("A1A2A3A4A5"), "009000"),
        Rule("§11.5.2.3.2", "an AID of four bytes", Act.loaded, .forInstall("A1A2A3A4"), "6A80"),
        Rule(
            "§11.5.2.3.2", "a token that was not asked for", Act.loaded,
            .forInstall(RulesNames.first, token: "00"), "6A80"),
        Rule("§11.5.2.1", "P1 of nothing", Act.loaded, .install("00", [RulesNames.first]), "6A86"),
        Rule(
            "§11.5.2.2", "P2 of a combined process without one", Act.loaded,
            .install("0C", [RulesNames.first], p2: "03"), "6A86"),
        Rule("§9.3.8", "the combined process", combined, finish(RulesNames.package), "009000"),
        Rule("§9.3.8", "the load file may be left out at its end", combined, finish(""), "009000"),
        Rule("§9.3.8", "the wrong load file at its end", combined, finish(RulesNames.library), "6A80"),
        Rule("§9.3.8", "its end without its beginning", Act.loaded, finish(RulesNames.package), "6985"),
        Rule(
            "§9.3.8", "until its end the load file is not there", combined,
            .getStatus("20", "02", "4F06" + RulesNames.package), "6A88"),
        Rule(
            "§9.3.8", "nothing is left when its end fails", combined,
            disregarding: [finish(RulesNames.package, parameters: "C901EE")],
            .getStatus("20", "02", "4F06" + RulesNames.package), "6A88"),
        Rule(
            "§9.3.7", "make selectable", Act.loaded + [.forInstall(RulesNames.first, p1: "04")],
            .makeSelectable(RulesNames.first), "009000"),
        Rule(
            "§9.3.7", "make selectable with Card Reset",
            Act.loaded + [
                .forInstall(RulesNames.first, p1: "04"), .makeSelectable(RulesNames.first, privileges: "04"),
                .reset,
            ], .raw("0010000000"), "*9000"),
        Rule(
            "§11.5.2.3.3", "other privileges are ignored",
            Act.loaded + [
                .forInstall(RulesNames.first, p1: "04"), .makeSelectable(RulesNames.first, privileges: "10"),
            ], .getStatus("40", "02", "4F07" + RulesNames.first + "5C01C5"), "E305C5030000009000"),
        Rule(
            "§9.3.7", "what is selectable already", Act.installed, .makeSelectable(RulesNames.first), "6985"),
        Rule("§9.3.7", "what is not there", Act.loaded, .makeSelectable(RulesNames.first), "6A88"),
        Rule(
            "§9.3.7", "an INSTALLED application that is locked",
            Act.loaded + [
                .forInstall(RulesNames.first, p1: "04"), .lock(RulesNames.first),
            ], .makeSelectable(RulesNames.first), "6985"),
    ]

    private static let combined =
        Act.issuer + [.install("0E", [RulesNames.package, "", "", "", ""], p2: "01"), .load(file)]
    private static func finish(_ package: String, parameters: String = "C900") -> Act {
        .install("0E", [package, RulesNames.module, RulesNames.first, "00", parameters, ""], p2: "03")
    }

    private static let withBoth =
        withDomain + Act.ownDomain(RulesNames.otherDomain, privileges: "80C000", keys: Act.otherKeys)
        + Act.issuer + Act.loading(RulesNames.package, RulesFiles.applets) + [.forInstall(RulesNames.first)]

    private static let extradition: [Rule] = [
        Rule(
            "§9.4.1", "an application", withBoth, .extradite(RulesNames.first, to: RulesNames.domain),
            "009000"),
        Rule(
            "§9.4.1", "and the registry says so",
            withBoth + [.extradite(RulesNames.first, to: RulesNames.domain)],
            .getStatus("40", "02", "4F07" + RulesNames.first + "5C01CC"),
            "E309CC07" + RulesNames.domain + "9000"),
        Rule(
            "§9.4.1", "a load file", withBoth, .extradite(RulesNames.package, to: RulesNames.domain), "009000"
        ),
        Rule(
            "§9.4.1", "a load file to a domain with DAP Verification",
            Act.issuer + Act.ownDomain(privileges: "C0C000") + Act.loaded,
            .extradite(RulesNames.package, to: RulesNames.domain), "6985"),
        Rule(
            "§9.4.1", "to an application", withBoth, .extradite(RulesNames.package, to: RulesNames.first),
            "6985"),
        Rule("§9.4.1", "to nobody", withBoth, .extradite(RulesNames.first, to: RulesNames.third), "6A88"),
        Rule("§9.4.1", "of nothing", withBoth, .extradite(RulesNames.third, to: RulesNames.domain), "6A88"),
        Rule(
            "§9.4.1", "to a domain that is only SELECTABLE", Act.installed + [.domain(RulesNames.domain)],
            .extradite(RulesNames.first, to: RulesNames.domain), "6985"),
        Rule(
            "§5.3.2.4", "to a locked domain", withBoth + [.lock(RulesNames.domain)],
            .extradite(RulesNames.first, to: RulesNames.domain), "6985"),
        Rule(
            "§5.3.2.4", "from a locked domain",
            withBoth + [.extradite(RulesNames.first, to: RulesNames.domain), .lock(RulesNames.domain)],
            .extradite(RulesNames.first, to: RulesNames.issuer), "6985"),
        Rule(
            "§9.4.1", "by a domain that does not stand above", withBoth + Act.on(),
            .extradite(RulesNames.first, to: RulesNames.domain), "6985"),
        Rule(
            "§9.4.1", "the issuer domain", withBoth, .extradite(RulesNames.issuer, to: RulesNames.domain),
            "6985"),
        Rule(
            "§7.2", "a domain below itself makes no ring",
            withBoth + [.extradite(RulesNames.otherDomain, to: RulesNames.domain)],
            .extradite(RulesNames.domain, to: RulesNames.otherDomain), "6985"),
        Rule(
            "§7.2", "a domain to itself: a tree of its own", withBoth + Act.on(),
            .extradite(RulesNames.domain, to: RulesNames.domain), "6985"),
        Rule(
            "§7.2", "by the one above", withBoth, .extradite(RulesNames.domain, to: RulesNames.domain),
            "009000"),
        Rule(
            "§7.2", "after which the issuer domain does not stand above it any more",
            withBoth + [
                .extradite(RulesNames.first, to: RulesNames.domain),
                .extradite(RulesNames.domain, to: RulesNames.domain),
            ], .extradite(RulesNames.first, to: RulesNames.issuer), "6985"),
        Rule(
            "§9.4.2.2", "by registry update", withBoth, .update(RulesNames.first, to: RulesNames.domain),
            "009000"),
        Rule("§9.4.2.1", "registry update of what is not there", withBoth, .update(RulesNames.third), "6A88"),
        Rule(
            "§9.4.2.1", "by a domain that does not stand above", withBoth + Act.on(),
            .update(RulesNames.first, privileges: "020000"), "6985"),
        Rule(
            "§9.4.2.1", "restricting the card without Global Lock", withBoth + Act.on(),
            .update("", parameters: "EF03D90102"), "6985"),
        Rule(
            "§11.5.2.3.7", "a restriction of an application", withBoth,
            .update(RulesNames.first, parameters: "EF03D90102"), "6A80"),
        Rule(
            "Table 11-53", "a domain that was restricted",
            withBoth + [.update(RulesNames.domain, parameters: "EF03D90102")] + Act.on(),
            .forLoad(RulesNames.library), "6985"),
        Rule(
            "Table 11-53", "does not restrict another",
            withBoth + [.update(RulesNames.domain, parameters: "EF03D90102")], .forLoad(RulesNames.library),
            "009000"),
        Rule(
            "§11.5.2.3.7", "a restriction is for good",
            withBoth + [
                .update("", parameters: "EF03D90102"), .update("", parameters: "EF03D90100"),
            ], .forLoad(RulesNames.library), "6985"),
    ]

    private static let removal: [Rule] = [
        Rule("§9.5.1", "an application", Act.installed, .delete(RulesNames.first), "009000"),
        Rule(
            "§9.5.1", "and its memory is free again", Act.loaded,
            disregarding: [.forInstall(RulesNames.first), .delete(RulesNames.first)],
            .forInstall(RulesNames.first), "009000"),
        Rule("§9.5.2", "a load file with applications", Act.installed, .delete(RulesNames.package), "6985"),
        Rule(
            "§9.5.3", "a load file with its applications", Act.installed,
            .delete(RulesNames.package, related: true),
            "009000"),
        Rule(
            "§9.5.3", "unless one of them is selected",
            Act.installed + [.openChannel, .select(RulesNames.first, 1)],
            .delete(RulesNames.package, related: true), "6985"),
        Rule("§9.5.2", "a library that is imported", Act.withLibrary, .delete(RulesNames.library), "6985"),
        Rule(
            "§9.5.3", "with related objects: still imported", Act.withLibrary,
            .delete(RulesNames.library, related: true), "6985"),
        Rule(
            "§9.5.2", "once its user is gone", Act.withLibrary + [.delete(RulesNames.user)],
            .delete(RulesNames.library), "009000"),
        Rule(
            "§9.5.1", "an application that is selected elsewhere",
            Act.installed + [.openChannel, .select(RulesNames.first, 1)], .delete(RulesNames.first), "6985"),
        Rule(
            "§9.5.1", "once its channel is closed",
            Act.installed + [.openChannel, .select(RulesNames.first, 1), .raw("00708001")],
            .delete(RulesNames.first), "009000"),
        Rule(
            "§9.5.1", "a domain that is selected elsewhere",
            Act.issuer + [.domain(RulesNames.domain), .openChannel, .select(RulesNames.domain, 1)],
            .delete(RulesNames.domain), "6985"),
        Rule(
            "§9.5.1", "a domain with an application",
            withBoth + [.extradite(RulesNames.first, to: RulesNames.domain)], .delete(RulesNames.domain),
            "6985"),
        Rule(
            "§9.5.1", "a domain with a load file",
            withBoth + [.extradite(RulesNames.package, to: RulesNames.domain)], .delete(RulesNames.domain),
            "6985"),
        Rule(
            "§9.5.1", "a domain with a domain",
            withBoth + [.extradite(RulesNames.otherDomain, to: RulesNames.domain)],
            .delete(RulesNames.domain),
            "6985"),
        Rule("§9.5.1", "a domain with nothing", withBoth, .delete(RulesNames.domain), "009000"),
        Rule(
            "§9.5.1", "its keys go with it",
            withBoth + [.delete(RulesNames.domain), .domain(RulesNames.domain)],
            .select(RulesNames.domain), "*9000"),
        Rule("§9.5.1", "the issuer domain", Act.issuer, .delete(RulesNames.issuer), "6985"),
        Rule("§9.5.1", "itself", withDomain + Act.on(), .delete(RulesNames.domain), "6985"),
        Rule("Table 11-26", "what is not there", Act.issuer, .delete(RulesNames.first), "6A88"),
        Rule("Table 11-23", "an AID of four bytes", Act.issuer, .send("80E40000", "4F04A1A2A3A4"), "6A80"),
        Rule("Table 11-23", "no TLV", Act.issuer, .send("80E40000", "4F"), "6A80"),
        Rule(
            "Table 11-23", "two AIDs", Act.installed + [.forInstall(RulesNames.second)],
            .send("80E40000", "4F07" + RulesNames.first + "4F07" + RulesNames.second), "6A80"),
        Rule(
            "Table 11-22", "RFU bits of P2", Act.installed, .send("80E4007F", "4F07" + RulesNames.first),
            "009000"),
        Rule(
            "Table 11-21", "RFU bits of P1", Act.installed, .send("80E47F00", "4F07" + RulesNames.first),
            "009000"),
    ]
}
