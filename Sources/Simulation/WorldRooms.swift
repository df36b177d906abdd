internal import Centre
internal import GlobalPlatform
internal import SmartCard
internal import VirtualCard

// Room that is kept for providers, and what must hold of it.

extension World {
    // MARK: Wishes

    func reserving(_ card: SimulatedCard, _ chance: inout Chance) throws -> Draft? {
        let taken = Set(watch.books.berths.filter { $0.card == card.id }.map(\.provider.text))
        let without = SimulatedCentre.providers.filter { !taken.contains($0) }
        guard let owner = chance.pick(without), watch.books.cards[card.id]?.inventory != nil else {
            return nil
        }
        return try reserving(card, for: owner, &chance)
    }

    /// Little, which the ledger keeps; some; or most of what there is, after which two may want the same bytes.
    private func reserving(
        _ card: SimulatedCard, for owner: String, _ chance: inout Chance
    ) throws -> Draft? {
        let free = try centre.ledger(of: card.id).account.free
        let bytes = [400, 3_000, 7_000, free.nonVolatile * 2 / 3][chance.below(4)]
        let room = Room(nonVolatile: bytes, volatile: chance.percent(50) ? 64 : 0)
        let quota = Room(nonVolatile: bytes + 2_000, volatile: 256)
        let reservation = Reservation(
            provider: try ProviderID(owner), room: room, quota: chance.percent(50) ? quota : nil,
            domain: try Self.keeper(of: owner))
        return Draft(words: "\(bytes) bytes for \(owner)", wishes: [.reserve(reservation)])
    }

    func releasing(_ card: SimulatedCard, _ chance: inout Chance) -> Draft? {
        let ready = watch.books.berths.filter { berth in
            if case .ready = berth.state { berth.card == card.id } else { false }
        }
        return chance.pick(ready).map { berth in
            Draft(
                words: "the room of \(berth.provider) given back",
                wishes: [.release(provider: berth.provider)])
        }
    }

    /// Two providers after the same bytes: together they want more than there is.
    func rivalReservations(_ card: SimulatedCard) throws -> [Draft] {
        let owners = SimulatedCentre.providers
        let isFree = watch.books.berths.allSatisfy { $0.card != card.id }
        guard isFree, watch.books.cards[card.id]?.inventory != nil else { return [] }
        let free = try centre.ledger(of: card.id).account.free.nonVolatile
        return try owners.map { owner in
            let reservation = Reservation(
                provider: try ProviderID(owner), room: Room(nonVolatile: free * 2 / 3),
                domain: try Self.keeper(of: owner))
            return Draft(words: "\(free * 2 / 3) bytes for \(owner)", wishes: [.reserve(reservation)])
        }
    }

    /// Under these names, or their twins, domains only keep room.
    private static let keeperPrefix: [UInt8] = [0xF0, 0x42, 0x65, 0x72, 0x74, 0x6B]

    static func keeper(of owner: String) throws -> AID {
        try AID(keeperPrefix + [UInt8(1 + (SimulatedCentre.providers.firstIndex(of: owner) ?? 0))])
    }

    // MARK: What must hold

    /// Room that is asked for, or to be given back, has an operation that does it.
    func checkBerths() throws {
        for berth in watch.books.berths {
            switch berth.state {
            case .ready: continue
            case .requested, .releasing: break
            }
            let operation = watch.books.openOperation(on: berth.card)
            guard operation?.wishes.contains(where: { $0.isAboutRoom(of: berth.provider) }) != true else {
                continue
            }
            throw Violation(
                invariant: .rooms,
                words: "the room of \(berth.provider) is \(berth.state), and no operation is about it")
        }
    }

    /// After a visit that came to its end, and in which nobody lied: used, reserved and free are what the card has.
    func checkRooms(_ card: SimulatedCard) throws {
        guard shape.hasBerths, let row = watch.books.cards[card.id], row.inventory?.drift == nil,
            watch.books.openOperation(on: card.id) == nil
        else { return }
        let ledger = try centre.ledger(of: card.id)
        try checkAccount(ledger.account, card)
        try checkKeepers(ledger, card)
    }

    private func checkAccount(_ account: RoomAccount, _ card: SimulatedCard) throws {
        guard account.used + account.reserved + account.free == account.sum else {
            throw Violation(
                invariant: .rooms, words: "used, reserved and free of card \(card.number) do not add up")
        }
        let memory = card.chip.profile.memory
        guard account.isMeasured, memory.hasReport, memory.reportPercent == 100 else { return }
        guard account.shortage.isNone else {
            throw Violation(
                invariant: .rooms,
                words: "more is promised on card \(card.number) than there is: \(account.shortage)")
        }
        let free = card.chip.freeMemory
        guard
            account.free + account.reservedInLedger
                == Room(nonVolatile: free.nonVolatile, volatile: free.volatile)
        else {
            throw Violation(
                invariant: .rooms,
                words: "card \(card.number) has \(free.nonVolatile) bytes free, and the ledger "
                    + "\(account.free.nonVolatile) and \(account.reservedInLedger.nonVolatile)")
        }
    }

    /// Every domain that keeps room belongs to a berth: what was given back is free again.
    private func checkKeepers(_ ledger: BerthLedger, _ card: SimulatedCard) throws {
        let standing = card.instances.filter { $0.bytes.starts(with: Self.keeperPrefix) }
        let owned = ledger.dossier.berths.compactMap { berth in
            if case .domain(let aid) = berth.means { aid } else { nil }
        }
        guard standing.isSubset(of: owned) else {
            throw Violation(
                invariant: .rooms,
                words: "card \(card.number) keeps room in \(standing.map { "\($0)" }.sorted()), and berths "
                    + "know of \(owned.map { "\($0)" }.sorted())")
        }
    }
}

extension Wish {
    fileprivate func isAboutRoom(of provider: ProviderID) -> Bool {
        switch self {
        case .reserve(let reservation): reservation.provider == provider
        case .release(let owner): owner == provider
        case .add, .addRelease, .remove, .removeInstance, .park, .snapshot, .restore, .update, .renew,
            .rotateKeys:
            false
        }
    }
}
