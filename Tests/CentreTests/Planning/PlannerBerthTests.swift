import Centre
import FoundationEssentials
import SmartCard
import TestSupport
import Testing

@Suite("Plan of berths, and as a value")
struct PlannerBerthTests {
    typealias Fixture = PictureFixture

    private func wish(_ room: Int, domain: AID?) throws -> Wish {
        .reserve(
            Reservation(provider: try ProviderID("bank"), room: Room(nonVolatile: room), domain: domain))
    }

    @Test("room is reserved by the card where it can, else by the ledger")
    func reserve() throws {
        let domain = try AID(hex: "F00102030405")
        let onCard = try Fixture(free: 8_192, hasQuotas: true).plan(try wish(1_000, domain: domain))
        #expect(onCard.story == ["make domain of bank"])
        #expect(onCard.freeAfter.nonVolatile == 8_192 - 1_000)
        let inLedger = try Fixture(free: 8_192).plan(try wish(1_000, domain: nil))
        #expect(inLedger.story == ["reserve for bank"])
        #expect(inLedger.roundTrips == 0)
        let nameless = try Fixture(free: 8_192, hasQuotas: true).plan(try wish(1_000, domain: nil))
        #expect(nameless.codes == ["domain-name-missing"])
    }

    @Test("what the ledger keeps for one is not free for another")
    func remainder() throws {
        var fixture = try Fixture(free: 4_096)
        try fixture.publish(Fixture.release("b", code: 2_048, data: 256))
        fixture.picture.berths = [
            .init(
                Berth(
                    card: fixture.picture.card.id, provider: try ProviderID("bank"),
                    reserved: Room(nonVolatile: 3_072), means: .ledger,
                    state: .ready(since: Instant(milliseconds: 0))), used: .none)
        ]
        let other = fixture.plan(.add(application: try ApplicationID("b")))
        #expect(other.codes == ["not-enough-room"])
        #expect(other.objections[0].missing == Room(nonVolatile: 2_304 - 1_024))
        try fixture.publish(Fixture.release("b", code: 2_048, data: 256), provider: "bank")
        let own = fixture.plan(.add(application: try ApplicationID("b")))
        #expect(own.isFeasible && own.shortage.isNone)
        #expect(fixture.plan(try wish(100, domain: nil)).codes == ["berth-taken"])
    }

    @Test("a berth that is in use is not released, an empty one is")
    func release() throws {
        var fixture = try Fixture(free: 4_096)
        let berth = Berth(
            card: fixture.picture.card.id, provider: try ProviderID("bank"),
            reserved: Room(nonVolatile: 3_072), means: .ledger, state: .ready(since: Instant(milliseconds: 0))
        )
        fixture.picture.berths = [.init(berth, used: Room(nonVolatile: 1))]
        let wish = Wish.release(provider: try ProviderID("bank"))
        #expect(fixture.plan(wish).codes == ["berth-in-use"])
        fixture.picture.berths = [.init(berth, used: .none)]
        #expect(fixture.plan(wish).story == ["release of bank"])
        fixture.picture.berths = []
        #expect(fixture.plan(wish).codes == ["berth-missing"])
    }

    @Test("adding one to a full card with one parked takes few round trips")
    func roundTrips() throws {
        for (isPredictable, most) in [(false, 6), (true, 4)] {
            var fixture = try Fixture(free: 0, isPredictable: isPredictable)
            try fixture.install(Fixture.release("a", code: 2_048, data: 512))
            try fixture.publish(Fixture.release("b", code: 2_048, data: 256))
            let plan = fixture.plan(.add(application: try ApplicationID("b")))
            #expect(plan.leaving.count == 1)
            #expect(plan.roundTrips <= most)
            #expect(plan.effort.commandCount > plan.steps.count)
        }
    }

