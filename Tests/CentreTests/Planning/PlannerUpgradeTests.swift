import Centre
import GlobalPlatform
import SmartCard
import TestSupport
import Testing

@Suite("Plan of an update in place")
struct PlannerUpgradeTests {
    typealias Fixture = PictureFixture

    /// A card with version 1.0 of `a`, and what its next version is like.
    private static func fixture(
        free: Int = 4_096, old: Bool = true, new: Bool = true, card: Bool = true,
        parking: Release.Parking = .contract, data: Int = 512
    ) throws -> (Fixture, Wish) {
        var fixture = try Fixture(free: free)
        fixture.picture.model.upgradesLoadFiles = card
        try fixture.install(
            Fixture.release("a", code: 2_048, data: data, parking: parking, isUpgradable: old))
        let release = try Fixture.release(
            "a", version: "1.1", code: 2_304, data: data, parking: parking, isUpgradable: new)
        try fixture.publish(release)
        return (fixture, .update(to: release.id))
    }

    private static let away = ["park a", "remove a", "unload a", "load a", "install a vacant", "restore a"]

    @Test("card and both releases allow it: one step, nothing leaves, nothing is paid", .mission(.point2))
    func inPlace() throws {
        let (fixture, wish) = try Self.fixture()
        let plan = fixture.plan(wish)
        #expect(plan.story == ["upgrade a"])
        #expect(plan.leaving.isEmpty && plan.custodyPerDay.isEmpty && plan.objections.isEmpty)
        #expect(plan.freeAfter.nonVolatile == 4_096 - 256)
        #expect(plan.roundTrips == 3)
        let (other, same) = try Self.fixture(new: false, card: false)
        #expect(plan.effort.commandCount < other.plan(same).effort.commandCount)
        #expect(plan.roundTrips < other.plan(same).roundTrips)
    }

    @Test("either of them does not know it: the data leave and come back")
    func away() throws {
        for (old, new, card) in [(false, true, true), (true, false, true), (true, false, false)] {
            let (fixture, wish) = try Self.fixture(old: old, new: new, card: card)
            #expect(fixture.plan(wish).story == Self.away, "\(old) \(new) \(card)")
        }
        let (fixture, wish) = try Self.fixture(card: false)
        #expect(fixture.plan(wish).codes == ["profile-unsuited"])
    }

    @Test("somebody else uses the code, room is reserved, or the names differ: the data leave")
    func obstacles() throws {
        let (ground, wish) = try Self.fixture()
        var imported = ground
        try imported.install(Fixture.release("b", code: 512, data: 64, imports: ["a"]))
        #expect(!imported.plan(wish).story.contains("upgrade a"))
        var foreign = ground
        foreign.picture.loaded[0].entry.digest = [UInt8](repeating: 1, count: 32)
        #expect(!foreign.plan(wish).story.contains("upgrade a"))
        var renamed = ground
        for id in renamed.picture.releases.keys where id.version.text == "1.1" {
            renamed.picture.releases[id]?.instances[0].privileges = .cardLock
        }
        #expect(!renamed.plan(wish).story.contains("upgrade a"))
    }

    @Test("what must not leave is updated all the same, since it does not leave")
    func never() throws {
        let never = Release.Parking.never(reason: "its keys are this card's")
        let (fixture, wish) = try Self.fixture(parking: never)
        #expect(fixture.plan(wish).story == ["upgrade a"])
        let (other, same) = try Self.fixture(new: false, parking: never)
        #expect(other.plan(same).codes == ["cannot-park"])
    }

    @Test("what is saved stands beside the instance, and others leave where there is no room for it")
    func room() throws {
        // 512 bytes of data and 128 of what says where they belong.
        for (free, story) in [(640 + 256, ["upgrade a"]), (640 + 224, ["park b", "remove b", "upgrade a"])] {
            var (fixture, wish) = try Self.fixture(free: free)
            try fixture.install(Fixture.release("b", code: 512, data: 64))
            #expect(fixture.plan(wish).story == story, "\(free)")
            #expect(fixture.plan(wish).isFeasible)
        }
    }

    @Test("two wishes for the same application contradict each other")
    func contradiction() throws {
        let (fixture, wish) = try Self.fixture()
        let application = try ApplicationID("a")
        for other in [Wish.remove(application: application), .park(application: application)] {
            #expect(!fixture.picture.plan([wish, other]).isFeasible)
            #expect(!fixture.picture.plan([other, wish]).isFeasible)
        }
    }
}
