package import CardCrypto

/// The three static secure channel keys of one key set on one card.
package struct CardKeys: Sendable {
    package enum Algorithm: Hashable, Sendable {
        case tripleDES
        case aes

        /// The lengths that a secure channel takes (GPCS 2.3.1 table E-3, SCP03 table 6-1).
        package var byteCounts: [Int] {
            switch self {
            case .tripleDES: [16]
            case .aes: [16, 24, 32]
            }
        }
    }

    package let algorithm: Algorithm
    /// The key version number; 0 where the card is to choose.
    package let version: UInt8
    package let encryption: Secret
    package let mac: Secret
    package let dataEncryption: Secret

    /// The keys of one set have one length, and the algorithm must know it.
    package init(
        _ algorithm: Algorithm, version: UInt8, encryption: Secret, mac: Secret, dataEncryption: Secret
    ) throws(KeySourceError) {
        for key in [encryption, mac, dataEncryption] {
            guard algorithm.byteCounts.contains(key.count), key.count == encryption.count else {
                throw .keyLength(key.count, algorithm)
            }
        }
        self.algorithm = algorithm
        self.version = version
        self.encryption = encryption
        self.mac = mac
        self.dataEncryption = dataEncryption
    }

    /// Whether one base key stands for all three, as SCP02 with b1 of "i" = 0 has it.
    package var isOneKey: Bool { encryption.matches(mac) && encryption.matches(dataEncryption) }
}

extension CardKeys: CustomStringConvertible {
    package var description: String { "CardKeys(\(algorithm), version \(version))" }
}

/// What the answer to INITIALIZE UPDATE says about the keys that it wants.
package struct KeyRequest: Hashable, Sendable {
    package let algorithm: CardKeys.Algorithm
    /// As the card reports it, not as it was asked.
    package let version: UInt8
    /// Ten bytes of the card's own, from which an issuer derives the card's keys.
    package let diversificationData: [UInt8]

    package init(algorithm: CardKeys.Algorithm, version: UInt8, diversificationData: [UInt8]) {
        self.algorithm = algorithm
        self.version = version
        self.diversificationData = diversificationData
    }
}

/// Gives the keys of one card; a key vault stands behind it, or a `KeySource`.
package typealias KeyProvider = @Sendable (KeyRequest) throws(KeySourceError) -> CardKeys

/// Why there are no keys for a card. Never carries key bytes.
package enum KeySourceError: Error, Hashable {
    case keyLength(Int, CardKeys.Algorithm)
    /// The keys are of the other kind than the card's protocol wants.
    case otherAlgorithm(wanted: CardKeys.Algorithm)
    case noKeys(version: UInt8)
    /// The card is not the one that the keys were asked for: its diversification data are others.
    case otherDiversificationData
    case diversification(DiversificationError)
    case crypto(CryptoError)
}