    @Test("each thing that cannot be done says so with its own code")
    func refusals() throws {
        var fixture = try Fixture(free: 8_192)
        try fixture.install(
            Fixture.release("a", code: 512, data: 64, parking: .never(reason: "it must not")))
        try fixture.publish(Fixture.release("b", code: 512, data: 64))
        var draft = try Fixture.release("c", code: 512, data: 64)
        draft.life = .draft
        try fixture.publish(draft)
        var foreign = try Fixture.release("d", code: 512, data: 64)
        foreign.compatibility = .only([try ProfileName("other")])
        try fixture.publish(foreign)
        var lonely = try Fixture.release("e", code: 512, data: 64)
        lonely.loadFiles[0].imports = [try AID(hex: "F0AABBCCDDEE")]
        try fixture.publish(lonely)
        let cases: [([Wish], [String])] = [
            ([.add(application: try ApplicationID("zzz"))], ["application-unknown"]),
            ([.addRelease(try #require(ReleaseID("b@9.9")))], ["release-unknown"]),
            ([.add(application: try ApplicationID("c"))], ["release-not-published"]),
            ([.addRelease(draft.id)], ["release-not-published"]),
            ([.add(application: try ApplicationID("d"))], ["profile-unsuited"]),
            ([.add(application: try ApplicationID("e"))], ["import-missing"]),
            ([.add(application: try ApplicationID("a"))], ["already-so"]),
            ([.park(application: try ApplicationID("a"))], ["cannot-park"]),
            ([.park(application: try ApplicationID("b"))], ["not-installed"]),
            ([.remove(application: try ApplicationID("b"))], ["not-installed"]),
            ([.removeInstance(try AID(hex: "F0AABBCCDDEE"))], ["not-installed"]),
            (
                [.remove(application: try ApplicationID("a")), .remove(application: try ApplicationID("a"))],
                ["wishes-contradict"]
            ),
            (
                [.add(application: try ApplicationID("b")), .add(application: try ApplicationID("b"))],
                ["wishes-contradict"]
            ),
        ]
        for (wishes, codes) in cases {
            #expect(fixture.picture.plan(wishes).codes == codes, "\(wishes)")
        }
        fixture.picture.card.life = .blocked(reason: "it was found in the street")
        #expect(fixture.plan(.add(application: try ApplicationID("b"))).codes == ["card-blocked"])
    }

    @Test("a plan holds for the card it was made for, and for no other state of it", .mission(.point2))
    func validity() throws {
        var fixture = try Fixture(free: 8_192)
        try fixture.publish(Fixture.release("b", code: 2_048, data: 256))
        let plan = fixture.plan(.add(application: try ApplicationID("b")))
        #expect(plan.isStillValid(for: fixture.picture.card))
        var changed = fixture.picture.card
        changed.revision += 1
        #expect(!plan.isStillValid(for: changed))
        changed = fixture.picture.card
        changed.inventory?.digest[0] ^= 1
        #expect(!plan.isStillValid(for: changed))
        changed.inventory = nil
        #expect(!plan.isStillValid(for: changed))
    }

    @Test("a plan goes through JSON and comes back the same")
    func coding() throws {
        var fixture = try Fixture(free: 0)
        try fixture.install(Fixture.release("a", code: 2_048, data: 512))
        fixture.picture.fees[try ApplicationID("a")] = DailyFee(minorUnits: 60, currency: "EUR")
        try fixture.publish(Fixture.release("b", code: 1_024, data: 256, personalisation: [[1]]))
        let plan = fixture.plan(.add(application: try ApplicationID("b")))
        #expect(plan.isFeasible && !plan.steps.isEmpty)
        let text = try JSONEncoder().encode(plan)
        #expect(try JSONDecoder().decode(Plan.self, from: text) == plan)
        let readable = String(decoding: text, as: UTF8.self)
        #expect(readable.contains("\"a@1.0\""))
        #expect(readable.contains("\"0123-4567\""))
    }

    @Test("the same picture and wish give the same plan")
    func deterministic() throws {
        var fixture = try Fixture(free: 0)
        for name in ["a", "c", "d", "e"] {
            try fixture.install(Fixture.release(name, code: 1_024, data: 512))
        }
        try fixture.publish(Fixture.release("b", code: 2_048, data: 256))
        let first = fixture.plan(.add(application: try ApplicationID("b")))
        fixture.picture.installed.reverse()
        fixture.picture.loaded.reverse()
        let second = fixture.plan(.add(application: try ApplicationID("b")))
        #expect(first.leaving.map(\.application) == second.leaving.map(\.application))
    }
}
