internal import COpenSSL

/// A hash function, one call per message.
package enum Digest: String, CaseIterable, Hashable, Sendable {
    case sha1 = "SHA-1"
    case sha256 = "SHA-256"
    case sha384 = "SHA-384"
    case sha512 = "SHA-512"

    package var byteCount: Int {
        switch self {
        case .sha1: 20
        case .sha256: 32
        case .sha384: 48
        case .sha512: 64
        }
    }

    package func hash(_ message: some Collection<UInt8>) -> [UInt8] {
        let message = Array(message)
        var length: UInt32 = 0
        let result = [UInt8](unsafeUninitializedCapacity: byteCount) { buffer, count in
            let status = EVP_Digest(message, message.count, buffer.baseAddress, &length, algorithm, nil)
            precondition(status == 1, "OpenSSL cannot fail on a digest of memory")
            count = Int(length)
        }
        return result
    }

    var algorithm: OpaquePointer? {
        switch self {
        case .sha1: EVP_sha1()
        case .sha256: EVP_sha256()
        case .sha384: EVP_sha384()
        case .sha512: EVP_sha512()
        }
    }
}
