/// SQL taken apart just far enough for the few places where the engines want different words.
enum SchemaText {
    private enum Piece {
        case word(String)
        /// Quoted text or a comment: nothing in it is SQL.
        case opaque(String)
        case mark(Character)
    }

    /// Replaces whole words outside of quotes and comments.
    static func replacing(_ words: [String: String], in text: String) -> String {
        pieces(text).map { piece in
            switch piece {
            case .word(let word): words[word] ?? word
            case .opaque(let text): text
            case .mark(let character): String(character)
            }
        }.joined()
    }

    /// The statements that semicolons divide, each without blanks around it.
    static func statements(_ text: String) -> [String] {
        var statements = [""]
        for piece in pieces(text) {
            switch piece {
            case .mark(";"): statements.append("")
            case .mark(let character): statements[statements.count - 1].append(character)
            case .word(let text), .opaque(let text): statements[statements.count - 1] += text
            }
        }
        return statements.map(trimmed).filter { !$0.isEmpty }
    }

    private static func pieces(_ text: String) -> [Piece] {
        var pieces: [Piece] = []
        var rest = text[...]
        while let first = rest.first {
            if let ending = ending(of: rest) {
                let end =
                    rest.dropFirst(first == "'" ? 1 : 2).firstRange(of: ending)?.upperBound ?? rest.endIndex
                pieces.append(.opaque(String(rest[..<end])))
                rest = rest[end...]
            } else if isPartOfWord(first) {
                let word = rest.prefix(while: isPartOfWord)
                pieces.append(.word(String(word)))
                rest = rest[word.endIndex...]
            } else {
                pieces.append(.mark(first))
                rest = rest.dropFirst()
            }
        }
        return pieces
    }

    /// What ends the quote or comment that begins here.
    private static func ending(of text: Substring) -> String? {
        if text.hasPrefix("'") { return "'" }
        if text.hasPrefix("--") { return "\n" }
        return text.hasPrefix("/*") ? "*/" : nil
    }

    private static func isPartOfWord(_ character: Character) -> Bool {
        character.isLetter || character.isNumber || character == "_"
    }

    private static func trimmed(_ text: String) -> String {
        let start = text.drop { $0.isWhitespace }
        return String(start.reversed().drop { $0.isWhitespace }.reversed())
    }
}
