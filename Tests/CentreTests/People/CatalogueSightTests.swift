import Centre
import GlobalPlatform
import SmartCard
import Storage
import TestSupport
import Testing

@Suite("What a provider learns of others' load files and names", .mission(.b1))
struct CatalogueSightTests {
    private typealias Catalogue = CatalogueTests

    private func bench() throws -> PeopleBench {
        let bench = try PeopleBench()
        try bench.addProvider("city")
        try bench.addProvider("rail")
        for (application, provider) in [("purse", "city"), ("library", "city"), ("pass", "rail")] {
            try bench.addApplication(application, of: provider)
        }
        return bench
    }

    /// As an operator does it for the provider 'city'.
    private func publish(_ bench: PeopleBench, _ release: Release, _ caps: [CAPImport]) throws {
        try bench.act { act in
            for cap in caps { try act.keep(cap, for: name("city")) }
            try act.draft(release)
            try act.publish(release.id)
        }
    }

    private func isPublished(_ bench: PeopleBench, _ id: ReleaseID) throws -> Bool {
        try bench.all(Release.self).contains { $0.id == id && $0.life == .published(at: bench.clock.now) }
    }

    @Test("a digest alone names nothing that others brought; who brings the same bytes may name them")
    func digestsOfOthers() throws {
        let bench = try bench()
        let shared = try Catalogue.cap(Catalogue.library)
        let mine = try Catalogue.cap(Catalogue.package, modules: [Catalogue.module])
        let first = Catalogue.release("purse@1.0", [shared, mine], instance: Catalogue.instance)
        try publish(bench, first, [shared, mine])

        let (city, rail) = (Act.Actor.provider(name("city")), Act.Actor.provider(name("rail")))
        let theirs = Catalogue.release("pass@1.0", [shared])
        try bench.act(as: rail) { try $0.draft(theirs) }
        #expect(try bench.refusal(as: rail) { try $0.publish(theirs.id) } == "load-file-missing")
        var unknown = theirs
        unknown.id = ReleaseID(reading: "pass@1.1")
        unknown.loadFiles[0].digest = [UInt8](repeating: 7, count: 32)
        try bench.act(as: rail) { try $0.draft(unknown) }
        #expect(try bench.refusal(as: rail) { try $0.publish(unknown.id) } == "load-file-missing")
        // A provider's own applications have each other's, and the bytes are not kept again for who brings them too.
        let next = Catalogue.release("library@1.0", [shared])
        try bench.act(as: city) { act in
            try act.draft(next)
            try act.publish(next.id)
        }
        try bench.act(as: rail) { act in
            try act.keep(shared, for: name("rail"))
            try act.publish(theirs.id)
        }
        #expect(try bench.all(LoadFileBlob.self).count == 2)
        // An operator has the whole catalogue.
        let given = Catalogue.release("pass@1.2", [mine], instance: aid("A0000003210202"))
        try bench.act { act in
            try act.draft(given)
            try act.publish(given.id)
        }
    }

    @Test("what an operator published for a provider, its next release may name by digest")
    func digestsOfOwnReleases() throws {
        let bench = try bench()
        let shared = try Catalogue.cap(Catalogue.library)
        try publish(bench, Catalogue.release("purse@1.0", [shared]), [shared])
        let rail = Act.Actor.provider(name("rail"))
        let first = Catalogue.release("pass@1.0", [shared])
        let second = Catalogue.release("pass@1.1", [shared])
        try bench.act { act in
            try act.draft(first)
            try act.publish(first.id)
        }
        try bench.act(as: rail) { act in
            try act.draft(second)
            try act.publish(second.id)
        }
        #expect(try isPublished(bench, second.id))
    }

    @Test("whose release has an AID is told to those who may know of it, and to nobody else")
    func takenByWhom() throws {
        let bench = try bench()
        let mine = try Catalogue.cap(Catalogue.package, modules: [Catalogue.module])
        try publish(bench, Catalogue.release("purse@1.0", [mine], instance: Catalogue.instance), [mine])
        let cap = try Catalogue.cap(aid("A00000032102"), modules: [aid("A0000003210201")])
        func words(_ application: String, as actor: Act.Actor) throws -> String? {
            let release = Catalogue.release("\(application)@1.0", [cap], instance: Catalogue.instance)
            let provider: ProviderID = application == "pass" ? name("rail") : name("city")
            let refusal = #expect(throws: CatalogueRefusal.self) {
                try bench.act(as: actor) { act in
                    try act.keep(cap, for: provider)
                    try act.draft(release)
                    try act.publish(release.id)
                }
            }
            #expect(refusal?.code == "aid-taken")
            return refusal.map { $0.reason + $0.remedy }
        }
        let stranger = try words("pass", as: .provider(name("rail")))
        #expect(stranger?.contains("purse") == false && stranger?.contains("operator") == true)
        #expect(try words("library", as: .provider(name("city")))?.contains("purse@1.0") == true)
        #expect(try words("pass", as: PeopleBench.root)?.contains("purse@1.0") == true)
    }
}
