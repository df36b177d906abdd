internal import Arguments
internal import CardCrypto
internal import Centre
internal import JSON
internal import Storage

/// `berth store tidy`.
enum StoreTidyVerb {
    private static let dryRun = Option<Bool>.flag("dry-run", help: "Only say what would be forgotten")

    static func verb(_ clock: any WallClock) -> Command {
        Command(
            "tidy", "Forget load files that no release names",
            discussion: """
                A CAP file that was imported is kept until a release names it. If the draft was discarded, or never \
                written, its bytes stay behind. Do it while nobody imports: between the import and the draft, a load \
                file is unused as well. What releases name is never touched, whether draft, published or withdrawn.
                """,
            examples: [.init("what could go", "berth store tidy --dry-run")],
            options: [OptionGroup("Options", [StoreCommands.store, dryRun])]
        ) { parsed, terminal in
            let store = try StoreCommands.current(parsed, on: terminal)
            let now = clock.now
            func act<Result: Sendable>(_ body: (Act) throws -> Result) throws -> Result {
                try store.write { transaction in
                    try body(Act(transaction, now: now, actor: .centre, entropy: SystemEntropy()))
                }
            }
            let unused = try act { try $0.unusedLoadFiles() }
            var forgottenCount = 0
            if !parsed[dryRun] {
                for start in stride(from: 0, to: unused.digests.count, by: 100) {
                    let page = Array(unused.digests[start..<min(start + 100, unused.digests.count)])
                    forgottenCount += try act { try $0.forgetLoadFiles(page) }
                }
            }
            if terminal.isJSON {
                terminal.print(json: [
                    "store": .string(store.place), "unused": .count(unused.digests.count),
                    "bytes": .count(unused.byteCount), "forgotten": .count(forgottenCount),
                ])
                return
            }
            let size = ByteCount(unused.byteCount)
            terminal.print(
                unused.digests.isEmpty
                    ? "Every load file is named by a release."
                    : parsed[dryRun]
                        ? "\(unused.digests.count) load files could go: \(size)"
                        : "\(forgottenCount) load files are forgotten: \(size)")
        }
    }
}
