internal import COpenSSL

/// Data encrypted and protected against change with AES-256-GCM (NIST SP 800-38D): nonce, ciphertext, tag.
package struct SealedBox: Hashable, Sendable {
    package static let keyBytes = 32
    package static let nonceBytes = 12
    package static let tagBytes = 16
    /// A vault record is far smaller; OpenSSL counts in 32 bits.
    package static let plaintextBytesMax = 1 << 30

    package let bytes: [UInt8]

    private var nonce: ArraySlice<UInt8> { bytes.prefix(Self.nonceBytes) }
    private var ciphertext: ArraySlice<UInt8> { bytes.dropFirst(Self.nonceBytes).dropLast(Self.tagBytes) }
    private var tag: ArraySlice<UInt8> { bytes.suffix(Self.tagBytes) }

    /// Bytes that were sealed before; whether they are authentic only opening tells.
    package init(bytes: some Collection<UInt8>) throws(CryptoError) {
        guard bytes.count >= Self.nonceBytes + Self.tagBytes,
            bytes.count <= Self.plaintextBytesMax + Self.nonceBytes + Self.tagBytes
        else { throw .notAuthentic }
        self.bytes = Array(bytes)
    }

    /// Seals under a fresh nonce.
    ///
    /// With random nonces a key may seal 2^32 records (SP 800-38D §8.3); the caller changes keys long before.
    package init(
        sealing plaintext: Secret, key: Secret, authenticating context: [UInt8] = [],
        entropy: any EntropySource
    ) throws(CryptoError) {
        try self.init(
            sealing: plaintext, key: key, authenticating: context, nonce: entropy.bytes(Self.nonceBytes))
    }

    /// A nonce may never come twice under one key: whoever uses this has a counter, or a published vector.
    package init(
        sealing plaintext: Secret, key: Secret, authenticating context: [UInt8], nonce: [UInt8]
    ) throws(CryptoError) {
        precondition(nonce.count == Self.nonceBytes, "a nonce has 12 bytes")
        precondition(plaintext.count <= Self.plaintextBytesMax, "a record is not as long as this")
        let run = try Run(key: key, nonce: nonce, isEncrypting: true)
        try run.authenticate(context)
        let output = try plaintext.withBytes { input throws(CryptoError) in try run.transform(input) }
        bytes = nonce + output + (try run.tag())
    }

    /// What was sealed, if key and context are the same and no bit has changed.
    package func open(key: Secret, authenticating context: [UInt8] = []) throws(CryptoError) -> Secret {
        let run = try Run(key: key, nonce: Array(nonce), isEncrypting: false)
        try run.authenticate(context)
        let input = Secret(ciphertext)
        return try Secret(count: input.count) { memory throws(CryptoError) in
            let isDone = input.withBytes { run.transform($0, into: memory) }
            guard isDone else { throw .openSSLFailure("EVP_CipherUpdate") }
            try run.check(tag: Array(tag))
        }
    }
}

/// One encryption or decryption; the owner of OpenSSL's context.
private final class Run {
    private let context: OpaquePointer

    init(key: Secret, nonce: [UInt8], isEncrypting: Bool) throws(CryptoError) {
        guard key.count == SealedBox.keyBytes else { throw .keyLength(key.count) }
        guard let context = EVP_CIPHER_CTX_new() else { throw .openSSLFailure("EVP_CIPHER_CTX_new") }
        self.context = context
        let status = key.withBytes { bytes in
            EVP_CipherInit_ex(context, EVP_aes_256_gcm(), nil, bytes.bytePointer, nonce, isEncrypting ? 1 : 0)
        }
        guard status == 1 else { throw .openSSLFailure("EVP_CipherInit_ex") }
    }

    deinit { EVP_CIPHER_CTX_free(context) }

    func authenticate(_ data: [UInt8]) throws(CryptoError) {
        var written: Int32 = 0
        guard data.isEmpty || EVP_CipherUpdate(context, nil, &written, data, Int32(data.count)) == 1 else {
            throw .openSSLFailure("EVP_CipherUpdate")
        }
    }

    func transform(_ input: UnsafeRawBufferPointer) throws(CryptoError) -> [UInt8] {
        var output = [UInt8](repeating: 0, count: input.count)
        let isDone = output.withUnsafeMutableBytes { transform(input, into: $0) }
        guard isDone else { throw .openSSLFailure("EVP_CipherUpdate") }
        return output
    }

    func transform(_ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer) -> Bool {
        guard input.count > 0 else { return true }
        var written: Int32 = 0
        let bytes = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
        return EVP_CipherUpdate(context, bytes, &written, input.bytePointer, Int32(input.count)) == 1
            && Int(written) == output.count
    }

    func tag() throws(CryptoError) -> [UInt8] {
        try finish()
        var tag = [UInt8](repeating: 0, count: SealedBox.tagBytes)
        guard EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, Int32(tag.count), &tag) == 1 else {
            throw .openSSLFailure("EVP_CIPHER_CTX_ctrl")
        }
        return tag
    }

    func check(tag: [UInt8]) throws(CryptoError) {
        var tag = tag
        guard EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, Int32(tag.count), &tag) == 1 else {
            throw .openSSLFailure("EVP_CIPHER_CTX_ctrl")
        }
        do { try finish() } catch { throw .notAuthentic }
    }

    private func finish() throws(CryptoError) {
        var nothing = [UInt8](repeating: 0, count: 16)
        var written: Int32 = 0
        guard EVP_CipherFinal_ex(context, &nothing, &written) == 1 else {
            throw .openSSLFailure("EVP_CipherFinal_ex")
        }
    }
}
