internal import CardCrypto
internal import CardManagement
internal import Centre
internal import GlobalPlatform
internal import SmartCard
internal import Storage
internal import VirtualCard

// What must hold after every step, and after visits.

extension World {
    // MARK: After every step

    func check() throws {
        try watch.raise()
        watch.books = try centre.books()
        try checkCopies()
        try checkSnapshots()
        try checkBerths()
        try checkFees()
    }

    func checkCopies() throws {
        for treasure in treasures.values.sorted(by: { $0.lineage.hex < $1.lineage.hex })
        where !treasure.mayVanish {
            try check(treasure)
        }
    }

    private func check(_ treasure: Treasure) throws {
        let name = treasure.example.rawValue
        let aid = treasure.example.module
        // What is left on a card that is never served again does not count.
        let alive = cards.filter { !isRetired($0.id) }.compactMap { card in
            card.chip.parking(of: aid).map { (card: card, sight: $0) }
        }.filter { $0.sight.lineage == treasure.lineage && [.active, .frozen].contains($0.sight.state) }
        let stays = watch.books.stays(of: treasure.lineage).filter(\.isOpen)
        guard alive.count <= 1 else {
            let places = alive.map { "\($0.card.number)" }.joined(separator: " and ")
            throw Violation(invariant: .oneCopy, words: "\(name) lives on cards \(places)")
        }
        guard let place = alive.first else {
            let isKept = stays.contains { stay in
                switch stay.state {
                case .surrendering, .held, .returning: watch.books.images[stay.key] == treasure.data
                case .frozen, .provisional, .returned, .discarded: false
                }
            }
            guard isKept else {
                throw Violation(
                    invariant: .oneCopy,
                    words:
                        "\(name) is nowhere: no card has it, and the vault has \(stays.map { "\($0.state)" })"
                )
            }
            return
        }
        guard place.sight.data == treasure.data else {
            throw Violation(
                invariant: .oneCopy, words: "\(name) on card \(place.card.number) has other data than it had")
        }
        for stay in stays {
            switch stay.state {
            case .held:
                throw Violation(
                    invariant: .oneCopy, words: "\(name) lives on card \(place.card.number) and in the vault")
            case .returning(let card, _)
            where card != place.card.id || place.sight.generation <= stay.generation:
                throw Violation(
                    invariant: .oneCopy,
                    words: "\(name) lives on card \(place.card.number) while the vault brings it to \(card)")
            case .frozen, .provisional, .surrendering, .returning, .returned, .discarded: continue
            }
        }
    }

    func checkServices(_ card: SimulatedCard) throws {
        guard let operation = watch.books.openOperation(on: card.id), !operation.isUndoing else { return }
        for example in watch.stopped
        where card.instances.contains(example.module) && !watch.before.contains(example.module) {
            throw Violation(
                invariant: .service, words: "\(example.rawValue) was installed while its service is stopped")
        }
    }

    private func checkFees() throws {
        latest = max(latest, clock.now)
        let charged = watch.books.stays.count { $0.heldSince != nil }
        guard watch.books.fees.count == charged else {
            throw Violation(
                invariant: .fees,
                words: "\(watch.books.fees.count) stays are charged, and there were \(charged)")
        }
        for stay in watch.books.stays {
            if case .returned(_, let at) = stay.state, at > latest {
                throw Violation(invariant: .fees, words: "the fee of \(stay.aid) goes on after it came back")
            }
            if let since = stay.heldSince {
                let first = watch.feesBegan[stay.key] ?? since
                watch.feesBegan[stay.key] = first
                guard first == since, since <= latest else {
                    throw Violation(invariant: .fees, words: "the fee of \(stay.aid) began again")
                }
            } else if watch.feesBegan[stay.key] != nil {
                throw Violation(invariant: .fees, words: "when the fee of \(stay.aid) began is forgotten")
            }
            if let until = Stay(stay)?.until {
                let first = watch.feesEnded[stay.key] ?? until
                watch.feesEnded[stay.key] = first
                guard first == until else {
                    throw Violation(invariant: .fees, words: "the fee of \(stay.aid) ended twice")
                }
            }
            let charged = watch.books.fees[StayID(card: stay.card, aid: stay.aid, ordinal: stay.ordinal)]
            guard charged == Stay(stay) else {
                throw Violation(
                    invariant: .fees,
                    words: "what is charged for \(stay.aid) is not what its custody says: "
                        + "\(charged.map { "\($0)" } ?? "nothing")")
            }
        }
    }

