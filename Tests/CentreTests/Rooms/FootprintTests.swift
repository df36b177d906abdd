import Centre
import GlobalPlatform
import SmartCard
import Storage
import TestSupport
import Testing

private typealias F = RoomFacts

@Suite("Footprints")
struct FootprintTests {
    /// Samples, block; count, outliers, lowest, highest, mean, deviation, worked out by hand.
    static let summaries: [([Int], Int, [Int])] = [
        ([1_248], 32, [1, 0, 1_248, 1_248, 1_248, 0]),
        ([1_248, 1_248, 1_248], 32, [3, 0, 1_248, 1_248, 1_248, 0]),
        // Within one block nothing is an outlier.
        ([1_248, 1_280], 32, [2, 0, 1_248, 1_280, 1_264, 16]),
        // A collection of garbage gave 9,000 bytes back meanwhile; another change took 4,000.
        ([1_248, 1_248, 1_248, 1_248, -7_752], 32, [4, 1, 1_248, 1_248, 1_248, 0]),
        ([1_248, 5_248, 1_248, 1_280, 1_248], 32, [4, 1, 1_248, 1_280, 1_256, 14]),
        // Halves round up, also below zero.
        ([1, 2], 32, [2, 0, 1, 2, 2, 1]), ([-1, -2], 32, [2, 0, -2, -1, -1, 1]),
        ([0, 0, 0], 1, [3, 0, 0, 0, 0, 0]),
        // A spread that all samples share is no outlier: the median distance is 100.
        ([900, 1_000, 1_100, 1_200, 1_300], 32, [5, 0, 900, 1_300, 1_100, 142]),
        ([1 << 30, 1 << 30], 32, [2, 0, 1 << 30, 1 << 30, 1 << 30, 0]),
    ]

    @Test("figures are whole numbers, and outliers do not count", .mission(.point3), arguments: 0..<10)
    func summary(_ index: Int) throws {
        let (samples, block, expected) = Self.summaries[index]
        let summary = try #require(SampleSummary(samples, block: block))
        let figures = [
            summary.count, summary.outlierCount, summary.lowest, summary.highest, summary.mean,
            summary.deviation,
        ]
        #expect(figures == expected)
        #expect(SampleSummary(samples.reversed(), block: block) == summary)
    }

