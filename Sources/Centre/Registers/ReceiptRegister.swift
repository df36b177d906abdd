internal import CardCrypto
package import CardManagement
internal import GlobalPlatform
internal import SmartCard

// Row A4: what cards confirm of their own accord (GPCS 2.3.1 §11.1.6). A receipt that was verified is kept for ever,
// and
// its number is followed: one that never came is asked for again.

/// How far the receipts of one domain of a card are known.
package struct ReceiptTrail: Hashable, Sendable {
    package var card: CardID
    /// Unique data of the domain that makes the receipts.
    package var domain: [UInt8]
    package var last: UInt16
    package var missing: [ClosedRange<UInt16>]

    package init(card: CardID, domain: [UInt8], last: UInt16, missing: [ClosedRange<UInt16>] = []) {
        self.card = card
        self.domain = domain
        self.last = last
        self.missing = missing
    }
}

extension ReceiptTrail: Record {
    package static let table = Table(
        "receipt_trails", key: [.text("card"), .bytes("domain")], [.integer("last"), .text("missing")])

    /// `3-5 9-9`: numbers that never came.
    package var row: [StoredValue] {
        let holes = missing.map { "\($0.lowerBound)-\($0.upperBound)" }.joined(separator: " ")
        return [.word(card), .bytes(domain), .count(Int(last)), .text(holes)]
    }

    package init(row: inout RowReader) throws(RowError) {
        let (card, domain): (CardID, [UInt8]) = (try row.identifier(), try row.bytes())
        guard let last = UInt16(exactly: try row.integer()) else { throw row.failure("is no counter") }
        var missing: [ClosedRange<UInt16>] = []
        for word in try row.text().split(separator: " ") {
            let ends = word.split(separator: "-").compactMap { UInt16($0) }
            guard ends.count == 2, ends[0] <= ends[1] else { throw row.failure("is no list of numbers") }
            missing.append(ends[0]...ends[1])
        }
        self.init(card: card, domain: domain, last: last, missing: missing)
    }
}

/// Why a receipt is not taken.
package enum ReceiptRefusal: Refusal, Hashable {
    /// The card makes none for this.
    case none
    case unreadable(ConfirmationError)
    /// The card's receipt key did not make it, or not for this.
    case notProved(ReceiptSubject)

    package var code: String {
        switch self {
        case .none: "receipt-missing"
        case .unreadable: "receipt-unreadable"
        case .notProved: "receipt-not-proved"
        }
    }
    package var reason: String {
        switch self {
        case .none: "The answer has no receipt in it."
        case .unreadable(let error): "The answer cannot be read as a confirmation: \(error)."
        case .notProved: "The receipt was not made by this card for exactly this operation."
        }
    }
    package var remedy: String {
        switch self {
        case .none: "Read the card: its registry tells what was done."
        case .unreadable, .notProved:
            "Send the answer of the card as it came, with the operation that it answers."
        }
    }
}

extension Act {
    /// A receipt that somebody with delegated management got from the card. Its number has an effect once.
    @discardableResult
    package func takeReceipt(
        _ data: [UInt8], of subject: ReceiptSubject, on id: CardID, _ models: any CardModels,
        vault: any KeyVault
    ) throws -> ReceiptLedger.Verdict {
        let read: CardConfirmation?
        do throws(ConfirmationError) { read = try CardConfirmation.read(data) } catch {
            throw ReceiptRefusal.unreadable(error)
        }
        guard let confirmation = read else { throw ReceiptRefusal.none }
        let known = try dossier(of: id)
        guard try vault.proves(confirmation, of: subject, with: known.card.keySet.forReceipts) else {
            throw ReceiptRefusal.notProved(subject)
        }
        var next = known
        let (verdict, notes) = try follow(confirmation, on: id)
        switch verdict {
        case .repeated, .beforeFirst: return verdict
        case .first, .next, .gap, .late: break
        }
        let number = try transaction.count(Query(KeptConfirmation.table, [.init("card", .word(id))]))
        transaction.insert(
            KeptConfirmation(
                card: id, number: number, operation: nil, at: now, counter: Int(confirmation.counter),
                isProved: true, fields: subject.signedFields, data: data))
        // A late one tells what was before others that are known.
        if verdict != .late, let model = models.model(of: next.card.profile) {
            let names = try transaction.catalogueNames(of: next.names + subject.names)
            next.follow(subject, names: names, on: model, at: now)
        }
        save(
            next, since: known,
            [Note("card.receipt", .card(id), facts: [.number("counter", Int(confirmation.counter))])] + notes)
        return verdict
    }

