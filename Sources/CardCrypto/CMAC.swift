internal import COpenSSL

/// AES-CMAC (NIST SP 800-38B) under one key, with the key schedule kept between messages.
package final class CMAC {
    private let context: OpaquePointer
    /// OSSL_MAC_PARAM_CIPHER, at an address that stays good while OpenSSL holds it.
    private static let cipherParameter: StaticString = "cipher"

    package init(aes key: Secret) throws(CryptoError) {
        let name: String
        switch key.count {
        case 16: name = "AES-128-CBC"
        case 24: name = "AES-192-CBC"
        case 32: name = "AES-256-CBC"
        default: throw .keyLength(key.count)
        }
        guard let algorithm = EVP_MAC_fetch(nil, "CMAC", nil) else { throw .openSSL("EVP_MAC_fetch") }
        defer { EVP_MAC_free(algorithm) }
        guard let context = EVP_MAC_CTX_new(algorithm) else { throw .openSSL("EVP_MAC_CTX_new") }
        self.context = context
        var name8 = Array(name.utf8CString)
        let status = name8.withUnsafeMutableBufferPointer { text in
            var parameters = [
                OSSL_PARAM_construct_utf8_string(Self.cipherParameter.cString, text.baseAddress, 0),
                OSSL_PARAM_construct_end(),
            ]
            return key.withBytes { bytes in
                EVP_MAC_init(
                    context, bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), bytes.count, &parameters)
            }
        }
        guard status == 1 else { throw .openSSL("EVP_MAC_init") }
    }

    deinit { EVP_MAC_CTX_free(context) }

    /// The full sixteen bytes over the parts in order.
    package func mac(_ parts: [UInt8]...) -> [UInt8] {
        begin()
        for part in parts { part.withUnsafeBytes(update) }
        return end().bytes
    }

    /// The same over a chaining value and two parts that stand in memory already; nothing is copied.
    package func mac(
        _ chainingValue: AESBlock, _ first: UnsafeRawBufferPointer, _ second: UnsafeRawBufferPointer
    ) -> AESBlock {
        begin()
        chainingValue.withBytes(update)
        update(first)
        update(second)
        return end()
    }

    private func begin() {
        let status = EVP_MAC_init(context, nil, 0, nil)
        precondition(status == 1, "OpenSSL keeps a key that it has accepted")
    }

    private func update(_ part: UnsafeRawBufferPointer) {
        guard !part.isEmpty else { return }
        let status = EVP_MAC_update(context, part.bytes, part.count)
        precondition(status == 1, "OpenSSL cannot fail on a CMAC under a key it has accepted")
    }

    private func end() -> AESBlock {
        var result = AESBlock()
        var length = 0
        let status = result.withMutableBytes { EVP_MAC_final(context, $0.bytes, &length, $0.count) }
        precondition(
            status == 1 && length == AESBlock.byteCount,
            "OpenSSL cannot fail on a CMAC under a key it has accepted")
        return result
    }
}
