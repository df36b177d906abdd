import GlobalPlatform
import SmartCard
import TestSupport
import Testing

@testable import VirtualCard

/// The parking contract (docs/parking-contract.md), for every application that parks.
@Suite("Parking contract", .mission(.point1), .mission(.b6), .mission(.b10))
struct ApplicationsParkingTests {
    // MARK: Leaving

    @Test("a frozen application stands still and says so", arguments: ParkingSubject.all)
    func freeze(_ subject: ParkingSubject) throws {
        let bench = try subject.prepared()
        let before = bench.ask(subject.application, subject.probe)
        #expect(before.hasSuffix("9000"))
        let asked = try bench.park(subject.application, .query)
        #expect(asked.result == .done && asked.state == .active && asked.generation == 1)
        let frozen = try bench.park(subject.application, .freeze(2))
        #expect(frozen.result == .done && frozen.state == .frozen && frozen.generation == 2)
        #expect(frozen.instruction == [0x01, 0x03] && frozen.lineage == asked.lineage)
        #expect(frozen.length == asked.length && frozen.length > 0)
        #expect(bench.select(subject.application).contains("DF700102"))
        for command in [subject.probe] + subject.business { #expect(bench.bench.send(command) == "6985") }
        #expect(bench.store(subject.application, subject.personalization, p1: "90") == "6985")
        // The registry shows it too, above the state that the application had (GPCS 2.3.1 table 11-4).
        let entry = bench.card.contents.application(subject.application.module)
        #expect(entry?.lifeCycle.rawValue == 0x17)
    }

    @Test("freezing and thawing again change nothing", arguments: ParkingSubject.all)
    func idempotentFreezeAndThaw(_ subject: ParkingSubject) throws {
        let bench = try subject.prepared()
        let application = subject.application
        let before = bench.ask(application, subject.probe)
        try bench.park(application, .freeze(2))
        let contents = bench.card.contents
        #expect(try bench.park(application, .freeze(2)).result == .already)
        #expect(bench.card.contents.memories == contents.memories)
        let thawed = try bench.park(application, .thaw(2))
        #expect(thawed.result == .done && thawed.state == .active && thawed.generation == 3)
        #expect(try bench.park(application, .thaw(2)).result == .already)
        // A freeze that comes late does not freeze it once more.
        #expect(try bench.park(application, .freeze(2)).result == .wrongGeneration)
        #expect(bench.ask(application, subject.probe) == before)
        #expect(try bench.park(application, .freeze(4)).generation == 4)
    }

    @Test("the image comes out whole in pieces of any size, and its digest covers what the text says")
    func read() throws {
        for subject in ParkingSubject.all {
            let bench = try subject.prepared()
            let image = try bench.takeImage(subject.application)
            #expect(image.bytes.count == image.length && image.digest == image.computedDigest)
            for size in [1, 16, 199] {
                var bytes: [UInt8] = []
                while bytes.count < image.length {
                    let reply = try bench.park(
                        subject.application, .read(2, offset: bytes.count, size))
                    #expect(reply.result == .done && reply.chunk.count <= size)
                    try #require(!reply.chunk.isEmpty)
                    bytes += reply.chunk
                }
                #expect(bytes == image.bytes)
            }
            for offset in [image.length, image.length + 1, 0x7FFF_FFFF] {
                let reply = try bench.park(subject.application, .read(2, offset: offset, 200))
                #expect(reply.result == .done && reply.chunk.isEmpty)
            }
            #expect(try bench.park(subject.application, .read(3, offset: 0, 1)).result == .wrongGeneration)
        }
    }

    @Test("data are given up only to who has them", arguments: ParkingSubject.all)
    func surrender(_ subject: ParkingSubject) throws {
        let bench = try subject.prepared()
        let application = subject.application
        let image = try bench.takeImage(application)
        for bit in [0, 100, 255] {
            var digest = image.digest
            digest[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(try bench.park(application, .surrender(2, digest)).result == .wrongDigest)
            #expect(try bench.status(application).state == .frozen)
        }
        #expect(try bench.park(application, .surrender(4, image.digest)).result == .wrongGeneration)
        let given = try bench.park(application, .surrender(2, image.digest))
        #expect(given.result == .done && given.state == .vacant && given.length == 0)
        #expect(given.generation == 2 && given.digest == image.digest)
        #expect(try bench.park(application, .surrender(2, image.digest)).result == .already)
        #expect(try bench.park(application, .thaw(2)).result == .wrongState)
        #expect(try bench.park(application, .read(2, offset: 0, 1)).result == .wrongState)
        #expect(try bench.park(application, .freeze(3)).result == .wrongState)
        #expect(bench.ask(application, subject.probe) == "6985")
        // Nothing of the state is left in the card's memory.
        let objects = bench.card.contents.memories[application.module]?.objects ?? []
        for object in objects where object.number < ParkingRecord.object && !object.isTransient {
            guard case .persistent(let bytes) = object.contents else { continue }
            #expect(bytes.allSatisfy { $0 == 0 })
        }
    }

    // MARK: Coming back

    @Test("an application comes back on another card as it was, once", arguments: ParkingSubject.all)
    func roundTrip(_ subject: ParkingSubject) throws {
        let application = subject.application
        let old = try subject.prepared()
        let before = old.ask(application, subject.probe)
        let image = try old.takeImage(application)
        try old.park(application, .surrender(image.generation, image.digest))
        old.delete(application)

        let new = try subject.waiting()
        let free = new.card.freeMemory
        #expect(try new.status(application).state == .vacant)
        #expect(new.ask(application, subject.probe) == "6985")
        try new.bring(application, image, chunk: 47)
        #expect(new.card.freeMemory.nonVolatile < free.nonVolatile)
        #expect(new.ask(application, subject.probe) == "6985")
        let committed = try new.park(application, .commit(image.generation, image.digest))
        #expect(committed.result == .done && committed.state == .active)
        #expect(committed.generation == image.generation + 1 && committed.lineage == image.lineage)
        #expect(new.ask(application, subject.probe) == before)
        #expect(new.card.freeMemory == free)

        #expect(try new.park(application, .commit(image.generation, image.digest)).result == .already)
        #expect(try new.park(application, .begin(image)).result == .outdated)
        #expect(try new.park(application, image.write(0, 1)).result == .wrongState)
        #expect(try new.park(application, .verify(image.generation, image.digest)).result == .wrongState)
        var other = image.digest
        other[0] ^= 1
        #expect(try new.park(application, .commit(image.generation, other)).result == .wrongDigest)
        // Commits that come late do not undo business, nor a later freeze.
        new.select(application)
        if application == .purse { new.bench.must(["803400000400000001"]) }
        let moved = new.ask(application, subject.probe)
        #expect(try new.park(application, .commit(image.generation, image.digest)).result == .already)
        #expect(new.ask(application, subject.probe) == moved)
        #expect(try new.park(application, .freeze(image.generation + 2)).result == .done)
        #expect(try new.park(application, .commit(image.generation, image.digest)).result == .wrongState)
        #expect(try new.park(application, .begin(image)).result == .outdated)
    }

    @Test(
        "an instance that gave its data up takes them back, and nothing older", arguments: ParkingSubject.all)
    func backToTheSameInstance(_ subject: ParkingSubject) throws {
        let application = subject.application
        let bench = try subject.prepared()
        let before = bench.ask(application, subject.probe)
        let first = try bench.takeImage(application)
        try bench.park(application, .thaw(2))
        let second = try bench.takeImage(application)
        #expect(second.generation == 4 && second.digest != first.digest)
        try bench.park(application, .surrender(4, second.digest))
        #expect(try bench.park(application, .begin(first)).result == .outdated)
        var forged = second
        forged.bytes[0] ^= 1
        forged.digest = forged.computedDigest
        #expect(try bench.park(application, .begin(forged)).result == .wrongDigest)
        try bench.bring(application, second)
        #expect(try bench.park(application, .commit(4, second.digest)).generation == 5)
        #expect(bench.ask(application, subject.probe) == before)
    }

    @Test("a broken or wrong import is refused at the right step", arguments: ParkingSubject.all)
    func brokenImports(_ subject: ParkingSubject) throws {
        let application = subject.application
        let image = try subject.prepared().takeImage(application)
        let bench = try subject.waiting()
        func result(_ command: ParkingMessage) throws -> ParkingResult {
            try bench.park(application, command).result
        }
        #expect(try result(image.write(0, 1)) == .wrongState)
        #expect(try result(.verify(2, image.digest)) == .wrongState)
        #expect(try result(.commit(2, image.digest)) == .wrongState)
        for (change, expected) in Self.wrongHeaders {
            var wrong = image
            change(&wrong)
            #expect(try result(.begin(wrong)) == expected)
            #expect(try bench.status(application).state == .vacant)
        }
        #expect(try result(.begin(image)) == .done)
        #expect(try result(image.write(1, 1)) == .wrongOffset)
        #expect(try result(.write(4, offset: 0, [0])) == .wrongGeneration)
        #expect(try result(image.write(0, 4)) == .done)
        #expect(try result(image.write(0, 4)) == .already)
        #expect(try result(image.write(1, 2)) == .already)
        #expect(try result(image.write(2, 4)) == .wrongOffset)
        #expect(try result(.write(2, offset: 0, [image.bytes[0] ^ 1])) == .wrongOffset)
        #expect(try result(.write(2, offset: image.length, [0])) == .wrongSize)
        #expect(try result(.write(2, offset: 0xFFFF_FFFF, [0, 0])) == .wrongSize)
        #expect(try result(.verify(2, image.digest)) == .incomplete)
        #expect(try result(.commit(2, image.digest)) == .wrongState)
        // Begun again, it goes on where it was.
        let again = try bench.park(application, .begin(image))
        #expect(again.result == .already && again.received == 4 && again.state == .importing)
        #expect(bench.ask(application, subject.probe) == "6985")
    }

    static let wrongHeaders: [(@Sendable (inout ParkedImage) -> Void, ParkingResult)] = [
        ({ $0.generation = 0 }, .wrongGeneration), ({ $0.generation = 3 }, .wrongGeneration),
        ({ $0.lineage = ParkingRecord.noLineage }, .wrongLineage), ({ $0.format ^= 1 }, .notUnderstood),
        ({ $0.length = 0 }, .wrongSize), ({ $0.length += 1 }, .wrongSize),
        ({ $0.length = 0xFFFF_FFFF }, .wrongSize),
    ]

    @Test("bytes that are not what was announced are thrown away", arguments: ParkingSubject.all)
    func corrupted(_ subject: ParkingSubject) throws {
        let application = subject.application
        let image = try subject.prepared().takeImage(application)
        let bench = try subject.waiting()
        try bench.park(application, .begin(image))
        var damaged = image
        damaged.bytes[image.length - 1] ^= 0x80
        for offset in stride(from: 0, to: image.length, by: 100) {
            try bench.park(application, damaged.write(offset, 100))
        }
        let refused = try bench.park(application, .verify(2, image.digest))
        #expect(refused.result == .wrongDigest && refused.received == 0 && refused.state == .importing)
        #expect(try bench.park(application, .commit(2, image.digest)).result == .wrongState)
        for offset in stride(from: 0, to: image.length, by: 100) {
            #expect(try bench.park(application, image.write(offset, 100)).result == .done)
        }
        #expect(try bench.park(application, .verify(2, image.digest)).result == .done)
        #expect(try bench.park(application, .verify(2, image.digest)).result == .already)
        #expect(try bench.park(application, image.write(0, 1)).result == .already)
        // Another image takes the place of one that was not committed.
        var later = image
        later.generation = 6
        later.digest = later.computedDigest
        #expect(try bench.park(application, .begin(later)).result == .done)
        #expect(try bench.park(application, .commit(2, image.digest)).result == .wrongGeneration)
    }

    @Test(
        "contents that make no sense are not understood, whatever their digest", arguments: ParkingSubject.all
    )
    func nonsense(_ subject: ParkingSubject) throws {
        let application = subject.application
        var image = try subject.prepared().takeImage(application)
        image.bytes = [UInt8](repeating: 0, count: image.length)
        image.digest = image.computedDigest
        let bench = try subject.waiting()
        try bench.park(application, .begin(image))
        for offset in stride(from: 0, to: image.length, by: 200) {
            try bench.park(application, image.write(offset, 200))
        }
        #expect(try bench.park(application, .verify(2, image.digest)).result == .notUnderstood)
        #expect(try bench.park(application, .commit(2, image.digest)).result == .wrongState)
    }

    @Test("an instance may be told at installation what it waits for")
    func bound() throws {
        let subject = ParkingSubject.all[0]
        let image = try subject.prepared().takeImage(.purse)
        let lineage = "8310" + image.lineage.hex
        let cases: [(String, ParkingResult)] = [
            ("82040000000" + "2" + lineage, .done), ("820400000004" + lineage, .outdated),
            ("820400000002" + "8310" + String(repeating: "11", count: 16), .wrongLineage),
            (lineage, .done), ("820400000004", .outdated), ("820400000000", .done),
        ]
        for (fields, expected) in cases {
            let bench = try subject.waiting(parameters: "FF72" + ("810103" + fields).counted)
            #expect(try bench.park(.purse, .begin(image)).result == expected, "\(fields)")
        }
        for wrong in ["FF7200", "FF7203810101", "FF7206810103820102", "FF72068101038A0101", "FF72", "01"] {
            let bench = try ApplicationsBench()
            try bench.load(.purse)
            #expect(bench.bench.send(ApplicationsBench.installation(.purse, parameters: wrong)) == "6A80")
        }
    }
}
