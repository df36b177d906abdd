package import CardCrypto
package import Centre
internal import JSON
internal import Synchronization
internal import Wire

// Sign-in by name and password. What is known and what is not takes the same time and gives the same answer; doors that
// close are counted in the store, so no restart and no other node opens them.

extension SignIn {
    /// What a sign-in gives: shown once.
    package struct Session: Sendable {
        package let token: String
        package let id: CredentialID
        package let expiresAt: Instant
    }

    private struct Attempt {
        let subject: Credential.Subject
        /// The door of the name: there is one for every name, also for those that nobody has.
        let door: String
        /// The door of where it comes from.
        let place: String
        let actor: Act.Actor
        let life: Duration
    }

    // MARK: Operators

    package func signIn(_ id: OperatorID, password: Secret, from peer: Peer) throws -> Session {
        let attempt = Attempt(
            subject: .operator(id), door: "operator/\(id)", place: peer.door,
            actor: .operator(id), life: Bounds.operatorSessionLife)
        firstAdmin.wait()
        try checkDoors(attempt)
        let known = try node.store.read { try $0.find(Operator.self, key: .word(id)) }
        let verifier = known.flatMap { $0.isActive ? $0.passwordVerifier : nil }
        let isRight = try gate.pass { try PasswordVerifier.check(password, against: verifier, by: work) }
        guard isRight else { throw try refuse(attempt) }
        return try open(attempt) { act in
            // The password may have changed meanwhile.
            let now = try act.transaction.lock(Operator.self, key: .word(id))
            guard let now, now.isActive, now.passwordVerifier == verifier else { return false }
            try act.openDoor(attempt.door)
            return true
        }
    }

    // MARK: Holders

    /// At a terminal that the centre knows (row C3).
    package func signIn(_ number: HolderNumber, password: Secret, at terminal: TerminalID) throws -> Session {
        let attempt = Attempt(
            subject: .holder(number, at: terminal), door: "holder/\(number)", place: "terminal/\(terminal)",
            actor: .holder(number), life: Bounds.holderSessionLife)
        try checkDoors(attempt)
        let answer = try gate.pass { try question(number).answer(password, by: work) }
        return try open(attempt) { act in
            guard var holder = try act.transaction.lock(Holder.self, key: .word(number)) else { return false }
            let verdict = holder.judge(answer, now: act.now)
            act.transaction.put(holder)
            return verdict == .right
        }
    }

    private func question(_ number: HolderNumber) throws -> PasswordQuestion {
        try node.store.read { transaction throws(StoreFailure) in try PasswordQuestion(number, transaction) }
    }

    /// Row C4, with the same doors as signing in.
    package func recordNewCard(
        _ wish: NewCardWish, password: Secret, at terminal: TerminalID, request: RequestID?
    ) throws -> NewCardAnswer {
        let attempt = Attempt(
            subject: .holder(wish.holder, at: terminal), door: "holder/\(wish.holder)",
            place: "terminal/\(terminal)", actor: .terminal(terminal), life: Bounds.holderSessionLife)
        try checkDoors(attempt)
        let answer = try gate.pass { try question(wish.holder).answer(password, by: work) }
        return try node.act(by: attempt.actor, request: request) { act in
            func decide() throws -> NewCardAnswer {
                let outcome = try act.recordNewCard(wish, answer)
                switch outcome {
                case .recorded: try act.openDoor(attempt.door)
                case .mismatch: try self.count(attempt, act)
                }
                return outcome
            }
            // A wrong password is counted each time, and told nothing that was kept.
            guard answer.isRight else { return try decide() }
            return try act.once(wish.canonicalBytes, keeping: { $0 != .mismatch }, decide)
        }
    }

    // MARK: Doors

    /// Nothing is computed at a closed door.
    private func checkDoors(_ attempt: Attempt) throws {
        let now = node.clock.now
        let until = try node.store.read { transaction throws(StoreFailure) -> Instant? in
            let doors = [
                try transaction.find(SignInDoor.self, key: .text(attempt.door)),
                try transaction.find(SignInDoor.self, key: .text(attempt.place)),
            ]
            var closed = doors.compactMap { $0 }.filter { $0.isClosed(at: now) }.compactMap(\.closedUntil)
            if case .holder(let number, _) = attempt.subject,
                let holder = try transaction.find(Holder.self, key: .word(number)), holder.isClosed(at: now),
                let until = holder.throttle.closedUntil
            {
                closed.append(until)
            }
            return closed.max()
        }
        try refuse(until: until, now)
    }

