import Centre
import GlobalPlatform
import SmartCard
import TestSupport
import Testing
import VirtualCard

/// Row A10 on real cards: what a provider has been given beside memory is its own until it is released.
@Suite("Software resources of a card", .mission(.a10))
struct SoftwareResourceTests {
    private static let domain = (try? AID(hex: "F042657274686B02")) ?? ExampleApplication.purse.loadFile
    private static let library = ExampleApplication.library.loadFile

    private static func reservation(
        _ provider: String, privileges: Privileges = [], channels: Int = 0, services: [String] = [],
        libraries: [AID] = []
    ) throws -> Reservation {
        Reservation(
            provider: try ProviderID(provider), room: Room(nonVolatile: 4_000, volatile: 64),
            quota: Room(nonVolatile: 8_000, volatile: 256),
            domain: provider == "bank" ? domain : try AID(hex: "F042657274686B03"),
            privileges: privileges.rawValue, logicalChannels: channels, services: services,
            libraries: libraries)
    }

    @Test(
        "domain, privileges, channels, services and libraries are a provider's until it gives them back",
        arguments: ["javacard-80k", "javacard-80k-scp02"])
    func story(profile: String) throws {
        let bench = try DeskBench()
        let (card, id) = try bench.makeCard(profile)
        try bench.visit(card, id)
        let loyalty = VisitBench.id(.loyalty).application
        try bench.wish("loyalty", [.add(application: loyalty)], on: id)
        try bench.visitUntilEnd(card, id, "loyalty")
        let wanted = try Self.reservation(
            "bank", privileges: .dapVerification, channels: 2, services: ["ticketing"],
            libraries: [Self.library])
        try bench.wish("reserve", [.reserve(wanted)], on: id)
        try bench.visitUntilEnd(card, id, "reserve")
        let made = try #require(card.contents.application(Self.domain))
        #expect(made.privileges.has([.securityDomain, .dapVerification]))
        let berth = try #require(try bench.record(id).berths.first)
        #expect(berth.resources.services == ["ticketing"] && berth.resources.logicalChannels == 2)

        // Nobody else gets what is given; what is left, anybody does.
        let refusals: [(Reservation, BerthRefusal)] = [
            (try Self.reservation("berth", channels: 2), .channelsShort(wanted: 2, left: 1)),
            (
                try Self.reservation("berth", services: ["ticketing"]),
                .serviceTaken("ticketing", by: try ProviderID("bank"))
            ),
            (
                try Self.reservation("berth", libraries: [ExampleApplication.purse.loadFile]),
                .libraryMissing(ExampleApplication.purse.loadFile)
            ),
        ]
        for (reservation, refusal) in refusals {
            #expect(throws: refusal) { try bench.wish("other", [.reserve(reservation)], on: id) }
        }
        // What a berth needs stays, although nothing on the card uses it any more.
        func dropsLibrary() throws -> Bool {
            try bench.plan(for: [.remove(application: loyalty)], on: id).steps.contains {
                $0.step == .removeLoadFile(aid: Self.library)
            }
        }
        #expect(try !dropsLibrary())

        try bench.wish("release", [.release(provider: berth.provider)], on: id)
        try bench.visitUntilEnd(card, id, "release")
        #expect(card.contents.application(Self.domain) == nil)
        #expect(try dropsLibrary())
        try bench.wish(
            "other", [.reserve(Self.reservation("berth", channels: 3, services: ["ticketing"]))], on: id)
        try bench.visitUntilEnd(card, id, "other")
        try BerthOperationTests.checkAccount(bench, card, id, profile)
    }
}