    // MARK: Receipts

    /// What the card signed in a visit that came to its end is kept, and proved; nothing else counts as proved.
    func checkConfirmations(_ sitting: Sitting, hasFinished: Bool) throws {
        guard shape.hasReceipts else { return }
        for kept in watch.books.confirmations where kept.isProved {
            let number = kept.counter ?? -1
            guard watch.receipts[kept.card, default: []].contains(number) else {
                throw Violation(
                    invariant: .confirmations, words: "receipt \(number) counts, and no card gave it")
            }
            guard watch.books.confirmations.count(where: { $0.isSameProof(as: kept) }) == 1 else {
                throw Violation(invariant: .confirmations, words: "receipt \(number) counts twice")
            }
        }
        guard hasFinished, !sitting.isTainted else { return }
        let mine = watch.books.confirmations.filter { $0.card == sitting.card.id }
        for number in watch.receiptsNow.sorted() {
            guard let kept = mine.first(where: { $0.counter == number }) else {
                throw Violation(
                    invariant: .confirmations,
                    words: "receipt \(number) of card \(sitting.card.number) was lost")
            }
            guard kept.isProved || watch.rotated.contains(sitting.card.id) else {
                throw Violation(
                    invariant: .confirmations,
                    words: "receipt \(number) of card \(sitting.card.number) was not believed "
                        + "(\(Hex.encode(kept.data)) of \(Hex.encode(kept.fields)))")
            }
        }
    }

    // MARK: After a visit in which nobody lied

    func checkLedger(_ card: SimulatedCard) throws {
        let known = watch.books.installed[card.id, default: []].subtracting([card.chip.profile.issuerDomain])
        guard known == card.instances else {
            let differences = known.symmetricDifference(card.instances).map { "\($0)" }.sorted()
            throw Violation(
                invariant: .ledger,
                words: "the ledger and card \(card.number) differ in \(differences.joined(separator: ", "))")
        }
        try checkDataless(card)
        try checkReleases(card)
        if mood == .interruptions, let drift = watch.books.cards[card.id]?.inventory?.drift {
            throw Violation(
                invariant: .ledger, words: "nobody else was at card \(card.number), and yet: \(drift)")
        }
        if watch.meddled.remove(card.id) != nil, watch.books.cards[card.id]?.inventory?.drift == nil {
            throw Violation(
                invariant: .ledger,
                words: "that somebody else changed card \(card.number) is not written down")
        }
    }

    /// What has no data of its own is on its card or in custody; unless what another card gave up came in its place.
    private func checkDataless(_ card: SimulatedCard) throws {
        // Where answers carry no MAC, somebody on the way can say that it left.
        guard card.chip.profile.hasResponseProof else { return }
        for stay in watch.books.stays
        where stay.isHeld && !stay.hasImage && stay.card == card.id && card.instances.contains(stay.aid)
            && !watch.besides.contains(stay.key)
        {
            let isAnothers = watch.books.stays.contains { other in
                if case .returned(card.id, _) = other.state, other.aid == stay.aid, other.card != card.id {
                    true
                } else {
                    false
                }
            }
            guard !isAnothers else { continue }
            throw Violation(
                invariant: .oneCopy, words: "\(stay.aid) is on card \(card.number), and counts as in custody")
        }
    }

    /// The code of every application is that of the release that it counts as.
    private func checkReleases(_ card: SimulatedCard) throws {
        guard watch.books.cards[card.id]?.inventory?.drift == nil, card.chip.profile.hasResponseProof else {
            return
        }
        for example in ExampleApplication.withData where card.instances.contains(example.module) {
            guard let release = watch.books.releases[card.id]?[example.module] else { continue }
            let block = shelf.article(example, Shelf.edition(of: release)).block
            let version = card.chip.contents.loadFile(example.loadFile)?.version
            guard version == LoadFile.packageVersion(ofDataBlock: block) else {
                throw Violation(
                    invariant: .ledger,
                    words: "\(example.rawValue) on card \(card.number) counts as \(release), and its code is "
                        + "\(version.map(Hex.encode) ?? "none")")
            }
        }
    }

