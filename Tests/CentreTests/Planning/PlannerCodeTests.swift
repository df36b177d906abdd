import Centre
import GlobalPlatform
import SmartCard
import TestSupport
import Testing

@Suite("Which code comes and goes in a plan", .mission(.b3))
struct PlannerCodeTests {
    typealias Fixture = PictureFixture

    private func application(_ name: String) throws -> ApplicationID { try ApplicationID(name) }

    /// Two applications that share a library, and their next releases with another version of it.
    private func sharing() throws -> (fixture: Fixture, new: [Release]) {
        var fixture = try Fixture(free: 8_192)
        var new: [Release] = []
        for name in ["a", "c"] {
            try fixture.install(Fixture.release(name, code: 512, data: 256, imports: ["l"]))
            let release = try Fixture.release(
                name, version: "1.1", code: 512, data: 256, imports: ["l"], libraryVersion: "1.1")
            try fixture.publish(release)
            new.append(release)
        }
        return (fixture, new)
    }

    @Test("an update brings another version of its own library along")
    func ownLibrary() throws {
        var fixture = try Fixture(free: 8_192)
        try fixture.install(Fixture.release("a", code: 512, data: 256, imports: ["l"]))
        let new = try Fixture.release(
            "a", version: "1.1", code: 512, data: 256, imports: ["l"], libraryVersion: "1.1")
        try fixture.publish(new)
        let story = [
            "park a", "remove a", "unload a", "unload l", "load l", "load a", "install a vacant", "restore a",
        ]
        #expect(fixture.plan(.update(to: new.id)).story == story)
        // Also where the code itself is the same: no card lets a library go that something imports.
        var same = new
        same.loadFiles[1].digest = Fixture.digest("a", "1.0")
        try fixture.publish(same)
        #expect(fixture.plan(.update(to: same.id)).story == story)
    }

    @Test("who shares a library follows in the same plan, in whatever order it is wished, and else it stays")
    func shared() throws {
        let (fixture, new) = try sharing()
        let alone = fixture.plan(.update(to: new[0].id))
        #expect(alone.codes == ["still-needed"])
        #expect(alone.objections[0].reason.contains("needed there by c."))
        for order in [new, new.reversed()] {
            let plan = fixture.plan(.update(to: order[0].id), .update(to: order[1].id))
            #expect(plan.codes == [] && plan.story.filter { $0 == "unload l" || $0 == "load l" }.count == 2)
        }
        for wishes in [
            [Wish.update(to: new[0].id), .remove(application: try application("c"))],
            [.remove(application: try application("c")), .update(to: new[0].id)],
        ] { #expect(fixture.picture.plan(wishes).isFeasible) }
    }

    @Test("two that come with different versions of a library contradict each other")
    func contradiction() throws {
        var fixture = try Fixture(free: 8_192)
        try fixture.publish(Fixture.release("a", code: 512, data: 256, imports: ["l"]))
        try fixture.publish(
            Fixture.release("c", code: 512, data: 256, imports: ["l"], libraryVersion: "1.1"))
        let wishes = try ["a", "c"].map { Wish.add(application: try application($0)) }
        #expect(fixture.picture.plan(wishes).codes == ["wishes-contradict"])
        #expect(fixture.picture.plan(wishes.reversed()).codes == ["wishes-contradict"])
    }

    // MARK: Libraries of others

    /// `x` needs `l` from version 1.1 on, and `l` is published in these versions.
    private func importing(_ published: [UInt8], onCard minor: UInt8?) throws -> Fixture {
        var fixture = try Fixture(free: 8_192)
        let name = try Fixture.code("l")
        func edition(_ minor: UInt8) throws -> Release {
            let digest = Fixture.digest("l", "1.\(minor)")
            fixture.picture.packages[digest] = KeptLoadFile(
                digest: digest, package: CAPPackage(aid: name, version: CAPVersion(1, minor)),
                byteCount: 1_024, modules: [], imports: [])
            return Release(
                id: ReleaseID(try application("l"), try ReleaseVersion("1.\(minor)")),
                life: .published(at: Instant(milliseconds: Int64(minor))),
                loadFiles: [
                    .init(
                        aid: name, digest: digest, byteCount: 1_024, declared: Room(nonVolatile: 1_024))
                ], instances: [], parking: .stateless)
        }
        var release = try Fixture.release("x", code: 512, data: 256)
        release.loadFiles[0].imports = [name]
        try fixture.publish(release)
        fixture.picture.packages[release.loadFiles[0].digest] = KeptLoadFile(
            digest: release.loadFiles[0].digest,
            package: CAPPackage(aid: release.loadFiles[0].aid, version: CAPVersion(1, 0)), byteCount: 512,
            modules: [], imports: [CAPPackage(aid: name, version: CAPVersion(1, 1))])
        for minor in published {
            let library = try edition(minor)
            try fixture.publish(library)
            fixture.picture.libraries[release.id, default: []].append(
                NeededLoadFile(loadFile: library.loadFiles[0], release: library.id))
        }
        if let minor {
            let present = try edition(minor)
            try fixture.install(present)
        }
        return fixture
    }

    @Test("an import is met by what is on the card, else by what is published, and else is named")
    func imports() throws {
        let wish = Wish.add(application: try application("x"))
        let cases: [(published: [UInt8], onCard: UInt8?, story: [String])] = [
            ([1], nil, ["load l", "load x", "install x"]),
            ([1], 1, ["load x", "install x"]), ([1], 2, ["load x", "install x"]),
            ([], 1, ["load x", "install x"]), ([1], 0, ["unload l", "load l", "load x", "install x"]),
        ]
        for (published, onCard, story) in cases {
            let plan = try importing(published, onCard: onCard).plan(wish)
            #expect(plan.story == story, "\(published), \(String(describing: onCard)): \(plan.codes)")
        }
        let missing = try importing([], onCard: nil).plan(wish)
        #expect(missing.codes == ["import-missing"])
        #expect(missing.objections[0].reason.contains("neither on the card nor published"))
        let old = try importing([], onCard: 0).plan(wish)
        #expect(old.codes == ["import-missing"])
        #expect(old.objections[0].reason.contains("in version 1.1"))
    }

    @Test("the registry's version counts, and what tells none is believed")
    func versions() throws {
        let wish = Wish.add(application: try application("x"))
        var fixture = try importing([1], onCard: 0)
        fixture.picture.loaded[0].entry.version = [1, 1]
        #expect(fixture.plan(wish).story == ["load x", "install x"])
        fixture.picture.loaded[0].entry.version = nil
        fixture.picture.loaded[0].entry.digest = nil
        #expect(fixture.plan(wish).story == ["load x", "install x"])
        fixture.picture.loaded[0].entry.version = [1, 0]
        #expect(fixture.plan(wish).story == ["unload l", "load l", "load x", "install x"])
    }

    @Test("a library that is too old stays where something needs it, and the plan says what")
    func tooOld() throws {
        var fixture = try importing([1], onCard: 0)
        var user = try Fixture.release("u", code: 512, data: 256)
        user.loadFiles[0].imports = [try Fixture.code("l")]
        try fixture.install(user)
        let wish = Wish.add(application: try application("x"))
        let plan = fixture.plan(wish)
        #expect(plan.codes == ["still-needed"] && plan.objections[0].reason.contains("needed there by u."))
        #expect(fixture.plan(wish, .remove(application: try application("u"))).isFeasible)
    }
}
