internal import FuzzTargets
internal import Glibc

let chosenTarget: FuzzTarget? = {
    guard let name = getenv("BERTH_FUZZ_TARGET") else { return nil }
    return FuzzTarget.all.first { $0.name == String(cString: name) }
}()

// A free function, because libFuzzer calls it from C and a closure in `main` would belong to the main actor.
func runOnce(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    do throws(FuzzFinding) {
        try chosenTarget?.check(Array(UnsafeBufferPointer(start: start, count: count)))
    } catch {
        fatalError(error.description)
    }
    return 0
}

/// Gives libFuzzer the target's valid inputs to start from, one file each.
func writeSeeds(to folder: String) -> CInt {
    for (index, seed) in (chosenTarget?.seeds ?? []).enumerated() {
        guard let file = fopen("\(folder)/seed-\(index)", "w") else { return 1 }
        let written = fwrite(seed, 1, seed.count, file)
        guard fclose(file) == 0, written == seed.count else { return 1 }
    }
    return 0
}
