internal import SmartCard

/// How often authentication failed, per card and key version: cards lock after a few failures, and never say how
/// many are left.
///
/// A value; whoever keeps it writes its text form to disk before a second try.
package struct AuthenticationBudget: Hashable, Sendable {
    /// One set of keys on one card.
    package struct Key: Hashable, Sendable, Comparable {
        /// The card's id as text; letters, digits and `-._:` only.
        package let card: String
        package let keyVersion: UInt8

        package init?(card: String, keyVersion: UInt8) {
            guard (1...80).contains(card.utf8.count), card.utf8.allSatisfy(\.isIdentifier) else { return nil }
            self.card = card
            self.keyVersion = keyVersion
        }

        package static func < (left: Key, right: Key) -> Bool {
            (left.card, left.keyVersion) < (right.card, right.keyVersion)
        }
    }

    /// Whether to try.
    package enum Verdict: Hashable, Sendable {
        case allowed
        /// It failed before: only somebody who knows why may try again.
        case needsPermission(failures: Int)
        /// So many failures that the card is, or is about to be, locked; no flag helps.
        case exhausted(failures: Int)
    }

    /// The limit is the card's own and cannot be read; this stays below the ten that is usual.
    package static let failuresMax = 8
    /// So many tries whose end nobody knows need no permission: the card had proved that the keys are its own, so it is
    /// far more likely that it was pulled than that it refused.
    package static let unansweredMax = 4

    private struct Count: Hashable {
        var failures = 0
        /// Tries that were begun, and of which no answer is known.
        var unanswered = 0
        var total: Int { failures + unanswered }
    }
    /// A desk sees fewer failing cards than this; the oldest text is a mistake or an attack.
    private static let entriesMax = 100_000
    private static let header = "berth-authentication-failures 1"

    private struct Entry: Hashable {
        let key: Key
        var count: Count
    }

    /// In the order of the keys; a list, since it is nearly always empty.
    private var entries: [Entry] = []

    package init() {}

    /// What is booked against a key set; what counts nothing is not kept.
    private subscript(key: Key) -> Count {
        get {
            let place = place(of: key)
            return place < entries.count && entries[place].key == key ? entries[place].count : Count()
        }
        set {
            let place = place(of: key)
            let isKnown = place < entries.count && entries[place].key == key
            switch (isKnown, newValue.total > 0) {
            case (true, true): entries[place].count = newValue
            case (true, false): entries.remove(at: place)
            case (false, true): entries.insert(Entry(key: key, count: newValue), at: place)
            case (false, false): break
            }
        }
    }

    /// Where the key stands, or would stand.
    private func place(of key: Key) -> Int {
        var (low, high) = (0, entries.count)
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].key < key { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// What a card may have counted: failures, and tries that ended without an answer.
    package func failures(of key: Key) -> Int { self[key].total }

    /// Whether anything is booked against a card whose id begins so.
    package func holdsAnything(ofCardsBeginning prefix: String, keyVersion: UInt8) -> Bool {
        entries.contains { $0.key.keyVersion == keyVersion && $0.key.card.hasPrefix(prefix) }
    }

    package func verdict(for key: Key, allowRetry: Bool) -> Verdict {
        let count = self[key]
        if count.total >= Self.failuresMax { return .exhausted(failures: count.total) }
        let isHarmless = count.failures == 0 && count.unanswered <= Self.unansweredMax
        return isHarmless || allowRetry ? .allowed : .needsPermission(failures: count.total)
    }

    /// Books a try before the card gets what it counts, so that one that nobody lives to see the end of is not lost.
    package mutating func recordAttempt(for key: Key) { self[key].unanswered += 1 }

    /// The try that was booked last came to an end after all.
    package mutating func endAttempt(for key: Key) {
        if self[key].unanswered > 0 { self[key].unanswered -= 1 }
    }

    /// Books the end of an authentication. A cryptogram that did not match says that the keys are wrong, so the next
    /// try needs permission although nothing was sent that the card must count.
    package mutating func record(_ failure: HandshakeFailure, for key: Key) {
        switch failure {
        case .authenticationRefused, .unexpectedAnswer, .cardCryptogramMismatch:
            self[key].failures += 1
        case .initializationRefused, .malformedAnswer, .unsupportedProtocol, .otherKeyVersion,
            .levelNotOffered,
            .threeKeysForBaseKey, .challengeLength, .keys, .outOfOrder, .crypto:
            break
        }
    }

    /// Somebody knows better, for example that the card was unlocked by its issuer.
    package mutating func forget(_ key: Key) { self[key] = Count() }

    /// An open channel shows that the keys are right, and cards start counting anew.
    package mutating func recordSuccess(for key: Key) { self[key] = Count() }
}

extension AuthenticationBudget {
    /// One line per key set: card, key version in hex, failures, and tries without an answer where there are any.
    package var text: String {
        let lines = entries.map { entry in
            "\(entry.key.card) \(entry.key.keyVersion.hex) \(entry.count.failures)"
                + (entry.count.unanswered > 0 ? " \(entry.count.unanswered)" : "")
        }
        return ([Self.header] + lines).joined(separator: "\n") + "\n"
    }

    package init(parsing text: String) throws(AuthenticationBudgetError) {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.first.map(String.init) == Self.header else { throw .notABudget }
        guard lines.last == "" else { throw .truncated }
        lines = Array(lines.dropFirst().dropLast())
        guard lines.count <= Self.entriesMax else { throw .tooLong }
        for (index, line) in lines.enumerated() {
            let fields = line.split(separator: " ", omittingEmptySubsequences: false)
            guard (3...4).contains(fields.count), fields[1].count == 2,
                let version = (try? Hex.decode(fields[1]))?.first,
                let key = Key(card: String(fields[0]), keyVersion: version),
                let failures = Int(fields[2]), (0...1_000_000).contains(failures),
                let unanswered = fields.count == 4 ? Int(fields[3]) : 0, (0...1_000_000).contains(unanswered),
                failures + unanswered > 0, (fields.count == 4) == (unanswered > 0),
                self.failures(of: key) == 0
            else { throw .malformedLine(index + 2) }
            self[key] = Count(failures: failures, unanswered: unanswered)
        }
    }
}

/// Why a text is not a budget. A damaged one must not be read as empty: that would spend a card's last tries.
package enum AuthenticationBudgetError: Error, Hashable {
    case notABudget
    case truncated
    case tooLong
    case malformedLine(Int)
}

extension UInt8 {
    fileprivate var isIdentifier: Bool {
        switch self {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "-"), UInt8(ascii: "."),
            UInt8(ascii: "_"), UInt8(ascii: ":"):
            true
        default: false
        }
    }
}
