import Centre
import Foundation
import Storage
import Testing

private typealias F = Fixtures

/// What the ports promise, on every engine alike.
@Suite("A store")
struct ContractTests {
    @Test("keeps every kind of value as it was given", arguments: Engine.allCases)
    func values(_ engine: Engine) throws {
        try engine.with { store, again throws in
            let rows: [[StoredValue]] = [
                F.parent("", size: 0, data: [], note: ""),
                F.parent("a", size: .max, data: [0, 255, 0], note: "it's \"quoted\"; -- $1"),
                F.parent("b", size: 1, data: Array(repeating: 0xA5, count: 300_000), note: nil),
                F.parent("ä€😀", size: 42, data: nil, note: "ünï"),
            ]
            for row in rows { try store.insert(F.parents, row) }
            #expect(try store.rows(F.parents) == rows)
            #expect(try again().rows(F.parents) == rows)
        }
    }

    @Test("keeps a number to its last bit", arguments: Engine.allCases)
    func numbers(_ engine: Engine) throws {
        try engine.with { store, _ throws in
            try store.insert(F.parents, F.parent("p"))
            let numbers: [Int64] = [.min, -(1 << 53) - 1, -1, 0, 1, 255, 256, (1 << 53) + 1, .max]
            for number in numbers.shuffled() { try store.insert(F.children, F.child("p", number, "")) }
            #expect(try store.rows(F.children).map { $0[1] } == numbers.map(StoredValue.integer))
        }
    }

    @Test("gives rows in the order of their keys, byte by byte", arguments: Engine.allCases)
    func order(_ engine: Engine) throws {
        try engine.with { store, _ throws in
            let names = ["", "A", "B", "Z", "_", "a", "a-b", "a.b", "ab", "b", "ä", "Ω"]
            for name in names.shuffled() { try store.insert(F.parents, F.parent(name)) }
            #expect(try store.rows(F.parents).map { $0[0] } == names.map(StoredValue.text))
            let marks: [[UInt8]] = [[], [0], [0, 0], [0, 1], [1], [127], [128], [255], [255, 0]]
            for mark in marks.shuffled() { try store.insert(F.marks, [.bytes(mark), .text("k")]) }
            #expect(try store.rows(F.marks).map { $0[0] } == marks.map(StoredValue.bytes))
        }
    }

    @Test("finds by any columns, also by an empty one", arguments: Engine.allCases)
    func conditions(_ engine: Engine) throws {
        try engine.with { store, _ throws in
            for (name, size, note) in [("a", 1, "x"), ("b", 2, nil), ("c", 2, "x"), ("d", 2, "y")] {
                try store.insert(F.parents, F.parent(name, size: Int64(size), note: note))
            }
            func found(_ conditions: [(String, StoredValue)]) throws -> [StoredValue] {
                try store.rows(Query(F.parents, conditions.map { .init($0.0, $0.1) })).map { $0[0] }
            }
            #expect(try found([("size", .integer(2))]) == [.text("b"), .text("c"), .text("d")])
            #expect(try found([("size", .integer(2)), ("note", .text("x"))]) == [.text("c")])
            #expect(try found([("note", .null)]) == [.text("b")])
            #expect(try found([("note", .null), ("size", .integer(1))]) == [])
            func found(anyOf names: [String], _ others: [Query.Condition] = []) throws -> [StoredValue] {
                let name = Query.Condition("id", anyOf: names.map { .text($0) })
                return try store.rows(Query(F.parents, [name] + others)).map { $0[0] }
            }
            #expect(try found(anyOf: ["c", "a", "nobody", "c"]) == [.text("a"), .text("c")])
            #expect(try found(anyOf: ["d"]) == [.text("d")])
            let size = Query.Condition("size", .integer(2))
            #expect(try found(anyOf: ["a", "b", "c"], [size, .init("note", .null)]) == [.text("b")])
            #expect(try found(anyOf: ["a", "b", "c"], [.init("note", .text("x")), size]) == [.text("c")])
            let many = (0..<1_500).map { StoredValue.text("n\($0)") } + [.text("b")]
            let questions = Query.any(of: many, in: "id", F.parents, rowsOfEach: 1)
            #expect(questions.count == 2)
            let rows = try store.read { try $0.ask(questions) }.flatMap { $0 }
            #expect(rows.map { $0[0] } == [.text("b")])
            #expect(Query.any(of: [], in: "id", F.parents, rowsOfEach: 1).isEmpty)
            try store.insert(F.parents, F.parent("0", size: 3))
            func found(atLeast size: Int64, _ others: [Query.Condition] = []) throws -> [StoredValue] {
                let sizes = Query.Condition("size", atLeast: size)
                return try store.rows(Query(F.parents, others + [sizes])).map { $0[0] }
            }
            #expect(try found(atLeast: 2) == ["b", "c", "d", "0"].map(StoredValue.text))
            #expect(try found(atLeast: .min).count == 5)
            #expect(try found(atLeast: 4) == [])
            #expect(try found(atLeast: 2, [.init("note", .text("x"))]) == [.text("c")])
            try store.remove(F.parents, [.text("0")])
            #expect(try store.read { try $0.count(Query(F.parents, [.init("note", .text("x"))])) } == 2)
            #expect(try store.read { try $0.count(Query(F.parents, limit: 1)) } == 4)
        }
    }

