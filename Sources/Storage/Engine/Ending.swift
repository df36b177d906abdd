internal import Centre

extension Call {
    /// What neither engine is asked to keep: PostgreSQL refuses it, and SQLite would cut it at the wrong place.
    func refuseNUL() throws(StoreFailure) {
        for value in values {
            guard case .text(let text) = value, text.utf8.contains(0) else { continue }
            throw .other("a text for \(statement.table.name) holds a NUL character")
        }
    }
}
