internal import CPCSC
package import SmartCard

/// A card in a PC/SC reader.
///
/// A shared channel holds the card from opening to closing, so no other program's commands come between ours. With
/// `endTransaction` it lets others work in between; each command then takes a turn of its own.
package final class PCSCChannel: CardChannel {
    package let readerName: String
    package let options: ConnectOptions

    private var connection: CardConnection?
    private var card: CardConnection.CardFacts
    private var holdsTransaction: Bool
    /// Where answers arrive; kept, since each would need 64 kB of its own.
    private var buffer = [UInt8](repeating: 0, count: 65_536 + 2)

    /// Opens the card in the reader of exactly this name.
    ///
    /// - Parameter context: one that is open already and that nobody else will use; each costs a connection to the
    ///   service.
    package init(
        reader: String, options: ConnectOptions = ConnectOptions(), context: ReaderContext? = nil
    ) throws(CardChannelError) {
        let opened = try CardConnection.open(reader: reader, options, in: context)
        readerName = reader
        self.options = options
        connection = opened.connection
        card = opened.card
        holdsTransaction = options.sharing == .shared
    }

    deinit { close() }

    package var answerToReset: [UInt8] { card.answerToReset }

    /// The protocol that card and reader agreed on; nothing where a direct connection found no card.
    package var transmission: ConnectOptions.Transmission? {
        switch card.transmission {
        case DWORD(SCARD_PROTOCOL_T0): .t0
        case DWORD(SCARD_PROTOCOL_T1): .t1
        default: nil
        }
    }

    package func transmit(_ command: [UInt8]) throws(CardChannelError) -> [UInt8] {
        try whileHolding { (connection) throws(CardChannelError) in
            let sent = transmission == .t0 ? Self.withoutCase4Length(command) : command
            var request = SCARD_IO_REQUEST()
            request.dwProtocol = card.transmission
            request.cbPciLength = DWORD(MemoryLayout<SCARD_IO_REQUEST>.size)
            var length = DWORD(buffer.count)
            let code = PCSCCode(
                SCardTransmit(connection.handle, &request, sent, DWORD(sent.count), nil, &buffer, &length))
            guard code == .success else { throw diagnose(code, connection) }
            // Some drivers call it a success when the card was pulled in the middle (vpcd 3.3 does).
            guard length >= 2 else { throw diagnose(.notTransacted, connection) }
            return Array(buffer[..<Int(length)])
        }
    }

    package func reset() throws(CardChannelError) {
        try whileHolding { (connection) throws(CardChannelError) in
            var transmission = DWORD()
            let code = PCSCCode(
                SCardReconnect(
                    connection.handle, options.sharing.mode, options.protocols, DWORD(SCARD_UNPOWER_CARD),
                    &transmission))
            guard code == .success else { throw diagnose(code, connection) }
            card = try connection.facts(reader: readerName, options)
        }
    }

    /// Opens the card anew after it was reset by another program, taken out and put back, or after the reader
    /// service was restarted. Whatever session there was on the card is over.
    package func reconnect() throws(CardChannelError) {
        // The old connection must not reset the card under whoever has it now.
        connection?.disconnect(.untouched)
        connection = nil
        let opened = try CardConnection.open(reader: readerName, options)
        connection = opened.connection
        card = opened.card
        holdsTransaction = options.sharing == .shared
    }

    /// Lets other programs work with the card until `beginTransaction`.
    package func endTransaction() {
        guard holdsTransaction else { return }
        holdsTransaction = false
        connection?.endTransaction()
    }

    /// Holds the card again; says so when another program does, or reset it in the meantime.
    package func beginTransaction() throws(CardChannelError) {
        guard options.sharing == .shared, !holdsTransaction else { return }
        try begin(try opened())
        holdsTransaction = true
    }

    /// Sends a control code to the reader's driver.
    package func control(_ code: UInt32, _ data: [UInt8]) throws(CardChannelError) -> [UInt8] {
        let connection = try opened()
        var length = DWORD()
        let result = PCSCCode(
            SCardControl(
                connection.handle, DWORD(code), data, DWORD(data.count), &buffer, DWORD(buffer.count), &length
            ))
        guard result == .success else { throw diagnose(result, connection) }
        return Array(buffer[..<Int(length)])
    }

    /// Ends the session and leaves the card as the options say. What comes later finds the channel closed.
    package func close() {
        guard let connection else { return }
        self.connection = nil
        var leaving = options.leaving
        // Outside a transaction a reset would wait for other programs, however long, and then hit their session.
        if options.sharing == .shared, !holdsTransaction { leaving = .untouched }
        holdsTransaction = false
        connection.disconnect(leaving)
    }

    private func opened() throws(CardChannelError) -> CardConnection {
        guard let connection else {
            throw CardChannelError(.failure, "The connection to “\(readerName)” was closed.")
        }
        return connection
    }

    private func begin(_ connection: CardConnection) throws(CardChannelError) {
        let code = connection.beginTransaction(within: options.patience)
        switch code {
        case .success: return
        case .sharingViolation: throw CardConnection.heldByAnother(reader: readerName, for: options.patience)
        default: throw diagnose(code, connection)
        }
    }

    private func whileHolding<Result>(
        _ body: (CardConnection) throws(CardChannelError) -> Result
    ) throws(CardChannelError) -> Result {
        let connection = try opened()
        // A call to a card that another program holds would block without end.
        let needsTurn = options.sharing == .shared && !holdsTransaction
        if needsTurn { try begin(connection) }
        defer { if needsTurn { connection.endTransaction() } }
        return try body(connection)
    }

    /// With T=0 a command with data never carries Le (ISO/IEC 7816-3 §12.2.1): the card announces with 61xx what it
    /// has.
    static func withoutCase4Length(_ command: [UInt8]) -> [UInt8] {
        guard command.count > 5, command[4] != 0, command.count == 5 + Int(command[4]) + 1 else {
            return command
        }
        return Array(command.dropLast())
    }
}

