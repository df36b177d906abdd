internal import CardCrypto
internal import GlobalPlatform
internal import SmartCard

/// PUT KEY (GPCS 2.3.1 §11.8).
extension VirtualCard {
    /// Keys in the factory's version stand until the first set of the issuer's own (common to Java Cards).
    private static let factoryVersion: UInt8 = 0xFF

    func putKey(
        _ command: CommandAPDU, _ domain: ApplicationEntry, _ channel: Int
    ) throws(Refusal) -> ResponseAPDU {
        let replacedVersion = command.p1 & 0x7F
        guard let newVersion = command.data.first, (0x01...0x7F).contains(newVersion) else {
            throw .incorrectData
        }
        var reader = KeyReader(rest: command.data.dropFirst())
        var keys: [CardKey] = []
        var checks: [UInt8] = []
        var identifier = command.p2 & 0x7F
        let hasMany = command.p2 & 0x80 != 0
        repeat {
            let (key, check) = try reader.key(identifier) { (data) throws(Refusal) in
                try self.decryptData(data, channel: channel)
            }
            keys.append(key)
            checks += check
            guard identifier < 0x7F || reader.isAtEnd else { throw .incorrectData }
            identifier += 1
        } while hasMany && !reader.isAtEnd
        guard reader.isAtEnd else { throw .incorrectData }
        if replacedVersion == 0 {
            try add(keys, version: newVersion, to: domain.aid)
        } else {
            try replace(version: replacedVersion, with: keys, version: newVersion, in: domain.aid)
        }
        return ResponseAPDU(data: [newVersion] + checks)
    }

    /// New keys, under names that no key has yet.
    func add(_ keys: [CardKey], version: UInt8, to domain: AID) throws(Refusal) {
        var data = state.domains[domain] ?? DomainData()
        let existing = data.keySets.first { $0.version == version }
        guard !keys.contains(where: { existing?.key($0.identifier) != nil }) else { throw .incorrectData }
        data.insert(keys, version: version)
        try finish(&data, changed: version, Set(keys.map(\.identifier)), domain)
    }

    /// What STORE DATA does with one key: a key of that name is replaced, otherwise it is new (§11.11.4).
    func putOrReplace(_ key: CardKey, version: UInt8, in domain: AID) throws(Refusal) {
        let set = state.domains[domain]?.keySets.first { $0.version == version }
        if set?.key(key.identifier) != nil {
            try replace(version: version, with: [key], version: version, in: domain)
        } else {
            try add([key], version: version, to: domain)
        }
    }

    /// The identifiers stay, the type and size stay, the version may change (§11.8.2.3.3).
    private func replace(
        version: UInt8, with keys: [CardKey], version newVersion: UInt8, in domain: AID
    ) throws(Refusal) {
        guard var data = state.domains[domain],
            let index = data.keySets.firstIndex(where: { $0.version == version })
        else { throw .referencedDataNotFound }
        for key in keys {
            guard let old = data.keySets[index].key(key.identifier) else { throw .referencedDataNotFound }
            guard old.shape == key.shape else { throw .incorrectData }
        }
        let names = Set(keys.map(\.identifier))
        if newVersion != version {
            let other = data.keySets.first { $0.version == newVersion }
            guard other?.keys.contains(where: { names.contains($0.identifier) }) != true else {
                throw .incorrectData
            }
        }
        data.keySets[index].keys.removeAll { names.contains($0.identifier) }
        data.insert(keys, version: newVersion)
        data.keySets.removeAll(where: \.keys.isEmpty)
        try finish(&data, changed: newVersion, names, domain)
    }

    /// What the domain was installed with goes before what the card does by itself.
    private func channelProtocol(for type: KeyType, _ data: DomainData) -> SecureChannelProtocol? {
        guard let usual = profile.channelProtocol(for: type), !data.channelProtocols.isEmpty else {
            return profile.channelProtocol(for: type)
        }
        return data.channelProtocols.first { $0.version == usual.version }
    }

    private func finish(
        _ data: inout DomainData, changed version: UInt8, _ names: Set<UInt8>, _ domain: AID
    ) throws(Refusal) {
        for index in data.keySets.indices {
            let type = data.keySets[index].channelKey
            data.keySets[index].channelProtocol = type.flatMap { channelProtocol(for: $0, data) }
            if data.keySets[index].version == version { data.keySets[index].beginCounting(names) }
        }
        let opensChannel = data.keySets.first { $0.version == version }?.channelProtocol != nil
        if opensChannel { data.keySets.removeAll { $0.version == Self.factoryVersion } }
        state.domains[domain] = data
        // With keys of its own a domain is complete: it takes itself to PERSONALIZED (§5.3.2.3).
        if opensChannel, let index = state.index(of: domain), !state.applications[index].isIssuerDomain,
            state.applications[index].lifeCycle == .selectable
        {
            state.applications[index].lifeCycle = .personalized
        }
    }
}

