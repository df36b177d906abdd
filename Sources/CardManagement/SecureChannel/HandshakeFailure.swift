package import CardCrypto
package import GlobalPlatform
package import SmartCard

/// Why a secure channel was not opened. Never carries a key or a session value.
package enum HandshakeFailure: Error, Hashable {
    /// The card refused INITIALIZE UPDATE: 6A88 means no such key version, 6982 or 6983 a card that locks.
    case initializationRefused(StatusWord)
    case malformedAnswer(byteCount: Int)
    /// `options` is "i" where the card tells it or the caller gave it.
    case unsupportedProtocol(version: UInt8, options: UInt8?)
    case otherKeyVersion(asked: UInt8, answered: UInt8)
    /// The card's "i" does not have the level that was asked for.
    case levelNotOffered(SecurityLevel, options: UInt8)
    /// SCP02 with one base key was given three keys that differ.
    case threeKeysForBaseKey
    /// The host challenge has eight bytes and the card works with sixteen, or the other way round.
    case challengeLength(wanted: Int)
    /// A card whose session was computed ahead answered something else than computed; EXTERNAL AUTHENTICATE was
    /// on its way already.
    case unexpectedAnswer(sequenceCounter: UInt32?)
    case keys(KeySourceError)
    /// The keys are not the card's, or the card is not genuine. Nothing was sent that the card counts.
    case cardCryptogramMismatch(keyVersion: UInt8)
    /// The card refused EXTERNAL AUTHENTICATE (6300, 6982, 6983, 6985 ...) and counted the attempt.
    case authenticationRefused(StatusWord)
    /// An answer came when none was awaited, or start was called twice.
    case outOfOrder
    case crypto(CryptoError)

    /// Whether the card has, or may have, counted a failed authentication.
    package var isCountedByCard: Bool {
        switch self {
        case .authenticationRefused, .unexpectedAnswer: true
        case .initializationRefused, .malformedAnswer, .unsupportedProtocol, .otherKeyVersion,
            .levelNotOffered,
            .threeKeysForBaseKey, .challengeLength, .keys, .cardCryptogramMismatch,
            .outOfOrder, .crypto:
            false
        }
    }
}
