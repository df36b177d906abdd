/// The life cycle of the card, which its issuer domain inherits (GPCS 2.3.1 table 11-6).
package enum CardLifeCycle: UInt8, CaseIterable, Hashable, Sendable {
    case opReady = 0x01
    case initialized = 0x07
    case secured = 0x0F
    case cardLocked = 0x7F
    case terminated = 0xFF

    package var name: String {
        switch self {
        case .opReady: "OP_READY"
        case .initialized: "INITIALIZED"
        case .secured: "SECURED"
        case .cardLocked: "CARD_LOCKED"
        case .terminated: "TERMINATED"
        }
    }
}

/// The life cycle of a load file (GPCS 2.3.1 table 11-3).
package enum LoadFileLifeCycle: UInt8, CaseIterable, Hashable, Sendable {
    case loaded = 0x01
}

/// The life cycle byte of an application (GPCS 2.3.1 table 11-4); bits b4 to b7 are the application's own.
package struct ApplicationLifeCycle: RawRepresentable, Hashable, Sendable {
    package let rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    package static let installed = ApplicationLifeCycle(rawValue: 0x03)
    package static let selectable = ApplicationLifeCycle(rawValue: 0x07)
    /// Of a security domain only (table 11-5).
    package static let personalized = ApplicationLifeCycle(rawValue: 0x0F)

    package var isLocked: Bool { rawValue & 0x83 == 0x83 }
    package var isSelectable: Bool { rawValue & 0x87 == 0x07 }

    /// The state with the lock bit set; the state before stays readable below it.
    package var locked: ApplicationLifeCycle { ApplicationLifeCycle(rawValue: rawValue | 0x80) }
    package var unlocked: ApplicationLifeCycle { ApplicationLifeCycle(rawValue: rawValue & 0x7F) }

    /// The name in the specification; states of the application's own are shown with their byte.
    package func name(isSecurityDomain: Bool) -> String {
        switch rawValue {
        case _ where isLocked: "LOCKED"
        case 0x03: "INSTALLED"
        case 0x07: "SELECTABLE"
        case 0x0F where isSecurityDomain: "PERSONALIZED"
        default: rawValue & 0x07 == 0x07 ? "SELECTABLE (0x\(hexDigits))" : "unknown (0x\(hexDigits))"
        }
    }

    private var hexDigits: String {
        let text = String(rawValue, radix: 16, uppercase: true)
        return rawValue < 0x10 ? "0" + text : text
    }
}
