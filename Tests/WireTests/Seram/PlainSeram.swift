import JSON
import Wire

// What the messages are held against: each made from, and made into, a whole JSON value, member by member.

/// A value and where it stands.
struct PlainPlace {
    let value: JSONValue
    var path = ""

    static func message(_ bytes: [UInt8]) throws(SeramError) -> PlainPlace {
        do throws(JSONError) {
            let limits = JSONLimits(bytesMax: SeramBounds.messageBytesMax, depthMax: SeramBounds.depthMax)
            return PlainPlace(value: try JSONValue(decoding: bytes, limits: limits))
        } catch {
            throw .notJSON(error.reason)
        }
    }

    private func path(of name: String) -> String { path.isEmpty ? name : "\(path).\(name)" }

    func optional(_ name: String) throws(SeramError) -> PlainPlace? {
        guard value.objectValue != nil else { throw .wrongType(at: path.isEmpty ? "message" : path) }
        guard let member = value[name], member != .null else { return nil }
        return PlainPlace(value: member, path: path(of: name))
    }

    func member(_ name: String) throws(SeramError) -> PlainPlace {
        guard let place = try optional(name) else { throw .missing(at: path(of: name)) }
        return place
    }

    func text(max: Int = SeramBounds.wordBytesMax) throws(SeramError) -> String {
        guard let text = value.stringValue else { throw .wrongType(at: path) }
        guard text.utf8.count <= max else { throw .tooLong(at: path, max: max) }
        return text
    }

    func count(max: Int) throws(SeramError) -> Int {
        guard case .integer(let number) = value else { throw .wrongType(at: path) }
        guard (0...Int64(max)).contains(number) else { throw .tooLong(at: path, max: max) }
        return Int(number)
    }

    func list<Element>(
        max: Int, _ read: (PlainPlace) throws(SeramError) -> Element
    ) throws(SeramError) -> [Element] {
        guard let values = value.arrayValue else { throw .wrongType(at: path) }
        guard values.count <= max else { throw .tooMany(at: path, max: max) }
        var elements: [Element] = []
        for (index, value) in values.enumerated() {
            elements.append(try read(PlainPlace(value: value, path: "\(path)[\(index)]")))
        }
        return elements
    }

    func apdu() throws(SeramError) -> [UInt8] {
        var rest = try text(max: 2 * SeramBounds.apduBytesMax)[...]
        var bytes: [UInt8] = []
        while !rest.isEmpty {
            let pair = rest.prefix(2)
            // The parser takes a sign for a part of the number.
            guard pair.utf8.count == 2, pair.allSatisfy(\.isHexDigit), let byte = UInt8(pair, radix: 16)
            else {
                throw .notHex(at: path)
            }
            bytes.append(byte)
            rest = rest.dropFirst(2)
        }
        return bytes
    }

    func apdus() throws(SeramError) -> [[UInt8]] {
        try list(max: SeramBounds.apdusMax) { (place) throws(SeramError) in try place.apdu() }
    }

    func names(_ name: String) throws(SeramError) -> [String]? {
        try optional(name)?.list(max: SeramBounds.namesMax) { (place) throws(SeramError) in try place.text() }
    }

    func secureElement() throws(SeramError) -> SecureElement {
        let type = try member("seType")
        let word = try type.text()
        guard let kind = SecureElement.Kind(rawValue: word) else { throw .unknownWord(word, at: type.path) }
        return SecureElement(
            kind, id: try member("seId").text(), extraInfo: try optional("seExtraInfo")?.text())
    }

    func command() throws(SeramError) -> SeramCommand {
        let kind = try member("ramCommandType")
        switch try kind.text() {
        case "ramStartCommand", "startCommand": return .start
        case "ramStopCommand", "stopCommand": return .stop
        case "notificationCommand":
            return .notify(try member("deviceAppNotification").text(max: SeramBounds.textBytesMax))
        case "seRamCommand": return .send(try member("listOfCAPDU").apdus())
        case let word: throw .unknownWord(word, at: kind.path)
        }
    }

    func response() throws(SeramError) -> [[UInt8]] {
        let kind = try member("ramResponseType")
        let word = try kind.text()
        guard word == "seRamResponse" else { throw .unknownWord(word, at: kind.path) }
        return try member("listOfRAPDU").apdus()
    }

    func status() throws(SeramError) -> SeramStatus {
        let place = try member("localAgentStatusEnum")
        let text = try place.text()
        guard let word = SeramStatus.Word(rawValue: text) else { throw .unknownWord(text, at: place.path) }
        return SeramStatus(
            word, executed: try optional("executedSeRamCommands")?.count(max: SeramBounds.commandsMax),
            message: try optional("errorMsg")?.text(max: SeramBounds.textBytesMax))
    }
}

