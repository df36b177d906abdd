internal import CardCrypto

/// Why the register of holders does not do what was asked.
package enum HolderRefusal: Refusal, Hashable {
    case exists(HolderNumber)
    case unknown(HolderNumber)
    case text(field: String, TextProblem)
    case birthDate(CalendarDay)
    case window(CalendarDay, CalendarDay)
    case verifier
    case applicationUnknown(ApplicationID)
    case tooManyUses(HolderNumber)
    case cardUnknown(CardID)
    case cardTaken(CardID)
    case cardNotActive(CardID)
    case cardExpired(CardID, CalendarDay)

    package var code: String {
        switch self {
        case .exists: "holder-exists"
        case .unknown: "holder-unknown"
        case .text: "holder-text"
        case .birthDate: "holder-birth-date"
        case .window: "issue-window"
        case .verifier: "password-verifier"
        case .applicationUnknown: "application-unknown"
        case .tooManyUses: "holder-uses"
        case .cardUnknown: "card-unknown"
        case .cardTaken: "card-taken"
        case .cardNotActive: "card-not-active"
        case .cardExpired: "card-expired"
        }
    }

    package var reason: String {
        switch self {
        case .exists(let number): "There is already a holder with the user number \(number)."
        case .unknown(let number): "There is no holder with the user number \(number)."
        case .text(let field, let problem): "The holder's \(field) \(problem.words)."
        case .birthDate(let day): "\(day) is not a day on which a holder can have been born."
        case .window(let first, let last):
            "From \(first) through \(last) is not a time in which a card may be issued: it ends before it begins, or is longer than \(Bounds.issueWindowDaysMax) days."
        case .verifier: "The password verifier cannot be read."
        case .applicationUnknown(let id): "The catalogue has no application '\(id)'."
        case .tooManyUses(let number):
            "Holder \(number) already has use flags for \(Bounds.usesPerHolderMax) applications."
        case .cardUnknown(let id): "Card \(id) is not registered."
        case .cardTaken(let id): "Card \(id) already belongs to somebody."
        case .cardNotActive(let id): "Card \(id) is blocked or was retired."
        case .cardExpired(let id, let day): "Card \(id) could be used through \(day) only."
        }
    }

    package var remedy: String {
        switch self {
        case .exists: "Change the holder that exists, or choose another user number."
        case .unknown: "Check the user number."
        case .text: "Give a shorter text on one line."
        case .birthDate: "Give a day between 1850-01-01 and today."
        case .window: "Give a first and a last day, in this order and not too far apart."
        case .verifier: "Set the password again."
        case .applicationUnknown: "List the applications of the catalogue."
        case .tooManyUses: "Set flags only for applications that the holder has used."
        case .cardUnknown: "Register the card first."
        case .cardTaken: "Take a card that is nobody's."
        case .cardNotActive, .cardExpired: "Take another card."
        }
    }
}

/// What a person says about themselves; together with the user number it is what can be told about a holder.
package struct HolderDetails: Hashable, Sendable {
    package var name: String
    package var birthDate: CalendarDay?
    package var address: String

    package init(name: String, birthDate: CalendarDay? = nil, address: String = "") {
        self.name = name
        self.birthDate = birthDate
        self.address = address
    }

    package func check(today: CalendarDay) throws(HolderRefusal) {
        if let problem = FreeText.problem(in: name, bytesMax: Bounds.nameBytesMax) {
            throw .text(field: "name", problem)
        }
        if let problem = FreeText.problem(in: address, bytesMax: Bounds.addressBytesMax, mayBeEmpty: true) {
            throw .text(field: "address", problem)
        }
        let earliest = CalendarDay(year: 1850, month: 1, day: 1)
        if let birthDate, birthDate > today || earliest.map({ birthDate < $0 }) ?? false {
            throw .birthDate(birthDate)
        }
    }
}

// MARK: The register of holders (row C8)

