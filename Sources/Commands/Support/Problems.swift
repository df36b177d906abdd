package import Arguments
package import CardManagement
internal import GlobalPlatform
internal import JSON
package import SmartCard

// Every error of the layers below in words: what happened, why, what to do.

extension CardChannelError: ExplainedError {
    package var problem: Problem {
        let (what, advice) = sentences
        return Problem(code.rawValue, exit: exit, what, advice: advice.map { [$0] } ?? [])
    }

    /// What happened is the first sentence, what to do the rest; a full stop in a reader's name ends nothing.
    private var sentences: (first: String, rest: String?) {
        var isQuoted = false
        for (index, character) in zip(message.indices, message) {
            switch character {
            case "“": isQuoted = true
            case "”": isQuoted = false
            case "." where !isQuoted:
                let rest = message[message.index(after: index)...]
                guard rest.first?.isWhitespace ?? true else { continue }
                return (String(message[..<index]), rest.isEmpty ? nil : String(rest.dropFirst()))
            default: continue
            }
        }
        return (message, nil)
    }

    private var exit: ExitCode {
        switch code {
        case .noService, .noPermission, .noReader, .noCard, .ambiguousReader: .unavailable
        case .shared: .tryAgain
        case .cardRemoved, .cardReset, .cardMute, .failure: .inputOutput
        case .protocolMismatch, .malformedAnswer: .protocolViolation
        case .cancelled: .interrupted
        }
    }
}

extension LinkError: ExplainedError {
    package var problem: Problem {
        switch self {
        case .channel(let error): error.problem
        case .handshake(let failure): failure.problem
        case .secureMessaging(let error): error.problem
        case .procedure(let error): error.problem
        case .stopped: .interrupted
        }
    }
}

extension ProcedureError: ExplainedError {
    package var problem: Problem {
        switch self {
        case .refused(let command, let status): .refusal(of: command, status)
        case .malformed(let command, let reason):
            Problem(
                "answer-malformed", exit: .protocolViolation,
                "the card's answer to \(CommandContext(command)?.name ?? "a command") cannot be read",
                why: reason,
                advice: ["run again with --trace and report the card model and the trace"])
        case .unanswered:
            Problem(
                "unanswered", exit: .inputOutput, "the card did not answer everything that was sent",
                advice: ["run the same command again: it goes on where this one stopped"])
        case .endless(let command):
            Problem(
                "answer-endless", exit: .protocolViolation,
                "the card answers \(CommandContext(command)?.name ?? "a command") with more and more data",
                advice: ["reset the card and try again"])
        }
    }
}

extension Problem {
    /// A card's refusal, explained for the command that was refused.
    static func refusal(of command: CommandAPDU, _ status: StatusWord) -> Problem {
        let context = CommandContext(command)
        let explanation = status.explanation(after: context)
        let name = context?.name ?? "the command \([command.cla, command.ins, command.p1, command.p2].hex)"
        return Problem(
            "card-refused", exit: exit(status, context),
            "the card refused \(name): \(status) \(explanation.title)",
            why: ([explanation.meaning] + explanation.causes.prefix(3)).joined(separator: " "),
            advice: explanation.advice,
            details: [
                "statusWord": .string(status.description), "command": .string(name),
                "header": .string([command.cla, command.ins, command.p1, command.p2].hex),
            ])
    }

    private static func exit(_ status: StatusWord, _ context: CommandContext?) -> ExitCode {
        switch status.rawValue {
        case 0x6A84, 0x6581: .noRoom
        // No keys of that version: a script must not take it for "it is deleted already".
        case 0x6A88 where context == .initializeUpdate: .notAuthenticated
        case 0x6A88, 0x6A82: .notFound
        case 0x6982, 0x6983, 0x6300, 0x6988: .notAuthenticated
        case 0x6438: .missingImport
        case 0x6985 where context == .delete: .inUse
        case 0x6A81, 0x6D00, 0x6E00: .unsupported
        default: .refused
        }
    }
}

