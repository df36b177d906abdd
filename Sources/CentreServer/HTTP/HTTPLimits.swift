/// How much of anything the server takes from clients that it does not know yet.
package struct HTTPLimits: Hashable, Sendable {
    /// Bytes of a body; the largest is a release with its load files.
    package var bodyBytesMax = 16 << 20
    /// Bytes of the request line and all fields together, as they come: the memory of a connection.
    package var headBytesMax = 16 << 10
    /// Bytes of all bodies that are held at the same time.
    package var bodiesBytesMax = 256 << 20
    /// The same from one address, so that nobody takes the room of all: an eighth, and always one whole body.
    package var bodiesPerAddressBytesMax: Int { max(bodyBytesMax, bodiesBytesMax / 8) }
    package var fieldsMax = 64
    package var segmentsMax = 16
    package var queryItemsMax = 32

    /// Connections that are open at the same time.
    package var connectionsMax = 20_000
    /// The same from one address; for IPv6 from one network of 64 bits.
    package var connectionsPerAddressMax = 1_000
    /// Requests a second from one address, 0 for no limit; and how many may come at once after a pause.
    package var requestsPerSecond = 200
    package var requestsBurst = 400
    /// Whether programs of this machine are held to the limits per address as well.
    package var limitsLoopback = false

    /// Requests that wait for a thread; beyond that new ones are told to come later.
    package var queuedMax = 8_192
    /// Threads that answer. Each may wait for the disk, and those that wait together share one commit.
    package var workers = 32

    /// Seconds for everything up to the end of the fields, and for the whole body.
    package var headSeconds = 15
    package var bodySeconds = 60
    /// Bytes a second that a client must take of an answer, after the first minute.
    package var answerBytesPerSecondMin = 4_096
    /// Seconds that a connection is kept between two requests.
    package var idleSeconds = 75
    /// Seconds that work which is under way gets when the server is told to stop.
    package var stopSeconds = 20
    /// Seconds that one request may wait, whatever the service says.
    package var waitSecondsMax = 120

    package init() {}
}
