import Centre
import Foundation
import Storage
import TestSupport
import Testing

private typealias F = Fixtures

/// What a process that was killed leaves behind: everything that it said was kept, and every transaction whole.
@Suite("A process that is killed")
struct KilledTests {
    /// The program stands beside the one that runs the tests.
    private static func worker() throws -> URL {
        let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        return URL(filePath: own).deletingLastPathComponent().appending(path: "StoreWorker")
    }

    private struct Run {
        let process: Process
        let output: Pipe
    }

    private func start(_ address: String, _ name: String, threads: Int, step: String? = nil) throws -> Run {
        let process = Process()
        process.executableURL = try Self.worker()
        process.arguments = [address, name, "\(threads)"] + (step.map { [$0] } ?? [])
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        return Run(process: process, output: output)
    }

    /// What it said was kept, after it was killed when it had said so much; all that it said where it kills itself.
    private func acknowledged(_ run: Run, killAfter lines: Int?) -> Set<String> {
        var bytes = Data()
        var isKilled = false
        while true {
            let more = run.output.fileHandleForReading.availableData
            if more.isEmpty { break }
            bytes += more
            if let lines, !isKilled, bytes.count(where: { $0 == 10 }) >= lines {
                kill(run.process.processIdentifier, SIGKILL)
                isKilled = true
            }
        }
        run.process.waitUntilExit()
        #expect(run.process.terminationReason == .uncaughtSignal)
        return Set(String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init))
    }

    private func check(_ store: any Database, has acknowledged: Set<String>, _ place: Comment) throws {
        #expect(try store.flaws().isEmpty, place)
        var halves: [String: Int] = [:]
        var counters: [String: Int64] = [:]
        var query = Query(F.parents)
        while true {
            let page = try store.rows(query)
            for row in page {
                guard case .text(let id) = row[0], case .integer(let size) = row[1] else { continue }
                let parts = id.split(separator: "/")
                if parts.count == 1 {
                    counters[id] = size
                } else {
                    halves["\(parts[0])/\(parts[1])", default: 0] += 1
                }
            }
            guard page.count == query.limit, let last = page.last else { break }
            query.after = [last[0]]
        }
        #expect(halves.values.allSatisfy { $0 == 2 }, place)
        #expect(acknowledged.isSubset(of: halves.keys), place)
        for (name, counter) in counters {
            let kept = halves.keys.filter { $0.hasPrefix(name + "/") }.count
            #expect(kept == Int(counter), place)
        }
    }

    private func onBoth(_ body: (_ address: String) throws -> Void) throws {
        try withFolder { try body("sqlite:\($0)/store.db") }
        try withPostgreSQL { try body($0) }
    }

    @Test("at any moment, with one writer or many in a group", arguments: [1, 4])
    func anywhere(threads: Int) throws {
        try onBoth { address in
            try StoreAddress(address).make().migrate(to: F.schema)
            var all: Set<String> = []
            var generator = SeededGenerator(seed: UInt64(threads))
            for round in 0..<12 {
                let run = try start(address, "w\(round)", threads: threads)
                all.formUnion(acknowledged(run, killAfter: Int.random(in: 1...60, using: &generator)))
                try check(StoreAddress(address).open(), has: all, "round \(round) of \(address.prefix(10))")
            }
            #expect(all.count >= 12)
        }
    }

    @Test("before, in and after a transaction", arguments: ["before", "inside", "flushed", "after"])
    func atBoundaries(place: String) throws {
        try onBoth { address in
            try StoreAddress(address).make().migrate(to: F.schema)
            for number in 1...6 {
                let run = try start(address, "w\(number)", threads: 1, step: "\(place):\(number)")
                let kept = acknowledged(run, killAfter: nil)
                #expect(kept.count == number - 1)
                let store = try StoreAddress(address).open()
                try check(store, has: kept, "\(place):\(number)")
                let counter = try store.rows(Query(F.parents, key: [.text("w\(number)-0")])).first?[1]
                let expected = place == "after" ? number : number - 1
                #expect(counter == (expected == 0 ? nil : .integer(Int64(expected))))
            }
        }
    }

    @Test("beside another that goes on: two processes on one store")
    func besideAnother() throws {
        try onBoth { address in
            try StoreAddress(address).make().migrate(to: F.schema)
            var all: Set<String> = []
            for round in 0..<4 {
                let lasting = try start(address, "l\(round)", threads: 2)
                let short = try start(address, "s\(round)", threads: 2)
                all.formUnion(acknowledged(short, killAfter: 20))
                all.formUnion(acknowledged(lasting, killAfter: 40))
                try check(StoreAddress(address).open(), has: all, "round \(round)")
            }
        }
    }
}
