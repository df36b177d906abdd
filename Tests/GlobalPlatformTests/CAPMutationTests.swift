internal import SmartCard
internal import TestSupport
internal import Testing

@testable internal import GlobalPlatform

@Suite("CAP files under mutation")
struct CAPMutationTests {
    static let fixtures = [CAPFixture.compact, .extended]

    @Test("every truncation of a row of components is refused", arguments: 0..<2)
    func truncation(index: Int) throws {
        // Descriptor last: cut before it, the file is whole, since files for loading do without.
        let fixture = Self.fixtures[index]
        let row = fixture.row
        let whole = row.count - fixture.component(11).count
        for count in 0..<row.count {
            if count == whole {
                #expect(throws: Never.self) { try CAPFile(Array(row[..<count])) }
            } else {
                #expect(throws: CAPError.self) { try CAPFile(Array(row[..<count])) }
            }
        }
    }

    @Test(
        "every single byte, turned to every boundary value, is read or refused and nothing else",
        arguments: 0..<2)
    func everyByte(index: Int) {
        let row = Self.fixtures[index].row
        for place in row.indices {
            for value in [0x00, 0x01, 0x7F, 0x80, 0xFE, 0xFF] as [UInt8] {
                var changed = row
                changed[place] = value
                CAPFile.exercise(changed)
            }
        }
    }

    @Test(
        "random changes to rows and archives: no crash, no hang", arguments: [20_261_121, 3, 77] as [UInt64])
    func random(seed: UInt64) throws {
        print("CAP mutation seed \(seed)")
        var generator = SeededGenerator(seed: seed)
        var originals = Self.fixtures.map(\.row) + Self.fixtures.map { RawZIP($0.files).bytes }
        originals.append(try CAPWriterTests.applet(3, code: 300).build())
        for round in 0..<2000 {
            var changed = originals[round % originals.count]
            for _ in 0..<Int.random(in: 1...8, using: &generator) {
                mutate(&changed, &generator)
            }
            CAPFile.exercise(changed)
        }
    }

    private func mutate(_ bytes: inout [UInt8], _ generator: inout SeededGenerator) {
        guard let place = bytes.indices.randomElement(using: &generator) else { return }
        switch Int.random(in: 0..<5, using: &generator) {
        case 0: bytes[place] = UInt8.random(in: 0...255, using: &generator)
        case 1: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
        case 2: bytes.remove(at: place)
        case 3: bytes.insert(UInt8.random(in: 0...255, using: &generator), at: place)
        default: bytes.removeSubrange(place..<min(bytes.count, place + 4))
        }
    }
}
