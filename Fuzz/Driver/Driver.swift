internal import CLibFuzzer
internal import FuzzTargets
internal import Glibc

/// Runs libFuzzer on the target that `BERTH_FUZZ_TARGET` names; without one, prints the names.
///
/// The package manager gives every program a `main`, so libFuzzer's own cannot be used: its documented
/// `LLVMFuzzerRunDriver` is called instead.
@main
struct Driver {
    static func main() {
        guard let name = getenv("BERTH_FUZZ_TARGET").map({ String(cString: $0) }) else {
            FuzzTarget.all.forEach { print($0.name) }
            return
        }
        guard chosenTarget != nil else {
            print("no fuzz target is called '\(name)'")
            exit(2)
        }
        if CommandLine.arguments.count == 3, CommandLine.arguments[1] == "--write-seeds" {
            exit(writeSeeds(to: CommandLine.arguments[2]))
        }
        var count = CommandLine.argc
        var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = CommandLine.unsafeArgv
        exit(LLVMFuzzerRunDriver(&count, &arguments, runOnce))
    }
}
