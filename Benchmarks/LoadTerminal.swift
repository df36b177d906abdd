internal import CardCrypto
internal import CardManagement
internal import GlobalPlatform
internal import JSON
internal import SmartCard
internal import VirtualCard
internal import Wire

/// How terminals come to a node: plain, or over TLS.
struct LoadWay: Sendable {
    let port: UInt16
    let trust: BenchTLS.Trust?

    func connect() throws -> BenchHTTP { try BenchHTTP(port: port, trust: trust) }
}

/// One terminal with one connection to a node, and the card that lies in it. Used by one thread at a time.
final class LoadTerminal: @unchecked Sendable {
    private static let roundsMax = 64

    let name: String
    private(set) var http: BenchHTTP
    private let way: LoadWay
    private var token = ""
    private var sessions = 0
    private var requests = 0
    private var parked = 0
    private var card: (chip: VirtualCard, id: String)?
    private(set) var exchanges = 0

    /// - Parameter http: for its enrolment; others may use the same until it has a connection of its own.
    init(_ name: String, _ way: LoadWay, _ http: BenchHTTP) {
        self.name = name
        self.way = way
        self.http = http
    }

    func connect() throws { http = try way.connect() }

    /// Registered by an operator, and enrolled with a one-time code.
    func enrol(as admin: String) throws {
        let own: JSONValue = ["terminal": .string(name)]
        _ = try post("/v1/terminals", own, admin)
        let code = try post("/v1/terminals/\(name)/enrolment-codes", nil, admin)["code"]?.stringValue ?? ""
        let enrolled = try post("/v1/enrolments", ["terminal": .string(name), "code": .string(code)], nil)
        token = enrolled["token"]?.stringValue ?? ""
    }

    /// A sample card of the profile `javacard-80k`, registered by an operator and read once by the centre.
    func takeCard(seed: Int, as admin: String) throws {
        guard let profile = CardProfile.builtIn(BenchCentre.profile) else {
            throw BenchmarkError("there is no profile \(BenchCentre.profile)")
        }
        let bytes = withUnsafeBytes(of: seed.bigEndian) { Array($0) }
        let chip = VirtualCard(
            profile: profile,
            environment: CardEnvironment(
                channels: StandardChannels(), authority: StandardAuthority(),
                runtimes: [ExampleApplications.runtime]), entropy: SeededEntropy(seed: bytes))
        chip.powerOn()
        guard let id = try CardLink(InProcessCard(chip)).run(IdentifyCard()).cardID else {
            throw BenchmarkError("the card has no name")
        }
        let keys: JSONValue = [
            "masterKey": "aes", "version": .count(Int(profile.factoryKeys.version)), "channel": "scp03",
        ]
        let registration: JSONValue = [
            "card": .string(id), "profile": .string(profile.name),
            "issuerDomain": .string("\(profile.issuerDomain)"), "keySet": keys,
        ]
        _ = try post("/v1/cards", registration, admin)
        card = (chip, id)
        try visit()
    }

    // MARK: Work

    /// The pass comes, leaves, comes back with its data, and is removed; then again.
    func nextOperation(as admin: String) throws {
        guard let card else { throw BenchmarkError("there is no card") }
        let wish: JSONValue
        switch requests % 4 {
        case 0: wish = ["kind": "add", "application": "pass"]
        case 1: wish = ["kind": "park", "application": "pass"]
        case 2:
            parked += 1
            wish = [
                "kind": "restore", "card": .string(card.id), "aid": "F042657274680301",
                "ordinal": .count(parked),
            ]
        default: wish = ["kind": "remove", "application": "pass"]
        }
        requests += 1
        _ = try post("/v1/cards/\(card.id)/operations", ["wishes": [wish]], admin)
        try visit()
    }

    /// From putting the card in until the centre has nothing more to do.
    private func visit() throws {
        guard let card else { return }
        try begin([SecureElement(.undefined, id: card.id)])
        card.chip.powerOn()
        let channel = InProcessCard(card.chip, isPowered: true)
        var report = SeramReport.polling
        for _ in 0..<Self.roundsMax {
            let order = try exchange(report)
            let responses = try order.sends.map { commands in
                try commands.map { try channel.exchange(CommandAPDU(parsing: $0)).bytes }
            }
            if order.isStop || responses.isEmpty { return }
            report = SeramReport(
                SeramStatus(.processed, executed: responses.count), responses: responses)
        }
        throw BenchmarkError("the session has no end")
    }

    private func exchange(_ report: SeramReport) throws -> SeramOrder {
        exchanges += 1
        let answer = try http.ask(
            "POST", "/gp/seram/remoteManagement?sessionId=\(name)-\(sessions)", token: token,
            fields: Self.json + "Prefer: wait=0\r\n", body: String(decoding: report.written(), as: UTF8.self))
        guard answer.status == 200 else { throw BenchmarkError("\(answer.status): \(answer.body)") }
        return try SeramOrder(reading: Array(answer.body.utf8))
    }

    // MARK: Waiting

    /// A new session, with these cards or with none.
    func begin(_ cards: [SecureElement]) throws {
        sessions += 1
        let command = SeramHandshakeCommand(secureElements: cards)
        let answer = try http.ask(
            "POST", "/gp/seram/handshake?sessionId=\(name)-\(sessions)", token: token, fields: Self.json,
            body: String(decoding: command.written(), as: UTF8.self))
        guard answer.status == 200 else { throw BenchmarkError("\(answer.status): \(answer.body)") }
    }

    /// Asks for work; the answer comes when there is some, or after a while.
    func wait() throws {
        try http.send(
            "POST", "/gp/seram/remoteManagement?sessionId=\(name)-\(sessions)", token: token,
            fields: Self.json,
            body: String(decoding: SeramReport.polling.written(), as: UTF8.self))
    }

    private static let json = "Content-Type: application/json\r\n"

    private func post(_ path: String, _ body: JSONValue?, _ token: String?) throws -> JSONValue {
        let key = "Idempotency-Key: \(name)-\(path.utf8.count)-\(requests)\r\n"
        let answer = try http.ask(
            "POST", path, token: token, fields: (body == nil ? "" : Self.json) + key, body: body?.text ?? "")
        guard (200..<300).contains(answer.status) else {
            throw BenchmarkError("\(path): \(answer.status): \(answer.body)")
        }
        return try JSONValue(decoding: answer.body)
    }
}
