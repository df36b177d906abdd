internal import CardCrypto

// MARK: Operators

extension Act {
    package func registerOperator(
        _ id: OperatorID, _ role: Operator.Role, password: PasswordVerifier?
    ) throws -> Operator {
        try requireOperator(to: "register an operator")
        guard try transaction.find(Operator.self, key: .word(id)) == nil else {
            throw ServiceRefusal.operatorExists(id)
        }
        let entry = Operator(id: id, role: role, passwordVerifier: password?.bytes, createdAt: now)
        transaction.insert(entry)
        try note(
            Note("operator.registered", .operator(id), facts: [.role(role)], isAnnounced: false))
        return entry
    }

    /// There is always somebody who can change this again.
    package func changeOperator(
        _ id: OperatorID, role: Operator.Role, isActive: Bool, check: (Operator) throws -> Void = { _ in }
    ) throws -> Operator {
        try requireOperator(to: "change an operator")
        var entry = try lockOperator(id)
        try check(entry)
        guard (entry.role, entry.isActive) != (role, isActive) else { return entry }
        if entry.role == .admin, entry.isActive, role != .admin || !isActive {
            let admins = try transaction.all(
                Operator.self, Query(Operator.table, [.init("role", .text("admin"))]).locking())
            // Without a password one signs in elsewhere, which only somebody who does so shows to be possible.
            let isElsewhere = entry.passwordVerifier == nil
            guard
                admins.contains(where: {
                    $0.id != id && $0.isActive && (isElsewhere || $0.passwordVerifier != nil)
                })
            else {
                throw ServiceRefusal.lastAdmin(id)
            }
        }
        (entry.role, entry.isActive, entry.revision) = (role, isActive, entry.revision + 1)
        transaction.put(entry)
        try note(
            Note(
                isActive ? "operator.changed" : "operator.shut-out", .operator(id), facts: [.role(role)],
                isAnnounced: false))
        return entry
    }

    /// Sessions of the old password are over.
    package func setOperatorPassword(of id: OperatorID, to password: PasswordVerifier) throws {
        try requireOperator(to: "set an operator's password")
        var entry = try lockOperator(id)
        entry.passwordVerifier = password.bytes
        entry.revision += 1
        transaction.put(entry)
        if let door = try transaction.find(SignInDoor.self, key: .text("operator/\(id)")) {
            transaction.remove(door)
        }
        for session in try credentials(of: .operator(id)) where session.kind == .session {
            try end(session)
        }
        try note(Note("operator.password-changed", .operator(id), isAnnounced: false))
    }

    private func lockOperator(_ id: OperatorID) throws -> Operator {
        guard let entry = try transaction.lock(Operator.self, key: .word(id)) else {
            throw ServiceRefusal.operatorUnknown(id)
        }
        return entry
    }
}

extension Fact {
    fileprivate static func role(_ role: Operator.Role) -> Fact {
        switch role {
        case .admin: .word("role", "admin")
        case .operator: .word("role", "operator")
        case .auditor: .word("role", "auditor")
        }
    }
}

// MARK: Credentials

extension Act {
    /// Whoever may issue it was decided at the door. The secret itself never gets here.
    package func issue(_ credential: Credential) throws {
        if let problem = FreeText.problem(
            in: credential.label, bytesMax: Bounds.nameBytesMax, mayBeEmpty: true)
        {
            throw ServiceRefusal.text(field: "label", problem)
        }
        let max = Bounds.credentialLifeMax
        if let end = credential.expiresAt, end <= now || now.duration(to: end) > max {
            throw ServiceRefusal.expiry(max: max)
        }
        if credential.kind == .certificate {
            let same = Query(
                Credential.table, [.init("digest", .bytes(credential.digest)), .init("revoked_at", .null)])
            guard try transaction.all(Credential.self, same).isEmpty else {
                throw ServiceRefusal.credentialTaken
            }
        }
        try makeRoom(for: credential)
        transaction.insert(credential)
        // A session is noted as the sign-in that it is.
        guard credential.kind != .session else { return }
        try note(
            Note(
                "token.issued", .credential(credential.id), provider: credential.subject.provider,
                isAnnounced: false))
    }

    /// Those that are over make room; sessions also for newer ones.
    private func makeRoom(for credential: Credential) throws {
        let known = try credentials(of: credential.subject)
        for old in known where !old.isGood(at: now) { transaction.remove(old) }
        let good = known.filter { $0.isGood(at: now) && $0.kind == credential.kind }
        guard good.count >= Bounds.credentialsPerNameMax else { return }
        guard credential.kind == .session, let oldest = good.min(by: { $0.createdAt < $1.createdAt }) else {
            throw ServiceRefusal.tooManyCredentials(max: Bounds.credentialsPerNameMax)
        }
        transaction.remove(oldest)
    }

    package func revoke(_ id: CredentialID, mayRevoke: (Credential) -> Bool) throws {
        guard let credential = try transaction.lock(Credential.self, key: .word(id)), mayRevoke(credential)
        else { throw ServiceRefusal.credentialUnknown(id) }
        guard credential.revokedAt == nil else { return }
        try end(credential)
        try note(
            Note(
                "token.revoked", .credential(id), provider: credential.subject.provider, isAnnounced: false))
    }

    func end(_ credential: Credential) throws {
        var credential = credential
        guard credential.revokedAt == nil else { return }
        credential.revokedAt = now
        transaction.put(credential)
    }

    /// In the order of their names.
    package func credentials(
        of subject: Credential.Subject, after: CredentialID? = nil, limit: Int = Query.rowsMax
    ) throws -> [Credential] {
        let words = subject.words
        let query = Query(
            Credential.table, [.init("role", .text(words.role)), .init("subject", .text(words.name))],
            after: after.map { [.word($0)] }, limit: limit)
        return try transaction.all(Credential.self, query)
    }