extension PCSCChannel {
    /// How long the service may take to notice that a card left: it looks every 0.4 s.
    private static let noticeTime = Duration.milliseconds(1500)

    /// Finds out what a failed exchange means: PC/SC has the same code for a card that was pulled, one that is mute,
    /// a reader that was unplugged and a service that died.
    private func diagnose(_ code: PCSCCode, _ connection: CardConnection) -> CardChannelError {
        switch code {
        case .noCard: return PCSCCode.removedCard.error(reader: readerName)
        case .notTransacted, .communicationError, .communicationDataLost, .internalError, .unknownError,
            .invalidHandle, .invalidValue,
            .readerUnavailable, .securityViolation, .unresponsiveCard, .unpoweredCard:
            return whatHappened(code, connection)
        default: return code.error(reader: readerName)
        }
    }

    private func whatHappened(_ code: PCSCCode, _ connection: CardConnection) -> CardChannelError {
        let deadline = Deadline(after: Self.noticeTime)
        do throws(CardChannelError) {
            var readers = try connection.context.readers()
            while true {
                guard let reader = readers.first(where: { $0.name == readerName }) else {
                    return PCSCCode.readerUnavailable.error(reader: readerName)
                }
                // A card that is back already has been away all the same: the count of insertions tells. So has a
                // reader that is back, which counts anew: the service does not know the connection to it any more.
                if reader.card == .absent || reader.eventCount != card.eventCount || code == .invalidValue {
                    return PCSCCode.removedCard.error(reader: readerName)
                }
                if deadline.hasPassed || reader.card == .mute { return code.error(reader: readerName) }
                readers = try connection.context.waitForChange(since: readers, atMost: deadline.remaining)
            }
        } catch {
            return error
        }
    }
}
