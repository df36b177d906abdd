package import GlobalPlatform
package import SmartCard

/// A card as the centre knows it.
package struct Card: Hashable, Sendable {
    package enum Life: Hashable, Sendable {
        case active
        /// Nothing is done with it until a person lifts this.
        case blocked(reason: String)
        /// Declared lost, broken or replaced: never served again, and its remains are never thawed.
        case retired(reason: String)
    }

    /// Which keys open it. The keys themselves stay in the vault.
    package struct KeySet: Hashable, Sendable {
        package enum Channel: Hashable, Sendable {
            case scp02
            case scp03
        }
        package var masterKey: MasterKeyName
        /// As on the card: `01`, `30`.
        package var version: UInt8
        package var channel: Channel
        /// Ten bytes of key diversification data, where the keys are derived from them.
        package var diversificationData: [UInt8]
        /// The card's challenge is computed from its sequence counter, so a session can be computed ahead.
        package var isChallengePredictable: Bool
        /// What the next session's counter should be, where the challenge is predictable.
        package var nextSequenceCounter: UInt32?
        /// The least that the next session's counter can be, by what the card has proved: one that shows less is a
        /// copy of it, or was put back to an older state.
        package var leastSequenceCounter: UInt32?

        package init(
            masterKey: MasterKeyName, version: UInt8, channel: Channel, diversificationData: [UInt8] = [],
            isChallengePredictable: Bool = false, nextSequenceCounter: UInt32? = nil,
            leastSequenceCounter: UInt32? = nil
        ) {
            self.masterKey = masterKey
            self.version = version
            self.channel = channel
            self.diversificationData = diversificationData
            self.isChallengePredictable = isChallengePredictable
            self.nextSequenceCounter = nextSequenceCounter
            self.leastSequenceCounter = leastSequenceCounter
        }
    }

    /// What was read from the card itself, and when.
    package struct Inventory: Hashable, Sendable {
        package var readAt: Instant
        /// Of the card itself (GPCS 2.3.1 table 11-6); `nil` where it does not tell.
        package var lifeCycle: UInt8?
        /// What the card reports as free; `nil` where it reports nothing that can be believed.
        package var free: Room?
        /// Free and used together, as they added up when both were last known to be true; nothing but what happens
        /// behind
        /// our back changes it. `nil` where the card's report cannot be believed.
        package var sum: Room?
        /// SHA-256 over the registry as read: a plan holds only for the registry it was made for.
        package var digest: [UInt8]
        /// The ledger and the card disagree, in words; `nil` when they agree.
        package var drift: String?

        package init(
            readAt: Instant, lifeCycle: UInt8? = nil, free: Room?, sum: Room? = nil, digest: [UInt8],
            drift: String? = nil
        ) {
            self.readAt = readAt
            self.lifeCycle = lifeCycle
            self.free = free
            self.sum = sum
            self.digest = digest
            self.drift = drift
        }
    }

    package var id: CardID
    package var profile: ProfileName
    package var issuerDomain: AID
    package var keySet: KeySet
    package var life: Life
    package var holder: HolderNumber?
    /// The last day on which it may be used (rows C3, C8).
    package var expiry: CalendarDay?
    /// How many cards this holder has had, this one included.
    package var issueNumber: Int
    package var registeredAt: Instant
    /// Fabricator, type, date, number and batch of its chip, where it tells them: two cards that call themselves by one
    /// id differ in it.
    package var serial: [UInt8]?
    package var inventory: Inventory?
    /// Counts every change of what the centre knows of this card.
    package var revision: Int64
    /// The newest link of this card's audit chain.
    package var auditHead: [UInt8]

    package init(
        id: CardID, profile: ProfileName, issuerDomain: AID, keySet: KeySet, life: Life = .active,
        holder: HolderNumber? = nil, expiry: CalendarDay? = nil, issueNumber: Int = 1, registeredAt: Instant,
        serial: [UInt8]? = nil, inventory: Inventory? = nil, revision: Int64 = 0, auditHead: [UInt8] = []
    ) {
        self.id = id
        self.profile = profile
        self.issuerDomain = issuerDomain
        self.keySet = keySet
        self.life = life
        self.holder = holder
        self.expiry = expiry
        self.issueNumber = issueNumber
        self.registeredAt = registeredAt
        self.serial = serial
        self.inventory = inventory
        self.revision = revision
        self.auditHead = auditHead
    }
}

