internal import Arguments
internal import SmartCard

/// Remembers rotations that have begun and not ended, so that the next run knows which keys may be in force: names
/// of cards and versions only, never keys.
struct RotationMemory {
    struct Attempt: Hashable {
        let old: UInt8
        let new: UInt8
    }

    private static let entriesMax = 1_000
    private let file: StateFile
    private let name: String

    /// - Parameter card: what the card shows of itself before any session; with the domain it names the key sets.
    init?(card: String, domain: AID?, _ environment: Environment) {
        guard let file = StateFile("key-rotations", environment) else { return nil }
        self.file = file
        name = card + "-" + (domain.map { "\($0)" } ?? "default")
    }

    func unfinished() throws -> Attempt? {
        guard let line = lines(try file.read()).first(where: { $0.first.map(String.init) == name }) else {
            return nil
        }
        guard line.count == 3, let old = UInt8(line[1]), let new = UInt8(line[2]) else {
            throw Problem(
                "rotation-memory-damaged", exit: .configuration,
                "the record of unfinished rotations cannot be read", why: file.path,
                advice: [
                    "look at the file, and open sessions with --key-version until it is clear which keys hold"
                ])
        }
        return Attempt(old: old, new: new)
    }

    /// Durable before the first key goes out.
    func begin(_ attempt: Attempt) throws { try replace(with: "\(name) \(attempt.old) \(attempt.new)") }

    func end() throws { try replace(with: nil) }

    private func replace(with line: String?) throws {
        try file.update { text in
            var kept = lines(text).filter { $0.first.map(String.init) != name }
                .map { $0.joined(separator: " ") }
            if let line { kept.append(line) }
            return kept.suffix(Self.entriesMax).map { $0 + "\n" }.joined()
        }
    }

    private func lines(_ text: String?) -> [[Substring]] {
        (text ?? "").split(separator: "\n").map { $0.split(separator: " ") }
    }
}
