internal import SmartCard

/// Finding things on a card: SELECT, GET DATA, GET STATUS, MANAGE CHANNEL, GET RESPONSE.
extension CommandWords {
    static let select = CommandWords("SELECT", data: selected)
    static let getResponse = CommandWords("GET RESPONSE") { command, text in
        if let length = command.expectedLength { text.say("the \(TraceText.bytes(length)) that wait") }
    }

    private static func selected(_ command: CommandAPDU, _ text: inout TraceText) {
        let data = command.data
        if command.p1 == 0x04 {
            text.say(data.isEmpty ? "the default application" : KnownAIDs.text(data))
            let occurrence = ["", "the last", "the next", "the previous"][Int(command.p2 & 0x03)]
            if !occurrence.isEmpty { text.say("\(occurrence) occurrence") }
        } else {
            if let way = selections[command.p1] { text.say(way) } else { text.say("P1 \(command.p1.hex)") }
            // A path has a few files of two bytes each.
            if data.count <= 16 {
                text.say(fileNames[data.hex] ?? data.hex)
            } else {
                text.say("malformed: a path of \(TraceText.bytes(data.count))")
            }
        }
        if command.p2 & 0x0C == 0x0C { text.say("no answer wanted") }
    }

    /// ISO/IEC 7816-4:2013 table 62.
    private static let selections: [UInt8: String] = [
        0x00: "file", 0x01: "directory below", 0x02: "file below", 0x03: "the directory above",
        0x08: "path from the master file", 0x09: "path from here",
    ]

    /// TS 102 221 §13 and TS 51.011 §10.
    private static let fileNames: [String: String] = [
        "": "the master file", "3F00": "3F00 (master file)", "2F00": "2F00 (EF.DIR)",
        "2FE2": "2FE2 (EF.ICCID)", "2F05": "2F05 (EF.PL)", "2F06": "2F06 (EF.ARR)",
        "7FFF": "7FFF (the application's directory)", "7F20": "7F20 (DF.GSM)", "7F10": "7F10 (DF.TELECOM)",
        "6F07": "6F07 (EF.IMSI)",
    ]
}

extension CommandWords {
    static let getData = CommandWords(
        "GET DATA", header: { command, text in text.say(DataObjects.text(of: command)) },
        data: { command, text in
            guard !command.data.isEmpty else { return }
            let list = try? BERTLV.readOne(command.data)
            if let list, list.tag == 0x5C {
                text.say("asked for \(TraceWords.tagList(list.value))")
            } else {
                text.say(TraceText.bytes(command.data.count))
            }
        })
}

extension CommandWords {
    static let getStatus = CommandWords(
        "GET STATUS",
        header: { command, text in
            let names = scopes.filter { command.p1 & $0.bit != 0 }.map(\.name)
            text.say(names.joined(separator: " and "))
            if command.p2 & 0x02 == 0 { text.say("in the old format") }
            if command.p2 & 0x01 != 0 { text.say("the next page") }
        }, data: criteria)

    /// GPCS 2.3.1 table 11-33.
    private static let scopes: [(bit: UInt8, name: String)] = [
        (0x80, "issuer domain"), (0x40, "applications and domains"), (0x20, "load files"),
        (0x10, "load files with their modules"),
    ]

    /// An empty AID is everything; anything else narrows it down.
    private static func criteria(_ command: CommandAPDU, _ text: inout TraceText) {
        do {
            for object in try BERTLV.readAll(command.data) {
                switch object.tag {
                case .aid where object.value.isEmpty: break
                case .aid: text.say("AID beginning with \(KnownAIDs.text(object.value))")
                case 0x5C: text.say("only \(TraceWords.tagList(object.value))")
                default: text.add("tag \(object.tag): \(TraceText.bytes(object.value.count))")
                }
            }
        } catch {
            text.add(TraceText.malformed(error))
        }
    }
}

extension CommandWords {
    static let manageChannel = CommandWords(
        "MANAGE CHANNEL",
        header: { command, text in
            switch (command.p1, command.p2) {
            case (0x00, 0x00): text.say("open the next free one")
            case (0x00, let number): text.say("open channel \(number)")
            case (0x80, let number): text.say("close channel \(number)")
            case (0x40, _): text.say("reset")
            default: text.say("P1 \(command.p1.hex), P2 \(command.p2.hex)")
            }
        })
}
