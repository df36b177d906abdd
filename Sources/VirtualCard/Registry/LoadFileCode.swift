/// The bytes of a load file data block: one copy for all the cards of a process that hold it.
package final class LoadFileCode: Sendable {
    package let bytes: [UInt8]
    /// SHA-256 of the bytes.
    package let digest: [UInt8]

    init(bytes: [UInt8], digest: [UInt8]) {
        self.bytes = bytes
        self.digest = digest
    }
}
