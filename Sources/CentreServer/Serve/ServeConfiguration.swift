/// What is configured, and where each value came from. The file gives way to the environment, and that to the command
/// line.
package struct ServeConfiguration: Hashable, Sendable {
    package enum Source: Hashable, Sendable, CustomStringConvertible {
        case standard
        case file(String, line: Int)
        case environment(String)
        case commandLine

        package var description: String {
            switch self {
            case .standard: "the default"
            case .file(let path, let line): "\(path), line \(line)"
            case .environment(let name): name
            case .commandLine: "the command line"
            }
        }
    }

    package struct Value: Hashable, Sendable {
        package let text: String
        package let source: Source

        package init(_ text: String, _ source: Source) {
            self.text = text
            self.source = source
        }
    }

    package private(set) var values: [ServeSetting: Value] = [:]

    /// - Parameters:
    ///   - file: as `read` gives it.
    ///   - given: what the environment and the command line say.
    package init(file: [ServeSetting: Value] = [:], given: [ServeSetting: Value] = [:]) {
        for setting in ServeSetting.all {
            values[setting] = given[setting] ?? file[setting] ?? setting.fallback.map { Value($0, .standard) }
        }
    }

    package subscript(_ setting: ServeSetting) -> String? { values[setting]?.text }

    /// Takes what only others can tell, where nobody said anything.
    package mutating func complete(_ setting: ServeSetting, with text: String) {
        if values[setting] == nil { values[setting] = Value(text, .standard) }
    }

    /// Every setting in order, with secrets hidden.
    package var shown: [(setting: ServeSetting, text: String, source: Source)] {
        ServeSetting.all.compactMap { setting in
            values[setting].map { (setting, setting.shown($0.text), $0.source) }
        }
    }

    // MARK: The file

    package static let fileBytesMax = 65_536

    /// Lines of `name = value`; what follows a `#` at the beginning of a line is for people.
    package static func read(_ bytes: [UInt8], path: String) throws(ServeFailure) -> [ServeSetting: Value] {
        guard bytes.count <= fileBytesMax, let text = String(validating: bytes, as: UTF8.self) else {
            throw failure(path, 1, "this is no text of at most \(fileBytesMax) bytes")
        }
        var values: [ServeSetting: Value] = [:]
        let lines = text.split(omittingEmptySubsequences: false) { $0.isNewline }
        for (index, line) in lines.enumerated() {
            let content = trimmed(line)
            if content.isEmpty || content.hasPrefix("#") { continue }
            let pair = content.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(
                trimmed)
            guard pair.count == 2, !pair[1].isEmpty else {
                throw failure(path, index + 1, "a line is: name = value")
            }
            guard let setting = ServeSetting.all.first(where: { $0.name == pair[0] }) else {
                throw failure(path, index + 1, "there is no setting '\(pair[0])'")
            }
            guard values[setting] == nil else {
                throw failure(path, index + 1, "'\(pair[0])' stands there twice")
            }
            values[setting] = Value(pair[1], .file(path, line: index + 1))
        }
        return values
    }

    private static func trimmed(_ text: some StringProtocol) -> String {
        var rest = Substring(text)
        while rest.first?.isWhitespace == true { rest.removeFirst() }
        while rest.last?.isWhitespace == true { rest.removeLast() }
        return String(rest)
    }

    private static func failure(_ path: String, _ line: Int, _ what: String) -> ServeFailure {
        ServeFailure(
            "configuration", "\(path), line \(line): \(what)",
            advice: ["berth serve --help names every setting"])
    }
}
