internal import CardCrypto
internal import Centre
package import JSON
internal import SmartCard

/// What an endpoint answers, before it becomes HTTP.
package struct RestAnswer: Sendable {
    package enum Content: Sendable {
        case none
        case json(JSONValue)
        case bytes([UInt8], mediaType: String)
        case stream(any BodyStream, mediaType: String)
        /// Nothing yet: the request is put again when a topic rings or the time has come.
        case wait(Waiting)
    }

    package var status: Int
    package var content: Content
    package var fields: HTTPFields
    /// Of the resource, for `ETag`; where an answer has none, it is made of the content.
    package var tag: EntityTag?
    /// What waits for what was changed here.
    package var rings: [Topic] = []
    /// It shows something for the only time; it is not kept for a request that comes twice.
    package var isSecret = false
    /// What changes by itself is shown beside what the tag names: who has the tag does not have that.
    package var showsMoreThanTag = false
    /// The tag is made of what is not kept for a request that comes twice: that gets none.
    package var isTagOfSecrets = false

    package init(_ status: Int, _ content: Content = .none, fields: HTTPFields = [:], tag: EntityTag? = nil) {
        self.status = status
        self.content = content
        self.fields = fields
        self.tag = tag
    }

    package static func ok(_ json: JSONValue, tag: EntityTag? = nil) -> RestAnswer {
        .init(200, .json(json), tag: tag)
    }

    package static func created(_ json: JSONValue, at location: String, tag: EntityTag? = nil) -> RestAnswer {
        .init(201, .json(json), fields: ["Location": location], tag: tag)
    }

    /// Something touches a card: it goes on when the card shows up; look there.
    package static func accepted(_ json: JSONValue, at location: String) -> RestAnswer {
        .init(202, .json(json), fields: ["Location": location])
    }

    package static let noContent = RestAnswer(204)

    package static func wait(_ waiting: Waiting) -> RestAnswer { .init(0, .wait(waiting)) }

    package func ringing(_ topics: Topic...) -> RestAnswer {
        var answer = self
        answer.rings += topics
        return answer
    }

    /// For what is shown once.
    package var secret: RestAnswer {
        var answer = self
        answer.isSecret = true
        return answer
    }
}

/// Names one state of one resource (RFC 9110 §8.8.3).
package struct EntityTag: Hashable, Sendable {
    /// With its quotes.
    package let text: String

    package init(revision: Int64) { text = "\"\(revision)\"" }

    /// Of a resource without a revision: from what is shown of it.
    package init(of bytes: [UInt8]) { text = "\"\(Digest.sha256.hash(bytes).prefix(12).hex)\"" }
    package init(of json: JSONValue) { self.init(of: json.encoded()) }

    /// Whether a field has the form of `If-Match`: a star, or tags with commas between them.
    static func isList(_ field: String) -> Bool {
        let items = field.split(separator: ",", omittingEmptySubsequences: false).map(\.trimmed)
        if items == ["*"] { return true }
        return items.allSatisfy { item in
            let tag = item.hasPrefix("W/") ? item.dropFirst(2) : item[...]
            return tag.utf8.count >= 3 && tag.hasPrefix("\"") && tag.hasSuffix("\"")
                && tag.dropFirst().dropLast().utf8.allSatisfy {
                    $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\"")
                }
        }
    }

    /// Whether a field like `If-Match` names it. `If-Match` compares strongly, `If-None-Match` weakly (RFC 9110
    /// §8.8.3.2).
    func isNamed(in fields: [String], isWeak: Bool) -> Bool {
        for item in fields.flatMap({ $0.split(separator: ",") }) {
            let item = item.trimmed
            if item == "*" || item == text { return true }
            if isWeak, item == "W/" + text { return true }
        }
        return false
    }
}

extension StringProtocol {
    /// Without blanks around it.
    var trimmed: String {
        let isBlank: (Character) -> Bool = { $0 == " " || $0 == "\t" }
        let start = drop(while: isBlank)
        return String(start.reversed().drop(while: isBlank).reversed())
    }
}

// MARK: Kept for a request that comes twice

extension RestAnswer: KeptAnswer {
    /// Status, fields and content as JSON; of a secret only that it was given.
    package var keptBytes: [UInt8] {
        var object: JSONObject = ["status": .count(status)]
        if isSecret {
            object["secret"] = true
            return JSONValue.object(object).encoded()
        }
        object["fields"] = .array(
            fields.fields.map { .array([.string($0.name), .string($0.value)]) })
        if isTagOfSecrets { object["untagged"] = true }
        if let tag, !isTagOfSecrets { object["tag"] = .string(tag.text) }
        var whole = object
        if case .json(let value) = content { whole["body"] = value }
        let bytes = JSONValue.object(whole).encoded()
        if bytes.count <= Bounds.requestResultBytesMax { return bytes }
        // Too long to be kept: whoever asks again is sent to where it stands, or told that it was done.
        object["status"] = .count(fields["Location"] == nil ? 204 : 303)
        return JSONValue.object(object).encoded()
    }

    package init?(keptBytes: [UInt8]) {
        guard let value = try? JSONValue(decoding: keptBytes), let status = value["status"]?.integerValue
        else {
            return nil
        }
        if value["secret"] == true {
            self.init(Int(status))
            isSecret = true
            return
        }
        let fields = (value["fields"]?.arrayValue ?? []).compactMap { pair -> HTTPFields.Field? in
            guard let pair = pair.arrayValue, pair.count == 2, let name = pair[0].stringValue,
                let text = pair[1].stringValue
            else { return nil }
            return HTTPFields.Field(name, text)
        }
        self.init(
            Int(status), value["body"].map { .json($0) } ?? .none, fields: HTTPFields(fields),
            tag: value["tag"]?.stringValue.map(EntityTag.init(kept:)))
        isTagOfSecrets = value["untagged"] == true
    }
}

extension EntityTag {
    fileprivate init(kept text: String) { self.text = text }
}
