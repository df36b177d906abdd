internal import COpenSSL

/// A block cipher under one key, with its OpenSSL contexts kept between calls: the key schedule is the larger
/// part of the cost of a short message. Most keys serve in one mode and direction, so each has its context when it is
/// first wanted.
///
/// Not Sendable: a context belongs to one session.
package final class Cipher {
    package enum Algorithm: Hashable, Sendable {
        /// AES with 16, 24 or 32 bytes of key.
        case aes
        /// Triple DES with 16 bytes (two keys) or 24.
        case tripleDES
        /// Single DES with 8 bytes, run as triple DES with the same key three times.
        case singleDES
    }

    package let algorithm: Algorithm
    package var blockSize: Int { algorithm == .aes ? 16 : 8 }

    private let encryptor: Context
    private let decryptor: Context

    /// Fails when the algorithm has no keys of this length.
    package init(_ algorithm: Algorithm, key: Secret) throws(CryptoError) {
        guard let names = Self.names(algorithm, keyBytes: key.count) else {
            throw .keyLength(key.count)
        }
        self.algorithm = algorithm
        let expanded = algorithm == .singleDES ? Self.tripled(key) : key
        encryptor = Context(names, key: expanded, isEncrypting: true)
        decryptor = Context(names, key: expanded, isEncrypting: false)
        // Shows here, where it can be told, that OpenSSL has the algorithm and takes the key.
        guard encryptor.isUsable else { throw .openSSL("EVP_CipherInit_ex") }
    }

    /// CBC over whole blocks; the caller pads.
    ///
    /// `iv` is all zeros where none is given.
    package func encryptCBC(_ data: some Collection<UInt8>, iv: [UInt8]? = nil) -> [UInt8] {
        encryptor.run(data, cbc: iv ?? [UInt8](repeating: 0, count: blockSize), blockSize: blockSize)
    }

    package func decryptCBC(_ data: some Collection<UInt8>, iv: [UInt8]? = nil) -> [UInt8] {
        decryptor.run(data, cbc: iv ?? [UInt8](repeating: 0, count: blockSize), blockSize: blockSize)
    }

    package func encryptECB(_ data: some Collection<UInt8>) -> [UInt8] {
        encryptor.run(data, cbc: nil, blockSize: blockSize)
    }

    package func decryptECB(_ data: some Collection<UInt8>) -> [UInt8] {
        decryptor.run(data, cbc: nil, blockSize: blockSize)
    }

    /// One block, by value: for ICVs, where an array would cost more than the cipher.
    package func encryptBlock(_ block: Block) -> Block {
        precondition(blockSize == 16, "a block has sixteen bytes")
        return encryptor.run(block)
    }

    /// CBC over the whole blocks of an array, where they stand.
    package func encryptCBC(inPlace bytes: inout [UInt8], iv: Block) {
        precondition(blockSize == 16, "a block has sixteen bytes")
        encryptor.run(inPlace: &bytes, iv: iv)
    }

    package func decryptCBC(inPlace bytes: inout [UInt8], iv: Block) {
        precondition(blockSize == 16, "a block has sixteen bytes")
        decryptor.run(inPlace: &bytes, iv: iv)
    }

    /// OpenSSL's names of the algorithm in its two modes.
    private struct Names {
        let ecb: OpaquePointer
        let cbc: OpaquePointer
    }

    private static func names(_ algorithm: Algorithm, keyBytes: Int) -> Names? {
        switch (algorithm, keyBytes) {
        case (.aes, 16): pair(EVP_aes_128_ecb(), EVP_aes_128_cbc())
        case (.aes, 24): pair(EVP_aes_192_ecb(), EVP_aes_192_cbc())
        case (.aes, 32): pair(EVP_aes_256_ecb(), EVP_aes_256_cbc())
        case (.tripleDES, 16): pair(EVP_des_ede_ecb(), EVP_des_ede_cbc())
        case (.tripleDES, 24): pair(EVP_des_ede3_ecb(), EVP_des_ede3_cbc())
        // The default provider has no single DES; E(K) D(K) E(K) is the same function.
        case (.singleDES, 8): pair(EVP_des_ede_ecb(), EVP_des_ede_cbc())
        case (.aes, _), (.tripleDES, _), (.singleDES, _): nil
        }
    }

    private static func pair(_ ecb: OpaquePointer?, _ cbc: OpaquePointer?) -> Names? {
        guard let ecb, let cbc else { return nil }
        return Names(ecb: ecb, cbc: cbc)
    }

    private static func tripled(_ key: Secret) -> Secret {
        Secret(count: 2 * key.count) { memory in
            key.withBytes { bytes in
                memory.copyBytes(from: bytes)
                UnsafeMutableRawBufferPointer(rebasing: memory[bytes.count...]).copyBytes(from: bytes)
            }
        }
    }
}

