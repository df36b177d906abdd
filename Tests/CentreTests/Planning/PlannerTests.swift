import Centre
import FoundationEssentials
import SmartCard
import TestSupport
import Testing

@Suite("Plan")
struct PlannerTests {
    typealias Fixture = PictureFixture

    private func application(_ name: String) throws -> ApplicationID { try ApplicationID(name) }
    private func add(_ name: String) throws -> Wish { .add(application: try application(name)) }

    @Test("what fits is loaded and installed, and nobody leaves", .mission(.b3))
    func fits() throws {
        var fixture = try Fixture(free: 8_192)
        try fixture.publish(Fixture.release("b", code: 2_048, data: 256, personalisation: [[1, 2, 3]]))
        let plan = fixture.plan(try add("b"))
        #expect(plan.story == ["load b", "install b", "personalise b"])
        #expect(plan.shortage == .none)
        #expect(plan.leaving == [])
        #expect(plan.freeAfter == Room(nonVolatile: 8_192 - 2_048 - 256, volatile: 1_024))
        #expect(plan.isFeasible)
    }

    @Test("the shortage is what is needed less what is free", .mission(.b3), .mission(.b4))
    func shortage() throws {
        var fixture = try Fixture(free: 1_024)
        try fixture.install(Fixture.release("a", code: 2_048, data: 512))
        try fixture.publish(Fixture.release("b", code: 2_048, data: 256))
        let plan = fixture.plan(try add("b"))
        #expect(plan.shortage == Room(nonVolatile: 1_280))
        #expect(plan.story == ["park a", "remove a", "unload a", "load b", "install b"])
        #expect(plan.leaving.map(\.cause) == [.makesRoom])
        #expect(plan.optimality == .proven)
        #expect(plan.leaving[0].reasons.contains { $0.contains("last used 300 days ago") })
    }

    @Test("of two, the one that was not used for long leaves", .mission(.b4), .mission(.point2))
    func recency() throws {
        var fixture = try Fixture(free: 0)
        try fixture.install(Fixture.release("a", code: 2_048, data: 512), usedDaysAgo: 0)
        try fixture.install(Fixture.release("c", code: 2_048, data: 512), usedDaysAgo: 200)
        try fixture.publish(Fixture.release("b", code: 1_024, data: 256))
        #expect(fixture.plan(try add("b")).leaving.map(\.application) == [try application("c")])
    }

    @Test("the dearer custody stays", .mission(.point2))
    func fee() throws {
        var fixture = try Fixture(free: 0)
        for name in ["a", "c"] { try fixture.install(Fixture.release(name, code: 2_048, data: 512)) }
        fixture.picture.fees[try application("a")] = DailyFee(minorUnits: 60, currency: "EUR")
        fixture.picture.fees[try application("c")] = DailyFee(minorUnits: 7, currency: "EUR")
        try fixture.publish(Fixture.release("b", code: 1_024, data: 256))
        let plan = fixture.plan(try add("b"))
        #expect(plan.leaving.map(\.application) == [try application("c")])
        #expect(plan.custodyPerDay == [DailyFee(minorUnits: 7, currency: "EUR")])
    }

    @Test("a load file that LOAD cannot number is refused, and goes in long commands where there are such")
    func longLoadFile() throws {
        // 256 blocks of 223 bytes, of which the tag and its length take four.
        for (code, isExtended, channel, codes) in [
            (57_084, false, Card.KeySet.Channel.scp03, []), (57_085, false, .scp03, ["load-file-too-long"]),
            (57_085, true, .scp03, []), (57_085, true, .scp02, ["load-file-too-long"]),
            (2_000_000, true, .scp03, []),
        ] {
            var fixture = try Fixture(free: 3_000_000)
            fixture.picture.model.hasExtendedLength = isExtended
            fixture.picture.card.keySet.channel = channel
            try fixture.publish(Fixture.release("b", code: code, data: 256))
            let plan = fixture.plan(try add("b"))
            #expect(plan.codes == codes, "\(code), \(isExtended), \(channel)")
            let loading = plan.steps.first { if case .load = $0.step { true } else { false } }
            #expect((loading?.effort.commandCount ?? 0) <= 257)
            // On the card already, it needs no loading.
            try fixture.install(Fixture.release("b", code: code, data: 256))
            #expect(fixture.plan(.remove(application: try application("b"))).isFeasible)
        }
    }

    @Test("what takes longer to leave and come back stays", .mission(.point2))
    func timeToMove() throws {
        var fixture = try Fixture(free: 0)
        for name in ["a", "c"] { try fixture.install(Fixture.release(name, code: 2_048, data: 512)) }
        fixture.picture.installed[0].imageBytes = 60_000
        fixture.picture.installed[1].imageBytes = 60
        try fixture.publish(Fixture.release("b", code: 1_024, data: 256))
        #expect(fixture.plan(try add("b")).leaving.map(\.application) == [try application("c")])
    }

