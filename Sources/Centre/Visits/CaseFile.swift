package import CardCrypto
package import CardManagement
package import SmartCard

/// Everything the centre knows of one card while it answers one report: read before, written back after, in one
/// transaction with whatever else the report causes.
package struct CaseFile {
    package var card: Card
    package var model: CardModel
    package var operation: Operation?
    /// The newest stay of every instance of this card that is not over, and those that this operation brings back.
    package var stays: [Custody]
    /// Applications the centre believes to be on the card.
    package var installed: [InstalledApplication]
    /// Its list of code has what its own domains are made from, which is never gone.
    package var listsOwnCode = false
    package let now: Instant

    // What came of the report.

    /// The operation as the card's answers had shown it, before it was turned round and got other steps.
    package var turned: Operation?
    /// Images to seal and keep, in this very transaction.
    package var images: [(stay: CustodyKey, generation: UInt32, bytes: Secret)] = []
    /// Stays that ended with their application at work, and whose images are kept as copies.
    package var snapshots: Set<CustodyKey> = []
    /// The registry as read in full, with its answers' protection checked.
    package var contents: CardContents?
    package var measurements: [Measurement] = []
    package var journal: [(kind: JournalEntry.Kind, step: Int, text: String)] = []
    package var confirmations: [ConfirmedOperation] = []
    /// The number of the card's next receipt, as it says itself.
    package var confirmationCounter: UInt16?

    package init(
        card: Card, model: CardModel, operation: Operation?, stays: [Custody],
        installed: [InstalledApplication], now: Instant
    ) {
        self.card = card
        self.model = model
        self.operation = operation
        self.stays = stays
        self.installed = installed
        self.now = now
    }

    /// Free memory before and after one step, as the card said: what footprints are learned from.
    package struct Measurement: Hashable, Sendable {
        package var step: Int
        package var before: Room
        package var after: Room

        package init(step: Int, before: Room, after: Room) {
            self.step = step
            self.before = before
            self.after = after
        }
    }
}

/// What steps are made of, fetched when they are sent.
package protocol Materials {
    /// A load file data block by its digest.
    func loadFile(_ digest: [UInt8]) throws -> [UInt8]
    func release(_ id: ReleaseID) throws -> Release
    /// Load files of others that it needs, in the order of loading.
    func libraries(of release: Release) throws -> [NeededLoadFile]
    func application(_ id: ApplicationID) throws -> Application
    /// The image of a held stay, opened.
    func image(of stay: Custody) throws -> Secret
    /// Who the holder of the card is, as its identity program takes it.
    func identity(of card: Card, for instance: AID) throws -> [UInt8]
}

extension CaseFile {
    /// An operation is yet to exchange code, or to take that back.
    var isUpgrading: Bool {
        operation.map { $0.isOpen && $0.remainingSteps.contains(where: \.isUpgrade) } ?? false
    }

    func stayIndex(of aid: AID) -> Int? {
        stays.lastIndex { $0.card == card.id && $0.aid == aid && $0.isOpen }
    }
    func stay(of aid: AID) -> Custody? { stayIndex(of: aid).map { stays[$0] } }
    func stayIndex(_ key: CustodyKey) -> Int? { stays.firstIndex { $0.key == key } }

    mutating func note(_ kind: JournalEntry.Kind, _ step: Int, _ text: String) {
        journal.append((kind, step, text))
    }
}

extension Custody {
    package var key: CustodyKey { CustodyKey(card: card, aid: aid, ordinal: ordinal) }
}