    @Test("answers many questions at once", arguments: Engine.allCases)
    func manyQuestions(_ engine: Engine) throws {
        try engine.with { store, _ throws in
            try store.insert(F.parents, F.parent("a"))
            try store.insert(F.children, F.child("a", 1, "x"))
            let answers = try store.read {
                try $0.ask([
                    Query(F.parents), Query(F.marks), Query(F.children, key: [.text("a")]),
                    Query(F.children, key: [.text("b")]), Query(F.parents),
                ])
            }
            #expect(answers.map(\.count) == [1, 0, 1, 0, 1])
            #expect(try store.read { try $0.ask([]) } == [])
        }
    }

    @Test("gives page after page, each row once", arguments: Engine.allCases, [1, 2, 3, 7, 100])
    func pages(_ engine: Engine, size: Int) throws {
        try engine.with { store, _ throws in
            try store.write { transaction in
                for parent in ["a", "b", "c"] {
                    transaction.change(.insert(F.parents, F.parent(parent)))
                    for number in 0..<7 {
                        transaction.change(.insert(F.children, F.child(parent, Int64(number), "")))
                    }
                }
            }
            #expect(try pages(of: Query(F.children, limit: size), store).count == 21)
            #expect(try pages(of: Query(F.children, limit: size), store) == store.rows(F.children))
            let one = Query(F.children, key: [.text("b")], limit: size)
            #expect(try pages(of: one, store) == store.rows(Query(F.children, key: [.text("b")])))
        }
    }

    private func pages(of query: Query, _ store: any Store) throws -> [[StoredValue]] {
        var query = query
        var rows: [[StoredValue]] = []
        while true {
            let page = try store.rows(query)
            rows += page
            guard page.count == query.limit, let last = page.last else { return rows }
            query.after = Array(last.prefix(query.table.keyCount))
        }
    }

    @Test("a place beside what is asked for is still a place", arguments: Engine.allCases)
    func pageElsewhere(_ engine: Engine) throws {
        try engine.with { store, _ throws in
            try store.insert(F.parents, F.parent("b"))
            for number in 1...3 { try store.insert(F.children, F.child("b", Int64(number), "")) }
            var query = Query(F.children, key: [.text("b")])
            query.after = [.text("a"), .integer(9)]
            #expect(try store.rows(query).count == 3)
            query.after = [.text("c"), .integer(0)]
            #expect(try store.rows(query).isEmpty)
            query.after = [.text("a")]
            #expect(try store.rows(query).count == 3)
        }
    }

    @Test("puts a row in the place of another, and removes", arguments: Engine.allCases)
    func putAndRemove(_ engine: Engine) throws {
        try engine.with { store, _ throws in
            try store.put(F.parents, F.parent("a", size: 1, note: "old"))
            try store.put(F.parents, F.parent("a", size: 2))
            #expect(try store.rows(F.parents) == [F.parent("a", size: 2)])
            try store.put(F.marks, [.bytes([1]), .text("k")])
            try store.put(F.marks, [.bytes([1]), .text("k")])
            #expect(try store.rows(F.marks).count == 1)
            try store.remove(F.parents, [.text("a")])
            try store.remove(F.parents, [.text("never there")])
            #expect(try store.rows(F.parents).isEmpty)
        }
    }

