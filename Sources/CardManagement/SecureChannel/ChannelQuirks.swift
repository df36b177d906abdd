/// Where a card model leaves the text of its secure channel; data of its profile.
package struct ChannelQuirks: Hashable, Sendable {
    /// The card counts only commands that carry encrypted data, where SCP03 §6.2.6 counts every command.
    package var isEmptyCommandUncounted: Bool
    /// The card announces a pseudo-random challenge and computes another one than SCP03 §6.2.2.1 or
    /// GPCS 2.3.1 §E.4.2.3: nothing can be computed ahead for it.
    package var isChallengeUnpredictable: Bool
    /// The card's "i" where what it reports is wrong.
    package var options: UInt8?
    /// Key versions that the card answers with another number than it was asked for.
    package var reportedKeyVersions: [UInt8: UInt8]
    /// The R-MAC key of a session begun by BEGIN R-MAC SESSION comes from the sequence counter of EXTERNAL
    /// AUTHENTICATE, where GPCS 2.3.1 §E.4.1 takes the counter's value at that time, which is one more.
    package var isResponseKeyOfFirstCounter: Bool

    package init(
        isEmptyCommandUncounted: Bool = false, isChallengeUnpredictable: Bool = false, options: UInt8? = nil,
        reportedKeyVersions: [UInt8: UInt8] = [:], isResponseKeyOfFirstCounter: Bool = false
    ) {
        self.isEmptyCommandUncounted = isEmptyCommandUncounted
        self.isChallengeUnpredictable = isChallengeUnpredictable
        self.options = options
        self.reportedKeyVersions = reportedKeyVersions
        self.isResponseKeyOfFirstCounter = isResponseKeyOfFirstCounter
    }

    /// The card does what the text says.
    package static let none = ChannelQuirks()
}
