internal import Foundation
internal import Testing

/// A rule that one line, seen with the line after it, either keeps or breaks.
struct LineRule: Sendable, CustomTestStringConvertible {
    let name: String
    let breaks: String
    let keeps: String
    /// Only lines with one of these words are looked at, because patterns are slow; none means every line.
    var words: [String] = []
    let isBroken: @Sendable (_ line: String, _ next: String) -> Bool

    var testDescription: String { name }

    func violations(in file: SourceFile) -> [String] {
        file.lines.indices.compactMap { index in
            let line = file.lines[index]
            guard words.isEmpty || words.contains(where: { line.range(of: $0, options: .literal) != nil })
            else {
                return nil
            }
            let next = index + 1 < file.lines.count ? file.lines[index + 1] : ""
            guard isBroken(line, next) else { return nil }
            return "\(file.path):\(index + 1): \(name)"
        }
    }
}

extension LineRule {
    // Code is the business of `swift format lint`, which leaves comments alone.
    static let commentColumnsMax = 120

    static let everywhere: [LineRule] = [
        LineRule(
            name: "a line of comment has at most \(commentColumnsMax) columns",
            breaks: "// " + String(repeating: "x", count: commentColumnsMax),
            keeps: "// " + String(repeating: "é", count: commentColumnsMax - 3)
        ) { line, _ in
            guard line.utf8.count > commentColumnsMax, line.contains(/^\s*\/\//) else { return false }
            return line.count > commentColumnsMax
        },
        LineRule(
            name: "a TODO carries the number of its issue",
            breaks: "// TODO: later",
            keeps: "// TODO(#12): when the specification says so",
            words: ["TODO", "FIXME", "XXX"]
        ) { line, _ in
            line.contains(/\b(TODO|FIXME|XXX)\b/.wordBoundaryKind(.simple)) && !line.contains(/TODO\(#\d+\)/)
        },
        LineRule(
            name: "code is deleted, not commented out",
            breaks: "    // let x = compute(y)",
            keeps: "    // let the card answer first: it may refuse",
            words: ["//"]
        ) { line, _ in
            guard let comment = line.firstMatch(of: /^\s*\/\/ *(?<text>[^\/].*)$/)?.text else { return false }
            return comment.hasSuffix("{") || comment == "}"
                || comment.contains(/^(let|var) \w+(: \S+)? = |^(return|try|await) \w+\(|^func \w+\(/)
        },
    ]

    static let sources: [LineRule] = [
        LineRule(
            name: "nothing stored is shared by all: no static var",
            breaks: "    static var cache: [Int] = []",
            keeps: "    static var name: String { \"berth\" }",
            words: ["static var"]
        ) { line, _ in
            guard let found = line.firstMatch(of: #/^\s*[^/]*static var /#) else { return false }
            let declaration = line[found.range.upperBound...]
            return declaration.contains("=") || !declaration.contains("{")
        },
        LineRule(
            name: "what is needed is passed in: no singletons",
            breaks: "    URLCache.shared.clear()",
            keeps: "    guard options.sharing == .shared else { return ledger.sharedLibraries }",
            words: [".shared", "static let"]
        ) { line, _ in
            // By default a word goes on across the dots of `a.b.c`.
            let singleton = /\b[A-Z]\w*\.shared\b|\bstatic let (shared|default|instance)\b/
            return line.contains(singleton.wordBoundaryKind(.simple)) && !line.contains(/^\s*\/\//)
        },
        LineRule(
            name: "@unchecked Sendable is followed by the sentence that makes it true",
            breaks: "final class Box: @unchecked Sendable {",
            keeps: "final class Box: @unchecked Sendable {\n    // Sole owner; never written after init.",
            words: ["@unchecked"]
        ) { line, next in
            line.contains("@unchecked Sendable") && !line.contains(/^\s*\/\//)
                && !next.contains(/^\s*\/\/+ \w+/)
        },
        LineRule(
            name: "randomness is passed in",
            breaks: "    let roll = Int.random(in: 1...6)",
            keeps: "    let roll = Int.random(in: 1...6, using: &random)",
            words: ["andom", ".shuffled"]
        ) { line, _ in
            line.contains(/\.(random|shuffled|randomElement)\((in: [^,]*)?\)/)
                || line.contains("SystemRandomNumberGenerator")
        },
        LineRule(
            name: "time is passed in",
            breaks: "    let now = Date()",
            keeps: "    let now = clock.now",
            words: ["Date", "Clock"]
        ) { line, _ in
            let made = /\bDate\(\)|\bDate\.now\b|\b(ContinuousClock|SuspendingClock)\(\)/
            return line.contains(made.wordBoundaryKind(.simple))
        },
    ]
}

@Suite("Style")
struct StyleTests {
    static let fileLinesMax = 500

    // The samples of the rules stand in this folder; they are broken on purpose.
    static func files(under folders: [String]) throws -> [SourceFile] {
        try Project.swiftFiles(under: folders).filter { !$0.path.hasPrefix("Tests/TidyTests/") }
    }

    @Test("every Swift file keeps it", arguments: LineRule.everywhere)
    func everyFile(_ rule: LineRule) throws {
        let violations = try Self.files(under: Project.swiftFolders).flatMap(rule.violations)
        #expect(violations.isEmpty, "\(violations.joined(separator: "\n"))")
    }

    @Test("every source below the program keeps it", arguments: LineRule.sources)
    func everySource(_ rule: LineRule) throws {
        // Only the program meets the real world: it is where clocks and random sources are made and passed down.
        let libraries = try Self.files(under: ["Sources"]).filter { $0.target != "berth" }
        let violations = libraries.flatMap(rule.violations)
        #expect(violations.isEmpty, "\(violations.joined(separator: "\n"))")
    }

    @Test("a file has at most 500 lines")
    func fileLength() throws {
        for file in try Project.swiftFiles(under: Project.swiftFolders) {
            #expect(file.lines.count <= Self.fileLinesMax + 1, "\(file.path)")
        }
    }

    @Test("the rules have something to look at", arguments: ["Sources", "Tests"])
    func filesAreFound(folder: String) throws {
        #expect(try Project.swiftFiles(under: [folder]).count > 5)
    }

    @Test("each rule tells its own two examples apart", arguments: LineRule.everywhere + LineRule.sources)
    func rulesWork(_ rule: LineRule) {
        #expect(!rule.violations(in: SourceFile(path: "x", text: rule.breaks)).isEmpty)
        #expect(rule.violations(in: SourceFile(path: "x", text: rule.keeps)).isEmpty)
    }
}
