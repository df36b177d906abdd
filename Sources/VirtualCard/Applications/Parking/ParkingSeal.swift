internal import CardCrypto
internal import GlobalPlatform
internal import SmartCard

/// Protects an answer where the secure channel does not (docs/parking-contract.md, "Sealed answers"). The check value
/// over command and answer is also where the key stream starts, as in RFC 5297: a key used twice gives nothing away.
struct ParkingSeal {
    private let check: CMAC
    private let cipher: Cipher

    init(keys: [UInt8]) throws(Refusal) {
        do throws(CryptoError) {
            check = try CMAC(aes: Secret(keys.prefix(16)))
            cipher = try Cipher(.aes, key: Secret(keys.suffix(16)))
        } catch { throw .incorrectData }
    }

    func seal(_ answer: [UInt8], to command: [UInt8]) -> [UInt8] {
        let value = check.mac(command, answer)
        // At most 256 bytes, so the last byte is enough to count the blocks.
        let blocks = (0..<(answer.count + 15) / 16).flatMap { value.dropLast() + [UInt8($0)] }
        let stream = blocks.isEmpty ? [] : cipher.encryptECB(blocks)
        return BERTLV.encode(.parkingSealed, value + zip(answer, stream).map { $0 ^ $1 })
    }
}