    /// What is written down as done can be seen on the card.
    func checkEnds(_ card: SimulatedCard) throws {
        let newest = requests.last { $0.operation.card == card.id }?.id
        for operation in watch.books.operations
        where operation.card == card.id && !operation.isOpen && watch.ended.insert(operation.id).inserted {
            // What came after may have changed it again.
            guard operation.state == .ended(.done), operation.id == newest else { continue }
            let unproved = watch.unproved[operation.id] ?? []
            try checkThings(of: operation, on: card, except: unproved)
            let proved = operation.steps.enumerated().filter { !unproved.contains($0.offset) }.map(\.element)
            for case .personalise(let task) in proved
            where card.chip.parking(of: task.instance)?.data.first != 1 {
                throw Violation(
                    invariant: .doneIsDone, words: "\(operation.id) is done, but \(task.instance) has no data"
                )
            }
            // That it is at work it says under a seal, whatever else is believed.
            for case .restore(let task) in proved + operation.steps.filter(\.isSealedReturn)
            where card.chip.parking(of: task.instance)?.state != .active {
                throw Violation(
                    invariant: .doneIsDone,
                    words: "\(operation.id) is done, but \(task.instance) is not active")
            }
            for case .restore(let task) in proved
            where task.way == .script && card.chip.parking(of: task.instance)?.data.first != 1 {
                throw Violation(
                    invariant: .doneIsDone,
                    words: "\(operation.id) is done, but nobody wrote the data of \(task.instance)")
            }
        }
    }
}

extension World {
    fileprivate func checkCode(
        of task: PlanStep.Upgrade, _ operation: Operation, _ card: SimulatedCard
    ) throws {
        guard let example = ExampleApplication.withData.first(where: { $0.loadFile == task.loadFile }) else {
            return
        }
        let block = shelf.article(example, Shelf.edition(of: task.new.release)).block
        guard
            card.chip.contents.loadFile(task.loadFile)?.version == LoadFile.packageVersion(ofDataBlock: block)
        else {
            throw Violation(
                invariant: .doneIsDone, words: "\(operation.id) is done, but the code is not the new one")
        }
    }

    /// What was made is there, what was deleted is not, and what was moved stands where it belongs.
    fileprivate func checkThings(
        of operation: Operation, on card: SimulatedCard, except unproved: Set<Int>
    ) throws {
        for case .upgrade(let task) in operation.steps { try checkCode(of: task, operation, card) }
        let hasProof = card.chip.profile.hasResponseProof
        var (expected, places) = Self.effects(of: operation.steps, hasProof: hasProof)
        let doubtful = Self.effects(
            of: operation.steps.indices.filter(unproved.contains).map { operation.steps[$0] },
            hasProof: hasProof)
        for aid in doubtful.expected.keys { expected[aid] = nil }
        for aid in doubtful.places.keys { places[aid] = nil }
        let there = card.instances.union(card.chip.contents.loadFiles.map(\.aid))
        for (aid, isThere) in expected where there.contains(aid) != isThere {
            throw Violation(
                invariant: .doneIsDone,
                words: "\(operation.id) is done, but \(aid) is \(isThere ? "not " : "")on the card")
        }
        for (aid, domain) in places {
            guard let place = card.chip.contents.application(aid)?.domain, place != domain else { continue }
            throw Violation(
                invariant: .doneIsDone, words: "\(operation.id) is done, but \(aid) stands under \(place)")
        }
    }
}

extension World {
    /// What is there afterwards and what is not, and what stands under which domain.
    private static func effects(
        of steps: [PlanStep], hasProof: Bool
    ) -> (expected: [AID: Bool], places: [AID: AID]) {
        var expected: [AID: Bool] = [:]
        var places: [AID: AID] = [:]
        for step in steps {
            switch step {
            case .install(let install): expected[install.aid] = true
            case .load(let load): expected[load.aid] = true
            case .makeDomain(let domain): expected[domain.aid] = true
            case .removeInstance(let removal): expected[removal.instance] = false
            case .dropDomain(let aid): expected[aid] = false
            // Where answers carry no MAC, somebody on the way can say that code is gone.
            case .removeLoadFile(let aid): if hasProof { expected[aid] = false }
            case .upgrade(let task):
                expected[task.loadFile] = true
                for instance in task.instances { expected[instance] = true }
            case .extradite(let move): places[move.object] = move.to
            case .park, .snapshot, .reserveInLedger, .releaseInLedger, .personalise, .identify, .restore,
                .putKeys:
                continue
            }
        }
        return (expected, places)
    }
}

extension PlanStep {
    fileprivate var isSealedReturn: Bool {
        if case .restore(let task) = self { task.way == .contract } else { false }
    }
}

extension KeptConfirmation {
    fileprivate func isSameProof(as other: KeptConfirmation) -> Bool {
        isProved && card == other.card && counter == other.counter
    }
}
