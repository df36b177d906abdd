internal import Readers
internal import SmartCard
internal import VirtualCard

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// A virtual card in use: its file is held, its log written, an armed tear waits for its write.
final class MountedCard {
    let path: String
    let card: VirtualCard
    private var settings: CardSettings
    private let log: CardLog?
    private let isTimed: Bool
    /// Called after every command.
    var onExchange: ((CardExchange) -> Void)?

    /// - Parameter isTimed: whether commands take the time that they would on a real card of this profile.
    init(
        _ path: String, in workshop: CardWorkshop, isTimed: Bool = false, logs: Bool = true
    ) throws(CardFileError) {
        let entropy = ReplaceableEntropy(workshop.entropy())
        let card = try VirtualCard(opening: path, environment: workshop.environment, entropy: entropy)
        var settings = try card.settings()
        if settings.seed != nil {
            // Counted before the first byte is drawn: a use that ends badly repeats nothing either.
            settings.openings += 1
            try card.keep(settings)
        }
        entropy.source = workshop.entropy(for: settings)
        self.path = path
        self.card = card
        self.settings = settings
        self.isTimed = isTimed
        log = logs && settings.keepsLog ? CardLog(beside: path, now: workshop.now) : nil
        card.onExchange = { [unowned self] exchange in
            self.log?.record(exchange)
            self.onExchange?(exchange)
        }
        armTear()
    }

    @discardableResult
    func powerOn() -> [UInt8] {
        log?.record(.powerOn)
        return card.powerOn()
    }

    func powerOff() {
        guard card.isPowered else { return }
        log?.record(.powerOff)
        card.powerOff()
    }

    func reset() {
        log?.record(.reset)
        card.reset()
    }

    /// Empty when the card has no power, or loses it in the middle.
    func process(_ command: [UInt8]) -> [UInt8] {
        let hadPower = card.isPowered
        let answer = card.process(command)
        if isTimed { Self.rest(milliseconds: card.lastDurationMilliseconds) }
        if hadPower, !card.isPowered { noteTear() }
        return answer
    }

    // MARK: Tears

    private func armTear() {
        card.onWrite = nil
        guard let tear = settings.tear else { return }
        let write = card.writeCount + tear.write
        let moment: JournalStep = tear.moment == .before ? .before(write) : .after(write)
        card.onWrite = { $0 == moment ? .cut : .goOn }
    }

    private func noteTear() {
        log?.record(.torn)
        guard var tear = settings.tear else { return }
        tear.times -= 1
        settings.tear = tear.times > 0 ? tear : nil
        // On a full disk the tear stays armed, which harms nobody.
        try? card.keep(settings)
        armTear()
    }

    private static func rest(milliseconds: Double) {
        guard milliseconds > 0 else { return }
        var time = timespec()
        time.tv_sec = Int(milliseconds / 1000)
        time.tv_nsec = Int(milliseconds.truncatingRemainder(dividingBy: 1000) * 1_000_000)
        // A signal cuts the rest short; nobody minds.
        _ = nanosleep(&time, nil)
    }
}

/// A virtual card of this process as the commands see any card.
final class VirtualCardChannel: CardChannel {
    private let mounted: MountedCard
    let answerToReset: [UInt8]

    init(_ mounted: MountedCard) {
        self.mounted = mounted
        answerToReset = mounted.powerOn()
    }

    deinit { mounted.powerOff() }

    var nonVolatileSize: Int { mounted.card.profile.memory.nonVolatileBytes }

    func transmit(_ command: [UInt8]) throws(CardChannelError) -> [UInt8] {
        guard mounted.card.isPowered else {
            throw CardChannelError(.cardReset, "the card has no power since it was torn out")
        }
        let answer = mounted.process(command)
        guard !answer.isEmpty else {
            throw CardChannelError(
                .cardRemoved,
                "the card lost its power in the middle of the command, as was asked with: berth card tear")
        }
        return answer
    }

    func reset() throws(CardChannelError) { mounted.reset() }
}
