package import GlobalPlatform
package import SmartCard

/// Whoever owns applications on cards.
package struct Provider: Hashable, Sendable {
    /// What a provider may take at most.
    package struct Limits: Hashable, Sendable {
        package var roomPerCard: Room
        package var cardsMax: Int
        package init(roomPerCard: Room, cardsMax: Int) {
            self.roomPerCard = roomPerCard
            self.cardsMax = cardsMax
        }
    }
    package enum Life: Hashable, Sendable {
        case active
        case suspended(reason: String)
    }
    /// Whose applications and figures it may see beside its own.
    package enum Sight: Hashable, Sendable {
        case own
        case also([ProviderID])
    }

    package var id: ProviderID
    package var name: String
    package var life: Life
    package var limits: Limits
    /// Domains with this RID or AID prefix are the provider's.
    package var domains: [AID]
    package var sight: Sight

    package init(
        id: ProviderID, name: String, life: Life = .active, limits: Limits, domains: [AID] = [],
        sight: Sight = .own
    ) {
        self.id = id
        self.name = name
        self.life = life
        self.limits = limits
        self.domains = domains
        self.sight = sight
    }
}

/// Something a holder can have on a card, whatever its version.
package struct Application: Hashable, Sendable {
    /// Row C7: a stopped service is never installed, on any card.
    package enum Service: Hashable, Sendable {
        case running
        case stopped(reason: String)
    }
    package var id: ApplicationID
    package var name: String
    package var provider: ProviderID
    package var service: Service

    package init(id: ApplicationID, name: String, provider: ProviderID, service: Service = .running) {
        self.id = id
        self.name = name
        self.provider = provider
        self.service = service
    }
}

/// One version of an application: everything that is needed to put it on a card. Never changed once published.
package struct Release: Hashable, Sendable {
    package enum Life: Hashable, Sendable {
        case draft
        case published(at: Instant)
        /// Cards that have it keep it; no card gets it.
        case withdrawn(at: Instant, reason: String)
    }

    /// How it leaves a card with its data.
    package enum Parking: Hashable, Sendable {
        /// It speaks the parking contract.
        case contract
        /// It has no data: reinstalling is enough.
        case stateless
        /// The provider's script, or its unit, writes the data again.
        case rePersonalised
        case never(reason: String)
    }

    /// A load file it needs, its own or a shared library, in the order of loading.
    package struct LoadFile: Hashable, Sendable {
        package var aid: AID
        /// SHA-256 of the load file data block, by which the blob is kept.
        package var digest: [UInt8]
        package var byteCount: Int
        package var imports: [AID]
        /// What it is expected to take where nothing was measured.
        package var declared: Room

        package init(aid: AID, digest: [UInt8], byteCount: Int, imports: [AID] = [], declared: Room) {
            self.aid = aid
            self.digest = digest
            self.byteCount = byteCount
            self.imports = imports
            self.declared = declared
        }
    }

    /// How to make an instance.
    package struct Instance: Hashable, Sendable {
        package var aid: AID
        package var module: AID
        package var loadFile: AID
        package var privileges: Privileges
        /// What goes into tag C9.
        package var parameters: [UInt8]
        package var declared: Room

        package init(
            aid: AID, module: AID, loadFile: AID, privileges: Privileges = [], parameters: [UInt8] = [],
            declared: Room
        ) {
            self.aid = aid
            self.module = module
            self.loadFile = loadFile
            self.privileges = privileges
            self.parameters = parameters
            self.declared = declared
        }
    }

    package enum Compatibility: Hashable, Sendable {
        case everyProfile
        case only([ProfileName])
    }

    package var id: ReleaseID
    package var life: Life
    package var loadFiles: [LoadFile]
    package var instances: [Instance]
    /// Data of STORE DATA commands, sent in this order after the instance is made.
    package var personalisation: [[UInt8]]
    package var parking: Parking
    package var compatibility: Compatibility
    /// Snapshots of its data may be kept while it stays on the card.
    package var permitsSnapshots: Bool

    package init(
        id: ReleaseID, life: Life = .draft, loadFiles: [LoadFile], instances: [Instance],
        personalisation: [[UInt8]] = [], parking: Parking, compatibility: Compatibility = .everyProfile,
        permitsSnapshots: Bool = false
    ) {
        self.id = id
        self.life = life
        self.loadFiles = loadFiles
        self.instances = instances
        self.personalisation = personalisation
        self.parking = parking
        self.compatibility = compatibility
        self.permitsSnapshots = permitsSnapshots
    }
}
