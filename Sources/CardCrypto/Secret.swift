#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// Bytes that must not be seen: they cannot be copied by accident, printed, or compared with `==`, and they
/// are erased when the last owner lets go.
package final class Secret: @unchecked Sendable {
    // Sendable because the memory is written in init only, and erased in deinit when nobody else can hold it.
    private let memory: UnsafeMutableRawBufferPointer

    package init(_ bytes: some Collection<UInt8>) {
        memory = .allocate(byteCount: bytes.count, alignment: 16)
        memory.copyBytes(from: bytes)
    }

    /// Bytes that are made in place, so that no unerased copy of them ever stood elsewhere.
    package init<Failure: Error>(
        count: Int, filling body: (UnsafeMutableRawBufferPointer) throws(Failure) -> Void
    ) throws(Failure) {
        memory = .allocate(byteCount: count, alignment: 16)
        memory.initializeMemory(as: UInt8.self, repeating: 0)
        try body(memory)
    }

    deinit {
        Self.erase(memory)
        memory.deallocate()
    }

    package var count: Int { memory.count }

    /// Lends the bytes for one call.
    package func withBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(UnsafeRawBufferPointer(memory))
    }

    /// Compares in a time that does not depend on where the bytes differ.
    package func matches(_ other: Secret) -> Bool {
        withBytes { left in other.withBytes { right in isEqualInConstantTime(left, right) } }
    }

    /// Overwrites memory in a way that the optimiser must not drop.
    package static func erase(_ memory: UnsafeMutableRawBufferPointer) {
        guard let base = memory.baseAddress else { return }
        // Not `memset`: the optimiser may drop a store to memory that is about to be freed.
        #if canImport(Glibc)
            explicit_bzero(base, memory.count)
        #else
            memset_s(base, memory.count, 0, memory.count)
        #endif
    }
}

extension Secret: CustomStringConvertible, CustomReflectable {
    package var description: String { "Secret(\(count) bytes)" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}

/// Compares two byte strings in a time that depends on their lengths only.
package func isEqualInConstantTime(_ left: some Sequence<UInt8>, _ right: some Sequence<UInt8>) -> Bool {
    let inMemory: Bool?? = left.withContiguousStorageIfAvailable { left in
        right.withContiguousStorageIfAvailable { isEqualInConstantTime(left, $0) }
    }
    if case .some(.some(let isEqual)) = inMemory { return isEqual }
    var difference: UInt8 = 0
    var (leftBytes, rightBytes) = (left.makeIterator(), right.makeIterator())
    while true {
        switch (leftBytes.next(), rightBytes.next()) {
        case (let one?, let other?): difference |= one ^ other
        case (nil, nil): return difference == 0
        case (nil, _?), (_?, nil): return false
        }
    }
}

/// The same without a call for every byte.
private func isEqualInConstantTime(
    _ left: UnsafeBufferPointer<UInt8>, _ right: UnsafeBufferPointer<UInt8>
) -> Bool {
    guard left.count == right.count else { return false }
    var difference: UInt8 = 0
    for index in left.indices { difference |= left[index] ^ right[index] }
    return difference == 0
}
