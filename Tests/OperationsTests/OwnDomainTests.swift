import CardCrypto
import CardManagement
import Centre
import GlobalPlatform
import SmartCard
import TestSupport
import Testing
import VirtualCard

@Suite("Applications under a provider's own domain")
struct OwnDomainTests {
    static let domain = (try? AID(hex: "F042616E6B01")) ?? ExampleApplication.purse.loadFile
    private static let purse = VisitBench.id(.purse).application

    /// A card on which the bank has a domain of its own, and the bank's purse with money in it under that.
    private static func prepared(
        _ profile: String = "javacard-80k", isRoot: Bool = false
    ) throws -> (bench: DeskBench, card: VirtualCard, id: CardID, balance: String) {
        let bench = try DeskBench()
        let (card, id) = try bench.makeCard(profile)
        try makeDomain(on: card, isRoot: isRoot)
        try bench.act { act in
            try act.changeProvider(ProviderID("bank"), domains: [AID(hex: "F042616E6B")])
        }
        try bench.visit(card, id)
        try bench.wish("add", [.add(application: purse)], on: id)
        try bench.visitUntilEnd(card, id, "add")
        _ = try DeskBench.ask(card, .purse, "803200000400002710")
        return (bench, card, id, try DeskBench.ask(card, .purse, "8030000000"))
    }

    /// As the bank's own unit would: a domain, personalised in a session of its own.
    static func makeDomain(
        on card: VirtualCard, isRoot: Bool, keys scheme: Diversification = .none
    ) throws {
        let host = try OutsideHost(card, keys: scheme)
        try host.open(host.issuer)
        try host.must(
            InstallCommand.install(
                .init(
                    loadFile: WellKnownAID.securityDomainPackage, module: WellKnownAID.securityDomainModule,
                    instance: domain, privileges: .securityDomain), makeSelectable: true
            ).command())
        try host.open(domain)
        try host.must(CommandAPDU(0x80, 0xF0, 0x40, 0x0F, data: domain.bytes))
        guard isRoot else { return }
        try host.open(host.issuer)
        try host.must(InstallCommand.extradite(domain, to: domain).command())
    }

    private static func place(_ card: VirtualCard) -> AID? {
        card.contents.application(ExampleApplication.purse.module)?.domain
    }

    @Test(
        "it comes under its provider's domain, leaves from there with its data, and comes back there",
        .mission(.a7), .mission(.a10), .mission(.b6), .mission(.b10),
        arguments: ["javacard-80k", "javacard-80k-scp02", "javacard-80k-predictable", "small-16k"])
    func story(profile: String) throws {
        let (bench, card, id, balance) = try Self.prepared(profile)
        #expect(Self.place(card) == Self.domain)
        #expect(card.contents.loadFile(ExampleApplication.purse.loadFile)?.domain == Self.domain)
        #expect(try bench.record(id).card.inventory?.drift == nil)

        // One out and another in takes no more round trips than where everything is under the issuer's domain.
        let wishes: [Wish] = [
            .park(application: Self.purse), .add(application: VisitBench.id(.pass).application),
        ]
        let plan = try bench.plan(for: wishes, on: id)
        try bench.wish("swap", wishes, on: id)
        try bench.visit(card, id)
        #expect(try bench.operation("swap", on: id)?.state == .ended(.done))
        #expect(bench.roundTrips <= (profile.hasSuffix("predictable") ? 4 : 6))
        #expect(bench.roundTrips <= plan.roundTrips)
        #expect(Self.place(card) == nil)
        let stay = try #require(try bench.stays(of: id).last)
        guard case .held = stay.state else {
            Issue.record("\(stay.state)")
            return
        }
        try bench.wish("back", [.restore(stay.key)], on: id)
        try bench.visitUntilEnd(card, id, "back")
        #expect(try DeskBench.ask(card, .purse, "8030000000") == balance)
        #expect(Self.place(card) == Self.domain)
        #expect(card.contents.loadFile(ExampleApplication.purse.loadFile)?.domain == Self.domain)
        #expect(try bench.record(id).card.inventory?.drift == nil)
    }

    @Test(
        "torn at every command, nothing is lost, and it ends where it belongs",
        arguments: ["javacard-80k", "javacard-80k-scp02"])
    func tears(profile: String) throws {
        for isCarriedOut in [false, true] {
            for point in stride(from: 0, to: 300, by: profile == "javacard-80k" ? 1 : 3) {
                let (bench, card, id, balance) = try Self.prepared(profile)
                bench.tear = (bench.exchanges + point, isCarriedOut)
                try bench.wish("park", [.park(application: Self.purse)], on: id)
                try bench.visitUntilEnd(card, id, "park", "\(point), \(isCarriedOut)")
                let stay = try #require(try bench.stays(of: id).last)
                guard case .held = stay.state else {
                    Issue.record("\(point), \(isCarriedOut): \(stay.state)")
                    return
                }
                try bench.wish("back", [.restore(stay.key)], on: id)
                try bench.visitUntilEnd(card, id, "back", "\(point), \(isCarriedOut)")
                let name = "\(point), \(isCarriedOut)"
                #expect(try DeskBench.ask(card, .purse, "8030000000") == balance, "\(name)")
                #expect(Self.place(card) == Self.domain, "\(name)")
                let dossier = try bench.record(id)
                #expect(dossier.card.inventory?.drift == nil, "\(name): \(dossier.findings)")
                if bench.tear != nil { break }
            }
        }
    }

    @Test("given up before it left, it is back under its own domain and at work")
    func undone() throws {
        for point in 3..<40 {
            let (bench, card, id, balance) = try Self.prepared()
            bench.tear = (bench.exchanges + point, true)
            try bench.wish("park", [.park(application: Self.purse)], on: id)
            try bench.visit(card, id)
            guard bench.tear == nil, try bench.operation("park", on: id)?.isPastReturn == false else { break }
            try bench.desk.cancel(RequestID("park"), on: id)
            for _ in 0..<3 { try bench.visit(card, id) }
            let state = try bench.operation("park", on: id)?.state
            guard case .ended(.cancelled)? = state else {
                Issue.record("\(point): \(String(describing: state))")
                return
            }
            #expect(try DeskBench.ask(card, .purse, "8030000000") == balance, "\(point)")
            #expect(Self.place(card) == Self.domain, "\(point)")
            #expect(try bench.record(id).card.inventory?.drift == nil, "\(point)")
        }
    }

    @Test("a domain that does not let it go is heard, and nothing changes")
    func refused() throws {
        let (bench, card, id, balance) = try Self.prepared(isRoot: true)
        try bench.wish("park", [.park(application: Self.purse)], on: id)
        for _ in 0..<3 { try bench.visit(card, id) }
        guard case .ended(.failed(let reason, _))? = try bench.operation("park", on: id)?.state else {
            Issue.record("\(String(describing: try bench.operation("park", on: id)?.state))")
            return
        }
        #expect(reason.text.contains("refused to put"))
        #expect(try DeskBench.ask(card, .purse, "8030000000") == balance)
        #expect(Self.place(card) == Self.domain)
    }
}
