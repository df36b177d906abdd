import Arguments
import Terminal
import Testing

@testable import Commands

@Suite("How an errand at a terminal ends")
struct TerminalExitTests {
    @Test(
        "what is in the way says how the program ends; only room is no room",
        arguments: [
            ("card-blocked", ExitCode.refused), ("not-enough-room", .noRoom),
            ("already-installed", .alreadyExists), ("import-missing", .missingImport),
            ("something-newer", .refused), (nil, .refused),
        ] as [(String?, ExitCode)])
    func notFeasible(_ obstacle: String?, _ exit: ExitCode) {
        let problem = Problem(KioskFailure.notFeasible(obstacle))
        #expect(problem.code == "not-feasible" && problem.exit == exit)
    }
}
