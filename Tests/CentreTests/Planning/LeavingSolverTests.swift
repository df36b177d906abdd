import Centre
import PlanningCases
import TestSupport
import Testing

private func isSound(_ choice: LeavingChoice, _ problem: LeavingProblem) -> Bool {
    choice.freed.covers(problem.need)
        && choice.cost == problem.cost(units: choice.units, files: choice.files)
        && choice.files.allSatisfy { file in
            problem.files[file].users.allSatisfy(choice.units.contains)
                && problem.files[file].importers.allSatisfy(choice.files.contains)
        }
}

@Suite("Who leaves")
struct LeavingSolverTests {
    static let all = LeavingGenerator.realistic + LeavingGenerator.hostile

    @Test(
        "costs exactly what the best of all choices costs", .mission(.b4), .mission(.point2), arguments: all)
    func exact(_ kind: LeavingGenerator) throws {
        for seed in UInt64(0)..<250 {
            let problem = kind.problem(2 + Int(seed % 7), seed: seed)
            let choice = problem.solve()
            #expect(choice?.cost == problem.exhaustiveCost(), "\(kind.name), seed \(seed)")
            guard let choice else { continue }
            #expect(isSound(choice, problem), "\(kind.name), seed \(seed)")
            #expect(choice.optimality == .proven, "\(kind.name), seed \(seed)")
        }
    }

    @Test("the same with nine to sixteen applications", .mission(.b4), .mission(.point2), arguments: all)
    func exactSixteen(_ kind: LeavingGenerator) throws {
        for count in 9...16 {
            for seed in UInt64(0)..<(count < 13 ? 4 : 1) {
                let problem = kind.problem(count, seed: 1_000 + seed)
                let choice = problem.solve()
                #expect(choice?.cost == problem.exhaustiveCost(), "\(kind.name), \(count), seed \(seed)")
                #expect(choice.map { $0.optimality == .proven } ?? true, "\(kind.name), seed \(seed)")
            }
        }
    }

