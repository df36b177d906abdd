internal import Arguments
internal import CardManagement
internal import GlobalPlatform
internal import JSON
internal import SmartCard

/// `berth gp domain`: security domains, and what is associated with them.
enum DomainVerbs {
    static func noun(_ desks: DeskProvider) -> Command {
        Command(
            "domain", "Make, show and delete security domains, and move things into them", aliases: ["sd"],
            commands: [
                DomainCreateVerb.verb(desks), list(desks), extradite(desks), delete(desks),
            ])
    }

    // MARK: list

    private static func list(_ desks: DeskProvider) -> Command {
        Command(
            "list", "Show the security domains, and what each of them holds", aliases: ["ls", "show"],
            options: ConnectionOptions.session
        ) { parsed, terminal in
            let desk = try desks.desk(parsed, terminal)
            try desk.authenticate()
            let contents = try desk.registry()
            var table = Table([
                .init("Domain"), .init("State"), .init("In"), .init("Holds", .right), .init("Privileges"),
            ])
            var array: [JSONValue] = []
            let domains =
                (contents.issuerDomain.map { [$0] } ?? []) + contents.applications.filter(\.isSecurityDomain)
            for domain in domains {
                let held = contents.held(by: domain.aid)
                let state = state(of: domain, isIssuer: domain.aid == contents.issuerDomain?.aid)
                let parent = domain.securityDomain.map { "\($0)" }
                table.add([
                    .init("\(domain.aid)"), .init(state), .init(parent ?? "-"), .init("\(held.count)"),
                    .init(domain.privileges.names.joined(separator: ", ")),
                ])
                array.append([
                    "aid": .string("\(domain.aid)"), "state": .string(state),
                    "domain": parent.map { .string($0) } ?? .null,
                    "holds": .array(held.map { .string("\($0)") }),
                    "privileges": .array(domain.privileges.names.map { .string($0) }),
                ])
            }
            if terminal.isJSON {
                terminal.print(json: ["domains": .array(array)])
            } else {
                terminal.print(table)
            }
        }
    }

    private static func state(of domain: RegistryEntry.Application, isIssuer: Bool) -> String {
        guard isIssuer else {
            return ApplicationLifeCycle(rawValue: domain.lifeCycle).name(isSecurityDomain: true)
        }
        return CardLifeCycle(rawValue: domain.lifeCycle)?.name ?? "unknown (\(domain.lifeCycle.hex))"
    }

    // MARK: extradite

    private static let object = Positional<AID>.required(
        .aid("OBJECT"), help: "The application, domain or load file to move")
    private static let destination = Option<AID>.required(
        "to", .aid("DOMAIN"), help: "The domain that is to have it")

    private static func extradite(_ desks: DeskProvider) -> Command {
        Command(
            "extradite", "Give an application, domain or load file to another domain", aliases: ["move"],
            examples: [
                .init(
                    "an application to a provider's domain",
                    "berth gp domain extradite A00000006201 --to A0000001515344")
            ],
            arguments: [object],
            options: [OptionGroup("Options", [destination]), InstallOptions.delegationGroup]
                + ConnectionOptions.session + [ConnectionOptions.dryRunGroup]
        ) { parsed, terminal in
            let desk = try desks.desk(parsed, terminal)
            try desk.authenticate()
            try move(parsed[object], to: parsed[destination], desk)
        }
    }

    private static func move(_ object: AID, to domain: AID, _ desk: CardDesk) throws {
        let contents = try desk.registry()
        _ = try contents.requireDomain(domain)
        let holder: AID?
        if let application = contents.application(object) {
            holder = application.securityDomain
        } else if let file = contents.loadFile(object) {
            holder = file.securityDomain
        } else {
            throw Problem.notOnCard("application, domain or load file", object)
        }
        let isThere = holder == domain
        try desk.carryOut(
            isThere
                ? []
                : [
                    (
                        .install(.extradite(object, to: domain)),
                        (holder ?? desk.securityDomain).map { .extradition(from: $0, object, to: domain) }
                    )
                ],
            done: isThere
                ? "\(object) is with \(domain) already" : "\(object) is with \(domain) from now on",
            [
                "object": .string("\(object)"), "domain": .string("\(domain)"),
                "before": holder.map { .string("\($0)") } ?? .null,
            ])
    }

    // MARK: delete

    private static let domain = Positional<AID>.required(.aid("DOMAIN"), help: "The domain to delete")

    private static func delete(_ desks: DeskProvider) -> Command {
        Command(
            "delete", "Delete an empty security domain with its keys and data", aliases: ["rm"],
            arguments: [domain],
            options: [InstallOptions.delegationGroup] + ConnectionOptions.session
                + [ConnectionOptions.confirmedGroup]
        ) { parsed, terminal in
            let desk = try desks.desk(parsed, terminal)
            try desk.authenticate()
            let contents = try desk.registry()
            let aid = parsed[domain]
            _ = try contents.requireDomain(aid)
            guard aid != contents.issuerDomain?.aid else {
                throw Problem.issuerDomainStays
            }
            let held = contents.held(by: aid)
            guard held.isEmpty else { throw Problem.domainHolds(aid, held) }
            try desk.confirm("Delete the domain \(aid) with its keys?")
            try desk.carryOut(
                [(.delete(aid, withRelated: false), .delete(aid))], done: "deleted the domain \(aid)",
                ["deleted": .string("\(aid)")])
        }
    }
}

extension Problem {
    static func domainHolds(_ aid: AID, _ held: [AID]) -> Problem {
        Problem(
            "domain-not-empty", exit: .inUse,
            "the domain \(aid) holds \(held.count) object\(held.count == 1 ? "" : "s")",
            why: held.map { "\($0)" }.joined(separator: ", "),
            advice: [
                "delete them, or move them with: berth gp domain extradite OBJECT --to DOMAIN"
            ], details: ["holds": .array(held.map { .string("\($0)") })])
    }
}
