internal import Arguments
internal import CardCrypto
internal import CardManagement
internal import GlobalPlatform
internal import JSON
internal import SmartCard

/// `berth gp key`: the keys of a domain.
enum KeyVerbs {
    static func noun(_ desks: DeskProvider) -> Command {
        Command(
            "key", "Show, put, delete and rotate the keys of a domain", aliases: ["keys"],
            commands: [list(desks), KeyPutVerb.verb(desks), delete(desks), KeyRotateVerb.verb(desks)])
    }

    // MARK: list

    private static func list(_ desks: DeskProvider) -> Command {
        Command(
            "list", "Show which keys the domain has; nobody can read their values", aliases: ["ls", "show"],
            discussion: "Needs no keys on most cards; where the card wants a session first, one is opened.",
            options: ConnectionOptions.session
        ) { parsed, terminal in
            let desk = try desks.desk(parsed, terminal)
            if desk.link.peer == nil { try desk.selectDomain() }
            let keys = try desk.keyTemplate()
            if terminal.isJSON {
                terminal.print(json: ["keys": .array(keys.map(json))])
                return
            }
            guard !keys.isEmpty else {
                terminal.print("The domain has no keys.")
                return
            }
            var table = Table([
                .init("Version"), .init("Id", .right), .init("Type"), .init("Bytes", .right), .init("Use"),
            ])
            for key in keys {
                table.add([
                    .init(key.version.versionText), .init("\(key.identifier)"),
                    .init(key.components.map(\.type.name).joined(separator: " + ")),
                    .init(key.components.map { "\($0.byteCount)" }.joined(separator: " + ")),
                    .init(use(of: key)),
                ])
            }
            terminal.print(table)
        }
    }

    private static func json(_ key: KeyInformation) -> JSONValue {
        [
            "version": .count(Int(key.version)), "id": .count(Int(key.identifier)),
            "use": .string(use(of: key)),
            "components": .array(
                key.components.map { ["type": .string($0.type.name), "bytes": .count($0.byteCount)] }),
        ]
    }

    /// What key versions are set aside for (GPCS 2.3.1 §11.1.9 and the UICC configuration 2.0 §5.1).
    private static func use(of key: KeyInformation) -> String {
        switch key.version {
        case 0x01...0x0F: "over the air, or secure channel"
        case 0x11: "DAP"
        case 0x20...0x2F: "secure channel (SCP02)"
        case 0x30...0x3F: "secure channel (SCP03)"
        case 0x40...0x4F: "HTTPS (SCP81)"
        case 0x70: "token"
        case 0x71: "receipt"
        case 0x73: "DAP"
        case 0x74: "mandated DAP"
        case 0x75: "ciphered load files"
        case 0xFF: "initial keys"
        default: key.components.allSatisfy(\.isSymmetric) ? "secure channel" : ""
        }
    }

    // MARK: delete

    private static let version = Positional<UInt8>.required(
        .integer("VERSION", in: 1...255), help: "The version of the keys, such as 0x30")
    private static let identifier = Option<UInt8?>.optional(
        "id", .integer("N", in: 0...127), help: "Only the key with this identifier")

    private static func delete(_ desks: DeskProvider) -> Command {
        Command(
            "delete", "Delete the keys of a version", aliases: ["rm"], arguments: [version],
            options: [OptionGroup("Options", [identifier])] + ConnectionOptions.session
                + [ConnectionOptions.confirmedGroup]
        ) { parsed, terminal in
            let desk = try desks.desk(parsed, terminal)
            try desk.authenticate()
            let version = parsed[version]
            if desk.link.peer?.keyVersion == version { throw Problem.keysInUse(version) }
            let matching = try desk.keyTemplate().filter { key in
                key.version == version && parsed[identifier].map { $0 == key.identifier } != false
            }
            guard !matching.isEmpty else { throw Problem.noSuchKeys(version, parsed[identifier]) }
            let which =
                parsed[identifier].map { "key \($0) of version" } ?? "the \(matching.count) keys of version"
            try desk.confirm("Delete \(which) \(version.versionText)?")
            try desk.carryOut(
                [.deleteKey(identifier: parsed[identifier], version: version)],
                done: "deleted \(which) \(version.versionText)",
                [
                    "version": .count(Int(version)),
                    "deleted": .array(matching.map { .count(Int($0.identifier)) }),
                ])
        }
    }
}

extension CardDesk {
    /// The keys that the selected domain tells of; in a session where the card wants one.
    func keyTemplate() throws -> [KeyInformation] {
        let question = CommandAPDU.getData(.keyInformationTemplate)
        var answer = try link.send(question)
        if !answer.status.isSuccess, link.peer == nil, [0x6982, 0x6985].contains(answer.status) {
            try authenticate()
            answer = try link.send(question)
        }
        // A domain without keys has no template.
        if answer.status == 0x6A88 { return [] }
        guard answer.status.isSuccess else { throw LinkError.procedure(.refused(question, answer.status)) }
        do {
            return try KeyTemplate.read(answer.data)
        } catch {
            throw LinkError.procedure(.malformed(question, reason: "\(error)"))
        }
    }
}

extension KeyInformation.Component {
    fileprivate var isSymmetric: Bool { type == .aes || (0x80...0x84).contains(type.rawValue) }
}

extension Problem {
    static func keysInUse(_ version: UInt8) -> Problem {
        Problem(
            "keys-in-use", exit: .inUse, "the keys of version \(version.versionText) opened this session",
            why: "without them nothing could be managed any more unless other keys are right",
            advice: [
                "open the session with another set: --key-version",
                "to have other keys in their place use: berth gp key rotate",
            ], details: ["version": .count(Int(version))])
    }

    fileprivate static func noSuchKeys(_ version: UInt8, _ identifier: UInt8?) -> Problem {
        Problem(
            "no-such-keys", exit: .notFound,
            "the domain has no key \(identifier.map { "\($0) " } ?? "")of version \(version.versionText)",
            advice: ["see what is there with: berth gp key list"])
    }
}
