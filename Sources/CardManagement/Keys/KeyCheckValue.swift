package import CardCrypto

/// The first three bytes of a known block under a key: shows that a key arrived, and nothing else of it
/// (GPCS 2.3.1 §B.6).
package enum KeyCheckValue {
    package static func tripleDES(_ key: Secret) throws(CryptoError) -> [UInt8] {
        Array(try Cipher(.tripleDES, key: key).encryptECB([UInt8](repeating: 0x00, count: 8)).prefix(3))
    }

    /// `block` is `01` by the text; some vendors take `00`.
    package static func aes(_ key: Secret, block: UInt8 = 0x01) throws(CryptoError) -> [UInt8] {
        Array(try Cipher(.aes, key: key).encryptECB([UInt8](repeating: block, count: 16)).prefix(3))
    }
}
