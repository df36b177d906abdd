internal import COpenSSL

/// Why a cryptographic operation could not be set up.
///
/// Never carries key bytes.
package enum CryptoError: Error, Hashable {
    case keyLength(Int)
    /// The bytes are not a key, or not a key that can be right.
    case malformedKey(String)
    /// A key, but of a kind that no card here uses.
    case unsupportedKey(String)
    /// The key is encrypted, and no passphrase was given.
    case passphraseNeeded
    /// The passphrase does not open the key, or the encrypted bytes are damaged: the two look alike.
    case wrongPassphrase
    /// The key is too short for the signature scheme.
    case keyTooShort(bits: Int)
    /// Sealed data that were changed, cut, or sealed under another key or for another purpose.
    case notAuthentic
    /// OpenSSL refused; the text is the function's name.
    case openSSL(String)

    /// OpenSSL keeps a queue of errors per thread: what is left in it would be taken for the next call's.
    static func openSSLFailure(_ function: String) -> CryptoError {
        ERR_clear_error()
        return .openSSL(function)
    }
}
