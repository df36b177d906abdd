internal import Arguments
internal import CardManagement
internal import JSON
internal import SmartCard
internal import Synchronization

/// Stands between the card's answer and the keys: without permission there are none, and what the card may count is on
/// disk before the card gets it.
final class AttemptGate: Sendable {
    private struct State {
        var key: AuthenticationBudget.Key?
        var refusal: Problem?
        var isBegun = false
    }

    /// Who may try although it failed before.
    enum Permission {
        case needed
        /// The user gave the flag, which helps until the card's tries may be spent.
        case byFlag
        /// What hangs on it is more than a try.
        case granted
    }

    private let memory: FailureMemory?
    private let budget: AuthenticationBudget
    private let permission: Permission
    private let card: String
    private let state = Mutex(State())

    init(_ memory: FailureMemory?, permission: Permission, card: String) throws {
        self.memory = memory
        budget =
            permission == .granted ? AuthenticationBudget() : try memory?.load() ?? AuthenticationBudget()
        self.permission = permission
        self.card = card
    }

    var refusal: Problem? { state.withLock { $0.refusal } }
    /// The card was, or is about to be, sent what it counts.
    var isBegun: Bool { state.withLock { $0.isBegun } }

    /// A card's id: its answer to reset names only its kind, the diversification data make it one of its kind.
    static func name(card answerToReset: String, _ diversificationData: [UInt8]) -> String {
        // Long answers to reset are cut.
        String(answerToReset.suffix(40)) + "-" + diversificationData.hex
    }

    /// Books why there are no keys, and gives the error that ends the handshake.
    func refuse(_ problem: Problem, _ request: KeyRequest) -> KeySourceError {
        state.withLock { $0.refusal = problem }
        return .noKeys(version: request.version)
    }

    func pass(_ request: KeyRequest) throws(KeySourceError) {
        let name = Self.name(card: card, request.diversificationData)
        guard let key = AuthenticationBudget.Key(card: name, keyVersion: request.version) else { return }
        let refusal: Problem?
        switch budget.verdict(for: key, allowRetry: permission == .byFlag) {
        case .allowed: refusal = nil
        case .needsPermission(let failures): refusal = .authenticationFailedBefore(failures: failures)
        case .exhausted(let failures): refusal = .authenticationExhausted(failures: failures)
        }
        state.withLock { $0 = State(key: key, refusal: refusal) }
        if refusal != nil { throw .noKeys(version: request.version) }
    }

    /// Books the try; a record that cannot be written is a reason not to make it.
    func begin() -> Bool {
        guard let key = state.withLock({ $0.key }) else { return true }
        do {
            try memory?.update { $0.recordAttempt(for: key) }
        } catch {
            state.withLock { $0.refusal = Problem(error) }
            return false
        }
        state.withLock { $0.isBegun = true }
        return true
    }

    /// The try came to its end: with a session, or with a failure.
    func end(_ failure: HandshakeFailure?) throws {
        guard let change = ending(failure) else { return }
        try memory?.update(change)
    }

    /// The try ended with a session. Until that is on disk too it goes on counting as one without an answer, which
    /// harms nobody, so the session need not wait for it; whoever ends the session does.
    func endedWithSession() throws -> WorkBeside<Void>? {
        guard let change = ending(nil) else { return nil }
        return try memory?.updateAside(change)
    }

    private func ending(_ failure: HandshakeFailure?) -> (@Sendable (inout AuthenticationBudget) -> Void)? {
        let (key, isBegun) = state.withLock { ($0.key, $0.isBegun) }
        guard let key else { return nil }
        return { budget in
            if isBegun { budget.endAttempt(for: key) }
            if let failure { budget.record(failure, for: key) } else { budget.recordSuccess(for: key) }
        }
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
