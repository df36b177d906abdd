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
        let ways = [register.change, place.bare] + (smallest.map { [$0.change] } ?? [])
        let times = try effort.turns(ways)
        let writers = try register.perCommit(threads: writerCount, commits: effort.commitCount)
        let growth = smallest.map { smallest in
            Figure(
                "\(prefix)-growth-from-\(smallest.cardCount)-to-\(cards)", times[0] / times[2], "x",
                target: growthMax)
        }
        return [
            Figure("\(prefix)-import-\(cards)", Double(cards) / seconds, "cards/s"),
            Figure("\(prefix)-bytes-\(cards)", Double(try place.bytes()) / Double(cards), "bytes/card"),
            Figure("\(prefix)-commit-\(cards)", times[0] / 1e3, "us"),
            Figure("\(prefix)-bare-commit-\(cards)", times[1] / 1e3, "us"),
            Figure("\(prefix)-commit-ratio-\(cards)", times[0] / times[1], "x", target: ratioMax),
            Figure("\(prefix)-commit-\(writerCount)-writers-\(cards)", writers / 1e3, "us"),
        ] + [growth].compactMap { $0 }
    }
}

extension Effort {
    var commitCount: Int { isQuick ? 400 : 8_000 }
    private var turnCount: Int { isQuick ? 3 : 21 }
    /// So many that the engine's own housekeeping, such as emptying its log, falls into nearly every turn.
    private var commitsPerTurn: Int { isQuick ? 40 : 300 }

    /// Some ways to commit in turns, none always first: of each the median of its turns, in nanoseconds per commit.
    fileprivate func turns(_ ways: [() throws -> Void]) throws -> [Double] {
        var times = ways.map { _ in [Double]() }
        // The first turn warms up.
        for turn in 0...turnCount {
            for offset in ways.indices {
                let way = (turn + offset) % ways.count
                let time = try nanoseconds { for _ in 0..<commitsPerTurn { try ways[way]() } }
                if turn > 0 { times[way].append(time / Double(commitsPerTurn)) }
            }
        }
        return times.map(median)
    }
}
