import CardCrypto
import Centre
import SmartCard
import Storage
import Synchronization
import TestSupport
import Testing

/// Two nodes on one server, with nothing shared but it.
@Suite("Two nodes that want the same thing", .mission(.a11))
struct TwoNodesTests {
    private static let now = CardStoreTests.now
    private static let rounds = 20

    private func withNodes(_ body: (_ nodes: [PostgreSQLStore]) throws -> Void) throws {
        try withPostgreSQL { address throws in
            let nodes = try (0..<2).map { _ in try PostgreSQLStore(address) }
            try nodes[0].migrate(to: .current)
            try body(nodes)
        }
    }

    private static func act(_ transaction: any Transaction, request: String? = nil) throws -> Act {
        Act(
            transaction, now: now, actor: .operator(try OperatorID("root")),
            request: try request.map { try RequestID($0) }, entropy: SeededEntropy(seed: [1]))
    }

    /// Both at once, round after round; how many of the two got it.
    private func winners(
        _ nodes: [PostgreSQLStore],
        _ body: @escaping @Sendable (_ node: Int, _ store: any Store) throws -> Bool
    ) -> Int {
        let count = Mutex(0)
        onThreads(nodes.count) { index in
            if try body(index, nodes[index]) { count.withLock { $0 += 1 } }
        }
        return count.withLock { $0 }
    }

    private static func provider(_ name: String, cardsMax: Int = 10) throws -> Provider {
        Provider(
            id: try ProviderID(name), name: name,
            limits: .init(roomPerCard: Room(nonVolatile: 60_000, volatile: 2_048), cardsMax: cardsMax))
    }

    private static func reserve(
        _ provider: String, _ bytes: Int, on card: CardID, _ store: any Store
    ) throws -> Bool {
        let sizes = SizeBook(
            model: CardModel(
                profile: try ProfileName("javacard-80k"), total: Room(nonVolatile: 81_920, volatile: 4_096)))
        do {
            _ = try store.write { transaction in
                try act(transaction).requestBerth(
                    Reservation(provider: ProviderID(provider), room: Room(nonVolatile: bytes)), on: card,
                    sizes: sizes)
            }
            return true
        } catch is BerthRefusal {
            return false
        }
    }

    @Test("the lease of a card: one visit has it")
    func lease() throws {
        try withNodes { nodes in
            for round in 0..<Self.rounds {
                let card = StoredValue.text("0A\(round)")
                let count = winners(nodes) { node, store in
                    try store.write { transaction in
                        let query = Query(Lease.table, key: [card], limit: 1)
                        // One of them asks as an exchange does, the other only looks.
                        let held = try transaction.ask([node == 0 ? query.locking() : query])[0]
                        guard held.isEmpty else { return false }
                        transaction.change(
                            .put(Lease.table, [card, .bytes([UInt8(node)]), .null, .integer(1)]))
                        return true
                    }
                }
                #expect(count == 1)
            }
        }
    }

    @Test("a request with one id: one effect, and both get its answer")
    func request() throws {
        try withNodes { nodes in
            for round in 0..<Self.rounds {
                let card = try CardStoreTests.dossier(round, applications: 0).card
                let count = winners(nodes) { _, store in
                    var isFirst = false
                    let answer = try store.write { transaction in
                        isFirst = false
                        return try Self.act(transaction, request: "r\(round)").once(CanonicalBytes()) {
                            isFirst = true
                            transaction.insert(card)
                            return RegisteredCard(id: card.id)
                        }
                    }
                    #expect(answer.id == card.id)
                    return isFirst
                }
                #expect(count == 1)
            }
        }
    }

    @Test("the chain of the registers: every link of both has its place")
    func chain() throws {
        try withNodes { nodes in
            onThreads(6) { thread in
                for round in 0..<Self.rounds {
                    _ = try nodes[thread % 2].write {
                        try Self.act($0).registerTerminal(TerminalID("t\(thread)-\(round)"), label: "")
                    }
                }
            }
            let verdict = try nodes[1].read { transaction in
                let head = try transaction.find(AuditStreamHead.self, key: AuditStream.registers.value)?.head
                return try AuditChainCheck.run(.registers, head: head ?? .none, transaction)
            }
            #expect(verdict == .whole(links: Int64(6 * Self.rounds)))
        }
    }

    @Test("the last card that a provider may have room on: one gets it")
    func providerLimit() throws {
        try withNodes { nodes in
            let cards = try (0..<2).map { try CardStoreTests.dossier($0, applications: 0) }
            try CardStoreTests.place(cards, nodes[0])
            for round in 0..<Self.rounds {
                try nodes[0].write { $0.insert(try Self.provider("p\(round)", cardsMax: 1)) }
                let count = winners(nodes) { node, store in
                    try Self.reserve("p\(round)", 100, on: cards[node].card.id, store)
                }
                #expect(count == 1)
            }
        }
    }

