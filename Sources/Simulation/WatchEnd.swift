internal import CardCrypto
internal import CardManagement
internal import Centre
internal import GlobalPlatform
internal import SmartCard
internal import Storage
internal import VirtualCard

// What must hold when nothing goes wrong any more.

extension World {
    // MARK: At the end

    /// Nothing goes wrong any more, and every card is put into a reader until nothing is left to do.
    func calmDown() throws {
        centre.disk?.heal()
        heldReports = []
        for _ in 0..<10 {
            for card in cards {
                clock.advance(by: .seconds(120))
                var chance = Chance(seed: seed)
                try visit(card, faults: [], &chance)
                try check()
            }
            if watch.books.operations.allSatisfy({ !$0.isOpen || estranged.contains($0.card) }) { break }
        }
        for card in cards {
            clock.advance(by: .seconds(120))
            var chance = Chance(seed: seed)
            try visit(card, faults: [], &chance)
        }
        try check()
        try checkBill()
        try checkRest()
        try checkTold()
        try checkSecrecy()
    }

    private func checkTold() throws {
        let told = try centre.endsTold()
        for operation in watch.books.operations {
            let count = told["operation/\(operation.id)"] ?? 0
            guard count != (operation.isOpen ? 0 : 1) else { continue }
            throw Violation(
                invariant: .told,
                words: "\(operation.id) is \(operation.isOpen ? "open" : "over"), and its end was told "
                    + (count == 1 ? "once" : "\(count) times"))
        }
    }

    /// So many cents for so many milliseconds of each stay, rounded half up; nothing else is owed.
    private func checkBill() throws {
        var sum: Int64 = 0
        let day = Int64(86_400_000)
        for (stay, since) in watch.feesBegan {
            let until = min(watch.feesEnded[stay] ?? clock.now, clock.now)
            // Before everything began there was no tariff; the clock may have gone back to then.
            let from = max(since, SimulatedCentre.start)
            let milliseconds = max(0, until.milliseconds - from.milliseconds)
            sum += (2 * SimulatedCentre.feePerDay * milliseconds + day) / (2 * day)
        }
        let bill = try centre.bill()
        guard bill == sum else {
            throw Violation(invariant: .fees, words: "\(bill) cents are owed, and \(sum) should be")
        }
    }

    private func checkRest() throws {
        for operation in watch.books.operations
        where operation.isOpen && !estranged.contains(operation.card) {
            guard watch.books.cards[operation.card]?.life == .active else { continue }
            throw Violation(
                invariant: .rest,
                words: "\(operation.id) does not come to an end: \(operation.lastRefusal?.text ?? "")")
        }
        for request in requests where !request.isExcused {
            let state = watch.books.operations.first { $0.id == request.id }?.state
            guard state == .ended(.done) else {
                throw Violation(
                    invariant: .rest,
                    words: "\(request.id) was only interrupted, and still ended as "
                        + "\(state.map { "\($0)" } ?? "nothing")")
            }
        }
        for card in cards where watch.books.cards[card.id]?.life == .active {
            for example in ExampleApplication.withData {
                guard let sight = card.chip.parking(of: example.module), sight.state != .active else {
                    continue
                }
                throw Violation(
                    invariant: .rest, words: "\(example.rawValue) on card \(card.number) stays \(sight.state)"
                )
            }
        }
        for stay in watch.books.stays
        where stay.isOpen && !stay.isHeld && watch.books.cards[stay.card]?.life == .active {
            if case .returning(let id, _) = stay.state {
                guard watch.books.cards[id]?.life == .active else { continue }
                // Where answers carry no MAC nothing proves that it is not there; asking for it once more does.
                if let card = cards.first(where: { $0.id == id }), !card.chip.profile.hasResponseProof,
                    !card.instances.contains(stay.aid)
                {
                    continue
                }
            }
            throw Violation(invariant: .rest, words: "the stay of \(stay.aid) stays \(stay.state)")
        }
    }

    private func checkSecrecy() throws {
        let secrets =
            [SimulatedCentre.factoryKeys, SimulatedCentre.freshKeys, OwnKeys.material].map(\.hex)
            + treasures.values.map(\.data.hex)
        for treasure in treasures.values
        where treasure.data.count >= 12 && centre.isOnDisk(treasure.data) {
            throw Violation(
                invariant: .secrecy,
                words: "the data of \(treasure.example.rawValue) stand on the disk in clear")
        }
        let texts = try centre.texts() + story
        let everything = Array(texts.joined(separator: "\n").uppercased().utf8)
        for secret in secrets where everything.holds(Array(secret.utf8)) {
            let text = texts.first { $0.uppercased().contains(secret) } ?? ""
            throw Violation(invariant: .secrecy, words: "a text shows what is secret: \(text.prefix(60))")
        }
    }
}
