package import CardManagement
internal import GlobalPlatform
package import SmartCard

// Stays in custody, as the store has them.

extension Transaction {
    /// All stays that may explain a sighting: those of this instance, and those of the same data elsewhere.
    /// - Parameter isLocking: for those who go on to change one; a look must not lock.
    package func stays(about sighting: Sighting, isLocking: Bool) throws -> [Custody] {
        let table = Custody.table
        var queries = [
            Query(
                table,
                [.init("destination", .word(sighting.card)), .init("aid", .aid(sighting.aid))])
        ]
        if case .status(let status) = sighting.evidence {
            queries.append(Query(table, [.init("lineage", .bytes(status.lineage))]))
        }
        var found = try everyStay(of: sighting.aid, on: sighting.card, isLocking: isLocking)
        for rows in try ask(queries) {
            for stay in try decode(Custody.self, rows) where !found.contains(stay) { found.append(stay) }
        }
        return found
    }

    /// What a sighting means; what it proves is written down with it.
    /// - Returns: the judgement, and the stay as it is after it.
    package func judge(
        _ sighting: Sighting, now: Instant
    ) throws -> (judgement: Judgement, stay: Custody?) {
        let stay = Custody.explaining(sighting, among: try stays(about: sighting, isLocking: true))
        let judgement = Judgement(sighting, stay: stay)
        guard let stay, let event = judgement.proves else { return (judgement, stay) }
        return (judgement, try apply(event, to: stay, now: now))
    }

    /// Begins a stay; one instance has one at a time, and the same data are in custody once.
    package func openCustody(
        of opening: CustodyOpening, frozen status: ParkingStatus?, now: Instant
    ) throws -> Custody {
        let earlier = try everyStay(of: opening.aid, on: opening.card, isLocking: true)
        if let open = earlier.first(where: \.isOpen) {
            if let status, open.isTheSame(as: status) { return open }
            throw CustodyRefusal.alreadyOpen(ordinal: open.ordinal)
        }
        var opening = opening
        opening.ordinal = (earlier.last?.ordinal ?? 0) + 1
        guard opening.ordinal <= Bounds.staysPerInstanceMax else {
            throw CustodyRefusal.tooManyStays(Bounds.staysPerInstanceMax)
        }
        guard let status else {
            let stay = try Custody.open(withoutData: opening, at: now)
            insert(stay)
            return stay
        }
        let related = try all(
            Custody.self, Query(Custody.table, [.init("lineage", .bytes(status.lineage))]))
        if let other = related.first(where: { $0.isOpen }) {
            throw CustodyRefusal.lineageElsewhere(other.card)
        }
        let stay = try Custody.open(opening, frozen: status, at: now)
        insert(stay)
        return stay
    }

    /// Carries the stay on. When it has ended, the vault's copy is history and goes.
    package func apply(
        _ event: CustodyEvent, to stay: Custody, now: Instant
    ) throws -> Custody {
        let next = try stay.after(event, at: now)
        guard next != stay else { return stay }
        put(next)
        charge(next, from: stay)
        if !next.isOpen { try forgetImage(of: next) }
        return next
    }

    /// Page by page: an instance that came and went for years has many.
    private func everyStay(of aid: AID, on card: CardID, isLocking: Bool) throws -> [Custody] {
        var query = Query(Custody.table, key: [.word(card), .aid(aid)])
        query.isLocking = isLocking
        var stays: [Custody] = []
        while stays.count < Bounds.staysPerInstanceMax {
            let page = try all(Custody.self, query)
            stays += page
            guard page.count == query.limit, let last = page.last else { break }
            query.after = last.keyValues
        }
        return stays
    }

    /// Open stays that left this card, or are on their way to it.
    func openStays(dependingOn card: CardID) throws -> [Custody] {
        let words = ["frozen", "provisional", "surrendering", "held", "returning"]
        let leaving = words.map { word in
            Query(Custody.table, [.init("card", .word(card)), .init("state", .text(word))]).locking()
        }
        let coming = Query(
            Custody.table, [.init("destination", .word(card)), .init("state", .text("returning"))]
        ).locking()
        var found: [Custody] = []
        for rows in try ask(leaving + [coming]) {
            for stay in try decode(Custody.self, rows) where !found.contains(stay) { found.append(stay) }
        }
        // One that left this card and is on its way elsewhere does not depend on it any more.
        return found.filter { stay in
            if case .returning(let to, _) = stay.state { to == card } else { true }
        }
    }

    /// One stay, kept from others until the end of this transaction.
    package func stay(_ card: CardID, _ aid: AID, _ ordinal: Int) throws -> Custody {
        let found = try lock(
            Custody.self, key: .word(card), .aid(aid), .count(ordinal))
        guard let found else { throw CustodyRefusal.unknown }
        return found
    }
}

extension Custody {
    /// The image that this stay was opened for.
    fileprivate func isTheSame(as status: ParkingStatus) -> Bool {
        hasImage && status.state == .frozen && status.image == image
    }
}
