package import Centre
package import JSON
internal import SmartCard
internal import Wire

// Entries of audit chains, as they are shown.

extension Schema {
    package static let auditEntry = named(
        "AuditEntry",
        object(
            .required("number", .integer(1...Int64.max)), .required("at", .instant),
            .required("actor", .text(1...200)), .required("kind", .text(1...64)),
            .required("subject", .text(1...200)), .required("facts", Schema(.map(.anything))),
            .required("digest", .string(.hex(bytes: 32...32))), .optional("request", .string(.request)),
            .optional("provider", .provider)))
}

extension AuditEntry {
    package var json: JSONValue {
        var object: JSONObject = [
            "number": .integer(number), "at": .string(at.description), "actor": .string(actor),
            "kind": .string(kind), "subject": .string(subject), "facts": facts.json,
            "digest": .string(digest.hex),
        ]
        object["request"] = request.map { .string($0.text) }
        object["provider"] = provider.map { .string($0.text) }
        return .object(object)
    }
}

extension [Fact] {
    package var json: JSONValue {
        var object = JSONObject()
        for fact in self {
            object[fact.name] =
                switch fact.value {
                case .number(let number): .integer(number)
                case .instant(let instant): .string(instant.description)
                case .word(let word): .string(word)
                case .bytes(let bytes): .string(bytes.hex)
                }
        }
        return .object(object)
    }
}

extension RestCall {
    /// A page of a chain, oldest first.
    package func audit(_ stream: AuditStream, _ page: Page, _ act: Act) throws -> RestAnswer {
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
