import Centre
import SmartCard
import TestSupport
import Testing

private typealias F = RoomFacts

@Suite("Steps in the register of a card")
struct StepRecordTests {
    private static let model = RoomFacts.model()

    private static func measurement(_ before: Int, _ after: Int, least: Int = 0) -> FootprintMeasurement {
        .init(
            before: Room(nonVolatile: before, volatile: 100), after: Room(nonVolatile: after, volatile: 100),
            least: Room(nonVolatile: least))
    }

    private static func card() -> CardDossier { F.dossier(free: Room(nonVolatile: 50_000, volatile: 100)) }

    private static func free(_ dossier: CardDossier) -> Int? { dossier.card.inventory?.free?.nonVolatile }
    private static func sum(_ dossier: CardDossier) -> Int? { dossier.card.inventory?.sum?.nonVolatile }

    @Test("a measured step moves memory from free to used, and the sum stays", .mission(.a5))
    func measured() {
        var dossier = Self.card()
        dossier.loaded(F.loadFile(1), Self.measurement(50_000, 48_000, least: 500), on: Self.model)
        dossier.installed(F.application(1), Self.measurement(48_000, 47_500), on: Self.model)
        dossier.grown(F.instance(1), Self.measurement(47_500, 47_436), on: Self.model)
        #expect(dossier.loadFile(F.file(1))?.measured?.nonVolatile == 2_000)
        #expect(dossier.application(F.instance(1))?.measured?.nonVolatile == 564)
        #expect(Self.free(dossier) == 47_436)
        #expect(Self.sum(dossier) == 50_000)
        dossier.grown(F.instance(1), Self.measurement(47_436, 47_500), on: Self.model)
        #expect(dossier.application(F.instance(1))?.measured?.nonVolatile == 500)
        // It had grown by two blocks meanwhile, which are free again with it.
        dossier.removed(F.instance(1), Self.measurement(47_436, 48_000), on: Self.model)
        #expect(Self.sum(dossier) == 50_064)
        dossier.removed(F.file(1), Self.measurement(48_000, 50_000), on: Self.model)
        #expect(dossier.applications.isEmpty && dossier.loadFiles.isEmpty)
        #expect(Self.free(dossier) == 50_000)
    }

    @Test(
        "a step that was not measured, or not truly, leaves the sum open until the next reading",
        arguments: [
            nil, measurement(50_000, 50_000, least: 500), measurement(32_767, 32_767),
            measurement(70_000, 60_000),
        ])
    func unmeasured(_ measurement: FootprintMeasurement?) {
        var dossier = Self.card()
        dossier.loaded(F.loadFile(1), measurement, on: Self.model)
        #expect(dossier.loadFile(F.file(1)) == F.loadFile(1))
        #expect(Self.free(dossier) == nil)
        #expect(Self.sum(dossier) == nil)
    }

    @Test("a card whose report was not believed is not believed for a step")
    func silent() {
        var dossier = F.dossier(free: nil)
        dossier.installed(F.application(1), Self.measurement(50_000, 49_000), on: Self.model)
        #expect(dossier.application(F.instance(1))?.measured == nil)
        #expect(Self.free(dossier) == nil)
    }

    @Test("room that was missing before a step is missing after it")
    func drifting() {
        var dossier = Self.card()
        dossier.card.inventory?.sum = Room(nonVolatile: 51_000, volatile: 100)
        dossier.card.inventory?.drift = "1,000 bytes are missing."
        dossier.installed(F.application(1), Self.measurement(50_000, 49_000), on: Self.model)
        #expect(Self.sum(dossier) == 51_000)
    }
}