    @Test("updates the columns that are named, and no other row", arguments: Engine.allCases)
    func update(_ engine: Engine) throws {
        try engine.with { store, _ throws in
            let (size, note) = (1, 3)
            for id in ["a", "b"] {
                try store.insert(F.parents, F.parent(id, size: 1, data: [7], note: "old"))
            }
            try store.insert(F.children, F.child("a", 1, "one"))
            try store.insert(F.children, F.child("a", 2, "two"))
            try store.write { transaction in
                transaction.change(
                    .update(F.parents, key: [.text("a")], columns: [size, note], [.integer(2), .null]))
                transaction.change(
                    .update(F.children, key: [.text("a"), .integer(2)], columns: [2], [.text("zwei")]))
                transaction.change(
                    .update(F.parents, key: [.text("never there")], columns: [size], [.integer(3)]))
            }
            #expect(
                try store.rows(F.parents) == [
                    F.parent("a", size: 2, data: [7]), F.parent("b", size: 1, data: [7], note: "old"),
                ])
            #expect(try store.rows(F.children) == [F.child("a", 1, "one"), F.child("a", 2, "zwei")])
            #expect(throws: StoreFailure.self) {
                try store.write { transaction in
                    transaction.change(
                        .update(F.parents, key: [.text("b")], columns: [size], [.integer(-1)]))
                }
            }
            #expect(try store.rows(F.parents).last == F.parent("b", size: 1, data: [7], note: "old"))
        }
    }

    @Test("sees its own changes, and others see them only at the end", arguments: Engine.shared)
    func ownChanges(_ engine: Engine) throws {
        try engine.with { store, _ throws in
            try store.write { transaction in
                transaction.change(.insert(F.parents, F.parent("a")))
                let (own, others) = (try transaction.ask([Query(F.parents)])[0], try store.rows(F.parents))
                #expect(own.count == 1)
                #expect(others.isEmpty)
                transaction.change(.remove(F.parents, key: [.text("a")]))
                transaction.change(.insert(F.parents, F.parent("b")))
                #expect(try transaction.count(Query(F.parents)) == 1)
            }
            #expect(try store.rows(F.parents) == [F.parent("b")])
        }
    }

    @Test(
        "refuses a second row with the same key, and keeps nothing of the transaction",
        arguments: Engine.allCases)
    func duplicates(_ engine: Engine) throws {
        try engine.with { store, _ throws in
            try store.insert(F.parents, F.parent("a", size: 1))
            let failure = store.failure {
                $0.change(.insert(F.parents, F.parent("b")))
                $0.change(.insert(F.parents, F.parent("a", size: 2)))
            }
            #expect(failure == .duplicate(table: "parents"))
            #expect(try store.rows(F.parents) == [F.parent("a", size: 1)])
        }
    }

    @Test(
        "a duplicate is noticed when it is asked for, and ends the transaction also for who goes on",
        arguments: Engine.allCases)
    func duplicateByFlush(_ engine: Engine) throws {
        try engine.with { store, _ throws in
            try store.insert(F.parents, F.parent("a"))
            let failure = store.failure { transaction in
                transaction.change(.insert(F.parents, F.parent("a")))
                #expect(throws: StoreFailure.duplicate(table: "parents")) { try transaction.flush() }
                #expect(throws: StoreFailure.duplicate(table: "parents")) {
                    try transaction.ask([Query(F.marks)])
                }
                transaction.change(.insert(F.parents, F.parent("b")))
            }
            #expect(failure == .duplicate(table: "parents"))
            #expect(try store.rows(F.parents).count == 1)
            try store.insert(F.parents, F.parent("c"))
        }
    }

    @Test(
        "refuses a row whose other row is missing, and to lose one that is needed", arguments: Engine.allCases
    )
    func references(_ engine: Engine) throws {
        try engine.with { store, _ throws in
            #expect(
                store.failure { $0.change(.insert(F.children, F.child("a", 1, ""))) }
                    == .reference(table: "children"))
            try store.insert(F.parents, F.parent("a"))
            try store.insert(F.children, F.child("a", 1, ""))
            #expect(
                store.failure { $0.change(.remove(F.parents, key: [.text("a")])) }
                    == .reference(table: "parents"))
            try store.write {
                $0.change(.remove(F.children, key: [.text("a"), .integer(1)]))
                $0.change(.remove(F.parents, key: [.text("a")]))
            }
            #expect(try store.rows(F.parents).isEmpty)
        }
    }

    @Test("refuses a value that the schema does not allow", arguments: Engine.allCases)
    func checks(_ engine: Engine) throws {
        try engine.with { store, _ throws in
            for row in [F.parent("a", size: -1), [.text("a"), .null, .null, .null]] {
                let failure = store.failure { $0.change(.insert(F.parents, row)) }
                guard case .other(let text)? = failure else {
                    Issue.record("\(String(describing: failure))")
                    continue
                }
                #expect(text.contains("parents"))
            }
            let text = store.failure { $0.change(.insert(F.parents, F.parent("a", note: "a\u{0}b"))) }
            #expect(text == .other("a text for parents holds a NUL character"))
            let rows = try store.rows(F.parents)
            #expect(rows.isEmpty)
        }
    }

    private struct Refused: Error {}

    @Test("a body that throws has changed nothing", arguments: Engine.allCases)
    func rollback(_ engine: Engine) throws {
        try engine.with { store, _ throws in
            #expect(throws: Refused.self) {
                try store.write { transaction in
                    transaction.change(.insert(F.parents, F.parent("a")))
                    try transaction.flush()
                    transaction.change(.insert(F.parents, F.parent("b")))
                    throw Refused()
                }
            }
            #expect(try store.rows(F.parents).isEmpty)
            try store.insert(F.parents, F.parent("a"))
        }
    }

    @Test("a look changes nothing", arguments: Engine.allCases)
    func readOnly(_ engine: Engine) throws {
        try engine.with { store, _ throws in
            let failure = StoreFailure.other("a look at the store changes nothing")
            #expect(throws: failure) { try store.read { $0.change(.insert(F.parents, F.parent("a"))) } }
            #expect(throws: failure) {
                try store.read {
                    $0.change(.insert(F.parents, F.parent("a")))
                    try $0.flush()
                }
            }
            let rows = try store.rows(F.parents)
            #expect(rows.isEmpty)
        }
    }

    @Test("a transaction without a question or a change is nothing", arguments: Engine.allCases)
    func nothing(_ engine: Engine) throws {
        try engine.with { store, _ throws in
            let (written, read) = (try store.write { _ in 7 }, try store.read { _ in 8 })
            #expect(written == 7)
            #expect(read == 8)
        }
    }

    @Test(
        "rows of the domain go in and come out; a row that makes no sense is reported",
        arguments: Engine.allCases)
    func records(_ engine: Engine) throws {
        try engine.with { store, _ throws in
            let record = ParentRecord(id: "a", size: 3)
            try store.write { $0.insert(record) }
            #expect(try store.read { try $0.find(ParentRecord.self, key: .text("a")) } == record)
            #expect(try store.write { try $0.lock(ParentRecord.self, key: .text("a")) } == record)
            #expect(try store.read { try $0.find(ParentRecord.self, key: .text("b")) } == nil)
            try store.insert(F.parents, F.parent("odd", size: 13))
            #expect {
                try store.read { try $0.all(ParentRecord.self, Query(F.parents)) }
            } throws: { error in
                guard case .row(let row)? = error as? StoreFailure else { return false }
                return (row.table, row.column, row.problem) == ("parents", "size", "is unlucky")
            }
            try store.write { $0.remove(record) }
            #expect(try store.rows(F.parents).count == 1)
        }
    }
}

struct ParentRecord: Record {
    static let table = Fixtures.parents
    var id: String
    var size: Int64

    init(id: String, size: Int64) {
        self.id = id
        self.size = size
    }

    var row: [StoredValue] { Fixtures.parent(id, size: size) }

    init(row: inout RowReader) throws(RowError) {
        id = try row.text()
        size = try row.integer()
        if size == 13 { throw row.failure("is unlucky") }
        _ = try row.optionalBytes()
        _ = try row.optionalText()
    }
}
