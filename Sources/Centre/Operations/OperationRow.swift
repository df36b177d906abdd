internal import SmartCard

extension Operation: Record {
    package static let table = Table(
        "operations", key: [.text("card"), .text("id")],
        [
            .integer("is_open"), .bytes("wishes"), .bytes("steps"), .text("done"), .text("begun"),
            .text("state"), .text("reason").optional, .text("next_step").optional,
            .integer("requested_at"), .integer("deadline"), .integer("is_past_return"),
            .integer("is_cancel_requested"), .integer("idle_orders"), .integer("order_count"),
            .integer("journal_count"), .text("last_refusal").optional, .text("pending_keys").optional,
            .integer("replaced_key_version").optional, .text("asked_by").optional,
        ])

    package var row: [StoredValue] {
        let (word, reason, next) = state.words
        let columns: [[StoredValue]] = [
            [
                .word(card), .word(id), .bool(isOpen), .bytes(wishes.packed), .bytes(steps.packed),
                .indices(done),
                .indices(begun),
            ],
            [.text(word), .optional(reason), .optional(next), .instant(requestedAt), .instant(deadline)],
            [.bool(isPastReturn), .bool(isCancelRequested), .count(idleOrders), .count(orderCount)],
            [.count(journalCount), .optional(lastRefusal?.stored), .optional(pendingKeys?.text)],
            [.optional(replacedKeyVersion), .optional(askedBy)],
        ]
        return columns.flatMap { $0 }
    }

    package init(row: inout RowReader) throws(RowError) {
        let card: CardID = try row.identifier()
        let id: RequestID = try row.identifier()
        _ = try row.bool()
        let wishes: [Wish] = try row.packed()
        let steps: [PlanStep] = try row.packed()
        let (done, begun) = (try row.indices(), try row.indices())
        let (word, reason, next) = (try row.text(), try row.optionalText(), try row.optionalText())
        guard let state = State(word, reason, next) else {
            throw row.failure("makes no state with '\(word)'")
        }
        self.init(
            id: id, card: card, wishes: wishes, steps: steps, state: state, requestedAt: try row.instant(),
            deadline: try row.instant())
        (self.done, self.begun) = (done, begun)
        (isPastReturn, isCancelRequested) = (try row.bool(), try row.bool())
        (idleOrders, orderCount, journalCount) = (try row.count(), try row.count(), try row.count())
        lastRefusal = try row.optionalText().map(Reason.init(stored:))
        pendingKeys = try row.optionalWord(Card.KeySet.init(text:))
        replacedKeyVersion = try row.optionalInteger().flatMap { UInt8(exactly: $0) }
        askedBy = try row.optionalText()
        guard done.union(begun).allSatisfy(steps.indices.contains) else {
            throw RowError(table: "operations", column: "done", problem: "names a step that is not there")
        }
    }
}

extension Operation.State {
    fileprivate var words: (word: String, reason: String?, next: String?) {
        switch self {
        case .waiting: ("waiting", nil, nil)
        case .running: ("running", nil, nil)
        case .undoing(let reason): ("undoing", reason.stored, nil)
        case .ended(.done): ("done", nil, nil)
        case .ended(.failed(let reason, let next)): ("failed", reason.stored, next)
        case .ended(.cancelled(let reason)): ("cancelled", reason.stored, nil)
        case .ended(.needsPerson(let reason, let next)): ("needs-person", reason.stored, next)
        }
    }

    fileprivate init?(_ word: String, _ reason: String?, _ next: String?) {
        switch (word, reason, next) {
        case ("waiting", nil, nil): self = .waiting
        case ("running", nil, nil): self = .running
        case ("undoing", let reason?, nil): self = .undoing(because: Reason(stored: reason))
        case ("done", nil, nil): self = .ended(.done)
        case ("failed", let reason?, let next?):
            self = .ended(.failed(reason: Reason(stored: reason), nextStep: next))
        case ("cancelled", let reason?, nil): self = .ended(.cancelled(reason: Reason(stored: reason)))
        case ("needs-person", let reason?, let next?):
            self = .ended(.needsPerson(reason: Reason(stored: reason), nextStep: next))
        default: return nil
        }
    }
}

