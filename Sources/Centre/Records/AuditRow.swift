internal import SmartCard

extension Fact {
    // Name with a byte of length, a byte for the type, the value with two bytes of length.
    static func encode(_ facts: [Fact]) -> [UInt8] {
        var bytes: [UInt8] = []
        for fact in facts {
            let name = Array(fact.name.utf8)
            let (type, value) = fact.value.encoded
            precondition(name.count <= 32, "a fact's name is too long")
            bytes.append(UInt8(name.count))
            bytes += name
            bytes.append(type)
            bytes += UInt16(value.count).bigEndianBytes + value
        }
        precondition(bytes.count <= Bounds.noteFactsBytesMax, "a note's facts are too long")
        return bytes
    }

    /// `nil` when the bytes are not facts.
    static func decode(_ bytes: [UInt8]) -> [Fact]? {
        var rest = bytes[...]
        var facts: [Fact] = []
        while let nameCount = rest.popFirst() {
            guard rest.count >= Int(nameCount) + 3, facts.count < Bounds.noteFactsMax else { return nil }
            let name = String(decoding: rest.prefix(Int(nameCount)), as: UTF8.self)
            rest = rest.dropFirst(Int(nameCount))
            let type = rest.removeFirst()
            let count = Int(UInt16(bigEndianBytes: rest.prefix(2)))
            rest = rest.dropFirst(2)
            guard rest.count >= count, let value = Value(type: type, Array(rest.prefix(count))) else {
                return nil
            }
            rest = rest.dropFirst(count)
            facts.append(Fact(name: name, value: value))
        }
        return facts
    }
}

extension Fact.Value {
    fileprivate var encoded: (type: UInt8, value: [UInt8]) {
        switch self {
        case .number(let value): (1, value.bigEndianBytes)
        case .instant(let value): (2, value.milliseconds.bigEndianBytes)
        case .word(let value): (3, Array(value.utf8))
        case .bytes(let value): (4, value)
        }
    }

    fileprivate init?(type: UInt8, _ value: [UInt8]) {
        switch type {
        case 1 where value.count == 8: self = .number(Int64(bigEndianBytes: value))
        case 2 where value.count == 8: self = .instant(Instant(milliseconds: Int64(bigEndianBytes: value)))
        case 3: self = .word(String(decoding: value, as: UTF8.self))
        case 4: self = .bytes(value)
        default: return nil
        }
    }
}

extension RowReader {
    mutating func facts() throws(RowError) -> [Fact] {
        guard let facts = Fact.decode(try bytes()) else { throw failure("is not facts") }
        return facts
    }
}

extension AuditEntry: Record {
    package static let table = Table(
        "audit_entries", key: [.text("stream"), .integer("number")],
        [
            .integer("at"), .text("actor"), .text("request").optional, .text("kind"), .text("subject"),
            .text("provider").optional, .bytes("facts"), .bytes("digest"),
        ])

    package var row: [StoredValue] {
        [
            stream.value, .integer(number), .instant(at), .text(actor), .word(request), .text(kind),
            .text(subject), .word(provider), .bytes(Fact.encode(facts)), .bytes(digest),
        ]
    }

    package init(row: inout RowReader) throws(RowError) {
        stream = try row.word(AuditStream.init(text:))
        number = try row.integer()
        at = try row.instant()
        actor = try row.text()
        request = try row.optionalIdentifier()
        kind = try row.text()
        subject = try row.text()
        provider = try row.optionalIdentifier()
        facts = try row.facts()
        digest = try row.bytes()
    }
}

extension AuditStreamHead: Record {
    package static let table = Table(
        "audit_heads", key: [.text("stream")], [.integer("number"), .bytes("digest")])

    package var row: [StoredValue] { [stream.value, .integer(head.number), .bytes(head.digest)] }

    package init(row: inout RowReader) throws(RowError) {
        stream = try row.word(AuditStream.init(text:))
        let (number, digest) = (try row.integer(), try row.bytes())
        // The schema puts the row there before the first link.
        head = number == 0 ? .none : AuditHead(number: number, digest: digest)
        guard head.digest.count == 32 else { throw row.failure("is not a digest") }
    }
}

extension KeptRequest: Record {
    package static let table = Table(
        "requests", key: [.text("actor"), .text("request")],
        [.integer("day"), .bytes("asked"), .bytes("answer")])

    package var row: [StoredValue] {
        [.text(actor), .word(request), .day(day), .bytes(asked), .bytes(answer)]
    }

    package init(row: inout RowReader) throws(RowError) {
        actor = try row.text()
        request = try row.identifier()
        day = try row.day()
        asked = try row.bytes()
        answer = try row.bytes()
    }
}
