internal import Readers
internal import SmartCard
internal import Synchronization
internal import VirtualCard

/// A virtual card that goes in and out of a virtual reader while its program runs. While it is out, its file is free
/// for others to use.
final class RunningCard: Sendable {
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

    /// Opens the card's file.
    typealias Mount = @Sendable () throws(CardFileError) -> MountedCard

    /// One time in the reader.
    private final class Insertion: @unchecked Sendable {
        // Sendable because the card goes to the thread of the insertion, which alone uses it and lets it go.
        private var mounted: MountedCard?
        let client: VirtualReaderClient
        let stopping = Wakeup()
        /// Rings when a reader looks at the card, and when it is over.
        let present = Wakeup()
        let over = Wakeup()

        init(_ mounted: MountedCard, host: String, port: UInt16) {
            self.mounted = mounted
            client = VirtualReaderClient(host: host, port: port)
        }

        func takeCard() -> MountedCard? {
            defer { mounted = nil }
            return mounted
        }

        func stop() {
            stopping.ring()
            client.stop()
        }
    }

    private struct State {
        var insertion: Insertion?
        var isPresent = false
        /// Whether it was in the reader before.
        var isBack = false
    }

    /// pcscd looks every 0.4 s: it takes a card that comes back at once for the old one, and does not power it.
    private static let absence = Duration.seconds(1)
    private static let retryPause = Duration.milliseconds(500)
    private static let endingMax = Duration.seconds(5)

    let number: Int
    let path: String
    let host: String
    let port: UInt16
    private let mount: Mount
    private let waitsForReader: Bool
    private let report: @Sendable (Int, Event) -> Void
    private let state = Mutex(State())

    /// - Parameter waitsForReader: whether a reader that is not there is tried again and again.
    init(
        _ path: String, number: Int, host: String, port: UInt16, waitsForReader: Bool,
        mount: @escaping Mount, report: @escaping @Sendable (Int, Event) -> Void
    ) {
        self.path = path
        self.mount = mount
        self.number = number
        self.host = host
        self.port = port
        self.waitsForReader = waitsForReader
        self.report = report
    }

    var place: Place {
        state.withLock { $0.insertion == nil ? .out : $0.isPresent ? .inserted : .waiting }
    }

    /// Puts the card in; `false` when it is in already.
    @discardableResult
    func insert() throws(CardFileError) -> Bool {
        guard place == .out else { return false }
        let insertion = Insertion(try mount(), host: host, port: port)
        let isBack = state.withLock { state in
            state.insertion = insertion
            return state.isBack
        }
        if !startThread({ self.serve(insertion, isBack: isBack) }) {
            _ = insertion.takeCard()
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

    private func serve(_ insertion: Insertion, isBack: Bool) {
        let outcome: Event
        if isBack, insertion.stopping.wait(atMost: Self.absence) {
            _ = insertion.takeCard()
            outcome = .removed
        } else if let mounted = insertion.takeCard() {
            outcome = serve(mounted, insertion)
        } else {
            preconditionFailure("an insertion has a card until its thread takes it")
        }
        end(insertion, outcome)
    }

    private func serve(_ mounted: MountedCard, _ insertion: Insertion) -> Event {
        while true {
            let contacts = CardContacts(mounted) { self.see(insertion) }
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

    /// The reader looked at the card.
    private func see(_ insertion: Insertion) {
        let isFirst = state.withLock { state in
            defer { state.isPresent = true }
            return !state.isPresent
        }
        guard isFirst else { return }
        insertion.present.ring()
        report(number, .inserted)
    }

    private var readerGone: CardChannelError {
        CardChannelError(
            .noReader,
            "The virtual reader at \(host):\(port) let go of the card: its service ended, or it holds another card."
        )
    }

    private func end(_ insertion: Insertion, _ event: Event) {
        state.withLock { $0 = State(isBack: true) }
        insertion.present.ring()
        insertion.over.ring()
        report(number, event)
    }
}

/// The contacts of a card: what a virtual reader does to it.
private final class CardContacts: PoweredCard {
    private let mounted: MountedCard
    private let whenSeen: () -> Void
    private var wasPowered = false

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
        wasPowered = true
        mounted.powerOn()
    }

    func powerOff() { mounted.powerOff() }
    func reset() { mounted.reset() }

    func process(_ command: [UInt8]) -> [UInt8] {
        // A reader that did not see the change of cards believes that the power is on.
        if !wasPowered { powerOn() }
        return mounted.process(command)
    }
}