extension DomainData {
    fileprivate mutating func insert(_ keys: [CardKey], version: UInt8) {
        if let index = keySets.firstIndex(where: { $0.version == version }) {
            keySets[index].keys = (keySets[index].keys + keys).sorted { $0.identifier < $1.identifier }
        } else {
            keySets.append(CardKeySet(version: version, keys: keys, channelProtocol: nil))
        }
    }
}

extension CardKeySet {
    /// A new key of the channel begins a new count with SCP02 (§E.1.2), only a whole new set with SCP03 (Amendment D
    /// §6.2.2.1); nobody has failed with it yet. A key of another purpose changes nothing.
    fileprivate mutating func beginCounting(_ changed: Set<UInt8>) {
        let channelKeys: Set<UInt8> = [1, 2, 3]
        guard !changed.isDisjoint(with: channelKeys) else { return }
        failedAuthentications = 0
        if channelProtocol?.version != .scp03 || changed.isSuperset(of: channelKeys) { sequenceCounter = 0 }
    }
}

extension CardKey {
    /// Algorithm and size: what a replacement must keep.
    fileprivate var shape: [Int] { components.flatMap { [Int($0.type.rawValue), $0.byteCount] } }
}

/// Reads the key data fields of PUT KEY (GPCS 2.3.1 tables 11-68 to 11-71).
private struct KeyReader {
    /// No key has more parts (RSA CRT has five and a modulus, EC parameters seven).
    private static let componentsMax = 8
    var rest: ArraySlice<UInt8>
    var isAtEnd: Bool { rest.isEmpty }

    /// Returns the key, and its check value as it was sent.
    mutating func key(
        _ identifier: UInt8, decrypt: ([UInt8]) throws(Refusal) -> [UInt8]
    ) throws(Refusal) -> (CardKey, [UInt8]) {
        var components: [CardKey.Component] = []
        var isExtended = false
        repeat {
            isExtended = rest.first == 0xFF
            if isExtended { rest.removeFirst() }
            components.append(try component(decrypt))
            // Types of standard keys are above 7F, lengths of check values below: that is how the end is
            // known.
        } while (rest.first ?? 0) > 0x7F && components.count < Self.componentsMax
        let check = try field()
        try verify(check, components)
        var (usage, access): (UInt8?, UInt8?)
        if isExtended {
            usage = try field().first
            access = try field().first
        }
        let key = CardKey(identifier: identifier, components: components, usage: usage, access: access)
        return (key, check)
    }

    private mutating func component(
        _ decrypt: ([UInt8]) throws(Refusal) -> [UInt8]
    ) throws(Refusal) -> CardKey.Component {
        guard let first = rest.popFirst() else { throw .incorrectData }
        let type = KeyType(rawValue: first)
        guard type.isKnown else { throw .incorrectData }
        let block = try field(isLong: true)
        guard !block.isEmpty else { throw .incorrectData }
        if !type.isSecret { return CardKey.Component(type: type, value: Secret(block)) }
        let value = try Self.secret(block, decrypt)
        guard KeyCheck.isLengthValid(type, value.count) else { throw .incorrectData }
        return CardKey.Component(type: type, value: Secret(value))
    }

    /// With a length before it when the block is not whole cipher blocks (§11.8.2.3.3): whole blocks of 8
    /// decide for DES, of 16 for AES; a counted key never has such a length, as the count adds one to three
    /// bytes.
    private static func secret(
        _ block: [UInt8], _ decrypt: ([UInt8]) throws(Refusal) -> [UInt8]
    ) throws(Refusal) -> [UInt8] {
        if block.count.isMultiple(of: 8) { return try decrypt(block) }
        var rest = block[...]
        guard let count = try? BERTLV.readLength(&rest) else { throw .incorrectData }
        let plain = try decrypt(Array(rest))
        guard count > 0, count <= plain.count else { throw .incorrectData }
        return Array(plain.prefix(count))
    }

    private func verify(_ check: [UInt8], _ components: [CardKey.Component]) throws(Refusal) {
        guard components.count == 1, let only = components.first else { return }
        let expected = only.value.withBytes { KeyCheck.value(only.type, Array($0)) }
        guard let expected else { return }
        // For symmetric keys it must be there (§11.8.2.3.3).
        guard !check.isEmpty else { throw .incorrectData }
        guard check == expected else { throw .securityStatusNotSatisfied }
    }

    private mutating func field(isLong: Bool = false) throws(Refusal) -> [UInt8] {
        guard let first = rest.first else { throw .incorrectData }
        let count: Int
        if isLong, first != 0x80 {
            guard let length = try? BERTLV.readLength(&rest) else { throw .incorrectData }
            count = length
        } else {
            rest.removeFirst()
            count = Int(first)
        }
        guard count <= rest.count else { throw .incorrectData }
        defer { rest = rest.dropFirst(count) }
        return Array(rest.prefix(count))
    }
}

extension KeyType {
    /// GPCS 2.3.1 table 11-16; what it reserves is refused.
    fileprivate var isKnown: Bool {
        switch rawValue {
        case 0x80, 0x85, 0x88, 0x90, 0x91, 0xA0...0xA8, 0xB0...0xB7, 0xF0: true
        default: false
        }
    }
}
