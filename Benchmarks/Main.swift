#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// Prints one JSON line per figure. `scripts/bench` builds it, and the program that it starts, as they are released.
/// With a word of `parts` it is a part of another script: a CAP file, a slow network, a relay in lock step.
@main
struct Benchmarks {
    static func main() throws {
        let given = CommandLine.arguments.dropFirst()
        if let word = given.first, let part = parts[word] { return try part(Array(given.dropFirst())) }
        let effort = try effort()
        guard let program = getenv("BERTH").map({ String(cString: $0) }) else {
            throw BenchmarkError("BERTH must name the program; scripts/bench sets it")
        }
        let only = value(of: "--only")
        // The program comes first: what is measured of it needs this process to be small.
        let groups: [(name: String, figures: () throws -> [Figure])] = [
            ("program", { try ProgramFigures.all(effort, program: program) }),
            ("service", { try ServiceFigures.all(effort, program: program) }),
            ("channel", { try SecureChannelFigures.all(effort) }),
            ("parsing", { try ParsingFigures.all(effort) }),
            ("card", { try CardFigures.all(effort) }),
            ("plan", { PlanFigures.all(effort) }),
            ("store", { try StoreFigures.all(effort) }),
            ("operations", { try OperationFigures.all(effort) }),
        ]
        for group in groups where only == nil || only == group.name { report(try group.figures()) }
    }

    private static func effort() throws -> Effort {
        let isQuick = CommandLine.arguments.contains("--quick")
        let sizes = value(of: "--sizes")?.split(separator: ",").map { Int($0) ?? 0 }
        guard sizes?.allSatisfy({ $0 > 0 }) ?? true, sizes != [] else {
            throw BenchmarkError("--sizes 10000,100000")
        }
        return Effort(
            isQuick: isQuick, engineName: value(of: "--engine"),
            registerSizes: sizes ?? (isQuick ? [1_000, 4_000] : [10_000, 100_000, 1_000_000]))
    }

    private static func value(of option: String) -> String? {
        CommandLine.arguments.firstIndex(of: option).flatMap { CommandLine.arguments.dropFirst($0 + 1).first }
    }

    /// What scripts run beside the program.
    private static let parts: [String: @Sendable ([String]) throws -> Void] = [
        "--write-cap": { rest in
            guard let path = rest.first else { throw BenchmarkError("--write-cap FILE [BYTES]") }
            let bytes = rest.dropFirst().first.flatMap { Int($0) } ?? 36_000
            try write(ParsingFigures.cap(codeBytes: bytes), to: path)
        },
        "--bare-commits": { rest in
            guard rest.count == 2, let seconds = Double(rest[1]) else {
                throw BenchmarkError("--bare-commits PLACE SECONDS")
            }
            try LoadGenerator.countBareCommits(at: rest[0], seconds: seconds)
        },
        "--distance": { rest in
            let numbers = rest.dropFirst().compactMap { Int32($0) }
            guard let device = rest.first, numbers.count == 3 else {
                throw BenchmarkError("--distance DEVICE DESCRIPTOR DESCRIPTOR MILLISECONDS")
            }
            try Distance.run(
                device: device, ends: Array(numbers.prefix(2)), each: .milliseconds(Int(numbers[2])))
        },
        "--lateness": { rest in
            guard rest.count == 1, let seconds = Double(rest[0]) else {
                throw BenchmarkError("--lateness SECONDS")
            }
            Lateness.run(seconds: seconds)
        },
        "--load": LoadGenerator.run,
        "--lock-step": { rest in
            let ports = rest.compactMap { UInt16($0) }
            guard ports.count == 2 else { throw BenchmarkError("--lock-step PORT TO") }
            try LockStep.run(port: ports[0], to: ports[1])
        },
    ]

    private static func write(_ bytes: [UInt8], to path: String) throws {
        guard let file = fopen(path, "w") else { throw BenchmarkError("\(path) cannot be written") }
        let count = fwrite(bytes, 1, bytes.count, file)
        guard fclose(file) == 0, count == bytes.count else { throw BenchmarkError("\(path) is not complete") }
    }

    private static func report(_ figures: [Figure]) {
        for figure in figures {
            print(figure.line)
            fflush(nil)
        }
    }
}
