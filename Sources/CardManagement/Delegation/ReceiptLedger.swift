/// Follows the confirmation counters of domains that make receipts: a number that is missing is an operation nobody
/// told us of, a number that comes again is a replay.
///
/// Only receipts that were verified belong here.
package struct ReceiptLedger: Hashable, Sendable {
    package struct Entry: Hashable, Sendable {
        /// The highest counter seen.
        package fileprivate(set) var last: UInt16
        /// Numbers below it that never came.
        package fileprivate(set) var missing: [ClosedRange<UInt16>]

        package init(last: UInt16, missing: [ClosedRange<UInt16>] = []) {
            self.last = last
            self.missing = missing
        }
    }

    package enum Verdict: Hashable, Sendable {
        /// The first receipt of this domain that we see: what was before is unknown.
        case first
        case next
        /// Operations happened in between whose receipts are missing.
        case gap(ClosedRange<UInt16>)
        /// A receipt that was missing came late.
        case late
        /// This number was seen: the same receipt again, or a forged one.
        case repeated
        /// Older than everything since we began: it cannot be told from a repetition.
        case beforeFirst
    }

    /// More holes than this say that receipts get lost as a rule; the oldest are then given up.
    package static let holesMax = 256

    /// By the unique data of the domain that made the receipts.
    package private(set) var entries: [[UInt8]: Entry]
    private var firstSeen: [[UInt8]: UInt16]

    package init(entries: [[UInt8]: Entry] = [:]) {
        self.entries = entries
        firstSeen = entries.mapValues { $0.missing.first?.lowerBound ?? $0.last }
    }

    package mutating func record(_ confirmation: CardConfirmation) -> Verdict {
        let domain = confirmation.domainUniqueData
        let counter = confirmation.counter
        guard var entry = entries[domain] else {
            entries[domain] = Entry(last: counter)
            firstSeen[domain] = counter
            return .first
        }
        let verdict: Verdict
        if counter > entry.last {
            verdict = entry.advance(to: counter)
        } else if entry.fill(counter) {
            verdict = .late
        } else {
            return counter < (firstSeen[domain] ?? 0) ? .beforeFirst : .repeated
        }
        entries[domain] = entry
        return verdict
    }
}

extension ReceiptLedger {
    /// The domain says itself which number its next receipt will have: what lies before it and never came is missing.
    package mutating func expect(next: UInt16, from domain: [UInt8]) -> ClosedRange<UInt16>? {
        guard var entry = entries[domain], next > 0, next - 1 > entry.last else { return nil }
        let range = entry.last + 1...next - 1
        // The last of them is a hole like the others: it can still come late.
        entry.last = next - 1
        entry.missing.append(range)
        if entry.missing.count > Self.holesMax { entry.missing.removeFirst() }
        entries[domain] = entry
        return range
    }
}

extension ReceiptLedger.Entry {
    fileprivate mutating func advance(to counter: UInt16) -> ReceiptLedger.Verdict {
        let expected = last + 1
        last = counter
        guard counter > expected else { return .next }
        missing.append(expected...counter - 1)
        if missing.count > ReceiptLedger.holesMax { missing.removeFirst() }
        return .gap(expected...counter - 1)
    }

    /// Takes the number out of the holes; false when it is in none.
    fileprivate mutating func fill(_ counter: UInt16) -> Bool {
        guard let index = missing.firstIndex(where: { $0.contains(counter) }) else { return false }
        let hole = missing.remove(at: index)
        if counter < hole.upperBound { missing.insert(counter + 1...hole.upperBound, at: index) }
        if counter > hole.lowerBound { missing.insert(hole.lowerBound...counter - 1, at: index) }
        return true
    }
}
