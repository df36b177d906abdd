internal import COpenSSL

/// Keys out of a shared secret.
package enum KeyDerivation {
    /// Enough for every key set that a card holds, with room.
    static let bytesMax = 1_024

    /// The X9.63 key derivation function (BSI TR-03111 §4.3.3, as GPCS 2.3.1 §B.4.5 asks).
    package static func x963(
        _ sharedSecret: Secret, sharedInfo: [UInt8], digest: Digest, count: Int
    ) throws(CryptoError) -> Secret {
        precondition((1...bytesMax).contains(count), "a derivation gives 1...1024 bytes")
        guard let algorithm = EVP_KDF_fetch(nil, "X963KDF", nil) else {
            throw .openSSLFailure("EVP_KDF_fetch")
        }
        defer { EVP_KDF_free(algorithm) }
        guard let context = EVP_KDF_CTX_new(algorithm) else { throw .openSSLFailure("EVP_KDF_CTX_new") }
        defer { EVP_KDF_CTX_free(context) }
        return try Secret(count: count) { memory throws(CryptoError) in
            let status = sharedSecret.withBytes { secret in
                run(context, into: memory, secret, sharedInfo, digest)
            }
            guard status == 1 else { throw .openSSLFailure("EVP_KDF_derive") }
        }
    }

    /// How much work a password costs whoever guesses it.
    package struct ScryptCost: Hashable, Sendable {
        /// N is two to this power.
        package let workExponent: Int
        package let blockSize: Int
        package let parallelism: Int

        /// Refuses what would be nothing, or would take more than a gigabyte of memory.
        package init(workExponent: Int, blockSize: Int, parallelism: Int) throws(CryptoError) {
            guard (1...20).contains(workExponent), (1...32).contains(blockSize),
                (1...16).contains(parallelism),
                128 * blockSize << workExponent <= 1 << 30
            else { throw .unsupportedKey("scrypt parameters") }
            self.workExponent = workExponent
            self.blockSize = blockSize
            self.parallelism = parallelism
        }

        private init() { (workExponent, blockSize, parallelism) = (15, 8, 3) }

        /// 32 MiB and three rounds: what OWASP's password storage guidance lists for sign-in.
        package static let interactive = ScryptCost()
    }

    /// A key out of a password (RFC 7914).
    package static func scrypt(
        _ password: Secret, salt: [UInt8], cost: ScryptCost, count: Int
    ) throws(CryptoError) -> Secret {
        precondition((1...bytesMax).contains(count), "a derivation gives 1...1024 bytes")
        let work = UInt64(1) << UInt64(cost.workExponent)
        // What the algorithm takes, and a megabyte for OpenSSL's own.
        let memoryMax = 128 * UInt64(cost.blockSize) * (work + UInt64(cost.parallelism) + 2) + 1 << 20
        return try Secret(count: count) { memory throws(CryptoError) in
            let status = password.withBytes { bytes in
                EVP_PBE_scrypt(
                    bytes.baseAddress?.assumingMemoryBound(to: CChar.self), bytes.count, salt, salt.count,
                    work,
                    UInt64(cost.blockSize), UInt64(cost.parallelism), memoryMax,
                    memory.baseAddress?.assumingMemoryBound(to: UInt8.self), count)
            }
            guard status == 1 else { throw .openSSLFailure("EVP_PBE_scrypt") }
        }
    }

    private enum Name {
        static let digest: StaticString = "digest"
        static let key: StaticString = "key"
        static let info: StaticString = "info"
    }

    private static func run(
        _ context: OpaquePointer, into memory: UnsafeMutableRawBufferPointer,
        _ secret: UnsafeRawBufferPointer,
        _ sharedInfo: [UInt8], _ digest: Digest
    ) -> Int32 {
        // OpenSSL takes the inputs as mutable pointers and only reads them.
        var name = Array(digest.rawValue.utf8CString)
        var info = sharedInfo
        return name.withUnsafeMutableBufferPointer { name in
            info.withUnsafeMutableBufferPointer { info in
                var parameters = [
                    OSSL_PARAM_construct_utf8_string(Name.digest.cString, name.baseAddress, 0),
                    OSSL_PARAM_construct_octet_string(
                        Name.key.cString, UnsafeMutableRawPointer(mutating: secret.baseAddress),
                        secret.count),
                    OSSL_PARAM_construct_octet_string(Name.info.cString, info.baseAddress, info.count),
                    OSSL_PARAM_construct_end(),
                ]
                return EVP_KDF_derive(
                    context, memory.baseAddress?.assumingMemoryBound(to: UInt8.self), memory.count,
                    &parameters)
            }
        }
    }
}
