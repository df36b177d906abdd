/// A card's answer: data, and the status word that ends it.
package struct ResponseAPDU: Hashable, Sendable {
    package var data: [UInt8]
    package var status: StatusWord

    package init(data: [UInt8] = [], status: StatusWord = .success) {
        self.data = data
        self.status = status
    }

    /// For each answer of a card: of bytes whose type is known.
    package init(parsing bytes: [UInt8]) throws(APDUError) {
        let count = bytes.count - 2
        guard count >= 0 else { throw .tooShort(bytes.count) }
        data = Array(bytes[..<count])
        status = StatusWord(UInt16(bytes[count]) << 8 | UInt16(bytes[count + 1]))
    }

    package init(parsing bytes: some Collection<UInt8>) throws(APDUError) {
        try self.init(parsing: Array(bytes))
    }

    package var bytes: [UInt8] { data + status.rawValue.bigEndianBytes }
}

extension ResponseAPDU: CustomStringConvertible {
    /// The size and the status only: the data may be secret.
    package var description: String { "Nr=\(data.count) \(status)" }
}
