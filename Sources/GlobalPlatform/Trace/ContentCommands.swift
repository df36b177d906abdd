internal import SmartCard

/// Changing what is on a card: LOAD, DELETE, SET STATUS, STORE DATA.
extension CommandWords {
    static let load = CommandWords(
        "LOAD",
        header: { command, text in
            text.say("block \(command.p2)")
            if command.p1 & 0x80 != 0 { text.say("the last") }
        },
        data: { command, text in
            text.say(TraceText.bytes(command.data.count))
            // Later blocks are code in the middle.
            if command.p2 == 0 { loadFileHead(command.data[...], &text) }
        })

    /// What stands in front of the code (GPCS 2.3.1 table 11-58); the code goes on in the blocks that follow.
    private static func loadFileHead(_ data: ArraySlice<UInt8>, _ text: inout TraceText) {
        var rest = data
        while !rest.isEmpty {
            var head = rest
            guard let tag = try? BERTLV.readTag(&head), let length = try? BERTLV.readLength(&head) else {
                return text.add("malformed: no load file at byte \(rest.startIndex)")
            }
            switch tag {
            case .loadFileDataBlock: return text.add("load file data block: \(TraceText.bytes(length))")
            case 0xD4: return text.add("ciphered load file data block: \(TraceText.bytes(length))")
            case .dapBlock:
                text.add("DAP block: \(TraceText.bytes(length))")
                if length <= head.count {
                    text.add(objects: head.prefix(length), fields: dapFields, depth: 1)
                }
            default: text.add("tag \(tag): \(TraceText.bytes(length))")
            }
            guard length <= head.count else { return }
            rest = head.dropFirst(length)
        }
    }

    private static let dapFields = [
        TraceField(.aid, "domain that verifies", .aid), TraceField(.dapSignature, "signature", .size),
    ]
}

extension CommandWords {
    static let delete = CommandWords(
        "DELETE",
        header: { command, text in
            if command.p2 & 0x80 != 0 { text.say("with everything made from it") }
            if command.p1 & 0x80 != 0 { text.say("more of it follows") }
        }, data: deleted)

    private static func deleted(_ command: CommandAPDU, _ text: inout TraceText) {
        guard command.p1 & 0x80 == 0 else { return text.say(TraceText.bytes(command.data.count)) }
        let objects: [BERTLV]
        do { objects = try BERTLV.readAll(command.data) } catch {
            text.say(TraceText.bytes(command.data.count))
            return text.add(TraceText.malformed(error))
        }
        for object in objects {
            switch (object.tag, object.value.count) {
            case (.aid, _): text.say(KnownAIDs.text(object.value))
            case (0xD0, 1): text.say("key identifier \(object.value.hex)")
            case (0xD2, 1): text.say("key version \(object.value.hex)")
            case (0x9E, let count): text.say("token of \(TraceText.bytes(count))")
            default:
                text.add(
                    object, field: ParameterFields.token.tag == object.tag ? ParameterFields.token : nil,
                    depth: 0)
            }
        }
        if objects.contains(where: { $0.tag == 0xD0 || $0.tag == 0xD2 }) { text.rename("DELETE [key]") }
    }
}

extension CommandWords {
    static let setStatus = CommandWords(
        "SET STATUS",
        header: { command, text in
            switch command.p1 & 0xE0 {
            case 0x80:
                text.say("card to \(CardLifeCycle(rawValue: command.p2)?.name ?? command.p2.hex)")
            case 0x40: text.say("application or domain to \(state(command.p2))")
            case 0x60: text.say("domain and its applications to \(state(command.p2))")
            default: text.say("status type \(command.p1.hex), state \(command.p2.hex)")
            }
        },
        data: { command, text in
            if !command.data.isEmpty { text.say(KnownAIDs.text(command.data)) }
        })

    /// GPCS 2.3.1 §11.10.2.2: without the lock bit, a domain above puts back the state before.
    private static func state(_ value: UInt8) -> String {
        let state = ApplicationLifeCycle(rawValue: value)
        if value & 0x80 != 0 { return "LOCKED" }
        return value == 0 ? "the state before it was locked" : state.name(isSecurityDomain: true)
    }
}

