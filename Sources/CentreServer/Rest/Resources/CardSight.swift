package import Centre
internal import Wire

// Who sees which card. What somebody may not see is told in the words for what does not exist.

extension RestCall {
    /// The card's rows, where the caller may see the card.
    package func dossier(of id: CardID, _ act: Act) throws -> CardDossier {
        guard let dossier = try act.transaction.dossier(of: id), try sees(dossier, act) else {
            throw CardRefusal.unknown(id)
        }
        return dossier
    }

    private func sees(_ dossier: CardDossier, _ act: Act) throws -> Bool {
        switch principal {
        case .admin, .operator, .auditor: return true
        case .supplier: return false
        case .holder(let number, _): return dossier.card.holder == number
        case .terminal(let terminal):
            return try act.addresses(of: dossier.card.id).contains { $0.bearer == .terminal(terminal) }
        case .provider(let provider):
            if dossier.berths.contains(where: { $0.provider == provider }) { return true }
            // The list of cards goes by the same: by whose application it is, published still or not.
            return try Set(dossier.applications.compactMap { $0.release?.application }).contains { id in
                try act.transaction.find(Application.self, key: .word(id))?.provider == provider
            }
        }
    }

    /// Whether this provider's business is the caller's; everybody else's is, for those who are no tenant.
    package func sees(_ provider: ProviderID?) -> Bool {
        guard let tenant = principal.tenant else { return true }
        return provider == tenant
    }
}

/// A piece of the list of cards that a provider sees: where it has room, and where something of it stands.
struct ProviderSight {
    private(set) var cards: [CardID] = []
    private(set) var isMore = false

    /// Behind every name that an application can have.
    private static let lastAID = StoredValue.bytes([UInt8](repeating: 0xFF, count: 17))

    init(
        of provider: ProviderID, after: CardID?, limit: Int, _ transaction: any Transaction
    ) throws(StoreFailure) {
        let own = StoredValue.word(provider)
        let berths = try transaction.all(
            Berth.self,
            Query(
                Berth.table, [.init("provider", own)], after: after.map { [.word($0), own] }, limit: limit))
        let applications = try transaction.all(
            Application.self,
            Query(Application.table, [.init("provider", own)], limit: Bounds.applicationsPerProviderMax))
        let installed =
            applications.isEmpty
            ? []
            : try transaction.all(
                InstalledApplication.self,
                Query(
                    InstalledApplication.table,
                    [.init("application", anyOf: applications.map { .word($0.id) })],
                    after: after.map { [.word($0), Self.lastAID] }, limit: limit))
        merge(berths.map(\.card), installed.map(\.card), limit: limit)
    }

    /// Both in their order; what lies behind the end of one that was cut off is not known yet.
    private mutating func merge(_ one: [CardID], _ other: [CardID], limit: Int) {
        let ends = [one, other].filter { $0.count == limit }.compactMap { $0.last?.text }
        let all = Set(one).union(other).sorted { $0.text < $1.text }
        let known = all.filter { card in ends.allSatisfy { card.text <= $0 } }
        cards = Array(known.prefix(limit))
        isMore = !ends.isEmpty || cards.count < all.count
    }
}

// MARK: Who may wish what

extension RestCall {
    /// A provider wishes for what is its own, a holder and a terminal for applications of the card in hand.
    func check(_ wishes: [Wish], on card: CardID, _ act: Act) throws {
        switch principal {
        case .admin, .operator: return
        case .auditor, .supplier: throw NotPermitted(actor: principal.actor, what: "wish for anything")
        case .holder, .terminal:
            for wish in wishes where !wish.isForHolders(of: card) {
                throw NotPermitted(actor: principal.actor, what: "wish for this")
            }
        case .provider(let provider):
            for wish in wishes where try wish.owner(act) != provider {
                throw ProviderRefusal.notVisible(what: "such thing to wish for")
            }
        }
    }

    /// A provider may also ask for room on a card where it has nothing yet; anything else only on cards that it sees.
    func checkSight(of card: CardID, for wishes: [Wish], _ act: Act) throws {
        if principal.tenant != nil, wishes.allSatisfy(\.isReservation) {
            guard try act.transaction.find(Card.self, key: .word(card)) != nil else {
                throw CardRefusal.unknown(card)
            }
            return
        }
        _ = try dossier(of: card, act)
    }

    /// What stands in the way is told as far as cards and plans tell it: another's operation without its name, and
    /// neither what operators wrote for each other nor what others have on the card.
    func hidingOthers<Result>(on card: CardID, _ act: Act, _ body: () throws -> Result) throws -> Result {
        do {
            return try body()
        } catch let refusal as OperationRefusal {
            throw try told(refusal, on: card, act)
        }
    }

    private func told(_ refusal: OperationRefusal, on card: CardID, _ act: Act) throws -> any Error {
        switch refusal {
        case .otherIsOpen(let id):
            guard let other = try act.transaction.find(Operation.self, key: .word(card), .word(id)),
                try !sees(other, act)
            else { return refusal }
            return Problem.known(
                "operation-open", "Another operation on this card is not over yet.",
                remedy: "Wait for it, or ask the issuer of the card to cancel it.")
        case .cardNotActive where !Set<Role>.staff.contains(principal.role):
            return Problem.known(refusal.code, "The card \(card) is not served.", remedy: refusal.remedy)
        case .planNotFeasible(let obstacle):
            if let told = obstacle.told(to: principal) { return OperationRefusal.planNotFeasible(told) }
            return Problem.known(
                refusal.code, "The plan cannot be carried out: \(obstacle.kind.rawValue).",
                remedy: refusal.remedy)
        case .cardUnknown, .cardNotActive, .unknown, .planOutdated, .deadlinePassed, .deadlineTooFar,
            .idTaken, .over, .pastReturn:
            return refusal
        }
    }

    /// Whether the operation is the caller's business; the card was seen already.
    func sees(_ operation: Operation, _ act: Act) throws -> Bool {
        guard let tenant = principal.tenant else { return true }
        return try operation.wishes.allSatisfy { try $0.owner(act) == tenant }
    }
}

extension Wish {
    var isReservation: Bool {
        if case .reserve = self { true } else { false }
    }

    /// What a person with the card may wish: what lives on it, not who has room on it.
    func isForHolders(of card: CardID) -> Bool {
        switch self {
        case .add, .addRelease, .remove, .park, .snapshot, .update, .renew: true
        // Which custody is within reach of the card is what the plan looks at.
        case .restore: true
        case .removeInstance, .reserve, .release, .rotateKeys: false
        }
    }

    /// Whose business it is; `nil` for what is the issuer's, or nobody's.
    func owner(_ act: Act) throws -> ProviderID? {
        switch self {
        case .add(let id), .remove(let id), .park(let id), .snapshot(let id): try Self.owner(of: id, act)
        case .addRelease(let id), .update(let id): try Self.owner(of: id.application, act)
        case .restore(let key):
            try act.transaction.find(
                Custody.self, key: .word(key.card), .aid(key.aid), .count(key.ordinal)
            ).flatMap { try Self.owner(of: $0.release.application, act) }
        case .reserve(let reservation): reservation.provider
        case .release(let provider): provider
        case .removeInstance, .renew, .rotateKeys: nil
        }
    }

    private static func owner(of id: ApplicationID, _ act: Act) throws -> ProviderID? {
        try act.transaction.find(Application.self, key: .word(id))?.provider
    }
}
