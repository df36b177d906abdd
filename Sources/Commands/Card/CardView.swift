internal import Arguments
internal import GlobalPlatform
internal import JSON
internal import SmartCard
internal import VirtualCard

/// A virtual card as text and as JSON: identity, tree, keys without their values, memory by owner.
struct CardView {
    let card: VirtualCard
    let path: String
    let settings: CardSettings

    init(_ card: VirtualCard, path: String, settings: CardSettings) {
        self.card = card
        self.path = path
        self.settings = settings
    }

    private var state: CardState { card.contents }
    private var domains: [ApplicationEntry] { state.applications.filter(\.isSecurityDomain) }
    private var instances: [ApplicationEntry] { state.applications.filter { !$0.isSecurityDomain } }

    func show(on terminal: Terminal) {
        var facts = Table([.init("What"), .init("Value")])
        for (name, value) in self.facts { facts.add([.init(name), .init(value)]) }
        terminal.print(facts)
        terminal.print()
        terminal.print(lines: CardTree(card).lines.map(\.printable))
        terminal.print()
        terminal.print(keyTable)
        terminal.print()
        terminal.print(memoryBar)
        let free = card.freeMemory
        terminal.print("Free: \(free.nonVolatile) bytes non-volatile, \(free.volatile) bytes volatile")
    }

    private var facts: [(String, String)] {
        var facts = [
            ("File", path), ("Profile", "\(card.profile.name): \(card.profile.title)"),
            ("Card id", card.identity), ("Serial", card.serial.hex),
            ("ATR", card.profile.answerToReset.hex), ("Issuer domain", "\(state.issuerDomain.aid)"),
            ("State", state.card.lifeCycle.name),
            ("Secure channels", card.profile.channelNames.joined(separator: ", ")),
        ]
        if settings.seed != nil { facts.append(("Random bytes", "from a seed")) }
        if let tear = settings.tear { facts.append(("Armed tear", tear.text)) }
        if !settings.keepsLog { facts.append(("Log", "none")) }
        return facts
    }

    private var keyTable: Table {
        var table = Table([
            .init("Keys of"), .init("Version", .right), .init("Id", .right), .init("Type"),
            .init("Bytes", .right), .init("Opens"),
        ])
        for domain in domains {
            for set in state.domains[domain.aid]?.keySets ?? [] {
                let opens = set.channelProtocol.map { "SCP\($0.version.rawValue.hex) i=\($0.options.hex)" }
                for key in set.keys {
                    table.add([
                        .init("\(domain.aid)"), .init("\(set.version)"), .init("\(key.identifier)"),
                        .init(key.components.map(\.type.name).joined(separator: " + ")),
                        .init(key.components.map { "\($0.byteCount)" }.joined(separator: " + ")),
                        .init(opens ?? ""),
                    ])
                }
            }
        }
        return table
    }

    private func total(_ entries: [AID]) -> Int {
        entries.reduce(0) { $0 + (card.memory(of: $1)?.nonVolatile ?? 0) }
    }

    private var memoryBar: MemoryBar {
        let segments: [MemoryBar.Segment] = [
            .init("domains", bytes: total(domains.map(\.aid)), mark: "D", style: .cyan),
            .init("load files", bytes: total(state.loadFiles.map(\.aid)), mark: "L", style: .yellow),
            .init("instances", bytes: total(instances.map(\.aid)), mark: "I", style: .green),
        ]
        return MemoryBar(segments, .total(card.profile.memory.nonVolatileBytes))
    }

    // MARK: JSON

    var json: JSONValue {
        let free = card.freeMemory
        return [
            "file": .string(path), "profile": .string(card.profile.name),
            "cardId": .string(card.identity), "serial": .string(card.serial.hex),
            "atr": .string(card.profile.answerToReset.hex),
            "issuerDomain": .string("\(state.issuerDomain.aid)"),
            "state": .string(state.card.lifeCycle.name),
            "secureChannels": .array(card.profile.channelNames.map { .string($0) }),
            "seeded": .bool(settings.seed != nil), "log": .bool(settings.keepsLog),
            "tear": settings.tear?.json ?? .null,
            "applications": .array(state.applications.map(json)),
            "loadFiles": .array(state.loadFiles.map(json)),
            "keys": .array(domains.flatMap(keys)),
            "memory": [
                "nonVolatileBytes": .count(card.profile.memory.nonVolatileBytes),
                "volatileBytes": .count(card.profile.memory.volatileBytes),
                "freeNonVolatile": .count(free.nonVolatile), "freeVolatile": .count(free.volatile),
                "domains": .count(total(domains.map(\.aid))),
                "loadFiles": .count(total(state.loadFiles.map(\.aid))),
                "instances": .count(total(instances.map(\.aid))),
            ],
        ]
    }

