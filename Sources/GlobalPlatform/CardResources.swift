package import SmartCard

/// What a card says of its memory (`FF21`, TS 102 226 §8.2.1.7.2): a claim, not a promise.
package struct CardResources: Hashable, Sendable {
    package let applicationCount: Int
    package let freeNonVolatile: Int
    package let freeVolatile: Int

    package init(applicationCount: Int, freeNonVolatile: Int, freeVolatile: Int) {
        self.applicationCount = applicationCount
        self.freeNonVolatile = freeNonVolatile
        self.freeVolatile = freeVolatile
    }

    /// Reads the value of `FF21`.
    package init(value: some Collection<UInt8>) throws(TLVError) {
        let objects = try BERTLV.readAll(value)
        applicationCount = Int(bigEndianBytes: try objects.value(0x81).suffix(4))
        freeNonVolatile = Int(bigEndianBytes: try objects.value(0x82).suffix(4))
        freeVolatile = Int(bigEndianBytes: try objects.value(0x83).suffix(4))
    }

    /// The value of `FF21`.
    package var encoded: [UInt8] {
        BERTLV.encode(0x81, UInt16(clamping: applicationCount).bigEndianBytes)
            + BERTLV.encode(0x82, UInt32(clamping: freeNonVolatile).bigEndianBytes)
            + BERTLV.encode(0x83, UInt32(clamping: freeVolatile).bigEndianBytes)
    }
}
