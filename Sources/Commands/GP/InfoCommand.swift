internal import Arguments
internal import CardManagement
internal import GlobalPlatform
internal import JSON
internal import SmartCard

/// `berth gp info`: everything a card tells without keys.
enum InfoCommand {
    static func verb(_ desks: DeskProvider) -> Command {
        Command(
            "info", "Show what the card is, its keys and its free memory",
            discussion: "Needs no keys: only what the card tells everybody is asked for.",
            examples: [.init("the card in the only reader", "berth gp info")],
            options: [ConnectionOptions.cardGroup]
        ) { parsed, terminal in
            let desk = try desks.desk(parsed, terminal)
            let identity = try desk.identify()
            desk.shared.productionLifeCycle = .some(identity.productionLifeCycle)
            let memory = try MemoryHistory(desk).view(identity.resources, nil)
            let view = IdentityView(identity, answerToReset: desk.link.channel.answerToReset, memory: memory)
            if terminal.isJSON {
                terminal.print(json: view.json)
            } else {
                view.show(on: terminal)
            }
        }
    }
}

/// A card's identity as text and as JSON.
struct IdentityView {
    private let identity: CardIdentity
    private let answerToReset: [UInt8]
    private let memory: MemoryView

    init(_ identity: CardIdentity, answerToReset: [UInt8], memory: MemoryView) {
        self.identity = identity
        self.memory = memory
        self.answerToReset = answerToReset
    }

    func show(on terminal: Terminal) {
        var facts = Table([.init("What"), .init("Value")])
        for (name, value) in self.facts { facts.add([.init(name), .init(value)]) }
        terminal.print(facts)
        if !identity.keys.isEmpty {
            terminal.print()
            var keys = Table([
                .init("Key version"), .init("Id", .right), .init("Type"), .init("Bytes", .right),
            ])
            for key in identity.keys {
                keys.add([
                    .init(key.version.versionText), .init("\(key.identifier)"),
                    .init(key.components.map(\.type.name).joined(separator: " + ")),
                    .init(key.components.map { "\($0.byteCount)" }.joined(separator: " + ")),
                ])
            }
            terminal.print(keys)
        }
        terminal.print()
        memory.show(on: terminal)
    }

    private var facts: [(String, String)] {
        var facts: [(String, String)] = []
        func add(_ name: String, _ value: String?) { if let value { facts.append((name, value)) } }
        add("ATR", answerToReset.isEmpty ? nil : answerToReset.hex)
        add("Card id", identity.cardID)
        add("Issuer domain", identity.issuerDomain.map { "\($0)" })
        add("State", identity.isLocked ? "locked" : nil)
        add("GlobalPlatform", identity.recognition?.version)
        add("Secure channels", channels.isEmpty ? nil : channels.joined(separator: ", "))
        add("IIN", identity.issuerIdentificationNumber?.hex)
        add("CIN", identity.cardImageNumber?.hex)
        add("Sequence counter", identity.sequenceCounter?.hex)
        add("Longest command", identity.fileControl?.commandBytesMax.map { "\($0) bytes" })
        for field in identity.productionLifeCycle?.fields ?? [] {
            facts.append((field.name, field.bytes.hex))
        }
        if let capabilities = identity.capabilities {
            add("Domain privileges", capabilities.domainPrivileges?.names.joined(separator: ", "))
            add("Application privileges", capabilities.applicationPrivileges?.names.joined(separator: ", "))
        }
        add("Applications", identity.applications.map { $0.map(\.description).joined(separator: ", ") })
        return facts
    }

    private var channels: [String] {
        identity.secureChannels.map { "SCP\($0.version.rawValue.hex) i=\($0.options.hex)" }
    }

    var json: JSONValue {
        var object: JSONObject = ["atr": .string(answerToReset.hex), "locked": .bool(identity.isLocked)]
        object["cardId"] = identity.cardID.map { .string($0) }
        object["issuerDomain"] = identity.issuerDomain.map { .string("\($0)") }
        object["globalPlatform"] = identity.recognition?.version.map { .string($0) }
        object["secureChannels"] = .array(
            identity.secureChannels.map {
                ["scp": .string($0.version.rawValue.hex), "i": .string($0.options.hex)]
            })
        object["iin"] = identity.issuerIdentificationNumber.map { .string($0.hex) }
        object["cin"] = identity.cardImageNumber.map { .string($0.hex) }
        object["sequenceCounter"] = identity.sequenceCounter.map { .string($0.hex) }
        if let fields = identity.productionLifeCycle?.fields {
            var cplc = JSONObject()
            for field in fields { cplc[field.name] = .string(field.bytes.hex) }
            object["cplc"] = .object(cplc)
        }
        object["keys"] = .array(
            identity.keys.map { key in
                [
                    "version": .count(Int(key.version)), "id": .count(Int(key.identifier)),
                    "components": .array(
                        key.components.map {
                            ["type": .string($0.type.name), "bytes": .count($0.byteCount)]
                        }),
                ]
            })
        object["applications"] = identity.applications.map { .array($0.map { .string("\($0)") }) }
        if let capabilities = identity.capabilities {
            object["domainPrivileges"] = Self.names(capabilities.domainPrivileges)
            object["applicationPrivileges"] = Self.names(capabilities.applicationPrivileges)
        }
        object["memory"] = memory.json
        return .object(object)
    }

    private static func names(_ privileges: Privileges?) -> JSONValue? {
        privileges.map { .array($0.names.map { .string($0) }) }
    }
}
