internal import SmartCard

extension CommandAPDU {
    /// The class byte without its logical channel and without secure messaging.
    var plainClass: UInt8 { cla & 0x40 == 0 ? cla & 0xF0 : cla & 0x90 }

    /// The class byte that a C-MAC covers: no logical channel, b4 = 0, b3 = 1 (SCP03 §6.2.4).
    var macClass: UInt8 { plainClass | 0x04 }

    /// The class byte that travels: secure messaging, on the channel (GPCS 2.3.1 tables 11-11 and 11-12).
    func protectedClass(onChannel channel: Int) -> UInt8 {
        if channel < 4 { return macClass | UInt8(channel) }
        // In the further form b6 says secure messaging, and b1 to b4 count from channel 4.
        return plainClass & 0x90 | 0x60 | UInt8(channel - 4)
    }

    /// The bytes of Lc as the command writes them.
    func encodedLength(_ count: Int, isExtended: Bool) -> [UInt8] {
        isExtended ? [0] + UInt16(count).bigEndianBytes : [UInt8(count)]
    }
}
