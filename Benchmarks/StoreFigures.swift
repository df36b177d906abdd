internal import Centre
internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// What the registers cost as they grow: one card read, planned for and changed, durably, beside the bare engine doing
/// as many durable commits in the same minutes.
enum StoreFigures {
    /// The core reaches half of what the bare engine commits.
    private static let ratioMax = 2.0
    /// From the smallest register to the largest.
    private static let growthMax = 1.25
    static let writerCount = 16

    static func all(_ effort: Effort) throws -> [Figure] {
        try BenchPlace.engines(effort).flatMap { try figures($0, effort) }
    }

    /// The smallest register stays open, so that the others are compared with it in the same minutes: a disk that is
    /// slow just now says nothing about the register.
    private static func figures(_ engine: BenchPlace.Engine, _ effort: Effort) throws -> [Figure] {
        var figures: [Figure] = []
        try engine.open("store_smallest") { place in
            let smallest = BenchRegister(place.store, cardCount: effort.registerSizes[0])
            figures += try measure(smallest, place, effort, "store-\(engine.name)", beside: nil)
            for cards in effort.registerSizes.dropFirst() {
                try engine.open("store_\(cards)") { place in
                    let register = BenchRegister(place.store, cardCount: cards)
                    figures += try measure(register, place, effort, "store-\(engine.name)", beside: smallest)
                }
            }
        }
        return figures
    }

    private static func measure(
        _ register: BenchRegister, _ place: BenchPlace, _ effort: Effort, _ prefix: String,
        beside smallest: BenchRegister?
    ) throws -> [Figure] {
        let cards = register.cardCount
        let seconds = try nanoseconds { try register.fill() } / 1e9
        try place.settle()
        let bytes = try place.bytes()
        let connect = try place.copy(.rows)
        let connectToAsk = try place.copy(.questionsAndRows)
        let recorder = RecordingStore(place.store)
        let recorded = BenchRegister(recorder, cardCount: cards)
        let same = SameWrites(recorder, .rows, try connect())
        let asking = SameWrites(recorder, .questionsAndRows, try connectToAsk())
        recorder.begin()
        // The bare engine is one turn behind, so that it may be the first of a turn as well.
        for _ in 0..<effort.commitsPerTurn { try recorded.change() }
        let ways: [Effort.Way] =
            [
                (nil, recorded.change), (nil, place.bare), (same.prepare, same.commit),
                (asking.prepare, asking.commit),
            ]
            + (smallest.map { [(nil, $0.change)] } ?? [])
        let (times, processor) = try effort.turns(ways)
        try same.prepare()
        try asking.prepare()
        let writers = try recorded.perCommit(threads: writerCount, commits: effort.commitCount)
        let bareWriters = try perCommit(recorder.take(.rows), .rows, place, connect)
        let askingWriters = try perCommit(
            recorder.take(.questionsAndRows), .questionsAndRows, place, connectToAsk)
        let growth = smallest.map { smallest in
            Figure(
                "\(prefix)-growth-from-\(smallest.cardCount)-to-\(cards)", times[0] / times[4], "x",
                target: growthMax)
        }
        let many = "\(writerCount)-writers"
        return [
            Figure("\(prefix)-import-\(cards)", Double(cards) / seconds, "cards/s"),
            Figure("\(prefix)-bytes-\(cards)", Double(bytes) / Double(cards), "bytes/card"),
            Figure("\(prefix)-commit-\(cards)", times[0] / 1e3, "us"),
            Figure("\(prefix)-processor-\(cards)", processor[0] / 1e3, "us"),
            Figure("\(prefix)-bare-commit-\(cards)", times[1] / 1e3, "us"),
            Figure("\(prefix)-commit-ratio-\(cards)", times[0] / times[1], "x", target: ratioMax),
            Figure("\(prefix)-same-writes-commit-\(cards)", times[2] / 1e3, "us"),
            Figure("\(prefix)-same-writes-ratio-\(cards)", times[0] / times[2], "x", target: ratioMax),
            Figure("\(prefix)-same-questions-and-writes-\(cards)", times[3] / 1e3, "us"),
            Figure("\(prefix)-same-questions-and-writes-ratio-\(cards)", times[0] / times[3], "x"),
            Figure("\(prefix)-commit-\(many)-\(cards)", writers / 1e3, "us"),
            Figure("\(prefix)-same-writes-commit-\(many)-\(cards)", bareWriters / 1e3, "us"),
            Figure(
                "\(prefix)-same-writes-ratio-\(many)-\(cards)", writers / bareWriters, "x", target: ratioMax),
            Figure("\(prefix)-same-questions-and-writes-\(many)-\(cards)", askingWriters / 1e3, "us"),
            Figure(
                "\(prefix)-same-questions-and-writes-ratio-\(many)-\(cards)", writers / askingWriters, "x"),
            Figure(
                "\(prefix)-\(many)-to-one-bare-writer-\(cards)", writers / times[2], "x", target: ratioMax),
        ] + [growth].compactMap { $0 }
    }

    /// The same by as many threads that call the bare engine: nanoseconds from one durable commit to the next.
    /// Each has a connection of its own; where the engine lets one write at a time they take turns on one, because
    /// connections that only try again starve each other.
    private static func perCommit(
        _ recorded: [Recorded], _ reader: RecordingStore.Reader, _ place: BenchPlace,
        _ connect: () throws -> any BareWriter
    ) throws -> Double {
        let shared = place.hasOneWriter ? try connect() : nil
        let turn = Mutex<Void>(())
        let works = try (0..<writerCount).map { thread in
            let writer = try shared ?? connect()
            let commits = try stride(from: thread, to: recorded.count, by: writerCount).map {
                try writer.ready(reader == .rows ? [] : recorded[$0].asked, recorded[$0].changes)
            }
            return {
                for commit in commits {
                    if shared == nil { try commit() } else { try turn.withLock { _ in try commit() } }
                }
            }
        }
        return try BenchRegister.atOnce(works) / Double(recorded.count)
    }
}

extension Effort {
    var commitCount: Int { isQuick ? 400 : 8_000 }
    private var turnCount: Int { isQuick ? 3 : 21 }
    /// So many that the engine's own housekeeping, such as emptying its log, falls into nearly every turn.
    fileprivate var commitsPerTurn: Int { isQuick ? 40 : 300 }

    /// One durable commit, and what comes before a turn of them and is not timed.
    fileprivate typealias Way = (prepare: (() throws -> Void)?, commit: () throws -> Void)

    /// Some ways to commit in turns, none always first: of each the median of its turns, in nanoseconds per commit; and
    /// of the processor's.
    fileprivate func turns(_ ways: [Way]) throws -> (times: [Double], processor: [Double]) {
        var times = ways.map { _ in [Double]() }
        var processor = times
        // The first turn warms up.
        for turn in 0...turnCount {
            for offset in ways.indices {
                let way = (turn + offset) % ways.count
                try ways[way].prepare?()
                let before = processorNanoseconds(CLOCK_THREAD_CPUTIME_ID)
                let time = try nanoseconds { for _ in 0..<commitsPerTurn { try ways[way].commit() } }
                let taken = processorNanoseconds(CLOCK_THREAD_CPUTIME_ID) - before
                guard turn > 0 else { continue }
                times[way].append(time / Double(commitsPerTurn))
                processor[way].append(taken / Double(commitsPerTurn))
            }
        }
        return (times.map(median), processor.map(median))
    }
}
