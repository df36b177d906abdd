internal import FoundationEssentials
internal import GlobalPlatform
internal import SmartCard
internal import Testing

/// Exchanges and the words for them: `Tests/Fixtures/trace-words.txt`.
struct TraceFixture: Sendable, CustomTestStringConvertible {
    var source = ""
    var command: [UInt8] = []
    /// `nil` where the command's own words are meant.
    var answer: [UInt8]?
    var lines: [String] = []

    var testDescription: String { "\(source): \(command.hex)\(answer.map { " \($0.hex)" } ?? "")" }

    /// All of them; a fixture that cannot be read stops the tests.
    static let all: [TraceFixture] = {
        let path = #filePath.split(separator: "/").dropLast(2).joined(separator: "/")
        guard
            let data = try? Data(contentsOf: URL(fileURLWithPath: "/\(path)/Fixtures/trace-words.txt")),
            let fixtures = try? parse(String(decoding: data, as: UTF8.self))
        else { preconditionFailure("the fixture of commands in words is missing or broken") }
        return fixtures
    }()

    private static func parse(_ text: String) throws -> [TraceFixture] {
        var fixtures: [TraceFixture] = []
        var source = ""
        for line in text.split(separator: "\n") where !line.hasPrefix("#") {
            let value = line.dropFirst(2)
            switch line.prefix(2) {
            case "* ": source = String(value)
            case "> ":
                fixtures.append(TraceFixture(source: source, command: try Hex.decode(value)))
            case "< ":
                let command = fixtures.last?.command ?? []
                fixtures.append(
                    TraceFixture(source: source, command: command, answer: try Hex.decode(value)))
            case "| ": fixtures[fixtures.count - 1].lines.append(String(value))
            default: throw HexError.notHex(offset: 0)
            }
        }
        return fixtures
    }

    func words() throws -> [String] {
        let command = try CommandAPDU(parsing: command)
        guard let answer else { return CommandText.lines(command) }
        return CommandText.lines(try ResponseAPDU(parsing: answer), to: command)
    }
}
