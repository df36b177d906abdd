import Centre
import SmartCard
import Storage
import TestSupport
import Testing

@Suite("The register of providers")
struct ProviderTests {
    private func bench() throws -> PeopleBench {
        let bench = try PeopleBench()
        try bench.addProvider("city", domains: [aid("A000000321"), aid("A00000065001")])
        try bench.addProvider("rail")
        try bench.addProvider("post", sight: .also([name("city")]))
        for (application, provider) in [("purse", "city"), ("pass", "rail"), ("loans", "post")] {
            try bench.addApplication(application, of: provider)
        }
        return bench
    }

    private static let limits = Provider.Limits(roomPerCard: Room(nonVolatile: 1), cardsMax: 1)

    static let refusals: [HolderTests.Case] = [
        .init("a name that exists", "provider-exists") {
            try $0.registerProvider(name("city"), name: "City", limits: limits)
        },
        .init("no name", "provider-text") {
            try $0.registerProvider(name("bank"), name: "", limits: limits)
        },
        .init("negative room", "provider-limits") {
            try $0.registerProvider(
                name("bank"), name: "B", limits: .init(roomPerCard: Room(nonVolatile: -1), cardsMax: 1))
        },
        .init("more room than any card has", "provider-limits") {
            try $0.changeProvider(
                name("city"),
                limits: .init(roomPerCard: Room(nonVolatile: 1, volatile: 1 << 30 + 1), cardsMax: 1))
        },
        .init("more cards than there are", "provider-limits") {
            try $0.changeProvider(
                name("city"), limits: .init(roomPerCard: .none, cardsMax: 1_000_000_001))
        },
        .init("another's domain", "domain-taken") {
            try $0.changeProvider(name("rail"), domains: [aid("A000000321")])
        },
        .init("a domain inside another's", "domain-taken") {
            try $0.changeProvider(name("rail"), domains: [aid("A00000032105")])
        },
        .init("a domain around another's", "domain-taken") {
            try $0.registerProvider(
                name("bank"), name: "B", limits: limits, domains: [aid("A000000650")])
        },
        .init("two domains of which one begins with the other", "domain-twice") {
            try $0.changeProvider(name("rail"), domains: [aid("A000000777"), aid("A00000077701")])
        },
        .init("a domain twice", "domain-twice") {
            try $0.changeProvider(name("rail"), domains: [aid("A000000777"), aid("A000000777")])
        },
        .init("too many domains", "provider-too-many") {
            try $0.changeProvider(
                name("rail"),
                domains: (0..<33).map { aid("A0000007" + UInt8($0).hex) })
        },
        .init("sight of itself", "provider-sight") {
            try $0.changeProvider(name("city"), sight: .also([name("city")]))
        },
        .init("sight of one twice", "provider-sight") {
            try $0.changeProvider(name("city"), sight: .also([name("rail"), name("rail")]))
        },
        .init("sight of nobody known", "provider-unknown") {
            try $0.changeProvider(name("city"), sight: .also([name("bank")]))
        },
        .init("changing nobody", "provider-unknown") { try $0.changeProvider(name("bank"), name: "B") },
        .init("suspending nobody", "provider-unknown") {
            try $0.suspendProvider(name("bank"), reason: "Why not.")
        },
        .init("suspending without a reason", "provider-text") {
            try $0.suspendProvider(name("city"), reason: "")
        },
        .init("lifting no suspension", "provider-not-suspended") { try $0.resumeProvider(name("city")) },
        .init("a provider registers itself", "not-permitted", as: .provider(name("bank"))) {
            try $0.registerProvider(name("bank"), name: "B", limits: limits)
        },
        .init("a provider widens its own sight", "not-permitted", as: .provider(name("city"))) {
            try $0.changeProvider(name("city"), sight: .also([name("rail")]))
        },
        .init("a provider suspends another", "not-permitted", as: .provider(name("city"))) {
            try $0.suspendProvider(name("rail"), reason: "Competition.")
        },
        .init("a provider lifts its own suspension", "not-permitted", as: .provider(name("city"))) {
            try $0.resumeProvider(name("city"))
        },
    ]

    @Test("is refused in words, and changes nothing", arguments: refusals)
    func refused(_ example: HolderTests.Case) throws {
        #expect(try bench().refusal(as: example.actor) { try example.body($0) } == example.code)
    }

