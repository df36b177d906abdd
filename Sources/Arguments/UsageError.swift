internal import JSON

/// A command line that does not fit the tree.
///
/// It never repeats a value that could be a secret.
enum UsageError: Error, Hashable {
    case missingCommand(path: [String])
    case unknownCommand(String, path: [String], suggestions: [String])
    case unknownOption(String, path: [String], suggestions: [String])
    case misplacedOption(String, path: [String], example: String)
    case missingValue(option: String, placeholder: String, next: String?, path: [String])
    case unwantedValue(option: String, path: [String])
    case givenTwice(option: String, path: [String])
    case missingOption(String, path: [String])
    case invalidOption(String, source: ParsedCommand.ValueSource, reason: String, path: [String])
    case missingArgument(String, path: [String])
    case invalidArgument(String, reason: String, path: [String])
    case unexpectedArgument(String, path: [String])
}

extension UsageError: ExplainedError {
    var problem: Problem {
        let path = path.joined(separator: " ")
        var advice = suggestions.isEmpty ? [] : ["did you mean \(alternatives(suggestions))?"]
        if let hint { advice.append(hint) }
        advice.append("see '\(path) --help'")
        var details: JSONObject = ["command": .string(path)]
        if !suggestions.isEmpty { details["suggestions"] = .array(suggestions.map { .string($0) }) }
        return Problem(code, exit: .usage, what, advice: advice, details: details)
    }

    private var code: String {
        switch self {
        case .missingCommand: "missing-command"
        case .unknownCommand: "unknown-command"
        case .unknownOption: "unknown-option"
        case .misplacedOption: "misplaced-option"
        case .missingValue: "missing-value"
        case .unwantedValue: "unwanted-value"
        case .givenTwice: "option-given-twice"
        case .missingOption: "missing-option"
        case .invalidOption: "invalid-option"
        case .missingArgument: "missing-argument"
        case .invalidArgument: "invalid-argument"
        case .unexpectedArgument: "unexpected-argument"
        }
    }

    private var what: String {
        switch self {
        case .missingCommand(let path): "'\(path.joined(separator: " "))' needs a command after it"
        case .unknownCommand(let word, let path, _):
            "'\(path.joined(separator: " "))' has no command \(quoted(word))"
        case .unknownOption(let option, let path, _):
            "'\(path.joined(separator: " "))' has no option \(quoted(option))"
        case .misplacedOption(let option, _, _):
            "\(quoted(option)) stands before the command that it belongs to"
        case .missingValue(let option, let placeholder, _, _):
            "'\(option)' needs a value: \(option) \(placeholder)"
        case .unwantedValue(let option, _): "'\(option)' takes no value"
        case .givenTwice(let option, _): "'\(option)' is given more than once"
        case .missingOption(let option, _): "'\(option)' must be given"
        case .invalidOption(let option, .environment(let name), let reason, _):
            "the value of '\(option)', from \(name), is wrong: \(reason)"
        case .invalidOption(let option, _, let reason, _): "the value of '\(option)' is wrong: \(reason)"
        case .missingArgument(let name, _): "the argument \(name) is missing"
        case .invalidArgument(let name, let reason, _): "the argument \(name) is wrong: \(reason)"
        case .unexpectedArgument(let word, _): "the argument \(quoted(word)) is one too many"
        }
    }

    private var hint: String? {
        switch self {
        case .misplacedOption(_, _, let example): "write it after the command: \(example)"
        case .missingValue(let option, _, let next?, _): "if \(quoted(next)) is the value, write \(option)=…"
        case .missingCommand, .unknownCommand, .unknownOption, .missingValue, .unwantedValue, .givenTwice,
            .missingOption, .invalidOption, .missingArgument, .invalidArgument, .unexpectedArgument:
            nil
        }
    }

    private var path: [String] {
        switch self {
        case .missingCommand(let path), .unknownCommand(_, let path, _), .unknownOption(_, let path, _),
            .misplacedOption(_, let path, _), .missingValue(_, _, _, let path), .unwantedValue(_, let path),
            .givenTwice(_, let path), .missingOption(_, let path), .invalidOption(_, _, _, let path),
            .missingArgument(_, let path), .invalidArgument(_, _, let path), .unexpectedArgument(_, let path):
            path
        }
    }

    private var suggestions: [String] {
        switch self {
        case .unknownCommand(_, _, let suggestions), .unknownOption(_, _, let suggestions): suggestions
        case .missingCommand, .misplacedOption, .missingValue, .unwantedValue, .givenTwice, .missingOption,
            .invalidOption, .missingArgument, .invalidArgument, .unexpectedArgument:
            []
        }
    }

    private func alternatives(_ words: [String]) -> String {
        words.map { "'\($0)'" }.joined(separator: " or ")
    }
}

/// The word in quotes; a word that could be a key or a password is not repeated.
private func quoted(_ word: String) -> String {
    let digits = word.filter { $0 != " " && $0 != ":" }
    // Sixteen hexadecimal digits are a DES key; names of commands and options are never that.
    let looksLikeKey = digits.count >= 16 && digits.allSatisfy(\.isHexDigit)
    return looksLikeKey ? "of \(word.count) characters (not shown, it may be a key)" : "'\(word.printable)'"
}
