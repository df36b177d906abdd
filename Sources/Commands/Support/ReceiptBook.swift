package import Arguments
package import CardManagement
internal import JSON
internal import SmartCard

/// Receipts of cards: verified where there is a key, and their counters followed from run to run, because a number that
/// is missing is an operation nobody told us of.
struct ReceiptBook {
    struct Entry {
        let confirmation: CardConfirmation
        let isVerified: Bool
        let verdict: ReceiptLedger.Verdict?

        var text: String {
            let proof = isVerified ? "verified" : "not verified: give --receipt-key"
            return "Receipt \(confirmation.counter) (\(proof))\(verdict?.remark ?? "")"
        }

        var json: JSONValue {
            [
                "counter": .count(Int(confirmation.counter)), "verified": .bool(isVerified),
                "domain": .string(confirmation.domainUniqueData.hex),
                "receipt": .string(confirmation.receipt.hex),
                "counterStatus": verdict.map { .string($0.name) } ?? .null,
            ]
        }
    }

    private let desk: CardDesk
    private let file: StateFile?

    init(_ desk: CardDesk) {
        self.desk = desk
        file = StateFile("receipts", desk.terminal.environment)
    }

    /// A record that cannot be read is told before anything is done on the card.
    func check() throws {
        guard desk.parsed[InstallOptions.receiptKey] != nil else { return }
        _ = try parse(file?.read() ?? "")
    }

    /// Reads what the card confirmed. A receipt that does not verify is a problem; the operation was done all the same.
    func enter(_ operations: [ConfirmedOperation]) throws -> [Entry] {
        guard !operations.isEmpty else { return [] }
        let key = try desk.parsed[InstallOptions.receiptKey].map {
            try ContentKeyReading.verifying($0, "receipt key", desk.terminal)
        }
        var entries: [Entry] = []
        for operation in operations {
            guard let confirmation = try CardConfirmation.read(operation.data) else { continue }
            guard let key else {
                entries.append(Entry(confirmation: confirmation, isVerified: false, verdict: nil))
                continue
            }
            guard try confirmation.proves(operation.subject, with: key) else {
                throw Self.forged(confirmation)
            }
            entries.append(
                Entry(confirmation: confirmation, isVerified: true, verdict: try record(confirmation)))
        }
        return entries
    }

    private func record(_ confirmation: CardConfirmation) throws -> ReceiptLedger.Verdict? {
        var verdict: ReceiptLedger.Verdict?
        try file?.update { text in
            var ledger = ReceiptLedger(entries: try parse(text ?? ""))
            verdict = ledger.record(confirmation)
            return Self.text(ledger)
        }
        if verdict == .repeated { throw Self.repeated(confirmation) }
        return verdict
    }

    /// One line per domain: its unique data, the last counter, and the ranges that are missing.
    private static func text(_ ledger: ReceiptLedger) -> String {
        ledger.entries.sorted { $0.key.hex < $1.key.hex }.map { domain, entry in
            ([domain.hex, String(entry.last)] + entry.missing.map { "\($0.lowerBound)-\($0.upperBound)" })
                .joined(separator: " ") + "\n"
        }.joined()
    }

    /// A line that cannot be read may hold any counter: nothing is written over it.
    private func parse(_ text: String) throws(Problem) -> [[UInt8]: ReceiptLedger.Entry] {
        var entries: [[UInt8]: ReceiptLedger.Entry] = [:]
        for (index, line) in text.split(separator: "\n").enumerated() {
            let fields = line.split(separator: " ")
            guard fields.count >= 2, let domain = try? Hex.decode(fields[0]), let last = UInt16(fields[1]),
                entries[domain] == nil
            else { throw damaged(line: index + 1) }
            let missing = fields.dropFirst(2).compactMap { Self.range($0, below: last) }
            guard missing.count == fields.count - 2 else { throw damaged(line: index + 1) }
            entries[domain] = ReceiptLedger.Entry(last: last, missing: missing)
        }
        return entries
    }

    private static func range(_ field: Substring, below last: UInt16) -> ClosedRange<UInt16>? {
        let ends = field.split(separator: "-", omittingEmptySubsequences: false).compactMap { UInt16($0) }
        return ends.count == 2 && ends[0] <= ends[1] && ends[1] < last ? ends[0]...ends[1] : nil
    }

    private func damaged(line: Int) -> Problem {
        Problem(
            "receipts-damaged", exit: .configuration, "the record of receipts cannot be read",
            why: "\(file?.path ?? "receipts"), line \(line); it was left as it is",
            advice: [
                "look at the file and mend the line, or remove it: gaps in the counters of its domain are not seen then",
                "list the card to see what was done: the card did not refuse the operation",
            ])
    }

    private static func forged(_ confirmation: CardConfirmation) -> Problem {
        Problem(
            "receipt-not-authentic", exit: .mismatch,
            "the card's receipt \(confirmation.counter) is not authentic",
            why: "the key given with --receipt-key did not make it for this operation",
            advice: [
                "check the key", "list the card to see what was done: the card did not refuse the operation",
            ])
    }

    private static func repeated(_ confirmation: CardConfirmation) -> Problem {
        Problem(
            "receipt-repeated", exit: .mismatch, "the card gave receipt \(confirmation.counter) before",
            why: "a counter never repeats: this is an old receipt again, or a copy of the card",
            advice: ["list the card to see what was done", "tell the issuer of the card"])
    }
}

extension ReceiptLedger.Verdict {
    fileprivate var name: String {
        switch self {
        case .first: "first"
        case .next: "next"
        case .gap: "gap"
        case .late: "late"
        case .repeated: "repeated"
        case .beforeFirst: "before-first"
        }
    }

    fileprivate var remark: String {
        switch self {
        case .first, .next, .late, .repeated, .beforeFirst: ""
        case .gap(let range):
            "; receipts \(range.lowerBound) to \(range.upperBound) are missing: operations happened that were not seen here"
        }
    }
}

extension ConfirmationError: ExplainedError {
    package var problem: Problem {
        Problem(
            "receipt-malformed", exit: .protocolViolation, "the card's confirmation cannot be read",
            why: "\(self)",
            advice: [
                "the operation was done: list the card to see", "run again with --trace and report the trace",
            ])
    }
}
