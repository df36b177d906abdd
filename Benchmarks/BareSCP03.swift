internal import COpenSSL

/// SCP03 (§6.2.4 to §6.2.7) by OpenSSL calls alone: all protection both ways, MACs of eight bytes.
final class BareSCP03 {
    private let blocks: BareCipher
    private let encryptor: BareCipher
    private let decryptor: BareCipher
    private let commandMAC: BareCMAC
    private let responseMAC: BareCMAC
    /// Chaining value, header and Lc, encrypted data: as the C-MAC runs over them.
    private let message: BareBuffer
    private let counterBlock = BareBuffer(count: 16)
    private let initialVector = BareBuffer(count: 16)
    private let mac = BareBuffer(count: 16)
    private let plain: BareBuffer
    private var counter: UInt64 = 0
    private let firstChainingValue: [UInt8]

    init(_ keys: SessionKeys, chainingValue: [UInt8], dataBytesMax: Int) {
        let isLong = keys.encryption.count == 32
        let cbc = isLong ? EVP_aes_256_cbc() : EVP_aes_128_cbc()
        let name = isLong ? "AES-256-CBC" : "AES-128-CBC"
        blocks = BareCipher(
            isLong ? EVP_aes_256_ecb() : EVP_aes_128_ecb(), key: keys.encryption, isEncrypting: true)
        encryptor = BareCipher(cbc, key: keys.encryption, isEncrypting: true)
        decryptor = BareCipher(cbc, key: keys.encryption, isEncrypting: false)
        commandMAC = BareCMAC(cipherName: name, key: keys.commandMAC)
        responseMAC = BareCMAC(cipherName: name, key: keys.responseMAC)
        message = BareBuffer(count: 16 + 5 + dataBytesMax)
        plain = BareBuffer(count: dataBytesMax)
        firstChainingValue = chainingValue
        rewind()
    }

    /// Back to the state behind EXTERNAL AUTHENTICATE.
    func rewind() {
        counter = 0
        message.bytes.update(from: firstChainingValue, count: 16)
    }

    /// Encrypts padded data and makes the C-MAC; both are then in `protected`.
    @inline(__always)
    func wrap(header: UnsafePointer<UInt8>, padded: UnsafePointer<UInt8>, count: Int) {
        counter += 1
        setInitialVector(isResponse: false, of: encryptor)
        message.bytes.advanced(by: 16).update(from: header, count: 5)
        encryptor.update(message.bytes + 21, padded, count)
        commandMAC.begin()
        commandMAC.update(message.bytes, 21 + count)
        commandMAC.end(message.bytes)
    }

    /// Checks the R-MAC of the answer to the command wrapped last, and decrypts it.
    @inline(__always)
    func unwrap(_ response: UnsafePointer<UInt8>, count: Int, status: UnsafePointer<UInt8>) -> Bool {
        let body = count - 8
        responseMAC.begin()
        responseMAC.update(message.bytes, 16)
        responseMAC.update(response, body)
        responseMAC.update(status, 2)
        responseMAC.end(mac.bytes)
        guard CRYPTO_memcmp(mac.bytes, response + body, 8) == 0 else { return false }
        setInitialVector(isResponse: true, of: decryptor)
        decryptor.update(plain.bytes, response, body)
        return true
    }

    private func setInitialVector(isResponse: Bool, of cipher: BareCipher) {
        counterBlock.bytes[0] = isResponse ? 0x80 : 0
        UnsafeMutableRawPointer(counterBlock.bytes).storeBytes(
            of: counter.bigEndian, toByteOffset: 8, as: UInt64.self)
        // No IV and no carry in ECB: the context needs no call between two blocks.
        blocks.update(initialVector.bytes, counterBlock.bytes, 16)
        cipher.setIV(initialVector.bytes)
    }

    // MARK: What the benchmark makes its exchanges from, not measured

    /// The data field of the command wrapped last.
    func wrappedData(count: Int) -> [UInt8] {
        Array(message.array[21..<21 + count]) + message.array[..<8]
    }

    func answerData(padded: [UInt8], status: [UInt8]) -> [UInt8] {
        let body = BareBuffer(count: padded.count)
        setInitialVector(isResponse: true, of: encryptor)
        encryptor.update(body.bytes, padded, padded.count)
        responseMAC.begin()
        responseMAC.update(message.bytes, 16)
        responseMAC.update(body.bytes, padded.count)
        responseMAC.update(status, 2)
        responseMAC.end(mac.bytes)
        return body.array + mac.array[..<8]
    }

    func plainData(count: Int) -> [UInt8] { Array(plain.array[..<count]) }
}