    /// Also for secrets that are no passwords.
    func checkDoor(_ name: String) throws {
        let now = node.clock.now
        let door = try node.store.read { try $0.find(SignInDoor.self, key: .text(name)) }
        try refuse(until: door.flatMap { $0.isClosed(at: now) ? $0.closedUntil : nil }, now)
    }

    private func refuse(until: Instant?, _ now: Instant) throws {
        guard let until else { return }
        let seconds = Int((until.milliseconds - now.milliseconds + 999) / 1_000)
        throw Problem.throttled("Too many secrets were wrong here.", seconds: seconds)
    }

    /// Counts and refuses. An error would undo the count, so it is made after the transaction.
    private func refuse(_ attempt: Attempt) throws -> Problem {
        try node.act(by: .centre) { act in try self.count(attempt, act) }
        return Self.mismatch
    }

    private static var mismatch: Problem {
        .known("sign-in-failed", "Name and password do not go together.")
    }

    private func count(_ attempt: Attempt, _ act: Act) throws {
        // A holder that exists is counted at both doors; the counts are the same, so nobody learns which it is.
        try act.countWrong(at: attempt.door)
        try act.countWrong(at: attempt.place, max: Bounds.wrongPasswordsPerDoorMax)
        try act.noteRefusal("sign-in.refused", attempt.subject.note)
    }

    /// A session, unless the judge says no.
    private func open(_ attempt: Attempt, _ judge: (Act) throws -> Bool) throws -> Session {
        let token = TokenText(node.entropy)
        let session: Session? = try node.act(by: attempt.actor) { act in
            guard try judge(act) else {
                try self.count(attempt, act)
                return nil
            }
            try act.openDoor(attempt.door)
            let end = act.now.advanced(by: attempt.life)
            try act.issue(
                Credential(
                    id: token.id, kind: .session, subject: attempt.subject, digest: token.digest,
                    scopes: Scopes.everything.text, label: "", createdAt: act.now,
                    createdBy: act.actor.description, expiresAt: end))
            try act.note(
                Note(
                    "sign-in.accepted", attempt.subject.note,
                    facts: [.name("token", token.id)], isAnnounced: false))
            return Session(token: token.text, id: token.id, expiresAt: end)
        }
        guard let session else { throw Self.mismatch }
        return session
    }
}

extension Peer {
    /// The door of where it comes from: whoever has an address of version 6 has a whole network of them.
    var door: String { "address/\(NetworkAddress(address)?.network.description ?? address)" }
}

extension Credential.Subject {
    /// Whom a note is about.
    var note: Note.Subject {
        switch self {
        case .operator(let id): .operator(id)
        case .provider(let id), .supplier(let id): .provider(id)
        case .terminal(let id): .terminal(id)
        case .holder(let number, _): .holder(number)
        }
    }
}

// MARK: The first admin

extension SignIn {
    /// For a store that has no operator yet: an admin with a password that is shown once, before the admin is there. A
    /// password without its admin costs another start; an admin whose password nobody saw would keep everybody out.
    package func makeFirstAdmin(
        named name: OperatorID, show: (String) throws -> Void
    ) throws -> FirstAdmin {
        let isEmpty = try node.store.read { try $0.count(Query(Operator.table)) == 0 }
        guard isEmpty else { return .somebodyWas }
        let password = EnrolmentCode(node.entropy).text
        let verifier = try PasswordVerifier(Secret(Array(password.utf8)), entropy: node.entropy)
        let isMade = try firstAdmin.hold {
            // Not within the transaction, which may run more than once.
            try show(password)
            return try node.act(by: .centre) { act in
                // Another node may have been faster.
                guard try act.transaction.count(Query(Operator.table)) == 0 else { return false }
                _ = try act.registerOperator(name, .admin, password: verifier)
                return true
            }
        }
        return isMade ? .made(password: password) : .anotherNodeWasFaster
    }

    package enum FirstAdmin: Hashable, Sendable {
        case made(password: String)
        case somebodyWas
        /// The password that was shown is nobody's.
        case anotherNodeWasFaster
    }
}

/// Whoever signs in with what was just shown waits until it is made.
final class FirstAdminGate: Sendable {
    private let isMaking = Mutex(())

    func wait() { isMaking.withLock { _ in } }

    func hold(_ making: () throws -> Bool) throws -> Bool { try isMaking.withLock { _ in try making() } }
}
