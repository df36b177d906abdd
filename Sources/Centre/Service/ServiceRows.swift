extension Operator: Record {
    package static let table = Table(
        "operators", key: [.text("id")],
        [
            .text("role"), .bytes("password_verifier").optional, .integer("is_active"),
            .integer("created_at"), .integer("revision"),
        ])

    package var row: [StoredValue] {
        [
            .word(id), .text(role.rawValue), .optional(passwordVerifier), .bool(isActive),
            .instant(createdAt), .integer(revision),
        ]
    }

    package init(row: inout RowReader) throws(RowError) {
        id = try row.identifier()
        role = try row.word(Role.init(rawValue:))
        passwordVerifier = try row.optionalBytes()
        isActive = try row.bool()
        createdAt = try row.instant()
        revision = try row.integer()
    }
}

extension TerminalEntry: Record {
    package static let table = Table(
        "terminals", key: [.text("id")],
        [
            .text("label"), .text("life"), .text("block_reason").optional,
            .bytes("enrolment_digest").optional, .integer("enrolment_until").optional,
            .integer("enrolled_at").optional, .integer("created_at"), .integer("revision"),
        ])

    package var row: [StoredValue] {
        let (word, reason): (String, String?) =
            switch life {
            case .active: ("active", nil)
            case .blocked(let reason): ("blocked", reason)
            }
        return [
            .word(id), .text(label), .text(word), .optional(reason), .optional(enrolment?.digest),
            .instant(enrolment?.until), .instant(enrolledAt), .instant(createdAt), .integer(revision),
        ]
    }

    package init(row: inout RowReader) throws(RowError) {
        id = try row.identifier()
        label = try row.text()
        switch (try row.text(), try row.optionalText()) {
        case ("active", nil): life = .active
        case ("blocked", let reason?): life = .blocked(reason: reason)
        default: throw row.failure("does not go with the life")
        }
        switch (try row.optionalBytes(), try row.optionalInstant()) {
        case (let digest?, let until?): enrolment = Enrolment(digest: digest, until: until)
        case (nil, nil): enrolment = nil
        case (nil, _?), (_?, nil): throw row.failure("stands without the other half")
        }
        enrolledAt = try row.optionalInstant()
        createdAt = try row.instant()
        revision = try row.integer()
    }
}

extension Credential: Record {
    package static let table = Table(
        "credentials", key: [.text("id")],
        [
            .text("kind"), .text("role"), .text("subject"), .text("terminal").optional, .bytes("digest"),
            .text("scopes"), .text("label"), .integer("created_at"), .text("created_by"),
            .integer("expires_at").optional, .integer("last_used_at").optional,
            .integer("revoked_at").optional,
        ])

    package var row: [StoredValue] {
        let (role, name, terminal) = subject.words
        return [
            .word(id), .text(kind.rawValue), .text(role), .text(name), .optional(terminal), .bytes(digest),
            .text(scopes), .text(label), .instant(createdAt), .text(createdBy), .instant(expiresAt),
            .instant(lastUsedAt), .instant(revokedAt),
        ]
    }

    package init(row: inout RowReader) throws(RowError) {
        id = try row.identifier()
        kind = try row.word(Kind.init(rawValue:))
        let (role, name) = (try row.text(), try row.text())
        guard let subject = Subject(role: role, name: name, terminal: try row.optionalText()) else {
            throw row.failure("does not go with the role")
        }
        self.subject = subject
        digest = try row.bytes()
        scopes = try row.text()
        label = try row.text()
        createdAt = try row.instant()
        createdBy = try row.text()
        expiresAt = try row.optionalInstant()
        lastUsedAt = try row.optionalInstant()
        revokedAt = try row.optionalInstant()
    }
}

extension Credential.Subject {
    /// The role, the name, and the terminal of a holder.
    package var words: (role: String, name: String, terminal: String?) {
        switch self {
        case .operator(let id): ("operator", id.text, nil)
        case .provider(let id): ("provider", id.text, nil)
        case .supplier(let id): ("supplier", id.text, nil)
        case .terminal(let id): ("terminal", id.text, nil)
        case .holder(let number, let terminal): ("holder", number.text, terminal?.text)
        }
    }

    /// `nil` where the words make no subject.
    package init?(role: String, name: String, terminal: String? = nil) {
        let subject: Self?
        switch (role, terminal) {
        case ("operator", nil): subject = (try? OperatorID(name)).map { .operator($0) }
        case ("provider", nil): subject = (try? ProviderID(name)).map { .provider($0) }
        case ("supplier", nil): subject = (try? ProviderID(name)).map { .supplier($0) }
        case ("terminal", nil): subject = (try? TerminalID(name)).map { .terminal($0) }
        case ("holder", nil): subject = (try? HolderNumber(name)).map { .holder($0, at: nil) }
        case ("holder", let text?):
            guard let terminal = try? TerminalID(text) else { return nil }
            subject = (try? HolderNumber(name)).map { .holder($0, at: terminal) }
        default: subject = nil
        }
        guard let subject else { return nil }
        self = subject
    }
}

extension SignInDoor: Record {
    package static let table = Table(
        "sign_in_doors", key: [.text("name")],
        [.integer("wrong_count"), .integer("closed_until").optional, .integer("day")])

    package var row: [StoredValue] {
        [.text(name), .count(wrongCount), .instant(closedUntil), .day(day)]
    }

    package init(row: inout RowReader) throws(RowError) {
        name = try row.text()
        wrongCount = try row.count()
        closedUntil = try row.optionalInstant()
        day = try row.day()
    }
}
