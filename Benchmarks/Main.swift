#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// Prints one JSON line per figure. `scripts/bench` builds it, and the program that it starts, as they are released.
@main
struct Benchmarks {
    static func main() throws {
        let effort = Effort(isQuick: CommandLine.arguments.contains("--quick"))
        guard let program = getenv("BERTH").map({ String(cString: $0) }) else {
            throw BenchmarkError("BERTH must name the program; scripts/bench sets it")
        }
        report(try ProgramFigures.all(effort, program: program))
        report(try SecureChannelFigures.all(effort))
        report(try ParsingFigures.all(effort))
        report(try CardFigures.all(effort))
    }

    private static func report(_ figures: [Figure]) {
        for figure in figures {
            print(figure.line)
            fflush(nil)
        }
    }
}
