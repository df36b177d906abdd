internal import CardCrypto
internal import GlobalPlatform

/// Key check values (GPCS 2.3.1 B.6), and which keys open a channel.
enum KeyCheck {
    /// `nil` for keys that have none; a key of a wrong length has none either.
    static func value(_ type: KeyType, _ key: [UInt8]) -> [UInt8]? {
        switch type {
        case .des:
            guard let cipher = try? Cipher(key.count == 8 ? .singleDES : .tripleDES, key: Secret(key)) else {
                return nil
            }
            return Array(cipher.encryptECB([UInt8](repeating: 0, count: 8)).prefix(3))
        case .aes:
            guard let cipher = try? Cipher(.aes, key: Secret(key)) else { return nil }
            return Array(cipher.encryptECB([UInt8](repeating: 1, count: 16)).prefix(3))
        default: return nil
        }
    }

    static func isLengthValid(_ type: KeyType, _ count: Int) -> Bool {
        switch type {
        case .des: [8, 16, 24].contains(count)
        case .aes: [16, 24, 32].contains(count)
        default: count > 0
        }
    }
}

extension KeyType {
    /// Whether PUT KEY brings the value encrypted (GPCS 2.3.1 §11.8.2.3.2).
    var isSecret: Bool {
        switch rawValue {
        case 0x80...0x9F, 0xA2...0xA8, 0xB1: true
        default: false
        }
    }
}

extension CardKeySet {
    /// The type of the keys when 1, 2 and 3 are there, of one type and length, and the version is not one
    /// that stands for another purpose (70 to 75: tokens, receipts, DAP, ciphered load files).
    var channelKey: KeyType? {
        guard !(0x70...0x75).contains(version) else { return nil }
        let kinds = (UInt8(1)...3).map { key($0)?.components }
        guard let first = kinds[0], first.count == 1 else { return nil }
        for other in kinds.dropFirst() {
            guard let other, other.count == 1, other[0].type == first[0].type,
                other[0].byteCount == first[0].byteCount
            else { return nil }
        }
        // SCP02 has double-length keys only (GPCS 2.3.1 §E.2).
        guard first[0].type != .des || first[0].byteCount == 16 else { return nil }
        return first[0].type
    }
}
