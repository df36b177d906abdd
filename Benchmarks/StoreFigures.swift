/// What the registers cost as they grow: one card read, planned for and changed, durably, beside the bare engine doing
/// as many durable commits in the same minutes.
enum StoreFigures {
    /// The core reaches half of what the bare engine commits.
    private static let ratioMax = 2.0
    /// From the smallest register to the largest.
    private static let growthMax = 1.25
    static let writerCount = 16

    static func all(_ effort: Effort) throws -> [Figure] {
        try BenchPlace.engines.flatMap { try figures($0, effort) }
    }

    private static func figures(_ engine: BenchPlace.Engine, _ effort: Effort) throws -> [Figure] {
        var figures: [Figure] = []
        var ratios: [Double] = []
        for cards in effort.registerSizes {
            try engine.open("store_\(cards)") { place in
                let register = BenchRegister(place.store, cardCount: cards)
                let seconds = try nanoseconds { try register.fill() } / 1e9
                try place.settle()
                let prefix = "store-\(engine.name)"
                let (ours, bareTime, ratio) = try effort.compare(register.change, with: place.bare)
                ratios.append(ratio)
                let writers = try register.perCommit(threads: writerCount, commits: effort.commitCount)
                figures += [
                    Figure("\(prefix)-import-\(cards)", Double(cards) / seconds, "cards/s"),
                    Figure(
                        "\(prefix)-bytes-\(cards)", Double(try place.bytes()) / Double(cards), "bytes/card"),
                    Figure("\(prefix)-commit-\(cards)", ours / 1e3, "us"),
                    Figure("\(prefix)-bare-commit-\(cards)", bareTime / 1e3, "us"),
                    Figure("\(prefix)-commit-ratio-\(cards)", ratio, "x", target: ratioMax),
                    Figure("\(prefix)-commit-\(writerCount)-writers-\(cards)", writers / 1e3, "us"),
                ]
            }
        }
        // Beside the bare engine of the same minutes: a disk that is slow just now says nothing about the register.
        guard let first = ratios.first, let last = ratios.last else { return figures }
        return figures + [Figure("store-\(engine.name)-growth", last / first, "x", target: growthMax)]
    }
}

extension Effort {
    var registerSizes: [Int] { isQuick ? [1_000, 4_000] : [10_000, 100_000, 1_000_000] }
    var commitCount: Int { isQuick ? 400 : 8_000 }
}
