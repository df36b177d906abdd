package import Arguments
internal import CardCrypto
internal import HTTPClient
internal import JSON
internal import SmartCard

/// What is asked of a centre.
struct CentreCall: Sendable {
    let method: String
    let path: String
    private(set) var query: [(name: String, value: String)] = []
    var fields: [(name: String, value: String)] = []
    var body: [UInt8]?
    /// The body without its secrets, to be shown.
    var secrets: JSONValue?

    init(_ method: String, _ path: String) {
        self.method = method
        self.path = path
    }

    mutating func set(query name: String, to value: String) {
        query.removeAll { $0.name == name }
        query.append((name, value))
    }

    /// Path and query, as they stand behind the server's address.
    var target: String {
        guard !query.isEmpty else { return path }
        return path + "?"
            + query.map { "\(Self.escape($0.name))=\(Self.escape($0.value))" }.joined(separator: "&")
    }

    /// Everything but unreserved characters is escaped (RFC 3986 §2.3).
    static func escape(_ text: String) -> String {
        var result: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "-"), UInt8(ascii: "."),
                UInt8(ascii: "_"), UInt8(ascii: "~"):
                result.append(byte)
            default: result += [UInt8(ascii: "%")] + Array(byte.hex.utf8)
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    /// Names one request, so that sending it twice does it once.
    static func freshKey() -> String { SystemEntropy().bytes(16).hex }
}

/// A centre's answer.
package struct CentreAnswer {
    let status: Int
    let fields: [(name: String, value: String)]
    let body: [UInt8]

    package init(status: Int, fields: [(name: String, value: String)], body: [UInt8]) {
        self.status = status
        self.fields = fields
        self.body = body
    }

    func field(_ name: String) -> String? {
        fields.first { $0.name.lowercased() == name.lowercased() }?.value
    }

    /// The entity tag without its quotes; a weak one as it is.
    var tag: String? {
        field("ETag").map { text in
            let isQuoted = text.count > 1 && text.hasPrefix("\"") && text.hasSuffix("\"")
            return isQuoted ? String(text.dropFirst().dropLast()) : text
        }
    }

    var isJSON: Bool { field("Content-Type").map { $0.hasPrefix("application/json") } ?? false }
    var json: JSONValue? { isJSON ? try? JSONValue(decoding: body) : nil }
}

/// Asks one centre.
struct CentreClient: Sendable {
    private let client: HTTPClient
    let server: String
    private let token: String?
    private let terminal: Terminal

    /// - Parameter isSignedIn: false where the centre asks for no token: the one of a profile may be over, or not be
    ///   there yet.
    init(_ parsed: ParsedCommand, _ terminal: Terminal, isSignedIn: Bool = true) throws {
        let (profile, chosen) = try CentreOptions.chosen(parsed, terminal)
        let source = isSignedIn ? chosen : parsed[CentreOptions.token]
        var options = HTTPClientOptions()
        options.trust = profile.authorities.map { .authorities(file: $0) } ?? .system
        do throws(HTTPClientError) {
            client = try HTTPClient(options)
        } catch {
            throw Problem(error, server: profile.server)
        }
        server = profile.server.hasSuffix("/") ? String(profile.server.dropLast()) : profile.server
        token = try source.map { source in
            try terminal.withSecret(source, label: "Token") { String(decoding: $0, as: UTF8.self) }
        }
        self.terminal = terminal
    }

    /// A good answer, or the centre's problem.
    func send(_ call: CentreCall, timeout: Duration = .seconds(60)) throws -> CentreAnswer {
        try terminal.checkInterrupted()
        let response: ClientResponse
        do throws(HTTPClientError) {
            response = try client.send(request(call, timeout: timeout))
        } catch {
            throw Problem(error, server: server)
        }
        let answer = CentreAnswer(status: response.status, fields: response.fields, body: response.body)
        guard (200...299).contains(answer.status) else { throw Problem(answer) }
        return answer
    }

