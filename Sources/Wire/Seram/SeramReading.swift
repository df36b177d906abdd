internal import JSON
internal import SmartCard

/// A value and where it stands, for errors that say so.
private struct Place {
    /// Put into words only where something is wrong: a report has hundreds of places.
    indirect enum Path {
        case message
        case member(String, of: Path)
        case element(Int, of: Path)

        var text: String {
            switch self {
            case .message: ""
            case .member(let name, .message): name
            case .member(let name, let path): "\(path.text).\(name)"
            case .element(let index, let path): "\(path.text)[\(index)]"
            }
        }
    }

    let value: JSONValue
    let way: Path

    var path: String { way.text }

    func member(_ name: String) throws(SeramError) -> Place {
        guard let place = try optional(name) else { throw .missing(at: Path.member(name, of: way).text) }
        return place
    }

    /// A member that is null counts as one that is not there.
    func optional(_ name: String) throws(SeramError) -> Place? {
        guard case .object(let object) = value else {
            if case .message = way { throw .wrongType(at: "message") }
            throw .wrongType(at: path)
        }
        guard let value = object[name], value != .null else { return nil }
        return Place(value: value, way: .member(name, of: way))
    }

    func text(max: Int = SeramBounds.wordBytesMax) throws(SeramError) -> String {
        guard case .string(let text) = value else { throw .wrongType(at: path) }
        guard text.utf8.count <= max else { throw .tooLong(at: path, max: max) }
        return text
    }

    func word<Word: RawRepresentable>() throws(SeramError) -> Word where Word.RawValue == String {
        let text = try text()
        guard let word = Word(rawValue: text) else { throw .unknownWord(text, at: path) }
        return word
    }

    func count(max: Int) throws(SeramError) -> Int {
        guard case .integer(let number) = value else { throw .wrongType(at: path) }
        guard number >= 0, number <= max else { throw .tooLong(at: path, max: max) }
        return Int(number)
    }

    func list<Element>(
        max: Int, _ read: (Place) throws(SeramError) -> Element
    ) throws(SeramError) -> [Element] {
        guard case .array(let values) = value else { throw .wrongType(at: path) }
        guard values.count <= max else { throw .tooMany(at: path, max: max) }
        var elements: [Element] = []
        elements.reserveCapacity(values.count)
        for (index, value) in values.enumerated() {
            elements.append(try read(Place(value: value, way: .element(index, of: way))))
        }
        return elements
    }

    /// `apdu`: pairs of hexadecimal digits and nothing between them; of either case, although the pattern names one.
    func apdu() throws(SeramError) -> [UInt8] {
        let text = try text(max: 2 * SeramBounds.apduBytesMax)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.utf8.count / 2)
        var high: UInt8?
        for character in text.utf8 {
            guard let digit = Self.digit(character) else { throw .notHex(at: path) }
            if let first = high {
                bytes.append(first << 4 | digit)
                high = nil
            } else {
                high = digit
            }
        }
        guard high == nil else { throw .notHex(at: path) }
        return bytes
    }

    private static func digit(_ character: UInt8) -> UInt8? {
        switch character {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0")
        case UInt8(ascii: "A")...UInt8(ascii: "F"): character - UInt8(ascii: "A") + 10
        case UInt8(ascii: "a")...UInt8(ascii: "f"): character - UInt8(ascii: "a") + 10
        default: nil
        }
    }

    func secureElement() throws(SeramError) -> SecureElement {
        SecureElement(
            try member("seType").word(), id: try member("seId").text(),
            extraInfo: try optional("seExtraInfo")?.text())
    }

    func command() throws(SeramError) -> SeramCommand {
        let kind = try member("ramCommandType")
        let word = try kind.text()
        switch word {
        // The discriminator maps the longer words; the examples of the same text have the shorter ones.
        case "ramStartCommand", "startCommand": return .start
        case "ramStopCommand", "stopCommand": return .stop
        case "notificationCommand":
            return .notify(try member("deviceAppNotification").text(max: SeramBounds.textBytesMax))
        case "seRamCommand":
            return .send(
                try member("listOfCAPDU").list(max: SeramBounds.apdusMax) { (place) throws(SeramError) in
                    try place.apdu()
                })
        default: throw .unknownWord(word, at: kind.path)
        }
    }

    func response() throws(SeramError) -> [[UInt8]] {
        let kind = try member("ramResponseType")
        let word = try kind.text()
        guard word == "seRamResponse" else { throw .unknownWord(word, at: kind.path) }
        return try member("listOfRAPDU").list(max: SeramBounds.apdusMax) { (place) throws(SeramError) in
            try place.apdu()
        }
    }

    func status() throws(SeramError) -> SeramStatus {
        SeramStatus(
            try member("localAgentStatusEnum").word(),
            executed: try optional("executedSeRamCommands")?.count(max: SeramBounds.commandsMax),
            message: try optional("errorMsg")?.text(max: SeramBounds.textBytesMax))
    }

    func names(_ name: String) throws(SeramError) -> [String]? {
        try optional(name)?.list(max: SeramBounds.namesMax) { (place) throws(SeramError) in try place.text() }
    }
}

private func read(_ bytes: [UInt8]) throws(SeramError) -> Place {
    do throws(JSONError) {
        let limits = JSONLimits(bytesMax: SeramBounds.messageBytesMax, depthMax: SeramBounds.depthMax)
        return Place(value: try JSONValue(decoding: bytes, limits: limits), way: .message)
    } catch {
        throw .notJSON(error.reason)
    }
}

extension SeramHandshakeCommand {
    package init(reading bytes: [UInt8]) throws(SeramError) {
        let message = try read(bytes)
        self.init(
            secureElements: try message.member("secureElements").list(max: SeramBounds.elementsMax) {
                (place) throws(SeramError) in try place.secureElement()
            },
            transports: try message.names("supportedTransportProtocols"),
            formats: try message.names("supportedDataFormats"),
            versions: try message.names("supportedVersions"))
    }
}

extension SeramHandshakeResponse {
    package init(reading bytes: [UInt8]) throws(SeramError) {
        let message = try read(bytes)
        // The list of required members has another word for the format than the member itself.
        let other = try message.optional("chosenDataProtocol")
        guard let format = try message.optional("chosenDataFormat") ?? other else {
            throw .missing(at: "chosenDataFormat")
        }
        self.init(
            transport: try message.member("chosenTransportProtocol").text(), format: try format.text(),
            version: try message.member("chosenVersion").text())
    }
}

extension SeramOrder {
    package init(reading bytes: [UInt8]) throws(SeramError) {
        let message = try read(bytes)
        self.init(
            delay: try message.optional("delay")?.count(max: SeramBounds.delayMax),
            chosen: try message.optional("chosenSecureElement")?.secureElement(),
            commands: try message.optional("ramCommands")?.list(max: SeramBounds.commandsMax) {
                (place) throws(SeramError) in try place.command()
            } ?? [])
    }
}

extension SeramReport {
    package init(reading bytes: [UInt8]) throws(SeramError) {
        let message = try read(bytes)
        self.init(
            try message.member("localAgentStatus").status(),
            responses: try message.optional("ramResponses")?.list(max: SeramBounds.commandsMax) {
                (place) throws(SeramError) in try place.response()
            } ?? [])
    }
}
