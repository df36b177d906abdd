internal import SmartCard

/// How one command is told: by its header, which travels in clear, and by its data, which may be secured.
struct CommandWords: Sendable {
    typealias Words = @Sendable (CommandAPDU, inout TraceText) -> Void

    /// Refines the headline by P1 and P2.
    let header: Words
    /// Tells what is in the data; without it, the size is told.
    let data: Words?
    let name: String

    init(_ name: String, header: @escaping Words = { _, _ in }, data: Words? = nil) {
        self.name = name
        self.header = header
        self.data = data
    }
}

extension CommandWords {
    /// The command that the bytes are, by the family of its class and its INS.
    static func find(_ command: CommandAPDU) -> CommandWords? {
        switch CommandClass(command.cla).family {
        case .interindustry: interindustry[command.ins]
        case .globalPlatform:
            // A UICC's STATUS shares its INS with GET STATUS, whose P1 always has one of the upper bits.
            command.ins == Instruction.getStatus && command.p1 < 0x10
                ? uicc[command.ins] : globalPlatform[command.ins] ?? uicc[command.ins]
        case .sim: sim[command.ins]
        case .reader: reader[command.ins]
        case .proprietary: nil
        }
    }

    static func text(_ command: CommandAPDU) -> TraceText {
        let form = CommandClass(command.cla)
        guard let words = find(command) else { return unknown(command, form: form) }
        var text = TraceText(words.name)
        words.header(command, &text)
        // EXTERNAL AUTHENTICATE carries the first MAC of a session, which secures nothing but itself.
        let isOpening = form.family == .globalPlatform && command.ins == Instruction.externalAuthenticate
        if form.isSecured && !isOpening {
            text.say("secured, \(TraceText.bytes(command.data.count))")
        } else if let data = words.data {
            data(command, &text)
        } else if !command.data.isEmpty {
            text.say(TraceText.bytes(command.data.count))
        }
        if form.isChained { text.say("more of it follows") }
        if form.channel > 0 { text.say("on channel \(form.channel)") }
        return text
    }

    private static func unknown(_ command: CommandAPDU, form: CommandClass) -> TraceText {
        let (p1, p2) = (command.p1.hex, command.p2.hex)
        var text = TraceText("command \(command.cla.hex) \(command.ins.hex)")
        text.say("P1 \(p1), P2 \(p2)")
        let size = TraceText.bytes(command.data.count)
        if form.isSecured { text.say("secured, \(size)") } else if !command.data.isEmpty { text.say(size) }
        return text
    }
}

// MARK: - Tables

extension CommandWords {
    /// GPCS 2.3.1 table 11-1 and §E.5; SCP03 chapter 7.
    private static let globalPlatform: [UInt8: CommandWords] = [
        Instruction.select: select, Instruction.getData: getData, 0xCB: getData,
        Instruction.manageChannel: manageChannel, Instruction.getResponse: getResponse,
        Instruction.getStatus: getStatus, Instruction.setStatus: setStatus, Instruction.storeData: storeData,
        Instruction.install: install, Instruction.load: load, Instruction.delete: delete,
        Instruction.putKey: putKey, Instruction.initializeUpdate: initializeUpdate,
        Instruction.externalAuthenticate: externalAuthenticate,
        Instruction.beginRMACSession: beginRMACSession, Instruction.endRMACSession: endRMACSession,
        Instruction.manageELFUpgrade: manageELFUpgrade,
    ]

    /// TS 102 221 table 10.5, the class 80 commands; EMV book 3 table 4 for payment applications.
    private static let uicc: [UInt8: CommandWords] = [
        0x10: .init("TERMINAL PROFILE"), 0x12: .init("FETCH", header: expectedLength),
        0x14: .init("TERMINAL RESPONSE"), 0x76: .init("SUSPEND UICC"), 0xAA: .init("TERMINAL CAPABILITY"),
        0xC2: .init("ENVELOPE"), 0xDB: .init("SET DATA"), 0xF2: .init("STATUS"),
        0xA8: .init("GET PROCESSING OPTIONS"), 0xAE: .init("GENERATE APPLICATION CRYPTOGRAM"),
    ]