    @Test("of what is enough, that leaves which is least beyond the need", .mission(.b4), .mission(.point2))
    func leastExcess() throws {
        var fixture = try Fixture(free: 0)
        try fixture.install(Fixture.release("a", code: 8_192, data: 512))
        try fixture.install(Fixture.release("c", code: 2_048, data: 512))
        try fixture.install(Fixture.release("d", code: 1_024, data: 512))
        try fixture.publish(Fixture.release("b", code: 2_048, data: 256))
        #expect(fixture.plan(try add("b")).leaving.map(\.application) == [try application("c")])
    }

    @Test("only the instance leaves where that is enough")
    func instanceOnly() throws {
        var fixture = try Fixture(free: 1_024)
        try fixture.install(Fixture.release("a", code: 2_048, data: 512))
        try fixture.publish(Fixture.release("b", code: 1_024, data: 256))
        let plan = fixture.plan(try add("b"))
        #expect(plan.story == ["park a", "remove a", "load b", "install b"])
        #expect(plan.leaving[0].reasons.contains { $0.contains("Its code stays") })
    }

    @Test("a shared library leaves only with its last user")
    func sharedLibrary() throws {
        var fixture = try Fixture(free: 0)
        try fixture.install(Fixture.release("a", code: 512, data: 256, imports: ["l"]))
        try fixture.install(Fixture.release("c", code: 512, data: 256, imports: ["l"]))
        try fixture.publish(Fixture.release("b", code: 2_048, data: 256))
        let both = fixture.plan(try add("b"))
        #expect(both.leaving.count == 2)
        #expect(Set(both.story.filter { $0.hasPrefix("unload") }).contains("unload l"))
        try fixture.publish(Fixture.release("d", code: 512, data: 128))
        let one = fixture.plan(try add("d"))
        #expect(one.leaving.count == 1)
        #expect(!one.story.contains("unload l"))
    }

    @Test("code that the new application imports stays")
    func neededLibrary() throws {
        var fixture = try Fixture(free: 0)
        try fixture.install(Fixture.release("a", code: 512, data: 256, imports: ["l"]))
        try fixture.publish(Fixture.release("b", code: 512, data: 128, imports: ["l"]))
        let plan = fixture.plan(try add("b"))
        #expect(plan.story == ["park a", "remove a", "unload a", "load b", "install b"])
    }

    @Test("what may not leave stays, and the plan says why and by how much it fails", .mission(.point2))
    func cannotFit() throws {
        var fixture = try Fixture(free: 0)
        try fixture.install(
            Fixture.release("a", code: 2_048, data: 512), stay: .pinned(reason: "it opens the door"))
        try fixture.install(
            Fixture.release("c", code: 2_048, data: 512, parking: .never(reason: "its keys never leave")))
        try fixture.install(Fixture.release("d", code: 1_024, data: 512))
        fixture.picture.vetoes[try application("e")] = .byProvider(reason: "it is in use today")
        try fixture.install(Fixture.release("e", code: 1_024, data: 512))
        try fixture.publish(Fixture.release("b", code: 2_048, data: 256))
        let plan = fixture.plan(try add("b"))
        #expect(plan.codes == ["not-enough-room"])
        #expect(plan.objections[0].missing == Room(nonVolatile: 2_304 - 1_536))
        for word in ["it opens the door", "its keys never leave", "it is in use today"] {
            #expect(plan.objections[0].reason.contains(word))
        }
        #expect(plan.steps.isEmpty && plan.leaving.isEmpty && !plan.isFeasible)
    }

    @Test("what the holder wants to keep leaves only if nothing else is enough")
    func preferred() throws {
        var fixture = try Fixture(free: 0)
        try fixture.install(Fixture.release("a", code: 4_096, data: 512), stay: .preferred)
        try fixture.install(Fixture.release("c", code: 1_024, data: 512), usedDaysAgo: 0)
        try fixture.publish(Fixture.release("b", code: 1_024, data: 256))
        #expect(fixture.plan(try add("b")).leaving.map(\.application) == [try application("c")])
        try fixture.publish(Fixture.release("f", code: 4_096, data: 256))
        let plan = fixture.plan(try add("f"))
        #expect(plan.leaving.map(\.application) == [try application("a")])
        #expect(plan.leaving[0].reasons.contains { $0.contains("holder wants to keep it") })
    }

