/// What a status word means after one command, in words for people.
package struct StatusExplanation: Hashable, Sendable {
    /// A few words, as the standards name it.
    package let title: String
    package let meaning: String
    /// The likely reasons on real cards, the most likely first; empty where the meaning says it all.
    package let causes: [String]
    /// What to do, in the order to try it.
    package let advice: [String]
    /// Document and clause, or that it was seen on real cards.
    package let source: String
}

extension StatusWord {
    /// What the card means, as far as anybody knows; every one of the 65,536 values has an answer.
    package func explanation(after context: CommandContext? = nil) -> StatusExplanation {
        let contexts: [CommandContext?] = [context, context?.general, nil]
        for context in contexts {
            if let entry = Explanations.exact[.init(status: self, context: context)] {
                return entry.explanation(of: self)
            }
        }
        for context in contexts {
            if let entry = Explanations.patterns.first(where: { $0.covers(self) && $0.context == context }) {
                return entry.explanation(of: self)
            }
        }
        return Explanations.invalid.explanation(of: self)
    }
}

/// The tables of explanations: facts, and no decisions.
package enum Explanations {
    struct Entry: Sendable {
        let value: UInt16
        /// The bits of `value` that count.
        let mask: UInt16
        let context: CommandContext?
        let title: String
        let meaning: String
        let causes: [String]
        let advice: [String]
        let source: String

        init(
            _ value: UInt16, mask: UInt16 = 0xFFFF, after context: CommandContext? = nil, _ title: String,
            _ meaning: String, causes: [String] = [], advice: [String] = [], _ source: String
        ) {
            self.value = value
            self.mask = mask
            self.context = context
            self.title = title
            self.meaning = meaning
            self.causes = causes
            self.advice = advice
            self.source = source
        }

        func covers(_ status: StatusWord) -> Bool { status.rawValue & mask == value }

        /// Puts the number that the status word carries where the text says `{count}`.
        func explanation(of status: StatusWord) -> StatusExplanation {
            let count = "\(status.carriedCount)"
            return StatusExplanation(
                title: title.replacing("{count}", with: count),
                meaning: meaning.replacing("{count}", with: count),
                causes: causes, advice: advice, source: source)
        }
    }

    package struct Key: Hashable {
        let status: StatusWord
        let context: CommandContext?
    }

    private static let all: [Entry] =
        iso + isoChecking + loading + installing + sessions + contents + files + sim

    static let exact: [Key: Entry] = Dictionary(
        all.filter { $0.mask == 0xFFFF }.map { (Key(status: StatusWord($0.value), context: $0.context), $0) },
        // A table that explains one status twice is a mistake that a test finds; the first stands.
        uniquingKeysWith: { first, _ in first })

    /// The narrowest first.
    static let patterns: [Entry] = all.filter { $0.mask != 0xFFFF }
        .sorted { $0.mask.nonzeroBitCount > $1.mask.nonzeroBitCount }

    /// What is explained twice, which is a mistake.
    package static var repeated: [Key] {
        let keys = all.filter { $0.mask == 0xFFFF }.map {
            Key(status: StatusWord($0.value), context: $0.context)
        }
        return Dictionary(grouping: keys) { $0 }.filter { $0.value.count > 1 }.map(\.key)
    }

    /// Every text of every entry, for tests of the language.
    package static var texts: [String] {
        (all + [invalid]).flatMap { [$0.meaning] + $0.causes + $0.advice }
    }

    static let invalid = Entry(
        0, mask: 0, "Not a status word",
        "A card answers 6xxx or 9xxx. These two bytes are something else: the answer was damaged or cut.",
        causes: [
            "The connection is bad: a dirty contact, a loose cable, a card held too far away.",
            "A program between reader and card took the status word off the answer.",
        ],
        advice: ["Clean the card, insert it again and repeat.", "Try another reader."],
        "ISO/IEC 7816-3:2006 §10.3.3")
}

extension StatusWord {
    /// The number inside 61xx, 63Cx, 6Cxx, and the SIM's 91xx and 9Fxx.
    fileprivate var carriedCount: Int {
        switch classification {
        case .moreData(let count), .triesLeft(let count), .wrongLength(let count): count
        case .success, .warning, .executionError, .securityError, .checkingError, .proprietary, .invalid:
            sw2 == 0 ? 256 : Int(sw2)
        }
    }
}
