internal import Centre
internal import GlobalPlatform
internal import SmartCard
internal import VirtualCard

// Holders, time, services, and other centres.

extension World {
    func use(_ card: SimulatedCard, _ chance: inout Chance) {
        // What is done with a lost card is done to what nobody has any more.
        guard !isRetired(card.id) else { return }
        let present = ExampleApplication.withData.filter { card.instances.contains($0.module) }
        guard let example = chance.pick(present), let sight = card.chip.parking(of: example.module) else {
            return
        }
        guard let status = card.use(example, business(example, &chance)) else { return }
        tell("card \(card.number): the holder uses \(example.rawValue): \(status)")
        guard status.isSuccess, let after = card.chip.parking(of: example.module) else { return }
        // An application that an unfinished operation made may still go.
        guard isSettled(example.module, on: card) || treasures[sight.lineage] != nil else { return }
        // What a script has yet to finish is made anew.
        guard shelf.keepsData(example) || !isOnItsWay(example.module, to: card) else { return }
        if treasures[sight.lineage] == nil {
            var treasure = Treasure(lineage: sight.lineage, example: example, data: sight.data)
            treasure.mayVanish = isDoomed(example.module, on: card)
            treasures[sight.lineage] = treasure
        }
        treasures[sight.lineage]?.become(after.data)
    }

    private func business(_ example: ExampleApplication, _ chance: inout Chance) -> [UInt8] {
        let amount = UInt32(1 + chance.below(200)).bigEndianBytes
        let time = UInt32(0x6000_0000 + visitCount).bigEndianBytes
        return switch example {
        case .purse: [0x80, chance.percent(70) ? 0x32 : 0x34, 0, 0, 4] + amount
        case .pass:
            chance.percent(50)
                ? [0x80, chance.percent(50) ? 0x40 : 0x42, 0, 0, 6, 0, 0x12] + time
                : [0x80, 0x44, 0, 0, 0]
        case .loyalty: [0x80, 0x10, 0, 0, 4] + (UInt32(bigEndianBytes: amount) * 100).bigEndianBytes
        case .loans: [0x80, 0x26, 0, 0, 12] + chance.next().bigEndianBytes + time
        case .identity, .library: [0x80, 0x2A, 0, 0, 0]
        }
    }

    /// Somebody wished it gone before the holder used it once more.
    private func isDoomed(_ aid: AID, on card: SimulatedCard) -> Bool {
        watch.books.openOperation(on: card.id)?.steps.contains { step in
            if case .removeInstance(let removal) = step {
                removal.instance == aid && (removal.purpose == .forGood || !shelf.keepsData(of: aid))
            } else {
                false
            }
        } == true
    }

    private func isOnItsWay(_ aid: AID, to card: SimulatedCard) -> Bool {
        watch.books.stays.contains { stay in
            guard stay.isOpen, stay.aid == aid else { return false }
            if case .returning(card.id, _) = stay.state { return true }
            return stay.card == card.id
        }
    }

    private func isSettled(_ aid: AID, on card: SimulatedCard) -> Bool {
        watch.books.openOperation(on: card.id)?.steps.contains { step in
            if case .install(let install) = step { install.aid == aid } else { false }
        } != true
    }

    /// After a visit that broke off the card lies in a drawer until it is too late.
    func leaveInDrawer(_ card: SimulatedCard, _ chance: inout Chance) throws {
        guard chance.percent(shape.drawerPercent) else { return }
        watch.books = try centre.books()
        guard let operation = watch.books.openOperation(on: card.id), operation.orderCount > 0,
            operation.deadline > clock.now
        else { return }
        tell("card \(card.number) lies in a drawer until the deadline of \(operation.id) is over")
        let wait = operation.deadline.milliseconds - clock.now.milliseconds
        clock.advance(by: .milliseconds(wait + 61_000))
        // Whoever sees the card first finds out, or the centre does by itself.
        if chance.percent(50) { try centre.desk.expire() }
    }

    func passTime(_ chance: inout Chance) throws {
        let hours = mood == .interruptions ? chance.below(3) : chance.below(60)
        let isBackward = mood == .malice && chance.percent(15)
        clock.advance(by: .seconds(isBackward ? -chance.below(7_200) : hours * 3_600 + 61))
        tell(isBackward ? "the clock goes back" : "\(hours) hours pass")
        try centre.desk.expire()
        watch.books = try centre.books()
        let now = clock.now
        for operation in watch.books.operations where operation.isOpen && operation.deadline < now {
            throw Violation(
                invariant: .deadline, words: "\(operation.id) is still open after \(operation.deadline)")
        }
    }

    func changeService(_ chance: inout Chance) throws {
        // What somebody is about to install matters most.
        let coming = watch.books.operations.filter(\.isOpen).flatMap(\.steps).compactMap { step in
            if case .install(let install) = step { install.release.application.text } else { nil }
        }
        let named = chance.percent(60) ? chance.pick(coming).flatMap(ExampleApplication.init) : nil
        guard let example = named ?? chance.pick(ExampleApplication.withData) else { return }
        let isStopped = stopped.insert(example).inserted
        if !isStopped { stopped.remove(example) }
        tell("the service of \(example.rawValue) is \(isStopped ? "stopped" : "started")")
        try centre.setService(of: example, isStopped: isStopped)
    }

