package import SmartCard

/// Why the register of providers does not do what was asked.
package enum ProviderRefusal: Refusal, Hashable {
    case exists(ProviderID)
    case unknown(ProviderID)
    case suspended(ProviderID, reason: String)
    case text(field: String, TextProblem)
    case limits
    case tooMany(what: String, max: Int)
    case domainTaken(AID, by: ProviderID)
    case domainTwice(AID)
    case seesItself(ProviderID)
    case notSuspended(ProviderID)
    /// Somebody else's business: said in the same words as if there were no such thing.
    case notVisible(what: String)

    package var code: String {
        switch self {
        case .exists: "provider-exists"
        case .unknown: "provider-unknown"
        case .suspended: "provider-suspended"
        case .text: "provider-text"
        case .limits: "provider-limits"
        case .tooMany: "provider-too-many"
        case .domainTaken: "domain-taken"
        case .domainTwice: "domain-twice"
        case .seesItself: "provider-sight"
        case .notSuspended: "provider-not-suspended"
        case .notVisible: "not-found"
        }
    }

    package var reason: String {
        switch self {
        case .exists(let id): "There is already a provider '\(id)'."
        case .unknown(let id): "There is no provider '\(id)'."
        case .suspended(let id, let reason): "Provider '\(id)' is suspended: \(reason)"
        case .text(let field, let problem): "The provider's \(field) \(problem.words)."
        case .limits:
            "A limit is negative, or above \(Bounds.roomBytesMax) bytes or \(Bounds.cardsPerProviderMax) cards."
        case .tooMany(let what, let max): "There are more than \(max) \(what)."
        case .domainTaken(let aid, let other):
            "Domains that begin with \(aid) are those of provider '\(other)'."
        case .domainTwice(let aid): "\(aid) is in the list of domains twice, or begins with another that is."
        case .seesItself(let id): "Provider '\(id)' is in its own list, or the list has a name twice."
        case .notSuspended(let id): "Provider '\(id)' is not suspended."
        case .notVisible(let what): "There is no \(what), or it is another provider's."
        }
    }

    package var remedy: String {
        switch self {
        case .exists: "Change the provider that exists, or choose another name."
        case .unknown: "List the providers."
        case .suspended: "Ask an operator of the centre to lift the suspension."
        case .text: "Give a shorter text on one line."
        case .limits: "Give limits from 0 upwards."
        case .tooMany: "Take some out of the list."
        case .domainTaken, .domainTwice: "Give prefixes of which none begins with another."
        case .seesItself: "List other providers, each once."
        case .notSuspended: "Nothing is to be done."
        case .notVisible: "Check the name."
        }
    }
}

// MARK: Who sees what

/// Whose business somebody may see. Everything that shows holdings takes one.
package enum Viewer: Hashable, Sendable {
    case everything
    case providers(Set<ProviderID>)

    package func sees(_ provider: ProviderID) -> Bool {
        switch self {
        case .everything: true
        case .providers(let visible): visible.contains(provider)
        }
    }
}

extension Act {
    /// What this actor may see: operators everything, a provider its own and what an operator added; nobody else any
    /// provider's business.
    package func viewer() throws -> Viewer {
        switch actor {
        case .operator, .centre: return .everything
        case .holder, .terminal: return .providers([])
        case .provider(let id):
            switch try activeProvider(id).sight {
            case .own: return .providers([id])
            case .also(let others): return .providers(Set(others + [id]))
            }
        }
    }

    /// What an actor itself owns, for what even a provider with wider sight may not see of others: their cards and
    /// money.
    package func ownViewer() throws -> Viewer {
        switch actor {
        case .operator, .centre: return .everything
        case .holder, .terminal: return .providers([])
        case .provider(let id): return .providers([try activeProvider(id).id])
        }
    }

    /// A provider that may act.
    package func activeProvider(_ id: ProviderID) throws -> Provider {
        guard let provider = try transaction.find(Provider.self, key: .word(id)) else {
            throw ProviderRefusal.unknown(id)
        }
        switch provider.life {
        case .active: return provider
        case .suspended(let reason): throw ProviderRefusal.suspended(id, reason: reason)
        }
    }
}

// MARK: The register

extension Act {
    package func registerProvider(
        _ id: ProviderID, name: String, limits: Provider.Limits, domains: [AID] = [],
        sight: Provider.Sight = .own
    ) throws {
        try requireOperator(to: "register a provider")
        guard try transaction.find(Provider.self, key: .word(id)) == nil else {
            throw ProviderRefusal.exists(id)
        }
        guard try transaction.count(Query(Provider.table)) < Bounds.providersMax else {
            throw ProviderRefusal.tooMany(what: "providers", max: Bounds.providersMax)
        }
        let provider = Provider(id: id, name: name, limits: limits, domains: domains, sight: sight)
        try check(provider)
        transaction.insert(provider)
        try note(
            Note(
                "provider.registered", .provider(id), provider: id,
                facts: Fact.room(limits.roomPerCard) + [.number("cards", limits.cardsMax)]))
    }

