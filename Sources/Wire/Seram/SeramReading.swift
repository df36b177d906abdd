internal import JSON

/// A message and the places in it, which are put into words only where something is wrong.
private struct Message {
    let document: JSONDocument
    let root = JSONDocument.root

    init(_ bytes: [UInt8]) throws(SeramError) {
        let limits = JSONLimits(bytesMax: SeramBounds.messageBytesMax, depthMax: SeramBounds.depthMax)
        do throws(JSONError) {
            document = try JSONDocument(decoding: bytes, limits: limits)
        } catch {
            throw .notJSON(error.reason)
        }
    }

    func path(_ place: Int) -> String {
        document.steps(to: place).reduce("") { path, step in
            switch step {
            case .member(let name): path.isEmpty ? name : "\(path).\(name)"
            case .element(let index): "\(path)[\(index)]"
            }
        }
    }

    func member(_ name: StaticString, of place: Int) throws(SeramError) -> Int {
        guard let member = try optional(name, of: place) else {
            throw .missing(at: place == root ? "\(name)" : "\(path(place)).\(name)")
        }
        return member
    }

    /// A member that is null counts as one that is not there.
    func optional(_ name: StaticString, of place: Int) throws(SeramError) -> Int? {
        guard case .object = document.nodes[place] else {
            throw .wrongType(at: place == root ? "message" : path(place))
        }
        guard let member = document.member(name, of: place) else { return nil }
        if case .null = document.nodes[member] { return nil }
        return member
    }

    func text(_ place: Int, max: Int = SeramBounds.wordBytesMax) throws(SeramError) -> String {
        try checkText(place, max: max)
        guard let text = document.text(at: place) else { throw .wrongType(at: path(place)) }
        return text
    }

    private func checkText(_ place: Int, max: Int) throws(SeramError) {
        guard let count = document.byteCount(at: place) else { throw .wrongType(at: path(place)) }
        guard count <= max else { throw .tooLong(at: path(place), max: max) }
    }

    func word<Word: RawRepresentable>(_ place: Int) throws(SeramError) -> Word where Word.RawValue == String {
        let text = try text(place)
        guard let word = Word(rawValue: text) else { throw .unknownWord(text, at: path(place)) }
        return word
    }

    func count(_ place: Int, max: Int) throws(SeramError) -> Int {
        guard case .integer(let number) = document.nodes[place] else { throw .wrongType(at: path(place)) }
        guard number >= 0, number <= max else { throw .tooLong(at: path(place), max: max) }
        return Int(number)
    }

    func list<Element>(
        _ place: Int, max: Int, _ read: (Int) throws(SeramError) -> Element
    ) throws(SeramError) -> [Element] {
        guard case .array(let count, _) = document.nodes[place] else { throw .wrongType(at: path(place)) }
        guard count <= max else { throw .tooMany(at: path(place), max: max) }
        var elements: [Element] = []
        elements.reserveCapacity(Int(count))
        var element = place + 1
        for _ in 0..<count {
            elements.append(try read(element))
            element = document.end(of: element)
        }
        return elements
    }

    /// `apdu`: pairs of hexadecimal digits and nothing between them; of either case, although the pattern names one.
    func apdus(_ place: Int) throws(SeramError) -> [[UInt8]] {
        try list(place, max: SeramBounds.apdusMax) { (place) throws(SeramError) in
            try checkText(place, max: 2 * SeramBounds.apduBytesMax)
            guard let apdu = document.hex(at: place) else { throw .notHex(at: path(place)) }
            return apdu
        }
    }

    func names(_ name: StaticString) throws(SeramError) -> [String]? {
        guard let place = try optional(name, of: root) else { return nil }
        return try list(place, max: SeramBounds.namesMax) { (place) throws(SeramError) in try text(place) }
    }
}

extension Message {
    func secureElement(_ place: Int) throws(SeramError) -> SecureElement {
        SecureElement(
            try word(try member("seType", of: place)), id: try text(try member("seId", of: place)),
            extraInfo: try optionalText("seExtraInfo", of: place, max: SeramBounds.wordBytesMax))
    }

