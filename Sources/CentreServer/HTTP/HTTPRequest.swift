package enum HTTPMethod: String, Hashable, Sendable, CaseIterable {
    case get = "GET"
    case head = "HEAD"
    case post = "POST"
    case put = "PUT"
    case patch = "PATCH"
    case delete = "DELETE"
    case options = "OPTIONS"
    // Known, and allowed nowhere: nothing here is asked with a body, and nobody is shown what others on the way added.
    case query = "QUERY"
    case trace = "TRACE"
}

/// Header fields in order; names are compared without case (RFC 9110 §5.1).
package struct HTTPFields: Hashable, Sendable, ExpressibleByDictionaryLiteral {
    package struct Field: Hashable, Sendable {
        package let name: String
        package let value: String

        package init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    package private(set) var fields: [Field]

    package init(_ fields: [Field] = []) { self.fields = fields }

    package init(dictionaryLiteral elements: (String, String)...) {
        fields = elements.map { Field($0, $1) }
    }

    /// The first of that name; setting takes the place of all of that name.
    package subscript(_ name: String) -> String? {
        get { fields.first { Self.same($0.name, name) }?.value }
        set {
            fields.removeAll { Self.same($0.name, name) }
            if let newValue { fields.append(Field(name, newValue)) }
        }
    }

    /// Every value of that name, in order.
    package func values(_ name: String) -> [String] {
        fields.filter { Self.same($0.name, name) }.map(\.value)
    }

    private static func same(_ one: String, _ other: String) -> Bool {
        one.utf8.count == other.utf8.count && zip(one.utf8, other.utf8).allSatisfy { lower($0) == lower($1) }
    }

    private static func lower(_ byte: UInt8) -> UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
    }
}

/// Who is at the other end of the connection.
package struct Peer: Hashable, Sendable {
    /// Without the port; behind a named proxy, what the proxy says.
    package var address: String
    package var isLoopback: Bool
    package var isEncrypted: Bool
    /// The client's certificate as DER, where one was shown and its chain was verified.
    package var certificate: [UInt8]?

    package init(address: String, isLoopback: Bool, isEncrypted: Bool, certificate: [UInt8]? = nil) {
        self.address = address
        self.isLoopback = isLoopback
        self.isEncrypted = isEncrypted
        self.certificate = certificate
    }
}

/// What a client asked, whole: bodies and fields were bounded before such a value exists.
package struct HTTPRequest: Hashable, Sendable {
    package struct QueryItem: Hashable, Sendable {
        package let name: String
        package let value: String

        package init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    package var method: HTTPMethod
    /// As it was sent, without the query.
    package var path: String
    /// The path's segments, percent-decoded; a path that does not decode never gets here.
    package var segments: [String]
    package var query: [QueryItem]
    package var fields: HTTPFields
    package var body: [UInt8]
    package var peer: Peer
    /// Names this request in logs, problems and the field `X-Request-Id`.
    package var tag: String

    package init(
        _ method: HTTPMethod, path: String, segments: [String], query: [QueryItem] = [],
        fields: HTTPFields = [:],
        body: [UInt8] = [], peer: Peer, tag: String
    ) {
        self.method = method
        self.path = path
        self.segments = segments
        self.query = query
        self.fields = fields
        self.body = body
        self.peer = peer
        self.tag = tag
    }

    /// The first query item of that name.
    package func queryValue(_ name: String) -> String? { query.first { $0.name == name }?.value }
}
