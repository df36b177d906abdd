internal import SmartCard

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// Where unpredictable bytes come from; a parameter everywhere, so that a seed can replay a run.
package protocol EntropySource: AnyObject {
    func bytes(_ count: Int) -> [UInt8]
}

/// The operating system's generator, asked directly: a generator between it and us would take a fifth of a millisecond
/// to start, and could only be as good.
package final class SystemEntropy: EntropySource, Sendable {
    package init() {}

    /// The system gives no more at once (getentropy(3)).
    private static let pieceMax = 256

    package func bytes(_ count: Int) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            while initialized < count {
                let piece = UnsafeMutableBufferPointer(rebasing: buffer[initialized...].prefix(Self.pieceMax))
                // Going on with predictable bytes would be worse than stopping.
                precondition(
                    getentropy(piece.baseAddress, piece.count) == 0, "the system gives no random bytes")
                initialized += piece.count
            }
        }
    }
}

/// The same bytes for the same seed: for virtual cards, tests and simulations, never for real keys.
package final class SeededEntropy: EntropySource {
    private let key: [UInt8]
    /// How many blocks were drawn; with the seed, this is the whole state.
    package private(set) var blocksDrawn: UInt64

    /// A hash needs no context that lasts: a world of cards has one of these in each.
    package init(seed: [UInt8], blocksDrawn: UInt64 = 0) {
        key = Digest.sha256.hash(seed)
        self.blocksDrawn = blocksDrawn
    }

    package func bytes(_ count: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count < count {
            bytes += Digest.sha256.hash(key + blocksDrawn.bigEndianBytes)
            blocksDrawn += 1
        }
        return Array(bytes.prefix(count))
    }
}
