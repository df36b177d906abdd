import CardManagement
import Centre
import GlobalPlatform
import SmartCard
import Storage
import TestSupport
import Testing
import VirtualCard

private typealias F = RoomFacts

@Suite("Footprints of real steps")
struct FootprintCardTests {
    private static func book(_ store: any Store, _ model: CardModel, _ examples: [RoomExample]) throws
        -> SizeBook
    {
        let footprints = try store.read {
            try $0.footprints(of: examples.flatMap(\.parts), on: model.profile)
        }
        return SizeBook(model: model, footprints: footprints, releases: examples.map(\.release))
    }

    /// Puts all examples on the card, and into the store what was measured.
    private static func fill(
        _ card: RoomCard, _ examples: [RoomExample], _ store: any Store, counting: [RoomExample]? = nil
    ) throws {
        var nobody: CardDossier?
        for example in examples {
            try card.load(example, in: &nobody)
            try card.install(example, in: &nobody)
        }
        let counted = Set((counting ?? examples).flatMap(\.parts))
        let measurements = card.measurements.filter { counted.contains($0.key) }
        let model = card.model
        try store.write { transaction in
            for (part, measurement) in measurements.sorted(by: { $0.key.text < $1.key.text }) {
                try transaction.learn(measurement, of: part, on: model, at: F.start)
            }
        }
    }

    @Test(
        "what one card took is what the next one is expected to take, to the byte, and never less",
        .mission(.point3), arguments: RoomCard.profiles)
    func learn(_ profile: String) throws {
        let store = try F.store()
        let examples = try RoomExample.some(on: profile)
        let first = try RoomCard(profile)
        let before = try Self.book(store, first.model, examples)
        try Self.fill(first, examples, store)
        let after = try Self.book(store, first.model, examples)
        let second = try RoomCard(profile, seed: 2)
        try Self.fill(second, examples, store)
        for example in examples {
            var sizes =
                [(Footprint.Part.loadFile(digest: example.file.digest), { $0.size(of: example.file) })]
                as [(Footprint.Part, (SizeBook) -> Picture.Size)]
            if let instance = example.instance {
                sizes.append(
                    (
                        .instance(example.release.id, instance.aid),
                        { $0.size(of: instance, of: example.release.id) }
                    ))
            }
            for (part, size) in sizes {
                let truth = try #require(second.truths[part])
                #expect(size(before).origin == .declared)
                #expect(size(before).most.covers(truth), "\(profile) \(part.text) before learning")
                #expect(size(after).most.covers(truth), "\(profile) \(part.text)")
                if first.isHonest {
                    #expect(size(after).room == truth, "\(profile) \(part.text)")
                    #expect(size(after).origin == .learned)
                }
            }
        }
        #expect(after.isReportDoubted == !first.isHonest, "\(profile)")
        let trusted = try Self.book(store, first.model, examples)
        if first.isHonest {
            // Two cards agree to the byte; a third agreement, and no margin is needed.
            try Self.fill(try RoomCard(profile, seed: 3), examples, store)
            let sure = try Self.book(store, first.model, examples)
            #expect(examples.allSatisfy { sure.size(of: $0.file).spread.isNone })
            #expect(examples.allSatisfy { sure.size(of: $0.file).room == trusted.size(of: $0.file).room })
        }
    }

    @Test(
        "the first of its kind on a profile is given what it takes, and less in vain than before others were known",
        .mission(.point3), arguments: RoomCard.profiles)
    func firstOfItsKind(_ profile: String) throws {
        let examples = try RoomExample.some(on: profile)
        for new in examples.indices where examples.count > 3 {
            let others = examples.indices.filter { $0 != new }.map { examples[$0] }
            let store = try F.store()
            let card = try RoomCard(profile)
            let blind = try Self.book(store, card.model, examples).size(of: examples[new].file)
            // All go onto the card; what the new one took is not told to anybody.
            try Self.fill(card, examples, store, counting: others)
            let book = try Self.book(store, card.model, examples)
            let size = book.size(of: examples[new].file)
            let truth = try #require(card.truths[.loadFile(digest: examples[new].file.digest)])
            #expect(size.origin == .declared)
            #expect(size.most.covers(truth), "\(profile) \(examples[new].release.id): \(size) for \(truth)")
            guard card.isHonest else { continue }
            #expect(blind.most.nonVolatile > size.most.nonVolatile, "\(profile) \(examples[new].release.id)")
        }
    }

