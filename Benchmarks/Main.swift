#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// Prints one JSON line per figure. `scripts/bench` builds it, and the program that it starts, as they are released.
/// With `--write-cap FILE` it only writes the CAP file that `scripts/bench-install` installs.
@main
struct Benchmarks {
    static func main() throws {
        if CommandLine.arguments.count == 3, CommandLine.arguments[1] == "--write-cap" {
            return try write(ParsingFigures.cap(codeBytes: 36_000), to: CommandLine.arguments[2])
        }
        let effort = Effort(isQuick: CommandLine.arguments.contains("--quick"))
        guard let program = getenv("BERTH").map({ String(cString: $0) }) else {
            throw BenchmarkError("BERTH must name the program; scripts/bench sets it")
        }
        let only = CommandLine.arguments.firstIndex(of: "--only").map {
            CommandLine.arguments.dropFirst($0 + 1).first
        }
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
