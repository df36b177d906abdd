package import Centre
package import JSON
internal import SmartCard

extension Fact: Form {
    /// The member beside the name tells the type, so that a reader can compute the chain's digests itself.
    package var json: JSONValue {
        switch value {
        case .number(let number): ["name": .string(name), "number": .integer(number)]
        case .instant(let instant): ["name": .string(name), "instant": .instant(instant)]
        case .word(let word): ["name": .string(name), "word": .string(word)]
        case .bytes(let bytes): ["name": .string(name), "bytes": .hex(bytes)]
        }
    }

    package init(form: inout FormReader) throws(FormProblem) {
        let name = try form.text("name")
        let number = try form.optionalInteger("number")
        let instant = try form.optionalInstant("instant")
        let word = try form.optionalText("word")
        switch (number, instant, word, try form.optionalBytes("bytes")) {
        case (let number?, nil, nil, nil): self.init(reading: name, .number(number))
        case (nil, let instant?, nil, nil): self.init(reading: name, .instant(instant))
        case (nil, nil, let word?, nil): self.init(reading: name, .word(word))
        case (nil, nil, nil, let bytes?): self.init(reading: name, .bytes(bytes))
        default: throw form.problem("name", "does not have exactly one value beside it")
        }
    }
}

extension AuditEntry: Form {
    package var json: JSONValue {
        .object(
            JSONObject(members: [
                ("stream", .string(stream.text)), ("number", .integer(number)), ("at", .instant(at)),
                ("actor", .string(actor)), ("request", request.map(JSONValue.name)), ("kind", .string(kind)),
                ("subject", .string(subject)), ("provider", provider.map(JSONValue.name)),
                ("facts", .forms(facts)), ("digest", .hex(digest)),
            ]))
    }

    package init(form: inout FormReader) throws(FormProblem) {
        self.init(
            stream: try form.word("stream", "'registers', 'refusals' or a card") { AuditStream(text: $0) },
            number: try form.integer("number"), at: try form.instant("at"), actor: try form.text("actor"),
            request: try form.optionalIdentifier("request"), kind: try form.text("kind"),
            subject: try form.text("subject"), provider: try form.optionalIdentifier("provider"),
            facts: try form.forms("facts"), digest: try form.bytes("digest"))
    }
}

/// What looking through a chain found, as it travels.
package struct VerdictForm: Form, Hashable {
    package var stream: AuditStream
    package var isWhole: Bool
    package var links: Int64
    /// In words, where something is wrong.
    package var finding: String?

    package init(_ stream: AuditStream, _ verdict: AuditVerdict) {
        self.stream = stream
        switch verdict {
        case .whole(let links): (isWhole, self.links, finding) = (true, links, nil)
        case .broken(let number):
            (isWhole, links) = (false, number - 1)
            finding = "Entry \(number) is not as it was written, or missing."
        case .endsElsewhere(let links, let head):
            (isWhole, self.links) = (false, links)
            finding = "There are \(links) entries where there should be \(head)."
        }
    }

    package var json: JSONValue {
        .object(
            JSONObject(members: [
                ("stream", .string(stream.text)), ("whole", .bool(isWhole)), ("links", .integer(links)),
                ("finding", finding.map(JSONValue.string)),
            ]))
    }

    package init(form: inout FormReader) throws(FormProblem) {
        stream = try form.word("stream", "'registers', 'refusals' or a card") { AuditStream(text: $0) }
        isWhole = try form.optionalBool("whole") ?? false
        links = try form.integer("links")
        finding = try form.optionalText("finding")
    }
}