    @Test(
        "used and free of a card add up after every step, and a reading finds no drift",
        .mission(.a5), .mission(.b2), arguments: RoomCard.profiles)
    func ledger(_ profile: String) throws {
        let store = try F.store()
        let examples = try RoomExample.some(on: profile)
        let card = try RoomCard(profile)
        let book = try Self.book(store, card.model, examples)
        let applications = examples.map {
            Application(id: $0.release.id.application, name: "x", provider: F.provider("bank"))
        }
        let names = CatalogueNames(releases: examples.map(\.release), applications: applications)
        func read(_ dossier: CardDossier, _ seconds: Int) throws -> InventoryOutcome {
            try dossier.reading(
                card.contents(), at: F.start.advanced(by: .seconds(seconds)), names: names, sizes: book)
        }
        var dossier: CardDossier? = try read(CardDossier(card: F.card()), 0).dossier
        let sum = dossier?.card.inventory?.sum
        #expect((sum != nil) == card.isHonest)
        for (index, example) in examples.enumerated() {
            try card.load(example, in: &dossier)
            try card.install(example, in: &dossier)
            let known = try #require(dossier)
            let outcome = try read(known, index + 1)
            #expect(outcome.dossier.findings.isEmpty, "\(profile) \(example.release.id)")
            if card.isHonest {
                #expect(outcome.dossier.card.inventory?.sum == sum, "\(profile) \(example.release.id)")
                let account = BerthLedger(outcome.dossier, names: names, sizes: book).account
                #expect(account.used + account.reserved + account.free == sum)
                #expect(account.free.nonVolatile == card.card.freeMemory.nonVolatile)
            } else {
                // A card that misreports is reckoned by what things take at most: never more free than there is.
                #expect(outcome.dossier.card.inventory?.free == nil)
                let account = BerthLedger(outcome.dossier, names: names, sizes: book).account
                #expect(account.free.nonVolatile <= card.card.freeMemory.nonVolatile)
            }
            dossier = outcome.dossier
        }
        // Somebody else deletes one behind our back.
        let victim = try #require(examples.last?.instance)
        try card.must(.delete(victim.aid, withRelated: false))
        let drifting = try read(try #require(dossier), 100).dossier
        #expect(drifting.findings.map(\.aid) == [victim.aid])
        #expect(drifting.driftRepair.wishes == [.addRelease(try #require(examples.last).release.id)])
    }

    @Test("a domain keeps its reserve on cards that heed it", .mission(.a3), arguments: RoomCard.profiles)
    func reserve(_ profile: String) throws {
        let card = try RoomCard(profile)
        guard card.isHonest, card.model.hasQuotas else { return }
        let book = SizeBook(model: card.model)
        let domain = F.aid("F0426572740A01")
        var dossier = try CardDossier(card: F.card()).reading(
            card.contents(), at: F.start, names: CatalogueNames(), sizes: book
        ).dossier
        let sum = dossier.card.inventory?.sum
        let wish = F.reservation("bank", 4_096, quota: 4_096, domain: domain.description)
        func after(_ event: BerthEvent) throws -> CardDossier {
            try BerthLedger(dossier, names: CatalogueNames(), sizes: book).after(
                event, of: F.provider("bank"), at: F.start)
        }
        dossier = try after(.request(wish, of: F.owner("bank"), cardCount: 0, software: CardSoftware()))
        let asked = BerthLedger(dossier, names: CatalogueNames(), sizes: book).account.free
        #expect(throws: BerthRefusal.self) { try after(.made(.registry)) }
        let before = try card.report()
        let parameters = InstallParameters(nonVolatileQuota: 4_096, nonVolatileReserved: 4_096)
        try card.must(
            InstallCommand.install(
                .init(
                    loadFile: F.aid("A0000001515350"), module: F.aid("A000000151535041"), instance: domain,
                    privileges: .securityDomain, parameters: parameters), makeSelectable: true
            ).command())
        let row = InstalledApplication(
            card: F.id(), aid: domain, lifeCycle: 0x07, privileges: .securityDomain)
        dossier.installed(row, .init(before: before, after: try card.report()), on: card.model)
        dossier = try after(.made(.registry))
        let account = BerthLedger(dossier, names: CatalogueNames(), sizes: book).account
        // What was kept back before the card knew is what the card keeps now.
        #expect(account.free == asked)
        #expect(account.reservedOnCard == Room(nonVolatile: 4_096))
        #expect(account.sum == sum)
        dossier = try after(.release)
        #expect(throws: BerthRefusal.self) { try after(.released(.registry)) }
        let full = try card.report()
        try card.must(.delete(domain, withRelated: false))
        dossier.removed(domain, .init(before: full, after: try card.report()), on: card.model)
        dossier = try after(.released(.registry))
        let read = try dossier.reading(
            card.contents(), at: F.start, names: CatalogueNames(), sizes: book)
        #expect(read.dossier.findings.isEmpty && read.dossier.berths.isEmpty)
        #expect(read.dossier.card.inventory?.sum == sum)
    }
}
