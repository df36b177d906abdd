package import Centre

/// What goes back to a client.
package struct HTTPResponse: Sendable {
    package enum Body: Sendable {
        case none
        case bytes([UInt8])
        /// Written piece by piece for as long as it lasts: server-sent events, exports.
        case stream(any BodyStream)
    }

    package var status: Int
    package var fields: HTTPFields
    package var body: Body

    package init(_ status: Int, _ fields: HTTPFields = [:], body: Body = .none) {
        self.status = status
        self.fields = fields
        self.body = body
    }
}

/// A body that is made while it is sent. Asked by one worker at a time.
package protocol BodyStream: AnyObject, Sendable {
    func next() -> StreamStep
    /// The client went away, or the end was sent: nothing is asked any more.
    func closed()
}

package enum StreamStep: Sendable {
    case bytes([UInt8])
    /// Nothing yet: ask again when a topic rings, or then.
    case wait(Waiting)
    case end
}

/// Something that requests wait for.
package struct Topic: Hashable, Sendable {
    package let text: String

    package init(_ text: String) { self.text = text }

    /// Work for a card was made, or an operation of it went on.
    package static func card(_ id: CardID) -> Topic { Topic("card/\(id)") }
    /// A terminal is wanted: it was enrolled, cut off, or a card of its has work.
    package static func terminal(_ id: TerminalID) -> Topic { Topic("terminal/\(id)") }
    /// Something happened that subscribers may see.
    package static var events: Topic { Topic("events") }
}

/// No thread is held while a request waits.
package struct Waiting: Hashable, Sendable {
    package var topics: [Topic]
    package var until: Instant

    package init(for topics: [Topic], until: Instant) {
        self.topics = topics
        self.until = until
    }
}

/// Wakes what waits in this node; other nodes look at the store.
package protocol Bell: Sendable {
    func ring(_ topics: [Topic])
}

package enum Answer: Sendable {
    case now(HTTPResponse)
    /// The same request is put again when a topic rings or the time has come.
    case wait(Waiting)
}

/// What answers requests. Called from many threads at once; may block for as long as a transaction takes, and no
/// longer.
package protocol HTTPService: Sendable {
    /// `since` is when the request came, however often it is put again.
    func answer(_ request: HTTPRequest, since: Instant) -> Answer
}
