internal import COpenSSL

/// SCP02 (GPCS 2.3.1 §E.4.4 to §E.4.6) by OpenSSL calls alone: C-MAC over the modified command with an encrypted ICV,
/// encrypted commands, R-MAC. Single DES is triple DES with one key, since OpenSSL's default provider has no other.
final class BareSCP02 {
    private final class RetailMAC {
        private let single: BareCipher
        private let blocks: BareCipher
        private let last: BareCipher
        private let chained: BareBuffer

        init(key: [UInt8], bytesMax: Int) {
            let first = Array(key[..<8]) + key[..<8]
            single = BareCipher(EVP_des_ede_cbc(), key: first, isEncrypting: true)
            blocks = BareCipher(EVP_des_ede_ecb(), key: first, isEncrypting: true)
            last = BareCipher(EVP_des_ede_cbc(), key: key, isEncrypting: true)
            chained = BareBuffer(count: bytesMax)
        }

        @inline(__always)
        func encryptBlock(_ output: UnsafeMutablePointer<UInt8>, _ input: UnsafePointer<UInt8>) {
            blocks.update(output, input, 8)
        }

        /// Over whole blocks, at least two.
        @inline(__always)
        func run(
            _ output: UnsafeMutablePointer<UInt8>, iv: UnsafePointer<UInt8>, _ input: UnsafePointer<UInt8>,
            _ count: Int
        ) {
            single.setIV(iv)
            single.update(chained.bytes, input, count - 8)
            last.setIV(chained.bytes + count - 16)
            last.update(output, input + count - 8, 8)
        }
    }

    private let encryptor: BareCipher
    private let commandMAC: RetailMAC
    private let responseMAC: RetailMAC
    private let zeros = BareBuffer(count: 8)
    private let initialVector = BareBuffer(count: 8)
    private let chain = BareBuffer(count: 8)
    private let responseChain = BareBuffer(count: 8)
    private let expected = BareBuffer(count: 8)
    private let encrypted: BareBuffer
    private let firstMAC: [UInt8]

    init(_ keys: SessionKeys, firstMAC: [UInt8], dataBytesMax: Int) {
        encryptor = BareCipher(EVP_des_ede_cbc(), key: keys.encryption, isEncrypting: true)
        commandMAC = RetailMAC(key: keys.commandMAC, bytesMax: 2 * dataBytesMax)
        responseMAC = RetailMAC(key: keys.responseMAC, bytesMax: 3 * dataBytesMax)
        encrypted = BareBuffer(count: dataBytesMax)
        self.firstMAC = firstMAC
        rewind()
    }

    /// Back to the state behind EXTERNAL AUTHENTICATE, whose C-MAC both chains go on from.
    func rewind() {
        chain.bytes.update(from: firstMAC, count: 8)
        responseChain.bytes.update(from: firstMAC, count: 8)
    }

    /// `message` is the padded input of the C-MAC, `padded` that of the encryption.
    @inline(__always)
    func wrap(_ message: BareBuffer, padded: BareBuffer) {
        commandMAC.encryptBlock(initialVector.bytes, chain.bytes)
        commandMAC.run(chain.bytes, iv: initialVector.bytes, message.bytes, message.count)
        encryptor.setIV(zeros.bytes)
        encryptor.update(encrypted.bytes, padded.bytes, padded.count)
    }

    /// `message` is the padded input of the R-MAC, `mac` what the card sent.
    @inline(__always)
    func unwrap(_ message: BareBuffer, mac: UnsafePointer<UInt8>) -> Bool {
        responseMAC.run(expected.bytes, iv: responseChain.bytes, message.bytes, message.count)
        responseChain.bytes.update(from: expected.bytes, count: 8)
        return CRYPTO_memcmp(expected.bytes, mac, 8) == 0
    }

    // MARK: What the benchmark makes its exchanges from, not measured

    func wrappedData(count: Int) -> [UInt8] { Array(encrypted.array[..<count]) + chain.array }

    func answerMAC(_ message: BareBuffer) -> [UInt8] {
        responseMAC.run(expected.bytes, iv: responseChain.bytes, message.bytes, message.count)
        responseChain.bytes.update(from: expected.bytes, count: 8)
        return expected.array
    }
}
