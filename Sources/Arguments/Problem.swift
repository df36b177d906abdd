package import JSON

/// An error for people: what happened, why, and what to do; for programs, a stable code and details.
package struct Problem: Error, Hashable, Sendable {
    /// Stable, in lower case with hyphens, such as `no-reader`.
    package let code: String
    package let exit: ExitCode
    /// What happened: one sentence without a full stop.
    package let what: String
    /// The cause, as far as it is known.
    package let why: String?
    /// What to do next; several, if there are several ways.
    package let advice: [String]
    /// Figures and names for programs; never a secret.
    package let details: JSONObject

    package init(
        _ code: String, exit: ExitCode, _ what: String, why: String? = nil, advice: [String] = [],
        details: JSONObject = [:]
    ) {
        self.code = code
        self.exit = exit
        self.what = what
        self.why = why
        self.advice = advice
        self.details = details
    }

    /// A command line that is wrong in a way only the command itself can tell.
    package static func usage(_ what: String, why: String? = nil, advice: String...) -> Self {
        Self("usage", exit: .usage, what, why: why, advice: advice)
    }

    package static let interrupted = Self(
        "interrupted", exit: .interrupted, "interrupted", advice: ["run the same command again to go on"])

    package static let terminated = Self(
        "terminated", exit: .terminated, "told to end", advice: ["run the same command again to go on"])
}

/// An error of another layer that can explain itself to people.
package protocol ExplainedError: Error {
    var problem: Problem { get }
}

extension Problem: ExplainedError {
    package var problem: Problem { self }

    /// The problem of any error: an unexplained one is our own mistake, and shows its type only, since its text
    /// could hold a secret.
    package init(_ error: any Error) {
        if let explained = error as? any ExplainedError {
            self = explained.problem
        } else if error is CancellationError {
            self = .interrupted
        } else {
            self.init(
                "internal", exit: .internalError, "something went wrong inside berth",
                why: "an error of type \(type(of: error)) was not expected here",
                advice: ["please report this, with the command and the output of --trace"])
        }
    }
}

extension Problem {
    /// The text for people: "berth: " and the problem, then the cause and the advice, each wrapped under its label.
    package func text(program: String, width: Int) -> String {
        var lines = labelled("\(program): ", what, indent: 2, width: width)
        if let why { lines += labelled("  why: ", why, indent: 7, width: width) }
        for item in advice { lines += labelled("  help: ", item, indent: 8, width: width) }
        return lines.joined(separator: "\n") + "\n"
    }

    private func labelled(_ label: String, _ text: String, indent: Int, width: Int) -> [String] {
        wrap(label + text.printable, width: width, indent: indent)
    }

    /// The object that `--json` gives: `{"problem":{…}}`.
    package var json: JSONValue {
        var object: JSONObject = [
            "code": .string(code), "exit": .integer(Int64(exit.rawValue)), "class": .string(exit.name),
            "what": .string(what),
        ]
        if let why { object["why"] = .string(why) }
        if !advice.isEmpty { object["advice"] = .array(advice.map { .string($0) }) }
        if !details.members.isEmpty { object["details"] = .object(details) }
        return ["problem": .object(object)]
    }
}