    @Test("volatile memory is made as well")
    func volatileMemory() throws {
        var fixture = try Fixture(free: 8_192)
        fixture.picture.free.volatile = 10
        try fixture.install(Fixture.release("a", code: 512, data: 64, volatile: 200))
        try fixture.install(Fixture.release("c", code: 4_096, data: 64))
        try fixture.publish(Fixture.release("b", code: 512, data: 64, volatile: 150))
        let plan = fixture.plan(try add("b"))
        #expect(plan.shortage == Room(nonVolatile: 0, volatile: 140))
        #expect(plan.leaving.map(\.application) == [try application("a")])
    }

    @Test("every park comes before every removal, and code after its instances and before them")
    func order() throws {
        var fixture = try Fixture(free: 0)
        for name in ["a", "c", "d"] {
            try fixture.install(Fixture.release(name, code: 512, data: 256, imports: ["l"]))
        }
        try fixture.publish(Fixture.release("b", code: 2_048, data: 256, imports: ["m"]))
        let story = fixture.plan(try add("b")).story
        let kinds = story.map { $0.split(separator: " ")[0] }
        #expect(kinds == kinds.sorted { rank($0) < rank($1) }, "\(story)")
        #expect(try #require(story.firstIndex(of: "unload l")) > story.firstIndex(of: "unload a") ?? -1)
        #expect(try #require(story.firstIndex(of: "load m")) < story.firstIndex(of: "load b") ?? -1)
    }

    private func rank(_ kind: Substring) -> Int {
        ["park", "remove", "unload", "load", "install"].firstIndex(of: String(kind)) ?? 9
    }