extension Act {
    package func registerHolder(
        _ number: HolderNumber, _ details: HolderDetails, password: PasswordVerifier
    ) throws {
        try requireOperator(to: "register a holder")
        try details.check(today: now.day)
        guard try transaction.find(Holder.self, key: .word(number)) == nil else {
            throw HolderRefusal.exists(number)
        }
        transaction.insert(
            Holder(
                number: number, name: details.name, birthDate: details.birthDate, address: details.address,
                passwordVerifier: password.bytes))
        try note(Note("holder.registered", .holder(number)))
    }

    package func changeHolder(_ number: HolderNumber, _ details: HolderDetails) throws {
        try requireOperator(to: "change a holder")
        try details.check(today: now.day)
        var holder = try lockHolder(number)
        (holder.name, holder.birthDate, holder.address) = (details.name, details.birthDate, details.address)
        transaction.put(holder)
        try note(Note("holder.changed", .holder(number)))
    }

    /// A new password opens a door that wrong ones had closed; sessions of the old one are over.
    package func changePassword(of number: HolderNumber, to password: PasswordVerifier) throws {
        try requireOperator(to: "set a holder's password")
        var holder = try lockHolder(number)
        holder.passwordVerifier = password.bytes
        holder.throttle = Holder.Throttle()
        transaction.put(holder)
        for session in try credentials(of: .holder(number, at: nil)) where session.kind == .session {
            try end(session)
        }
        try note(Note("holder.password-changed", .holder(number), isAnnounced: false))
    }

    /// One card may be issued inside the window, both days included; issuing it uses the permission up.
    package func permitIssue(
        for number: HolderNumber, from first: CalendarDay, through last: CalendarDay
    ) throws {
        try requireOperator(to: "permit that a card is issued")
        let days = last.daysSinceEpoch - first.daysSinceEpoch
        guard (0..<Bounds.issueWindowDaysMax).contains(days) else { throw HolderRefusal.window(first, last) }
        var holder = try lockHolder(number)
        holder.issuePermission = .from(first, through: last)
        transaction.put(holder)
        try note(
            Note(
                "holder.issue-permitted", .holder(number),
                facts: [.instant("from", first.start), .instant("through", last.start)]))
    }

    package func forbidIssue(for number: HolderNumber) throws {
        try requireOperator(to: "forbid that a card is issued")
        var holder = try lockHolder(number)
        guard holder.issuePermission != .none else { return }
        holder.issuePermission = .none
        transaction.put(holder)
        try note(Note("holder.issue-forbidden", .holder(number)))
    }

    /// Sets the use flag of one application (rows C7, C14); the provider of the application may, and the holder.
    package func setUse(of application: ApplicationID, by number: HolderNumber, isUsed: Bool) throws {
        if let note = try changeUse(of: application, by: number, isUsed: isUsed) { try self.note(note) }
    }

    /// What is to be noted of it, if anything has changed.
    func changeUse(of application: ApplicationID, by number: HolderNumber, isUsed: Bool) throws -> Note? {
        guard let known = try transaction.find(Application.self, key: .word(application)) else {
            throw HolderRefusal.applicationUnknown(application)
        }
        if actor != .holder(number) { try require(known.provider, to: "say who uses '\(application)'") }
        _ = try lockHolder(number)
        let flags = try useFlags(of: number)
        let flag = flags.first { $0.application == application }
        guard flag?.isUsed != isUsed else { return nil }
        if flag == nil, flags.count >= Bounds.usesPerHolderMax { throw HolderRefusal.tooManyUses(number) }
        transaction.put(
            UseFlag(holder: number, application: application, isUsed: isUsed, changedAt: now))
        // No provider's event: it would name the holder, and providers are told how many there are.
        return Note(
            isUsed ? "holder.uses" : "holder.uses-no-more", .holder(number),
            facts: [.name("application", application)])
    }

    package func useFlags(of number: HolderNumber) throws -> [UseFlag] {
        try transaction.all(UseFlag.self, UseFlag.query(of: number))
    }

    func lockHolder(_ number: HolderNumber) throws -> Holder {
        guard let holder = try transaction.lock(Holder.self, key: .word(number)) else {
            throw HolderRefusal.unknown(number)
        }
        return holder
    }
}

extension UseFlag {
    static func query(of holder: HolderNumber) -> Query {
        Query(table, key: [.word(holder)], limit: Bounds.usesPerHolderMax)
    }
}
