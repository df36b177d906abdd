internal import SmartCard

/// What an answer holds, by the command that it answers.
enum AnswerWords {
    static func text(_ answer: ResponseAPDU, to command: CommandAPDU) -> TraceText {
        let explanation = answer.status.explanation(after: context(of: command))
        var text = TraceText("\(answer.status) \(explanation.title)")
        if !answer.data.isEmpty { text.say(TraceText.bytes(answer.data.count)) }
        if isRefusal(answer.status) { text.add(explanation.meaning) }
        let form = CommandClass(command.cla)
        let isOpened = !form.isSecured && form.family != .proprietary && form.family != .reader
        guard isOpened, !answer.data.isEmpty, !isRefusal(answer.status) else { return text }
        let words = form.family == .globalPlatform ? globalPlatform[command.ins] : nil
        (words ?? common[command.ins])?(answer, command, &text)
        return text
    }

    /// A SIM's commands mean what they mean on a UICC; only its STATUS shares an INS with another command.
    private static func context(of command: CommandAPDU) -> CommandContext? {
        let form = CommandClass(command.cla)
        // What is said of SELECT speaks of applications; files are selected in other ways.
        if command.ins == Instruction.select, command.p1 != 0x04 { return nil }
        switch form.family {
        case .interindustry, .globalPlatform: return CommandContext(command)
        case .sim: return CommandContext(CommandAPDU(0x00, command.ins, command.p1, command.p2))
        case .reader, .proprietary: return nil
        }
    }

    private static func isRefusal(_ status: StatusWord) -> Bool {
        switch status.classification {
        case .success, .moreData, .warning: false
        case .triesLeft, .executionError, .securityError, .checkingError, .wrongLength, .invalid: true
        // 91xx and 9Fxx are a SIM's way to say that something waits.
        case .proprietary: status.sw1 != 0x91 && status.sw1 != 0x9F
        }
    }

    private typealias Words = @Sendable (ResponseAPDU, CommandAPDU, inout TraceText) -> Void

    private static let common: [UInt8: Words] = [
        Instruction.select: { answer, _, text in
            // SELECT without FCI may return anything; a SIM's old form is binary.
            guard [0x6F, 0x62].contains(answer.data[0]) else { return }
            text.add(objects: answer.data[...], fields: DataObjects.selected)
        },
        Instruction.getData: object,
        0xCB: object,
        Instruction.manageChannel: { answer, _, text in
            if answer.data.count == 1 { text.say("channel \(answer.data[0])") }
        },
    ]

    private static let globalPlatform: [UInt8: Words] = [
        Instruction.getStatus: { answer, command, text in
            if command.p1 >= 0x10 { RegistryWords.add(answer, command, &text) }
        },
        Instruction.install: confirmation, Instruction.load: confirmation,
        Instruction.delete: confirmation,
        Instruction.putKey: { answer, _, text in checkValues(answer.data, &text) },
        Instruction.initializeUpdate: { answer, _, text in
            InitializeUpdateWords.add(answer.data[...], &text)
        },
    ]
}

// MARK: - GET DATA

extension AnswerWords {
    /// Only objects of the card's management are shown; others may hold anything of anybody.
    private static let object: Words = { answer, command, text in
        let tag = DataObjects.tag(command)
        guard let field = DataObjects.field(for: command) else { return }
        if tag == .applicationList {
            return text.add(objects: answer.data[...], fields: DataObjects.fields)
        }
        guard let object = try? BERTLV.readOne(answer.data) else {
            return bare(answer.data[...], field: field, &text)
        }
        guard object.tag == tag else {
            return text.add("malformed: the answer is \(object.tag) in place of \(tag)")
        }
        if tag == .cardProductionLifeCycle { return production(answer.data, &text) }
        text.add(object, field: field, depth: 0)
    }

    /// Some cards answer the value without its tag; what is neither is broken.
    private static func bare(_ data: ArraySlice<UInt8>, field: TraceField, _ text: inout TraceText) {
        if field.tag == .cardProductionLifeCycle, data.count == 42 { return production(Array(data), &text) }
        do {
            _ = try BERTLV.readOne(data)
        } catch {
            text.add(TraceText.malformed(error))
        }
    }

