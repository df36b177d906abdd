internal import Centre

/// What the server or the way to it said (PostgreSQL, "Error Codes").
struct PostgreSQLFailure: Error {
    /// Five characters; empty when the server said nothing.
    let state: String
    let message: String
    /// The connection is gone, and what was not answered was perhaps done all the same.
    let isLost: Bool
    /// Which of the calls of the trip failed.
    var call: Int?

    init(state: String, message: String, isConnectionBad: Bool, call: Int? = nil) {
        self.state = state
        self.message = Self.onOneLine(message)
        // 57P01 to 57P05: the server ends this connection.
        isLost = isConnectionBad || state.hasPrefix("08") || ["57P01", "57P02", "57P05"].contains(state)
        self.call = call
    }

    /// The library tells more on further lines, some of them indented.
    static func onOneLine(_ message: String) -> String {
        message.split(separator: "\n").map { $0.drop { $0.isWhitespace } }.joined(separator: "; ")
    }

    /// The same work again may succeed: another transaction was in the way. A division by zero is a row that was not
    /// what it should be any more.
    var isContention: Bool { ["40001", "40P01", "55P03", "22012"].contains(state) }

    /// The server's table of locks is full.
    var isOutOfLocks: Bool { state == "53200" }

    /// In the words of the centre; `table` is the one that was being changed.
    func failure(table: String?) -> StoreFailure {
        if isContention { return .contended }
        if isLost { return .unreachable(message) }
        switch state {
        case "23505": return .duplicate(table: table ?? "")
        case "23503", "23001": return .reference(table: table ?? "")
        case "53100": return .full(message)
        case "XX001", "XX002": return .damaged(message)
        // Too many connections, starting or stopping, sign-in refused, no such database, a copy that only reads.
        case "53300", "57P03", "3D000", "25006": return .unreachable(message)
        case _ where state.hasPrefix("28"): return .unreachable(message)
        default: return .other("\(message)\(state.isEmpty ? "" : " (\(state))")")
        }
    }
}

enum PostgreSQL {
    // What the types are called on the wire (PostgreSQL, catalogue pg_type).
    static let bytes: UInt32 = 17
    static let integer: UInt32 = 20
    static let text: UInt32 = 25

    static func type(of column: Table.ColumnType) -> UInt32 {
        switch column {
        case .integer: integer
        case .text: text
        case .bytes: bytes
        }
    }
}
