import Centre
import Foundation
import SmartCard
import TestSupport
import Testing

/// Wishes and steps as they stand in the row of an operation.
@Suite("Wishes and steps in bytes")
struct PlanPackingTests {
    private static func aid(_ last: UInt8) -> AID {
        guard let aid = try? AID([0xF0, 0x42, 0x65, 0x72, last]) else { preconditionFailure("a valid AID") }
        return aid
    }

    /// Every field of every kind has a value of its own, so that one that is forgotten or swapped is seen.
    private static func reservation(isFull: Bool) throws -> Reservation {
        guard isFull else {
            return Reservation(provider: try ProviderID("bank"), room: Room(nonVolatile: 0))
        }
        return Reservation(
            provider: try ProviderID("city-transit"), room: Room(nonVolatile: 4_000, volatile: 128),
            quota: Room(nonVolatile: 70_000, volatile: -1), domain: aid(1), privileges: 0x80_00_FF,
            logicalChannels: 3, services: ["contactless", "ä€"], libraries: [aid(2), aid(3)])
    }

    private static func release() throws -> ReleaseID {
        ReleaseID(try ApplicationID("purse"), try ReleaseVersion("1.2"))
    }
    private static func stay() throws -> CustodyKey {
        CustodyKey(card: try CardID("42001234-00FF"), aid: aid(4), ordinal: 7)
    }

    static func wishes() throws -> [Wish] {
        [
            .add(application: try ApplicationID("purse")), .addRelease(try release()),
            .remove(application: try ApplicationID("pass")), .removeInstance(aid(5)),
            .park(application: try ApplicationID("loans")), .restore(try stay()), .update(to: try release()),
            .reserve(try reservation(isFull: true)), .reserve(try reservation(isFull: false)),
            .release(provider: try ProviderID("bank")), .renew,
            .rotateKeys(to: try MasterKeyName("next"), version: 0xFF),
            .snapshot(application: try ApplicationID("purse")),
        ]
    }

    static func steps() throws -> [PlanStep] {
        let release = try release()
        var steps: [PlanStep] = [
            .removeLoadFile(aid: aid(6)), .dropDomain(aid: aid(7)),
            .makeDomain(.init(aid: aid(8), reservation: try reservation(isFull: true))),
            .reserveInLedger(try reservation(isFull: false)),
            .releaseInLedger(provider: try ProviderID("bank")),
            .personalise(.init(release: release, instance: aid(9), commandCount: 12, byteCount: 2_345)),
            .putKeys(masterKey: try MasterKeyName("next"), version: 0x31),
            .extradite(.init(object: aid(19), from: aid(20), to: aid(21))), .identify(instance: aid(22)),
            .snapshot(.init(instance: aid(23), release: release, imageBytes: 77, way: .contract)),
            .upgrade(
                .init(
                    loadFile: aid(24), instances: [aid(25), aid(26)],
                    from: .init(release: release, digest: HexBytes([1, 2]), byteCount: 8),
                    to: .init(release: release, digest: HexBytes([3]), byteCount: 9))),
        ]
        for way in [PlanStep.Way.contract, .stateless, .script] {
            steps.append(
                .park(.init(instance: aid(10), release: release, imageBytes: 1 << 40, way: way)))
        }
        for purpose in [PlanStep.Purpose.parked, .forGood] {
            steps.append(.removeInstance(.init(instance: aid(11), purpose: purpose)))
        }
        for source in [PlanStep.Source.held(try stay()), .parkedByThisPlan(instance: aid(12))] {
            steps.append(
                .restore(
                    .init(instance: aid(13), release: release, imageBytes: 64, way: .script, source: source)))
        }
        for domain in [aid(14), nil] {
            let digest = HexBytes([UInt8](0..<32))
            steps.append(
                .load(
                    .init(release: release, aid: aid(15), digest: digest, byteCount: 36_000, domain: domain)))
            steps.append(
                .install(
                    .init(
                        release: release, aid: aid(16), module: aid(17), loadFile: aid(18),
                        privileges: 0x20_01_00, parameters: HexBytes([0xC9, 0x00]), domain: domain,
                        isVacant: domain == nil)))
        }
        return steps
    }

