package import SmartCard

/// Cuts the data of STORE DATA into blocks: whole structures together as far as they fit, and one that fits no block
/// cut at the greatest length (GPCS 2.3.1 §11.11.2.3).
package enum StoreDataBlocks {
    package enum Failure: Error, Hashable {
        case notGroups(at: Int)
        case notObjects(TLVError)
        case tooManyBlocks(Int)
        /// Only structures say where a value is, so only their values can be encrypted (table 11-85).
        case encryptionNeedsStructure
    }

    /// The block number has one byte.
    package static let countMax = 256

    /// - Parameter encrypt: encrypts whole cipher blocks of so many bytes for the card; `nil` leaves values alone.
    package static func cut(
        _ data: [UInt8], format: StoreDataFormat, blockBytesMax: Int,
        encrypt: (blockBytes: Int, cipher: ([UInt8]) throws -> [UInt8])? = nil
    ) throws -> [[UInt8]] {
        let blocks: [[UInt8]]
        switch format {
        case .unstructured:
            guard encrypt == nil else { throw Failure.encryptionNeedsStructure }
            blocks = data.isEmpty ? [[]] : data.chunks(of: blockBytesMax)
        case .dgi:
            blocks = pack(try groups(data).map { try $0.encoded(encrypt) }, blockBytesMax)
        case .berTLV:
            let objects: [BERTLV]
            do { objects = try BERTLV.readAll(data) } catch { throw Failure.notObjects(error) }
            blocks = pack(
                try objects.map { object in
                    guard let encrypt else { return Array(object.encoded) }
                    let padded = padding(Array(object.value), encrypt.blockBytes, always: true)
                    return BERTLV.encode(object.tag, try encrypt.cipher(padded))
                }, blockBytesMax)
        }
        guard blocks.count <= countMax else { throw Failure.tooManyBlocks(blocks.count) }
        return blocks
    }

    /// What follows a cut structure may stand behind its last part.
    private static func pack(_ structures: [[UInt8]], _ size: Int) -> [[UInt8]] {
        var blocks: [[UInt8]] = []
        var current: [UInt8] = []
        for structure in structures {
            if !current.isEmpty, current.count + structure.count > size {
                blocks.append(current)
                current = []
            }
            var rest = structure[...]
            while current.count + rest.count > size {
                let room = size - current.count
                blocks.append(current + rest.prefix(room))
                current = []
                rest = rest.dropFirst(room)
            }
            current += rest
        }
        return current.isEmpty && !blocks.isEmpty ? blocks : blocks + [current]
    }

    /// A data grouping: two bytes of name, a length of one byte or `FF` and two, the value (EMV CPS 1.1 §2.2).
    private struct Group {
        let name: ArraySlice<UInt8>
        let value: [UInt8]

        func encoded(_ encrypt: (blockBytes: Int, cipher: ([UInt8]) throws -> [UInt8])?) throws -> [UInt8] {
            guard let encrypt else { return Array(name) + length(value.count) + value }
            let cipherText = try encrypt.cipher(padding(value, encrypt.blockBytes, always: false))
            return Array(name) + length(cipherText.count) + cipherText
        }

        private func length(_ count: Int) -> [UInt8] {
            count < 0xFF ? [UInt8(count)] : [0xFF] + UInt16(clamping: count).bigEndianBytes
        }
    }

    private static func groups(_ data: [UInt8]) throws(Failure) -> [Group] {
        var rest = data[...]
        var groups: [Group] = []
        while !rest.isEmpty {
            let start = rest.startIndex
            guard rest.count >= 3 else { throw .notGroups(at: start) }
            let name = rest.prefix(2)
            var count = Int(rest[start + 2])
            rest = rest.dropFirst(3)
            if count == 0xFF {
                guard rest.count >= 2 else { throw .notGroups(at: start) }
                count = Int(bigEndianBytes: rest.prefix(2))
                rest = rest.dropFirst(2)
            }
            guard count <= rest.count else { throw .notGroups(at: start) }
            groups.append(Group(name: name, value: Array(rest.prefix(count))))
            rest = rest.dropFirst(count)
        }
        return groups
    }

    /// `80` and zeros to whole blocks (GPCS 2.3.1 §B.1.3, §B.2.3).
    private static func padding(_ value: [UInt8], _ block: Int, always: Bool) -> [UInt8] {
        if !always, !value.isEmpty, value.count.isMultiple(of: block) { return value }
        let missing = block - value.count % block
        return value + [0x80] + [UInt8](repeating: 0, count: missing - 1)
    }
}
