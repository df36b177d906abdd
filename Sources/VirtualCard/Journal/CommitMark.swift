internal import CardCrypto
internal import SmartCard

/// The record that ends a commit in a card file, and how one is known among other bytes.
///
/// A mark names the place where its commit begins and holds a digest of all of it, under a secret of the file's own.
/// So whatever stands behind the last good commit can be told apart: a mark of a commit that begins there belongs to
/// one that never was finished; a mark of a commit that begins later proves that something durable before it is
/// damaged. The secret keeps an application from writing data that look like such a mark.
enum CommitMark {
    /// Files of the first version: a mark is empty, and only its place says what it ends.
    case plain
    case bound(secret: [UInt8])

    static let secretBytes = 16
    static let magicBytes = 11
    private static let plainMagic = Array("BERTHCARD1\n".utf8)
    private static let boundMagic = Array("BERTHCARD2\n".utf8)
    private static let digestBytes = 16
    private static let contentsBytes = 8 + digestBytes

    /// Nothing when the file is of another kind or of a later version, or ends in its header.
    init?(header bytes: [UInt8]) {
        if bytes.starts(with: Self.plainMagic) {
            self = .plain
        } else if bytes.starts(with: Self.boundMagic), bytes.count >= Self.magicBytes + Self.secretBytes {
            self = .bound(secret: Array(bytes[Self.magicBytes...].prefix(Self.secretBytes)))
        } else {
            return nil
        }
    }

    /// Whether the file says that it is of a version that this program knows, whole or not.
    static func isKnown(_ bytes: [UInt8]) -> Bool {
        bytes.starts(with: plainMagic) || bytes.starts(with: boundMagic)
    }

    /// How a file begins.
    var header: [UInt8] {
        switch self {
        case .plain: Self.plainMagic
        case .bound(let secret): Self.boundMagic + secret
        }
    }

    /// What the mark says of a commit that begins at the offset.
    func contents(from start: Int, _ commit: ArraySlice<UInt8>) -> [UInt8] {
        switch self {
        case .plain: return []
        case .bound(let secret):
            let place = UInt64(start).bigEndianBytes
            return place + Digest.sha256.hash(secret + place + commit).prefix(Self.digestBytes)
        }
    }

    func holds(_ found: ArraySlice<UInt8>, from start: Int, _ commit: ArraySlice<UInt8>) -> Bool {
        found.elementsEqual(contents(from: start, commit))
    }

    /// Whether a commit stands behind the last one that can be read, so that what is between them was durable once.
    func hasLaterCommit(in bytes: [UInt8], after end: Int) -> Bool {
        switch self {
        case .plain: Self.hasInnerMark(bytes[end...])
        case .bound: bytes.indices[end...].contains { isMark(at: $0, in: bytes, after: end) }
        }
    }

    private func isMark(at offset: Int, in bytes: [UInt8], after end: Int) -> Bool {
        // Compared first: whatever else follows the letter would have to be hashed to be known as no record.
        let beginning = [CardFile.Kind.mark.rawValue] + UInt32(Self.contentsBytes).bigEndianBytes
        guard bytes[offset...].starts(with: beginning),
            let (_, contents, _) = CardFile.readRecord(bytes, at: offset)
        else { return false }
        let start = Int(clamping: UInt64(bigEndianBytes: contents.prefix(8)))
        return start > end && start < offset && holds(contents, from: start, bytes[start..<offset])
    }

    /// Without a place and a digest, any mark that is not the last record is taken for a later commit.
    private static func hasInnerMark(_ tail: ArraySlice<UInt8>) -> Bool {
        let mark = CardFile.record(.mark, [])
        guard tail.count > mark.count else { return false }
        return (tail.startIndex..<(tail.endIndex - mark.count)).contains { tail[$0...].starts(with: mark) }
    }
}