    /// ISO/IEC 7816-4:2013 table 4 (by INS), with what TS 102 221 adds.
    private static let interindustry: [UInt8: CommandWords] = [
        Instruction.select: select, Instruction.getData: getData, 0xCB: getData,
        Instruction.manageChannel: manageChannel, Instruction.getResponse: getResponse,
        0x04: .init("DEACTIVATE FILE"), 0x0C: .init("ERASE RECORD"), 0x0E: .init("ERASE BINARY"),
        0x0F: .init("ERASE BINARY"), 0x10: .init("PERFORM SCQL OPERATION"),
        0x12: .init("PERFORM TRANSACTION OPERATION"), 0x14: .init("PERFORM USER OPERATION"),
        0x20: pin("VERIFY PIN"), 0x21: pin("VERIFY PIN"), 0x24: pin("CHANGE PIN"),
        0x26: pin("DISABLE PIN"), 0x28: pin("ENABLE PIN"), 0x2C: pin("UNBLOCK PIN"),
        0x22: .init("MANAGE SECURITY ENVIRONMENT"), 0x2A: .init("PERFORM SECURITY OPERATION"),
        0x32: .init("INCREASE"), 0x44: .init("ACTIVATE FILE"), 0x46: .init("GENERATE ASYMMETRIC KEY PAIR"),
        0x47: .init("GENERATE ASYMMETRIC KEY PAIR"), 0x73: .init("MANAGE SECURE CHANNEL"),
        0x75: .init("TRANSACT DATA"), 0x78: .init("GET IDENTITY"),
        0x82: .init("EXTERNAL AUTHENTICATE", header: keyReference),
        0x84: .init("GET CHALLENGE", header: expectedLength),
        0x86: .init("GENERAL AUTHENTICATE", header: keyReference),
        0x87: .init("GENERAL AUTHENTICATE", header: keyReference),
        0x88: .init("INTERNAL AUTHENTICATE", header: keyReference),
        0x89: .init("INTERNAL AUTHENTICATE", header: keyReference),
        0xA0: .init("SEARCH BINARY"), 0xA1: .init("SEARCH BINARY"), 0xA2: .init("SEARCH RECORD"),
        0xB0: binary("READ BINARY"), 0xB1: .init("READ BINARY", header: expectedLength),
        0xB2: record("READ RECORD"), 0xB3: record("READ RECORD"),
        0xC2: .init("ENVELOPE"), 0xC3: .init("ENVELOPE"),
        0xD0: binary("WRITE BINARY"), 0xD1: .init("WRITE BINARY"), 0xD2: record("WRITE RECORD"),
        0xD6: binary("UPDATE BINARY"), 0xD7: .init("UPDATE BINARY"), 0xDA: .init("PUT DATA", header: tag),
        0xDB: .init("PUT DATA", header: tag), 0xDC: record("UPDATE RECORD"), 0xDD: record("UPDATE RECORD"),
        0xE0: .init("CREATE FILE"), 0xE2: .init("APPEND RECORD"), 0xE4: .init("DELETE FILE"),
        0xE6: .init("TERMINATE DF"), 0xE8: .init("TERMINATE EF"), 0xFE: .init("TERMINATE CARD USAGE"),
    ]

    /// TS 51.011 §9.2 and TS 51.014.
    private static let sim: [UInt8: CommandWords] = [
        Instruction.select: select, Instruction.getResponse: getResponse, 0xF2: .init("STATUS"),
        0xB0: binary("READ BINARY"), 0xD6: binary("UPDATE BINARY"), 0xB2: record("READ RECORD"),
        0xDC: record("UPDATE RECORD"), 0xA2: .init("SEEK"), 0x32: .init("INCREASE"),
        0x20: pin("VERIFY CHV"), 0x24: pin("CHANGE CHV"), 0x26: pin("DISABLE CHV"),
        0x28: pin("ENABLE CHV"), 0x2C: pin("UNBLOCK CHV"), 0x04: .init("INVALIDATE"),
        0x44: .init("REHABILITATE"), 0x88: .init("RUN GSM ALGORITHM"), 0xFA: .init("SLEEP"),
        0x10: .init("TERMINAL PROFILE"), 0x12: .init("FETCH", header: expectedLength),
        0x14: .init("TERMINAL RESPONSE"), 0xC2: .init("ENVELOPE"),
    ]

    /// PC/SC part 3 §3.2.2.
    private static let reader: [UInt8: CommandWords] = [
        0xCA: .init("reader: GET DATA"), 0x82: .init("reader: LOAD KEYS"),
        0x86: .init("reader: AUTHENTICATE"),
        0x88: .init("reader: AUTHENTICATE"), 0xB0: .init("reader: READ BINARY"),
        0xD6: .init("reader: UPDATE BINARY"), 0x20: .init("reader: VERIFY"),
    ]
}

// MARK: - Headers of commands that are told by their sizes

extension CommandWords {
    private static func expectedLength(_ command: CommandAPDU, _ text: inout TraceText) {
        if let length = command.expectedLength { text.say("at most \(TraceText.bytes(length))") }
    }

    private static func keyReference(_ command: CommandAPDU, _ text: inout TraceText) {
        text.say("algorithm \(command.p1.hex), key \(command.p2.hex)")
    }

    private static func tag(_ command: CommandAPDU, _ text: inout TraceText) {
        text.say("object \([command.p1, command.p2].hex)")
    }

    /// What a person knows by heart: its size is all that is ever told.
    private static func pin(_ name: String) -> CommandWords {
        CommandWords(
            name, header: { command, text in text.say("reference \(command.p2.hex)") },
            data: { command, text in
                let isQuestion = command.data.isEmpty && command.ins & 0xFE == 0x20
                text.say(isQuestion ? "asks for the tries left" : TraceText.bytes(command.data.count))
            })
    }

    private static func binary(_ name: String) -> CommandWords {
        CommandWords(name) { command, text in
            if command.p1 & 0x80 == 0 {
                text.say("from byte \(Int(command.p1) << 8 | Int(command.p2))")
            } else {
                text.say("file \((command.p1 & 0x1F).hex) from byte \(command.p2)")
            }
            expectedLength(command, &text)
        }
    }

    private static func record(_ name: String) -> CommandWords {
        CommandWords(name) { command, text in
            text.say(command.p1 == 0 ? "current record" : "record \(command.p1)")
            if command.p2 >> 3 != 0 { text.say("file \((command.p2 >> 3).hex)") }
            expectedLength(command, &text)
        }
    }
}
