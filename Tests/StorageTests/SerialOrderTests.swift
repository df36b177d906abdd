import Centre
import Foundation
import Storage
import Synchronization
import TestSupport
import Testing

/// Whatever ran at the same time must come out as if it had run one after the other.
@Suite("The order that transactions seem to have")
struct SerialOrderTests {
    /// A row that holds a number which every change raises by one.
    private struct Cell: Hashable {
        let table: Table
        let key: [StoredValue]
        let version: Int
        let rest: [StoredValue]
        /// A look at it may miss the newest, as long as nothing is written on account of it.
        var isEstimate = false

        func row(_ number: Int64) -> [StoredValue] {
            var row = key + rest
            row[version] = .integer(number)
            return row
        }
    }

    /// Rows that are shared out in each of the ways that there are.
    private static let cells: [Cell] =
        ["a", "b", "c"].map { Cell(table: EventCursor.table, key: [.text($0)], version: 1, rest: [.null]) }
        + [[1], [2]].flatMap { (domain: [UInt8]) in
            ["0A", "0B"].map {
                Cell(
                    table: ReceiptTrail.table, key: [.text($0), .bytes(domain)], version: 2,
                    rest: [.null, .text("")])
            }
        }
        + [Cell(table: WrappingKeyRow.table, key: [.integer(1)], version: 2, rest: [.bytes([1]), .null])]
        + ["x", "y"].map {
            Cell(
                table: Footprint.table, key: [.text("profile"), .text($0)], version: 2,
                rest: [.null, .integer(0), .text(""), .text(""), .integer(0)], isEstimate: true)
        }

    /// What one transaction saw, and what it left.
    private struct Deed: Sendable {
        var saw: [Int: Int64] = [:]
        var wrote: [Int: Int64] = [:]
    }

    @Test(
        "no transaction comes before one that it also comes after", arguments: Engine.shared,
        [UInt64.random(in: 0...UInt64.max)])
    func serial(_ engine: Engine, seed: UInt64) throws {
        try engine.with(.current) { store, again throws in
            try store.write { transaction in
                for cell in Self.cells { transaction.change(.put(cell.table, cell.row(0))) }
            }
            let nodes = [store, try again()]
            let deeds = Mutex<[Deed]>([])
            onThreads(8) { thread in
                var random = SeededGenerator(seed: seed &+ UInt64(thread))
                for _ in 0..<20 {
                    let deed = try Self.act(on: nodes[thread % 2], &random)
                    deeds.withLock { $0.append(deed) }
                }
            }
            let done = deeds.withLock { $0 }
            #expect(Self.isSerial(done), "seed \(seed)")
            let writes = done.reduce(0) { $0 + $1.wrote.count }
            let sum = try store.read { transaction in
                try Self.cells.reduce(0) { try $0 + Self.look($1, transaction) }
            }
            #expect(sum == Int64(writes), "seed \(seed): a change was lost")
        }
    }

    /// Looks at a few rows, one or some at a time, and raises some of them.
    private static func act(on store: any Store, _ random: inout SeededGenerator) throws -> Deed {
        let looked = Array(cells.indices.shuffled(using: &random).prefix(.random(in: 1...4, using: &random)))
        let raised = looked.prefix(.random(in: 0...2, using: &random))
        let atOnce = Bool.random(using: &random)
        return try store.write { transaction in
            var deed = Deed()
            if atOnce {
                let rows = try transaction.ask(looked.map { Query(cells[$0].table, key: cells[$0].key) })
                for (index, rows) in zip(looked, rows) { deed.saw[index] = number(rows, cells[index]) }
            } else {
                for index in looked { deed.saw[index] = try look(cells[index], transaction) }
            }
            for index in raised {
                let next = (deed.saw[index] ?? 0) + 1
                deed.wrote[index] = next
                transaction.change(.put(cells[index].table, cells[index].row(next)))
            }
            for index in looked where cells[index].isEstimate && deed.wrote[index] == nil {
                deed.saw[index] = nil
            }
            return deed
        }
    }

    private static func look(_ cell: Cell, _ transaction: any Transaction) throws -> Int64 {
        number(try transaction.ask([Query(cell.table, key: cell.key)])[0], cell)
    }

    private static func number(_ rows: [[StoredValue]], _ cell: Cell) -> Int64 {
        guard case .integer(let number)? = rows.first?[cell.version] else { return -1 }
        return number
    }

    /// Takes away, again and again, who comes after nobody: in a serial order nobody is left.
    private static func isSerial(_ deeds: [Deed]) -> Bool {
        var writers: [[Int64]: Int] = [:]
        for (index, deed) in deeds.enumerated() {
            for (cell, number) in deed.wrote
            where writers.updateValue(index, forKey: [Int64(cell), number]) != nil { return false }
        }
        var followers = [Set<Int>](repeating: [], count: deeds.count)
        for (index, deed) in deeds.enumerated() {
            for (cell, number) in deed.saw {
                // After who wrote what it saw, and before who wrote what came next.
                if let writer = writers[[Int64(cell), number]] { followers[writer].insert(index) }
                if let next = writers[[Int64(cell), number + 1]], next != index {
                    followers[index].insert(next)
                }
            }
        }
        var before = [Int](repeating: 0, count: deeds.count)
        for some in followers { for follower in some { before[follower] += 1 } }
        var free = before.indices.filter { before[$0] == 0 }
        var taken = 0
        while let index = free.popLast() {
            taken += 1
            for follower in followers[index] {
                before[follower] -= 1
                if before[follower] == 0 { free.append(follower) }
            }
        }
        return taken == deeds.count
    }
}
