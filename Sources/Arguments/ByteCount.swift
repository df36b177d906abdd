/// A number of bytes as people read it.
package struct ByteCount: Hashable, Sendable, CustomStringConvertible {
    package let bytes: Int

    package init(_ bytes: Int) { self.bytes = bytes }

    /// In decimal units, with one digit after the point unless it is zero: `12.4 kB`, `16 kB`, `1 byte`.
    package var description: String {
        switch bytes.magnitude {
        case 0..<1000: "\(bytes) byte\(bytes.magnitude == 1 ? "" : "s")"
        // From 999,950 bytes on, "1000.0 kB" would be shown.
        case 1000..<999_950: scaled(by: 1000) + " kB"
        case 999_950..<999_950_000: scaled(by: 1_000_000) + " MB"
        default: scaled(by: 1_000_000_000) + " GB"
        }
    }

    private func scaled(by unit: UInt) -> String {
        let tenths = (bytes.magnitude + unit / 20) / (unit / 10)
        let sign = bytes < 0 ? "-" : ""
        return tenths % 10 == 0 ? "\(sign)\(tenths / 10)" : "\(sign)\(tenths / 10).\(tenths % 10)"
    }
}
