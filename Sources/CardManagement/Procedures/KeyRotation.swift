package import GlobalPlatform

/// How a domain's secure channel keys become others, decided before anything is sent: at every step at least one set
/// whose keys are known opens the domain, and a step that was interrupted can be taken again.
package struct KeyRotation: Hashable, Sendable {
    /// What a card must be told of a key set to take it; never its value.
    package struct Shape: Hashable, Sendable {
        package let type: KeyType
        package let byteCount: Int

        package init(type: KeyType, byteCount: Int) {
            self.type = type
            self.byteCount = byteCount
        }
    }

    package struct Wish: Hashable, Sendable {
        /// The version of the set in use, as the card reported it.
        package var current: UInt8
        /// `nil` takes the first free one of the range that every card accepts for the protocol.
        package var newVersion: UInt8?
        package var shape: Shape
        /// For a card without room for two sets.
        package var replacesInPlace: Bool
        package var keepsOld: Bool

        package init(
            current: UInt8, newVersion: UInt8? = nil, shape: Shape, replacesInPlace: Bool = false,
            keepsOld: Bool = false
        ) {
            self.current = current
            self.newVersion = newVersion
            self.shape = shape
            self.replacesInPlace = replacesInPlace
            self.keepsOld = keepsOld
        }
    }

    /// What is known of an earlier attempt with the same keys that did not end.
    package enum Attempt: Hashable, Sendable {
        case none
        /// The set of this version was begun, and does not open with the new keys: it is not there, or is another.
        case unfinished(version: UInt8)
        /// The set of this version opens with the new keys.
        case stands(version: UInt8, old: UInt8)
    }

    package enum Way: Hashable, Sendable {
        /// The old set stays until a session with the new one was opened.
        case beside
        /// The card drops its initial keys when it takes the first set of the issuer's (version FF).
        case endsInitialKeys
        /// The new set takes the place of the old one in one command: the card takes all keys or none.
        case inPlace
        /// The new set stands already; what is left is to delete the old one.
        case finishes
    }

    package enum Step: Hashable, Sendable {
        /// PUT KEY with the whole set in one command; the card's check values must be those of the keys.
        case put(version: UInt8, replacing: UInt8?)
        /// A new session with the new keys.
        case verify(version: UInt8)
        case delete(version: UInt8)
    }

    package enum Refusal: Error, Hashable {
        /// Another set has the version, and nothing shows that it is from an earlier attempt.
        case versionTaken(UInt8)
        case noVersionFree(ClosedRange<UInt8>)
        case versionOutOfRange(UInt8)
        /// A replacement keeps type and length (GPCS 2.3.1 §11.8.2.3.3).
        case otherShape(onCard: [Shape], wanted: Shape)
        /// The card does not tell its keys, so no free version can be chosen.
        case keysUnknown
    }

    /// Version numbers of initial keys, which the card itself ends (GPCS 2.3.1 §7.5.2).
    package static let initialVersion: UInt8 = 0xFF
    /// The identifiers of ENC, MAC and DEK.
    package static let identifiers: ClosedRange<UInt8> = 1...3

    package let way: Way
    package let old: UInt8
    package let new: UInt8
    package let steps: [Step]

    /// - Parameter keys: the card's key information template; empty where it has none.
    package init(
        _ wish: Wish, keys: [KeyInformation], attempt: Attempt = .none
    ) throws(Refusal) {
        if case .stands(let version, let old) = attempt {
            let isOldThere = old != version && keys.contains { $0.version == old }
            self.init(
                way: .finishes, old: old, new: version,
                steps: isOldThere && !wish.keepsOld ? [.delete(version: old)] : [])
            return
        }
        let version = try Self.version(wish, keys, attempt)
        let isTaken = keys.contains { $0.version == version }
        let isOurs = attempt == .unfinished(version: version)
        if version == wish.current || (wish.replacesInPlace && wish.current != Self.initialVersion) {
            guard version == wish.current || !isTaken else { throw .versionTaken(version) }
            try Self.checkShape(wish, keys)
            self.init(
                way: .inPlace, old: wish.current, new: version,
                steps: [.put(version: version, replacing: wish.current), .verify(version: version)]
                    + Self.cleaning(after: attempt, keys, sparing: [version, wish.current]))
            return
        }
        guard !isTaken || isOurs else { throw .versionTaken(version) }
        var steps = Self.puts(version, isTaken: isTaken, wish.shape, keys)
        steps.append(.verify(version: version))
        if wish.current != Self.initialVersion, !wish.keepsOld {
            steps.append(.delete(version: wish.current))
        }
        steps += Self.cleaning(after: attempt, keys, sparing: [version, wish.current])
        self.init(
            way: wish.current == Self.initialVersion ? .endsInitialKeys : .beside, old: wish.current,
            new: version, steps: steps)
    }

    /// A set that an earlier attempt left is replaced, or deleted first where the card could not replace it.
    private static func puts(
        _ version: UInt8, isTaken: Bool, _ shape: Shape, _ keys: [KeyInformation]
    ) -> [Step] {
        guard isTaken else { return [.put(version: version, replacing: nil)] }
        return shapes(of: version, keys) == [shape, shape, shape]
            ? [.put(version: version, replacing: version)]
            : [.delete(version: version), .put(version: version, replacing: nil)]
    }

    /// What an earlier attempt put under another version goes, once the new keys hold.
    private static func cleaning(
        after attempt: Attempt, _ keys: [KeyInformation], sparing spared: [UInt8]
    ) -> [Step] {
        guard case .unfinished(let left) = attempt, !spared.contains(left),
            keys.contains(where: { $0.version == left })
        else { return [] }
        return [.delete(version: left)]
    }

    private init(way: Way, old: UInt8, new: UInt8, steps: [Step]) {
        self.way = way
        self.old = old
        self.new = new
        self.steps = steps
    }

    /// Whether the old keys stop to open the domain before the new ones have opened it.
    package var replacesBeforeVerifying: Bool {
        switch way {
        case .endsInitialKeys, .inPlace: true
        case .beside, .finishes: false
        }
    }

    /// The ranges that UICC configurations and many cards want for the protocol, and no card refuses.
    package static func usualVersions(for type: KeyType) -> ClosedRange<UInt8> {
        type == .aes ? 0x30...0x3F : 0x20...0x2F
    }

    private static func version(
        _ wish: Wish, _ keys: [KeyInformation], _ attempt: Attempt
    ) throws(Refusal) -> UInt8 {
        if let named = wish.newVersion {
            guard (0x01...0x7F).contains(named) else { throw .versionOutOfRange(named) }
            return named
        }
        if case .unfinished(let version) = attempt { return version }
        if wish.replacesInPlace, wish.current != initialVersion { return wish.current }
        guard !keys.isEmpty else { throw .keysUnknown }
        let range = usualVersions(for: wish.shape.type)
        guard let free = range.first(where: { version in !keys.contains { $0.version == version } }) else {
            throw .noVersionFree(range)
        }
        return free
    }

    private static func checkShape(_ wish: Wish, _ keys: [KeyInformation]) throws(Refusal) {
        let present = shapes(of: wish.current, keys)
        guard present.allSatisfy({ $0 == wish.shape }) else {
            throw .otherShape(onCard: present, wanted: wish.shape)
        }
    }

    private static func shapes(of version: UInt8, _ keys: [KeyInformation]) -> [Shape] {
        keys.filter { $0.version == version && identifiers.contains($0.identifier) }
            .compactMap { key in
                key.components.first.map { Shape(type: $0.type, byteCount: $0.byteCount) }
            }
    }
}