extension HandshakeFailure: ExplainedError {
    package var problem: Problem {
        switch self {
        case .initializationRefused(let status):
            .refusal(of: CommandAPDU(0x80, Instruction.initializeUpdate, 0, 0), status)
        case .authenticationRefused(let status):
            .refusal(of: CommandAPDU(0x84, Instruction.externalAuthenticate, 0, 0), status)
        case .cardCryptogramMismatch(let version):
            Problem(
                "wrong-keys", exit: .notAuthenticated,
                "these are not the card's keys of version \(version.versionText)",
                why:
                    "the card's cryptogram is not the one these keys make; nothing was sent that the card counts",
                advice: [
                    "check --key and --key-version",
                    "cards of an issuer have derived keys: try to learn the scheme and give it with --kdf",
                    "some cards count tries all the same, so the next one needs --allow-retry",
                ])
        case .malformedAnswer(let count):
            Problem(
                "answer-malformed", exit: .protocolViolation,
                "the answer to INITIALIZE UPDATE has \(count) bytes, which no secure channel has")
        case .unsupportedProtocol(let version, let options):
            Problem(
                "secure-channel-unsupported", exit: .unsupported,
                "the card speaks a secure channel that berth does not: SCP\(UInt8(version).hex)"
                    + (options.map { " i=\($0.hex)" } ?? ""), why: "SCP02 and SCP03 are supported")
        case .otherKeyVersion(let asked, let answered):
            Problem(
                "other-key-version", exit: .notAuthenticated,
                "the card answered with key version \(answered.versionText), not \(asked.versionText)",
                advice: [
                    "look at the versions with: berth gp info",
                    "leave --key-version out to let the card choose",
                ])
        case .levelNotOffered(_, let options):
            Problem(
                "mode-unsupported", exit: .unsupported,
                "the card does not offer this --mode (i=\(options.hex))",
                advice: ["use --mode mac or --mode enc"])
        case .threeKeysForBaseKey:
            Problem.usage("the card has one base key and was given three", advice: "give one with --key")
        case .challengeLength(let wanted):
            Problem("internal", exit: .internalError, "the card wants a challenge of \(wanted) bytes")
        case .unexpectedAnswer:
            Problem(
                "unexpected-answer", exit: .notAuthenticated,
                "the card answered something else than computed ahead",
                why:
                    "these are not its keys, or it counted another session meanwhile; the card counts this as a failure",
                advice: ["check --key; then leave --computed-ahead out and add --allow-retry"])
        case .keys(let error): error.problem
        case .outOfOrder: Problem("internal", exit: .internalError, "the handshake lost its order")
        case .crypto(let error):
            Problem("key-unusable", exit: .badData, "the key cannot be used", why: "\(error)")
        }
    }
}

extension KeySourceError: ExplainedError {
    package var problem: Problem {
        switch self {
        case .keyLength(let count, let algorithm):
            Problem(
                "key-malformed", exit: .badData, "a key of \(count) bytes does not fit the card",
                why: algorithm == .aes ? "it uses AES: 16, 24 or 32 bytes" : "it uses triple DES: 16 bytes")
        case .otherAlgorithm(let wanted):
            Problem(
                "key-malformed", exit: .badData, "the key is of another kind than the card's",
                why: wanted == .aes ? "the card uses AES" : "the card uses triple DES")
        case .noKeys(let version):
            Problem(
                "no-keys", exit: .notAuthenticated, "there are no keys for key version \(version.versionText)"
            )
        case .otherDiversificationData:
            Problem(
                "other-card", exit: .mismatch, "this is not the card that its id says",
                why: "its key diversification data are not those that are on record for it",
                advice: ["keep the card from use until a person knows which one is the copy"])
        case .diversification(let error):
            Problem("derivation-failed", exit: .badData, "the card's keys cannot be derived", why: "\(error)")
        case .crypto(let error):
            Problem("key-unusable", exit: .badData, "the key cannot be used", why: "\(error)")
        }
    }
}

extension SecureMessagingError: ExplainedError {
    package var problem: Problem {
        switch self {
        case .responseMACMissing, .responseMACWrong, .malformedEncryption:
            Problem(
                "answer-not-authentic", exit: .protocolViolation, "the card's answer is not authentic",
                why: "its protection is missing or wrong: something between here and the card changed it",
                advice: [
                    "look at what is between: reader, relay, another program",
                    "list the card to see what was done",
                ])
        case .commandTooLong(let maximum):
            Problem(
                "command-too-long", exit: .usage, "the data are too long for one command",
                why: "in this session a command carries at most \(maximum) bytes")
        case .otherChannel(let channel):
            Problem.usage("the command names logical channel \(channel), not the session's")
        case .chainRefused(let status):
            Problem("card-refused", exit: .refused, "the card refused a part of a long command: \(status)")
        case .notOffered:
            Problem(
                "mode-unsupported", exit: .unsupported, "the card does not offer this protection of answers")
        case .wholeBlocksOnly(let count):
            Problem("data-length", exit: .badData, "encrypted data must be whole blocks of \(count) bytes")
        case .ended, .tooManyAhead, .noCommandAwaitsAnswer:
            Problem(
                "session-ended", exit: .inputOutput, "the secure channel has ended",
                advice: ["run the command again"])
        }
    }
}

extension DiversificationError: ExplainedError {
    package var problem: Problem {
        Problem("derivation-failed", exit: .badData, "the card's keys cannot be derived", why: "\(self)")
    }
}
