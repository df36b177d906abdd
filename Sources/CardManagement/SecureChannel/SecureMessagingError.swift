package import GlobalPlatform
package import SmartCard

/// Why a command was not protected or an answer not believed. All but `commandTooLong`, `otherChannel`,
/// `notOffered` and `wholeBlocksOnly`, which change nothing, end the session.
package enum SecureMessagingError: Error, Hashable {
    /// The session failed before, or was closed.
    case ended
    /// The data does not fit: split it by `maximumCommandData`.
    case commandTooLong(maximum: Int)
    /// The command names another logical channel than the session's.
    case otherChannel(Int)
    /// The card refused a part of a chained command, so it never saw the C-MAC that the chain goes on from.
    case chainRefused(StatusWord)
    /// More commands were protected ahead than their answers can be awaited.
    case tooManyAhead(maximum: Int)
    /// An answer came and no command waits for one.
    case noCommandAwaitsAnswer
    /// The card succeeded and did not prove it.
    case responseMACMissing
    case responseMACWrong
    /// The encrypted data are not whole blocks, or their padding is broken.
    case malformedEncryption
    /// The session or its protocol does not offer this level for responses.
    case notOffered(SecurityLevel)
    /// Sensitive data are encrypted in whole blocks; the caller pads as the data's own format says.
    case wholeBlocksOnly(blockBytes: Int)
}