    /// By the hour, and only forward.
    package func noteUses(of ids: [CredentialID]) throws {
        let hour = Instant(milliseconds: now.milliseconds - now.milliseconds % 3_600_000)
        let queries = ids.map { Query(Credential.table, key: [.word($0)], limit: 1).locking() }
        for var credential in try transaction.all(Credential.self, queries) {
            guard credential.lastUsedAt.map({ $0 < hour }) ?? true else { continue }
            credential.lastUsedAt = hour
            transaction.put(credential)
        }
    }
}

extension Credential.Subject {
    /// Whose business it is, beside the operators'.
    package var provider: ProviderID? {
        switch self {
        case .provider(let id), .supplier(let id): id
        case .operator, .terminal, .holder: nil
        }
    }
}

// MARK: Terminals

extension Act {
    package func registerTerminal(_ id: TerminalID, label: String) throws -> TerminalEntry {
        try requireOperator(to: "register a terminal")
        try Self.check(label: label)
        guard try transaction.find(TerminalEntry.self, key: .word(id)) == nil else {
            throw ServiceRefusal.terminalExists(id)
        }
        let entry = TerminalEntry(id: id, label: label, createdAt: now)
        transaction.insert(entry)
        try note(Note("terminal.registered", .terminal(id)))
        return entry
    }

    /// Cut off, or let in again.
    package func changeTerminal(
        _ id: TerminalID, label: String, life: TerminalEntry.Life, check: (TerminalEntry) throws -> Void
    ) throws -> TerminalEntry {
        try requireOperator(to: "change a terminal")
        try Self.check(label: label)
        if case .blocked(let reason) = life,
            let problem = FreeText.problem(in: reason, bytesMax: Bounds.reasonBytesMax)
        {
            throw ServiceRefusal.text(field: "reason", problem)
        }
        var entry = try lockTerminal(id)
        try check(entry)
        let isCutOff = life != .active
        let changed: StaticString =
            entry.life == life ? "terminal.changed" : isCutOff ? "terminal.blocked" : "terminal.unblocked"
        (entry.label, entry.life, entry.revision) = (label, life, entry.revision + 1)
        if isCutOff { entry.enrolment = nil }
        transaction.put(entry)
        try note(Note(changed, .terminal(id)))
        return entry
    }

    /// A new code takes the place of an older one.
    package func prepareEnrolment(of id: TerminalID, digest: [UInt8], until: Instant) throws {
        try requireOperator(to: "enrol a terminal")
        var entry = try lockTerminal(id)
        if case .blocked(let why) = entry.life { throw ServiceRefusal.terminalBlocked(id, reason: why) }
        entry.enrolment = TerminalEntry.Enrolment(digest: digest, until: until)
        entry.revision += 1
        transaction.put(entry)
        try note(Note("terminal.enrolment-prepared", .terminal(id), isAnnounced: false))
    }

    /// The code is used up, what the terminal had before is revoked, and it gets this.
    package func enrol(_ id: TerminalID, codeDigest: [UInt8], _ credential: Credential) throws {
        guard var entry = try transaction.lock(TerminalEntry.self, key: .word(id)), entry.life == .active,
            let enrolment = entry.enrolment, now < enrolment.until,
            isEqualInConstantTime(enrolment.digest, codeDigest)
        else { throw ServiceRefusal.enrolmentCode }
        (entry.enrolment, entry.enrolledAt, entry.revision) = (nil, now, entry.revision + 1)
        transaction.put(entry)
        for old in try credentials(of: .terminal(id)) { try end(old) }
        try issue(credential)
        try note(Note("terminal.enrolled", .terminal(id)))
    }

    private func lockTerminal(_ id: TerminalID) throws -> TerminalEntry {
        guard let entry = try transaction.lock(TerminalEntry.self, key: .word(id)) else {
            throw ServiceRefusal.terminalUnknown(id)
        }
        return entry
    }

    private static func check(label: String) throws {
        if let problem = FreeText.problem(in: label, bytesMax: Bounds.nameBytesMax, mayBeEmpty: true) {
            throw ServiceRefusal.text(field: "label", problem)
        }
    }
}

// MARK: Doors

extension Act {
    package func door(_ name: String) throws -> SignInDoor {
        let known = try transaction.lock(SignInDoor.self, key: .text(name))
        // What was wrong yesterday does not count for ever.
        if let known, known.day.daysSinceEpoch + 1 >= now.day.daysSinceEpoch { return known }
        return SignInDoor(name: name, day: now.day)
    }

    /// One more was wrong at this door, which closes after so many.
    package func countWrong(at name: String, max: Int = Bounds.wrongPasswordsMax) throws {
        var door = try door(name)
        door.wrongCount += 1
        door.day = now.day
        let extra = max - Bounds.wrongPasswordsMax
        door.closedUntil = Holder.wait(after: door.wrongCount - extra).map { now.advanced(by: $0) }
        transaction.put(door)
    }

    package func openDoor(_ name: String) throws {
        guard let known = try transaction.lock(SignInDoor.self, key: .text(name)) else { return }
        transaction.remove(known)
    }

    /// Forgets doors of that day; returns how many, to go on until none is left.
    package func forgetDoors(of day: CalendarDay) throws -> Int {
        guard day.daysSinceEpoch + 1 < now.day.daysSinceEpoch else { return 0 }
        let old = try transaction.all(SignInDoor.self, Query(SignInDoor.table, [.init("day", .day(day))]))
        for door in old { transaction.remove(door) }
        return old.count
    }
}
