/// Sixteen bytes that stand in the value itself: counters, initial vectors and MACs of AES cost no allocation.
package struct AESBlock: Hashable, Sendable {
    package static let byteCount = 16

    // In the order of the bytes in memory, whatever the machine.
    private var high: UInt64
    private var low: UInt64

    /// All zeros.
    package init() { (high, low) = (0, 0) }

    /// A counter in the last eight bytes, behind a first byte and zeros.
    package init(first: UInt8 = 0, counter: UInt64) {
        high = (UInt64(first) << 56).bigEndian
        low = counter.bigEndian
    }

    /// The bytes as they are fed to OpenSSL.
    package func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        withUnsafeBytes(of: self, body)
    }

    package mutating func withMutableBytes<Result>(
        _ body: (UnsafeMutableRawBufferPointer) -> Result
    ) -> Result {
        withUnsafeMutableBytes(of: &self, body)
    }

    package var bytes: [UInt8] { withBytes { Array($0) } }
}