    func command(_ place: Int) throws(SeramError) -> SeramCommand {
        let kind = try member("ramCommandType", of: place)
        let word = try text(kind)
        switch word {
        // The discriminator maps the longer words; the examples of the same text have the shorter ones.
        case "ramStartCommand", "startCommand": return .start
        case "ramStopCommand", "stopCommand": return .stop
        case "notificationCommand":
            let notification = try member("deviceAppNotification", of: place)
            return .notify(try text(notification, max: SeramBounds.textBytesMax))
        case "seRamCommand": return .send(try apdus(try member("listOfCAPDU", of: place)))
        default: throw .unknownWord(word, at: path(kind))
        }
    }

    func response(_ place: Int) throws(SeramError) -> [[UInt8]] {
        let kind = try member("ramResponseType", of: place)
        guard document.isText("seRamResponse", at: kind) else {
            throw .unknownWord(try text(kind), at: path(kind))
        }
        return try apdus(try member("listOfRAPDU", of: place))
    }

    func status(_ place: Int) throws(SeramError) -> SeramStatus {
        SeramStatus(
            try word(try member("localAgentStatusEnum", of: place)),
            executed: try optionalCount("executedSeRamCommands", of: place, max: SeramBounds.commandsMax),
            message: try optionalText("errorMsg", of: place, max: SeramBounds.textBytesMax))
    }

    func optionalText(_ name: StaticString, of place: Int, max: Int) throws(SeramError) -> String? {
        guard let place = try optional(name, of: place) else { return nil }
        return try text(place, max: max)
    }

    func optionalCount(_ name: StaticString, of place: Int, max: Int) throws(SeramError) -> Int? {
        guard let place = try optional(name, of: place) else { return nil }
        return try count(place, max: max)
    }

    /// Nothing where there is no such member.
    func optionalList<Element>(
        _ name: StaticString, max: Int, _ read: (Int) throws(SeramError) -> Element
    ) throws(SeramError) -> [Element] {
        guard let place = try optional(name, of: root) else { return [] }
        return try list(place, max: max, read)
    }
}

extension SeramHandshakeCommand {
    package init(reading bytes: [UInt8]) throws(SeramError) {
        let message = try Message(bytes)
        let elements = try message.member("secureElements", of: message.root)
        self.init(
            secureElements: try message.list(elements, max: SeramBounds.elementsMax, message.secureElement),
            transports: try message.names("supportedTransportProtocols"),
            formats: try message.names("supportedDataFormats"),
            versions: try message.names("supportedVersions"))
    }
}

extension SeramHandshakeResponse {
    package init(reading bytes: [UInt8]) throws(SeramError) {
        let message = try Message(bytes)
        // The list of required members has another word for the format than the member itself.
        let other = try message.optional("chosenDataProtocol", of: message.root)
        guard let format = try message.optional("chosenDataFormat", of: message.root) ?? other else {
            throw .missing(at: "chosenDataFormat")
        }
        let transport = try message.member("chosenTransportProtocol", of: message.root)
        self.init(
            transport: try message.text(transport), format: try message.text(format),
            version: try message.text(try message.member("chosenVersion", of: message.root)))
    }
}

extension SeramOrder {
    package init(reading bytes: [UInt8]) throws(SeramError) {
        let message = try Message(bytes)
        let delay = try message.optionalCount("delay", of: message.root, max: SeramBounds.delayMax)
        let chosen = try message.optional("chosenSecureElement", of: message.root)
        self.init(
            delay: delay,
            chosen: try chosen.map { (place) throws(SeramError) in try message.secureElement(place) },
            commands: try message.optionalList(
                "ramCommands", max: SeramBounds.commandsMax, message.command))
    }
}

extension SeramReport {
    package init(reading bytes: [UInt8]) throws(SeramError) {
        let message = try Message(bytes)
        self.init(
            try message.status(try message.member("localAgentStatus", of: message.root)),
            responses: try message.optionalList(
                "ramResponses", max: SeramBounds.commandsMax, message.response))
    }
}