    /// Name, limits, domains and sight, whichever are given.
    package func changeProvider(
        _ id: ProviderID, name: String? = nil, limits: Provider.Limits? = nil, domains: [AID]? = nil,
        sight: Provider.Sight? = nil
    ) throws {
        try requireOperator(to: "change a provider")
        var provider = try lockProvider(id)
        let before = provider
        provider.name = name ?? provider.name
        provider.limits = limits ?? provider.limits
        provider.domains = domains ?? provider.domains
        provider.sight = sight ?? provider.sight
        guard provider != before else { return }
        try check(provider)
        transaction.put(provider)
        try note(
            Note(
                "provider.changed", .provider(id), provider: id,
                facts: Fact.room(provider.limits.roomPerCard) + [.number("cards", provider.limits.cardsMax)]))
    }

    /// From now on it can ask for nothing; what it has on cards stays there.
    package func suspendProvider(_ id: ProviderID, reason: String) throws {
        try requireOperator(to: "suspend a provider")
        if let problem = FreeText.problem(in: reason, bytesMax: Bounds.reasonBytesMax) {
            throw ProviderRefusal.text(field: "reason for suspension", problem)
        }
        var provider = try lockProvider(id)
        if case .suspended(let reason) = provider.life {
            throw ProviderRefusal.suspended(id, reason: reason)
        }
        provider.life = .suspended(reason: reason)
        transaction.put(provider)
        try note(Note("provider.suspended", .provider(id), provider: id))
    }

    package func resumeProvider(_ id: ProviderID) throws {
        try requireOperator(to: "lift a provider's suspension")
        var provider = try lockProvider(id)
        guard case .suspended = provider.life else { throw ProviderRefusal.notSuspended(id) }
        provider.life = .active
        transaction.put(provider)
        try note(Note("provider.resumed", .provider(id), provider: id))
    }

    /// Whose domain this is, by the prefixes that providers registered.
    package func owner(ofDomain aid: AID) throws -> ProviderID? {
        try transaction.first(Provider.self, max: Bounds.providersMax) { provider in
            provider.domains.contains { aid.matches(partial: $0.bytes) }
        }?.id
    }

    private func lockProvider(_ id: ProviderID) throws -> Provider {
        guard let provider = try transaction.lock(Provider.self, key: .word(id)) else {
            throw ProviderRefusal.unknown(id)
        }
        return provider
    }

    private func check(_ provider: Provider) throws {
        if let problem = FreeText.problem(in: provider.name, bytesMax: Bounds.nameBytesMax) {
            throw ProviderRefusal.text(field: "name", problem)
        }
        let limits = provider.limits
        let amounts = [limits.roomPerCard.nonVolatile, limits.roomPerCard.volatile]
        guard amounts.allSatisfy({ (0...Bounds.roomBytesMax).contains($0) }),
            (0...Bounds.cardsPerProviderMax).contains(limits.cardsMax)
        else { throw ProviderRefusal.limits }
        if case .also(let others) = provider.sight { try check(others, of: provider.id) }
        try check(provider.domains, of: provider.id)
    }

    private func check(_ others: [ProviderID], of id: ProviderID) throws {
        guard others.count <= Bounds.sightMax else {
            throw ProviderRefusal.tooMany(what: "providers to be seen", max: Bounds.sightMax)
        }
        guard !others.contains(id), Set(others).count == others.count else {
            throw ProviderRefusal.seesItself(id)
        }
        for other in others where try transaction.find(Provider.self, key: .word(other)) == nil {
            throw ProviderRefusal.unknown(other)
        }
    }

    private func check(_ domains: [AID], of id: ProviderID) throws {
        guard domains.count <= Bounds.domainsPerProviderMax else {
            throw ProviderRefusal.tooMany(what: "domain prefixes", max: Bounds.domainsPerProviderMax)
        }
        for (index, domain) in domains.enumerated() {
            let others = domains.enumerated().filter { $0.offset != index }.map(\.element)
            if others.contains(where: { domain.overlaps($0) }) { throw ProviderRefusal.domainTwice(domain) }
        }
        guard !domains.isEmpty else { return }
        _ = try transaction.first(Provider.self, max: Bounds.providersMax) { other in
            guard other.id != id else { return false }
            if let taken = domains.first(where: { domain in other.domains.contains(where: domain.overlaps) })
            {
                throw ProviderRefusal.domainTaken(taken, by: other.id)
            }
            return false
        }
    }
}

extension AID {
    /// One begins with the other: a domain could belong to both.
    fileprivate func overlaps(_ other: AID) -> Bool {
        matches(partial: other.bytes) || other.matches(partial: bytes)
    }
}

extension Transaction {
    /// The first of a table, in the order of the key, that fits; page by page, and never more than `max` rows.
    func first<R: Record>(
        _ type: R.Type, _ query: Query = Query(R.table), max: Int, where fits: (R) throws -> Bool
    ) throws -> R? {
        var (query, seen) = (query, 0)
        while seen < max {
            let page = try all(R.self, query)
            for record in page where try fits(record) { return record }
            guard page.count == query.limit, let last = page.last else { return nil }
            seen += page.count
            query.after = last.keyValues
        }
        return nil
    }
}