    private func json(_ entry: ApplicationEntry) -> JSONValue {
        [
            "aid": .string("\(entry.aid)"), "domain": .string("\(entry.domain)"),
            "isSecurityDomain": .bool(entry.isSecurityDomain),
            "state": .string(
                entry.isIssuerDomain
                    ? state.card.lifeCycle.name
                    : entry.lifeCycle.name(isSecurityDomain: entry.isSecurityDomain)),
            "privileges": .array(entry.privileges.names.map { .string($0) }),
            "loadFile": entry.loadFile.map { .string("\($0)") } ?? .null,
            "bytes": .count(card.memory(of: entry.aid)?.nonVolatile ?? 0),
        ]
    }

    private func json(_ entry: LoadFileEntry) -> JSONValue {
        [
            "aid": .string("\(entry.aid)"), "domain": .string("\(entry.domain)"),
            "version": .string("\(entry.major).\(entry.minor)"),
            "modules": .array(entry.modules.map { .string("\($0)") }),
            "readOnlyMemory": .bool(entry.code == nil),
            "bytes": .count(card.memory(of: entry.aid)?.nonVolatile ?? 0),
        ]
    }

    private func keys(of domain: ApplicationEntry) -> [JSONValue] {
        (state.domains[domain.aid]?.keySets ?? []).flatMap { set in
            set.keys.map { key in
                [
                    "domain": .string("\(domain.aid)"), "version": .count(Int(set.version)),
                    "id": .count(Int(key.identifier)), "sequenceCounter": .count(Int(set.sequenceCounter)),
                    "components": .array(
                        key.components.map {
                            ["type": .string($0.type.name), "bytes": .count($0.byteCount)]
                        }),
                ]
            }
        }
    }
}

/// The registry by domain, with what everything takes. Packages in read-only memory that only serve imports are not
/// shown: they are the card's, and take nothing.
struct CardTree {
    private let card: VirtualCard
    private(set) var lines: [String] = []

    init(_ card: VirtualCard) {
        self.card = card
        var shown: Set<AID> = []
        for entry in card.contents.applications where entry.isSecurityDomain && !shown.contains(entry.aid) {
            // Domains that hang below another are reached from there; one that is its own ends a chain.
            guard entry.isIssuerDomain || entry.domain == entry.aid else { continue }
            add(entry, depth: 0, &shown)
        }
    }

    private mutating func add(_ entry: ApplicationEntry, depth: Int, _ shown: inout Set<AID>) {
        guard shown.insert(entry.aid).inserted else { return }
        let state = card.contents
        let kind = entry.isIssuerDomain ? "card" : entry.isSecurityDomain ? "domain" : "application"
        let lifeCycle =
            entry.isIssuerDomain
            ? state.card.lifeCycle.name : entry.lifeCycle.name(isSecurityDomain: entry.isSecurityDomain)
        let privileges = entry.privileges.names.filter { $0 != "SecurityDomain" }
        lines.append(
            indent(depth) + "\(kind)  \(entry.aid)  \(lifeCycle)  \(bytes(entry.aid))"
                + (privileges.isEmpty ? "" : "  [\(privileges.joined(separator: ", "))]")
                + (entry.loadFile.map { "  from \($0)" } ?? ""))
        guard entry.isSecurityDomain else { return }
        for file in state.loadFiles
        where file.domain == entry.aid && (file.code != nil || !file.modules.isEmpty) {
            lines.append(
                indent(depth + 1) + "load file  \(file.aid)  version \(file.major).\(file.minor)  "
                    + (file.code == nil ? "read-only memory" : bytes(file.aid)))
            for module in file.modules { lines.append(indent(depth + 2) + "module  \(module)") }
        }
        for child in state.applications where child.domain == entry.aid {
            add(child, depth: depth + 1, &shown)
        }
    }

    private func bytes(_ aid: AID) -> String {
        guard let memory = card.memory(of: aid) else { return "" }
        return "\(ByteCount(memory.nonVolatile))"
            + (memory.volatile > 0 ? " + \(memory.volatile) volatile" : "")
    }

    private func indent(_ depth: Int) -> String { String(repeating: "  ", count: depth) }
}
