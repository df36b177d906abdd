extension Holder: Record {
    package static let table = Table(
        "holders", key: [.text("number")],
        [
            .text("name"), .integer("birth_date").optional, .text("address"), .bytes("password_verifier"),
            .integer("issue_from").optional, .integer("issue_through").optional, .integer("issue_count"),
            .text("card").optional, .integer("card_expiry").optional, .integer("wrong_passwords"),
            .integer("closed_until").optional,
        ])

    package var row: [StoredValue] {
        let window: (CalendarDay, CalendarDay)? =
            switch issuePermission {
            case .none: nil
            case .from(let first, let last): (first, last)
            }
        return [
            .word(number), .text(name), .day(birthDate), .text(address), .bytes(passwordVerifier),
            .day(window?.0), .day(window?.1), .count(issueCount), .word(card), .day(cardExpiry),
            .count(throttle.wrongCount), .instant(throttle.closedUntil),
        ]
    }

    package init(row: inout RowReader) throws(RowError) {
        number = try row.identifier()
        name = try row.text()
        birthDate = try row.optionalDay()
        address = try row.text()
        passwordVerifier = try row.bytes()
        switch (try row.optionalDay(), try row.optionalDay()) {
        case (nil, nil): issuePermission = .none
        case (let first?, let last?): issuePermission = .from(first, through: last)
        case (nil, _?), (_?, nil): throw row.failure("stands without its other end")
        }
        issueCount = try row.count()
        card = try row.optionalIdentifier()
        cardExpiry = try row.optionalDay()
        throttle = Throttle(wrongCount: try row.count(), closedUntil: try row.optionalInstant())
    }
}

extension UseFlag: Record {
    package static let table = Table(
        "use_flags", key: [.text("holder"), .text("application")],
        [.integer("is_used"), .integer("changed_at")])

    package var row: [StoredValue] {
        [.word(holder), .word(application), .bool(isUsed), .instant(changedAt)]
    }

    package init(row: inout RowReader) throws(RowError) {
        holder = try row.identifier()
        application = try row.identifier()
        isUsed = try row.bool()
        changedAt = try row.instant()
    }
}
