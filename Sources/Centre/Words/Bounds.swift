/// How much of anything the centre takes; docs/reference/bounds.md tells why. What is one more is refused.
package enum Bounds {}

extension Bounds {
    /// Facts of one note, and the bytes they take together: an event stays small enough for any bearer of events.
    package static let noteFactsMax = 16
    package static let noteFactsBytesMax = 2_048
    /// What is kept of the answer to a request, to give it again.
    package static let requestResultBytesMax = 65_536
    /// Days that a request is remembered; a client that repeats it later does it twice.
    package static let requestDays = 30
    /// Events that get their place in the order in one transaction.
    package static let eventsOrderedAtOnceMax = 500
}
