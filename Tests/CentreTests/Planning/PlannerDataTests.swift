import Centre
import SmartCard
import TestSupport
import Testing

@Suite("Plan: data that come, stay and leave")
struct PlannerDataTests {
    typealias Fixture = PictureFixture

    private func application(_ name: String) throws -> ApplicationID { try ApplicationID(name) }

    @Test("a release's script is for its first instance, whichever of them is missing", arguments: [0, 1])
    func scripts(missing: Int) throws {
        var fixture = try Fixture(free: 8_192)
        var release = try Fixture.release("a", code: 1_024, data: 128, personalisation: [[1, 2, 3]])
        let second = try Fixture.aid("a", [2])
        release.instances.append(
            .init(
                aid: second, module: second, loadFile: try Fixture.code("a"),
                declared: Room(nonVolatile: 128)))
        try fixture.install(release)
        fixture.picture.installed.remove(at: missing)
        let plan = fixture.plan(.addRelease(release.id))
        #expect(plan.story == (missing == 0 ? ["install a", "personalise a"] : ["install a"]))
        #expect(plan.isFeasible)
    }

    @Test("what is copied stays: it neither leaves by another wish nor makes room")
    func copied() throws {
        var fixture = try Fixture(free: 1_024)
        var release = try Fixture.release("a", code: 1_024, data: 512)
        release.permitsSnapshots = true
        try fixture.install(release)
        let name = try application("a")
        let copy = Wish.snapshot(application: name)
        #expect(fixture.plan(copy).story == ["copy a"])
        var new = try Fixture.release("a", version: "1.1", code: 1_088, data: 512)
        new.permitsSnapshots = true
        try fixture.publish(new)
        for other in [Wish.park(application: name), .remove(application: name), .update(to: new.id)] {
            for wishes in [[copy, other], [other, copy]] {
                let plan = fixture.picture.plan(wishes)
                #expect(plan.codes.contains("wishes-contradict"), "\(wishes)")
                #expect(!plan.isFeasible)
            }
        }
        try fixture.publish(Fixture.release("b", code: 1_024, data: 256))
        let add = Wish.add(application: try application("b"))
        #expect(fixture.plan(add).leaving.map(\.application) == [name])
        #expect(fixture.plan(copy, add).codes == ["not-enough-room"])
    }

    private func held(_ card: CardID, _ release: Release, since: Int64) throws -> Custody {
        Custody(
            card: card, aid: try Fixture.instance("a"), ordinal: 1, release: release.id,
            provider: try ProviderID("shop"), parking: .contract,
            state: .held(since: Instant(milliseconds: since)), imageBytes: 100,
            room: Room(nonVolatile: 128), openedAt: Instant(milliseconds: since),
            heldSince: Instant(milliseconds: since))
    }

    @Test("what left a release that was withdrawn comes back into it, and leaves by wish only")
    func withdrawn() throws {
        var fixture = try Fixture(free: 4_096)
        var release = try Fixture.release("a", code: 1_024, data: 128)
        release.life = .withdrawn(at: Instant(milliseconds: 1), reason: "it has a mistake")
        try fixture.publish(release)
        let stay = try held(fixture.picture.card.id, release, since: 5)
        fixture.picture.custody = [stay]
        #expect(fixture.plan(.restore(stay.key)).story == ["load a", "install a vacant", "restore a"])
        #expect(fixture.plan(.addRelease(release.id)).codes == ["release-not-published"])
        fixture.picture.applications[release.id.application]?.service = .stopped(reason: "it is over")
        #expect(fixture.plan(.restore(stay.key)).codes == ["service-stopped"])
        var full = try Fixture(free: 0)
        try full.install(release)
        try full.publish(Fixture.release("b", code: 512, data: 128))
        #expect(
            full.plan(.park(application: try application("a"))).story == ["park a", "remove a", "unload a"])
        let plan = full.plan(.add(application: try application("b")))
        #expect(plan.codes == ["not-enough-room"])
        #expect(plan.objections[0].reason.contains("a stays: its release was withdrawn"))
    }

    @Test("a new card gets the newest data of an application, and is told of the others")
    func newest() throws {
        var fixture = try Fixture(free: 8_192)
        let release = try Fixture.release("a", code: 1_024, data: 128)
        try fixture.publish(release)
        fixture.picture.holderSet = [try application("a")]
        let (first, second) = (try CardID("AA"), try CardID("BB"))
        fixture.picture.custody = [
            try held(first, release, since: 5), try held(second, release, since: 9),
        ]
        func source() -> PlanStep.Source? {
            guard case .restore(let step)? = fixture.plan(.renew).steps.last?.step else { return nil }
            return step.source
        }
        #expect(source() == .held(fixture.picture.custody[1].key))
        let plan = fixture.plan(.renew)
        #expect(plan.codes == ["left-out"])
        #expect(plan.objections[0].reason.contains("card AA"))
        // A copy that was made before is older, whenever its card was given up.
        fixture.picture.copiedAt[fixture.picture.custody[1].key] = Instant(milliseconds: 3)
        #expect(source() == .held(fixture.picture.custody[0].key))
    }
}
