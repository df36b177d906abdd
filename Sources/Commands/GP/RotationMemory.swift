internal import Arguments
internal import CardCrypto
internal import CardManagement
internal import SmartCard

/// Remembers rotations: those that have begun, so that the next run knows which keys may be in force, and those that
/// ended, so that the same command again finds its work done instead of taking the old keys for the wrong ones.
///
/// Names of cards and versions only, and of new keys a check of three bytes, as cards show it of every key.
struct RotationMemory {
    struct Attempt: Hashable {
        let old: UInt8
        let new: UInt8
    }

    /// What is known of the last rotation of a card's domain.
    enum Entry: Hashable {
        case unfinished(Attempt)
        case done(Attempt, check: String)

        var attempt: Attempt {
            switch self {
            case .unfinished(let attempt), .done(let attempt, _): attempt
            }
        }
    }

    /// So many of each kind: what is done never pushes out what is not.
    private static let entriesMax = 1_000
    private let file: StateFile
    private let name: String

    /// - Parameter card: what the card shows of itself before any session; with the domain it names the key sets.
    init?(card: String, domain: AID?, _ environment: Environment) {
        guard let file = StateFile("key-rotations", environment) else { return nil }
        self.file = file
        name = card + "-" + (domain.map { "\($0)" } ?? "default")
    }

    func entry() throws -> Entry? { try parse(file.read()).first { $0.name == name }?.entry }

    /// Durable before the first key goes out.
    func begin(_ attempt: Attempt) throws { try replace(with: .unfinished(attempt)) }

    /// The new keys hold.
    func finish(_ attempt: Attempt, check: String) throws { try replace(with: .done(attempt, check: check)) }

    /// It came to nothing, and the old keys hold.
    func forget() throws { try replace(with: nil) }

    private func replace(with entry: Entry?) throws {
        try file.update { text in
            var lines = try parse(text).filter { $0.name != name }
            if let entry { lines.append((name, entry)) }
            let done = lines.filter { $0.entry.isDone }
            let unfinished = lines.filter { !$0.entry.isDone }
            return (unfinished.suffix(Self.entriesMax) + done.suffix(Self.entriesMax))
                .map { "\($0.name) \($0.entry.text)\n" }.joined()
        }
    }

    private typealias Line = (name: String, entry: Entry)

    /// One line that cannot be read may be of any card, so that none is believed and nothing is written over it.
    private func parse(_ text: String?) throws -> [Line] {
        try (text ?? "").split(separator: "\n").enumerated().map { index, line in
            let fields = line.split(separator: " ").map(String.init)
            guard let name = fields.first, let entry = Entry(fields.dropFirst()) else {
                throw Problem(
                    "rotation-memory-damaged", exit: .configuration,
                    "the record of key rotations cannot be read", why: "\(file.path), line \(index + 1)",
                    advice: [
                        "look at the file and mend the line, or remove it: it is lost then which keys of its card may"
                            + " be in force"
                    ])
            }
            return (name, entry)
        }
    }
}

extension RotationMemory.Entry {
    fileprivate var isDone: Bool {
        switch self {
        case .done: true
        case .unfinished: false
        }
    }

    /// Old and new version, and for one that ended the check of its keys.
    fileprivate var text: String {
        let versions = "\(attempt.old) \(attempt.new)"
        switch self {
        case .unfinished: return versions
        case .done(_, let check): return versions + " done " + check
        }
    }

    fileprivate init?(_ fields: ArraySlice<String>) {
        let fields = Array(fields)
        guard [2, 4].contains(fields.count), let old = UInt8(fields[0]), let new = UInt8(fields[1]) else {
            return nil
        }
        let attempt = RotationMemory.Attempt(old: old, new: new)
        guard fields.count == 4 else {
            self = .unfinished(attempt)
            return
        }
        guard fields[2] == "done", (try? Hex.decode(fields[3]))?.count == 3 else { return nil }
        self = .done(attempt, check: fields[3])
    }
}

extension KeySource {
    /// Three bytes by which the same keys are known again, bound to their use here; they say as little of a key as
    /// the check values that every card shows.
    var check: String {
        let parts: [Secret]
        switch material {
        case .one(let key): parts = [key, key, key]
        case .three(let encryption, let mac, let dataEncryption): parts = [encryption, mac, dataEncryption]
        }
        var text = Array("berth key rotation \(diversification)".utf8)
        for part in parts { part.withBytes { text += $0 } }
        defer { text.withUnsafeMutableBytes { Secret.erase($0) } }
        return Array(Digest.sha256.hash(text).prefix(3)).hex
    }
}
