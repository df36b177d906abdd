internal import COpenSSL
internal import SmartCard

/// A public key of Ed25519 (RFC 8032 §5.1): 32 bytes.
package struct Ed25519PublicKey: Hashable, Sendable {
    private static let byteCount = 32
    private static let signatureCount = 64

    package let bytes: [UInt8]

    package init(_ bytes: some Collection<UInt8>) throws(CryptoError) {
        guard bytes.count == Self.byteCount else { throw .keyLength(bytes.count) }
        self.bytes = Array(bytes)
    }

    /// Whether the private half of this key made the signature over exactly this message.
    package func verifies(_ signature: [UInt8], of message: [UInt8]) -> Bool {
        guard signature.count == Self.signatureCount,
            let key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nil, bytes, bytes.count)
        else { return false }
        defer { EVP_PKEY_free(key) }
        guard let context = EVP_MD_CTX_new() else { return false }
        defer { EVP_MD_CTX_free(context) }
        defer { ERR_clear_error() }
        guard EVP_DigestVerifyInit(context, nil, nil, nil, key) == 1 else { return false }
        return EVP_DigestVerify(context, signature, signature.count, message, message.count) == 1
    }
}

extension Ed25519PublicKey: CustomStringConvertible {
    package var description: String { "Ed25519 public key \(bytes.hex)" }
}
