internal import Arguments
internal import Centre

/// A refusal of the registers, as the command line tells it.
struct RefusalProblem: ExplainedError {
    let problem: Problem

    init(_ refusal: any Refusal) {
        problem = Problem(
            refusal.code, exit: Self.exit(refusal.code), Self.clause(refusal.reason),
            advice: [Self.clause(refusal.remedy)])
    }

    /// Does it, with refusals turned into problems.
    static func explaining<Result>(_ body: () throws -> Result) throws -> Result {
        do { return try body() } catch let refusal as any Refusal { throw RefusalProblem(refusal) }
    }

    /// Codes tell by their ending what is in the way.
    private static func exit(_ code: String) -> ExitCode {
        for (ending, exit) in [
            ("-unknown", ExitCode.notFound), ("-registered", .alreadyExists), ("-exists", .alreadyExists),
            ("-taken", .alreadyExists), ("-in-use", .inUse),
        ] where code.hasSuffix(ending) {
            return exit
        }
        return .refused
    }

    /// A sentence as a clause: without its full stop, and small at its beginning.
    static func clause(_ sentence: String) -> String {
        let text = sentence.hasSuffix(".") ? String(sentence.dropLast()) : sentence
        return text.prefix(1).lowercased() + text.dropFirst()
    }
}
