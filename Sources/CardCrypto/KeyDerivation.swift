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
