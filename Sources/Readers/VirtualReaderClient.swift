package import SmartCard
internal import Synchronization

/// Puts a card into a virtual reader: the card's end of vpcd's protocol.
///
/// vpcd (vsmartcard's driver for pcscd) listens on one TCP port per reader and speaks first. Messages both ways are a
/// length of two bytes, most significant first, and that many bytes. Being connected is being inserted. One client is
/// one insertion: once stopped it stays stopped.
package final class VirtualReaderClient: Sendable {
    /// What ended a run.
    package enum End: Hashable, Sendable {
        case stopped
        /// The reader closed the connection: its service ended, or another card was in the slot.
        case readerClosed
        /// The card gave no answer to a command, as one that lost its power does.
        case cardDied
    }

    /// What to do when the reader is not there, or not any more.
    package enum Persistence: Hashable, Sendable {
        case once
        /// Tries again, with this pause, until it is stopped.
        case retry(every: Duration)
    }

    /// vpcd's first port: reader 0 of Debian's package; the next readers follow.
    package static let defaultPort: UInt16 = 35963

    package let host: String
    package let port: UInt16
    private let stopping = Wakeup()
    /// The connection of the moment, so that a stop reaches it even while the card is busy.
    private let current = Mutex<ReaderSocket.Line?>(nil)

    package init(host: String = "127.0.0.1", port: UInt16 = VirtualReaderClient.defaultPort) {
        self.host = host
        self.port = port
    }

    /// Takes the card out at once; may come from any thread, also before `run`. A command in progress is not answered.
    package func stop() {
        stopping.ring()
        current.withLock { $0?.cut() }
    }

    /// Puts the card in and serves it on this thread until it is stopped or, with `.once`, until the connection ends.
    package func run(
        _ card: some PoweredCard, persistence: Persistence = .once
    ) throws(CardChannelError) -> End {
        while true {
            var isDead = false
            do throws(CardChannelError) {
                let end = try insert(card)
                if end == .stopped || persistence == .once { return end }
                isDead = end == .cardDied
            } catch {
                guard case .retry = persistence else { throw error }
            }
            guard case .retry(let rest) = persistence else { return .readerClosed }
            if stopping.wait(atMost: isDead ? max(rest, Self.absence) : rest) { return .stopped }
        }
    }

    /// How long a card that died stays out. The service looks every 0.4 s; were the card back before that, it would
    /// take the fresh card for the old one and never power it.
    private static let absence = Duration.seconds(1)

    /// One insertion, from connecting to the end of the connection.
    private func insert(_ card: some PoweredCard) throws(CardChannelError) -> End {
        let connection: ReaderSocket
        switch ReaderSocket.connect(host: host, port: port, stopping: stopping) {
        case .success(let connected): connection = connected
        case .failure(.stopped): return .stopped
        case .failure(let failure):
            throw CardChannelError(
                .noService,
                "No virtual reader answers at \(host):\(port)\(failure.inWords). Is pcscd running, with vpcd "
                    + "installed? (sudo apt install pcscd vsmartcard-vpcd; sudo systemctl restart pcscd)")
        }
        current.withLock { $0 = connection.line }
        // Pulling a card takes its power away.
        defer {
            current.withLock { $0 = nil }
            card.powerOff()
        }
        while true {
            switch connection.receive() {
            case .success(let message):
                guard let answer = Self.answer(to: message, from: card) else { continue }
                if stopping.wait(atMost: .zero) { return .stopped }
                guard !answer.isEmpty else { return .cardDied }
                if case .failure(let failure) = connection.send(answer) { return Self.end(after: failure) }
            case .failure(let failure):
                return stopping.wait(atMost: .zero) ? .stopped : Self.end(after: failure)
            }
        }
    }

    private static func end(after failure: ReaderSocket.Failure) -> End {
        switch failure {
        case .stopped: .stopped
        case .closed, .system: .readerClosed
        }
    }

    /// What goes back to the reader; nothing to control codes that are not answered.
    static func answer(to message: [UInt8], from card: some PoweredCard) -> [UInt8]? {
        guard message.count == 1 else { return message.isEmpty ? nil : process(message, card) }
        switch message[0] {
        case 0x00: card.powerOff()
        case 0x01: card.powerOn()
        case 0x02: card.reset()
        // The reader asks this all the time to see whether the card is there: it must change nothing.
        case 0x04: return card.answerToReset
        // A newer vpcd may know more codes; none of today's expects an answer.
        default: break
        }
        return nil
    }

    private static func process(_ command: [UInt8], _ card: some PoweredCard) -> [UInt8] {
        let answer = card.process(command)
        // The length has two bytes; only an answer of 65,534 data bytes and more does not fit.
        return answer.count <= Int(UInt16.max) ? answer : [0x6F, 0x00]
    }
}