    /// Numbers of receipts that cards gave and that never came here; whoever got them is to send them again.
    package func missingReceipts(of id: CardID) throws -> [ClosedRange<UInt16>] {
        try transaction.all(ReceiptTrail.self, key: .word(id)).flatMap(\.missing)
    }

    /// Only for receipts that were verified.
    func follow(
        _ confirmation: CardConfirmation, on id: CardID
    ) throws -> (verdict: ReceiptLedger.Verdict, notes: [Note]) {
        let domain = confirmation.domainUniqueData
        let known = try transaction.lock(ReceiptTrail.self, key: .word(id), .bytes(domain))
        var ledger = ReceiptLedger(entries: known?.entries ?? [:])
        let verdict = ledger.record(confirmation)
        keep(ledger, domain, on: id)
        guard case .gap(let range) = verdict else { return (verdict, []) }
        return (verdict, [Self.missing(range, on: id)])
    }

    /// The card itself says which number its next receipt has: what was before it and is not here was lost on the way.
    func followCounter(_ next: UInt16, on id: CardID) throws -> [Note] {
        var notes: [Note] = []
        for trail in try transaction.all(ReceiptTrail.self, key: .word(id)) {
            var ledger = ReceiptLedger(entries: trail.entries)
            guard let range = ledger.expect(next: next, from: trail.domain) else { continue }
            keep(ledger, trail.domain, on: id)
            notes.append(Self.missing(range, on: id))
        }
        return notes
    }

    private func keep(_ ledger: ReceiptLedger, _ domain: [UInt8], on id: CardID) {
        guard let entry = ledger.entries[domain] else { return }
        transaction.put(
            ReceiptTrail(card: id, domain: domain, last: entry.last, missing: entry.missing))
    }

    private static func missing(_ range: ClosedRange<UInt16>, on id: CardID) -> Note {
        Note(
            "card.receipts-missing", .card(id),
            facts: [.number("from", Int(range.lowerBound)), .number("through", Int(range.upperBound))])
    }
}

extension ReceiptTrail {
    fileprivate var entries: [[UInt8]: ReceiptLedger.Entry] {
        [domain: ReceiptLedger.Entry(last: last, missing: missing)]
    }
}

extension Card.KeySet {
    /// The version that Amendment A sets aside for receipt keys; they come from the same master key.
    private static let receiptVersion: UInt8 = 0x71

    var forReceipts: Card.KeySet {
        var keySet = self
        keySet.version = Self.receiptVersion
        return keySet
    }
}

extension ReceiptSubject {
    fileprivate var names: [AID] {
        switch self {
        case .load(let loadFile, _): [loadFile]
        case .install(let loadFile, let instance), .combined(let loadFile, let instance, _):
            [loadFile, instance]
        case .extradition(_, let object, _), .delete(let object): [object]
        case .registryUpdate(_, let object, _, _, _): [object].compactMap { $0 }
        }
    }
}

extension CardDossier {
    /// Row C10: what the card confirmed, the register knows at once; what it took, the next reading tells.
    fileprivate mutating func follow(
        _ subject: ReceiptSubject, names: CatalogueNames, on model: CardModel, at now: Instant
    ) {
        switch subject {
        case .load(let aid, let domain):
            loaded(
                InstalledLoadFile(card: card.id, aid: aid, lifeCycle: 0x01, domain: domain), nil, on: model)
        case .install(let file, let instance):
            install(instance, from: file, under: loadFile(file)?.domain, names, model, now)
        case .combined(let file, let instance, let domain):
            loaded(
                InstalledLoadFile(card: card.id, aid: file, lifeCycle: 0x01, domain: domain), nil, on: model)
            install(instance, from: file, under: domain, names, model, now)
        case .delete(let aid): removed(aid, nil, on: model)
        case .extradition(_, let object, let domain): move(object, to: domain)
        case .registryUpdate(_, let object?, let domain?, _, _): move(object, to: domain)
        case .registryUpdate: break
        }
    }

    private mutating func install(
        _ instance: AID, from file: AID, under domain: AID?, _ names: CatalogueNames, _ model: CardModel,
        _ now: Instant
    ) {
        installed(
            InstalledApplication(
                card: card.id, aid: instance, lifeCycle: 0x07, loadFile: file, domain: domain,
                release: names.release(ofInstance: instance, from: loadFile(file)), installedAt: now),
            nil, on: model)
    }
}
