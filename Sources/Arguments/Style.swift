/// Whether to use colours.
package enum ColorChoice: String, CaseIterable, Sendable {
    case auto
    case always
    case never
}

/// How a piece of text stands out.
///
/// Nothing may be told by colour alone.
package enum Style: Sendable {
    case plain
    case bold
    case dim
    case red
    case green
    case yellow
    case cyan

    // ECMA-48 §8.3.117, SELECT GRAPHIC RENDITION.
    fileprivate var parameter: String? {
        switch self {
        case .plain: nil
        case .bold: "1"
        case .dim: "2"
        case .red: "31"
        case .green: "32"
        case .yellow: "33"
        case .cyan: "36"
        }
    }

    func apply(_ text: String) -> String {
        guard let parameter, !text.isEmpty else { return text }
        return "\u{1B}[\(parameter)m\(text)\u{1B}[0m"
    }
}

extension Terminal {
    /// True if the result may have colours: asked for, or a terminal that can and a person who did not decline.
    package var usesColor: Bool { usesColor(on: output) }

    func usesColor(on sink: any OutputSink) -> Bool {
        switch color {
        case .always: true
        case .never: false
        case .auto:
            // no-color.org: the variable counts when it is present and not empty.
            sink.isTerminal && (environment["NO_COLOR"] ?? "").isEmpty && environment["TERM"] != "dumb"
        }
    }

    /// The text in the style, if colours are in use for the result.
    package func paint(_ text: String, _ style: Style) -> String { usesColor ? style.apply(text) : text }
}
