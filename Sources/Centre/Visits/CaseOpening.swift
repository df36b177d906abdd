internal import CardManagement
internal import GlobalPlatform
internal import SmartCard

// A case file comes out of the store, in the transaction of one report. Between two exchanges of a visit hardly
// anything of it changes, so the node that has the visit remembers what its last exchange left.
//
// What is remembered is looked at, never believed (docs/decisions/0013-a-visit-remembers-its-card.md):
// - The rows of the card, of its open operation and of its lease are asked for by every exchange, and so is every stay
//   as soon as there was one.
// - What is not asked for again are the lists of the card: applications, load files, berths, findings. They change
//   through `Act.save` and `Act.giveUp` only, and whoever changes them changes the card's own row as well: by a note
//   in the card's chain, whose newest link stands in it, or by its revision. So they are true as long as that row,
//   which is asked for with a lock, is the same in every column.

/// What the centre knows of card models: facts of profiles, kept beside the registers.
package protocol CardModels: Sendable {
    func model(of profile: ProfileName) -> CardModel?
    /// "i" of the profile's secure channel.
    func channelOptions(of profile: ProfileName, _ channel: Card.KeySet.Channel) -> UInt8?
}

/// Two cards with the same data: a person decides which one is real.
struct CloneFound: Error {
    let other: CardID
    let aid: AID
}

/// The case of one card as it was read, for comparison when it goes back.
struct OpenCase {
    let rows: CaseRows
    let lease: Lease?
    let dossier: CardDossier
    let stays: [Custody]
    let operation: Operation?
    let catalogue: CatalogueView
    var file: CaseFile
}

/// The rows that tell whether what is remembered is true.
struct CaseRows: Sendable {
    var card: [StoredValue]
    /// Of the open operation.
    var operation: [StoredValue]?
}

/// What one exchange of a visit left, for the next one.
struct RememberedCase: Sendable {
    fileprivate let rows: CaseRows
    fileprivate let dossier: CardDossier
    fileprivate let operation: Operation?
    /// Without any there will be none before the card's row changes: what begins a stay here, or brings one here, is
    /// noted in the card's chain.
    fileprivate let hasStays: Bool

    init(rows: CaseRows, dossier: CardDossier, operation: Operation?, hasStays: Bool) {
        (self.rows, self.dossier, self.operation, self.hasStays) = (rows, dossier, operation, hasStays)
    }
}

extension Act {
    /// Asks for everything at once: on a server that is one round trip. Lease and card are locked, in this order.
    /// - Parameter remembered: by the visit. Where it holds no more, the rest takes a second round trip.
    func openCase(
        of id: CardID, remembering remembered: RememberedCase? = nil, _ models: any CardModels,
        flaws: Flaws = []
    ) throws -> OpenCase {
        let remembered = flaws.contains(.remembersNothing) ? nil : remembered
        let answers = try ask(for: id, remembered, flaws)
        let dossier = try dossier(id, answers, remembered)
        guard let model = models.model(of: dossier.card.profile) else {
            throw OperationRefusal.cardNotActive(
                id, reason: "its profile \(dossier.card.profile) is unknown.")
        }
        let operation = try operation(answers, remembered, flaws)
        let stays = try stays(dossier, answers, operation)
        var file = CaseFile(
            card: dossier.card, model: model, operation: operation, stays: stays,
            installed: dossier.applications, now: now)
        file.listsOwnCode = dossier.loadFiles.contains {
            $0.modules.contains(WellKnownAID.securityDomainModule)
        }
        return OpenCase(
            rows: CaseRows(card: answers.card.first ?? [], operation: answers.operation.first),
            lease: try transaction.decode(Lease.self, answers.lease).first, dossier: dossier, stays: stays,
            operation: operation, catalogue: try CatalogueView(transaction, answers.head[...]), file: file)
    }

