package import GlobalPlatform
internal import SmartCard

/// What things take on cards of one profile: learned where something was, else estimated from the CAP file, else as
/// declared with a margin.
package struct SizeBook: Sendable {
    package let model: CardModel
    private let footprints: [Footprint.Part: Footprint]
    private let estimates: [Footprint.Part: FootprintRange]
    private let releases: [ReleaseID: Release]
    /// Where the profile's report cannot be believed, nothing learned from it may make anything smaller.
    package let isReportDoubted: Bool

    /// - Parameter estimates: of CAP files for this model (`FootprintEstimate`); non-volatile bytes.
    package init(
        model: CardModel, footprints: [Footprint] = [], releases: [Release] = [],
        estimates: [Footprint.Part: FootprintRange] = [:]
    ) {
        self.model = model
        var parts: [Footprint.Part: Footprint] = [:]
        for footprint in footprints where footprint.profile == model.profile {
            parts[footprint.part] = footprint
        }
        self.footprints = parts
        self.estimates = estimates
        var known: [ReleaseID: Release] = [:]
        for release in releases { known[release.id] = release }
        self.releases = known
        isReportDoubted = parts[.report]?.isReportDoubted ?? false
    }

    /// So many measurements, and their spread is believed as it is.
    static let samplesTrusted = 3
    /// Of what is only declared, this part may be missing.
    static let marginDivisor = 4

    package func size(of file: Release.LoadFile) -> Picture.Size {
        size(.loadFile(digest: file.digest), declared: file.declared, overhead: model.loadFileOverheadBytes)
    }

    package func size(of instance: Release.Instance, of release: ReleaseID) -> Picture.Size {
        size(.instance(release, instance.aid), declared: instance.declared, overhead: model.instanceBytes)
    }

    /// Of what is on a card: as measured there, unless its report is doubted.
    package func size(of application: InstalledApplication) -> Picture.Size {
        let declared = application.release.flatMap { id in
            releases[id]?.instances.first { $0.aid == application.aid }.map { size(of: $0, of: id) }
        }
        return merge(application.measured, with: declared ?? unknownApplication(application))
    }

    package func size(of file: InstalledLoadFile) -> Picture.Size {
        let part = file.digest.flatMap { digest in
            releases.values.lazy.flatMap(\.loadFiles).first { $0.digest == digest }
        }
        return merge(file.measured, with: part.map { size(of: $0) } ?? unknownLoadFile)
    }

    /// What is known of everything in the releases, in the form that plans want.
    package var learned: [Picture.Part: Picture.Size] {
        var sizes: [Picture.Part: Picture.Size] = [:]
        for release in releases.values {
            for file in release.loadFiles { sizes[Picture.Part(release.id, file.aid)] = size(of: file) }
            for instance in release.instances {
                sizes[Picture.Part(release.id, instance.aid)] = size(of: instance, of: release.id)
            }
        }
        return sizes
    }

    /// What loading this cannot have taken less than; tells a report that does not move from one that does.
    package func least(of file: Release.LoadFile) -> Room {
        if let estimate = estimates[.loadFile(digest: file.digest)] { return Room(nonVolatile: estimate.low) }
        // Linking throws tables away and never half of the code.
        return Room(nonVolatile: file.byteCount / 2)
    }

    /// An entry in the registry is something.
    package var leastOfInstance: Room { Room(nonVolatile: 1) }

    private func size(_ part: Footprint.Part, declared: Room, overhead: Int) -> Picture.Size {
        let guess = guess(part, declared: declared, overhead: overhead)
        guard let learned = learned(part) else { return guess }
        guard isReportDoubted else { return learned }
        return larger(learned, guess)
    }

    private func learned(_ part: Footprint.Part) -> Picture.Size? {
        guard let footprint = footprints[part],
            let nonVolatile = footprint.nonVolatile(block: model.blockBytes),
            let volatile = footprint.volatile(block: model.blockBytes)
        else { return nil }
        func spread(_ summary: SampleSummary, least: Int) -> Int {
            let seen = max(summary.highest - summary.mean, summary.mean - summary.lowest)
            return summary.count < Self.samplesTrusted ? max(seen, least) : seen
        }
        return Picture.Size(
            Room(nonVolatile: nonVolatile.mean, volatile: volatile.mean),
            spread: Room(
                nonVolatile: spread(nonVolatile, least: model.blockBytes),
                volatile: spread(volatile, least: 0)),
            origin: .learned)
    }

    private func guess(_ part: Footprint.Part, declared: Room, overhead: Int) -> Picture.Size {
        if let estimate = estimates[part] {
            let expected = max(estimate.expected, declared.nonVolatile)
            return Picture.Size(
                model.rounded(Room(nonVolatile: expected, volatile: declared.volatile)),
                spread: margin(
                    Room(nonVolatile: max(0, estimate.high - expected), volatile: declared.volatile)),
                origin: .declared)
        }
        let room = model.rounded(
            Room(nonVolatile: declared.nonVolatile + overhead, volatile: declared.volatile))
        let quarter = Room(
            nonVolatile: room.nonVolatile / Self.marginDivisor, volatile: room.volatile / Self.marginDivisor)
        return Picture.Size(room, spread: margin(quarter), origin: .declared)
    }

    /// In whole blocks, and at least one.
    private func margin(_ room: Room) -> Room {
        model.rounded(Room(nonVolatile: max(model.blockBytes, room.nonVolatile), volatile: room.volatile))
    }

    private func merge(_ measured: Room?, with other: Picture.Size) -> Picture.Size {
        guard let measured else { return other }
        let exact = Picture.Size(measured, origin: .measured)
        return isReportDoubted ? larger(exact, other) : exact
    }

    /// As much as the larger of both may be.
    private func larger(_ one: Picture.Size, _ other: Picture.Size) -> Picture.Size {
        let room = Room(
            nonVolatile: max(one.room.nonVolatile, other.room.nonVolatile),
            volatile: max(one.room.volatile, other.room.volatile))
        let most = Room(
            nonVolatile: max(one.most.nonVolatile, other.most.nonVolatile),
            volatile: max(one.most.volatile, other.most.volatile))
        return Picture.Size(room, spread: most - room, origin: other.origin)
    }

    private func unknownApplication(_ application: InstalledApplication) -> Picture.Size {
        let bytes = application.privileges.has(.securityDomain) ? model.domainBytes : model.instanceBytes
        let room = model.rounded(Room(nonVolatile: bytes))
        return Picture.Size(room, spread: room, origin: .declared)
    }

    private var unknownLoadFile: Picture.Size {
        let room = model.rounded(Room(nonVolatile: model.loadFileOverheadBytes))
        return Picture.Size(room, spread: room, origin: .declared)
    }
}
