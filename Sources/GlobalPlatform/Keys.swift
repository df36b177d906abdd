internal import SmartCard

/// A key type byte (GPCS 2.3.1 table 11-16).
package struct KeyType: RawRepresentable, Hashable, Sendable {
    package let rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    package static let des = KeyType(rawValue: 0x80)
    package static let preSharedKeyTLS = KeyType(rawValue: 0x85)
    package static let aes = KeyType(rawValue: 0x88)
    package static let rsaPublicExponent = KeyType(rawValue: 0xA0)
    package static let rsaPublicModulus = KeyType(rawValue: 0xA1)
    package static let eccPublic = KeyType(rawValue: 0xB0)
    package static let eccPrivate = KeyType(rawValue: 0xB1)
    package static let eccParametersReference = KeyType(rawValue: 0xF0)
    package static let extended = KeyType(rawValue: 0xFF)

    package var name: String {
        switch rawValue {
        case 0x80, 0x82, 0x83, 0x84: "DES"
        case 0x85: "PSK-TLS"
        case 0x88: "AES"
        case 0x90, 0x91: "HMAC-SHA1"
        case 0xA0: "RSA public exponent"
        case 0xA1: "RSA public modulus"
        case 0xA2...0xA8: "RSA private"
        case 0xB0: "EC public"
        case 0xB1: "EC private"
        case 0xB2...0xB7, 0xF0: "EC parameters"
        default: "type \(rawValue.hex)"
        }
    }
}

/// What a card tells of one key (GPCS 2.3.1 §11.3.3.1, template `E0`): never its value.
package struct KeyInformation: Hashable, Sendable {
    package struct Component: Hashable, Sendable {
        package let type: KeyType
        package let byteCount: Int
        package init(type: KeyType, byteCount: Int) {
            self.type = type
            self.byteCount = byteCount
        }
    }

    package let identifier: UInt8
    package let version: UInt8
    package let components: [Component]

    package init(identifier: UInt8, version: UInt8, components: [Component]) {
        self.identifier = identifier
        self.version = version
        self.components = components
    }
}
