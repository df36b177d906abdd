package import CardCrypto
internal import GlobalPlatform
package import SmartCard

/// A smart card: bytes in, bytes out. Synchronous and deterministic: the same profile, entropy and commands
/// give the same bytes. Time passes only as a figure (`lastDurationMilliseconds`) that an edge may wait for.
package final class VirtualCard {
    package let profile: CardProfile
    let environment: CardEnvironment
    let entropy: any EntropySource
    let journal: Journal
    let ledger: MemoryLedger
    /// The state that the running command works on; equal to `journal.durable` between commands.
    var state: CardState
    /// `nil` while the power is off.
    var session: Session?
    /// Where `abortTransaction` goes back to.
    var transactionStart: CardState?
    /// How deep programs call one another, bounded.
    var invocationDepth = 0

    /// What a program keeps with the card that is no part of the card itself; see `keep(note:)`.
    package private(set) var note: [UInt8] = []
    /// The running command once its protection was taken off, and its answer before it was protected.
    var plainExchange: (command: CommandAPDU, answer: ResponseAPDU?)?

    /// How long the last command would have taken on a real card of this profile.
    package private(set) var lastDurationMilliseconds = 0.0
    /// Called for every command and its answer.
    package var onExchange: ((CardExchange) -> Void)?
    package private(set) var exchangeCount = 0

    /// Decides around every single persistent write whether the power goes away there; then the card is off.
    package var onWrite: ((JournalStep) -> PowerCut)? {
        get { journal.onWrite }
        set { journal.onWrite = newValue }
    }

    /// A new card of a profile, in memory.
    package convenience init(
        profile: CardProfile, environment: CardEnvironment, entropy: any EntropySource
    ) {
        let state = profile.newState(entropy: entropy)
        self.init(
            profile: profile, environment: environment, entropy: entropy,
            journal: Journal(durable: state, file: nil))
    }

    /// A new card of a profile, in a new file.
    package convenience init(
        creating path: String, profile: CardProfile, environment: CardEnvironment, entropy: any EntropySource
    ) throws(CardFileError) {
        let state = profile.newState(entropy: entropy)
        let file = try CardFile.create(
            at: path, profileText: profile.text, state: state, secret: entropy.bytes(CommitMark.secretBytes))
        self.init(
            profile: profile, environment: environment, entropy: entropy,
            journal: Journal(durable: state, file: file))
    }

    /// The card in a file; no other program can open it until this value goes away.
    package convenience init(
        opening path: String, environment: CardEnvironment, entropy: any EntropySource
    ) throws(CardFileError) {
        let file = try CardFile.open(at: path, library: environment.library)
        try self.init(file, isHeld: true, environment: environment, entropy: entropy)
    }

    /// The card in a file as it is now, to look at: another program may hold the file, and it is not changed whatever
    /// this value does.
    package convenience init(
        viewing path: String, environment: CardEnvironment, entropy: any EntropySource
    ) throws(CardFileError) {
        let file = try CardFile.view(at: path, library: environment.library)
        try self.init(file, isHeld: false, environment: environment, entropy: entropy)
    }

    private convenience init(
        _ file: CardFile, isHeld: Bool, environment: CardEnvironment, entropy: any EntropySource
    ) throws(CardFileError) {
        let profile: CardProfile
        do { profile = try CardProfile(text: file.profileText) } catch { throw .profile(error) }
        var state = CardState.empty
        for change in file.changes { state.apply(change) }
        file.forgetChanges()
        guard !state.applications.isEmpty else { throw .damaged }
        self.init(
            profile: profile, environment: environment, entropy: entropy,
            journal: Journal(durable: state, file: isHeld ? file : nil))
        note = file.note
    }

    init(
        profile: CardProfile, environment: CardEnvironment, entropy: any EntropySource, journal: Journal
    ) {
        self.profile = profile
        self.environment = environment
        self.entropy = entropy
        self.journal = journal
        ledger = MemoryLedger(model: profile.memory)
        state = journal.durable
    }

    /// Keeps a note in the card's file, durably. It is no write of the card: it counts for no tear.
    package func keep(note: [UInt8]) throws(CardFileError) {
        try journal.file?.keep(note: note)
        self.note = note
    }

    // MARK: Power

    package var isPowered: Bool { session != nil }

    /// Returns the ATR. Powering a powered card is a reset.
    @discardableResult
    package func powerOn() -> [UInt8] {
        powerOff()
        session = Session(channelCount: profile.logicalChannelCount, selected: state.issuerDomain.aid)
        session?.channels[0]?.selected = implicitlySelected(onChannel: 0)
        return profile.answerToReset
    }

    /// Everything volatile is gone; a write that had not reached its commit never was.
    package func powerOff() {
        session = nil
        transactionStart = nil
        invocationDepth = 0
        state = journal.durable
    }

    /// A warm reset, as the reader does it.
    @discardableResult
    package func reset() -> [UInt8] { powerOn() }

    // MARK: Commands

    /// Answers one command APDU; nothing when the card has no power, or lost it while it worked.
    package func process(_ bytes: [UInt8]) -> [UInt8] {
        guard isPowered else { return [] }
        plainExchange = nil
        let answer = answer(bytes)
        exchangeCount += 1
        lastDurationMilliseconds = profile.timing.duration(of: bytes)
        let sent = isPowered ? answer.bytes : []
        onExchange?(
            CardExchange(
                number: exchangeCount, command: bytes, plain: plainExchange?.command, answer: sent,
                plainAnswer: plainExchange?.answer, milliseconds: lastDurationMilliseconds))
        plainExchange = nil
        return sent
    }

    // MARK: What is on it

    /// The persistent state as the last finished command left it.
    package var contents: CardState { journal.durable }
    /// The truth about its memory, whatever FF21 says.
    package var freeMemory: MemoryReport {
        ledger.free(state, loadingBytes: session?.load?.loadingBytes ?? 0)
    }
    package var writeCount: Int { journal.writeCount }

    /// What an entry takes, with what is reserved for it.
    package func memory(of aid: AID) -> MemoryReport? {
        if let entry = state.application(aid) { return ledger.charged(to: entry, in: state) }
        return state.loadFile(aid).map {
            MemoryReport(nonVolatile: ledger.used(by: $0, in: state), volatile: 0)
        }
    }
}

/// One command that a card saw, and what it answered.
package struct CardExchange: Hashable, Sendable {
    package let number: Int
    /// As on the wire: what a secure channel protected stays protected.
    package let command: [UInt8]
    /// What it said once a secure channel had taken its protection off; `nil` when it had none.
    package let plain: CommandAPDU?
    /// Empty when the power went away.
    package let answer: [UInt8]
    /// What the answer said before a secure channel protected it.
    package let plainAnswer: ResponseAPDU?
    package let milliseconds: Double
}

extension CardProfile.Timing {
    func duration(of command: [UInt8]) -> Double {
        let instruction = command.count > 1 ? perInstruction[command[1]] ?? 0 : 0
        return perCommand + instruction + perKilobyte * Double(command.count) / 1024
    }
}
