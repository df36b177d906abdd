internal import Arguments
internal import CardCrypto
internal import CardManagement
internal import GlobalPlatform
internal import SmartCard
internal import Synchronization

/// Opens a session, and spends no try of the card by guessing: the keys come from the user, the derivation from the
/// user or from what the card shows, and a card on which it failed before is not tried again without being told to.
struct Authentication {
    private let desk: CardDesk
    private let memory: FailureMemory?
    private let onKeys: @Sendable (CardKeys) -> Void

    /// - Parameter onKeys: told the keys that the card was shown, for who must be able to come back to them.
    init(_ desk: CardDesk, onKeys: @escaping @Sendable (CardKeys) -> Void = { _ in }) {
        self.desk = desk
        self.onKeys = onKeys
        memory = FailureMemory(desk.terminal.environment)
    }

    func open() throws {
        let parsed = desk.connection
        let reading = try KeyReading(parsed, on: desk.terminal)
        if reading.isTestKey {
            desk.terminal.note("no key given: using the test key 404142434445464748494A4B4C4D4E4F")
        }
        try open(
            material: reading.material, keyVersion: parsed[ConnectionOptions.keyVersion],
            diversification: try diversification(), level: parsed[ConnectionOptions.mode])
    }

    /// - Parameter diversification: `nil` decides from the evidence once the card has shown it.
    func open(
        material: KeySource.Material, keyVersion: UInt8, diversification: Diversification?,
        level: SecurityLevel
    ) throws {
        let options = scp02Options()
        let entropy = SystemEntropy()
        do {
            try attempt(
                challenge: entropy.bytes(8), options, material: material, keyVersion: keyVersion,
                diversification: diversification, level: level)
        } catch LinkError.handshake(.challengeLength(wanted: let count)) {
            // A card in S16 mode: nothing was authenticated, so asking again with the right length costs no try.
            try attempt(
                challenge: entropy.bytes(count), options, material: material, keyVersion: keyVersion,
                diversification: diversification, level: level)
        } catch LinkError.handshake(.initializationRefused(0x6700)) {
            // Some cards in S16 mode refuse the length before they answer anything.
            try attempt(
                challenge: entropy.bytes(16), options, material: material, keyVersion: keyVersion,
                diversification: diversification, level: level)
        }
    }

    private func attempt(
        challenge: [UInt8], _ options: SCP02Options, material: KeySource.Material, keyVersion: UInt8,
        diversification: Diversification?, level: SecurityLevel
    ) throws {
        let wish = Handshake.Wish(
            hostChallenge: challenge, level: level, keyVersion: keyVersion, scp02Options: options,
            application: desk.securityDomain, quirks: desk.parsed[ConnectionOptions.quirk].channelQuirks)
        let gate = Gate(
            budget: try memory?.load() ?? AuthenticationBudget(),
            allowRetry: desk.connection[ConnectionOptions.allowRetry], card: cardName)
        let evidence = evidence()
        let onKeys = onKeys
        let provider: KeyProvider = { (request) throws(KeySourceError) -> CardKeys in
            try gate.pass(request)
            guard let scheme = diversification ?? Self.conclude(evidence, request) else {
                throw gate.refuse(.derivationUndecided, request)
            }
            let keys = try KeySource(material, diversification: scheme).keys(for: request)
            onKeys(keys)
            return keys
        }
        do {
            try desk.link.authenticate(wish, keys: provider)
            try remember(gate) { $0.recordSuccess(for: $1) }
        } catch LinkError.handshake(let failure) {
            if let refusal = gate.refusal { throw refusal }
            try remember(gate) { $0.record(failure, for: $1) }
            throw LinkError.handshake(failure)
        }
    }

    private func remember(
        _ gate: Gate, _ change: (inout AuthenticationBudget, AuthenticationBudget.Key) -> Void
    ) throws {
        guard let key = gate.key else { return }
        let isClean = gate.failures == 0
        // A first success needs no record; everything else must be on disk before the next try.
        if isClean, desk.link.peer != nil { return }
        try memory?.update { change(&$0, key) }
    }

    /// "i" of SCP02 stands only in the recognition data: those of SELECT, or else the card is asked for them. A card
    /// that tells neither has the usual 15, from which 55 differs in nothing here.
    func scp02Options() -> SCP02Options {
        var channels = desk.identity?.secureChannels ?? desk.shared.told?.secureChannels ?? []
        if channels.isEmpty {
            let answer = try? desk.link.send(.getData(.cardRecognitionTemplate))
            channels = (try? RecognitionData(answer?.data ?? []))?.secureChannels ?? []
        }
        return SCP02Options(rawValue: channels.first { $0.version == .scp02 }?.options ?? 0x15)
    }

