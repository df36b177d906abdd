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
        var isDone = EVP_MAC_init(context, nil, 0, nil) == 1
        for part in parts where !part.isEmpty {
            isDone = EVP_MAC_update(context, part, part.count) == 1 && isDone
        }
        var length = 0
        let result = [UInt8](unsafeUninitializedCapacity: 16) { buffer, count in
            isDone = EVP_MAC_final(context, buffer.baseAddress, &length, 16) == 1 && isDone
            count = length
        }
        precondition(isDone && length == 16, "OpenSSL cannot fail on a CMAC under a key it has accepted")
        return result
    }

    /// The MAC over a block, a few bytes, the front of an array, and a few bytes: a message with its chaining value,
    /// header and trailer, none of which needs an array of its own.
    package func mac(
        _ block: Block, head: FewBytes = FewBytes(), _ body: [UInt8], count: Int,
        tail: FewBytes = FewBytes()
    ) -> Block {
        precondition(count <= body.count, "the array is not that long")
        var (block, mac, length) = (block, Block(), 0)
        var isDone = EVP_MAC_init(context, nil, 0, nil) == 1
        isDone = withUnsafeBytes(of: &block) { update($0, 16) } && isDone
        isDone = head.withBytes { update($0, $0.count) } && isDone
        isDone = body.withUnsafeBytes { update($0, count) } && isDone
        isDone = tail.withBytes { update($0, $0.count) } && isDone
        isDone =
            withUnsafeMutableBytes(of: &mac) { bytes in
                EVP_MAC_final(context, bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), &length, 16)
                    == 1
            } && isDone
        precondition(isDone && length == 16, "OpenSSL cannot fail on a CMAC under a key it has accepted")
        return mac
    }

    private func update(_ bytes: UnsafeRawBufferPointer, _ count: Int) -> Bool {
        count == 0
            || EVP_MAC_update(context, bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), count) == 1
    }
}
