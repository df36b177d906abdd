internal import GlobalPlatform
internal import SmartCard

/// What things take on cards of one profile: learned where something was, else as declared, with a margin that what
/// was learned of other things narrows.
package struct SizeBook: Sendable {
    package let model: CardModel
    /// What measurements say.
    private let measured: [Footprint.Part: Picture.Size]
    private let releases: [ReleaseID: Release]
    /// Where the profile's report cannot be believed, nothing learned from it may make anything smaller.
    package let isReportDoubted: Bool

    package init(model: CardModel, footprints: [Footprint] = [], releases: [Release] = []) {
        self.model = model
        var measured: [Footprint.Part: Picture.Size] = [:]
        measured.reserveCapacity(footprints.count)
        var isReportDoubted = false
        for footprint in footprints where footprint.profile == model.profile {
            measured[footprint.part] = Picture.Size(footprint, block: model.blockBytes)
            if footprint.isReportDoubted { isReportDoubted = true }
        }
        self.measured = measured
        self.isReportDoubted = isReportDoubted
        var known: [ReleaseID: Release] = [:]
        known.reserveCapacity(releases.count)
        for release in releases { known[release.id] = release }
        self.releases = known
    }

    /// So many measurements, and their spread is believed as it is; so many things measured, and what they took tells
    /// how far off declarations are.
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
        merge(application.measured) {
            application.release.flatMap { id in
                releases[id]?.instances.first { $0.aid == application.aid }.map { size(of: $0, of: id) }
            } ?? unknownApplication(application)
        }
    }

    package func size(of file: InstalledLoadFile) -> Picture.Size {
        merge(file.measured) {
            file.digest.flatMap { digest in
                releases.values.lazy.flatMap(\.loadFiles).first { $0.digest == digest }
            }.map { size(of: $0) } ?? unknownLoadFile
        }
    }

    /// What is known of everything in these releases, in the form that plans want.
    package func learned(of releases: [Release]) -> [Picture.Part: Picture.Size] {
        var sizes: [Picture.Part: Picture.Size] = [:]
        sizes.reserveCapacity(2 * releases.count)
        for release in releases {
            for file in release.loadFiles { sizes[Picture.Part(release.id, file.aid)] = size(of: file) }
            for instance in release.instances {
                sizes[Picture.Part(release.id, instance.aid)] = size(of: instance, of: release.id)
            }
        }
        return sizes
    }

    /// What loading this cannot have taken less than; tells a report that does not move from one that does.
    package func least(of file: Release.LoadFile) -> Room {
        // Linking throws tables away and never half of the code.
        return Room(nonVolatile: file.byteCount / 2)
    }

    /// An entry in the registry is something.
    package var leastOfInstance: Room { Room(nonVolatile: 1) }

    private func size(_ part: Footprint.Part, declared: Room, overhead: Int) -> Picture.Size {
        let learned = measured[part]
        if let learned, !isReportDoubted { return learned }
        let guess = guess(part, expected(declared, overhead))
        return learned.map { larger($0, guess) } ?? guess
    }

    private func expected(_ declared: Room, _ overhead: Int) -> Room {
        model.rounded(Room(nonVolatile: declared.nonVolatile + overhead, volatile: declared.volatile))
    }

    /// A quarter may be missing of what is only declared. Where enough of its kind was measured on the profile, these
    /// tell better: what they took beside what was declared, in proportion and in bytes; its mean is expected, and the
    /// greatest is at hand. Of things that are larger or smaller than it one of both always says too little.
    private func guess(_ part: Footprint.Part, _ room: Room) -> Picture.Size {
        let quarter = Room(
            nonVolatile: room.nonVolatile / Self.marginDivisor, volatile: room.volatile / Self.marginDivisor)
        let seen = isReportDoubted ? [] : experience(with: part)
        let taken = seen.flatMap { [$0.scaled(to: room.nonVolatile), $0.shifted(to: room.nonVolatile)] }
        guard let most = taken.max(), seen.count >= Self.samplesTrusted else {
            return Picture.Size(room, spread: margin(quarter), origin: .declared)
        }
        let mean = model.rounded(
            Room(nonVolatile: taken.reduce(0, +) / taken.count, volatile: room.volatile))
        return Picture.Size(
            mean,
            spread: margin(
                Room(nonVolatile: max(0, most - mean.nonVolatile), volatile: quarter.volatile)),
            origin: .declared)
    }

    /// What one thing took, beside what was expected of it.
    private struct Experience {
        var expected: Int
        var taken: Int

        func scaled(to other: Int) -> Int { other * taken / max(1, expected) }
        func shifted(to other: Int) -> Int { max(0, other + taken - expected) }
    }

    /// With other things of its kind, each once.
    private func experience(with part: Footprint.Part) -> [Experience] {
        // Every part of every release asks, and where nothing was measured each would look through all others.
        guard !measured.isEmpty else { return [] }
        var seen: [Footprint.Part: Experience] = [:]
        func add(_ other: Footprint.Part, _ expected: Room) {
            guard other != part, seen[other] == nil, let size = measured[other] else { return }
            seen[other] = Experience(expected: expected.nonVolatile, taken: size.room.nonVolatile)
        }
        for release in releases.values {
            switch part {
            case .report: break
            case .loadFile:
                for file in release.loadFiles {
                    add(.loadFile(digest: file.digest), expected(file.declared, model.loadFileOverheadBytes))
                }
            case .instance:
                for instance in release.instances {
                    add(.instance(release.id, instance.aid), expected(instance.declared, model.instanceBytes))
                }
            }
        }
        return Array(seen.values)
    }

    /// In whole blocks, and at least one.
    private func margin(_ room: Room) -> Room {
        model.rounded(Room(nonVolatile: max(model.blockBytes, room.nonVolatile), volatile: room.volatile))
    }

    private func merge(_ measured: Room?, with other: () -> Picture.Size) -> Picture.Size {
        guard let measured else { return other() }
        let exact = Picture.Size(measured, origin: .measured)
        return isReportDoubted ? larger(exact, other()) : exact
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

extension Picture.Size {
    /// Below so many measurements that agree, one block more may be needed; `nil` without any.
    fileprivate init?(_ footprint: Footprint, block: Int) {
        guard let nonVolatile = footprint.nonVolatile(block: block),
            let volatile = footprint.volatile(block: block)
        else { return nil }
        func spread(_ summary: SampleSummary, least: Int) -> Int {
            let seen = max(summary.highest - summary.mean, summary.mean - summary.lowest)
            return summary.count < SizeBook.samplesTrusted ? max(seen, least) : seen
        }
        self.init(
            Room(nonVolatile: nonVolatile.mean, volatile: volatile.mean),
            spread: Room(
                nonVolatile: spread(nonVolatile, least: block), volatile: spread(volatile, least: 0)),
            origin: .learned)
    }
}
