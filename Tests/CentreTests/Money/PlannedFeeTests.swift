import Centre
import SmartCard
import Storage
import TestSupport
import Testing

/// What a plan says that custody costs, beside what is owed after a day of it.
@Suite("The fee of a plan", .mission(.point2), .mission(.b11))
struct PlannedFeeTests {
    private struct Models: CardModels {
        func model(of profile: ProfileName) -> CardModel? {
            CardModel(profile: profile, total: Room(nonVolatile: 16_384, volatile: 1_024))
        }

        func channelOptions(of profile: ProfileName, _ channel: Card.KeySet.Channel) -> UInt8? { nil }
    }

    private static let instances = ["A0000000010101", "A0000000010102", "A0000000010103"]
    private static let loadFile = aid("A00000000101")
    private static let imageBytes = 500

    /// A card with the first so many instances of an application that has three.
    private func bench(_ basis: Tariff.Basis, _ rate: Int64, count: Int) throws -> PeopleBench {
        let bench = try PeopleBench(now: "2026-03-01T00:00:00Z")
        try bench.addProvider("city")
        try bench.addApplication("purse", of: "city")
        try bench.addCard("0A")
        try bench.act { act in
            let digest = [UInt8](repeating: 1, count: 32)
            let room = Room(nonVolatile: Self.imageBytes)
            act.transaction.put(
                Release(
                    id: release("purse@1.0"), life: .published(at: act.now),
                    loadFiles: [
                        .init(aid: Self.loadFile, digest: digest, byteCount: 1_000, declared: room)
                    ],
                    instances: Self.instances.map {
                        Release.Instance(
                            aid: aid($0), module: aid($0), loadFile: Self.loadFile, declared: room)
                    }, parking: .contract))
            act.transaction.put(
                InstalledLoadFile(
                    card: name("0A"), aid: Self.loadFile, lifeCycle: 1, digest: digest, measured: room))
            for instance in Self.instances.prefix(count) {
                act.transaction.put(
                    InstalledApplication(
                        card: name("0A"), aid: aid(instance), lifeCycle: 7, loadFile: Self.loadFile,
                        release: release("purse@1.0"), measured: room))
            }
            try act.setTariff(
                for: name("city"), basis: basis, rate: rate,
                terms: .init(currency: try #require(Currency("EUR"))))
            var card = try #require(try act.transaction.lock(Card.self, key: .text("0A")))
            card.inventory = Card.Inventory(
                readAt: act.now, free: Room(nonVolatile: 4_000, volatile: 500), digest: digest)
            act.transaction.put(card)
        }
        return bench
    }

    /// As the plan has it: each instance is a stay of its own.
    private func keep(_ count: Int, _ bench: PeopleBench) throws {
        try bench.act { act in
            for instance in Self.instances.prefix(count) {
                let custody = Custody(
                    card: name("0A"), aid: aid(instance), ordinal: 1, release: release("purse@1.0"),
                    provider: name("city"), parking: .contract, state: .held(since: act.now), generation: 1,
                    lineage: [1], imageBytes: Self.imageBytes, digest: [1],
                    room: Room(nonVolatile: Self.imageBytes), openedAt: act.now, heldSince: act.now)
                act.transaction.put(custody)
                act.transaction.put(try #require(Stay(custody)))
            }
        }
    }

    /// Five cents for a stay and day, and ten for 1,000 bytes of it.
    @Test(
        "is what is owed for all instances together, by the day and by the bytes",
        arguments: [(Tariff.Basis.day, Int64(5_000_000)), (.kilobyteDay, 10_000_000)],
        [(1, "0.05 EUR"), (2, "0.10 EUR"), (3, "0.15 EUR")])
    func asOwed(tariff: (Tariff.Basis, Int64), kept: (Int, String)) throws {
        let bench = try bench(tariff.0, tariff.1, count: kept.0)
        let wishes = [Wish.park(application: name("purse"))]
        let plan = try bench.act { try $0.plan(wishes, on: name("0A"), Models()) }
        #expect(plan.isFeasible, "\(plan.objections)")
        #expect(plan.leaving.flatMap(\.instances).count == kept.0)
        #expect(plan.custodyPerDay.map(\.description) == [kept.1])
        try keep(kept.0, bench)
        bench.clock.advance(by: .seconds(86_400))
        let owed = try bench.act { act in
            let march = try #require(Period(year: 2026, month: 3))
            return try act.statement(for: .provider(name("city")), march, viewer: .everything).totals
        }
        #expect(owed.map(\.description) == [kept.1])
    }
}
