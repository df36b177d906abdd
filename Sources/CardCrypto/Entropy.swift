internal import COpenSSL
internal import SmartCard

/// Where unpredictable bytes come from; a parameter everywhere, so that a seed can replay a run.
package protocol EntropySource: AnyObject {
    func bytes(_ count: Int) -> [UInt8]
}

/// The operating system's generator, through OpenSSL.
package final class SystemEntropy: EntropySource, Sendable {
    package init() {}

    package func bytes(_ count: Int) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            // Going on with predictable bytes would be worse than stopping.
            let status = RAND_bytes(buffer.baseAddress, Int32(count))
            precondition(status == 1, "the system gives no random bytes")
            initialized = count
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
