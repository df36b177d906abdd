internal import CardCrypto
internal import SmartCard
internal import Testing

private func block(_ bytes: [UInt8]) -> Block { Block(bytes) }

@Suite("Blocks by value")
struct BlockTests {
    /// NIST SP 800-38A §F.1.1 and §F.2.1, the first block; AES-128.
    @Test("encrypt as the standard's vectors say")
    func vectors() throws {
        let cipher = try Cipher(.aes, key: Secret(Hex.decode("2B7E151628AED2A6ABF7158809CF4F3C")))
        let plain = try Hex.decode("6BC1BEE22E409F96E93D7E117393172A")
        let encrypted = cipher.encryptBlock(block(plain))
        #expect((0..<16).map { encrypted[$0] }.hex == "3AD77BB40D7A3660A89ECAF32466EF97")
        var bytes = plain
        cipher.encryptCBC(inPlace: &bytes, iv: block(Array(0...15)))
        #expect(bytes.hex == "7649ABAC8119B246CEE98E9B12E9197D")
        cipher.decryptCBC(inPlace: &bytes, iv: block(Array(0...15)))
        #expect(bytes == plain)
    }

    @Test("give what arrays give, for every length and in any order of calls")
    func agreement() throws {
        for keyBytes in [16, 24, 32] {
            let key = Secret((0..<keyBytes).map { UInt8($0) })
            let (cipher, mac) = (try Cipher(.aes, key: key), try CMAC(aes: key))
            let vector = Array(UInt8(0x30)...0x3F)
            for count in stride(from: 0, through: 96, by: 16) {
                let data = (0..<count).map { UInt8(truncatingIfNeeded: $0 * 3) }
                var bytes = data
                cipher.encryptCBC(inPlace: &bytes, iv: block(vector))
                #expect(bytes == cipher.encryptCBC(data, iv: vector))
                _ = cipher.encryptBlock(block(vector))
                cipher.decryptCBC(inPlace: &bytes, iv: block(vector))
                #expect(bytes == data)
            }
            for count in 0...40 {
                let body = (0..<40).map { UInt8($0 + 1) }
                var (head, tail) = (FewBytes(), FewBytes())
                for byte: UInt8 in [0x84, 0xE2, 0x00, 0x01, 0x30] { head.append(byte) }
                tail.append(0x9000 as UInt16)
                let byValue = mac.mac(block(vector), head: head, body, count: count, tail: tail)
                let byArray = mac.mac(vector, [0x84, 0xE2, 0, 1, 0x30], Array(body[..<count]), [0x90, 0])
                #expect((0..<16).map { byValue[$0] } == byArray)
                let bare = mac.mac(block(vector), body, count: count)
                #expect((0..<16).map { bare[$0] } == mac.mac(vector, Array(body[..<count])))
            }
        }
    }
}
