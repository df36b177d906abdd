// Who does not want an application to leave a card to make room for others. A veto binds the planner only: whoever
// may remove or park an application may still do so.

/// Why a veto is not written down.
package enum VetoRefusal: Refusal, Hashable {
    case reason(TextProblem)
    case tooMany(HolderNumber)

    package var code: String {
        switch self {
        case .reason: "veto-reason"
        case .tooMany: "veto-too-many"
        }
    }

    package var reason: String {
        switch self {
        case .reason(let problem): "The reason \(problem.words)."
        case .tooMany(let number):
            "Holder \(number) has vetoed \(Bounds.vetoesPerHolderMax) applications already."
        }
    }

    package var remedy: String {
        switch self {
        case .reason: "Give a reason on one line, of at most \(Bounds.reasonBytesMax) bytes."
        case .tooMany: "Take one back that is not needed any more."
        }
    }
}

extension Act {
    /// The application leaves no card to make room; its provider says so, or an operator for it.
    package func veto(_ id: ApplicationID, reason: String) throws {
        let application = try lockApplication(id, to: "veto the leaving of")
        try Self.checkVeto(reason)
        let known = try transaction.find(ProviderVeto.self, key: .word(id))
        guard known?.reason != reason else { return }
        transaction.put(ProviderVeto(application: id, reason: reason, since: known?.since ?? now))
        try note(Note("application.vetoed", .application(id), provider: application.provider))
    }

    package func liftVeto(_ id: ApplicationID) throws {
        let application = try lockApplication(id, to: "lift the veto on")
        guard let known = try transaction.find(ProviderVeto.self, key: .word(id)) else { return }
        transaction.remove(known)
        try note(Note("application.veto-lifted", .application(id), provider: application.provider))
    }

    /// The application leaves no card of the holder to make room; the holder says so, or an operator.
    package func veto(_ id: ApplicationID, for number: HolderNumber, reason: String) throws {
        if actor != .holder(number) { try requireOperator(to: "veto for a holder") }
        _ = try vetoable(id)
        try Self.checkVeto(reason)
        _ = try lockHolder(number)
        let vetoes = try vetoes(of: number)
        let known = vetoes.first { $0.application == id }
        guard known?.reason != reason else { return }
        if known == nil, vetoes.count >= Bounds.vetoesPerHolderMax { throw VetoRefusal.tooMany(number) }
        transaction.put(
            HolderVeto(holder: number, application: id, reason: reason, since: known?.since ?? now))
        try note(
            // Who its holders are is not for its provider.
            Note("holder.vetoed", .holder(number), facts: [.name("application", id)]))
    }

    package func liftVeto(_ id: ApplicationID, for number: HolderNumber) throws {
        if actor != .holder(number) { try requireOperator(to: "lift a veto for a holder") }
        _ = try vetoable(id)
        _ = try lockHolder(number)
        guard let known = try transaction.find(HolderVeto.self, key: .word(number), .word(id)) else { return }
        transaction.remove(known)
        try note(Note("holder.veto-lifted", .holder(number), facts: [.name("application", id)]))
    }

    package func vetoes(of number: HolderNumber) throws -> [HolderVeto] {
        try transaction.all(HolderVeto.self, HolderVeto.query(of: number))
    }

    package func veto(on id: ApplicationID) throws -> ProviderVeto? {
        try transaction.find(ProviderVeto.self, key: .word(id))
    }

    private func vetoable(_ id: ApplicationID) throws -> Application {
        guard let application = try transaction.find(Application.self, key: .word(id)) else {
            throw CatalogueRefusal.applicationUnknown(id)
        }
        return application
    }

    private static func checkVeto(_ reason: String) throws {
        if let problem = FreeText.problem(in: reason, bytesMax: Bounds.reasonBytesMax) {
            throw VetoRefusal.reason(problem)
        }
    }
}

extension HolderVeto {
    static func query(of number: HolderNumber) -> Query {
        Query(table, key: [.word(number)], limit: Bounds.vetoesPerHolderMax)
    }

    static func query(ofHolderOf card: CardID) -> Query {
        Query(
            table, [.init("holder", as: "holder", of: Card.table, key: .word(card))],
            limit: Bounds.vetoesPerHolderMax)
    }
}

extension ProviderVeto {
    static func queries(_ ids: [ApplicationID]) -> [Query] {
        Query.any(of: ids.map { .word($0) }, in: "application", table, rowsOfEach: 1)
    }
}

extension Act {
    /// What somebody has vetoed of what is on a card; the holder's word comes before the provider's.
    func vetoes(
        on card: Card, of applications: [ApplicationID], _ catalogue: CatalogueView
    ) throws -> [ApplicationID: Picture.Veto] {
        var result: [ApplicationID: Picture.Veto] = [:]
        for veto in applications.compactMap({ catalogue.veto(on: $0) }) {
            result[veto.application] = .byProvider(reason: veto.reason)
        }
        let holders = try transaction.all(HolderVeto.self, HolderVeto.query(ofHolderOf: card.id))
        for veto in holders { result[veto.application] = .byHolder(reason: veto.reason) }
        return result
    }
}