    @Test(
        "the same where code without instances lies above and below other code", .mission(.point2),
        arguments: all)
    func unusedCodeBetween(_ kind: LeavingGenerator) throws {
        for seed in UInt64(0)..<80 {
            var problem = kind.problem(3 + Int(seed % 5), seed: 2_000 + seed)
            var random = SeededGenerator(seed: seed)
            let count = problem.files.count
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                for file in 0..<count where Int.random(in: 0..<3, using: &random) == 0 {
                    problem.files[file].importers.append(problem.files.count)
                }
                let bytes = Int.random(in: 200...3_000, using: &random)
                problem.files.append(
                    .init(
                        points: Int.random(in: 1...9, using: &random), room: Room(nonVolatile: bytes),
                        users: []))
                problem.need.nonVolatile += bytes / 2
            }
            let choice = problem.solve()
            #expect(choice?.cost == problem.exhaustiveCost(), "\(kind.name), seed \(seed)")
            #expect(choice.map { isSound($0, problem) } ?? true, "\(kind.name), seed \(seed)")
        }
    }

    @Test(
        "the same where code of one application alone imports what others import too", .mission(.point2),
        arguments: all)
    func ownCodeImports(_ kind: LeavingGenerator) throws {
        for seed in UInt64(0)..<80 {
            var problem = kind.problem(3 + Int(seed % 5), seed: 3_000 + seed)
            var random = SeededGenerator(seed: seed)
            // Code for each that has none, so that there is something that imports.
            for unit in problem.units.indices where Int.random(in: 0..<2, using: &random) == 0 {
                let bytes = Int.random(in: 200...3_000, using: &random)
                problem.files.append(
                    .init(
                        points: Int.random(in: 0...9, using: &random), room: Room(nonVolatile: bytes),
                        users: [unit]))
            }
            let count = problem.files.count
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let bytes = Int.random(in: 200...6_000, using: &random)
                problem.files.append(
                    .init(
                        points: Int.random(in: 0...9, using: &random), room: Room(nonVolatile: bytes),
                        users: [],
                        importers: (0..<count).filter { _ in Int.random(in: 0..<3, using: &random) == 0 }))
            }
            let most = problem.most
            problem.need.nonVolatile = most.nonVolatile * Int.random(in: 5...98, using: &random) / 100
            let choice = problem.solve()
            #expect(choice?.cost == problem.exhaustiveCost(), "\(kind.name), seed \(seed)")
            #expect(choice.map { isSound($0, problem) } ?? true, "\(kind.name), seed \(seed)")
        }
    }

    @Test(
        "sixty-four applications as cards hold them are proven, most of them at once",
        .mission(.point2), arguments: LeavingGenerator.realistic)
    func proven(_ kind: LeavingGenerator) throws {
        var counts: [Int] = []
        for seed in UInt64(0)..<11 {
            let problem = kind.problem(64, seed: seed)
            guard let choice = problem.solve() else { continue }
            #expect(isSound(choice, problem), "\(kind.name), seed \(seed)")
            #expect(choice.optimality == .proven, "\(kind.name), seed \(seed)")
            counts.append(choice.stateCount)
        }
        counts.sort()
        #expect(counts[counts.count / 2] <= 10_000, "\(kind.name): \(counts)")
    }

    @Test("what was hard for a search by halves is proven by a sweep", .mission(.point2))
    func hardCards() throws {
        // Seeds of which 500,000 halvings did not prove the answer.
        let cards: [(LeavingGenerator, UInt64, LeavingCost)] = [
            (.bothMemories, 80, .init(points: 851)), (.preferred, 14, .init(preferredCount: 6, points: 656)),
            (.nearlyEqual, 83, .init(points: 187)), (.nested, 59, .init(points: 730)),
        ]
        for (kind, seed, cost) in cards {
            let choice = try #require(kind.problem(64, seed: seed).solve())
            #expect(choice.cost == cost, "\(kind.name), seed \(seed)")
            #expect(choice.optimality == .proven, "\(kind.name), seed \(seed)")
        }
    }

    @Test(
        "what is hostile to any solver ends, and says how far off it may be",
        arguments: LeavingGenerator.hostile)
    func hostile(_ kind: LeavingGenerator) throws {
        for seed in UInt64(0)..<6 {
            let problem = kind.problem(64, seed: seed)
            guard let choice = problem.solve(statesMax: 4_000) else { continue }
            #expect(isSound(choice, problem), "\(kind.name), seed \(seed)")
            // A sweep notices the end after a step, and a step makes at most three of one.
            #expect(choice.stateCount <= 4 * 4_000, "\(kind.name), seed \(seed)")
            if case .within(let points) = choice.optimality {
                #expect(points >= 0 && points <= choice.cost.points, "\(kind.name), seed \(seed)")
            }
        }
    }

    @Test("the same problem gives the same choice")
    func deterministic() {
        let problem = LeavingGenerator.bothMemories.problem(48, seed: 7)
        #expect(problem.solve() == problem.solve())
    }

    @Test("a shared library counts once, and only when its last user leaves")
    func sharedLibrary() throws {
        let unit = LeavingProblem.Unit(points: 10, room: Room(nonVolatile: 100))
        let library = LeavingProblem.File(points: 1, room: Room(nonVolatile: 1_000), users: [0, 1])
        var problem = LeavingProblem(
            need: Room(nonVolatile: 1_100), units: [unit, unit, unit], files: [library])
        #expect(problem.solve()?.units == [0, 1])
        #expect(problem.solve()?.cost == LeavingCost(points: 21))
        problem.need = Room(nonVolatile: 300)
        #expect(problem.solve()?.cost == LeavingCost(points: 21))
        problem.need = Room(nonVolatile: 1_301)
        #expect(problem.solve() == nil)
    }

    @Test("a library that another file needs stays until that file leaves")
    func importedLibrary() throws {
        let problem = LeavingProblem(
            need: Room(nonVolatile: 900), units: [.init(points: 10, room: Room(nonVolatile: 100))],
            files: [
                .init(points: 1, room: Room(nonVolatile: 800), users: [], importers: [1]),
                .init(points: 5, room: Room(nonVolatile: 50), users: [0]),
            ])
        #expect(try #require(problem.solve()).files == [0, 1])
    }

    @Test("only the instance leaves where its code is not needed")
    func instanceOnly() throws {
        let problem = LeavingProblem(
            need: Room(nonVolatile: 90), units: [.init(points: 10, room: Room(nonVolatile: 100))],
            files: [.init(points: 1, room: Room(nonVolatile: 800), users: [0])])
        #expect(try #require(problem.solve()).files == [])
    }

    @Test("code that nobody uses leaves before any application does")
    func unusedCode() throws {
        let problem = LeavingProblem(
            need: Room(nonVolatile: 90), units: [.init(points: 10, room: Room(nonVolatile: 100))],
            files: [.init(points: 2, room: Room(nonVolatile: 800), users: [])])
        #expect(try #require(problem.solve()).units == [])
    }

    @Test("what the holder wants to keep leaves last, whatever it costs otherwise")
    func preference() throws {
        var problem = LeavingProblem(
            need: Room(nonVolatile: 100),
            units: [
                .init(points: 1, isPreferred: true, room: Room(nonVolatile: 100)),
                .init(points: 500, room: Room(nonVolatile: 60)),
                .init(points: 500, room: Room(nonVolatile: 60)),
            ], files: [])
        #expect(try #require(problem.solve()).units == [1, 2])
        problem.need = Room(nonVolatile: 121)
        #expect(try #require(problem.solve()).cost == LeavingCost(preferredCount: 1, points: 501))
    }

    @Test("what the holder wants to keep stays although it costs nothing", .mission(.point2))
    func preferenceWithoutPoints() throws {
        let problem = LeavingProblem(
            need: Room(nonVolatile: 100),
            units: [
                .init(points: 0, isPreferred: true, room: Room(nonVolatile: 90)),
                .init(points: 1, isPreferred: true, room: Room(nonVolatile: 100)),
                .init(points: 30, room: Room(nonVolatile: 50)),
            ], files: [])
        #expect(try #require(problem.solve()).cost == LeavingCost(preferredCount: 1, points: 1))
    }

    @Test("both memories are covered")
    func bothMemories() throws {
        let problem = LeavingProblem(
            need: Room(nonVolatile: 10, volatile: 10),
            units: [
                .init(points: 3, room: Room(nonVolatile: 10)),
                .init(points: 3, room: Room(nonVolatile: 0, volatile: 10)),
                .init(points: 7, room: Room(nonVolatile: 10, volatile: 10)),
            ], files: [])
        #expect(try #require(problem.solve()).units == [0, 1])
    }

    @Test("nothing leaves where nothing is needed, and nothing helps where all is too little")
    func edges() {
        let units = [LeavingProblem.Unit(points: 3, room: Room(nonVolatile: 10))]
        #expect(LeavingProblem(need: .none, units: units, files: []).solve()?.units == [])
        #expect(LeavingProblem(need: Room(nonVolatile: 11), units: units, files: []).solve() == nil)
        #expect(LeavingProblem(need: Room(nonVolatile: 1), units: [], files: []).solve() == nil)
    }
}
