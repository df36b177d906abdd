/// What a script learns of the outcome, by class of problem; docs/reference/exit-codes.md promises these numbers.
package enum ExitCode: Int32, CaseIterable, Hashable, Sendable {
    case success = 0
    case refused = 1
    case notFound = 2
    case alreadyExists = 3
    case noRoom = 4
    case unfinished = 5
    case missingImport = 6
    case inUse = 7
    case unsupported = 8
    case mismatch = 9
    // The numbers from 64 to 78 have the meaning of BSD's sysexits(3).
    case usage = 64
    case badData = 65
    case noInput = 66
    case unavailable = 69
    case internalError = 70
    case cannotCreate = 73
    case inputOutput = 74
    case tryAgain = 75
    case protocolViolation = 76
    case notAuthenticated = 77
    case configuration = 78
    // A shell reports a program that a signal ended as 128 + the signal's number.
    case interrupted = 130
    case terminated = 143

    /// The word for the class, as JSON gives it.
    package var name: String {
        switch self {
        case .success: "success"
        case .refused: "refused"
        case .notFound: "not-found"
        case .alreadyExists: "already-exists"
        case .noRoom: "no-room"
        case .unfinished: "unfinished"
        case .missingImport: "missing-import"
        case .inUse: "in-use"
        case .unsupported: "unsupported"
        case .mismatch: "mismatch"
        case .usage: "usage"
        case .badData: "bad-data"
        case .noInput: "no-input"
        case .unavailable: "unavailable"
        case .internalError: "internal-error"
        case .cannotCreate: "cannot-create"
        case .inputOutput: "input-output"
        case .tryAgain: "try-again"
        case .protocolViolation: "protocol-violation"
        case .notAuthenticated: "not-authenticated"
        case .configuration: "configuration"
        case .interrupted: "interrupted"
        case .terminated: "terminated"
        }
    }

    /// One line for help and the manual.
    package var summary: String {
        switch self {
        case .success: "done"
        case .refused: "the card refused, and no class below fits better"
        case .notFound: "what was named is not on the card"
        case .alreadyExists: "it is already on the card"
        case .noRoom: "not enough room on the card"
        case .unfinished: "stopped part-way; run the same command again to finish"
        case .missingImport: "the card lacks a library that the application needs"
        case .inUse: "something else on the card still needs it"
        case .unsupported: "the card cannot do this"
        case .mismatch: "a check ran and found a difference"
        case .usage: "the command line is wrong"
        case .badData: "a file or text given as input is broken"
        case .noInput: "an input file is missing or cannot be read"
        case .unavailable: "no reader, no card, or pcscd is not running"
        case .internalError: "a mistake in berth itself"
        case .cannotCreate: "an output file cannot be made"
        case .inputOutput: "the card was removed, or reading or writing failed"
        case .tryAgain: "the reader or card is in use by another program"
        case .protocolViolation: "the card answered something that its protocol does not allow"
        case .notAuthenticated: "authentication failed, or these keys do not permit it"
        case .configuration: "a configuration file is wrong"
        case .interrupted: "interrupted from the keyboard"
        case .terminated: "told to end by a signal"
        }
    }
}
