internal import Centre
internal import SmartCard

/// Reads the columns of a row as what they are.
struct Fields {
    private let record: ExchangeRecord

    init(_ record: ExchangeRecord) { self.record = record }

    func optional(_ column: String) -> String? { record.fields[column] }

    func text(_ column: String) throws(FieldProblem) -> String {
        guard let text = record.fields[column] else { throw FieldProblem(reason: "\(column) is missing.") }
        return text
    }

    func name<Kind: IdentifierKind>(_ column: String) throws(FieldProblem) -> Identifier<Kind> {
        try Self.name(try text(column), column)
    }

    func optionalName<Kind: IdentifierKind>(_ column: String) throws(FieldProblem) -> Identifier<Kind>? {
        guard let text = optional(column) else { return nil }
        return try Self.name(text, column)
    }

    static func name<Kind: IdentifierKind>(
        _ text: String, _ column: String
    ) throws(FieldProblem) -> Identifier<Kind> {
        guard let name = try? Identifier<Kind>(text) else {
            throw FieldProblem(reason: "\(column) is no name of its kind.")
        }
        return name
    }

    func day(_ column: String) throws(FieldProblem) -> CalendarDay? {
        guard let text = optional(column) else { return nil }
        guard let day = CalendarDay(text) else {
            throw FieldProblem(reason: "\(column) is no day, such as 2026-11-21.")
        }
        return day
    }

    func aid(_ column: String) throws(FieldProblem) -> AID {
        guard let aid = try? AID(hex: try text(column)) else {
            throw FieldProblem(reason: "\(column) is no AID in hex.")
        }
        return aid
    }

    func bytes(_ column: String) throws(FieldProblem) -> [UInt8]? {
        guard let text = optional(column) else { return nil }
        guard let bytes = try? Hex.decode(text) else { throw FieldProblem(reason: "\(column) is not hex.") }
        return bytes
    }

    func number(_ column: String, in range: ClosedRange<Int64>) throws(FieldProblem) -> Int64? {
        guard let text = optional(column) else { return nil }
        guard let number = Int64(text), range.contains(number) else {
            throw FieldProblem(
                reason: "\(column) is no number from \(range.lowerBound) to \(range.upperBound).")
        }
        return number
    }

    func flag(_ column: String) throws(FieldProblem) -> Bool? {
        switch optional(column) {
        case nil: return nil
        case "true"?: return true
        case "false"?: return false
        case .some: throw FieldProblem(reason: "\(column) is neither true nor false.")
        }
    }
}
