import CardCrypto
import Centre
import Foundation
import SmartCard
import Storage
import TestSupport
import Testing

/// `berth` in a process of its own, which is killed without warning: nothing it held in memory is ever written.
@Suite("Killed in the middle", .serialized, .mission(.point1))
struct VaultKillTests {
    /// The program that was built beside these tests.
    private static let berth = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        .deletingLastPathComponent().appending(path: "berth")

    /// Runs until it ends or the time is over; then it is killed, and nothing can be caught.
    private static func run(_ words: [String], killAfter delay: Duration?) throws -> Int32? {
        let process = Process()
        process.executableURL = berth
        process.arguments = words
        process.environment = ["BERTH_VAULT_PASSPHRASE": "env:PASS", "PASS": VaultBench.passphrase]
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        let ended = DispatchSemaphore(value: 0)
        process.terminationHandler = { _ in ended.signal() }
        try process.run()
        guard let delay else {
            ended.wait()
            return process.terminationStatus
        }
        let microseconds = Int(delay.components.attoseconds / 1_000_000_000_000)
        if ended.wait(timeout: .now() + .microseconds(microseconds)) == .timedOut {
            kill(process.processIdentifier, SIGKILL)
            ended.wait()
            return process.terminationReason == .uncaughtSignal ? nil : process.terminationStatus
        }
        return process.terminationStatus
    }

    /// How long an undisturbed run takes, so that kills fall into its whole length.
    private static func measure(_ words: [String]) throws -> Duration {
        var status: Int32?
        let time = try ContinuousClock().measure { status = try run(words, killAfter: nil) }
        try #require(status == 0, "berth \(words.joined(separator: " "))")
        return time
    }

    /// A run that comes to its end although it should be killed says that the machine is faster by now.
    private static func run(
        _ words: [String], killAfter delay: Duration, learning whole: inout Duration
    ) throws -> Int32? {
        var status: Int32?
        let time = try ContinuousClock().measure { status = try run(words, killAfter: delay) }
        if status != nil { whole = min(whole, time) }
        return status
    }

    @Test("while the vault's file is replaced: it is the old or the new one, and opens")
    func replacing() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededGenerator(seed: seed)
        let bench = try VaultBench()
        var vault = try bench.create()
        let words = { (number: Int) in
            [
                "vault", "add-master-key", "key-\(number)", "--type", "aes", "--generate", "--vault",
                bench.file.path,
            ]
        }
        var whole = try Self.measure(words(0))
        var known = 1
        var (kills, lost) = (0, 0)
        for number in 1...40 {
            let delay = whole * Double.random(in: 0.3...1.0, using: &random)
            let status = try Self.run(words(number), killAfter: delay, learning: &whole)
            if status == nil { kills += 1 }
            vault = try bench.open()
            let count = vault.contents.masters.count
            #expect(count == known || count == known + 1, "seed \(seed), run \(number)")
            // Who was told that it was done, has it.
            if status == 0 { #expect(count == known + 1, "seed \(seed), run \(number)") }
            lost += count == known ? 1 : 0
            known = count
        }
        #expect(kills > 0 && lost > 0, "seed \(seed): \(kills) kills fell into the work")
        // The lock went with the killed, and their leftovers are no obstacle.
        try vault.addMasters()
    }

    @Test(
        "while everything is wrapped anew: every record opens, and the next run ends it",
        arguments: [false, true])
    func rewrapping(_ sealsRecords: Bool) throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededGenerator(seed: seed)
        let bench = try VaultBench()
        let path = bench.folder + "/berth.db"
        let (cards, parts) = (sealsRecords ? (40, 10) : (400, 1))
        try Self.fill(path, try bench.create(), cards: cards, parts: parts)
        let words =
            ["store", "rewrap", "--store", path, "--vault", bench.file.path]
            + (sealsRecords ? ["--records"] : [])
        var whole = try Self.measure(words)
        try Self.check(path, try bench.open(), count: cards * parts, seed)
        var (kills, unfinished) = (0, 0)
        for _ in 0..<12 {
            let delay = whole * Double.random(in: 0.1...1.0, using: &random)
            if try Self.run(words, killAfter: delay, learning: &whole) == nil { kills += 1 }
            let vault = try bench.open()
            try Self.check(path, vault, count: cards * parts, seed)
            if try Self.wrappingKeys(path) != [vault.contents.currentWrappingKey] { unfinished += 1 }
        }
        #expect(kills > 0 && unfinished > 0, "seed \(seed): \(kills) kills, \(unfinished) in the middle")
        #expect(try Self.run(words + ["--drop-old"], killAfter: nil) == 0)
        let vault = try bench.open()
        #expect(vault.contents.wrappingKeys.count == 1, "seed \(seed)")
        try Self.check(path, vault, count: cards * parts, seed)
    }

    // MARK: The store

    private static func bytes(_ place: VaultPlace) -> [UInt8] { Digest.sha256.hash(Array("\(place)".utf8)) }

    private static func fill(_ path: String, _ vault: SoftwareVault, cards: Int, parts: Int) throws {
        let store = try SQLiteStore(.file(path))
        try store.migrate(to: .current)
        try store.write { transaction in
            for number in 0..<cards {
                for part in 0..<parts {
                    let place = try VaultBench.place(VaultBench.card(number), part: part)
                    try transaction.seal(Secret(bytes(place)), at: place, in: vault, now: VaultBench.now)
                }
            }
        }
    }

    private static func check(_ path: String, _ vault: SoftwareVault, count: Int, _ seed: UInt64) throws {
        let store = try SQLiteStore(.file(path))
        let opened = try store.read { transaction in
            try transaction.all(VaultRecord.self, Query(VaultRecord.table)).map {
                ($0.place, try transaction.open($0, in: vault))
            }
        }
        #expect(opened.count == count, "seed \(seed)")
        for (place, secret) in opened {
            #expect(secret.withBytes { Array($0) } == bytes(place), "seed \(seed): \(place)")
        }
        #expect(try store.flaws().isEmpty, "seed \(seed)")
    }

    private static func wrappingKeys(_ path: String) throws -> [Int] {
        let store = try SQLiteStore(.file(path))
        return try store.read { try $0.all(WrappingKeyRow.self, Query(WrappingKeyRow.table)) }.map(\.number)
    }
}