    @Test("what is given is changed, and the rest stays")
    func change() throws {
        let bench = try bench()
        try bench.act { try $0.changeProvider(name("city"), name: "City of X") }
        let city = try #require(try bench.all(Provider.self).first { $0.id == name("city") })
        #expect(city.name == "City of X" && city.domains == [aid("A000000321"), aid("A00000065001")])
        let before = try bench.dump()
        try bench.act { try $0.changeProvider(name("city"), name: "City of X") }
        #expect(try bench.dump() == before)
        // Its own domains are no obstacle.
        try bench.act { try $0.changeProvider(name("city"), domains: [aid("A0000003210A")]) }
    }

    @Test(
        "a domain belongs to whoever registered its beginning",
        arguments: [
            ("A000000321", "city"), ("A0000003210102", "city"), ("A0000006500199", "city"),
            ("A00000065002", nil), ("A000000322", nil),
        ])
    func owner(_ domain: String, _ owner: String?) throws {
        let found = try bench().act { act in [try act.owner(ofDomain: aid(domain))?.text] }
        #expect(found == [owner])
    }

    @Test(
        "everybody sees what is theirs to see",
        arguments: [
            (Act.Actor.operator(name("root")), ["loans", "pass", "purse"]),
            (.centre, ["loans", "pass", "purse"]),
            (.provider(name("city")), ["purse"]), (.provider(name("rail")), ["pass"]),
            (.provider(name("post")), ["loans", "purse"]), (.holder(name("4711")), []),
            (.terminal(name("t")), []),
        ])
    func sight(_ actor: Act.Actor, _ visible: [String]) throws {
        let bench = try bench()
        try bench.act(as: actor) { act in
            let viewer = try act.viewer()
            #expect(try act.applications(for: viewer).map(\.id.text) == visible)
            #expect(try act.figures(for: viewer).map(\.application.text) == visible)
            for id in ["loans", "pass", "purse"] {
                let isVisible = visible.contains(id)
                #expect(((try? act.application(name(id), for: viewer)) != nil) == isVisible)
                #expect(((try? act.figures(of: name(id), for: viewer)) != nil) == isVisible)
                #expect(((try? act.releases(of: name(id), for: viewer)) != nil) == isVisible)
            }
        }
    }

    @Test("what another has is refused in the words for what does not exist")
    func sameWords() throws {
        let bench = try bench()
        try bench.act(as: .provider(name("rail"))) { act in
            let viewer = try act.viewer()
            for id in ["purse", "nothing"] {
                #expect(throws: CatalogueRefusal.applicationUnknown(name(id))) {
                    try act.application(name(id), for: viewer)
                }
                #expect(throws: CatalogueRefusal.applicationUnknown(name(id))) {
                    try act.stopService(of: name(id), reason: "Now.")
                }
            }
        }
    }

    @Test("sight does not reach to what another has on cards or owes")
    func ownOnly() throws {
        let bench = try bench()
        let own = try bench.act(as: .provider(name("post"))) { try $0.ownViewer() }
        #expect(own == .providers([name("post")]))
        #expect(!own.sees(name("city")))
    }

    @Test("a suspended provider can ask for nothing, and can again when it is lifted")
    func suspended() throws {
        let bench = try bench()
        try bench.addHolder("1")
        try bench.act { try $0.suspendProvider(name("city"), reason: "Unpaid bills.") }
        let refusal = ProviderRefusal.suspended(name("city"), reason: "Unpaid bills.")
        let attempts: [(Act) throws -> Void] = [
            { _ = try $0.viewer() }, { _ = try $0.ownViewer() },
            { try $0.registerApplication(name("new"), name: "New", provider: name("city")) },
            { try $0.stopService(of: name("purse"), reason: "Now.") },
            { try $0.renameApplication(name("purse"), to: "P") },
            { try $0.setUse(of: name("purse"), by: name("1"), isUsed: true) },
        ]
        for attempt in attempts {
            #expect(throws: refusal) { try bench.act(as: .provider(name("city")), attempt) }
        }
        #expect(throws: refusal) {
            try bench.act { try $0.suspendProvider(name("city"), reason: "Again.") }
        }
        try bench.act { try $0.resumeProvider(name("city")) }
        for attempt in attempts { try bench.act(as: .provider(name("city")), attempt) }
        #expect(
            try bench.all(AuditEntry.self).filter { $0.subject == "provider/city" }.map(\.kind) == [
                "provider.registered", "provider.suspended", "provider.resumed",
            ])
    }
}
