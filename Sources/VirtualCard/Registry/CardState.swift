package import GlobalPlatform
package import SmartCard

/// All that outlives the power: one value, so that a command either replaces it or leaves it.
package struct CardState: Equatable, Sendable {
    package internal(set) var card: CardWideData
    /// In the order of installation; the issuer domain is the first.
    package internal(set) var applications: [ApplicationEntry]
    package internal(set) var loadFiles: [LoadFileEntry]
    package internal(set) var domains: [AID: DomainData]
    package internal(set) var memories: [AID: InstanceMemory]
    /// The one upgrade that is under way, or that was the last.
    package internal(set) var upgrade: UpgradeRecord?
}

extension CardState {
    /// What the changes of a new card file start from; no card is ever in this state.
    static let empty = CardState(
        card: CardWideData(
            lifeCycle: .terminated, productionLifeCycle: [], diversificationData: [], restrictions: 0,
            nextSerial: 0),
        applications: [], loadFiles: [], domains: [:], memories: [:])
}

/// What belongs to the card and to no entry.
package struct CardWideData: Equatable, Sendable {
    package internal(set) var lifeCycle: CardLifeCycle
    /// The value of `9F7F`.
    package internal(set) var productionLifeCycle: [UInt8]
    /// The ten bytes that lead the answer to INITIALIZE UPDATE.
    package internal(set) var diversificationData: [UInt8]
    /// Functions that `D9` disabled for good (GPCS 2.3.1 table 11-53).
    package internal(set) var restrictions: UInt8
    /// The next place in the order of loading and installation.
    var nextSerial: UInt32
}

/// What a security domain keeps for itself (GPCS 2.3.1 §7.4 and §7.5).
package struct DomainData: Equatable, Sendable {
    package struct Object: Equatable, Sendable {
        package let tag: BERTag
        package let value: [UInt8]
    }

    package internal(set) var keySets: [CardKeySet] = []
    package internal(set) var objects: [Object] = []
    package internal(set) var confirmationCounter: UInt16 = 0
    package internal(set) var restrictions: UInt8 = 0
    /// The channels that its keys open, when its installation said so; else those of the profile.
    package internal(set) var channelProtocols: [SecureChannelProtocol] = []

    package init() {}

    /// The sets that open a secure channel.
    package var channelKeySets: [CardKeySet] { keySets.filter { $0.channelProtocol != nil } }

    /// The set that key version 0 means: the first that was put.
    package var defaultKeySet: CardKeySet? { keySets.first { $0.channelProtocol != nil } }

    package func value(_ tag: BERTag) -> [UInt8]? { objects.first { $0.tag == tag }?.value }

    mutating func set(_ tag: BERTag, _ value: [UInt8]) {
        let object = Object(tag: tag, value: value)
        if let index = objects.firstIndex(where: { $0.tag == tag }) {
            objects[index] = object
        } else {
            objects.append(object)
        }
    }
}

/// The objects of one instance, by ascending number.
package struct InstanceMemory: Equatable, Sendable {
    package enum Contents: Equatable, Sendable {
        case persistent([UInt8])
        /// Only the size outlives the power.
        case transient(byteCount: Int, TransientClearing)
    }

    package struct Object: Equatable, Sendable {
        package let number: ObjectNumber
        package internal(set) var contents: Contents
    }

    package internal(set) var objects: [Object] = []
    package init() {}

    func index(of number: ObjectNumber, isTransient: Bool) -> Int? {
        objects.firstIndex { $0.number == number && $0.isTransient == isTransient }
    }

    mutating func insert(_ object: Object) {
        let place = objects.firstIndex { $0.order > object.order } ?? objects.endIndex
        objects.insert(object, at: place)
    }
}

extension InstanceMemory.Object {
    var isTransient: Bool {
        switch contents {
        case .persistent: false
        case .transient: true
        }
    }

    /// Persistent and transient objects have numbers of their own.
    var order: UInt32 { (isTransient ? 0x1_0000 : 0) | UInt32(number) }
}
