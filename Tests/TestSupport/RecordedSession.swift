internal import FoundationEssentials
internal import Testing

/// A secure channel session recorded from a real card and published; see `Tests/Fixtures/recorded-sessions.txt`.
package struct RecordedSession: Sendable, CustomTestStringConvertible {
    package struct Exchange: Sendable {
        package let plain: [UInt8]
        package let sent: [UInt8]
        /// As received, status word included, where it was recorded.
        package let answer: [UInt8]?
        /// The data of the answer with its protection taken off, where there was any.
        package let plainData: [UInt8]?
    }

    package var name = ""
    package var source = ""
    package var version: UInt8 = 0
    package var options: UInt8 = 0
    package var encryptionKey: [UInt8] = []
    package var macKey: [UInt8] = []
    package var dataEncryptionKey: [UInt8] = []
    /// The domain, where the recording makes it known.
    package var aid: [UInt8]?
    package var initializeUpdate: [UInt8] = []
    /// The data of the answer, which ended with 9000.
    package var initializeUpdateAnswer: [UInt8] = []
    package var externalAuthenticate: [UInt8] = []
    package var exchanges: [Exchange] = []

    package var testDescription: String { name }

    /// All of them; a fixture that cannot be read stops the tests.
    package static let all: [RecordedSession] = load()

    private static func load() -> [RecordedSession] {
        let path = #filePath.split(separator: "/").dropLast(2).joined(separator: "/")
        guard
            let data = try? Data(contentsOf: URL(fileURLWithPath: "/\(path)/Fixtures/recorded-sessions.txt"))
        else { preconditionFailure("the fixture of recorded sessions is missing") }
        var sessions: [RecordedSession] = []
        for line in String(decoding: data, as: UTF8.self).split(separator: "\n") where !line.hasPrefix("#") {
            guard let space = line.firstIndex(of: " ") else { continue }
            let value = line[line.index(after: space)...]
            if line[..<space] == "session" { sessions.append(RecordedSession(name: String(value))) }
            guard !sessions.isEmpty else { continue }
            sessions[sessions.count - 1].read(key: line[..<space], value: value)
        }
        return sessions
    }

    private mutating func read(key: Substring, value: Substring) {
        if key == "source" { source = String(value) }
        let fields = value.split(separator: " ").map { bytes($0) }
        switch key {
        case "protocol": (version, options) = (fields[0]?[0] ?? 0, fields[1]?[0] ?? 0)
        case "keys":
            (encryptionKey, macKey, dataEncryptionKey) = (fields[0] ?? [], fields[1] ?? [], fields[2] ?? [])
        case "aid": aid = fields[0]
        case "open": (initializeUpdate, initializeUpdateAnswer) = (fields[0] ?? [], fields[1] ?? [])
        case "authenticate": externalAuthenticate = fields[0] ?? []
        case "exchange":
            exchanges.append(
                Exchange(
                    plain: fields[0] ?? [], sent: fields[1] ?? [], answer: fields[2], plainData: fields[3]))
        default: break
        }
    }

    private func bytes(_ hex: Substring) -> [UInt8]? {
        guard hex != "-" else { return nil }
        var digits = hex.utf8.compactMap { UInt8(String(UnicodeScalar($0)), radix: 16) }[...]
        var bytes: [UInt8] = []
        while let high = digits.popFirst(), let low = digits.popFirst() { bytes.append(high << 4 | low) }
        return bytes
    }
}
