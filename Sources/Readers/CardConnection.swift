internal import CPCSC
internal import SmartCard
internal import Synchronization

/// A card handle of PC/SC with the context that it lives in; closes both when nobody needs them any more.
///
/// It may be shared with the thread of a call that was given up: pcsclite locks each context.
final class CardConnection: Sendable {
    let context: ReaderContext
    let handle: SCARDHANDLE
    private let isDisconnected = Atomic<Bool>(false)

    private init(context: ReaderContext, handle: SCARDHANDLE) {
        self.context = context
        self.handle = handle
    }

    deinit { disconnect(.untouched) }

    func disconnect(_ leaving: ConnectOptions.Leaving) {
        guard !isDisconnected.exchange(true, ordering: .acquiringAndReleasing) else { return }
        _ = SCardDisconnect(handle, leaving.disposition)
    }

    /// What a fresh connection found.
    struct Opened: Sendable {
        let connection: CardConnection
        let card: CardFacts
    }

    /// What PC/SC knows of the powered card.
    struct CardFacts: Sendable {
        var transmission: DWORD
        var answerToReset: [UInt8]
        var eventCount: UInt32
    }

    /// Opens the card and, where it is shared, holds it; waits for other programs no longer than the patience.
    ///
    /// - Parameter known: a context that is open already; without one a new one is made.
    static func open(
        reader: String, _ options: ConnectOptions, in known: ReaderContext? = nil
    ) throws(CardChannelError) -> Opened {
        let deadline = Deadline(after: options.patience)
        let outcome = BlockingCall.run(within: options.patience + grace) {
            Result { () throws(CardChannelError) in
                try openBlocking(reader: reader, options, in: known, until: deadline)
            }
        } discard: { late in
            if case .success(let opened) = late { opened.connection.disconnect(.untouched) }
        }
        guard let outcome else { throw heldByAnother(reader: reader, for: options.patience) }
        return try outcome.get()
    }

    /// Holds the card against other programs; false when the time is up and one of them still has it.
    func beginTransaction(within limit: Duration) -> PCSCCode {
        let outcome = BlockingCall.run(within: limit + Self.grace) { [self] in
            PCSCCode(SCardBeginTransaction(handle))
        } discard: { [self] code in
            if code == .success { _ = SCardEndTransaction(handle, DWORD(SCARD_LEAVE_CARD)) }
        }
        return outcome ?? .sharingViolation
    }

    func endTransaction() {
        // If this fails the transaction is gone already: the card, the reader or the service left.
        _ = SCardEndTransaction(handle, DWORD(SCARD_LEAVE_CARD))
    }

    static func heldByAnother(reader: String, for waited: Duration) -> CardChannelError {
        let reason = PCSCCode.sharingViolation.error(reader: reader)
        return CardChannelError(reason.code, reason.message + " Waited \(waited.inWords).")
    }

    /// Zero patience means "now or never", but even now takes a moment.
    private static let grace = Duration.milliseconds(500)

    private static func openBlocking(
        reader: String, _ options: ConnectOptions, in known: ReaderContext?, until deadline: Deadline
    ) throws(CardChannelError) -> Opened {
        let context = if let known { known } else { try ReaderContext() }
        let connection = try connect(reader: reader, options, in: context, until: deadline)
        if options.sharing == .shared {
            let code = connection.beginTransactionBlocking(options)
            guard code == .success else { throw code.error(reader: reader) }
        }
        return Opened(connection: connection, card: try connection.facts(reader: reader, options))
    }

    private static func connect(
        reader: String, _ options: ConnectOptions, in context: ReaderContext, until deadline: Deadline
    ) throws(CardChannelError) -> CardConnection {
        while true {
            var handle = SCARDHANDLE()
            var transmission = DWORD()
            let code = PCSCCode(
                SCardConnect(
                    context.handle, reader, options.sharing.mode, options.protocols, &handle, &transmission))
            switch code {
            case .success: return CardConnection(context: context, handle: handle)
            case .sharingViolation where !deadline.hasPassed: pause(for: .milliseconds(50))
            case .sharingViolation: throw heldByAnother(reader: reader, for: options.patience)
            default:
                // If the service went away in the meantime, that is the reason and not the reader.
                _ = try context.readerNames()
                throw code.error(reader: reader)
            }
        }
    }

    /// Another program may reset the card between our connection and our turn; that is no loss yet.
    private func beginTransactionBlocking(_ options: ConnectOptions) -> PCSCCode {
        var code = PCSCCode(SCardBeginTransaction(handle))
        for _ in 0..<5 where code == .resetCard {
            var transmission = DWORD()
            code = PCSCCode(
                SCardReconnect(
                    handle, options.sharing.mode, options.protocols, DWORD(SCARD_LEAVE_CARD), &transmission))
            if code == .success { code = PCSCCode(SCardBeginTransaction(handle)) }
        }
        return code
    }

    /// Asks for protocol and answer to reset. It would block while another program holds the card.
    func facts(reader: String, _ options: ConnectOptions) throws(CardChannelError) -> CardFacts {
        var state = DWORD()
        var transmission = DWORD()
        var answerToReset = [UInt8](repeating: 0, count: Int(MAX_ATR_SIZE))
        var length = DWORD(answerToReset.count)
        let code = PCSCCode(SCardStatus(handle, nil, nil, &state, &transmission, &answerToReset, &length))
        // Without a card there is nothing to tell, and a direct connection needs none.
        if options.sharing == .direct, code != .success {
            return CardFacts(transmission: 0, answerToReset: [], eventCount: 0)
        }
        guard code == .success else { throw code.error(reader: reader) }
        answerToReset.removeSubrange(min(Int(length), answerToReset.count)...)
        let eventCount = try context.reader(named: reader)?.eventCount ?? 0
        return CardFacts(transmission: transmission, answerToReset: answerToReset, eventCount: eventCount)
    }
}

extension ConnectOptions {
    var protocols: DWORD {
        guard sharing != .direct else { return 0 }
        return switch transmission {
        case .t0: DWORD(SCARD_PROTOCOL_T0)
        case .t1: DWORD(SCARD_PROTOCOL_T1)
        case .any: DWORD(SCARD_PROTOCOL_T0) | DWORD(SCARD_PROTOCOL_T1)
        }
    }
}

extension ConnectOptions.Sharing {
    var mode: DWORD {
        switch self {
        case .shared: DWORD(SCARD_SHARE_SHARED)
        case .exclusive: DWORD(SCARD_SHARE_EXCLUSIVE)
        case .direct: DWORD(SCARD_SHARE_DIRECT)
        }
    }
}

extension ConnectOptions.Leaving {
    var disposition: DWORD {
        switch self {
        case .untouched: DWORD(SCARD_LEAVE_CARD)
        case .reset: DWORD(SCARD_RESET_CARD)
        case .poweredOff: DWORD(SCARD_UNPOWER_CARD)
        case .ejected: DWORD(SCARD_EJECT_CARD)
        }
    }
}
