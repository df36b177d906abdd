internal import COpenSSL

/// HMAC (RFC 2104): a message and a key as one digest.
package enum HMAC {
    package static func authenticate(
        _ message: some Collection<UInt8>, key: Secret, digest: Digest = .sha256
    ) throws(CryptoError) -> [UInt8] {
        let message = Array(message)
        var length = 0
        let code = key.withBytes { key in
            [UInt8](unsafeUninitializedCapacity: digest.byteCount) { buffer, count in
                let made = EVP_Q_mac(
                    nil, "HMAC", nil, digest.openSSLName, nil, key.baseAddress, key.count, message,
                    message.count, buffer.baseAddress, digest.byteCount, &length)
                count = made == nil ? 0 : length
            }
        }
        guard code.count == digest.byteCount else { throw .openSSLFailure("EVP_Q_mac") }
        return code
    }
}

extension Digest {
    fileprivate var openSSLName: String {
        switch self {
        case .sha1: "SHA1"
        case .sha256: "SHA256"
        case .sha384: "SHA384"
        case .sha512: "SHA512"
        }
    }
}
