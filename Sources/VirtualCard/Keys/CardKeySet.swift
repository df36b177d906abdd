package import CardCrypto
package import GlobalPlatform

/// One key of a security domain (GPCS 2.3.1 §7.5.1): an identifier, and one or more components.
package struct CardKey: Sendable {
    package struct Component: Sendable {
        package let type: KeyType
        package let value: Secret
        /// What GET DATA tells of its size, in bytes.
        package var byteCount: Int { value.count }

        package init(type: KeyType, value: Secret) {
            self.type = type
            self.value = value
        }
    }

    package let identifier: UInt8
    package let components: [Component]
    /// Key usage qualifier and key access (GPCS 2.3.1 §11.1.9, §11.1.10), where the PUT KEY gave them.
    package let usage: UInt8?
    package let access: UInt8?

    package init(identifier: UInt8, components: [Component], usage: UInt8? = nil, access: UInt8? = nil) {
        self.identifier = identifier
        self.components = components
        self.usage = usage
        self.access = access
    }
}

extension CardKey: Equatable {
    /// Two keys are the same when they hold the same secrets, not equal ones: nothing on a card compares
    /// keys.
    package static func == (left: CardKey, right: CardKey) -> Bool {
        left.identifier == right.identifier && left.usage == right.usage && left.access == right.access
            && left.components.count == right.components.count
            && zip(left.components, right.components).allSatisfy {
                $0.type == $1.type && $0.value === $1.value
            }
    }
}

/// The keys of a domain that share a version number, with the secure channel that they open.
package struct CardKeySet: Equatable, Sendable {
    package let version: UInt8
    /// By ascending identifier. A secure channel takes 1 for ENC, 2 for MAC and 3 for DEK.
    package var keys: [CardKey]
    /// The protocol with its "i" that this set opens; `nil` for keys of another purpose (tokens, DAP).
    package var channelProtocol: SecureChannelProtocol?
    /// SCP02: two bytes, SCP03: three bytes (GPCS 2.3.1 §E.1.2.1, Amendment D §6.2.2.1).
    package var sequenceCounter: UInt32
    /// Failed authentications since the last good one; a profile may block the set at some count.
    package var failedAuthentications: UInt8

    package init(
        version: UInt8, keys: [CardKey], channelProtocol: SecureChannelProtocol?, sequenceCounter: UInt32 = 0,
        failedAuthentications: UInt8 = 0
    ) {
        self.version = version
        self.keys = keys
        self.channelProtocol = channelProtocol
        self.sequenceCounter = sequenceCounter
        self.failedAuthentications = failedAuthentications
    }

    package func key(_ identifier: UInt8) -> CardKey? { keys.first { $0.identifier == identifier } }
}
