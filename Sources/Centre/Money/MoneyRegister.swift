// MARK: Tariffs

extension Act {
    /// Writes down what keeping costs from a moment on: now, or later. What was owed before never changes.
    package func setTariff(
        for provider: ProviderID, application: ApplicationID? = nil, basis: Tariff.Basis, rate: Int64,
        terms: Tariff.Terms, validFrom: Instant? = nil
    ) throws {
        let tariff = Tariff(
            provider: provider, application: application, validFrom: validFrom ?? now, basis: basis,
            rate: rate, terms: terms, recordedAt: now)
        try add(tariff) { false }
    }

    /// Writes down a tariff as it is in force in another store: it may have begun before now if nothing was ever kept
    /// for which it would be owed. Then no statement has a line that it could change.
    package func takeOverTariff(_ tariff: Tariff) throws {
        var tariff = tariff
        tariff.recordedAt = now
        try add(tariff) { try !wasKept(under: tariff) }
    }

    private func add(_ tariff: Tariff, mayHaveBegun: () throws -> Bool) throws {
        try requireOperator(to: "set a tariff")
        let (provider, application) = (tariff.provider, tariff.application)
        guard try transaction.find(Provider.self, key: .word(provider)) != nil else {
            throw ProviderRefusal.unknown(provider)
        }
        if let application,
            try self.application(application, for: .providers([provider])).provider != provider
        {
            throw CatalogueRefusal.applicationUnknown(application)
        }
        if let problem = tariff.problem { throw MoneyRefusal.tariff(problem) }
        let existing = try tariffs(of: provider)
        guard existing.count < Bounds.tariffsPerProviderMax else {
            throw MoneyRefusal.tooManyTariffs(max: Bounds.tariffsPerProviderMax)
        }
        // After a clock was set back, "now" may already have been billed: whatever was written down counts.
        let earliest = existing.map(\.recordedAt).reduce(now, max)
        guard try tariff.validFrom >= earliest || mayHaveBegun() else {
            throw MoneyRefusal.tariffInThePast(validFrom: tariff.validFrom, earliest: earliest)
        }
        guard !existing.contains(where: { $0.application == application && $0.validFrom == tariff.validFrom })
        else { throw MoneyRefusal.tariffExists(validFrom: tariff.validFrom) }
        transaction.insert(tariff)
        var facts: [Fact] = [.instant("valid-from", tariff.validFrom), .number("rate", Int(tariff.rate))]
        if let application { facts.append(.name("application", application)) }
        try note(Note("tariff.set", .provider(provider), provider: provider, facts: facts))
    }

    /// Whether the centre ever kept something of whom the tariff is for, however short and at whatever price.
    private func wasKept(under tariff: Tariff) throws -> Bool {
        var query = Query(Stay.table, [.init("provider", .word(tariff.provider))], limit: 1)
        if let application = tariff.application {
            query.conditions.append(.init("application", .word(application)))
        }
        return try !transaction.all(Stay.self, query).isEmpty
    }

    package func tariffs(of provider: ProviderID) throws -> [Tariff] {
        try transaction.all(Tariff.self, key: .word(provider))
    }
}

// MARK: How long what was kept (row B11)

extension Transaction {
    /// Writes down what is charged of a custody that has become this; whoever puts a custody calls it.
    func charge(_ custody: Custody, from before: Custody?) {
        guard let stay = Stay(custody), stay != before.flatMap(Stay.init) else { return }
        put(stay)
    }
}

// MARK: What is owed

extension Act {
    /// A provider sees its own only; who may see a holder's is for the caller to know.
    package func statement(
        for party: Statement.Party, _ period: Period, viewer: Viewer
    ) throws -> Statement {
        switch party {
        case .provider(let id):
            guard viewer.sees(id) else { throw ProviderRefusal.notVisible(what: "provider '\(id)'") }
        case .holder(let number):
            guard viewer == .everything || actor == .holder(number) else {
                throw ProviderRefusal.notVisible(what: "holder \(number)")
            }
        }
        let stays = try stays(of: party, since: period.start)
        let tariffs = try Set(stays.map(\.provider)).flatMap { try self.tariffs(of: $0) }
        return try Statement(for: party, period, stays: stays, tariffs: tariffs, asOf: now)
    }

    /// What is owed until now for what is still kept.
    package func runningCost(of stay: Stay) throws -> Money? {
        let book = TariffBook(try tariffs(of: stay.provider))
        let charge = StayCharge(stay, tariffs: book.sequence(for: stay.application))
        guard let currency = charge.currency(until: now) else { return nil }
        return Money(try charge.amount(until: now), currency)
    }

    /// Stays that last, and those that ended in the month of this instant or later: also in months to come, where a
    /// clock that ran ahead has ended them.
    private func stays(of party: Statement.Party, since: Instant) throws -> [Stay] {
        guard now.day.month - since.day.month < Bounds.statementMonthsMax else {
            throw MoneyRefusal.tooFarBack(monthsMax: Bounds.statementMonthsMax)
        }
        var stays = try all(of: party, endMonth: .null)
        var month = since.day.month
        // From one month that has some to the next: both questions are answered by the index alone, in its order.
        while let next = try firstEndMonth(of: party, atLeast: month) {
            stays += try all(of: party, endMonth: .integer(next))
            guard stays.count <= Bounds.staysPerStatementMax else {
                throw MoneyRefusal.tooManyStays(max: Bounds.staysPerStatementMax)
            }
            month = next + 1
        }
        return stays
    }

    private func firstEndMonth(of party: Statement.Party, atLeast month: Int64) throws -> Int64? {
        let query = Query(Stay.table, [party.condition, .init("end_month", atLeast: month)], limit: 1)
        return try transaction.all(Stay.self, query).first?.endMonth
    }

    private func all(of party: Statement.Party, endMonth: StoredValue) throws -> [Stay] {
        var query = Query(Stay.table, [party.condition, .init("end_month", endMonth)])
        var stays: [Stay] = []
        while stays.count <= Bounds.staysPerStatementMax {
            let page = try transaction.all(Stay.self, query)
            stays += page
            guard page.count == query.limit, let last = page.last else { break }
            query.after = last.keyValues
        }
        return stays
    }
}

extension Statement.Party {
    fileprivate var condition: Query.Condition {
        switch self {
        case .provider(let id): .init("provider", .word(id))
        case .holder(let number): .init("holder", .word(number))
        }
    }
}