/// An application or domain on a card, as last read.
package struct InstalledApplication: Hashable, Sendable {
    /// What people want of it when room is needed.
    package enum Stay: Hashable, Sendable {
        case mayLeave
        /// The holder wants to keep it here if anything else can leave.
        case preferred
        /// It never leaves to make room: whose wish that is, in words.
        case pinned(reason: String)
    }

    package var card: CardID
    package var aid: AID
    package var lifeCycle: UInt8
    package var privileges: Privileges
    package var loadFile: AID?
    package var domain: AID?
    /// Which release it is an instance of; `nil` for what the centre did not install and cannot name.
    package var release: ReleaseID?
    package var installedAt: Instant?
    package var lastUsedAt: Instant?
    package var stay: Stay
    /// What its installation took, as measured on this card.
    package var measured: Room?

    package init(
        card: CardID, aid: AID, lifeCycle: UInt8, privileges: Privileges = [], loadFile: AID? = nil,
        domain: AID? = nil, release: ReleaseID? = nil, installedAt: Instant? = nil,
        lastUsedAt: Instant? = nil,
        stay: Stay = .mayLeave, measured: Room? = nil
    ) {
        self.card = card
        self.aid = aid
        self.lifeCycle = lifeCycle
        self.privileges = privileges
        self.loadFile = loadFile
        self.domain = domain
        self.release = release
        self.installedAt = installedAt
        self.lastUsedAt = lastUsedAt
        self.stay = stay
        self.measured = measured
    }
}

/// A load file on a card, as last read.
package struct InstalledLoadFile: Hashable, Sendable {
    package var card: CardID
    package var aid: AID
    package var lifeCycle: UInt8
    package var version: [UInt8]?
    package var modules: [AID]
    package var domain: AID?
    /// SHA-256 of the load file data block the centre sent; `nil` where somebody else loaded it.
    package var digest: [UInt8]?
    /// What loading it took, as measured on this card.
    package var measured: Room?

    package init(
        card: CardID, aid: AID, lifeCycle: UInt8, version: [UInt8]? = nil, modules: [AID] = [],
        domain: AID? = nil, digest: [UInt8]? = nil, measured: Room? = nil
    ) {
        self.card = card
        self.aid = aid
        self.lifeCycle = lifeCycle
        self.version = version
        self.modules = modules
        self.domain = domain
        self.digest = digest
        self.measured = measured
    }
}

/// Room made ready for a provider on a card.
package struct Berth: Hashable, Sendable {
    /// How the room is kept free for its owner.
    package enum Means: Hashable, Sendable {
        /// The card keeps it: a domain with reserved memory and quota.
        case domain(AID)
        /// The card cannot; the centre's ledger does.
        case ledger
    }
    package enum State: Hashable, Sendable {
        case requested
        case ready(since: Instant)
        case releasing
    }
    /// Software resources beside memory (row A10).
    package struct Resources: Hashable, Sendable {
        package var privileges: Privileges
        package var logicalChannels: Int
        package var services: [String]
        package var libraries: [AID]
        package init(
            privileges: Privileges = [], logicalChannels: Int = 0, services: [String] = [],
            libraries: [AID] = []
        ) {
            self.privileges = privileges
            self.logicalChannels = logicalChannels
            self.services = services
            self.libraries = libraries
        }
    }

    package var card: CardID
    package var provider: ProviderID
    package var reserved: Room
    /// The most the provider may use; `nil` where only the reservation limits it.
    package var quota: Room?
    package var means: Means
    package var state: State
    package var resources: Resources

    package init(
        card: CardID, provider: ProviderID, reserved: Room, quota: Room? = nil, means: Means, state: State,
        resources: Resources = Resources()
    ) {
        self.card = card
        self.provider = provider
        self.reserved = reserved
        self.quota = quota
        self.means = means
        self.state = state
        self.resources = resources
    }
}
