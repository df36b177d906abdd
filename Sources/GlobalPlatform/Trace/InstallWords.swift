internal import SmartCard

/// INSTALL in all its forms (GPCS 2.3.1 §11.5): the fields of each as tables 11-42 to 11-47 list them.
extension CommandWords {
    static let install = CommandWords(
        "INSTALL",
        header: { command, text in
            text.rename("INSTALL [\(purpose(command.p1))]")
            if command.p2 == 0x01 { text.say("the first of a combined process") }
            if command.p2 == 0x03 { text.say("the end of a combined process") }
            if command.p1 & 0x80 != 0 { text.say("more of it follows") }
        }, data: installed)

    /// GPCS 2.3.1 table 11-41.
    private static func purpose(_ p1: UInt8) -> String {
        let names: [(bit: UInt8, name: String)] = [
            (0x40, "registry update"), (0x20, "personalization"), (0x10, "extradition"), (0x02, "load"),
            (0x04, "install"), (0x08, "make selectable"),
        ]
        let set = names.filter { p1 & $0.bit != 0 }.map(\.name)
        guard let last = set.last else { return "P1 \(p1.hex)" }
        return set.count == 1 ? "for \(last)" : "for \(set.dropLast().joined(separator: ", ")) and \(last)"
    }

    private enum Field {
        case aid(String)
        case privileges
        case size(String)
        case parameters([TraceField])
        /// Always empty.
        case unused

        var name: String {
            switch self {
            case .aid(let name), .size(let name): name
            case .privileges: "privileges"
            case .parameters: "parameters"
            case .unused: "empty field"
            }
        }

        /// Whether the value may stand in the field by its size.
        func allows(_ value: ArraySlice<UInt8>) -> Bool {
            switch self {
            case .aid: value.isEmpty || (5...16).contains(value.count)
            case .privileges: [0, 1, 3].contains(value.count)
            case .size, .parameters: true
            case .unused: value.isEmpty
            }
        }
    }

    private static func fields(_ command: CommandAPDU) -> [Field]? {
        switch command.p1 {
        case 0x02,
            0x0E where command.p2 == 0x01, 0x06 where command.p2 == 0x01:
            [
                .aid("load file"), .aid("into domain"), .size("hash"), .parameters(ParameterFields.load),
                .size("token"),
            ]
        case 0x04, 0x0C, 0x0E, 0x06:
            [
                .aid("load file"), .aid("module"), .aid("instance"), .privileges,
                .parameters(ParameterFields.install), .size("token"),
            ]
        case 0x08:
            [
                .unused, .unused, .aid("instance"), .privileges, .parameters(ParameterFields.install),
                .size("token"),
            ]
        case 0x10:
            [
                .aid("to domain"), .unused, .aid("application or load file"), .unused,
                .parameters(ParameterFields.install), .size("token"),
            ]
        case 0x20: [.unused, .unused, .aid("application"), .unused, .unused, .unused]
        case 0x40:
            [
                .aid("to domain"), .unused, .aid("application"), .privileges,
                .parameters(ParameterFields.install), .size("token"),
            ]
        default: nil
        }
    }

    private static func installed(_ command: CommandAPDU, _ text: inout TraceText) {
        guard let fields = fields(command) else { return text.say(TraceText.bytes(command.data.count)) }
        let read = FieldReader(command.data[...], maximumCount: fields.count)
        // Bytes that do not add up may be the middle of a command that was cut, and then be anything.
        if let problem = problem(read, fields: fields, end: command.data.count) {
            text.say(TraceText.bytes(command.data.count))
            let sizes = zip(fields, read.values).map { "\($0.name) \(TraceText.bytes($1.count))" }
            if !sizes.isEmpty { text.add(sizes.joined(separator: ", ")) }
            return text.add(problem)
        }
        for (field, value) in zip(fields, read.values) where !value.isEmpty {
            switch field {
            case .aid(let name): text.say("\(name) \(KnownAIDs.text(value))")
            case .privileges:
                if let privileges = Privileges(bytes: value) { text.say(TraceWords.privileges(privileges)) }
            case .size(let name): text.say("\(name) of \(TraceText.bytes(value.count))")
            case .parameters(let fields): text.add(objects: value, fields: fields)
            case .unused: break
            }
        }
    }

    /// Old commands may end before the token's length.
    private static func problem(_ read: FieldReader, fields: [Field], end: Int) -> String? {
        if let problem = read.problem { return TraceText.malformed(problem) }
        guard read.values.count >= fields.count - 1 else {
            return TraceText.malformed(TLVError.truncated(at: end))
        }
        let wrong = zip(fields, read.values).first { field, value in !field.allows(value) }
        return wrong.map { field, value in
            "malformed: \(field.name) of \(TraceText.bytes(value.count)) at byte \(value.startIndex)"
        }
    }
}

