internal import Arguments
internal import CardManagement
internal import GlobalPlatform
internal import JSON
internal import SmartCard

extension CardDesk {
    /// The registry as it is now, in the session.
    func registry() throws -> CardContents { try link.run(ReadContents(readsResources: false)) }

    /// Shows the result in the chosen form.
    func show(_ text: String, _ json: JSONValue) {
        if terminal.isJSON { terminal.print(json: json) } else { terminal.print(text) }
    }

    /// Carries out the commands and says what became of it; a dry run says what would have.
    func carryOut(_ commands: [CommandAPDU], done text: String, _ result: JSONObject) throws {
        var result = result
        guard try change(commands) != nil else {
            return showDryRun(commands, result)
        }
        result["changed"] = .bool(!commands.isEmpty)
        show(text, .object(result))
    }

    func showDryRun(_ commands: [CommandAPDU], _ result: JSONObject) {
        var result = result
        result["dryRun"] = true
        result["commands"] = .array(commands.map { .string(CommandText.describe($0)) })
        show("nothing was changed", .object(result))
    }
}

extension CardContents {
    /// The domain of the name, the issuer's or another.
    func domain(_ aid: AID) -> RegistryEntry.Application? {
        if let issuerDomain, issuerDomain.aid == aid { return issuerDomain }
        return application(aid).flatMap { $0.isSecurityDomain ? $0 : nil }
    }

    /// Everything directly associated with a domain, but not itself.
    func held(by domain: AID) -> [AID] {
        applications.filter { $0.securityDomain == domain && $0.aid != domain }.map(\.aid)
            + loadFiles.filter { $0.securityDomain == domain }.map(\.aid)
    }

    func requireApplication(_ aid: AID) throws(Problem) -> RegistryEntry.Application {
        guard let entry = application(aid) else { throw .notOnCard("application or domain", aid) }
        return entry
    }

    func requireDomain(_ aid: AID) throws(Problem) -> RegistryEntry.Application {
        if let domain = domain(aid) { return domain }
        guard application(aid) == nil else {
            throw Problem("not-a-domain", exit: .usage, "\(aid) is an application and no security domain")
        }
        throw .notOnCard("security domain", aid)
    }
}

extension Problem {
    static let issuerDomainStays = Problem(
        "issuer-domain", exit: .refused, "the issuer domain cannot be deleted")

    static func notOnCard(_ kind: String, _ aid: AID) -> Problem {
        Problem(
            "not-on-card", exit: .notFound, "there is no \(kind) \(aid) on the card",
            advice: ["see what is there with: berth gp list"], details: ["aid": .string("\(aid)")])
    }
}

extension ArgumentValue where Value == Privileges {
    /// Names of privileges, with commas between them.
    static let privileges = Self(
        "NAME,...", candidates: .words(Privileges.named.map { .init($0.name) }),
        show: { $0.isEmpty ? "" : $0.names.joined(separator: ",") }
    ) { (text) throws(ValueRefusal) in
        var privileges: Privileges = []
        for word in text.split(separator: ",") {
            let wanted = word.lowercased().filter(\.isLetter)
            guard let found = Privileges.named.first(where: { $0.name.lowercased() == wanted }) else {
                throw ValueRefusal(
                    "'\(word)' is no privilege; these are: "
                        + Privileges.named.map(\.name).joined(separator: ", "))
            }
            privileges.formUnion(found.privilege)
        }
        return privileges
    }
}

extension UInt8 {
    /// A key version as people write it: cards and other tools say it in hex.
    var versionText: String { "\(self) (0x\(hex))" }
}
