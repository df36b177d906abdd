/// What is wrong with a text that a person wrote.
package enum TextProblem: Hashable, Sendable {
    case empty
    case tooLong(bytesMax: Int)
    /// Line ends, tabs and worse: they would break lists and bills.
    case controlCharacter

    package var words: String {
        switch self {
        case .empty: "is empty"
        case .tooLong(let max): "is longer than \(max) bytes"
        case .controlCharacter: "has a line end or another control character"
        }
    }
}

/// Holds a text that a person wrote to what a register can keep and a list can show.
package enum FreeText {
    package static func problem(in text: String, bytesMax: Int, mayBeEmpty: Bool = false) -> TextProblem? {
        if text.isEmpty { return mayBeEmpty ? nil : .empty }
        guard text.utf8.count <= bytesMax else { return .tooLong(bytesMax: bytesMax) }
        // C0, DEL and C1; the direction marks of Unicode are how a text is made to look like another.
        let isPlain = text.unicodeScalars.allSatisfy { scalar in
            scalar.value >= 0x20 && !(0x7F...0x9F).contains(scalar.value)
                && !(0x202A...0x202E).contains(scalar.value) && !(0x2066...0x2069).contains(scalar.value)
                && scalar.value != 0x2028 && scalar.value != 0x2029
        }
        return isPlain ? nil : .controlCharacter
    }
}