    @Test("what was written is read, value by value", .mission(.a8))
    func roundTrip() throws {
        for wish in try Self.wishes() { #expect(try Wish(packed: wish.packed) == wish) }
        for step in try Self.steps() { #expect(try PlanStep(packed: step.packed) == step) }
        #expect(try [Wish](packed: try Self.wishes().packed) == Self.wishes())
        #expect(try [PlanStep](packed: try Self.steps().packed) == Self.steps())
        #expect(try [PlanStep](packed: [PlanStep]().packed).isEmpty)
    }

    /// A field that is added to a wish or a step must be added to its bytes: JSON, which nobody writes by hand, tells
    /// which fields there are.
    @Test("no field of a wish or a step is left out")
    func fields() throws {
        let encoder = JSONEncoder()
        var names: Set<String> = []
        func collect(_ value: Any) {
            if let object = value as? [String: Any] {
                names.formUnion(object.keys)
                object.values.forEach(collect)
            } else if let list = value as? [Any] {
                list.forEach(collect)
            }
        }
        collect(try JSONSerialization.jsonObject(with: encoder.encode(try Self.wishes())))
        collect(try JSONSerialization.jsonObject(with: encoder.encode(try Self.steps())))
        #expect(
            names == [
                "_0", "add", "addRelease", "aid", "application", "byteCount", "card", "commandCount",
                "contract", "digest", "domain", "dropDomain", "extradite", "forGood", "from", "held",
                "identify", "imageBytes", "install", "instance", "instances", "isVacant", "libraries", "load",
                "loadFile", "logicalChannels", "makeDomain", "masterKey", "module", "new", "nonVolatile",
                "object", "old", "ordinal", "parameters", "park", "parked", "parkedByThisPlan", "personalise",
                "privileges", "provider", "purpose", "putKeys", "quota", "release", "releaseInLedger",
                "remove", "removeInstance", "removeLoadFile", "renew", "reservation", "reserve",
                "reserveInLedger", "restore", "room", "rotateKeys", "script", "services", "snapshot",
                "source",
                "stateless", "to", "update", "upgrade", "version", "volatile", "way",
            ], "Extend PlanPacking.swift, the samples above, and then this list.")
    }

    @Test("bytes that were cut, lengthened or made by another version are refused")
    func refused() throws {
        let whole = try Self.steps().packed
        for count in 0..<whole.count {
            #expect(throws: PackedError.self) { try [PlanStep](packed: Array(whole.prefix(count))) }
        }
        #expect(throws: PackedError.self) { try [PlanStep](packed: whole + [0]) }
        #expect(throws: PackedError.self) { try [PlanStep](packed: [2] + whole.dropFirst()) }
        #expect(throws: PackedError.self) { try Wish(packed: [1, 0]) }
        // A list that says it is longer than anything, and a number of eleven bytes.
        let long: [UInt8] = [1, 0xFE, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01]
        #expect(throws: PackedError.self) { try [String](packed: long) }
        #expect(throws: PackedError.self) {
            try [String](packed: [1] + [UInt8](repeating: 0xFF, count: 10) + [0])
        }
    }

    @Test("any bytes are a value or an error, and a value is written as it was")
    func anyBytes() throws {
        var random = SeededGenerator(seed: 5)
        let whole = try Self.steps().packed
        for _ in 0..<20_000 {
            var bytes = whole
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                bytes[Int.random(in: 1..<bytes.count, using: &random)] = .random(in: 0...255, using: &random)
            }
            if let steps = try? [PlanStep](packed: bytes) {
                #expect(try [PlanStep](packed: steps.packed) == steps)
            }
        }
    }

    @Test(
        "numbers of every size and sign", arguments: [0, 1, -1, 63, 64, -64, -65, 8_191, Int.max, Int.min])
    func numbers(value: Int) throws {
        let room = Room(nonVolatile: value, volatile: ~value)
        #expect(try Room(packed: room.packed) == room)
    }
}
