internal import Readers
internal import SmartCard
internal import Synchronization
internal import VirtualCard

/// A virtual card that goes in and out of a virtual reader while its program runs.
final class RunningCard: @unchecked Sendable {
    // Sendable because the mounted card is touched only by the thread of the current insertion, and the next insertion
    // begins when that thread has ended; everything else is constant or behind the mutex.
    enum Place: String, Sendable {
        case out
        /// Put in, and no reader has looked yet.
        case waiting
        case inserted
    }

    enum Event: Sendable {
        case inserted
        case removed
        /// It lost its power in the middle of a command, and goes in again.
        case torn
        case failed(CardChannelError)
    }

    /// One time in the reader.
    private final class Insertion: Sendable {
        let client: VirtualReaderClient
        let stopping = Wakeup()
        /// Rings when a reader looks at the card, and when it is over.
        let present = Wakeup()
        let over = Wakeup()

        init(host: String, port: UInt16) { client = VirtualReaderClient(host: host, port: port) }

        func stop() {
            stopping.ring()
            client.stop()
        }
    }

    private struct State {
        var insertion: Insertion?
        var isPresent = false
    }

    /// pcscd takes a card that comes back at once for the old one, and does not power it.
    private static let absence = Duration.seconds(1)
    private static let retryPause = Duration.milliseconds(500)
    private static let endingMax = Duration.seconds(5)

    let number: Int
    let path: String
    let host: String
    let port: UInt16
    private let mounted: MountedCard
    private let waitsForReader: Bool
    private let report: @Sendable (Int, Event) -> Void
    private let state = Mutex(State())

    /// - Parameter waitsForReader: whether a reader that is not there is tried again and again.
    init(
        _ mounted: MountedCard, number: Int, host: String, port: UInt16, waitsForReader: Bool,
        report: @escaping @Sendable (Int, Event) -> Void
    ) {
        self.mounted = mounted
        self.number = number
        self.host = host
        self.port = port
        self.waitsForReader = waitsForReader
        self.report = report
        path = mounted.path
    }

    var place: Place {
        state.withLock { $0.insertion == nil ? .out : $0.isPresent ? .inserted : .waiting }
    }

    /// Puts the card in; `false` when it is in already.
    @discardableResult
    func insert() -> Bool {
        let insertion = Insertion(host: host, port: port)
        let isNew = state.withLock { state in
            guard state.insertion == nil else { return false }
            state = State(insertion: insertion)
            return true
        }
        guard isNew else { return false }
        if !startThread({ self.serve(insertion) }) {
            end(insertion, .failed(CardChannelError(.failure, "the system has no thread left")))
        }
        return true
    }

    /// Waits until a reader has looked at the card, or it is out again.
    func awaitPresence(atMost limit: Duration) {
        _ = state.withLock { $0.insertion }?.present.wait(atMost: limit)
    }

    /// Takes the card out; `false` when it is out already.
    @discardableResult
    func remove() -> Bool {
        guard let insertion = state.withLock({ $0.insertion }) else { return false }
        insertion.stop()
        _ = insertion.over.wait(atMost: Self.endingMax)
        return true
    }

    // MARK: On the thread of the insertion

    private func serve(_ insertion: Insertion) {
        let contacts = CardContacts(mounted) { [self] in
            let isFirst = state.withLock { state in
                defer { state.isPresent = true }
                return !state.isPresent
            }
            guard isFirst else { return }
            insertion.present.ring()
            report(number, .inserted)
        }
        end(insertion, outcome(of: insertion, contacts))
    }

    private func outcome(of insertion: Insertion, _ contacts: CardContacts) -> Event {
        while true {
            let end: VirtualReaderClient.End
            do throws(CardChannelError) {
                end = try insertion.client.run(contacts)
            } catch {
                guard waitsForReader else { return .failed(error) }
                if insertion.stopping.wait(atMost: Self.retryPause) { return .removed }
                continue
            }
            state.withLock { $0.isPresent = false }
            switch end {
            case .stopped: return .removed
            case .cardDied:
                report(number, .torn)
                if insertion.stopping.wait(atMost: Self.absence) { return .removed }
            case .readerClosed:
                guard waitsForReader else { return .failed(readerGone) }
                if insertion.stopping.wait(atMost: Self.retryPause) { return .removed }
            }
        }
    }

    private var readerGone: CardChannelError {
        CardChannelError(
            .noReader,
            "The virtual reader at \(host):\(port) let go of the card: its service ended, or it holds another card."
        )
    }

    private func end(_ insertion: Insertion, _ event: Event) {
        state.withLock { $0 = State() }
        insertion.present.ring()
        insertion.over.ring()
        report(number, event)
    }
}

/// The contacts of a card: what a virtual reader does to it.
private final class CardContacts: PoweredCard {
    private let mounted: MountedCard
    private let whenSeen: () -> Void

    /// - Parameter whenSeen: called each time the reader looks at the card.
    init(_ mounted: MountedCard, whenSeen: @escaping () -> Void) {
        self.mounted = mounted
        self.whenSeen = whenSeen
    }

    var answerToReset: [UInt8] {
        whenSeen()
        return mounted.card.profile.answerToReset
    }

    func powerOn() {
        whenSeen()
        mounted.powerOn()
    }

    func powerOff() { mounted.powerOff() }
    func reset() { mounted.reset() }

    // A reader that never powered the card would get no answer; vpcd's users may send commands at once.
    func process(_ command: [UInt8]) -> [UInt8] { mounted.process(command) }
}