    private func ask(
        for id: CardID, _ remembered: RememberedCase?, _ flaws: Flaws
    ) throws(StoreFailure) -> CaseAnswers {
        let key: [StoredValue] = [.word(id)]
        let head = CatalogueView.questions(in: transaction)
        let proofs =
            [
                Query(Lease.table, key: key, limit: 1).locking(),
                Query(Card.table, key: key, limit: 1).locking(), Operation.openQuery(on: id),
            ] + head
        guard let remembered else {
            let rows = try transaction.ask(
                proofs + Self.stayQueries(of: id) + CardDossier.listQueries(of: id))
            return CaseAnswers(rows, proofs.count)
        }
        let stays = remembered.hasStays ? Self.stayQueries(of: id) : []
        let rows = try transaction.ask(proofs + stays)
        if remembered.rows.card == rows[1].first || flaws.contains(.believesMemory) {
            return CaseAnswers(rows, proofs.count)
        }
        let others = Self.stayQueries(of: id) + CardDossier.listQueries(of: id)
        return CaseAnswers(rows.prefix(proofs.count) + (try transaction.ask(others)), proofs.count)
    }

    /// Stays that left the card, and those that are on their way to it.
    private static func stayQueries(of id: CardID) -> [Query] {
        let coming = Query(
            Custody.table, [.init("destination", .word(id)), .init("state", .text("returning"))])
        return [CardDossier.custodyQuery(of: id), coming.locking()]
    }

    private func dossier(
        _ id: CardID, _ answers: CaseAnswers, _ remembered: RememberedCase?
    ) throws -> CardDossier {
        if let lists = answers.lists {
            let rows = [answers.card] + lists + [answers.custody]
            guard let dossier = try transaction.dossier(rows[...]) else { throw CardRefusal.unknown(id) }
            return dossier
        }
        guard var dossier = remembered?.dossier else {
            preconditionFailure("what is not remembered was asked for")
        }
        if remembered?.rows.card != answers.card.first {
            guard let card = try transaction.decode(Card.self, answers.card).first else {
                throw CardRefusal.unknown(id)
            }
            dossier.card = card
        }
        dossier.custody = try transaction.decode(Custody.self, answers.custody)
        return dossier
    }

    private func operation(
        _ answers: CaseAnswers, _ remembered: RememberedCase?, _ flaws: Flaws
    ) throws -> Operation? {
        if let remembered,
            remembered.rows.operation == answers.operation.first || flaws.contains(.believesMemory)
        {
            return remembered.operation
        }
        return try transaction.decode(Operation.self, answers.operation).first
    }

    /// Those of the card, those on their way to it, and those that its operation is yet to bring back.
    private func stays(
        _ dossier: CardDossier, _ answers: CaseAnswers, _ operation: Operation?
    ) throws -> [Custody] {
        var stays = dossier.custody
        for stay in try transaction.decode(Custody.self, answers.coming)
        where !stays.contains(where: { $0.key == stay.key }) {
            stays.append(stay)
        }
        for case .restore(let task) in operation?.remainingSteps ?? [] {
            guard case .held(let key) = task.source, !stays.contains(where: { $0.key == key }) else {
                continue
            }
            stays.append(try transaction.stay(key.card, key.aid, key.ordinal))
        }
        return stays
    }
}

/// The answers to what is asked of a card.
private struct CaseAnswers {
    let lease: [[StoredValue]]
    let card: [[StoredValue]]
    let operation: [[StoredValue]]
    let head: [[[StoredValue]]]
    /// Stays that left the card.
    let custody: [[StoredValue]]
    /// Stays that are on their way to it.
    let coming: [[StoredValue]]
    /// Applications, load files, berths and findings; `nil` where those that are remembered are true.
    let lists: [[[StoredValue]]]?

    /// - Parameter proofsCount: of what is always asked; then come two of stays and those of lists, where they were.
    init(_ rows: [[[StoredValue]]], _ proofsCount: Int) {
        (lease, card, operation) = (rows[0], rows[1], rows[2])
        head = Array(rows[3..<proofsCount])
        let rest = rows.dropFirst(proofsCount)
        custody = rest.first ?? []
        coming = rest.dropFirst().first ?? []
        lists = rest.count > 2 ? Array(rest.dropFirst(2)) : nil
    }
}
