import CardCrypto
import Centre
import Foundation
import Storage
import TestSupport
import Testing
import VirtualCard

/// What nodes remember of the catalogue is what it says at that moment, whoever changed it.
@Suite("The catalogue as nodes remember it", .mission(.a11))
struct CatalogueMemoryTests {
    enum Place: CaseIterable {
        case file
        case server
    }

    private struct Refused: Error {}

    private static let purse = VisitBench.id(.purse)

    /// Two nodes with nothing shared but the store.
    private func withNodes(_ place: Place, _ body: ([any Database]) throws -> Void) throws {
        switch place {
        case .file:
            let folder = FileManager.default.temporaryDirectory.appending(path: "berth-\(UUID().uuidString)")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(at: folder) }
            let nodes = try (0..<2).map { _ in try SQLiteStore(.file(folder.path + "/store.db")) }
            try nodes[0].migrate(to: .current)
            try body(nodes)
        case .server:
            try ServerNodesTests.withNodes { try body($0) }
        }
    }

    /// A centre that keeps its catalogue on the first node, and a card with the purse on it.
    private func bench(_ nodes: [any Database]) throws -> (bench: DeskBench, card: CardID) {
        let bench = try DeskBench(store: nodes[0])
        let (card, id) = try bench.makeCard()
        try bench.request("add", VisitBench.adding(.purse), on: id)
        #expect(try bench.visit(card, id) == .finished)
        return (bench, id)
    }

    private func act<Result: Sendable>(
        _ node: any Database, _ bench: DeskBench, _ body: (Act) throws -> Result
    ) throws -> Result {
        try node.write { transaction in
            try body(
                Act(transaction, now: bench.clock.now, actor: .centre, entropy: SeededEntropy(seed: [8])))
        }
    }

    private func picture(_ node: any Database, _ bench: DeskBench, _ card: CardID) throws -> Picture {
        // Once as a look and once in a change: both remember.
        let seen = try node.read { transaction in
            try Act(transaction, now: bench.clock.now, actor: .centre, entropy: SeededEntropy(seed: [8]))
                .picture(of: card, for: [], DeskBench.Models())
        }
        let changing = try act(node, bench) { try $0.picture(of: card, for: [], DeskBench.Models()) }
        #expect(seen == changing)
        return seen
    }

    @Test("what one node changes, the other says at once", arguments: Place.allCases)
    func changes(_ place: Place) throws {
        try withNodes(place) { nodes in
            let (bench, card) = try bench(nodes)
            let purse = Self.purse
            let before = try nodes.map { try picture($0, bench, card) }
            #expect(before[0] == before[1] && before[0].vetoes.isEmpty && before[0].fees.isEmpty)
            // Each of the two changes something, while the other remembers how it was.
            for (index, node) in nodes.enumerated() {
                let other = nodes[1 - index]
                let reason = "said at node \(index)"
                try act(node, bench) { try $0.veto(purse.application, reason: reason) }
                #expect(
                    try picture(other, bench, card).vetoes == [purse.application: .byProvider(reason: reason)]
                )
                try act(node, bench) { try $0.stopService(of: purse.application, reason: reason) }
                #expect(
                    try picture(other, bench, card).applications[purse.application]?.service
                        == .stopped(reason: reason))
                try act(node, bench) { try $0.startService(of: purse.application) }
                #expect(
                    try picture(other, bench, card).applications[purse.application]?.service == .running)
            }
            try act(nodes[1], bench) { try $0.withdraw(purse, reason: "it loses money") }
            guard case .withdrawn = try picture(nodes[0], bench, card).releases[purse]?.life else {
                Issue.record("the release was withdrawn")
                return
            }
            #expect(try picture(nodes[0], bench, card) == picture(nodes[1], bench, card))
        }
    }

    @Test("a new tariff is in force on both nodes from its time on", arguments: Place.allCases)
    func tariffs(_ place: Place) throws {
        try withNodes(place) { nodes in
            let (bench, card) = try bench(nodes)
            for (rate, node) in [(Int64(5), 0), (7, 1), (9, 0)] {
                bench.clock.advance(by: .seconds(86_400))
                _ = try picture(nodes[1 - node], bench, card)
                let currency = try #require(Currency("EUR"))
                try act(nodes[node], bench) { act in
                    try act.setTariff(
                        for: ProviderID("bank"), application: Self.purse.application, basis: .day,
                        rate: rate * 1_000_000, terms: .init(currency: currency))
                }
                let fees = try nodes.map { try picture($0, bench, card).fees[Self.purse.application] }
                #expect(fees == [DailyFee(minorUnits: Int(rate), currency: "EUR"), fees[0]])
            }
        }
    }

    @Test("what was undone is remembered by nobody", arguments: Place.allCases)
    func undone(_ place: Place) throws {
        try withNodes(place) { nodes in
            let (bench, card) = try bench(nodes)
            let before = try picture(nodes[0], bench, card)
            #expect(throws: Refused.self) {
                try act(nodes[0], bench) { act in
                    try act.stopService(of: Self.purse.application, reason: "for a moment")
                    // The transaction itself sees what it changed.
                    let inside = try act.picture(of: card, for: [], DeskBench.Models())
                    #expect(
                        inside.applications[Self.purse.application]?.service
                            == .stopped(reason: "for a moment"))
                    throw Refused()
                }
            }
            for node in nodes { #expect(try picture(node, bench, card) == before) }
        }
    }

    @Test("what was remembered is not asked for again")
    func remembered() throws {
        try withNodes(.server) { nodes in
            let (bench, card) = try bench(nodes)
            func trips() throws -> Int {
                let store = try #require(nodes[1] as? PostgreSQLStore)
                let before = try #require(store.effort).trips
                _ = try act(store, bench) { act in
                    let picture = try act.picture(of: card, for: [], DeskBench.Models())
                    var card = picture.card
                    card.revision += 1
                    act.transaction.put(card, since: picture.card)
                }
                return try #require(store.effort).trips - before
            }
            // The card, what the catalogue says of it, what that depends on, and the end; then the card and the end.
            #expect(try [trips(), trips(), trips()] == [4, 2, 2])
        }
    }
}
