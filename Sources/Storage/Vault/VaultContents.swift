package import CardCrypto
package import CardManagement
package import Centre

/// What a software vault holds.
package struct VaultContents: Sendable {
    /// A key that wraps data keys.
    package struct WrappingKey: Sendable {
        package let number: Int
        package let createdAt: Instant
        let key: Secret
    }

    /// The keys from which the keys of cards are derived.
    package struct Master: Sendable {
        package let name: MasterKeyName
        package let algorithm: CardKeys.Algorithm
        /// As on the command line; it was parsed before it came here.
        package let diversification: String
        package let note: String
        package let createdAt: Instant
        let material: [Secret]
        let scheme: Diversification

        /// One key that stands for all three, or encryption, MAC and data encryption key.
        package init(
            _ name: MasterKeyName, _ algorithm: CardKeys.Algorithm, material: [Secret],
            diversification: String, note: String = "", createdAt: Instant
        ) throws(VaultContentsError) {
            guard [1, 3].contains(material.count) else { throw .keyCount(material.count) }
            for key in material {
                guard algorithm.byteCounts.contains(key.count), key.count == material[0].count else {
                    throw .keyLength(key.count, algorithm)
                }
            }
            guard note.utf8.count <= Bounds.masterKeyNoteBytesMax else { throw .noteTooLong }
            guard diversification.utf8.count <= UInt8.max else { throw .diversification(.templateTooLong) }
            do { scheme = try Diversification(parsing: diversification) } catch {
                throw .diversification(error)
            }
            self.name = name
            self.algorithm = algorithm
            self.diversification = diversification
            self.note = note
            self.createdAt = createdAt
            self.material = material
        }

        /// What may be shown.
        package func described() throws(CryptoError) -> MasterKey {
            MasterKey(
                name: name, algorithm: algorithm, byteCount: material[0].count,
                diversification: diversification,
                checkValues: try material.map { key throws(CryptoError) in
                    try algorithm == .aes ? KeyCheckValue.aes(key) : KeyCheckValue.tripleDES(key)
                },
                note: note, createdAt: createdAt)
        }

        /// Keys of one card. They stay inside the vault, or inside a session that it opened.
        func keys(for request: KeyRequest) throws(KeySourceError) -> CardKeys {
            try KeySource(
                material.count == 1
                    ? .one(material[0])
                    : .three(encryption: material[0], mac: material[1], dataEncryption: material[2]),
                diversification: scheme, algorithm: algorithm
            ).keys(for: request)
        }
    }

    /// In the order of their numbers; the last one is current. There is always one.
    package private(set) var wrappingKeys: [WrappingKey]
    /// In the order of their names.
    package private(set) var masters: [Master]

    /// A new vault: one wrapping key and no master keys.
    package init(wrappingKey: Secret, at now: Instant) {
        wrappingKeys = []
        masters = []
        add(wrappingKey: wrappingKey, at: now)
    }

    /// What was read from a file.
    init(wrappingKeys: [WrappingKey], masters: [Master]) throws(VaultContentsError) {
        guard !wrappingKeys.isEmpty, wrappingKeys.count <= Bounds.wrappingKeysMax,
            masters.count <= Bounds.masterKeysMax
        else { throw .tooMany }
        let numbers = wrappingKeys.map(\.number)
        guard zip(numbers, numbers.dropFirst()).allSatisfy({ $0 < $1 }),
            wrappingKeys.allSatisfy({ $0.key.count == SealedBox.keyBytes && $0.number > 0 })
        else { throw .wrappingKeys }
        let names = masters.map(\.name)
        guard zip(names, names.dropFirst()).allSatisfy({ $0 < $1 }) else { throw .names }
        self.wrappingKeys = wrappingKeys
        self.masters = masters
    }

    package var currentWrappingKey: Int { wrappingKeys[wrappingKeys.count - 1].number }

    package func wrappingKey(_ number: Int) -> WrappingKey? { wrappingKeys.first { $0.number == number } }
    package func master(_ name: MasterKeyName) -> Master? { masters.first { $0.name == name } }

    /// What is wrapped from now on is wrapped under this key.
    package mutating func add(wrappingKey key: Secret, at now: Instant) {
        precondition(key.count == SealedBox.keyBytes, "a wrapping key has 32 bytes")
        wrappingKeys.append(
            WrappingKey(number: (wrappingKeys.last?.number ?? 0) + 1, createdAt: now, key: key))
    }

    package mutating func add(_ master: Master) throws(VaultContentsError) {
        guard masters.count < Bounds.masterKeysMax else { throw .tooMany }
        guard self.master(master.name) == nil else { throw .masterKeyExists(master.name) }
        masters.append(master)
        masters.sort { $0.name < $1.name }
    }

    package mutating func removeMaster(_ name: MasterKeyName) throws(VaultContentsError) {
        guard let index = masters.firstIndex(where: { $0.name == name }) else {
            throw .masterKeyUnknown(name)
        }
        masters.remove(at: index)
    }

    /// Nothing may need it any more: whoever calls this has made sure in the store.
    package mutating func dropWrappingKey(_ number: Int) throws(VaultContentsError) {
        guard number != currentWrappingKey else { throw .wrappingKeyCurrent(number) }
        guard let index = wrappingKeys.firstIndex(where: { $0.number == number }) else {
            throw .wrappingKeyUnknown(number)
        }
        wrappingKeys.remove(at: index)
    }
}

/// Why a vault cannot hold what it should. Never carries key bytes.
package enum VaultContentsError: Error, Hashable {
    case keyCount(Int)
    case keyLength(Int, CardKeys.Algorithm)
    case noteTooLong
    case diversification(DiversificationError)
    case tooMany
    case wrappingKeys
    case names
    case masterKeyExists(MasterKeyName)
    case masterKeyUnknown(MasterKeyName)
    case wrappingKeyCurrent(Int)
    case wrappingKeyUnknown(Int)
}
