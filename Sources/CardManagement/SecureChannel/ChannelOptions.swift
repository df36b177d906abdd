package import GlobalPlatform

/// What "i" of SCP02 says (GPCS 2.3.1 table E-1).
package struct SCP02Options: Hashable, Sendable {
    package let rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    package var hasThreeKeys: Bool { rawValue & 0x01 != 0 }
    package var isMACOnUnmodifiedAPDU: Bool { rawValue & 0x02 != 0 }
    package var isExplicit: Bool { rawValue & 0x04 != 0 }
    package var isICVOverAID: Bool { rawValue & 0x08 != 0 }
    package var isICVEncrypted: Bool { rawValue & 0x10 != 0 }
    package var hasResponseMAC: Bool { rawValue & 0x20 != 0 }
    package var isChallengePseudoRandom: Bool { rawValue & 0x40 != 0 }

    /// The levels of table E-11 that the card offers.
    package func offers(_ level: SecurityLevel) -> Bool {
        switch level.rawValue {
        case 0x00, 0x01, 0x03: true
        case 0x10, 0x11, 0x13: hasResponseMAC
        default: false
        }
    }
}

/// What "i" of SCP03 says (Amendment D 1.1.1 table 5-1; b1 is of version 1.2).
package struct SCP03Options: Hashable, Sendable {
    package let rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    /// Challenges, cryptograms and MACs of sixteen bytes in place of eight.
    package var isS16: Bool { rawValue & 0x01 != 0 }
    package var isChallengePseudoRandom: Bool { rawValue & 0x10 != 0 }
    package var hasResponseMAC: Bool { rawValue & 0x20 != 0 }
    package var hasResponseEncryption: Bool { rawValue & 0x60 == 0x60 }
    package var macBytes: Int { isS16 ? 16 : 8 }

    /// The levels of table 7-3 that the card offers.
    package func offers(_ level: SecurityLevel) -> Bool {
        switch level.rawValue {
        case 0x00, 0x01, 0x03: true
        case 0x11, 0x13: hasResponseMAC
        case 0x33: hasResponseEncryption
        default: false
        }
    }
}

extension SecureChannelProtocol {
    /// The card makes its challenge from a counter.
    package var isChallengePseudoRandom: Bool {
        switch version {
        case .scp02: SCP02Options(rawValue: options).isChallengePseudoRandom
        case .scp03: SCP03Options(rawValue: options).isChallengePseudoRandom
        case .scp01, .scp10, .scp11, .scp21, .scp22, .scp80, .scp81: false
        }
    }
}
