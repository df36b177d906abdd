import Foundation

/// A local agent as somebody else would write it from the text of GP SERAM 2.0: it knows nothing of Berth.
final class LocalAgent {
    struct Answer {
        var status: Int
        var body: [UInt8]
    }

    enum Breakdown: Error {
        case http(Int)
        case order(String)
        case notStarted
        case startedTwice
    }

    /// `nil` when no answer came.
    typealias Post = (_ endpoint: String, _ sessionID: String, _ body: [UInt8]) throws -> Answer?
    /// `nil` when the card did not answer.
    typealias Card = (_ element: String, _ command: [UInt8]) -> [UInt8]?

    let sessionID: String
    let elements: [[String: String]]
    private let post: Post
    private let transmit: Card
    /// Some ways to a card select by a function of their own and give no answer to it.
    var hidesSelectAnswers = false
    private var isStarted = false
    private var chosen = ""
    private(set) var notifications: [String] = []
    private(set) var isStopped = false
    /// Of all orders that had any.
    private(set) var commandCounts: [Int] = []
    private var report: [String: Any] = LocalAgent.polling

    static var polling: [String: Any] {
        [
            "localAgentStatus": ["localAgentStatusEnum": "POLLING", "executedSeRamCommands": 0]
        ]
    }

    init(sessionID: String, cards: [String], post: @escaping Post, transmit: @escaping Card) {
        self.sessionID = sessionID
        elements = cards.map { ["seType": "undefined", "seId": $0] }
        self.post = post
        self.transmit = transmit
    }

    static func bytes(_ message: [String: Any]) throws -> [UInt8] {
        Array(try JSONSerialization.data(withJSONObject: message, options: [.sortedKeys]))
    }

    func shakeHands() throws {
        let message: [String: Any] = [
            "secureElements": elements, "supportedTransportProtocols": ["HTTPS"],
            "supportedDataFormats": ["application/json"], "supportedVersions": ["2.0.0"],
        ]
        guard let answer = try post("handshake", sessionID, Self.bytes(message)) else { return }
        guard answer.status == 200 else { throw Breakdown.http(answer.status) }
        let object = try Self.object(answer.body)
        for (name, value) in [
            ("chosenTransportProtocol", "HTTPS"), ("chosenDataFormat", "application/json"),
            ("chosenDataProtocol", "application/json"), ("chosenVersion", "2.0.0"),
        ] where object[name] as? String != value {
            throw Breakdown.order("\(name) is \(object[name] ?? "missing")")
        }
    }

    /// One report and its order; false when the session is over or no answer came.
    @discardableResult
    func turn() throws -> Bool {
        guard !isStopped, let answer = try post("remoteManagement", sessionID, Self.bytes(report)) else {
            return false
        }
        guard answer.status == 200 else { throw Breakdown.http(answer.status) }
        let order = try Self.object(answer.body)
        if let delay = order["delay"], !(delay is Int) { throw Breakdown.order("delay is \(delay)") }
        if let element = order["chosenSecureElement"] as? [String: String] { chosen = element["seId"] ?? "" }
        guard let commands = order["ramCommands"] else {
            report = Self.polling
            return true
        }
        guard let commands = commands as? [[String: Any]], !commands.isEmpty else {
            throw Breakdown.order("ramCommands is no list of commands")
        }
        try carryOut(commands)
        return !isStopped
    }

    private func carryOut(_ commands: [[String: Any]]) throws {
        var responses: [[String: Any]] = []
        var status = "PROCESSED"
        for command in commands {
            switch command["ramCommandType"] as? String {
            case "ramStartCommand":
                guard !isStarted else { throw Breakdown.startedTwice }
                isStarted = true
            case "ramStopCommand":
                guard isStarted else { throw Breakdown.notStarted }
                isStopped = true
                return
            case "notificationCommand":
                guard isStarted, let text = command["deviceAppNotification"] as? String else {
                    throw Breakdown.notStarted
                }
                notifications.append(text)
            case "seRamCommand":
                guard isStarted, let list = command["listOfCAPDU"] as? [String] else {
                    throw Breakdown.notStarted
                }
                let answers = try send(list)
                responses.append(["ramResponseType": "seRamResponse", "listOfRAPDU": answers])
                if answers.count < list.count { status = "UNAVAILABLE_SE" }
            default: throw Breakdown.order("\(command)")
            }
            if status != "PROCESSED" { break }
        }
        report =
            responses.isEmpty
            ? Self.polling
            : [
                "localAgentStatus": [
                    "localAgentStatusEnum": status, "executedSeRamCommands": responses.count,
                ],
                "ramResponses": responses,
            ]
    }

    private func send(_ list: [String]) throws -> [String] {
        commandCounts.append(list.count)
        var answers: [String] = []
        for text in list {
            guard text.wholeMatch(of: /([0-9A-F]{2})+/) != nil else { throw Breakdown.order(text) }
            let command = stride(from: 0, to: text.count, by: 2).map { offset -> UInt8 in
                let start = text.index(text.startIndex, offsetBy: offset)
                return UInt8(text[start..<text.index(start, offsetBy: 2)], radix: 16) ?? 0
            }
            guard let answer = transmit(chosen, command) else { return answers }
            let isHidden = hidesSelectAnswers && command[1] == 0xA4
            answers.append(isHidden ? "" : answer.map { String(format: "%02X", $0) }.joined())
        }
        return answers
    }

    private static func object(_ bytes: [UInt8]) throws -> [String: Any] {
        guard let object = try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any] else {
            throw Breakdown.order("no object")
        }
        return object
    }
}
