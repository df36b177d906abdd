/// Why the registers of operators, terminals and credentials do not do what was asked.
package enum ServiceRefusal: Refusal, Hashable {
    case operatorExists(OperatorID)
    case operatorUnknown(OperatorID)
    case lastAdmin(OperatorID)
    case terminalExists(TerminalID)
    case terminalUnknown(TerminalID)
    case terminalBlocked(TerminalID, reason: String)
    /// One word for a wrong code, one that is over, and a terminal that nobody knows.
    case enrolmentCode
    case credentialUnknown(CredentialID)
    case credentialTaken
    case expiry(max: Duration)
    case tooManyCredentials(max: Int)
    case text(field: String, TextProblem)

    package var code: String {
        switch self {
        case .operatorExists: "operator-exists"
        case .operatorUnknown: "operator-unknown"
        case .lastAdmin: "last-admin"
        case .terminalExists: "terminal-exists"
        case .terminalUnknown: "terminal-unknown"
        case .terminalBlocked: "terminal-blocked"
        case .enrolmentCode: "enrolment-code"
        case .credentialUnknown: "token-unknown"
        case .credentialTaken: "certificate-taken"
        case .expiry: "token-terms"
        case .tooManyCredentials: "token-too-many"
        case .text: "service-text"
        }
    }

    package var reason: String {
        switch self {
        case .operatorExists(let id): "There is already an operator '\(id)'."
        case .operatorUnknown(let id): "There is no operator '\(id)'."
        case .lastAdmin(let id): "'\(id)' is the last admin."
        case .terminalExists(let id): "There is already a terminal '\(id)'."
        case .terminalUnknown(let id): "There is no terminal '\(id)'."
        case .terminalBlocked(let id, let why): "The terminal '\(id)' is cut off: \(why)"
        case .enrolmentCode: "Terminal and code do not go together, or the code was used or is over."
        case .credentialUnknown(let id): "There is no token '\(id)'."
        case .credentialTaken: "The certificate is somebody's already."
        case .expiry(let max):
            "The token would end in the past, or last for more than \(max.components.seconds / 86_400) days."
        case .tooManyCredentials(let max): "There are already \(max) tokens for this name."
        case .text(let field, let problem): "The \(field) \(problem.words)."
        }
    }

    package var remedy: String {
        switch self {
        case .operatorExists, .terminalExists: "Change the one that exists, or choose another name."
        case .operatorUnknown: "List the operators."
        case .lastAdmin: "Make another admin first."
        case .terminalUnknown: "Register the terminal first."
        case .terminalBlocked: "Ask an operator of the centre."
        case .enrolmentCode: "Ask an operator for a new code."
        case .credentialUnknown: "List the tokens."
        case .credentialTaken: "Use another certificate, or revoke the one that is there."
        case .expiry: "Give an end between now and then."
        case .tooManyCredentials: "Revoke those that nobody uses."
        case .text: "Give a shorter text on one line."
        }
    }
}
