internal import Arguments
internal import CardManagement
internal import GlobalPlatform
internal import JSON
internal import SmartCard

/// `berth gp list`: the card's registry as a tree.
enum ListCommand {
    static func verb(_ desks: DeskProvider) -> Command {
        Command(
            "list", "Show domains, load files, modules and instances, and the memory", aliases: ["ls"],
            examples: [
                .init("a sample card with the test key", "berth gp list --key default"),
                .init("with a key from a file", "berth gp list --key file:issuer.key"),
            ],
            options: ConnectionOptions.session
        ) { parsed, terminal in
            let desk = try desks.desk(parsed, terminal)
            try desk.authenticate()
            let contents = try desk.link.run(ReadContents())
            let memory = try MemoryHistory(desk).view(contents.resources, contents)
            if terminal.isJSON {
                terminal.print(json: ContentsView(contents).json(memory: memory, desk.link))
            } else {
                ContentsView(contents).show(on: terminal)
                terminal.print()
                memory.show(on: terminal)
            }
        }
    }
}

/// A card's contents as a tree by domain, and as JSON.
struct ContentsView {
    private let contents: CardContents

    init(_ contents: CardContents) { self.contents = contents }

    func show(on terminal: Terminal) {
        if contents.issuerDomain == nil, contents.applications.isEmpty, contents.loadFiles.isEmpty {
            terminal.print("The registry is empty.")
            return
        }
        var shown: Set<AID> = []
        if let issuer = contents.issuerDomain {
            let state = CardLifeCycle(rawValue: issuer.lifeCycle)?.name ?? "unknown (\(issuer.lifeCycle.hex))"
            terminal.print(line(0, "card", issuer.aid, state, issuer.privileges))
            shown.insert(issuer.aid)
            show(inside: issuer.aid, depth: 1, &shown, on: terminal)
        }
        // What names no domain, or one that the card does not list, stands on its own.
        let rest = contents.applications.filter { !shown.contains($0.aid) }
        for application in rest where !shown.contains(application.aid) {
            show(application, depth: 1, &shown, on: terminal)
        }
        for file in contents.loadFiles where !shown.contains(file.aid) {
            show(file, depth: 1, &shown, on: terminal)
        }
    }

    /// Domains may be associated with themselves or in a circle: each object is shown once.
    private func show(inside domain: AID, depth: Int, _ shown: inout Set<AID>, on terminal: Terminal) {
        for file in contents.loadFiles where file.securityDomain == domain && !shown.contains(file.aid) {
            show(file, depth: depth, &shown, on: terminal)
        }
        for application in contents.applications
        where application.securityDomain == domain && !shown.contains(application.aid) {
            show(application, depth: depth, &shown, on: terminal)
        }
    }

    private func show(
        _ application: RegistryEntry.Application, depth: Int, _ shown: inout Set<AID>, on terminal: Terminal
    ) {
        shown.insert(application.aid)
        let state = ApplicationLifeCycle(rawValue: application.lifeCycle)
            .name(isSecurityDomain: application.isSecurityDomain)
        let kind = application.isSecurityDomain ? "domain" : "application"
        let origin = application.loadFile.map { "  from \($0)" } ?? ""
        terminal.print(line(depth, kind, application.aid, state, application.privileges) + origin)
        if application.isSecurityDomain {
            show(inside: application.aid, depth: depth + 1, &shown, on: terminal)
        }
    }

    private func show(
        _ file: RegistryEntry.LoadFile, depth: Int, _ shown: inout Set<AID>, on terminal: Terminal
    ) {
        shown.insert(file.aid)
        let version = file.version.map { "  version " + $0.map(String.init).joined(separator: ".") } ?? ""
        terminal.print(indent(depth) + "load file  \(file.aid)\(version)")
        for module in file.modules { terminal.print(indent(depth + 1) + "module  \(module)") }
    }

    private func line(
        _ depth: Int, _ kind: String, _ aid: AID, _ state: String, _ privileges: Privileges
    ) -> String {
        let names = privileges.names.filter { $0 != "SecurityDomain" }
        return indent(depth) + "\(kind)  \(aid)  \(state)"
            + (names.isEmpty ? "" : "  [" + names.joined(separator: ", ") + "]")
    }

    private func indent(_ depth: Int) -> String { String(repeating: "  ", count: depth) }

    func json(memory: MemoryView, _ link: CardLink) -> JSONValue {
        [
            "issuerDomain": contents.issuerDomain.map { json($0, isIssuer: true) } ?? .null,
            "applications": .array(contents.applications.map { json($0, isIssuer: false) }),
            "loadFiles": .array(contents.loadFiles.map(json)), "memory": memory.json,
            "apdus": .count(link.commandCount), "roundTrips": .count(link.roundTripCount),
        ]
    }

    private func json(_ application: RegistryEntry.Application, isIssuer: Bool) -> JSONValue {
        let state =
            isIssuer
            ? CardLifeCycle(rawValue: application.lifeCycle)?.name ?? "unknown"
            : ApplicationLifeCycle(rawValue: application.lifeCycle)
                .name(isSecurityDomain: application.isSecurityDomain)
        return [
            "aid": .string("\(application.aid)"), "state": .string(state),
            "lifeCycle": .string(application.lifeCycle.hex),
            "privileges": .array(application.privileges.names.map { .string($0) }),
            "loadFile": application.loadFile.map { .string("\($0)") } ?? .null,
            "domain": application.securityDomain.map { .string("\($0)") } ?? .null,
        ]
    }

    private func json(_ file: RegistryEntry.LoadFile) -> JSONValue {
        [
            "aid": .string("\(file.aid)"),
            "version": file.version.map { .string($0.map(String.init).joined(separator: ".")) } ?? .null,
            "modules": .array(file.modules.map { .string("\($0)") }),
            "domain": file.securityDomain.map { .string("\($0)") } ?? .null,
        ]
    }
}
