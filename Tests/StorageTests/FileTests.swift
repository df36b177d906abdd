import Centre
import Foundation
import Storage
import Synchronization
import Testing

private typealias F = Fixtures

@Suite("A store's file")
struct FileTests {
    private func isDamaged(_ error: any Error) -> Bool {
        if case .damaged? = error as? StoreFailure { true } else { false }
    }

    private func isUnreachable(_ error: any Error) -> Bool {
        if case .unreachable? = error as? StoreFailure { true } else { false }
    }

    @Test("is its owner's alone, and so is what stands beside it")
    func permissions() throws {
        try withFolder { folder throws in
            let store = try SQLiteStore(.file(folder + "/store.db"))
            try store.migrate(to: F.schema)
            for name in ["store.db", "store.db-wal", "store.db-shm"] {
                let attributes = try FileManager.default.attributesOfItem(atPath: folder + "/" + name)
                #expect(attributes[.posixPermissions] as? Int == 0o600, "\(name)")
            }
        }
    }

    @Test("that is something else is refused and left as it was", arguments: [1, 15, 16, 100, 5_000])
    func garbage(size: Int) throws {
        try withFolder { folder throws in
            let path = folder + "/store.db"
            let bytes = Data((0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ 7) })
            try bytes.write(to: URL(filePath: path))
            #expect(throws: StoreFailure.self) { try SQLiteStore(.file(path)) }
            #expect(try Data(contentsOf: URL(filePath: path)) == bytes)
        }
    }

    @Test("of another program is refused")
    func otherProgram() throws {
        try withFolder { folder throws in
            let path = folder + "/store.db"
            let other = try SQLiteStore(.file(path))
            try other.perform("CREATE TABLE theirs (id INTEGER)")
            #expect(performing: { try SQLiteStore(.file(path)) }, throws: isDamaged)
            try other.perform("PRAGMA application_id = 1196444487")
            #expect(performing: { try SQLiteStore(.file(path)) }, throws: isDamaged)
        }
    }

    @Test("in a folder that is not there, or that is a folder, is unreachable")
    func missing() throws {
        try withFolder { folder throws in
            #expect(performing: { try SQLiteStore(.file(folder + "/none/store.db")) }, throws: isUnreachable)
            #expect(performing: { try SQLiteStore(.file(folder)) }, throws: isUnreachable)
            #expect(performing: { try StoreAddress(folder + "/none.db").open() }, throws: isUnreachable)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
        }
    }

    @Test("that was cut off is reported as damaged, wherever it was cut", arguments: [1, 3, 9, 20])
    func truncated(pages: Int) throws {
        let disk = FaultyDisk()
        do {
            let store = try SQLiteStore(.faulty(disk), mode: .direct)
            try store.migrate(to: F.schema)
            for index in 0..<200 {
                try store.insert(F.parents, F.parent("p\(index)", data: Array(repeating: 1, count: 400)))
            }
            try store.perform("PRAGMA wal_checkpoint(TRUNCATE)")
        }
        disk.changeBytes { $0.removeLast($0.count - min($0.count, pages * 4_096)) }
        #expect {
            let store = try SQLiteStore(.faulty(disk), mode: .direct)
            _ = try store.rows(F.parents)
        } throws: { isDamaged($0) }
    }

    @Test("with bytes that changed is found out by the check")
    func flaws() throws {
        let disk = FaultyDisk()
        do {
            let store = try SQLiteStore(.faulty(disk), mode: .direct)
            try store.migrate(to: F.schema)
            for index in 0..<100 { try store.insert(F.parents, F.parent("p\(index)", data: [1, 2, 3])) }
            try store.perform("PRAGMA wal_checkpoint(TRUNCATE)")
            #expect(try store.flaws().isEmpty)
        }
        // The pointers to the cells of every page but the first.
        disk.changeBytes { bytes in
            for page in stride(from: 4_096, to: bytes.count, by: 4_096) {
                for index in page + 8..<page + 24 { bytes[index] = 0xFF }
            }
        }
        let store = try SQLiteStore(.faulty(disk), mode: .direct)
        let flaws = (try? store.flaws()) ?? ["unreadable"]
        #expect(!flaws.isEmpty)
    }

    @Test("on a full disk refuses what does not fit, keeps what it has, and goes on when there is room")
    func fullDisk() throws {
        try withFolder { folder throws in
            let store = try SQLiteStore(.file(folder + "/store.db"))
            try store.migrate(to: F.schema)
            try store.insert(F.parents, F.parent("a"))
            try store.perform("PRAGMA max_page_count = 20")
            let large = F.parent("large", data: Array(repeating: 7, count: 200_000))
            guard case .full? = store.failure({ $0.change(.insert(F.parents, large)) }) else {
                Issue.record("not reported as full")
                return
            }
            #expect(try store.rows(F.parents) == [F.parent("a")])
            try store.perform("PRAGMA max_page_count = 1000000")
            try store.insert(F.parents, large)
            #expect(try store.rows(F.parents).count == 2)
        }
    }

    @Test("one of a group that needs more room than there is takes nobody along")
    func fullDiskInGroup() throws {
        try withFolder { folder throws in
            let store = try SQLiteStore(.file(folder + "/store.db"))
            try store.migrate(to: F.schema)
            try store.perform("PRAGMA max_page_count = 40")
            onThreads(16) { index in
                if index.isMultiple(of: 4) {
                    let large = F.parent("large\(index)", data: Array(repeating: 7, count: 400_000))
                    let failure = store.failure { $0.change(.insert(F.parents, large)) }
                    guard case .full? = failure else {
                        Issue.record("\(String(describing: failure))")
                        return
                    }
                } else {
                    try store.insert(F.parents, F.parent("small\(index)"))
                }
            }
            #expect(try store.rows(F.parents).count == 12)
        }
    }

    @Test("begins its log anew while others write all the time")
    func longLog() throws {
        try withFolder { folder throws in
            let store = try SQLiteStore(.file(folder + "/store.db"))
            try store.migrate(to: F.schema)
            let (writers, rounds, bytes) = (2, 600, 40_000)
            let left = Atomic<Int>(writers)
            onThreads(writers + 1) { index in
                guard index < writers else {
                    while left.load(ordering: .acquiring) > 0 {
                        try store.tidy()
                        usleep(50_000)
                    }
                    return
                }
                defer { left.subtract(1, ordering: .acquiringAndReleasing) }
                for round in 0..<rounds {
                    let data = Array(repeating: UInt8(truncatingIfNeeded: round), count: bytes)
                    try store.put(F.parents, F.parent("\(index)", size: Int64(round), data: data))
                }
            }
            let log = try FileManager.default.attributesOfItem(atPath: folder + "/store.db-wal")
            let length = try #require((log[.size] as? NSNumber)?.intValue)
            #expect(length < writers * rounds * bytes * 2 / 3)
            #expect(try store.rows(F.parents).map { $0[1] } == [.integer(599), .integer(599)])
        }
    }

    @Test(
        "is named as people do",
        arguments: [
            ("store.db", .file("store.db")), ("/var/lib/store.db", .file("/var/lib/store.db")),
            ("sqlite:store.db", .file("store.db")), ("sqlite:/a/b", .file("/a/b")),
            ("sqlite:///a/b", .file("/a/b")), (":memory:", .memory), ("sqlite::memory:", .memory),
            ("postgresql://h/d", .postgreSQL("postgresql://h/d")),
            ("postgres:///d", .postgreSQL("postgres:///d")),
        ] as [(String, StoreAddress)])
    func addresses(_ text: String, _ address: StoreAddress) throws {
        #expect(try StoreAddress(text) == address)
    }

    @Test("is not named otherwise", arguments: ["", "sqlite:", "mysql://h/d", "https://user:secret@h"])
    func notAddresses(_ text: String) {
        #expect {
            try StoreAddress(text)
        } throws: { error in !"\(error)".contains("secret") }
    }
}
