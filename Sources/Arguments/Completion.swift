/// What a completion script gets to hear: one line that says what kind of thing fits, then one line for each
/// candidate, its meaning after a tab.
struct CompletionAnswer: Hashable, Sendable {
    let kind: Kind
    /// What stands before the value in the same word, such as `--mode=`.
    let prefix: String
    let candidates: [Candidates.Word]

    enum Kind: String, Sendable {
        case words
        case files
        case directories
    }

    var lines: [String] {
        ["\(kind.rawValue)\t\(prefix)"] + candidates.map { "\(oneLine($0.text))\t\(oneLine($0.summary))" }
    }

    // A line end in a name would begin another candidate.
    private func oneLine(_ text: String) -> String {
        text.printable.split(separator: "\n").joined(separator: " ")
    }

    static let nothing = Self(kind: .words, prefix: "", candidates: [])
}

extension Program {
    /// What may stand in place of the last of the words, which is being typed; the program's name is not among them.
    func completion(of words: [String]) -> CompletionAnswer {
        var walk = CompletionWalk(command: root)
        for word in words.dropLast() { walk.pass(word) }
        return walk.answer(to: words.last ?? "", readerNames: readerNames)
    }
}

/// Follows the words before the one being typed, forgiving all mistakes.
private struct CompletionWalk {
    private var command: Command
    private var isRoot = true
    private var isPastOptions = false
    private var isHelp = false
    private var awaited: OptionSpecification?
    private var positionalCount = 0

    init(command: Command) { self.command = command }

    private var options: [OptionSpecification] {
        switch command.body {
        case .group:
            StandardOptions.general.options + (isRoot ? StandardOptions.rootOnly.options : [])
        case .action(let action): action.options + StandardOptions.general.options
        }
    }

    mutating func pass(_ word: String) {
        if awaited != nil {
            awaited = nil
        } else if !isPastOptions, word == "--" {
            isPastOptions = true
        } else if !isPastOptions, word.hasPrefix("-"), word.count > 1 {
            awaited = optionAwaitingValue(word)
        } else if let child = command.child(named: word) {
            // `berth help` is followed by the words of any command.
            if isRoot, word == "help" { isHelp = true } else { command = child }
            isRoot = isHelp
        } else {
            positionalCount += 1
        }
    }

    private func optionAwaitingValue(_ word: String) -> OptionSpecification? {
        let table = OptionTable(options)
        let option: OptionSpecification?
        if word.hasPrefix("--") {
            option = table.long(String(word.dropFirst(2)))?.specification
        } else {
            option = word.last.flatMap { table.short($0) }
        }
        if case .value? = option?.form { return option }
        return nil
    }

    func answer(to word: String, readerNames: () -> [String]) -> CompletionAnswer {
        if let awaited { return offer(awaited.candidates, to: word, after: "", readerNames) }
        if !isPastOptions, word.hasPrefix("--"), let equals = word.firstIndex(of: "=") {
            let name = word[..<equals].dropFirst(2)
            guard let option = OptionTable(options).long(String(name))?.specification else { return .nothing }
            let start = word.index(after: equals)
            return offer(
                option.candidates, to: String(word[start...]), after: String(word[..<start]), readerNames)
        }
        if !isPastOptions, word.hasPrefix("-") {
            return CompletionAnswer(kind: .words, prefix: "", candidates: optionWords(startingWith: word))
        }
        switch command.body {
        case .group: return offer(.words(childWords), to: word, after: "", readerNames)
        case .action(let action):
            guard let positional = positional(of: action) else { return .nothing }
            return offer(positional.candidates, to: word, after: "", readerNames)
        }
    }

    private func positional(of action: Command.Action) -> PositionalSpecification? {
        if positionalCount < action.positionals.count { return action.positionals[positionalCount] }
        guard let last = action.positionals.last, case .many = last.arity else { return nil }
        return last
    }

    private var childWords: [Candidates.Word] {
        command.visibleChildren.map { Candidates.Word($0.name, $0.summary) }
    }

    private func optionWords(startingWith word: String) -> [Candidates.Word] {
        options.filter { !$0.isHidden }.flatMap { option -> [Candidates.Word] in
            let positive = Candidates.Word("--" + option.name, option.summary)
            guard option.form == .flag(isInvertible: true) else { return [positive] }
            return [positive, Candidates.Word("--no-" + option.name, "Do not: " + option.summary)]
        }.filter { $0.text.hasPrefix(word) }
    }

    private func offer(
        _ candidates: Candidates, to word: String, after prefix: String, _ readerNames: () -> [String]
    ) -> CompletionAnswer {
        func matching(_ words: [Candidates.Word]) -> CompletionAnswer {
            CompletionAnswer(
                kind: .words, prefix: prefix, candidates: words.filter { $0.text.hasPrefix(word) })
        }
        switch candidates {
        case .none: return CompletionAnswer(kind: .words, prefix: prefix, candidates: [])
        case .words(let words): return matching(words)
        case .readers: return matching(readerNames().map { Candidates.Word($0) })
        case .directories: return CompletionAnswer(kind: .directories, prefix: prefix, candidates: [])
        case .files(let extensions):
            return CompletionAnswer(
                kind: .files, prefix: prefix, candidates: extensions.map { Candidates.Word($0) })
        }
    }
}