    @Test("an update parks, replaces and brings the data back")
    func update() throws {
        var fixture = try Fixture(free: 4_096)
        try fixture.install(Fixture.release("a", code: 2_048, data: 512))
        let new = try Fixture.release("a", version: "1.1", code: 2_304, data: 512)
        try fixture.publish(new)
        let plan = fixture.plan(.update(to: new.id))
        #expect(
            plan.story == ["park a", "remove a", "unload a", "load a", "install a vacant", "restore a"])
        #expect(plan.custodyPerDay == [])
        #expect(plan.leaving.map(\.cause) == [.replaced])
    }

    @Test("what an update cannot take over stays in custody, and its fee is told")
    func updateWithoutData() throws {
        var fixture = try Fixture(free: 4_096)
        try fixture.install(Fixture.release("a", code: 2_048, data: 512))
        fixture.picture.fees[try application("a")] = DailyFee(minorUnits: 7, currency: "EUR")
        let new = try Fixture.release(
            "a", version: "1.1", code: 2_304, data: 512, parking: .never(reason: "it has nothing to keep"))
        try fixture.publish(new)
        let plan = fixture.plan(.update(to: new.id))
        #expect(plan.objections.map(\.kind) == [.dataLost])
        #expect(plan.custodyPerDay == [DailyFee(minorUnits: 7, currency: "EUR")])
    }

    @Test("a restored application gets its own data")
    func restore() throws {
        var fixture = try Fixture(free: 8_192)
        let release = try Fixture.release("a", code: 2_048, data: 512)
        try fixture.publish(release)
        let key = CustodyKey(card: fixture.picture.card.id, aid: try Fixture.instance("a"), ordinal: 3)
        fixture.picture.custody = [
            Custody(
                card: key.card, aid: key.aid, ordinal: 3, release: release.id,
                provider: try ProviderID("shop"), parking: .contract,
                state: .held(since: Instant(milliseconds: 0)), imageBytes: 450,
                room: Room(nonVolatile: 600), openedAt: Instant(milliseconds: 0))
        ]
        let plan = fixture.plan(.restore(key))
        #expect(plan.story == ["load a", "install a vacant", "restore a"])
        guard case .restore(let step)? = plan.steps.last?.step else {
            Issue.record("no restoration")
            return
        }
        #expect(step.source == .held(key))
        #expect(step.imageBytes == 450)
        fixture.picture.custody[0].state = .provisional
        #expect(fixture.plan(.restore(key)).codes == ["not-held"])
    }

    @Test("an image that comes back needs room beside the instance that takes it over")
    func imageOnItsWay() throws {
        for (free, leaving) in [(1_056, []), (1_024, ["park b", "remove b"])] {
            var fixture = try Fixture(free: free)
            let release = try Fixture.release("a", code: 512, data: 320)
            try fixture.publish(release)
            try fixture.install(Fixture.release("b", code: 512, data: 256))
            let key = CustodyKey(card: fixture.picture.card.id, aid: try Fixture.instance("a"), ordinal: 1)
            fixture.picture.custody = [
                Custody(
                    card: key.card, aid: key.aid, ordinal: 1, release: release.id,
                    provider: try ProviderID("shop"), parking: .contract,
                    state: .held(since: Instant(milliseconds: 0)), imageBytes: 200,
                    room: Room(nonVolatile: 320), openedAt: Instant(milliseconds: 0))
            ]
            let plan = fixture.plan(.restore(key))
            #expect(plan.story == leaving + ["load a", "install a vacant", "restore a"])
            #expect(plan.freeAfter.nonVolatile == free + (leaving.isEmpty ? 0 : 256) - 832)
        }
    }

    @Test("data that were on their way to this card can be asked for again, and those for another cannot")
    func askedAgain() throws {
        var fixture = try Fixture(free: 8_192)
        let release = try Fixture.release("a", code: 2_048, data: 512)
        try fixture.publish(release)
        let key = CustodyKey(card: fixture.picture.card.id, aid: try Fixture.instance("a"), ordinal: 1)
        for (card, story) in [
            (key.card, ["load a", "install a vacant", "restore a"]), (try CardID("AA"), []),
        ] {
            fixture.picture.custody = [
                Custody(
                    card: key.card, aid: key.aid, ordinal: 1, release: release.id,
                    provider: try ProviderID("shop"), parking: .contract,
                    state: .returning(to: card, since: Instant(milliseconds: 0)), imageBytes: 450,
                    room: Room(nonVolatile: 600), openedAt: Instant(milliseconds: 0))
            ]
            let plan = fixture.plan(.restore(key))
            #expect(plan.story == story)
            #expect(plan.codes == (story.isEmpty ? ["not-held"] : []))
        }
    }

    @Test("nothing is added in the place of data that are on their way to this card")
    func promised() throws {
        var fixture = try Fixture(free: 8_192)
        let release = try Fixture.release("a", code: 2_048, data: 512)
        try fixture.publish(release)
        let (card, other) = (fixture.picture.card.id, try CardID("AA"))
        let since = Instant(milliseconds: 0)
        for (state, codes) in [
            (Custody.State.returning(to: card, since: since), ["name-taken"]),
            (.returning(to: other, since: since), []), (.held(since: since), ["left-out"]),
        ] {
            fixture.picture.custody = [
                Custody(
                    card: card, aid: try Fixture.instance("a"), ordinal: 1, release: release.id,
                    provider: try ProviderID("shop"), parking: .contract, state: state, imageBytes: 450,
                    room: Room(nonVolatile: 600), openedAt: since)
            ]
            for wish in [try add("a"), .addRelease(release.id)] {
                let plan = fixture.plan(wish)
                #expect(plan.codes == codes, "\(state)")
                let isRefused = codes == ["name-taken"]
                #expect(plan.isFeasible == !isRefused, "\(state)")
                #expect(plan.story == (isRefused ? [] : ["load a", "install a"]), "\(state)")
                guard isRefused else { continue }
                #expect(plan.objections[0].reason == "The data of a are on their way to this card.")
                #expect(plan.objections[0].remedy.contains("restore it"))
            }
        }
    }

    @Test("a removal is for good, and takes code along that nobody needs")
    func remove() throws {
        var fixture = try Fixture(free: 0)
        try fixture.install(Fixture.release("a", code: 512, data: 256, imports: ["l"]))
        let plan = fixture.plan(.remove(application: try application("a")))
        #expect(plan.story == ["remove a", "unload a", "unload l"])
        #expect(plan.freeAfter.nonVolatile == 512 + 256 + 1_024)
    }

    @Test("a new card gets what its holder uses, with the data that were kept")
    func renew() throws {
        var fixture = try Fixture(free: 16_000)
        for name in ["a", "c", "d"] { try fixture.publish(Fixture.release(name, code: 1_024, data: 128)) }
        fixture.picture.holderSet = try ["a", "c", "d"].map { try application($0) }
        fixture.picture.applications[try application("d")]?.service = .stopped(reason: "it is over")
        fixture.picture.custody = [
            Custody(
                card: try CardID("AA"), aid: try Fixture.instance("a"), ordinal: 1,
                release: ReleaseID(try application("a"), try ReleaseVersion("1.0")),
                provider: try ProviderID("shop"), parking: .contract,
                state: .held(since: Instant(milliseconds: 0)), imageBytes: 100,
                room: Room(nonVolatile: 128), openedAt: Instant(milliseconds: 0))
        ]
        let plan = fixture.plan(.renew)
        #expect(
            plan.story == ["load a", "load c", "install a vacant", "restore a", "install c"])
        #expect(plan.codes == ["data-lost", "left-out"])
        #expect(plan.isFeasible)
    }
}