extension Cipher {
    /// The two modes of one direction; each is initialised once and then only given a new IV.
    private final class Context {
        private let names: Names
        private let key: Secret
        private let isEncrypting: Bool
        private var ecbContext: OpaquePointer?
        private var cbcContext: OpaquePointer?

        init(_ names: Names, key: Secret, isEncrypting: Bool) {
            self.names = names
            self.key = key
            self.isEncrypting = isEncrypting
        }

        deinit {
            EVP_CIPHER_CTX_free(ecbContext)
            EVP_CIPHER_CTX_free(cbcContext)
        }

        var isUsable: Bool {
            if cbcContext == nil { cbcContext = make(names.cbc) }
            return cbcContext != nil
        }

        private var ecb: OpaquePointer {
            if ecbContext == nil { ecbContext = make(names.ecb) }
            return Self.made(ecbContext)
        }

        private var cbc: OpaquePointer {
            if cbcContext == nil { cbcContext = make(names.cbc) }
            return Self.made(cbcContext)
        }

        private static func made(_ context: OpaquePointer?) -> OpaquePointer {
            guard let context else { preconditionFailure("OpenSSL takes a key in all modes or in none") }
            return context
        }

        func run(_ data: some Collection<UInt8>, cbc iv: [UInt8]?, blockSize: Int) -> [UInt8] {
            precondition(data.count % blockSize == 0, "a block cipher works on whole blocks")
            precondition(iv.map { $0.count == blockSize } ?? true, "an IV is one block")
            let context = iv == nil ? ecb : cbc
            // With no cipher and no key, the context keeps its key schedule and takes the new IV.
            var isDone = EVP_CipherInit_ex(context, nil, nil, nil, iv, -1) == 1
            let result = [UInt8](unsafeUninitializedCapacity: data.count) { buffer, count in
                var written: Int32 = 0
                let input = data.withContiguousStorageIfAvailable { storage in
                    EVP_CipherUpdate(
                        context, buffer.baseAddress, &written, storage.baseAddress, Int32(storage.count))
                }
                let status =
                    input
                    ?? Array(data).withUnsafeBufferPointer { storage in
                        EVP_CipherUpdate(
                            context, buffer.baseAddress, &written, storage.baseAddress, Int32(storage.count))
                    }
                isDone = isDone && (status == 1 || data.isEmpty) && Int(written) == data.count
                count = Int(written)
            }
            precondition(isDone, "OpenSSL cannot fail on whole blocks under a key it has accepted")
            return result
        }

        func run(_ block: Block) -> Block {
            var (input, output) = (block, Block())
            var written: Int32 = 0
            // ECB keeps nothing from one whole block to the next: the context is as it was.
            let status = withUnsafeBytes(of: &input) { input in
                withUnsafeMutableBytes(of: &output) { output in
                    EVP_CipherUpdate(
                        ecb, output.baseAddress?.assumingMemoryBound(to: UInt8.self), &written,
                        input.baseAddress?.assumingMemoryBound(to: UInt8.self), 16)
                }
            }
            precondition(status == 1 && written == 16, "OpenSSL cannot fail on a block under an accepted key")
            return output
        }

        func run(inPlace bytes: inout [UInt8], iv: Block) {
            precondition(bytes.count % 16 == 0, "a block cipher works on whole blocks")
            guard !bytes.isEmpty else { return }
            var (vector, written) = (iv, Int32(0))
            let isReady = withUnsafeBytes(of: &vector) { vector in
                EVP_CipherInit_ex(
                    cbc, nil, nil, nil, vector.baseAddress?.assumingMemoryBound(to: UInt8.self), -1)
            }
            let status = bytes.withUnsafeMutableBufferPointer { buffer in
                EVP_CipherUpdate(cbc, buffer.baseAddress, &written, buffer.baseAddress, Int32(buffer.count))
            }
            precondition(
                isReady == 1 && status == 1 && Int(written) == bytes.count,
                "OpenSSL cannot fail on whole blocks under a key it has accepted")
        }

        /// `nil` where OpenSSL does not have the algorithm.
        private func make(_ cipher: OpaquePointer) -> OpaquePointer? {
            guard let context = EVP_CIPHER_CTX_new() else { return nil }
            let status = key.withBytes { bytes in
                EVP_CipherInit_ex(
                    context, cipher, nil, bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), nil,
                    isEncrypting ? 1 : 0)
            }
            guard status == 1, EVP_CIPHER_CTX_set_padding(context, 0) == 1 else {
                EVP_CIPHER_CTX_free(context)
                return nil
            }
            return context
        }
    }
}
