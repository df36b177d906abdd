/// ASCII that stands in JSON as it is, without escapes.
enum PlainText {
    /// Behind all of it that comes one after the other from `start` on; eight bytes are looked at at once.
    static func end(in bytes: UnsafeRawBufferPointer, from start: Int) -> Int {
        var end = start
        while end + 8 <= bytes.count {
            let word = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: end, as: UInt64.self))
            let stops = stops(word)
            guard stops == 0 else { return end + stops.trailingZeroBitCount / 8 }
            end += 8
        }
        // What is missing in the last word is zero, which is not plain.
        var last: UInt64 = 0
        withUnsafeMutableBytes(of: &last) { last in
            last.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[end...]))
        }
        return end + stops(UInt64(littleEndian: last)).trailingZeroBitCount / 8
    }

    /// DEL is not forbidden, but nobody sees it.
    static func needsEscape(_ byte: UInt8) -> Bool {
        byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") || byte == 0x7F
    }

    /// The lowest bit that is set is the highest one of the first byte that is not plain: what is no ASCII has it, DEL
    /// reaches it, and control characters, a quote and a backslash borrow from it. What is above may be wrong.
    private static func stops(_ word: UInt64) -> UInt64 {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let quotes = word ^ (ones &* UInt64(UInt8(ascii: "\"")))
        let backslashes = word ^ (ones &* UInt64(UInt8(ascii: "\\")))
        let stops =
            word | (word &+ ones) | (word &- (ones &* 0x20)) | (quotes &- ones) | (backslashes &- ones)
        return stops & (ones &* 0x80)
    }

    static func isSame(_ bytes: UnsafeRawBufferPointer, _ others: UnsafeRawBufferPointer) -> Bool {
        guard bytes.count == others.count else { return false }
        for index in 0..<bytes.count where bytes[index] != others[index] { return false }
        return true
    }
}
