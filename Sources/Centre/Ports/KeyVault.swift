package import CardCrypto
package import CardManagement
internal import GlobalPlatform
package import SmartCard

/// The master keys of cards and the keys that wrap data keys.
///
/// It is spoken to in operations and gives no master key and no wrapping key away, so that a hardware module can stand
/// behind it. Keys of one card, derived for one session, leave it inside a `Handshake` or a `PrecomputedSession` only.
package protocol KeyVault: Sendable {
    // MARK: Keys of cards

    /// What is known of every master key, in the order of their names.
    func masterKeys() throws(KeyVaultFailure) -> [MasterKey]

    /// A handshake that proves this card's keys, and takes no other card for it.
    ///
    /// The wish's key version is set to that of the key set.
    func handshake(
        _ wish: Handshake.Wish, with keySet: Card.KeySet
    ) throws(KeyVaultFailure) -> Handshake

    /// A session computed before the card has answered; the key set knows the next sequence counter.
    /// - Parameter options: "i" of the card's protocol, from its profile.
    func precomputedSession(
        _ wish: Handshake.Wish, with keySet: Card.KeySet, options: UInt8, application: AID
    ) throws(KeyVaultFailure) -> PrecomputedSession

    /// What of the card's data makes a difference to its keys, in order; nothing where all cards have the same.
    func derivationData(of keySet: Card.KeySet) throws(KeyVaultFailure) -> [UInt8]

    /// The command that puts a whole key set on the card whose session this is, its keys wrapped for that session.
    /// - Parameter replacing: the version that gives way in the same command.
    func delivery(
        of keySet: Card.KeySet, replacing: UInt8?, in session: SecureSession, hasZeroCheckBlock: Bool
    ) throws(KeyVaultFailure) -> KeyDelivery

    /// Check values of the card's own keys (encryption, MAC, data encryption), by which they are recognised.
    func checkValues(of keySet: Card.KeySet) throws(KeyVaultFailure) -> [[UInt8]]

    /// Whether the card's receipt key made the receipt for exactly this operation; the key is the MAC key of its set.
    func proves(
        _ confirmation: CardConfirmation, of operation: ReceiptSubject, with keySet: Card.KeySet
    ) throws(KeyVaultFailure) -> Bool

    // MARK: Vault records

    /// The wrapping key that new data keys are wrapped under, and those that older ones still need.
    func wrappingKeys() throws(KeyVaultFailure) -> WrappingKeys

    /// A fresh key for records of this card, wrapped under the current wrapping key.
    func makeDataKey(for card: CardID, number: Int) throws(KeyVaultFailure) -> DataKey

    /// The same data key under the current wrapping key.
    func rewrap(_ key: DataKey) throws(KeyVaultFailure) -> DataKey

    /// Encrypts and binds to where the record belongs: it opens nowhere else.
    func seal(
        _ plaintext: Secret, under key: DataKey, as place: VaultPlace
    ) throws(KeyVaultFailure) -> [UInt8]

    func open(
        _ sealed: [UInt8], under key: DataKey, as place: VaultPlace
    ) throws(KeyVaultFailure) -> Secret
}

/// What may be shown of a master key.
package struct MasterKey: Hashable, Sendable {
    package let name: MasterKeyName
    package let algorithm: CardKeys.Algorithm
    package let byteCount: Int
    /// As on the command line: `none`, `visa2`, `emv`, `kdf3` or a template.
    package let diversification: String
    /// Of the master keys: one where one stands for all three.
    package let checkValues: [[UInt8]]
    package let note: String
    package let createdAt: Instant

    package init(
        name: MasterKeyName, algorithm: CardKeys.Algorithm, byteCount: Int, diversification: String,
        checkValues: [[UInt8]], note: String, createdAt: Instant
    ) {
        self.name = name
        self.algorithm = algorithm
        self.byteCount = byteCount
        self.diversification = diversification
        self.checkValues = checkValues
        self.note = note
        self.createdAt = createdAt
    }

    /// What `KeyRotation` must know of a key set that is derived from it.
    package var shape: KeyRotation.Shape {
        .init(type: algorithm == .aes ? .aes : .des, byteCount: byteCount)
    }
}

/// PUT KEY for one session, and what the card must answer to it.
package struct KeyDelivery: Hashable, Sendable {
    /// Not yet protected; where it is longer than one APDU it goes through `SecureSession.wrapChained`.
    package let command: CommandAPDU
    package let version: UInt8
    /// The version, and the check values of the keys.
    package let expectedAnswer: [UInt8]

    package init(command: CommandAPDU, version: UInt8, expectedAnswer: [UInt8]) {
        self.command = command
        self.version = version
        self.expectedAnswer = expectedAnswer
    }

    /// Compares the card's answer with the keys that were sent.
    package func check(_ answer: ResponseAPDU) throws(PutKeyError) -> PutKey.Confirmation {
        guard answer.status.isSuccess else { throw .refused(answer.status) }
        if answer.data == expectedAnswer { return .confirmed }
        if answer.data.isEmpty || answer.data == [version] { return .accepted }
        throw .otherCheckValues
    }
}

/// Which wrapping keys a vault has, by their numbers.
package struct WrappingKeys: Hashable, Sendable {
    /// Tells one vault from another: eight random bytes.
    package let vault: [UInt8]
    package let current: Int
    package let older: [Int]

    package init(vault: [UInt8], current: Int, older: [Int]) {
        self.vault = vault
        self.current = current
        self.older = older
    }
}

/// Where a record belongs; a record that was moved there from elsewhere does not open.
package struct VaultPlace: Hashable, Sendable {
    package var card: CardID
    package var aid: AID
    /// Which stay of the instance in custody.
    package var ordinal: Int
    /// Which image of the application's data.
    package var generation: UInt32
    /// Counts the pieces of an image that came one after the other.
    package var part: Int

    package init(card: CardID, aid: AID, ordinal: Int, generation: UInt32, part: Int = 0) {
        self.card = card
        self.aid = aid
        self.ordinal = ordinal
        self.generation = generation
        self.part = part
    }
}

/// Why the key vault did not do it. Never carries key bytes.
package enum KeyVaultFailure: Error, Hashable {
    case masterKeyUnknown(MasterKeyName)
    /// The master key is of the other kind than the card's protocol wants.
    case otherAlgorithm(MasterKeyName, wanted: CardKeys.Algorithm)
    /// A data key needs a wrapping key that this vault does not have: another vault, or an old copy of its file.
    case wrappingKeyUnknown(Int)
    /// Newer wrapping keys are in use than this vault has: its file is an old copy.
    case vaultOutdated(current: Int, newest: Int)
    /// The store's records were sealed with another vault.
    case otherVault
    /// The record, or the key it is sealed under, was changed or belongs elsewhere.
    case notAuthentic
    case keySource(KeySourceError)
    case session(HandshakeFailure)
    case putKey(PutKeyError)
    case crypto(CryptoError)
    /// The vault itself cannot be reached; code and words come from its adapter.
    case unavailable(code: String, reason: String)
}
