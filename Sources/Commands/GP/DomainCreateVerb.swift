internal import Arguments
internal import CardManagement
internal import GlobalPlatform
internal import JSON
internal import SmartCard

/// `berth gp domain create`: a supplementary security domain, with room of its own where the card can keep it.
enum DomainCreateVerb {
    private static let aid = Positional<AID>.required(.aid("AID"), help: "The name of the new domain")
    private static let package = Option<AID?>.optional(
        "package", .aid(), help: "The load file to make it from; found on the card by default")
    private static let module = Option<AID?>.optional(
        "module", .aid(), help: "The module to make it from; found on the card by default")
    private static let privileges = Option<Privileges>.value(
        "privileges", .privileges, default: .securityDomain,
        help: "What the domain may do; SecurityDomain comes by itself")
    private static let parent = Option<AID?>.optional(
        "parent", .aid("DOMAIN"), help: "The domain to put it into; by default the one of the session")
    private static let params = Option<[UInt8]>.value(
        "params", .hex(bytes: 0...200), default: [], help: "Install parameters of the domain's own (tag C9)")
    private static let reserveNonVolatile = amount(
        "reserve-nonvolatile", also: "reserve", "Non-volatile memory to keep for it alone (D8)")
    private static let reserveVolatile = amount(
        "reserve-volatile", also: "volatile-reserve", "Volatile memory to keep for it alone (D7)")
    private static let quotaNonVolatile = amount(
        "quota-nonvolatile", also: "quota", "The most non-volatile memory it may take (C8)")
    private static let quotaVolatile = amount(
        "quota-volatile", also: "volatile-quota", "The most volatile memory it may take (C7)")

    private static func amount(_ name: String, also alias: String, _ help: String) -> Option<Int?> {
        .optional(name, .integer("BYTES", in: 0...Int(UInt32.max)), .aliases(alias), help: help)
    }

    static func verb(_ desks: DeskProvider) -> Command {
        Command(
            "create", "Make a security domain",
            examples: [
                .init("a provider's domain", "berth gp domain create A0000001515344"),
                .init(
                    "with 16 kB kept for it",
                    "berth gp domain create A0000001515344 --reserve-nonvolatile 16384"),
            ],
            arguments: [aid],
            options: [
                OptionGroup(
                    "Options",
                    [
                        package, module, privileges, parent, params, reserveNonVolatile, reserveVolatile,
                        quotaNonVolatile, quotaVolatile,
                    ]),
                InstallOptions.delegationGroup,
            ] + ConnectionOptions.session + [ConnectionOptions.dryRunGroup]
        ) { parsed, terminal in
            let parameters = try parameters(parsed)
            let desk = try desks.desk(parsed, terminal)
            try desk.authenticate()
            try create(parsed, parameters, try desk.registry(), desk)
        }
    }

    private static func parameters(_ parsed: ParsedCommand) throws -> InstallParameters {
        for (reserve, quota) in [
            (parsed[reserveNonVolatile], parsed[quotaNonVolatile]),
            (parsed[reserveVolatile], parsed[quotaVolatile]),
        ] {
            guard let reserve, let quota, quota < reserve else { continue }
            throw Problem.usage("the quota of \(quota) bytes is less than the reserve of \(reserve) bytes")
        }
        return InstallParameters(
            application: parsed[params], volatileQuota: parsed[quotaVolatile],
            nonVolatileQuota: parsed[quotaNonVolatile], volatileReserved: parsed[reserveVolatile],
            nonVolatileReserved: parsed[reserveNonVolatile])
    }

    private static func create(
        _ parsed: ParsedCommand, _ parameters: InstallParameters, _ contents: CardContents, _ desk: CardDesk
    ) throws {
        let aid = parsed[aid]
        let wanted = parsed[privileges].union(.securityDomain)
        if let parent = parsed[parent] { _ = try contents.requireDomain(parent) }
        var operations: [(operation: DelegatedOperation, subject: ReceiptSubject?)] = []
        let present = contents.application(aid)
        if let present {
            guard present.isSecurityDomain, present.privileges.isSuperset(of: wanted) else {
                throw Problem.nameTaken(aid, by: present)
            }
            desk.terminal.note("the domain \(aid) is on the card already")
        } else {
            guard contents.loadFile(aid) == nil, contents.issuerDomain?.aid != aid else {
                throw Problem.nameTaken(aid, by: nil)
            }
            let origin = try origin(parsed, contents)
            let install = InstallCommand.Install(
                loadFile: origin.package, module: origin.module, instance: aid, privileges: wanted,
                parameters: parameters)
            operations.append(
                (
                    .install(.install(install, makeSelectable: true)),
                    .install(loadFile: origin.package, instance: aid)
                ))
        }
        let holder: AID? = present.map(\.securityDomain) ?? desk.securityDomain
        if let parent = parsed[parent], holder != parent {
            operations.append(
                (
                    .install(.extradite(aid, to: parent)),
                    holder.map { .extradition(from: $0, aid, to: parent) }
                ))
        }
        let home = parsed[parent] ?? holder
        try desk.carryOut(
            operations, done: operations.isEmpty ? "nothing to do" : "made the domain \(aid)",
            [
                "domain": .string("\(aid)"), "parent": home.map { .string("\($0)") } ?? .null,
                "privileges": .array(wanted.names.map { .string($0) }),
            ])
    }

    /// What domains are made from: as named, else as the card lists it, else as nearly every card has it.
    private static func origin(
        _ parsed: ParsedCommand, _ contents: CardContents
    ) throws -> (package: AID, module: AID) {
        if let package = parsed[package] {
            if let module = parsed[module] { return (package, module) }
            guard let file = contents.loadFile(package) else { throw Problem.notOnCard("load file", package) }
            guard let module = file.modules.first, file.modules.count == 1 else {
                throw Problem.usage(
                    "the load file \(package) has \(file.modules.count) modules that the card lists",
                    advice: "name one with --module")
            }
            return (package, module)
        }
        let wanted = parsed[module] ?? WellKnownAID.securityDomainModule
        if let file = contents.loadFiles.first(where: { $0.modules.contains(wanted) }) {
            return (file.aid, wanted)
        }
        return (WellKnownAID.securityDomainPackage, wanted)
    }
}

extension Problem {
    static func nameTaken(_ aid: AID, by entry: RegistryEntry.Application?) -> Problem {
        let kind = entry.map { $0.isSecurityDomain ? "a domain with other privileges" : "an application" }
        return Problem(
            "name-taken", exit: .alreadyExists, "\(aid) is on the card already",
            why: "it is \(kind ?? "a load file or the issuer domain")",
            advice: ["choose another AID, or see what is there with: berth gp list"],
            details: ["aid": .string("\(aid)")])
    }
}
