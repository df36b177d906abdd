internal import CPCSC
package import SmartCard

/// A return code of PC/SC (PC/SC part 5 §3.1.5; the numbers are Microsoft's, which pcsclite and Apple share).
package struct PCSCCode: RawRepresentable, Hashable, Sendable {
    package let rawValue: UInt32
    package init(rawValue: UInt32) { self.rawValue = rawValue }

    /// C's LONG has 64 bits on Linux and 32 signed ones on macOS.
    init(_ code: LONG) { rawValue = UInt32(truncatingIfNeeded: code) }

    package static let success = Self(rawValue: 0)
    package static let internalError = Self(rawValue: 0x8010_0001)
    package static let cancelled = Self(rawValue: 0x8010_0002)
    package static let invalidHandle = Self(rawValue: 0x8010_0003)
    package static let noMemory = Self(rawValue: 0x8010_0006)
    package static let insufficientBuffer = Self(rawValue: 0x8010_0008)
    package static let unknownReader = Self(rawValue: 0x8010_0009)
    package static let timeout = Self(rawValue: 0x8010_000A)
    package static let sharingViolation = Self(rawValue: 0x8010_000B)
    package static let noCard = Self(rawValue: 0x8010_000C)
    package static let protocolMismatch = Self(rawValue: 0x8010_000F)
    package static let notReady = Self(rawValue: 0x8010_0010)
    package static let invalidValue = Self(rawValue: 0x8010_0011)
    package static let systemCancelled = Self(rawValue: 0x8010_0012)
    package static let communicationError = Self(rawValue: 0x8010_0013)
    package static let unknownError = Self(rawValue: 0x8010_0014)
    package static let invalidATR = Self(rawValue: 0x8010_0015)
    package static let notTransacted = Self(rawValue: 0x8010_0016)
    package static let readerUnavailable = Self(rawValue: 0x8010_0017)
    package static let shutdown = Self(rawValue: 0x8010_0018)
    package static let readerUnsupported = Self(rawValue: 0x8010_001A)
    package static let cardUnsupported = Self(rawValue: 0x8010_001C)
    package static let noService = Self(rawValue: 0x8010_001D)
    package static let serviceStopped = Self(rawValue: 0x8010_001E)
    package static let unexpected = Self(rawValue: 0x8010_001F)
    package static let unsupportedFeature = Self(rawValue: 0x8010_0022)
    package static let noReaders = Self(rawValue: 0x8010_002E)
    package static let communicationDataLost = Self(rawValue: 0x8010_002F)
    package static let tooBusy = Self(rawValue: 0x8010_0031)
    package static let unsupportedCard = Self(rawValue: 0x8010_0065)
    package static let unresponsiveCard = Self(rawValue: 0x8010_0066)
    package static let unpoweredCard = Self(rawValue: 0x8010_0067)
    package static let resetCard = Self(rawValue: 0x8010_0068)
    package static let removedCard = Self(rawValue: 0x8010_0069)
    package static let securityViolation = Self(rawValue: 0x8010_006A)

    var hex: String {
        let digits = String(rawValue, radix: 16, uppercase: true)
        return "0x" + String(repeating: "0", count: 8 - digits.count) + digits
    }
}

extension PCSCCode {
    /// What happened, why, and what to do; `reader` is where it happened, if that is known.
    package func error(reader: String?) -> CardChannelError {
        let place = reader.map { "“\($0)”" } ?? "the reader"
        switch self {
        case .noService, .serviceStopped, .shutdown, .systemCancelled: return ReaderService.whyUnreachable()
        case .invalidHandle:
            return CardChannelError(
                .noService,
                "The connection to the reader service is gone: pcscd was stopped or restarted. Run the command again."
            )
        case .securityViolation: return ReaderService.refused
        case .unknownReader, .readerUnavailable:
            return CardChannelError(
                .noReader,
                "The reader \(place) is not there any more: it was unplugged or lost its connection. Plug it in again, "
                    + "and look with: berth reader list")
        case .noReaders:
            return CardChannelError(
                .noReader, "No card reader is connected. Plug one in, and look with: berth reader list")
        case .timeout, .cancelled:
            return CardChannelError(.cancelled, "The wait for \(place) ended before anything happened there.")
        default: return cardError(place: place) ?? technicalError(place: place)
        }
    }

    private func cardError(place: String) -> CardChannelError? {
        switch self {
        case .sharingViolation:
            return CardChannelError(
                .shared,
                "Another program uses the card in \(place). End it (browsers, gpg-agent and other card tools keep "
                    + "cards open), then run the command again.")
        case .noCard: return CardChannelError(.noCard, "There is no card in \(place). Put one in.")
        case .removedCard:
            return CardChannelError(
                .cardRemoved, "The card was taken out of \(place). Put it back and run the command again.")
        case .resetCard:
            return CardChannelError(
                .cardReset,
                "Another program reset the card in \(place), so the session with it is over. Run the command again."
            )
        case .unresponsiveCard, .unpoweredCard, .invalidATR:
            return CardChannelError(
                .cardMute,
                "The card in \(place) does not answer. Take it out, clean the contacts, put it in the right way round; "
                    + "if it stays mute it is broken or no smart card.")
        case .notTransacted, .communicationDataLost:
            return CardChannelError(
                .cardMute,
                "The card in \(place) did not answer the command. Take it out, put it in again, and run the command "
                    + "again; if it happens each time, the card cannot do this command or the reader is too old for it."
            )
        case .protocolMismatch:
            return CardChannelError(
                .protocolMismatch,
                "The card in \(place) does not speak the protocol that was asked for, or another program opened it "
                    + "with the other one. Leave the protocol open, or end the other program.")
        case .unsupportedCard, .cardUnsupported:
            return CardChannelError(
                .protocolMismatch,
                "The reader \(place) cannot work with this kind of card. Try another reader.")
        default: return nil
        }
    }

    private func technicalError(place: String) -> CardChannelError {
        switch self {
        case .insufficientBuffer:
            return CardChannelError(
                .malformedAnswer, "The card in \(place) answered more bytes than any command may (65,538).")
        case .noMemory, .tooBusy:
            return CardChannelError(
                .failure,
                "The reader service has no room for one more connection. End programs that use cards, or restart it: "
                    + ReaderService.restartCommand)
        case .notReady, .readerUnsupported:
            return CardChannelError(
                .failure,
                "The reader \(place) is not ready. Unplug it and plug it in again, then run the command again."
            )
        case .unsupportedFeature, .unexpected:
            return CardChannelError(
                .failure,
                "The reader \(place) or its driver cannot do this (PC/SC \(hex)). Try another reader.")
        case .communicationError, .internalError, .unknownError:
            return CardChannelError(
                .failure,
                "The reader service could not reach \(place) (PC/SC \(hex)). Unplug the reader, plug it in again; if "
                    + "that does not help, restart the service: " + ReaderService.restartCommand)
        default:
            return CardChannelError(
                .failure,
                "The reader \(place) failed with PC/SC code \(hex). The service's log says more: journalctl -u pcscd"
            )
        }
    }
}