/// Lengths and values in a row, without tags (GPCS 2.3.1 §11.5.2.3).
struct FieldReader {
    private(set) var values: [ArraySlice<UInt8>] = []
    private(set) var problem: TLVError?

    init(_ data: ArraySlice<UInt8>, maximumCount: Int) {
        var rest = data
        while !rest.isEmpty {
            guard values.count < maximumCount else {
                problem = .lengthTooLong(at: rest.startIndex)
                return
            }
            do { values.append(try Self.value(&rest)) } catch {
                problem = error
                return
            }
        }
    }

    /// A length of 128 may stand in one byte (GPCS 2.3.1 §11.5.2.3.1).
    static func value(_ rest: inout ArraySlice<UInt8>) throws(TLVError) -> ArraySlice<UInt8> {
        let length: Int
        if rest.first == 0x80 {
            rest = rest.dropFirst()
            length = 128
        } else {
            length = try BERTLV.readLength(&rest)
        }
        guard length <= rest.count else { throw .truncated(at: rest.endIndex) }
        defer { rest = rest.dropFirst(length) }
        return rest.prefix(length)
    }
}

/// The parameters that INSTALL carries, by their tags.
enum ParameterFields {
    /// GPCS 2.3.1 table 11-48.
    static let load = [
        TraceField(
            .systemParameters, "system parameters",
            .template([
                .init(0xC6, "non-volatile memory for code", .memory),
                .init(0xC7, "volatile memory for data", .memory),
                .init(0xC8, "non-volatile memory for data", .memory),
                .init(0xCD, "format of the load file data block", .hex),
                .init(0xDD, "parameters of the load file data block", .size),
            ])), token,
    ]

    /// GPCS 2.3.1 tables 11-49 to 11-52.
    static let install = [
        TraceField(.applicationParameters, "application parameters", .size),
        TraceField(.systemParameters, "system parameters", .template(system)),
        TraceField(
            0xEA, "UICC parameters",
            .template([
                .init(0x80, "toolkit", .words { UICCWords.toolkit($0) }),
                .init(0xC3, "toolkit parameters by DAP", .size),
                .init(0x81, "access to files", .size),
                .init(0x82, "administrative access to files", .size),
            ])), token,
    ]

    /// GPCS 2.3.1 table 11-23: which signature key a token is for.
    static let token = TraceField(
        0xB6, "token",
        .template([
            .init(.issuerIdentificationNumber, "domain's provider", .hex),
            .init(.cardImageNumber, "domain's image number", .hex),
            .init(0x5F20, "application provider", .hex), .init(0x93, "number", .hex),
        ]))

    private static let system = [
        TraceField(0xC7, "volatile memory quota", .memory),
        TraceField(0xC8, "non-volatile memory quota", .memory),
        TraceField(0xD7, "volatile memory reserved", .memory),
        TraceField(0xD8, "non-volatile memory reserved", .memory),
        TraceField(0xCB, "global services", .hex),
        TraceField(0xCA, "SIM", .words { UICCWords.sim($0) }),
        TraceField(.implicitSelection, "selected without being named", .implicitSelection),
        // Table 11-53.
        TraceField(
            0xD9, "no longer allowed",
            .flags([
                "delete", "load", "install", "make selectable", "extradition", "personalization",
                "registry update",
            ])),
    ]
}

/// Toolkit parameters (TS 102 226 §8.2.1.3.2).
enum UICCWords {
    /// `CA`: an access domain, then what the toolkit is given.
    static func sim(_ value: ArraySlice<UInt8>) -> String? {
        var rest = value
        guard let domain = try? FieldReader.value(&rest), let words = toolkit(rest) else { return nil }
        return "access domain of \(TraceText.bytes(domain.count)), \(words)"
    }

    /// `80` inside `EA`: priority, timers, length of a menu entry, menu entries, channels, security level, TAR.
    static func toolkit(_ value: ArraySlice<UInt8>) -> String? {
        var rest = value
        guard let priority = rest.popFirst(), let timers = rest.popFirst(), let letters = rest.popFirst(),
            let entries = rest.popFirst(), rest.count >= 2 * Int(entries)
        else { return nil }
        rest = rest.dropFirst(2 * Int(entries))
        guard let channels = rest.popFirst(), let level = try? FieldReader.value(&rest) else { return nil }
        var words = [
            "priority \(priority)", "timers \(timers)", "menu entries \(entries) of \(letters) bytes",
            "channels \(channels)",
        ]
        if !level.isEmpty { words.append("least security \(TraceText.hex(level))") }
        if let references = try? FieldReader.value(&rest), !references.isEmpty {
            words.append("TAR \(TraceText.hex(references))")
        }
        return words.joined(separator: ", ")
    }
}
