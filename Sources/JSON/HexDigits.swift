/// Hexadecimal digits, reckoned without branches and without traps: then the compiler takes many at a time.
package enum HexDigits {
    /// Writes two upper-case digits for each byte.
    static func write(_ bytes: UnsafeBufferPointer<UInt8>, to digits: UnsafeMutableBufferPointer<UInt8>) {
        precondition(digits.count >= 2 * bytes.count)
        for index in 0..<bytes.count {
            digits[2 &* index] = upperCase(bytes[index] >> 4)
            digits[2 &* index &+ 1] = upperCase(bytes[index] & 15)
        }
    }

    @inline(__always)
    static func upperCase(_ nibble: UInt8) -> UInt8 {
        // Six more than 9 are the first to reach the next digit; seven other characters stand between 9 and A.
        nibble &+ UInt8(ascii: "0") &+ (nibble &+ 6) >> 4 &* 7
    }

    /// 16 or more where it is no digit, of either case.
    @inline(__always)
    static func value(of digit: UInt8) -> UInt8 {
        let number = digit &- UInt8(ascii: "0")
        // One bit tells the two cases of a letter apart.
        let letter = (digit | 0x20) &- UInt8(ascii: "a")
        return number < 10 ? number : letter < 6 ? letter &+ 10 : 0xFF
    }

    /// `nil` where there is anything but pairs of digits.
    package static func bytes(_ text: String) -> [UInt8]? { bytes(Array(text.utf8)[...]) }

    /// `nil` where there is anything but pairs of digits.
    static func bytes(_ text: ArraySlice<UInt8>) -> [UInt8]? {
        guard text.count % 2 == 0 else { return nil }
        var isRead = false
        let bytes = [UInt8](unsafeUninitializedCapacity: text.count / 2) { bytes, count in
            count = text.count / 2
            isRead = text.withUnsafeBufferPointer { read($0, to: bytes) }
        }
        return isRead ? bytes : nil
    }

    /// Writes a byte for each pair; `false` where something is no digit, which is looked at when all are read.
    private static func read(
        _ digits: UnsafeBufferPointer<UInt8>, to bytes: UnsafeMutableBufferPointer<UInt8>
    ) -> Bool {
        let count = digits.count / 2
        precondition(bytes.count >= count)
        var all: UInt8 = 0
        for index in 0..<count {
            let high = value(of: digits[2 &* index])
            let low = value(of: digits[2 &* index &+ 1])
            all |= high | low
            bytes[index] = high << 4 | low
        }
        return all < 16
    }
}
