/// The MACs of ISO/IEC 9797-1 that GlobalPlatform uses with DES keys.
package final class DESMAC {
    private let triple: Cipher
    private let single: Cipher

    /// A double-length key.
    package init(key: Secret) throws(CryptoError) {
        guard key.count == 16 else { throw .keyLength(key.count) }
        triple = try Cipher(.tripleDES, key: key)
        single = try Cipher(.singleDES, key: key.withBytes { Secret($0.prefix(8)) })
    }

    /// Algorithm 1 with triple DES in every block (GPCS 2.3.1 §B.1.2.1); the message is padded here.
    package func full(_ message: [UInt8], iv: [UInt8]? = nil) -> [UInt8] {
        triple.encryptCBC(Padding.method2(message, blockSize: 8), iv: iv).suffix(8)
    }

    /// Algorithm 3, the retail MAC: single DES, and triple DES in the last block (GPCS 2.3.1 §B.1.2.2).
    package func retail(_ message: [UInt8], iv: [UInt8]? = nil) -> [UInt8] {
        let padded = Padding.method2(message, blockSize: 8)
        let head = padded.dropLast(8)
        let chained = head.isEmpty ? iv : Array(single.encryptCBC(head, iv: iv).suffix(8))
        return triple.encryptCBC(padded.suffix(8), iv: chained)
    }

    /// Single DES over one block: how SCP02 makes the next ICV from the last MAC (GPCS 2.3.1 §E.3.4).
    package func encryptICV(_ block: [UInt8]) -> [UInt8] { single.encryptECB(block) }
}

/// ISO/IEC 9797-1 padding method 2: `80`, then zeros up to a whole block.
package enum Padding {
    package static func method2(_ data: some Collection<UInt8>, blockSize: Int) -> [UInt8] {
        var padded = Array(data)
        padded.append(0x80)
        padded.append(contentsOf: repeatElement(0, count: (blockSize - padded.count % blockSize) % blockSize))
        return padded
    }

    /// What stood before the padding; `nil` when there is none.
    package static func removeMethod2(_ padded: some BidirectionalCollection<UInt8>) -> [UInt8]? {
        guard let mark = padded.lastIndex(where: { $0 != 0 }), padded[mark] == 0x80 else { return nil }
        return Array(padded[..<mark])
    }

    /// The same, for a receiver who must not take more than the standard's own padding: whole blocks, and the
    /// mark in the last of them.
    package static func removeMethod2(
        _ padded: some BidirectionalCollection<UInt8>, blockSize: Int
    ) -> [UInt8]? {
        guard padded.count % blockSize == 0, let data = removeMethod2(padded),
            padded.count - data.count <= blockSize
        else { return nil }
        return data
    }
}
