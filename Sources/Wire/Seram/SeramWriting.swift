internal import JSON
internal import SmartCard

extension SecureElement {
    fileprivate var json: JSONValue {
        var object: JSONObject = ["seType": .string(kind.rawValue), "seId": .string(id)]
        object["seExtraInfo"] = extraInfo.map { .string($0) }
        return .object(object)
    }
}

extension SeramHandshakeCommand {
    package func written() -> [UInt8] {
        var object: JSONObject = ["secureElements": .array(secureElements.map(\.json))]
        object["supportedTransportProtocols"] = transports.map(Self.list)
        object["supportedDataFormats"] = formats.map(Self.list)
        object["supportedVersions"] = versions.map(Self.list)
        return JSONValue.object(object).encoded()
    }

    private static func list(_ words: [String]) -> JSONValue { .array(words.map { .string($0) }) }
}

extension SeramHandshakeResponse {
    package func written() -> [UInt8] {
        // The schema has a member `chosenDataFormat` and requires one called `chosenDataProtocol`: whoever checks
        // either
        // finds it.
        let object: JSONObject = [
            "chosenTransportProtocol": .string(transport), "chosenDataFormat": .string(format),
            "chosenDataProtocol": .string(format), "chosenVersion": .string(version),
        ]
        return JSONValue.object(object).encoded()
    }
}

extension SeramCommand {
    fileprivate var json: JSONValue {
        switch self {
        case .start: ["ramCommandType": "ramStartCommand"]
        case .stop: ["ramCommandType": "ramStopCommand"]
        case .notify(let text):
            ["ramCommandType": "notificationCommand", "deviceAppNotification": .string(text)]
        case .send(let commands):
            [
                "ramCommandType": "seRamCommand",
                "listOfCAPDU": .array(commands.map { .string(Hex.encode($0)) }),
            ]
        }
    }
}

extension SeramOrder {
    package func written() -> [UInt8] {
        var object = JSONObject()
        object["delay"] = delay.map { .count($0) }
        object["chosenSecureElement"] = chosen?.json
        // A list of commands has at least one.
        if !commands.isEmpty { object["ramCommands"] = .array(commands.map(\.json)) }
        return JSONValue.object(object).encoded()
    }
}

extension SeramReport {
    package func written() -> [UInt8] {
        var told: JSONObject = ["localAgentStatusEnum": .string(status.word.rawValue)]
        told["executedSeRamCommands"] = status.executed.map { .count($0) }
        told["errorMsg"] = status.message.map { .string($0) }
        var object: JSONObject = ["localAgentStatus": .object(told)]
        if !responses.isEmpty {
            object["ramResponses"] = .array(
                responses.map { answers in
                    [
                        "ramResponseType": "seRamResponse",
                        "listOfRAPDU": .array(answers.map { .string(Hex.encode($0)) }),
                    ]
                })
        }
        return JSONValue.object(object).encoded()
    }
}