    /// Somebody else who has the keys puts an application on the card.
    func meddle(_ card: SimulatedCard, _ chance: inout Chance) throws {
        guard !card.instances.contains(ExampleApplication.identity.module),
            let row = watch.books.cards[card.id], row.life == .active, row.inventory != nil,
            watch.books.openOperation(on: card.id) == nil, !watch.rotated.contains(card.id)
        else { return }
        let other = try outsider ?? makeOutsider()
        tell("card \(card.number): somebody else installs identity")
        let books = try other.books()
        guard let row = books.cards[card.id], books.openOperation(on: card.id) == nil else { return }
        let plan = Plan(
            carryingOut: shelf.adding(.identity),
            [.add(application: Shelf.releaseID(.identity).application)], on: row)
        let id = try RequestID("outsider-\(requests.count)-\(visitCount)-\(story.count)")
        _ = try other.desk.request(
            id, plan, deadline: clock.now.advanced(by: .seconds(86_400)), by: .centre)
        try carryAll(card, other)
        if card.instances.contains(ExampleApplication.identity.module) { watch.meddled.insert(card.id) }
    }

    private func makeOutsider() throws -> SimulatedCentre {
        let other = try SimulatedCentre(
            .disk(ground.disk(shape)), ground.models, clock: clock, seed: ~seed, flaws: [])
        for card in cards { try other.register(card) }
        outsider = other
        return other
    }

    /// A visit to another centre, in which nothing goes wrong.
    private func carryAll(_ card: SimulatedCard, _ other: SimulatedCentre) throws {
        card.chip.powerOn()
        watch.isForeign = true
        defer { watch.isForeign = false }
        var reply = try other.desk.arrive(card.id, at: nil)
        while case .order(let order) = reply {
            let answers = order.commands.compactMap { card.answer($0) }
            reply = try other.desk.report(Report(visit: order.visit, number: order.number, answers: answers))
        }
    }

    // MARK: Copies of cards

    func makeClone(of card: SimulatedCard) {
        guard clone == nil else { return }
        tell("somebody makes a copy of card \(card.number)")
        clone = card.clone(seed: seed &+ 77)
        watch.keysAtCloning = watch.books.cards[card.id]?.keySet
        watch.isSeenSinceCloning = false
    }

    /// The copy comes to a terminal; where the card has shown a later counter since, it must be noticed.
    func visitClone(_ chance: inout Chance) throws {
        guard let clone, let original = cards.first(where: { $0.id == clone.id }),
            let row = watch.books.cards[original.id], row.life == .active, isBehind(clone, row.keySet)
        else { return }
        excuse(original.id)
        let hasSameKeys =
            row.keySet.version == watch.keysAtCloning?.version
            && row.keySet.masterKey == watch.keysAtCloning?.masterKey
            && watch.books.openOperation(on: original.id)?.pendingKeys == nil
        if chance.percent(50) {
            tell("a terminal asks for card \(original.number), and falls silent")
            clock.advance(by: .seconds(61))
            _ = try centre.desk.arrive(original.id, at: try TerminalID("reader-8"))
        }
        tell("the copy of card \(original.number) is put into reader 9")
        for _ in 0..<2 {
            clock.advance(by: .seconds(61))
            let ending = try serve(clone)
            tell("    \(ending.story)")
            switch ending {
            case .stopped: return
            case .finished:
                throw Violation(
                    invariant: .clones, words: "the copy of card \(original.number) was served as the card")
            case .interrupted: continue
            }
        }
        guard hasSameKeys else { return }
        throw Violation(invariant: .clones, words: "the copy of card \(original.number) was not noticed")
    }

    /// A copy that is as fresh as the card cannot be told from it by anybody; one with other keys than the card showed
    /// since can.
    private func isBehind(_ clone: SimulatedCard, _ keySet: Card.KeySet) -> Bool {
        guard clone.chip.profile.hasCounter else { return false }
        guard let shown = clone.nextCounter(ofKeys: keySet.version) else { return watch.isSeenSinceCloning }
        guard let least = watch.leastCounter[clone.id], least.version == keySet.version else { return false }
        return shown < least.counter
    }

    private func serve(_ clone: SimulatedCard) throws -> Visit.Ending {
        clone.chip.powerOn()
        var reply = try centre.desk.arrive(clone.id, at: try TerminalID("reader-9"))
        while true {
            switch reply {
            case .over(let ending): return ending
            case .order(let order):
                let answers = order.commands.compactMap { clone.answer($0) }
                reply = try centre.desk.report(
                    Report(visit: order.visit, number: order.number, answers: answers))
            }
        }
    }
}
