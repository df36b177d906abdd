package import Centre

/// What is told of a request once it is answered. Nothing of its body, its fields or its query.
package struct HTTPRecord: Sendable {
    package var tag: String
    package var method: String
    package var path: String
    package var segments: [String]
    package var status: Int
    package var address: String
    /// Of the client's own trace (W3C Trace Context), where it sent one.
    package var traceParent: String?
    package var since: Instant
    /// From the whole request to the answer, waiting included.
    package var seconds: Double
    /// Of these, in the queue and in the service.
    package var busySeconds: Double
    package var bytesIn: Int
    /// nil for streams.
    package var bytesOut: Int?

    package init(
        tag: String, method: String, path: String, segments: [String], status: Int, address: String,
        traceParent: String?, since: Instant, seconds: Double, busySeconds: Double, bytesIn: Int,
        bytesOut: Int?
    ) {
        self.tag = tag
        self.method = method
        self.path = path
        self.segments = segments
        self.status = status
        self.address = address
        self.traceParent = traceParent
        self.since = since
        self.seconds = seconds
        self.busySeconds = busySeconds
        self.bytesIn = bytesIn
        self.bytesOut = bytesOut
    }
}

/// Sees every request that was answered. Called from many threads; must not block.
package protocol HTTPObserver: Sendable {
    func answered(_ record: HTTPRecord)
    /// The server ended a connection by itself, or refused one.
    func ended(_ reason: HTTPEndReason)
}

package enum HTTPEndReason: String, Sendable, CaseIterable {
    case clientTooSlow = "client-too-slow"
    case addressHasTooMany = "address-has-too-many"
    case notTheProxy = "not-the-proxy"
}

/// For those who do not look.
package struct NoObserver: HTTPObserver {
    package init() {}
    package func answered(_ record: HTTPRecord) {}
    package func ended(_ reason: HTTPEndReason) {}
}
