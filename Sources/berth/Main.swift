internal import Arguments
internal import Commands

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

@main
struct Berth {
    static func main() async {
        let terminal = Terminal.live(clock: ContinuousClock())
        let code = await BerthProgram.make(.live, readers: .live)
            .run(Array(CommandLine.arguments.dropFirst()), on: terminal)
        exit(code.rawValue)
    }
}