extension Card.KeySet {
    /// `issuer 48 scp03 0102 1`: the counter is not part of it.
    fileprivate var text: String {
        let words = [masterKey.text, String(version), channel.word, "-" + diversificationData.hex]
        return (words + [isChallengePredictable ? "1" : "0"]).joined(separator: " ")
    }

    fileprivate init?(text: String) {
        let words = text.split(separator: " ").map(String.init)
        guard words.count == 5, let name = try? MasterKeyName(words[0]), let version = UInt8(words[1]),
            let channel = Channel(word: words[2]), let data = try? Hex.decode(words[3].dropFirst())
        else { return nil }
        self.init(
            masterKey: name, version: version, channel: channel, diversificationData: data,
            isChallengePredictable: words[4] == "1")
    }
}

extension StoredValue {
    /// `0 1 4`: steps by their index.
    fileprivate static func indices(_ set: Set<Int>) -> StoredValue {
        .text(set.sorted().map(String.init).joined(separator: " "))
    }
}

extension RowReader {
    fileprivate mutating func packed<Value: Packed>() throws(RowError) -> Value {
        let bytes = try bytes()
        do throws(PackedError) {
            return try Value(packed: bytes)
        } catch {
            throw failure("is not what this version of the centre writes")
        }
    }

    fileprivate mutating func indices() throws(RowError) -> Set<Int> {
        let words = try text().split(separator: " ")
        let numbers = words.compactMap { Int($0) }
        guard numbers.count == words.count else { throw failure("is not a list of numbers") }
        return Set(numbers)
    }
}

extension JournalEntry: Record {
    package static let table = Table(
        "operation_journal", key: [.text("card"), .text("operation"), .integer("number")],
        [.integer("at"), .text("kind"), .integer("step").optional, .text("words")])

    package var row: [StoredValue] {
        [
            .word(card), .word(operation), .count(number), .instant(at), .text(kind.rawValue),
            step < 0 ? .null : .count(step), .text(text),
        ]
    }

    package init(row: inout RowReader) throws(RowError) {
        self.init(
            card: try row.identifier(), operation: try row.identifier(), number: try row.count(),
            at: try row.instant(), kind: try row.word(Kind.init(rawValue:)),
            step: try row.optionalInteger().map { Int($0) } ?? -1, text: try row.text())
    }
}

extension Lease: Record {
    package static let table = Table(
        "card_leases", key: [.text("card")],
        [.bytes("visit"), .text("terminal").optional, .integer("until")])

    package var row: [StoredValue] {
        [.word(card), .bytes(visit), .word(terminal), .instant(until)]
    }

    package init(row: inout RowReader) throws(RowError) {
        self.init(
            card: try row.identifier(), visit: try row.bytes(), terminal: try row.optionalIdentifier(),
            until: try row.instant())
    }
}

/// Evidence: what a card confirmed of its own accord (GPCS 2.3.1 §11.1.6), as it came.
package struct KeptConfirmation: Hashable, Sendable, Record {
    package var card: CardID
    /// Counts what was kept of this card.
    package var number: Int
    package var operation: RequestID?
    package var at: Instant
    /// The card's own counter, where the confirmation could be read.
    package var counter: Int?
    package var isProved: Bool
    package var fields: [UInt8]
    package var data: [UInt8]

    package init(
        card: CardID, number: Int, operation: RequestID?, at: Instant, counter: Int?, isProved: Bool,
        fields: [UInt8], data: [UInt8]
    ) {
        self.card = card
        self.number = number
        self.operation = operation
        self.at = at
        self.counter = counter
        self.isProved = isProved
        self.fields = fields
        self.data = data
    }

    package static let table = Table(
        "confirmations", key: [.text("card"), .integer("number")],
        [
            .text("operation").optional, .integer("at"), .integer("counter").optional,
            .integer("is_proved"), .bytes("fields"), .bytes("data"),
        ])

    package var row: [StoredValue] {
        [
            .word(card), .count(number), .word(operation), .instant(at), .optional(counter), .bool(isProved),
            .bytes(fields), .bytes(data),
        ]
    }

    package init(row: inout RowReader) throws(RowError) {
        self.init(
            card: try row.identifier(), number: try row.count(), operation: try row.optionalIdentifier(),
            at: try row.instant(), counter: try row.optionalInteger().map { Int($0) },
            isProved: try row.bool(), fields: try row.bytes(), data: try row.bytes())
    }
}