    /// Shows events as they come, until the person interrupts; a stream that ended or was cut is taken up where it
    /// stopped. Only what was whole counts: a line without the empty one behind it comes again.
    func follow(_ call: CentreCall, _ view: AdminView) throws {
        var call = call
        call.fields.append(("Accept", "text/event-stream"))
        var last: String?
        var (id, data): (String?, String?) = (nil, nil)
        var pause = Duration.seconds(2)
        var wasOpen = false
        while true {
            try terminal.checkInterrupted()
            var next = call
            if let last { next.fields.append(("Last-Event-ID", last)) }
            let terminal = terminal
            let response: ClientResponse
            do throws(HTTPClientError) {
                response = try client.lines(request(next, timeout: .seconds(60))) { line in
                    wasOpen = true
                    if line.hasPrefix("id: ") { id = String(line.dropFirst(4)) }
                    if line.hasPrefix("data: ") { data = String(line.dropFirst(6)) }
                    if line.hasPrefix("retry: "), let told = Int(line.dropFirst(7)), told >= 0 {
                        pause = .milliseconds(min(told, Self.pauseMillisecondsMax))
                    }
                    if line.isEmpty {
                        last = id
                        if let event = data { view.show(event: event) }
                        data = nil
                    }
                    return (try? terminal.checkInterrupted()) != nil
                }
            } catch {
                guard wasOpen, error.mayPass else { throw Problem(error, server: server) }
                (id, data) = (last, nil)
                TerminalOptions.rest(pause, terminal, Cancellation())
                continue
            }
            (id, data) = (last, nil)
            let answer = CentreAnswer(
                status: response.status, fields: response.fields, body: response.body)
            guard answer.status == 200 else { throw Problem(answer) }
        }
    }

    private static let pauseMillisecondsMax = 60_000

    private func request(_ call: CentreCall, timeout: Duration) -> ClientRequest {
        var fields = call.fields
        if let token { fields.append(("Authorization", "Bearer \(token)")) }
        return ClientRequest(
            call.method, server + call.target, fields: fields, body: call.body, timeout: timeout,
            bodyBytesMax: 64 << 20)
    }
}

extension HTTPClientError {
    /// The network or the server was away: it may be back a little later.
    fileprivate var mayPass: Bool {
        switch code {
        case .unreachable, .timedOut, .failure, .tls: true
        case .libraryMissing, .badAddress, .notTrusted, .ownCertificate, .addressRefused, .tooLong,
            .cancelled, .malformed:
            false
        }
    }
}

extension Problem {
    /// What the centre says, in the words of the centre; the class by what a script can do about it.
    package init(_ answer: CentreAnswer) {
        let isProblem = answer.field("Content-Type")?.hasPrefix("application/problem+json") ?? false
        guard isProblem, let json = try? JSONValue(decoding: answer.body),
            let code = json["code"]?.stringValue
        else {
            self.init(
                "not-a-centre", exit: .protocolViolation,
                "the server answered \(answer.status), and not as a centre does",
                advice: ["look whether the address is that of a centre"])
            return
        }
        var details: JSONObject = ["status": .count(answer.status)]
        for name in ["request", "errors", "parameter", "scope", "statusWord"] { details[name] = json[name] }
        if let seconds = answer.field("Retry-After").flatMap({ Int64($0) }) {
            details["retryAfter"] = .integer(seconds)
        }
        let faults = (json["errors"]?.arrayValue ?? []).compactMap { fault -> String? in
            fault["pointer"]?.stringValue.map { "\($0): \(fault["detail"]?.stringValue ?? "")" }
        }
        self.init(
            code, exit: Self.exit(answer.status, code),
            Self.withoutStop(json["title"]?.stringValue ?? code),
            why: ([json["detail"]?.stringValue].compactMap { $0 } + faults).joined(separator: " "),
            advice: [json["remedy"]?.stringValue].compactMap { $0 }.map(Self.withoutStop), details: details)
    }

    private static func withoutStop(_ text: String) -> String {
        text.hasSuffix(".") ? String(text.dropLast()) : text
    }

    private static func exit(_ status: Int, _ code: String) -> ExitCode {
        switch status {
        case 401, 403: .notAuthenticated
        case 404: .notFound
        case 409 where code.hasSuffix("exists"): .alreadyExists
        case 409 where code == "not-enough-room" || code == "quota-exceeded": .noRoom
        case 409: .refused
        case 412: .mismatch
        case 429: .tryAgain
        case 503 where ["overloaded", "stopping", "store-busy"].contains(code): .tryAgain
        case 500...599: .unavailable
        case 400...499: .badData
        default: .protocolViolation
        }
    }

    init(_ error: HTTPClientError, server: String) {
        let (exit, advice): (ExitCode, [String]) =
            switch error.code {
            case .libraryMissing: (.configuration, ["apt-get install libcurl4"])
            case .badAddress: (.configuration, ["correct the server's address"])
            case .unreachable, .timedOut, .failure, .cancelled:
                (.unavailable, ["look whether the centre runs and the network reaches it; then run it again"])
            case .tls:
                (
                    .unavailable,
                    [
                        "run it again: the connection broke off while it was being secured",
                        "if it stays so, the server speaks no TLS 1.2 or 1.3 at this address",
                    ]
                )
            case .notTrusted, .ownCertificate:
                (
                    .protocolViolation,
                    ["do not go on until you know why; --authorities names who proves the server"]
                )
            case .addressRefused, .tooLong, .malformed: (.protocolViolation, [])
            }
        self.init(
            error.code.rawValue, exit: exit, "\(server) does not answer", why: error.message, advice: advice)
    }
}