    @Test("nothing measured is no figure")
    func nothing() { #expect(SampleSummary([], block: 32) == nil) }

    @Test("the order of samples does not matter", arguments: [UInt64](1...10))
    func order(_ seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let samples = (0..<32).map { _ in Int.random(in: 0...5_000, using: &generator) }
        let summary = SampleSummary(samples, block: 32)
        #expect(SampleSummary(samples.shuffled(using: &generator), block: 32) == summary, "seed \(seed)")
        if let summary {
            #expect(summary.lowest <= summary.mean && summary.mean <= summary.highest, "seed \(seed)")
            #expect(summary.deviation <= summary.highest - summary.lowest + 1, "seed \(seed)")
        }
    }

    private static func measurement(_ before: Int, _ after: Int, least: Int = 0) -> FootprintMeasurement {
        .init(
            before: Room(nonVolatile: before, volatile: 100), after: Room(nonVolatile: after, volatile: 100),
            least: Room(nonVolatile: least))
    }

    static let doubts: [(FootprintMeasurement, FootprintMeasurement.Doubt?)] = [
        (measurement(10_000, 9_000), nil), (measurement(10_000, 9_000, least: 1_000), nil),
        (measurement(10_000, 9_000, least: 1_001), .lessThanWasWritten),
        (measurement(10_000, 10_000, least: 1), .lessThanWasWritten),
        (measurement(9_000, 10_000), .cleanedUp), (measurement(32_767, 32_767), .saturated),
        (measurement(32_767, 30_000), .saturated), (measurement(65_535, 60_000), .saturated),
        (measurement(70_000, 60_000), .moreThanTheCardHas), (measurement(65_536, 60_000), nil),
    ]

    @Test("what cannot be true is not learned from", .mission(.point3), arguments: 0..<10)
    func doubt(_ index: Int) {
        let (measurement, doubt) = Self.doubts[index]
        #expect(measurement.doubt(on: F.model()) == doubt)
        let empty = Footprint(profile: F.model().profile, part: .report, changedAt: F.start)
        let (next, reason) = empty.learning(measurement, on: F.model(), at: F.start)
        #expect(reason == doubt)
        #expect(next.count == (doubt == nil ? 1 : 0))
        #expect(next.refusedCount == (doubt == nil ? 0 : 1))
    }

    @Test("the newest samples are kept, and what says nothing new is not written again")
    func bounded() {
        var footprint = Footprint(profile: F.model().profile, part: .report, changedAt: F.start)
        for step in 0..<40 {
            footprint =
                footprint.learning(
                    Self.measurement(10_000, 10_000 - step), on: F.model(), at: F.start
                ).footprint
        }
        #expect(footprint.samples.count == 32 && footprint.count == 40)
        #expect(footprint.samples.first?.nonVolatile == 8)
        for _ in 0..<40 {
            footprint = footprint.learning(Self.measurement(500, 0), on: F.model(), at: F.start).footprint
        }
        let again = footprint.learning(
            Self.measurement(500, 0), on: F.model(), at: F.start.advanced(by: .seconds(1)))
        #expect(again.footprint == footprint)
    }

    private static let file = Release.LoadFile(
        aid: F.file(1), digest: F.digest(1), byteCount: 2_000, declared: Room(nonVolatile: 2_000))
    private static let instance = Release.Instance(
        aid: F.instance(1), module: F.instance(1), loadFile: F.file(1),
        declared: Room(nonVolatile: 300, volatile: 40))
    private static let release = Release(
        id: F.release("purse"), loadFiles: [file], instances: [instance], parking: .stateless)
    private static let part = Footprint.Part.loadFile(digest: F.digest(1))

    private static func learned(_ samples: [Int], refused: Int = 0) -> [Footprint] {
        [
            Footprint(
                profile: F.model().profile, part: part, count: samples.count,
                samples: samples.map { Room(nonVolatile: $0) }, changedAt: F.start),
            Footprint(
                profile: F.model().profile, part: .report, refusedCount: refused, changedAt: F.start),
        ]
    }

    /// Samples, refused reports: room, spread, origin.
    static let sizes: [([Int], Int, Int, Int, Picture.Size.Origin)] = [
        // Declared 2,000 and 64 of overhead, in blocks of 32; a quarter as margin.
        ([], 0, 2_080, 544, .declared),
        ([2_144], 0, 2_144, 32, .learned), ([2_144, 2_144, 2_144], 0, 2_144, 0, .learned),
        ([2_144, 2_176, 2_144, 2_144], 0, 2_152, 24, .learned),
        // Of cards that report what cannot be, nothing learned makes anything smaller.
        ([1_000, 1_000, 1_000], 3, 2_080, 544, .declared),
        ([3_216, 3_216, 3_216], 3, 3_216, 0, .declared),
        ([1_000, 1_000, 1_000], 2, 1_000, 0, .learned),
    ]

    @Test(
        "a size is learned, else declared with a margin", .mission(.b1), .mission(.point3), arguments: 0..<7)
    func size(_ index: Int) {
        let (samples, refused, room, spread, origin) = Self.sizes[index]
        let book = SizeBook(
            model: F.model(), footprints: samples.isEmpty ? [] : Self.learned(samples, refused: refused),
            releases: [Self.release])
        let size = book.size(of: Self.file)
        #expect(size.room.nonVolatile == room)
        #expect(size.spread.nonVolatile == spread)
        #expect(size.origin == origin)
        #expect(book.learned(of: [Self.release])[Picture.Part(F.release("purse"), F.file(1))] == size)
    }

    /// What other load files were expected to take and took, refused reports: room and spread of one of 4,000 bytes and
    /// 64 of overhead, in blocks of 32.
    static let experiences: [([(declared: Int, taken: Int)], Int, Int, Int)] = [
        // Two others tell too little: 4,064 is rounded up, and a quarter may be missing.
        ([(1_984, 1_024), (1_984, 1_024)], 0, 4_064, 1_024),
        // Three took half of what was expected, or 512 to 2,048 bytes less: at most 3,552, in the mean 2,450.
        ([(1_984, 1_024), (4_032, 2_048), (960, 512)], 0, 2_464, 1_088),
        // Half, three quarters, all: all are at hand.
        ([(1_984, 1_024), (1_984, 1_536), (1_984, 2_048)], 0, 3_328, 736),
        // More than expected is believed as well.
        ([(1_984, 4_096), (1_984, 4_096), (1_984, 4_096)], 0, 7_136, 992),
        // Each took what was expected.
        ([(1_984, 2_048), (4_032, 4_096), (960, 1_024)], 0, 4_064, 32),
        // The card's word is not believed.
        ([(1_984, 1_024), (4_032, 2_048), (960, 512)], 3, 4_064, 1_024),
    ]

    @Test("what others took of what was declared narrows the margin", .mission(.point3), arguments: 0..<6)
    func experience(_ index: Int) {
        let (others, refused, room, spread) = Self.experiences[index]
        var files = [
            Release.LoadFile(
                aid: F.file(1), digest: F.digest(1), byteCount: 4_000, declared: Room(nonVolatile: 4_000))
        ]
        var footprints = [
            Footprint(profile: F.model().profile, part: .report, refusedCount: refused, changedAt: F.start)
        ]
        for (number, other) in zip(UInt8(2)..., others) {
            files.append(
                .init(
                    aid: F.file(number), digest: F.digest(number), byteCount: other.declared,
                    declared: Room(nonVolatile: other.declared)))
            footprints.append(
                Footprint(
                    profile: F.model().profile, part: .loadFile(digest: F.digest(number)), count: 1,
                    samples: [Room(nonVolatile: other.taken)], changedAt: F.start))
        }
        // The same load file in two releases is one experience.
        let releases = ["purse", "pass"].map {
            Release(id: F.release($0), loadFiles: files, instances: [], parking: .stateless)
        }
        let size = SizeBook(model: F.model(), footprints: footprints, releases: releases).size(of: files[0])
        #expect(size.room.nonVolatile == room)
        #expect(size.spread.nonVolatile == spread)
        #expect(size.origin == .declared)
        // Instances are another kind of thing, of which nothing is known.
        let book = SizeBook(model: F.model(), footprints: footprints, releases: releases + [Self.release])
        #expect(book.size(of: Self.instance, of: Self.release.id).spread.nonVolatile == 128)
    }

    @Test("what was measured on the very card comes first, unless its report is doubted")
    func measured() {
        let application = F.application(1, F.release("purse"), bytes: 100)
        let honest = SizeBook(model: F.model(), releases: [Self.release])
        #expect(honest.size(of: application) == Picture.Size(Room(nonVolatile: 100), origin: .measured))
        let doubted = SizeBook(
            model: F.model(), footprints: Self.learned([1_000], refused: 3), releases: [Self.release])
        #expect(doubted.size(of: application).room == Room(nonVolatile: 480, volatile: 40))
        #expect(honest.size(of: F.loadFile(9)).origin == .declared)
    }

    @Test("measurements of a fleet are kept per profile and part", .mission(.point3))
    func stored() throws {
        let store = try F.store()
        let model = F.model()
        let doubts = try store.write { transaction in
            try [(9_000, 7_856), (9_000, 7_856), (9_000, 9_000), (32_767, 32_767), (9_000, 7_856)].map {
                try transaction.learn(
                    Self.measurement($0.0, $0.1, least: 500), of: Self.part, on: model, at: F.start)
            }
        }
        #expect(doubts == [nil, nil, .lessThanWasWritten, .saturated, nil])
        let known = try store.read { try $0.footprints(of: [Self.part], on: model.profile) }
        #expect(known.map(\.count) == [3, 0])
        #expect(known.map(\.refusedCount) == [2, 2])
        #expect(known.map(\.isReportDoubted) == [false, false])
        try store.write {
            _ = try $0.learn(
                Self.measurement(32_767, 32_767, least: 500), of: Self.part, on: model, at: F.start)
        }
        let doubted = try store.read { try $0.footprints(of: [Self.part], on: model.profile) }
        #expect(SizeBook(model: model, footprints: doubted).isReportDoubted)
        let other = F.must { try ProfileName("other") }
        #expect(try store.read { try $0.footprints(of: [Self.part], on: other) }.isEmpty)
    }
}