    private func diversification() throws -> Diversification? {
        let text = desk.connection[ConnectionOptions.kdf]
        guard text != "auto" else { return nil }
        return try Diversification(parsing: text)
    }

    /// The id of the card as it shows before authentication; the diversification data make it one of its kind.
    private var cardName: String { desk.link.channel.answerToReset.hex }

    private func evidence() -> DiversificationEvidence? {
        guard desk.connection[ConnectionOptions.kdf] == "auto" else { return nil }
        let cplc = try? desk.link.send(.getData(.cardProductionLifeCycle))
        let keyData = try? desk.link.send(.getData(0xCF))
        return DiversificationEvidence(
            diversificationData: [], algorithm: .tripleDES, securityDomain: desk.securityDomain?.bytes,
            productionLifeCycle: cplc.flatMap { CardProductionLifeCycle($0.data)?.bytes },
            keyData: keyData.flatMap { answer in
                answer.status.isSuccess ? (try? BERTLV.readOne(answer.data)).map { Array($0.value) } : nil
            })
    }

    private static func conclude(
        _ evidence: DiversificationEvidence?, _ request: KeyRequest
    ) -> Diversification? {
        guard var evidence else { return nil }
        evidence.diversificationData = request.diversificationData
        evidence.algorithm = request.algorithm
        switch evidence.conclusion {
        case .scheme(let scheme, because: _): return scheme
        case .undecided: return nil
        }
    }
}

/// Stands between the card's answer and the keys: without permission there are none.
private final class Gate: Sendable {
    private struct State {
        var key: AuthenticationBudget.Key?
        var refusal: Problem?
        var failures = 0
    }

    private let budget: AuthenticationBudget
    private let allowRetry: Bool
    private let card: String
    private let state = Mutex(State())

    init(budget: AuthenticationBudget, allowRetry: Bool, card: String) {
        self.budget = budget
        self.allowRetry = allowRetry
        self.card = card
    }

    var key: AuthenticationBudget.Key? { state.withLock { $0.key } }
    var refusal: Problem? { state.withLock { $0.refusal } }
    var failures: Int { state.withLock { $0.failures } }

    /// Books why there are no keys, and gives the error that ends the handshake.
    func refuse(_ problem: Problem, _ request: KeyRequest) -> KeySourceError {
        state.withLock { $0.refusal = problem }
        return .noKeys(version: request.version)
    }

    func pass(_ request: KeyRequest) throws(KeySourceError) {
        // Long answers to reset are cut: the diversification data name the card, the rest only its kind.
        let name = String(card.suffix(40)) + "-" + request.diversificationData.hex
        guard let key = AuthenticationBudget.Key(card: name, keyVersion: request.version) else { return }
        let failures = budget.failures(of: key)
        let refusal: Problem?
        switch budget.verdict(for: key, allowRetry: allowRetry) {
        case .allowed: refusal = nil
        case .needsPermission(let failures): refusal = .authenticationFailedBefore(failures: failures)
        case .exhausted(let failures): refusal = .authenticationExhausted(failures: failures)
        }
        state.withLock { $0 = State(key: key, refusal: refusal, failures: failures) }
        if refusal != nil { throw .noKeys(version: request.version) }
    }
}

extension Problem {
    static let derivationUndecided = Problem(
        "derivation-undecided", exit: .notAuthenticated,
        "nothing on the card tells how its keys are derived, so no key was tried",
        advice: ["name the scheme with --kdf: none, visa2, emv, kdf3, or a template"])

    static func authenticationFailedBefore(failures: Int) -> Problem {
        Problem(
            "authentication-failed-before", exit: .notAuthenticated,
            "authentication with this card failed before, so it was not tried again",
            why:
                "it failed \(failures) time\(failures == 1 ? "" : "s") with this key version, and cards lock for good "
                + "after a number of failures that they do not tell",
            advice: [
                "check the keys, --key-version and --kdf; then add --allow-retry",
                "a success clears the record",
            ], details: ["failures": .count(failures)])
    }

    static func authenticationExhausted(failures: Int) -> Problem {
        Problem(
            "authentication-exhausted", exit: .notAuthenticated, "this card is not tried any more",
            why:
                "authentication failed \(failures) times with this key version; one more may lock the card for good",
            advice: ["ask the issuer of the card for its keys"], details: ["failures": .count(failures)])
    }
}
