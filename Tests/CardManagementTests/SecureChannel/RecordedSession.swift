internal import CardCrypto
internal import CardManagement
internal import GlobalPlatform
internal import SmartCard
internal import Testing

/// One secure channel from INITIALIZE UPDATE on, as text: `enc`, `mac`, `dek` are the static keys; `aid` the selected
/// application where the challenge is the pseudo-random one; `i` the options of SCP02; `>` what travels to the card
/// and `<` what it answers; `plain` the command before its protection and `clear` the answer without. A line that
/// begins with `+` goes on with the line before.
struct RecordedSession: Sendable, CustomTestStringConvertible {
    struct Exchange: Sendable {
        let plain: CommandAPDU
        let wrapped: [UInt8]
        /// Protected, and without protection; some sources publish commands only.
        var answer: ResponseAPDU?
        var clear: ResponseAPDU?
    }

    let name: String
    let source: String
    private let text: String
    var testDescription: String { name }

    init(_ name: String, source: String, _ text: String) {
        self.name = name
        self.source = source
        self.text = text
    }

    func read() throws -> Transcript { try Transcript(text) }
}

struct Transcript {
    var keys: [String: Secret] = [:]
    var application: AID?
    var scp02Options = SCP02Options(rawValue: 0x15)
    var logicalChannel = 0
    var initializeUpdate = CommandAPDU(0, 0, 0, 0)
    var cardChallenge = ResponseAPDU()
    var authenticate: [UInt8] = []
    var exchanges: [RecordedSession.Exchange] = []

    init(_ text: String) throws {
        var lines = try Self.lines(of: text)
        while let (tag, _) = lines.first, !["plain", ">"].contains(tag) {
            try readParameter(lines.removeFirst())
        }
        let opening = lines.prefix { $0.tag != "plain" }.map(\.bytes)
        try #require(opening.count == 4)
        initializeUpdate = try CommandAPDU(parsing: opening[0])
        cardChallenge = try ResponseAPDU(parsing: opening[1])
        authenticate = opening[2]
        for line in lines.dropFirst(4) { try readExchange(line) }
    }

    var level: SecurityLevel { SecurityLevel(rawValue: authenticate[2]) }

    func wish(quirks: ChannelQuirks = .none) -> Handshake.Wish {
        Handshake.Wish(
            hostChallenge: initializeUpdate.data, level: level, keyVersion: initializeUpdate.p1,
            logicalChannel: logicalChannel, scp02Options: scp02Options, application: application,
            quirks: quirks)
    }

    var keySource: KeySource {
        get throws {
            KeySource(
                .three(
                    encryption: try #require(keys["enc"]), mac: try #require(keys["mac"]),
                    dataEncryption: try #require(keys["dek"])))
        }
    }

    /// One card answers another key version than it was asked for.
    var quirks: ChannelQuirks {
        let (asked, answered) = (initializeUpdate.p1, cardChallenge.data[10])
        return ChannelQuirks(reportedKeyVersions: asked == answered ? [:] : [asked: answered])
    }

    func handshake() throws -> Handshake {
        Handshake(wish(quirks: quirks), keys: try keySource.provider)
    }

    /// The session as it stands after the handshake.
    func openSession() throws -> SecureSession {
        var handshake = try handshake()
        _ = handshake.start()
        _ = handshake.received(cardChallenge)
        guard case .established(let session) = handshake.received(ResponseAPDU()) else {
            Issue.record("the handshake failed")
            throw HandshakeFailure.outOfOrder
        }
        return session
    }

    private mutating func readParameter(_ line: (tag: String, bytes: [UInt8])) throws {
        switch line.tag {
        case "enc", "mac", "dek": keys[line.tag] = Secret(line.bytes)
        case "aid": application = try AID(line.bytes)
        case "i": scp02Options = SCP02Options(rawValue: try #require(line.bytes.first))
        case "channel": logicalChannel = Int(try #require(line.bytes.first))
        default: Issue.record("unknown line \(line.tag)")
        }
    }

    private mutating func readExchange(_ line: (tag: String, bytes: [UInt8])) throws {
        switch line.tag {
        case "plain":
            exchanges.append(.init(plain: try CommandAPDU(parsing: line.bytes), wrapped: []))
        case ">":
            let last = try #require(exchanges.last)
            exchanges[exchanges.count - 1] = .init(plain: last.plain, wrapped: line.bytes)
        case "<":
            let answer = try ResponseAPDU(parsing: line.bytes)
            exchanges[exchanges.count - 1].answer = answer
            exchanges[exchanges.count - 1].clear = answer
        case "clear": exchanges[exchanges.count - 1].clear = try ResponseAPDU(parsing: line.bytes)
        default: Issue.record("unknown line \(line.tag)")
        }
    }

    private static func lines(of text: String) throws -> [(tag: String, bytes: [UInt8])] {
        var lines: [(tag: String, hex: String)] = []
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: " ", maxSplits: 1).map(String.init)
            if parts[0] == "+" {
                lines[lines.count - 1].hex += parts[1]
            } else {
                lines.append((parts[0], parts[1]))
            }
        }
        return try lines.map { ($0.tag, try Hex.decode($0.hex.count == 1 ? "0" + $0.hex : $0.hex)) }
    }
}
