internal import Arguments
internal import Commands

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

@main
struct Berth {
    static func main() {
        let arguments = Array(CommandLine.arguments.dropFirst())
        let code = MainThread().run {
            let terminal = Terminal.live(clock: ContinuousClock())
            return await BerthProgram.make(.live, readers: .live, clock: SystemClock())
                .run(arguments, on: terminal).rawValue
        }
        exit(code)
    }
}