    @Test("the last bytes of a card: one gets them")
    func lastBytes() throws {
        try withNodes { nodes in
            try nodes[0].write { transaction in
                for name in ["p0", "p1"] { transaction.insert(try Self.provider(name, cardsMax: 1_000)) }
            }
            for round in 0..<Self.rounds {
                let card = try CardStoreTests.dossier(round, applications: 0)
                try CardStoreTests.place([card], nodes[0])
                let count = winners(nodes) { node, store in
                    try Self.reserve("p\(node)", 40_000, on: card.card.id, store)
                }
                #expect(count == 1)
            }
        }
    }

    @Test("data that two cards say are theirs: one of the copies is taken")
    func lineage() throws {
        try withNodes { nodes in
            for round in 0..<Self.rounds {
                let lineage = [UInt8](repeating: UInt8(round), count: 16)
                let count = winners(nodes) { node, store in
                    try store.write { transaction in
                        let same = Query(Custody.table, [.init("lineage", .bytes(lineage))])
                        guard try transaction.ask([same])[0].isEmpty else { return false }
                        transaction.insert(try Self.stay(of: node, lineage))
                        return true
                    }
                }
                #expect(count == 1)
            }
        }
    }

    private static func stay(of node: Int, _ lineage: [UInt8]) throws -> Custody {
        Custody(
            card: try CardStoreTests.dossier(node).card.id, aid: try CardStoreTests.aid(Int(lineage[0])),
            ordinal: 1,
            release: ReleaseID(try ApplicationID("purse"), try ReleaseVersion("1.0")),
            provider: try ProviderID("bank"), parking: .contract, state: .frozen, lineage: lineage,
            room: Room(nonVolatile: 100), openedAt: now)
    }

    @Test("what both measure of one thing is all learned")
    func learning() throws {
        try withNodes { nodes in
            let model = CardModel(
                profile: try ProfileName("javacard-80k"), total: Room(nonVolatile: 81_920, volatile: 4_096))
            let part = Footprint.Part.loadFile(digest: [UInt8](repeating: 1, count: 32))
            onThreads(4) { thread in
                for round in 0..<Self.rounds {
                    let left = Room(nonVolatile: 1_000 + thread * 100 + round)
                    try nodes[thread % 2].write { transaction in
                        let measured = FootprintMeasurement(before: Room(nonVolatile: 60_000), after: left)
                        _ = try transaction.learn(measured, of: part, on: model, at: Self.now)
                    }
                }
            }
            let known = try nodes[0].read { try $0.footprints(of: [part], on: model.profile) }
            #expect(known.map(\.count) == [4 * Self.rounds])
        }
    }

    @Test("those who work on different cards do not wait for each other")
    func apart() throws {
        try withNodes { nodes in
            let cards = try (0..<2).map { try CardStoreTests.dossier($0, applications: 0) }
            try CardStoreTests.place(cards, nodes[0])
            @Sendable func raise(_ index: Int, _ transaction: any Transaction) throws {
                var dossier = try #require(
                    try transaction.dossier(of: cards[index].card.id, isLocking: true))
                dossier.card.revision += 1
                transaction.put(dossier.card)
                try transaction.flush()
            }
            // It would never end if one had to wait for the other.
            try nodes[0].write { transaction in
                try raise(0, transaction)
                onThreads(1) { _ in try nodes[1].write { try raise(1, $0) } }
            }
            let revisions = try nodes[0].read { transaction in
                try cards.map { try transaction.dossier(of: $0.card.id)?.card.revision }
            }
            #expect(revisions == [13, 13])
        }
    }

    @Test("nothing of that was refused by the server: those who must wait stand in line")
    func line() throws {
        try withNodes { nodes in
            let card = try CardStoreTests.dossier(0, applications: 0)
            try CardStoreTests.place([card], nodes[0])
            onThreads(8) { thread in
                for _ in 0..<Self.rounds {
                    try nodes[thread % 2].write { transaction in
                        let known = try #require(
                            try transaction.dossier(of: card.card.id, isLocking: thread % 4 < 2))
                        var next = known.card
                        next.revision += 1
                        transaction.put(next, since: known.card)
                    }
                }
            }
            let left = try nodes[0].read { try $0.dossier(of: card.card.id)?.card.revision }
            #expect(left == Int64(12 + 8 * Self.rounds))
            #expect(nodes.allSatisfy { $0.effort?.refused == 0 && $0.effort?.widened == 0 })
        }
    }

    @Test("who changes more than the server keeps locks for runs alone")
    func many() throws {
        try withNodes { nodes in
            let store = nodes[0]
            let before = try #require(store.effort)
            try store.write { transaction in
                for number in 0..<1_200 {
                    transaction.change(.put(EventCursor.table, [.text("\(number)"), .integer(0)]))
                    if number.isMultiple(of: 300) { try transaction.flush() }
                }
            }
            let count = try store.read { try $0.count(Query(EventCursor.table)) }
            #expect(count == 1_200)
            let after = try #require(store.effort)
            #expect(after.alone - before.alone == 1 && after.widened - before.widened == 1)
        }
    }

    @Test("every table that is shared in some way of its own is one of the schema's")
    func names() throws {
        for (name, lookups) in PostgreSQLStore.sharedColumns {
            let record = StoredRecords.all.first { $0.table.name == name }
            let table = try #require(record?.table, "\(name)")
            #expect(Set(lookups).isSubset(of: table.columns.map(\.name)), "\(name)")
        }
    }
}
