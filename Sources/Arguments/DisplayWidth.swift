extension Character {
    /// The columns that a terminal gives it: 0, 1 or 2 (Unicode UAX #11, and emoji as terminals show them).
    package var displayWidth: Int {
        // A joined sequence shows as one glyph: as wide as its widest part.
        var width = 0
        for scalar in unicodeScalars {
            // Variation selector 16 asks for the emoji picture, which is wide.
            if scalar.value == 0xFE0F, width > 0 { return 2 }
            width = max(width, scalar.displayWidth)
        }
        return width
    }

    /// Itself, or an escape if it could command the terminal: labels come from cards and readers.
    package var printable: String {
        unicodeScalars.contains { $0.isControl } ? String(self).printable : String(self)
    }
}

extension String {
    /// The columns that a terminal gives the text.
    package var displayWidth: Int {
        utf8.allSatisfy { (0x20..<0x7F).contains($0) } ? utf8.count : reduce(0) { $0 + $1.displayWidth }
    }

    /// The text with control characters as `\u{1B}`; line ends stay.
    package var printable: String {
        guard unicodeScalars.contains(where: { $0.isControl }) else { return self }
        var result = ""
        for scalar in unicodeScalars {
            if scalar.isControl {
                result += "\\u{\(String(scalar.value, radix: 16, uppercase: true))}"
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// The text cut to the columns, with "…" in place of what was cut.
    package func truncated(to columns: Int) -> String {
        guard displayWidth > columns else { return self }
        guard columns > 0 else { return "" }
        var result = ""
        var used = 1
        for character in self {
            used += character.displayWidth
            guard used <= columns else { break }
            result.append(character)
        }
        return result + "…"
    }

    /// The text with spaces on the right up to the columns.
    package func padded(to columns: Int) -> String {
        self + String(repeating: " ", count: max(0, columns - displayWidth))
    }

    /// The text with spaces on the left up to the columns.
    package func paddedLeft(to columns: Int) -> String {
        String(repeating: " ", count: max(0, columns - displayWidth)) + self
    }
}

extension Unicode.Scalar {
    fileprivate var displayWidth: Int {
        if (0x20..<0x7F).contains(value) { return 1 }
        switch properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .format, .control, .lineSeparator, .paragraphSeparator: return 0
        default: break
        }
        return properties.isEmojiPresentation || isEastAsianWide ? 2 : 1
    }

    // Ranges of East_Asian_Width W and F (UAX #11, EastAsianWidth.txt of Unicode 15), joined over unassigned gaps.
    private var isEastAsianWide: Bool {
        switch value {
        case 0x1100...0x115F, 0x2329...0x232A, 0x2E80...0x303E, 0x3041...0x33FF, 0x3400...0x4DBF,
            0x4E00...0xA4CF, 0xA960...0xA97C, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE10...0xFE19,
            0xFE30...0xFE6B, 0xFF01...0xFF60, 0xFFE0...0xFFE6, 0x16FE0...0x18D08, 0x1AFF0...0x1B2FB,
            0x1F200...0x1F265, 0x20000...0x3FFFD:
            true
        default: false
        }
    }

    // C0 and C1 controls; and the marks that turn the direction of text, which can make a name lie.
    fileprivate var isControl: Bool {
        switch value {
        case 0x0A: false
        case 0x00...0x1F, 0x7F...0x9F, 0x202A...0x202E, 0x2066...0x2069: true
        default: false
        }
    }
}

/// Breaks the text at spaces into lines of at most the width; every line but the first of a paragraph is indented.
///
/// A word longer than a line stays whole: a path or an AID must be copied in one piece. A no-break space becomes a
/// space at which no line is broken.
package func wrap(_ text: String, width: Int, indent: Int = 0) -> [String] {
    let margin = String(repeating: " ", count: indent)
    var lines: [String] = []
    for (number, paragraph) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
        // The spaces that a paragraph begins with are its own margin.
        var line = number == 0 ? "" : margin
        line += paragraph.prefix { $0 == " " }
        var isEmpty = true
        for word in paragraph.split(separator: " ") {
            if !isEmpty, line.displayWidth + 1 + String(word).displayWidth > width {
                lines.append(line)
                line = margin + word
            } else {
                line += (isEmpty ? "" : " ") + word
            }
            isEmpty = false
        }
        lines.append(isEmpty ? "" : line)
    }
    return lines.map(plainSpaces)
}

/// The line with spaces for no-break spaces, and none of them at its end.
private func plainSpaces(_ line: String) -> String {
    guard line.contains(noBreakSpace) else { return line }
    let kept = line.reversed().drop { $0 == noBreakSpace }.reversed()
    return String(kept.map { $0 == noBreakSpace ? " " : $0 })
}

/// Holds together what belongs together in a wrapped text.
let noBreakSpace: Character = "\u{A0}"
