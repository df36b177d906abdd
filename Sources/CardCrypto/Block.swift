/// Sixteen bytes by value: an ICV, a chaining value, a whole CMAC.
package typealias Block = SIMD16<UInt8>

/// Up to eight bytes by value: a header or a status word on its way into a MAC.
package struct FewBytes {
    package private(set) var count = 0
    private var bytes = SIMD8<UInt8>()

    package init() {}

    package mutating func append(_ byte: UInt8) {
        precondition(count < 8, "no more than eight bytes")
        bytes[count] = byte
        count += 1
    }

    /// Two bytes, the higher one first.
    package mutating func append(_ number: UInt16) {
        append(UInt8(number >> 8))
        append(UInt8(truncatingIfNeeded: number))
    }

    func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        withUnsafeBytes(of: bytes) { body(UnsafeRawBufferPointer(rebasing: $0.prefix(count))) }
    }
}
