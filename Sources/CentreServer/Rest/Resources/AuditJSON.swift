internal import Centre
internal import JSON
internal import Wire

// Entries of audit chains, as they are shown.

extension RestCall {
    /// A page of a chain, oldest first.
    func audit(_ stream: AuditStream, _ page: Page, _ act: Act) throws -> RestAnswer {
        let after = try page.after.map { parts -> [StoredValue] in
            guard let number = Int64(parts.first ?? "") else {
                throw Problem.parameter("cursor", "This is not a cursor that this list gave.")
            }
            return [stream.value, .integer(number)]
        }
        let entries = try act.transaction.all(
            AuditEntry.self,
            Query(AuditEntry.table, [.init("stream", stream.value)], after: after, limit: page.limit))
        return list(entries, page, key: { ["\($0.number)"] }) { $0.json }
    }
}
