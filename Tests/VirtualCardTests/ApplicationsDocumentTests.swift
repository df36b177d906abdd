import FoundationEssentials
import GlobalPlatform
import SmartCard
import TestSupport
import Testing

@testable import VirtualCard

/// The bytes in docs/parking-contract.md are those that cards give.
@Suite("Parking contract, worked example", .mission(.point1))
struct ApplicationsDocumentTests {
    private static func document(_ path: String) throws -> String {
        let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        let data = try Data(contentsOf: URL(fileURLWithPath: "/\(root)/docs/\(path)"))
        return String(decoding: data, as: UTF8.self)
    }

    /// A pass leaves card A and comes to card B: STORE DATA fields and answers, without the secure channel.
    private static func transcript() throws -> [String] {
        let subject = ParkingSubject.all[1]
        let (first, second) = (try subject.prepared(), try subject.waiting())
        let image = try subject.prepared().takeImage(.pass)
        var lines: [String] = []
        func exchange(_ name: String, _ bench: ApplicationsBench, _ message: ParkingMessage) {
            lines += ["\(name)> \(message.hex)", "\(name)< \(bench.store(.pass, message.hex))"]
        }
        for message in [
            ParkingMessage.query, .freeze(2), .read(2, offset: 0, 200), .surrender(2, image.digest),
        ] { exchange("A", first, message) }
        for message in [
            ParkingMessage.begin(image), image.write(0, 200), .verify(2, image.digest),
            .commit(2, image.digest),
        ] { exchange("B", second, message) }
        return lines
    }

    @Test("is what two cards say to one another")
    func example() throws {
        let lines = try Self.document("parking-contract.md").split(separator: "\n").map(String.init)
            .filter {
                $0.hasPrefix("A> ") || $0.hasPrefix("A< ") || $0.hasPrefix("B> ") || $0.hasPrefix("B< ")
            }
        let transcript = try Self.transcript()
        #expect(transcript.count == 16)
        #expect(lines == transcript, "\(transcript.joined(separator: "\n"))")
    }

    @Test("and the text names every command, state, result and tag of the contract")
    func words() throws {
        let text = try Self.document("parking-contract.md")
        for instruction in ParkingInstruction.allCases {
            #expect(text.contains("| \(instruction.rawValue.hex) | \("\(instruction)".uppercased())"))
        }
        for state in ParkingState.allCases {
            #expect(text.contains("| \(state.rawValue.hex) | \("\(state)".uppercased())"))
        }
        for result: UInt8 in [0x00, 0x01] + Array(0x10...0x14) + Array(0x20...0x28) {
            #expect(text.contains("\n| `\(result.hex)` |"), "result \(result.hex)")
        }
        for tag: UInt8 in 0x80...0x8E { #expect(text.contains("\n| `\(tag.hex)` |"), "tag \(tag.hex)") }
    }

    @Test("the example applications are documented with their AIDs and commands")
    func reference() throws {
        let text = try Self.document("reference/example-applications.md")
        for application in ExampleApplication.allCases {
            #expect(text.contains("| `\(application.rawValue)` | `\(application.loadFile)` |"))
            if !application.isLibrary { #expect(text.contains("`\(application.module)`")) }
        }
        for command in [
            "00 20", "00 24", "00 CA", "00 88", "80 30", "80 32", "80 34", "80 36", "80 40", "80 42", "80 44",
            "80 10", "80 12", "80 14", "80 26", "80 28", "80 2A",
        ] { #expect(text.contains("\n| `\(command)` |"), "\(command)") }
    }
}
