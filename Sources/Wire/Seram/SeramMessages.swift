/// The messages of GP SERAM 2.0 (GlobalPlatform, `spec/gpseram.yaml`), each named as its schema there.
///
/// A value that exists is inside the bounds and can be written; what was read and is not known is passed over, as the
/// published schemas allow further members everywhere.
package enum Seram {
    package static let version = "2.0.0"
    package static let mediaType = "application/json"
    package static let transport = "HTTPS"
}

/// `secureElement`: which card, as the local agent names it.
package struct SecureElement: Hashable, Sendable {
    /// `seType`
    package enum Kind: String, Hashable, Sendable, CaseIterable {
        case embedded = "eSE"
        case integrated = "iSE"
        case uicc
        case euicc
        case integratedEUICC = "ieuicc"
        case undefined
    }

    package var kind: Kind
    /// `seId`
    package var id: String
    /// `seExtraInfo`: features, separated by commas.
    package var extraInfo: String?

    package init(_ kind: Kind, id: String, extraInfo: String? = nil) {
        self.kind = kind
        self.id = id
        self.extraInfo = extraInfo
    }
}

/// `ramHandshakeCommand`: what an agent has and can do.
package struct SeramHandshakeCommand: Hashable, Sendable {
    /// The one the agent likes best comes first.
    package var secureElements: [SecureElement]
    /// What an agent does not say is assumed as the text says: HTTPS, JSON, 2.0.0.
    package var transports: [String]?
    package var formats: [String]?
    package var versions: [String]?

    package init(
        secureElements: [SecureElement], transports: [String]? = nil, formats: [String]? = nil,
        versions: [String]? = nil
    ) {
        self.secureElements = secureElements
        self.transports = transports
        self.formats = formats
        self.versions = versions
    }

    /// Whether there is anything that both sides can speak; otherwise the answer is 406.
    package var isAcceptable: Bool {
        (transports ?? [Seram.transport]).contains(Seram.transport)
            && (formats ?? [Seram.mediaType]).contains(Seram.mediaType)
            && (versions ?? [Seram.version]).contains(Seram.version)
    }
}

/// `ramHandshakeResponse`: what the remote agent chose.
package struct SeramHandshakeResponse: Hashable, Sendable {
    package var transport: String
    package var format: String
    package var version: String

    package init(
        transport: String = Seram.transport, format: String = Seram.mediaType,
        version: String = Seram.version
    ) {
        self.transport = transport
        self.format = format
        self.version = version
    }
}

/// `ramCommand` with its four kinds.
package enum SeramCommand: Hashable, Sendable {
    case start
    /// `listOfCAPDU`: bytes of commands, one after the other.
    case send([[UInt8]])
    /// `deviceAppNotification`
    case notify(String)
    case stop
}

/// `remoteManagementOrder`
package struct SeramOrder: Hashable, Sendable {
    /// In milliseconds, before the next report. An agent that gets none waits a second (HTTP binding, "HTTP Polling").
    package var delay: Int?
    package var chosen: SecureElement?
    package var commands: [SeramCommand]

    package init(delay: Int? = nil, chosen: SecureElement? = nil, commands: [SeramCommand] = []) {
        self.delay = delay
        self.chosen = chosen
        self.commands = commands
    }

    /// How many answers the report to it must have.
    package var sends: [[[UInt8]]] {
        commands.compactMap { if case .send(let commands) = $0 { commands } else { nil } }
    }
    package var isStop: Bool { commands.contains(.stop) }
}

/// `localAgentStatus`
package struct SeramStatus: Hashable, Sendable {
    /// `localAgentStatusEnum`
    package enum Word: String, Hashable, Sendable, CaseIterable {
        case processed = "PROCESSED"
        case polling = "POLLING"
        case unavailableElement = "UNAVAILABLE_SE"
        case unknownFailure = "UNKNOWN_FAILURE"
        case accessNotGranted = "UNGRANTED_ACCESS"
    }

    package var word: Word
    /// `executedSeRamCommands`
    package var executed: Int?
    package var message: String?

    package init(_ word: Word, executed: Int? = nil, message: String? = nil) {
        self.word = word
        self.executed = executed
        self.message = message
    }
}

/// `remoteManagementReport`
package struct SeramReport: Hashable, Sendable {
    package var status: SeramStatus
    /// `seRamResponse`, one for each command that sent anything: answers, empty where there was none.
    package var responses: [[[UInt8]]]

    package init(_ status: SeramStatus, responses: [[[UInt8]]] = []) {
        self.status = status
        self.responses = responses
    }

    package static let polling = SeramReport(SeramStatus(.polling, executed: 0))
}

/// Why a text is no message of GP SERAM.
package enum SeramError: Error, Hashable {
    case notJSON(String)
    /// `at` is the place in the message: `ramResponses[0].listOfRAPDU[3]`.
    case missing(at: String)
    case wrongType(at: String)
    case unknownWord(String, at: String)
    case notHex(at: String)
    case tooMany(at: String, max: Int)
    case tooLong(at: String, max: Int)

    package var reason: String {
        switch self {
        case .notJSON(let why): "This is no JSON: \(why)."
        case .missing(let place): "\(place) is missing."
        case .wrongType(let place): "\(place) is of another type."
        case .unknownWord(let word, let place): "\(place) says '\(word)', which GP SERAM 2.0 does not know."
        case .notHex(let place): "\(place) is not hexadecimal."
        case .tooMany(let place, let max): "\(place) has more than \(max) elements."
        case .tooLong(let place, let max): "\(place) is longer than \(max)."
        }
    }
}

/// What either side takes of the other.
package enum SeramBounds {
    /// A whole message. Six hundred long commands in hexadecimal are a third of a million characters.
    package static let messageBytesMax = 8_388_608
    package static let elementsMax = 64
    package static let namesMax = 32
    /// Names, identifiers and features.
    package static let wordBytesMax = 256
    /// Messages for a log or a person.
    package static let textBytesMax = 4_096
    package static let commandsMax = 256
    package static let apdusMax = 4_096
    /// An extended command with its length fields, or an answer with its status (ISO/IEC 7816-3 §12.1).
    package static let apduBytesMax = 65_546
    package static let delayMax = 3_600_000
    package static let depthMax = 16
}
