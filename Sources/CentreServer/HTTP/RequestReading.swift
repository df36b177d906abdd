internal import Wire

/// Path and query of a request (RFC 9112 §3.2.1), taken apart and percent-decoded (RFC 3986 §2.1).
struct RequestTarget: Hashable, Sendable {
    let path: String
    let segments: [String]
    let query: [HTTPRequest.QueryItem]

    /// Refuses what two readers could understand differently: dot segments, control characters, bytes that are no text.
    init(_ target: String, limits: HTTPLimits) throws(RequestRefusal) {
        guard target.utf8.first == UInt8(ascii: "/") else {
            throw .init(.malformedRequest("The request's target is not a path."))
        }
        guard target.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "#") }) else {
            throw .init(.malformedRequest("The request's target has characters that no address has."))
        }
        let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        path = String(parts[0])
        segments = try Self.segments(parts[0], max: limits.segmentsMax)
        query = parts.count > 1 ? try Self.query(parts[1], max: limits.queryItemsMax) : []
    }

    private static func segments(_ path: Substring, max: Int) throws(RequestRefusal) -> [String] {
        let raw = path.dropFirst()
        guard !raw.isEmpty else { return [] }
        let pieces = raw.split(separator: "/", maxSplits: max, omittingEmptySubsequences: false)
        guard pieces.count <= max else {
            throw .init(.malformedRequest("The path has more than \(max) segments."))
        }
        var segments: [String] = []
        for piece in pieces {
            let segment = try decode(piece, plusIsSpace: false)
            guard segment != ".", segment != ".." else {
                throw .init(.malformedRequest("The path has segments that lead elsewhere."))
            }
            segments.append(segment)
        }
        return segments
    }

    private static func query(_ text: Substring, max: Int) throws(RequestRefusal) -> [HTTPRequest.QueryItem] {
        let pieces = text.split(separator: "&", maxSplits: max)
        guard pieces.count <= max else {
            throw .init(.malformedRequest("The query has more than \(max) items."))
        }
        var items: [HTTPRequest.QueryItem] = []
        for piece in pieces {
            let pair = piece.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            items.append(
                .init(
                    try decode(pair[0], plusIsSpace: true),
                    pair.count > 1 ? try decode(pair[1], plusIsSpace: true) : ""))
        }
        return items
    }

    private static func decode(_ text: Substring, plusIsSpace: Bool) throws(RequestRefusal) -> String {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "%"):
                guard let high = rest.popFirst().flatMap(hexDigit),
                    let low = rest.popFirst().flatMap(hexDigit)
                else { throw .init(.malformedRequest("A percent sign is not followed by two hex digits.")) }
                bytes.append(high << 4 | low)
            case UInt8(ascii: "+") where plusIsSpace: bytes.append(UInt8(ascii: " "))
            default: bytes.append(byte)
            }
        }
        guard let decoded = String(validating: bytes, as: UTF8.self),
            bytes.allSatisfy({ $0 >= 0x20 && $0 != 0x7F })
        else { throw .init(.malformedRequest("The address holds bytes that are no text.")) }
        return decoded
    }

    private static func hexDigit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}

/// Why a request goes no further.
struct RequestRefusal: Error {
    let problem: Problem
    let fields: HTTPFields

    init(_ problem: Problem, _ fields: HTTPFields = [:]) {
        self.problem = problem
        self.fields = fields
    }
}

/// What stands before the body. Refuses everything that two servers could cut apart differently (RFC 9112 §11.2).
struct RequestHead {
    let fields: HTTPFields
    let contentLength: Int?
    let isChunked: Bool

    var hasBody: Bool { isChunked || (contentLength ?? 0) > 0 }

    /// Names and values as they came.
    init(_ raw: [(name: [UInt8], value: [UInt8])], version: String, limits: HTTPLimits) throws(RequestRefusal)
    {
        guard raw.count <= limits.fieldsMax else {
            throw .init(.headTooLarge("A request may have \(limits.fieldsMax) fields."))
        }
        var fields: [HTTPFields.Field] = []
        for (name, value) in raw {
            guard !name.isEmpty, name.allSatisfy(Self.isTokenByte) else {
                throw .init(.malformedRequest("The name of a field has characters that no name has."))
            }
            guard value.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }),
                let text = String(validating: value, as: UTF8.self)
            else { throw .init(.malformedRequest("The value of a field has characters that no value has.")) }
            fields.append(.init(String(decoding: name, as: UTF8.self), text))
        }
        self.fields = HTTPFields(fields)
        let isNew = version == "HTTP/1.1"
        guard isNew || version == "HTTP/1.0" else {
            throw .init(.malformedRequest("The server speaks HTTP/1.1 and HTTP/1.0."))
        }
        let hosts = self.fields.values("Host")
        guard hosts.count == 1 || hosts.isEmpty && !isNew else {
            throw .init(.malformedRequest("A request names exactly one host."))
        }
        (contentLength, isChunked) = try Self.framing(self.fields, isNew: isNew)
    }

    private static func framing(
        _ fields: HTTPFields, isNew: Bool
    ) throws(RequestRefusal) -> (Int?, Bool) {
        let lengths = fields.values("Content-Length")
        let encodings = fields.values("Transfer-Encoding")
        guard lengths.isEmpty || encodings.isEmpty else {
            throw .init(.malformedRequest("A request has a length or a transfer encoding, never both."))
        }
        if let encoding = encodings.first {
            guard encodings.count == 1, isNew, encoding.lowercased() == "chunked" else {
                throw .init(.malformedRequest("The only transfer encoding is chunked, once, in HTTP/1.1."))
            }
            return (nil, true)
        }
        guard let text = lengths.first else { return (nil, false) }
        guard lengths.count == 1, !text.isEmpty,
            text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            let length = Int(text)
        else { throw .init(.malformedRequest("A request has at most one length, and it is a number.")) }
        return (length, false)
    }

    /// RFC 9110 §5.6.2.
    static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }
}

extension HTTPFields {
    /// The client's own name for the request, where it is fit for a log; else nil.
    var requestTag: String? {
        guard let tag = self["X-Request-Id"], (1...64).contains(tag.utf8.count),
            tag.utf8.allSatisfy({ RequestHead.isTokenByte($0) })
        else { return nil }
        return tag
    }
}
