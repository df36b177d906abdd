package import JSON
internal import Wire

/// A piece of a list: how many, and after what.
package struct Page: Sendable {
    package static let limitMax = 500
    package static let limitDefault = 100

    package let limit: Int
    /// What the cursor names: the key of the last row of the page before.
    package let after: [String]?
}

/// Where a list goes on. Opaque to clients; it holds nothing that is not shown anyway, and every page is asked with the
/// caller's own rights, so a cursor that somebody made up opens nothing.
package enum Cursor {
    package static let form = StringForm(
        pattern: "^[A-Za-z0-9_-]+$", count: 1...500, rule: "a cursor that this list gave",
        check: { text in
            // Whether it is one is found out when it is read: this is what it is made of.
            text.utf8.allSatisfy { Base64URL.value(of: $0) != nil }
        })

    package static func encode(_ list: String, _ parts: [String]) -> String {
        Base64URL.encode(JSONValue.array(([list] + parts).map { .string($0) }).encoded())
    }

    /// `nil` where it is of another list, or no cursor at all.
    package static func decode(_ text: String, _ list: String) -> [String]? {
        guard let bytes = Base64URL.decode(text), let value = try? JSONValue(decoding: bytes),
            let parts = value.arrayValue?.compactMap(\.stringValue), parts.first == list,
            parts.count == value.arrayValue?.count
        else { return nil }
        return Array(parts.dropFirst())
    }
}

extension RestCall {
    package func page() throws -> Page {
        let limit = integer("limit") ?? Page.limitDefault
        guard let cursor = text("cursor") else { return Page(limit: limit, after: nil) }
        guard let after = Cursor.decode(cursor, endpoint.operationID) else {
            throw Problem.parameter("cursor", "This is not a cursor that this list gave.")
        }
        return Page(limit: limit, after: after)
    }

    /// A page of a list; `after` is the key of its last row, where there may be more.
    package func list(_ items: [JSONValue], next after: [String]?) -> RestAnswer {
        var object: JSONObject = ["items": .array(items)]
        var fields: HTTPFields = [:]
        if let after {
            let cursor = Cursor.encode(endpoint.operationID, after)
            object["next"] = .string(cursor)
            let kept = request.query.filter { $0.name != "cursor" } + [.init("cursor", cursor)]
            let query = kept.map { "\(percentEncoded($0.name))=\(percentEncoded($0.value))" }
            fields["Link"] = "<\(request.path)?\(query.joined(separator: "&"))>; rel=\"next\""
        }
        return RestAnswer(200, .json(.object(object)), fields: fields)
    }

    /// A page of rows that were asked with one more than the page takes, or with the page's limit.
    package func list<Row>(
        _ rows: [Row], _ page: Page, key: (Row) -> [String], _ json: (Row) throws -> JSONValue
    ) rethrows -> RestAnswer {
        let shown = rows.prefix(page.limit)
        let isMore = rows.count >= page.limit
        return list(try shown.map(json), next: isMore ? shown.last.map(key) : nil)
    }
}

extension Schema {
    /// A page of a list.
    package static func page(of name: String, _ element: Schema) -> Schema {
        named(
            name + "Page",
            object(
                .required("items", array(of: element, 0...Page.limitMax)),
                .optional("next", string(Cursor.form).described("The cursor of the next page."))))
    }
}

/// For a query or a path: everything but unreserved characters is escaped (RFC 3986 §2.3).
func percentEncoded(_ text: String) -> String {
    var result = ""
    for byte in text.utf8 {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
            UInt8(ascii: "~"):
            result.unicodeScalars.append(Unicode.Scalar(byte))
        default: result += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
        }
    }
    return result
}

/// Base 64 with the alphabet for addresses and without padding (RFC 4648 §5).
package enum Base64URL {
    private static let alphabet = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

    package static func encode(_ bytes: some Collection<UInt8>) -> String {
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count * 4 + 2) / 3)
        var (buffer, bits): (UInt32, Int) = (0, 0)
        for byte in bytes {
            (buffer, bits) = (buffer << 8 | UInt32(byte), bits + 8)
            while bits >= 6 {
                bits -= 6
                text.append(alphabet[Int(buffer >> UInt32(bits)) & 63])
            }
        }
        if bits > 0 { text.append(alphabet[Int(buffer << UInt32(6 - bits)) & 63]) }
        return String(decoding: text, as: UTF8.self)
    }

    /// Exactly what `encode` gives; bits that no byte takes must be zero, so that one value has one text.
    package static func decode(_ text: some StringProtocol) -> [UInt8]? {
        var bytes: [UInt8] = []
        var (buffer, bits): (UInt32, Int) = (0, 0)
        for character in text.utf8 {
            guard let value = value(of: character) else { return nil }
            (buffer, bits) = (buffer << 6 | UInt32(value), bits + 6)
            if bits >= 8 {
                bits -= 8
                bytes.append(UInt8(truncatingIfNeeded: buffer >> UInt32(bits)))
            }
        }
        guard bits < 6, buffer & ((1 << UInt32(bits)) - 1) == 0 else { return nil }
        return bytes
    }

    fileprivate static func value(of character: UInt8) -> UInt8? {
        switch character {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): character - UInt8(ascii: "A")
        case UInt8(ascii: "a")...UInt8(ascii: "z"): character - UInt8(ascii: "a") + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0") + 52
        case UInt8(ascii: "-"): 62
        case UInt8(ascii: "_"): 63
        default: nil
        }
    }
}