    private static func production(_ data: [UInt8], _ text: inout TraceText) {
        guard let production = CardProductionLifeCycle(data) else {
            return text.add("malformed: card production life cycle of \(TraceText.bytes(data.count))")
        }
        for field in production.fields { text.add("\(words(field.name)): \(field.bytes.hex)") }
    }

    /// `ICFabricator` as `IC fabricator`.
    private static func words(_ name: String) -> String {
        var text = ""
        let letters = Array(name)
        for (index, letter) in letters.enumerated() {
            let isNextLower = index + 1 < letters.count && letters[index + 1].isLowercase
            let isWordStart =
                index > 0 && letter.isUppercase && (isNextLower || letters[index - 1].isLowercase)
            if isWordStart { text += " " }
            text += isWordStart && isNextLower ? letter.lowercased() : String(letter)
        }
        return text
    }
}

// MARK: - Changes of content and keys

extension AnswerWords {
    /// Confirmations (GPCS 2.3.1 tables 11-13 and 11-14).
    private static let confirmation: Words = { answer, _, text in
        let data = answer.data[...]
        guard data != [0x00] else { return text.say("no receipt") }
        var rest = data
        // Some cards put the length of the whole in front.
        if let first = data.first, Int(first) == data.count - 1, data.count > 2 { rest = data.dropFirst() }
        do throws(TLVError) {
            let receipt = try FieldReader.value(&rest)
            let counter = try FieldReader.value(&rest)
            guard counter.count == 2 else { throw TLVError.truncated(at: rest.startIndex) }
            text.say("receipt of \(TraceText.bytes(receipt.count))")
            text.say("confirmation counter \(Int(bigEndianBytes: counter))")
            let names = ["domain", "token identifier", "token digest"]
            for name in names where !rest.isEmpty {
                let value = try FieldReader.value(&rest)
                if !value.isEmpty { text.add("\(name): \(TraceText.hex(value))") }
            }
            if !rest.isEmpty { text.add("malformed: bytes left over at byte \(rest.startIndex)") }
        } catch {
            text.add(TraceText.malformed(error))
        }
    }

    /// A version, and three bytes for each key (GPCS 2.3.1 §11.8.3.1).
    private static func checkValues(_ data: [UInt8], _ text: inout TraceText) {
        text.say("key version \(data[0].hex)")
        let values = data.dropFirst()
        guard values.count.isMultiple(of: 3) else {
            return text.add("malformed: check values of \(TraceText.bytes(values.count))")
        }
        for start in stride(from: 1, to: data.count, by: 3) {
            text.add("check value \(data[start..<start + 3].hex)")
        }
    }
}

/// The answer to INITIALIZE UPDATE (GPCS 2.3.1 table E-8; SCP03 table 7-2).
enum InitializeUpdateWords {
    static func add(_ data: ArraySlice<UInt8>, _ text: inout TraceText) {
        guard data.count >= 13 else {
            return text.add(TraceText.malformed(TLVError.truncated(at: data.endIndex)))
        }
        text.add("diversification data: \(data.prefix(10).hex)")
        text.add("key version: \(data[data.startIndex + 10].hex)")
        let rest = data.dropFirst(12)
        switch data[data.startIndex + 11] {
        case 0x02 where data.count == 28:
            text.add("SCP02")
            text.add("sequence counter: \(Int(bigEndianBytes: rest.prefix(2)))")
            text.add("card challenge: \(rest.dropFirst(2).prefix(6).hex)")
            text.add("card cryptogram: 8 bytes")
        case 0x03: secureChannel3(rest, &text)
        case let version:
            text.add("SCP\(version.hex)")
            text.add("malformed: \(TraceText.bytes(rest.count)) of an unknown form")
        }
    }

    private static func secureChannel3(_ data: ArraySlice<UInt8>, _ text: inout TraceText) {
        let options = data[data.startIndex]
        let size = options & 0x01 == 0 ? 8 : 16
        text.add(TraceWords.secureChannel(0x03, option: options))
        let rest = data.dropFirst()
        guard rest.count == 2 * size || rest.count == 2 * size + 3 else {
            return text.add("malformed: \(TraceText.bytes(rest.count)) of challenge and cryptogram")
        }
        text.add("card challenge: \(rest.prefix(size).hex)")
        text.add("card cryptogram: \(TraceText.bytes(size))")
        if rest.count > 2 * size { text.add("sequence counter: \(Int(bigEndianBytes: rest.suffix(3)))") }
    }
}