extension CommandWords {
    static let manageELFUpgrade = CommandWords(
        "MANAGE ELF UPGRADE",
        header: { command, text in
            switch ELFUpgradeAction(rawValue: command.p1) {
            case .start: text.say("start")
            case .resume: text.say("resume")
            case .recovery: text.say("recovery")
            case .abort: text.say("abort")
            case .status: text.say("status")
            case nil: text.say("P1 \(command.p1.hex)")
            }
        },
        data: { command, text in
            guard let request = ELFUpgradeRequest(command.data) else {
                if !command.data.isEmpty { text.say(TraceText.bytes(command.data.count)) }
                return
            }
            text.say("load file \(request.loadFile)")
        })

    static let storeData = CommandWords(
        "STORE DATA",
        header: { command, text in
            text.say("block \(command.p2)")
            if command.p1 & 0x80 != 0 { text.say("the last") }
            if let words = storeFormats[command.p1 & 0x18] { text.say(words) }
            if let words = storeEncryptions[command.p1 & 0x60] { text.say(words) }
            if command.p1 & 0x01 != 0 { text.say("an answer is wanted") }
        },
        data: { command, text in
            text.say(TraceText.bytes(command.data.count))
            // A later block may begin in the middle of a value, where nothing can be told from a name.
            guard command.p2 == 0 else { return }
            switch command.p1 & 0x18 {
            case 0x08: dataGroups(command.data[...], &text)
            case 0x10: storedObjects(command.data[...], &text)
            default: break
            }
        })

    /// GPCS 2.3.1 table 11-89.
    private static let storeFormats: [UInt8: String] = [
        0x00: "in the application's own format", 0x08: "DGIs", 0x10: "BER-TLV", 0x18: "unknown format",
    ]
    private static let storeEncryptions: [UInt8: String] = [
        0x20: "encrypted as the application defines", 0x40: "unknown encryption", 0x60: "encrypted",
    ]

    /// Data grouping identifiers by name and size: two bytes, a length of one byte or FF and two, the value.
    private static func dataGroups(_ data: ArraySlice<UInt8>, _ text: inout TraceText) {
        var rest = data
        while !rest.isEmpty {
            let group = rest.prefix(2)
            var length = rest.dropFirst(2).prefix(1)
            var size = 3
            if length.first == 0xFF {
                length = rest.dropFirst(3).prefix(2)
                size = 5
            }
            guard group.count == 2, length.count == (size == 3 ? 1 : 2) else {
                return text.add("malformed: cut off at byte \(rest.endIndex)")
            }
            let count = Int(bigEndianBytes: length)
            let name = dataGroupNames[group.hex].map { " (\($0))" } ?? ""
            let isCut = count > rest.count - size
            text.add(
                "DGI \(group.hex)\(name): \(TraceText.bytes(count))\(isCut ? ", goes on in the next block" : "")"
            )
            rest = rest.dropFirst(size + count)
        }
    }

    /// GPCS 2.3.1 §11.11.2.3; EMV CPS 1.1 and the Systems Scripting Language for keys.
    private static let dataGroupNames: [String: String] = [
        "0070": "BER-TLV objects", "00B9": "key information", "8113": "keys", "8F01": "keys",
        "7F01": "key check values",
    ]

    private static func storedObjects(_ data: ArraySlice<UInt8>, _ text: inout TraceText) {
        var rest = data
        while !rest.isEmpty {
            do {
                let tag = try BERTLV.readTag(&rest)
                let length = try BERTLV.readLength(&rest)
                let isCut = length > rest.count ? ", goes on in the next block" : ""
                text.add("\(DataObjects.text(tag)): \(TraceText.bytes(length))\(isCut)")
                rest = rest.dropFirst(length)
            } catch {
                return text.add(TraceText.malformed(error))
            }
        }
    }
}
