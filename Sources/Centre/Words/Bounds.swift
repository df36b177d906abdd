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

// MARK: Cards and room
extension Bounds {
    /// Reasons that people give, in bytes of UTF-8.
    package static let reasonBytesMax = 500
    /// What one card may list; a card that lists more is broken or hostile.
    package static let applicationsPerCardMax = 256
    package static let loadFilesPerCardMax = 256
    package static let modulesPerLoadFileMax = 64
    package static let berthsPerCardMax = 64
    package static let servicesPerBerthMax = 16
    package static let librariesPerBerthMax = 32
    /// No card in the world has more memory than this, in bytes.
    package static let roomBytesMax = 1 << 30
    /// Kept of what differs on a drifting card; the words on the card say how many there are in all.
    package static let driftFindingsMax = 32
    /// The newest measurements of one part on one profile, from which its footprint is computed.
    package static let footprintSamplesMax = 32
}

// MARK: Custody and vault
extension Bounds {
    /// Bytes of one application's data in custody: more than any card of today holds.
    package static let parkedImageBytesMax = 1 << 20
    /// Times that one instance may leave its card; one a day for a quarter of a century.
    package static let staysPerInstanceMax = 10_000
    /// Pieces in which an image may come.
    package static let parkedImagePartsMax = 1_024
    /// Records that one data key seals: far below what random nonces allow (SP 800-38D §8.3), so that a lost key is
    /// a small loss.
    package static let sealsPerDataKeyMax = 256
    /// Data keys that are wrapped anew in one transaction.
    package static let rewrapsPerTransactionMax = 100
    /// Records that are sealed anew in one transaction.
    package static let resealsPerTransactionMax = 32
    /// Wrapping keys that a vault keeps, the current one included.
    package static let wrappingKeysMax = 64
    package static let masterKeysMax = 1_024
    package static let masterKeyNoteBytesMax = 256
}