/// A message that has a plain way beside its own.
protocol PlainMessage: Hashable {
    init(reading bytes: [UInt8]) throws(SeramError)
    func written() -> [UInt8]
    init(plain place: PlainPlace) throws(SeramError)
    var plain: JSONValue { get }
}

extension SecureElement {
    fileprivate var plain: JSONValue {
        var object: JSONObject = ["seType": .string(kind.rawValue), "seId": .string(id)]
        object["seExtraInfo"] = extraInfo.map { .string($0) }
        return .object(object)
    }
}

extension SeramHandshakeCommand: PlainMessage {
    init(plain place: PlainPlace) throws(SeramError) {
        self.init(
            secureElements: try place.member("secureElements").list(max: SeramBounds.elementsMax) {
                (place) throws(SeramError) in try place.secureElement()
            },
            transports: try place.names("supportedTransportProtocols"),
            formats: try place.names("supportedDataFormats"),
            versions: try place.names("supportedVersions"))
    }

    var plain: JSONValue {
        var object: JSONObject = ["secureElements": .array(secureElements.map(\.plain))]
        object["supportedTransportProtocols"] = transports.map { .array($0.map { .string($0) }) }
        object["supportedDataFormats"] = formats.map { .array($0.map { .string($0) }) }
        object["supportedVersions"] = versions.map { .array($0.map { .string($0) }) }
        return .object(object)
    }
}

extension SeramHandshakeResponse: PlainMessage {
    init(plain place: PlainPlace) throws(SeramError) {
        let other = try place.optional("chosenDataProtocol")
        guard let format = try place.optional("chosenDataFormat") ?? other else {
            throw .missing(at: "chosenDataFormat")
        }
        self.init(
            transport: try place.member("chosenTransportProtocol").text(), format: try format.text(),
            version: try place.member("chosenVersion").text())
    }

    var plain: JSONValue {
        [
            "chosenTransportProtocol": .string(transport), "chosenDataFormat": .string(format),
            "chosenDataProtocol": .string(format), "chosenVersion": .string(version),
        ]
    }
}

extension SeramOrder: PlainMessage {
    init(plain place: PlainPlace) throws(SeramError) {
        self.init(
            delay: try place.optional("delay")?.count(max: SeramBounds.delayMax),
            chosen: try place.optional("chosenSecureElement")?.secureElement(),
            commands: try place.optional("ramCommands")?.list(max: SeramBounds.commandsMax) {
                (place) throws(SeramError) in try place.command()
            } ?? [])
    }

    var plain: JSONValue {
        var object = JSONObject()
        object["delay"] = delay.map { .count($0) }
        object["chosenSecureElement"] = chosen?.plain
        if !commands.isEmpty { object["ramCommands"] = .array(commands.map(Self.plain)) }
        return .object(object)
    }

    private static func plain(_ command: SeramCommand) -> JSONValue {
        switch command {
        case .start: ["ramCommandType": "ramStartCommand"]
        case .stop: ["ramCommandType": "ramStopCommand"]
        case .notify(let text):
            ["ramCommandType": "notificationCommand", "deviceAppNotification": .string(text)]
        case .send(let apdus): ["ramCommandType": "seRamCommand", "listOfCAPDU": plainHex(apdus)]
        }
    }
}

extension SeramReport: PlainMessage {
    init(plain place: PlainPlace) throws(SeramError) {
        self.init(
            try place.member("localAgentStatus").status(),
            responses: try place.optional("ramResponses")?.list(max: SeramBounds.commandsMax) {
                (place) throws(SeramError) in try place.response()
            } ?? [])
    }

    var plain: JSONValue {
        var status: JSONObject = ["localAgentStatusEnum": .string(self.status.word.rawValue)]
        status["executedSeRamCommands"] = self.status.executed.map { .count($0) }
        status["errorMsg"] = self.status.message.map { .string($0) }
        var object: JSONObject = ["localAgentStatus": .object(status)]
        if !responses.isEmpty {
            object["ramResponses"] = .array(
                responses.map { ["ramResponseType": "seRamResponse", "listOfRAPDU": plainHex($0)] })
        }
        return .object(object)
    }
}

private func plainHex(_ apdus: [[UInt8]]) -> JSONValue {
    .array(
        apdus.map { apdu in
            .string(
                apdu.map { ($0 < 16 ? "0" : "") + String($0, radix: 16, uppercase: true) }.joined())
        })
}
