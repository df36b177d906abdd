package import SmartCard

/// What one part of a release took on cards of one profile, as measured: free memory before the step less free memory
/// after it.
package struct Footprint: Hashable, Sendable {
    package enum Part: Hashable, Sendable {
        /// A load file by the SHA-256 of its data block: the same code is the same, whoever's release it is in.
        case loadFile(digest: [UInt8])
        /// An instance of a release, with its personalisation.
        case instance(ReleaseID, AID)
        /// How far the memory report of the profile's cards can be believed; it has no measurements of its own.
        case report

        /// What tells parts apart nearly always, and takes no time; equality decides.
        package func hash(into hasher: inout Hasher) {
            switch self {
            case .loadFile(let digest): digest.withUnsafeBytes { hasher.combine(bytes: $0) }
            case .instance(_, let aid): hasher.combine(aid)
            case .report: break
            }
        }
    }

    package var profile: ProfileName
    package var part: Part
    /// All measurements that were believed, those no longer kept included.
    package var count: Int
    /// Measurements that could not be true.
    package var refusedCount: Int
    /// The newest, oldest first.
    package var samples: [Room]
    package var changedAt: Instant

    package init(
        profile: ProfileName, part: Part, count: Int = 0, refusedCount: Int = 0, samples: [Room] = [],
        changedAt: Instant
    ) {
        self.profile = profile
        self.part = part
        self.count = count
        self.refusedCount = refusedCount
        self.samples = samples
        self.changedAt = changedAt
    }
}
