internal import FuzzTargets
internal import TestSupport
internal import Testing

@Suite("Fuzz targets")
struct FuzzTests {
    static let inputsPerTarget = 4_000
    static let seed: UInt64 = 0xBE47

    @Test("keep their promises for inputs made from a seed", arguments: FuzzTarget.all.map(\.name))
    func holds(_ name: String) throws {
        let target = try #require(FuzzTarget.all.first { $0.name == name })
        #expect(!target.seeds.isEmpty)
        for seed in target.seeds { try target.check(seed) }
        var mutator = Mutator(seeds: target.seeds, random: SeededGenerator(seed: Self.seed))
        for round in 0..<Self.inputsPerTarget {
            let input = mutator.next()
            #expect(throws: Never.self, "seed \(Self.seed), round \(round): \(input)") {
                try target.check(input)
            }
        }
    }

    @Test("have names that can be file names, each once")
    func names() {
        let names = FuzzTarget.all.map(\.name)
        #expect(Set(names).count == names.count)
        #expect(names.allSatisfy { $0.wholeMatch(of: /[a-z][a-z0-9-]*/) != nil })
    }
}

/// Inputs that are nearly valid find more than noise does; one in eight is noise all the same.
private struct Mutator {
    static let noiseBytesMax = 300
    let seeds: [[UInt8]]
    var random: SeededGenerator

    mutating func next() -> [UInt8] {
        guard let seed = seeds.randomElement(using: &random), Int.random(in: 0..<8, using: &random) > 0 else {
            return random.bytes(Int.random(in: 0...Self.noiseBytesMax, using: &random))
        }
        var input = seed
        for _ in 0..<Int.random(in: 1...4, using: &random) { mutate(&input) }
        return input
    }

    private mutating func mutate(_ input: inout [UInt8]) {
        guard !input.isEmpty else { return input = random.bytes(4) }
        let index = Int.random(in: input.indices, using: &random)
        switch Int.random(in: 0..<6, using: &random) {
        case 0: input[index] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        case 1: input[index] = [0x00, 0x7F, 0x80, 0x81, 0x82, 0x83, 0xFF].randomElement(using: &random) ?? 0
        case 2: input.removeSubrange(index...)
        case 3: input.insert(contentsOf: random.bytes(Int.random(in: 1...8, using: &random)), at: index)
        case 4: input.append(contentsOf: seeds.randomElement(using: &random) ?? [])
        default: input.remove(at: index)
        }
    }
}
