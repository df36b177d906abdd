package import SmartCard

// How words of the domain stand in columns; what is `nil` leaves the column empty.
extension StoredValue {
    package static func word<Kind>(_ identifier: Identifier<Kind>?) -> StoredValue {
        optional(identifier?.text)
    }
    package static func instant(_ instant: Instant?) -> StoredValue { optional(instant?.milliseconds) }
    package static func day(_ day: CalendarDay?) -> StoredValue { optional(day?.daysSinceEpoch) }
    package static func aid(_ aid: AID?) -> StoredValue { aid.map { .bytes($0.bytes) } ?? .null }
    package static func bool(_ value: Bool) -> StoredValue { .integer(value ? 1 : 0) }
    package static func count(_ value: Int) -> StoredValue { .integer(Int64(value)) }

    package static func optional(_ text: String?) -> StoredValue { text.map { .text($0) } ?? .null }
    package static func optional(_ bytes: [UInt8]?) -> StoredValue { bytes.map { .bytes($0) } ?? .null }
    package static func optional(_ number: (some BinaryInteger)?) -> StoredValue {
        number.map { .integer(Int64($0)) } ?? .null
    }
}

extension RowReader {
    package mutating func identifier<Kind>() throws(RowError) -> Identifier<Kind> {
        try word { try Identifier<Kind>(kept: $0) }
    }
    package mutating func optionalIdentifier<Kind>() throws(RowError) -> Identifier<Kind>? {
        try optionalWord { try Identifier<Kind>(kept: $0) }
    }
    package mutating func instant() throws(RowError) -> Instant { Instant(milliseconds: try integer()) }
    package mutating func optionalInstant() throws(RowError) -> Instant? {
        try optionalInteger().map(Instant.init(milliseconds:))
    }
    package mutating func day() throws(RowError) -> CalendarDay { CalendarDay(daysSinceEpoch: try int()) }
    package mutating func optionalDay() throws(RowError) -> CalendarDay? {
        try optionalInteger().map { CalendarDay(daysSinceEpoch: Int($0)) }
    }
    package mutating func aid() throws(RowError) -> AID {
        guard let aid = try? AID(try bytes()) else { throw failure("is not an AID") }
        return aid
    }
    package mutating func optionalAID() throws(RowError) -> AID? {
        guard let bytes = try optionalBytes() else { return nil }
        guard let aid = try? AID(bytes) else { throw failure("is not an AID") }
        return aid
    }
    package mutating func bool() throws(RowError) -> Bool {
        switch try integer() {
        case 0: return false
        case 1: return true
        default: throw failure("is neither 0 nor 1")
        }
    }
    /// Never negative: bytes, or how many there are.
    package mutating func count() throws(RowError) -> Int {
        let value = try int()
        guard value >= 0 else { throw failure("is negative") }
        return value
    }
}
