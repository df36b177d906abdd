/// A card's answer: data, and the status word that ends it.
package struct ResponseAPDU: Hashable, Sendable {
    package var data: [UInt8]
    package var status: StatusWord

    package init(data: [UInt8] = [], status: StatusWord = .success) {
        self.data = data
        self.status = status
    }

    package init(parsing bytes: some Collection<UInt8>) throws(APDUError) {
        guard bytes.count >= 2 else { throw .tooShort(bytes.count) }
        data = Array(bytes.dropLast(2))
        status = StatusWord(UInt16(bigEndianBytes: bytes.suffix(2)))
    }

    package var bytes: [UInt8] { data + status.rawValue.bigEndianBytes }
}

extension ResponseAPDU: CustomStringConvertible {
    /// The size and the status only: the data may be secret.
    package var description: String { "Nr=\(data.count) \(status)" }
}
