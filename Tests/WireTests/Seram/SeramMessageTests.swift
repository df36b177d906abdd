import JSON
import Testing
import Wire

/// Facts of `spec/gpseram.yaml` of GP SERAM 2.0.0, each with the schema it stands in.
@Suite("Messages of GP SERAM 2.0")
struct SeramMessageTests {
    private static func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }
    private static func json(_ bytes: [UInt8]) throws -> JSONValue { try JSONValue(decoding: bytes) }
    private static let element = SecureElement(
        .embedded, id: "89001012012341234012345678901224", extraInfo: "SAM")

    // MARK: Reading

    @Test("schema ramHandshakeCommand: the elements are required, the rest is assumed")
    func handshake() throws {
        let example = try SeramHandshakeCommand(
            reading: Self.bytes(
                """
                {"secureElements":[{"seType":"eSE","seId":"89001012012341234012345678901224","seExtraInfo":"SAM"}],
                 "supportedTransportProtocols":["HTTPS"],"supportedDataFormats":["application/json"],
                 "supportedVersion":["2.0.0"]}
                """))
        // The published example writes `supportedVersion`, which is another word: it is passed over.
        #expect(
            example
                == SeramHandshakeCommand(
                    secureElements: [Self.element], transports: ["HTTPS"], formats: ["application/json"]))
        #expect(example.isAcceptable)
        let least = try SeramHandshakeCommand(reading: Self.bytes(#"{"secureElements":[]}"#))
        #expect(least == SeramHandshakeCommand(secureElements: []))
        #expect(least.isAcceptable)
    }

    @Test(
        "an agent that can do nothing of this is not acceptable",
        arguments: [
            (["MQTT"], nil, nil), (nil, ["application/cbor"], nil), (nil, nil, ["3.0.0"]), ([], nil, nil),
        ] as [([String]?, [String]?, [String]?)])
    func notAcceptable(transports: [String]?, formats: [String]?, versions: [String]?) {
        let command = SeramHandshakeCommand(
            secureElements: [], transports: transports, formats: formats, versions: versions)
        #expect(!command.isAcceptable)
    }

    @Test("one word in common is enough")
    func inCommon() {
        let command = SeramHandshakeCommand(
            secureElements: [], transports: ["MQTT", "HTTPS"], formats: ["x", "application/json"],
            versions: ["3.0.0", "2.0.0"])
        #expect(command.isAcceptable)
    }

    @Test(
        "schema seType: six words",
        arguments: ["eSE", "iSE", "uicc", "euicc", "ieuicc", "undefined"])
    func kinds(word: String) throws {
        let text = #"{"secureElements":[{"seType":"\#(word)","seId":"1"}]}"#
        let command = try SeramHandshakeCommand(reading: Self.bytes(text))
        #expect(command.secureElements.first?.kind.rawValue == word)
    }

    @Test("schema seType has no others")
    func kindCount() { #expect(SecureElement.Kind.allCases.count == 6) }

    @Test(
        "schema localAgentStatusEnum: five words",
        arguments: [
            ("PROCESSED", SeramStatus.Word.processed), ("POLLING", .polling),
            ("UNAVAILABLE_SE", .unavailableElement), ("UNKNOWN_FAILURE", .unknownFailure),
            ("UNGRANTED_ACCESS", .accessNotGranted),
        ])
    func statuses(text: String, word: SeramStatus.Word) throws {
        let report = try SeramReport(
            reading: Self.bytes(#"{"localAgentStatus":{"localAgentStatusEnum":"\#(text)","x":{}},"y":[1]}"#))
        #expect(report == SeramReport(SeramStatus(word)))
        #expect(SeramStatus.Word.allCases.count == 5)
    }

    @Test("schema remoteManagementReport: the examples polling and apdus")
    func reports() throws {
        let polling = try SeramReport(
            reading: Self.bytes(
                #"{"localAgentStatus":{"localAgentStatusEnum":"POLLING","executedSeRamCommands":0}}"#))
        #expect(polling == .polling)
        let processed = try SeramReport(
            reading: Self.bytes(
                """
                {"localAgentStatus":{"localAgentStatusEnum":"PROCESSED","executedSeRamCommands":2},"ramResponses":[
                {"ramResponseType":"seRamResponse","listOfRAPDU":["9000","9000"]},
                {"ramResponseType":"seRamResponse","listOfRAPDU":["9000"]}]}
                """))
        #expect(
            processed
                == SeramReport(
                    SeramStatus(.processed, executed: 2),
                    responses: [[[0x90, 0], [0x90, 0]], [[0x90, 0]]]))
        // Description of seRamResponse: what is not available is an empty string.
        let partly = try SeramReport(
            reading: Self.bytes(
                """
                {"localAgentStatus":{"localAgentStatusEnum":"UNAVAILABLE_SE","errorMsg":"gone"},
                "ramResponses":[{"ramResponseType":"seRamResponse","listOfRAPDU":["","6f00"]}]}
                """))
        #expect(
            partly
                == SeramReport(
                    SeramStatus(.unavailableElement, message: "gone"), responses: [[[], [0x6F, 0]]]))
    }

    @Test(
        "schema ramCommand: the words of its discriminator, and those of the published examples",
        arguments: [
            (#"{"ramCommandType":"ramStartCommand"}"#, SeramCommand.start),
            (#"{"ramCommandType":"startCommand"}"#, .start),
            (#"{"ramCommandType":"ramStopCommand"}"#, .stop),
            (#"{"ramCommandType":"stopCommand"}"#, .stop),
            (
                #"{"ramCommandType":"notificationCommand","deviceAppNotification":"step1/action2/OK"}"#,
                .notify("step1/action2/OK")
            ),
            (
                #"{"ramCommandType":"seRamCommand","listOfCAPDU":["00A4040008A00000015100000000"]}"#,
                .send([[0, 0xA4, 4, 0, 8, 0xA0, 0, 0, 1, 0x51, 0, 0, 0, 0]])
            ),
        ])
    func commands(text: String, command: SeramCommand) throws {
        let order = try SeramOrder(reading: Self.bytes(#"{"ramCommands":[\#(text)],"further":null}"#))
        #expect(order == SeramOrder(commands: [command]))
    }

    @Test("schema remoteManagementOrder: all fields are optional")
    func orders() throws {
        #expect(try SeramOrder(reading: Self.bytes("{}")) == SeramOrder())
        #expect(try SeramOrder(reading: Self.bytes(#"{"delay":500}"#)) == SeramOrder(delay: 500))
    }

    @Test("schema ramHandshakeResponse: the example, and the other word for the format")
    func handshakeResponse() throws {
        for word in ["chosenDataFormat", "chosenDataProtocol"] {
            let text =
                #"{"chosenTransportProtocol":"HTTPS","\#(word)":"application/json","chosenVersion":"2.0.0"}"#
            #expect(try SeramHandshakeResponse(reading: Self.bytes(text)) == SeramHandshakeResponse())
        }
    }

    // MARK: Refusals

    @Test(
        "what a schema requires is required",
        arguments: [
            (#"{}"#, SeramError.missing(at: "localAgentStatus")),
            (#"{"localAgentStatus":{}}"#, .missing(at: "localAgentStatus.localAgentStatusEnum")),
            (
                #"{"localAgentStatus":{"localAgentStatusEnum":null}}"#,
                .missing(at: "localAgentStatus.localAgentStatusEnum")
            ),
            (
                #"{"localAgentStatus":{"localAgentStatusEnum":"processed"}}"#,
                .unknownWord("processed", at: "localAgentStatus.localAgentStatusEnum")
            ),
            (#"{"localAgentStatus":"POLLING"}"#, .wrongType(at: "localAgentStatus")),
            (#"[]"#, .wrongType(at: "message")),
            (
                #"{"localAgentStatus":{"localAgentStatusEnum":"POLLING","executedSeRamCommands":"0"}}"#,
                .wrongType(at: "localAgentStatus.executedSeRamCommands")
            ),
            (
                #"{"localAgentStatus":{"localAgentStatusEnum":"POLLING","executedSeRamCommands":-1}}"#,
                .tooLong(at: "localAgentStatus.executedSeRamCommands", max: SeramBounds.commandsMax)
            ),
            (
                #"{"localAgentStatus":{"localAgentStatusEnum":"POLLING"},"ramResponses":[{}]}"#,
                .missing(at: "ramResponses[0].ramResponseType")
            ),
            (
                #"{"localAgentStatus":{"localAgentStatusEnum":"POLLING"},"ramResponses":[{"ramResponseType":"seRamResponse"}]}"#,
                .missing(at: "ramResponses[0].listOfRAPDU")
            ),
            (
                #"{"localAgentStatus":{"localAgentStatusEnum":"POLLING"},"ramResponses":[{"ramResponseType":"other"}]}"#,
                .unknownWord("other", at: "ramResponses[0].ramResponseType")
            ),
            (
                #"{"localAgentStatus":{"localAgentStatusEnum":"POLLING"},"ramResponses":[{"ramResponseType":"seRamResponse","listOfRAPDU":["9000","90 00"]}]}"#,
                .notHex(at: "ramResponses[0].listOfRAPDU[1]")
            ),
            (
                #"{"localAgentStatus":{"localAgentStatusEnum":"POLLING"},"ramResponses":[{"ramResponseType":"seRamResponse","listOfRAPDU":["900"]}]}"#,
                .notHex(at: "ramResponses[0].listOfRAPDU[0]")
            ),
        ])
    func refusedReports(text: String, error: SeramError) {
        #expect(throws: error) { try SeramReport(reading: Self.bytes(text)) }
    }

    @Test(
        "the same for orders and handshakes",
        arguments: [
            (
                #"{"ramCommands":[{"ramCommandType":"redirectCommand"}]}"#,
                SeramError.unknownWord("redirectCommand", at: "ramCommands[0].ramCommandType")
            ),
            (
                #"{"ramCommands":[{"ramCommandType":"seRamCommand"}]}"#,
                .missing(at: "ramCommands[0].listOfCAPDU")
            ),
            (
                #"{"ramCommands":[{"ramCommandType":"notificationCommand"}]}"#,
                .missing(at: "ramCommands[0].deviceAppNotification")
            ),
            (#"{"delay":"1"}"#, .wrongType(at: "delay")),
            (#"{"chosenSecureElement":{"seType":"uicc"}}"#, .missing(at: "chosenSecureElement.seId")),
        ])
    func refusedOrders(text: String, error: SeramError) {
        #expect(throws: error) { try SeramOrder(reading: Self.bytes(text)) }
    }

    @Test("everything has a bound")
    func bounds() {
        let elements = Array(repeating: #"{"seType":"uicc","seId":"1"}"#, count: SeramBounds.elementsMax + 1)
        #expect(throws: SeramError.tooMany(at: "secureElements", max: SeramBounds.elementsMax)) {
            try SeramHandshakeCommand(
                reading: Self.bytes(#"{"secureElements":[\#(elements.joined(separator: ","))]}"#))
        }
        let long = String(repeating: "x", count: SeramBounds.wordBytesMax + 1)
        #expect(throws: SeramError.tooLong(at: "secureElements[0].seId", max: SeramBounds.wordBytesMax)) {
            try SeramHandshakeCommand(
                reading: Self.bytes(#"{"secureElements":[{"seType":"uicc","seId":"\#(long)"}]}"#))
        }
        let deep = String(repeating: "[", count: 40)
        #expect(throws: SeramError.self) { try SeramReport(reading: Self.bytes(deep)) }
        let endless = [UInt8](repeating: UInt8(ascii: " "), count: SeramBounds.messageBytesMax + 1)
        #expect(throws: SeramError.self) { try SeramReport(reading: endless) }
    }

    // MARK: Writing

    @Test("what is written has the words of the schemas, and reads the same")
    func writing() throws {
        let order = SeramOrder(
            delay: 0, chosen: Self.element,
            commands: [.start, .send([[0x00, 0xA4, 0x04, 0x00]]), .notify("step1/action2/OK"), .stop])
        #expect(
            try Self.json(order.written()) == [
                "delay": 0,
                "chosenSecureElement": [
                    "seType": "eSE", "seId": "89001012012341234012345678901224", "seExtraInfo": "SAM",
                ],
                "ramCommands": [
                    ["ramCommandType": "ramStartCommand"],
                    ["ramCommandType": "seRamCommand", "listOfCAPDU": ["00A40400"]],
                    ["ramCommandType": "notificationCommand", "deviceAppNotification": "step1/action2/OK"],
                    ["ramCommandType": "ramStopCommand"],
                ],
            ])
        #expect(try SeramOrder(reading: order.written()) == order)
        #expect(SeramOrder().written() == Self.bytes("{}"))
        // `required` of ramHandshakeResponse says chosenDataProtocol, its properties chosenDataFormat.
        #expect(
            try Self.json(SeramHandshakeResponse().written()) == [
                "chosenTransportProtocol": "HTTPS", "chosenDataFormat": "application/json",
                "chosenDataProtocol": "application/json", "chosenVersion": "2.0.0",
            ])
        let report = SeramReport(
            SeramStatus(.processed, executed: 1, message: "m"), responses: [[[0x6A, 0x82], []]])
        #expect(
            try Self.json(report.written()) == [
                "localAgentStatus": [
                    "localAgentStatusEnum": "PROCESSED", "executedSeRamCommands": 1, "errorMsg": "m",
                ],
                "ramResponses": [["ramResponseType": "seRamResponse", "listOfRAPDU": ["6A82", ""]]],
            ])
        #expect(try SeramReport(reading: report.written()) == report)
    }
}
