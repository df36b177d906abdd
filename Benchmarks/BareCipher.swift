internal import COpenSSL

// What a program would do that calls OpenSSL and nothing else: contexts kept, one buffer in, one buffer out, no copy,
// no allocation, no check. It exists to be measured against.

/// A key schedule in one mode and direction.
final class BareCipher {
    private let context: OpaquePointer

    init(_ cipher: OpaquePointer?, key: [UInt8], isEncrypting: Bool) {
        guard let context = EVP_CIPHER_CTX_new(),
            EVP_CipherInit_ex(context, cipher, nil, key, nil, isEncrypting ? 1 : 0) == 1,
            EVP_CIPHER_CTX_set_padding(context, 0) == 1
        else { fatalError("OpenSSL takes no cipher") }
        self.context = context
    }

    deinit { EVP_CIPHER_CTX_free(context) }

    @inline(__always)
    func setIV(_ iv: UnsafePointer<UInt8>) {
        EVP_CipherInit_ex(context, nil, nil, nil, iv, -1)
    }

    @inline(__always)
    func update(_ output: UnsafeMutablePointer<UInt8>, _ input: UnsafePointer<UInt8>, _ count: Int) {
        var written: Int32 = 0
        EVP_CipherUpdate(context, output, &written, input, Int32(count))
    }
}

final class BareCMAC {
    private let context: OpaquePointer

    init(cipherName: String, key: [UInt8]) {
        var name = Array(cipherName.utf8CString)
        let context = EVP_MAC_fetch(nil, "CMAC", nil).flatMap { algorithm in
            defer { EVP_MAC_free(algorithm) }
            return EVP_MAC_CTX_new(algorithm)
        }
        guard let context else { fatalError("OpenSSL has no CMAC") }
        self.context = context
        let status = name.withUnsafeMutableBufferPointer { text in
            var parameters = [
                OSSL_PARAM_construct_utf8_string("cipher", text.baseAddress, 0), OSSL_PARAM_construct_end(),
            ]
            return EVP_MAC_init(context, key, key.count, &parameters)
        }
        precondition(status == 1, "OpenSSL takes no key for CMAC")
    }

    deinit { EVP_MAC_CTX_free(context) }

    @inline(__always)
    func begin() { EVP_MAC_init(context, nil, 0, nil) }

    @inline(__always)
    func update(_ input: UnsafePointer<UInt8>, _ count: Int) { EVP_MAC_update(context, input, count) }

    @inline(__always)
    func end(_ output: UnsafeMutablePointer<UInt8>) {
        var written = 0
        EVP_MAC_final(context, output, &written, 16)
    }
}

/// Memory at one place for as long as the owner lives.
final class BareBuffer {
    let bytes: UnsafeMutablePointer<UInt8>
    let count: Int

    init(_ contents: [UInt8]) {
        count = contents.count
        bytes = .allocate(capacity: max(1, count))
        bytes.initialize(from: contents, count: count)
    }

    convenience init(count: Int) { self.init([UInt8](repeating: 0, count: count)) }

    deinit { bytes.deallocate() }

    var array: [UInt8] { Array(UnsafeBufferPointer(start: bytes, count: count)) }
}
