package import SmartCard

/// Everything a plan is made from, as plain values: the same picture and wish give the same plan.
package struct Picture: Hashable, Sendable {
    /// What something takes on a card, and how sure that is.
    package struct Size: Hashable, Sendable {
        package enum Origin: Hashable, Sendable, Codable {
            /// Read on this very card.
            case measured
            /// From other cards of the same profile.
            case learned
            /// As the release says, or from the file's size.
            case declared
        }
        package var room: Room
        /// How far off it may be, either way.
        package var spread: Room
        package var origin: Origin

        package init(_ room: Room, spread: Room = .none, origin: Origin) {
            self.room = room
            self.spread = spread
            self.origin = origin
        }

        /// What to have ready for it.
        package var most: Room { room + spread }
        /// What its leaving gives for certain.
        package var least: Room {
            Room(
                nonVolatile: max(0, room.nonVolatile - spread.nonVolatile),
                volatile: max(0, room.volatile - spread.volatile))
        }
    }

    package struct Installed: Hashable, Sendable {
        package var entry: InstalledApplication
        package var size: Size
        /// Bytes of its image, where it is known; else the size it takes is the measure.
        package var imageBytes: Int?

        package init(_ entry: InstalledApplication, size: Size, imageBytes: Int? = nil) {
            self.entry = entry
            self.size = size
            self.imageBytes = imageBytes
        }
    }

    package struct Loaded: Hashable, Sendable {
        package var entry: InstalledLoadFile
        package var size: Size
        /// Load files that it cannot be without.
        package var imports: [AID]
        /// Bytes of the load file data block, where it is known.
        package var byteCount: Int?

        package init(_ entry: InstalledLoadFile, size: Size, imports: [AID] = [], byteCount: Int? = nil) {
            self.entry = entry
            self.size = size
            self.imports = imports
            self.byteCount = byteCount
        }
    }

    /// Room made ready, and what its owner already uses of it.
    package struct HeldBerth: Hashable, Sendable {
        package var berth: Berth
        package var used: Room
        /// What the card itself keeps of it, in a domain.
        package var kept: Room

        /// - Parameter kept: as it was made, where it is not told.
        package init(_ berth: Berth, used: Room, kept: Room? = nil) {
            self.berth = berth
            self.used = used
            switch berth.means {
            case .domain: self.kept = kept ?? berth.reserved.shortage(given: used)
            case .ledger: self.kept = .none
            }
        }

        /// Reserved and not used yet: nobody else's.
        package var remainder: Room { berth.reserved.shortage(given: used) }
        /// What the ledger must keep back of what the card calls free.
        package var outstanding: Room { remainder.shortage(given: kept) }
    }

    /// One part of a release: a load file or an instance, by its AID.
    package struct Part: Hashable, Sendable {
        package var release: ReleaseID
        package var aid: AID

        package init(_ release: ReleaseID, _ aid: AID) {
            self.release = release
            self.aid = aid
        }

        /// Few releases have a part of the same name; equality decides.
        package func hash(into hasher: inout Hasher) { hasher.combine(aid) }
    }

    /// What somebody beside the card's own pins wants of an application when room is needed.
    package enum Veto: Hashable, Sendable {
        case byProvider(reason: String)
        case byHolder(reason: String)
    }

    package var card: Card
    package var model: CardModel
    /// What the card says is free, or what is left of its memory by the ledger.
    package var free: Room
    /// Whether the card said so itself.
    package var isFreeMeasured: Bool
    package var installed: [Installed]
    package var loaded: [Loaded]
    package var berths: [HeldBerth]
    /// What providers use that want room kept for them: it counts towards that room.
    package var used: [ProviderID: Room] = [:]
    /// Held or on its way, of this card and of its holder's other cards.
    package var custody: [Custody]
    package var applications: [ApplicationID: Application]
    /// Releases that are wanted, and those of everything installed or kept.
    package var releases: [ReleaseID: Release]
    /// Load files of others that stand in for what a release needs; what nobody publishes is missing among them.
    package var libraries: [ReleaseID: [NeededLoadFile]]
    /// How load files describe themselves, by their digests: those that need what others bring, and what would do.
    package var packages: [[UInt8]: KeptLoadFile]
    /// Digests of load files that several providers publish, where there are berths: charged to none of them.
    package var common: Set<[UInt8]> = []
    /// Learned sizes of what is not on the card; what is missing here is taken as declared.
    package var learned: [Part: Size]
    package var vetoes: [ApplicationID: Veto]
    /// Minor units per day of custody.
    package var fees: [ApplicationID: DailyFee]
    /// What the holder uses, for a new card (row C7).
    package var holderSet: [ApplicationID]
    /// Stays that hold a copy which was made while the application stayed on its card, and when.
    package var copiedAt: [CustodyKey: Instant]
    /// Cards of the holder beside this one that are not retired; told where this one is to be filled.
    package var otherCards: [CardID]
    /// Domains with keys of their own that providers have on this card.
    package var ownDomains: [ProviderID: AID]
    package var now: Instant

    package init(
        card: Card, model: CardModel, free: Room, isFreeMeasured: Bool, installed: [Installed] = [],
        loaded: [Loaded] = [], berths: [HeldBerth] = [], custody: [Custody] = [],
        applications: [ApplicationID: Application] = [:], releases: [ReleaseID: Release] = [:],
        libraries: [ReleaseID: [NeededLoadFile]] = [:], packages: [[UInt8]: KeptLoadFile] = [:],
        learned: [Part: Size] = [:], vetoes: [ApplicationID: Veto] = [:],
        fees: [ApplicationID: DailyFee] = [:], holderSet: [ApplicationID] = [],
        copiedAt: [CustodyKey: Instant] = [:], otherCards: [CardID] = [], ownDomains: [ProviderID: AID] = [:],
        now: Instant
    ) {
        self.card = card
        self.model = model
        self.free = free
        self.isFreeMeasured = isFreeMeasured
        self.installed = installed
        self.loaded = loaded
        self.berths = berths
        self.custody = custody
        self.applications = applications
        self.releases = releases
        self.libraries = libraries
        self.packages = packages
        self.learned = learned
        self.vetoes = vetoes
        self.fees = fees
        self.holderSet = holderSet
        self.copiedAt = copiedAt
        self.otherCards = otherCards
        self.ownDomains = ownDomains
        self.now = now
    }
}

/// What one day of custody costs, in the smallest unit of a currency.
package struct DailyFee: Hashable, Sendable, Codable {
    package var minorUnits: Int
    package var currency: String

    package init(minorUnits: Int, currency: String) {
        self.minorUnits = minorUnits
        self.currency = currency
    }

    /// All together, one for each currency.
    package static func sums(_ fees: [DailyFee]) -> [DailyFee] {
        var sums: [String: Int] = [:]
        for fee in fees { sums[fee.currency, default: 0] += fee.minorUnits }
        return sums.keys.sorted().map { DailyFee(minorUnits: sums[$0] ?? 0, currency: $0) }
    }
}

extension DailyFee: CustomStringConvertible {
    /// As on a bill: `0.05 EUR`.
    package var description: String {
        Currency(currency).map { Money(Int64(minorUnits), $0).description } ?? "\(minorUnits) \(currency)"
    }
}
