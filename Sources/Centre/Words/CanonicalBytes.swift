internal import SmartCard

/// Values one after the other as bytes, so that different values never give the same bytes: what digests are taken of.
package struct CanonicalBytes: Sendable {
    package private(set) var bytes: [UInt8] = []

    package init() {}

    package mutating func append(_ value: Int64) { bytes += value.bigEndianBytes }

    package mutating func append(_ value: [UInt8]) {
        bytes += UInt32(value.count).bigEndianBytes
        bytes += value
    }

    package mutating func append(_ text: String) { append(Array(text.utf8)) }

    package mutating func append(_ text: String?) {
        bytes.append(text == nil ? 0 : 1)
        if let text { append(text) }
    }
}
