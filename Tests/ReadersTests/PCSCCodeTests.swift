import Readers
import SmartCard
import TestSupport
import Testing

@Suite("PC/SC codes", .mission(.point6))
struct PCSCCodeTests {
    /// Numbers of PC/SC as pcsclite.h prints them, and what a script is told.
    static let table: [(UInt32, CardChannelError.Code)] = [
        (0x8010_0001, .failure), (0x8010_0002, .cancelled), (0x8010_0003, .noService),
        (0x8010_0004, .failure),
        (0x8010_0005, .failure), (0x8010_0006, .failure), (0x8010_0007, .failure),
        (0x8010_0008, .malformedAnswer),
        (0x8010_0009, .noReader), (0x8010_000A, .cancelled), (0x8010_000B, .shared), (0x8010_000C, .noCard),
        (0x8010_000D, .failure), (0x8010_000E, .failure), (0x8010_000F, .protocolMismatch),
        (0x8010_0010, .failure),
        (0x8010_0011, .failure), (0x8010_0012, .noService), (0x8010_0013, .failure), (0x8010_0014, .failure),
        (0x8010_0015, .cardMute), (0x8010_0016, .cardMute), (0x8010_0017, .noReader),
        (0x8010_0018, .noService),
        (0x8010_0019, .failure), (0x8010_001A, .failure), (0x8010_001B, .failure),
        (0x8010_001C, .protocolMismatch),
        (0x8010_001D, .noService), (0x8010_001E, .noService), (0x8010_001F, .failure),
        (0x8010_0022, .failure),
        (0x8010_002E, .noReader), (0x8010_002F, .cardMute), (0x8010_0031, .failure),
        (0x8010_0065, .protocolMismatch),
        (0x8010_0066, .cardMute), (0x8010_0067, .cardMute), (0x8010_0068, .cardReset),
        (0x8010_0069, .cardRemoved),
        (0x8010_006A, .noPermission), (0x8010_0BAD, .failure), (0xDEAD_BEEF, .failure),
    ]

    @Test("become a code for scripts and words for people", arguments: table)
    func words(_ number: UInt32, _ code: CardChannelError.Code) {
        for reader in [nil, "Omnikey 00 00"] {
            let error = PCSCCode(rawValue: number).error(reader: reader)
            #expect(error.code == code)
            // What happened is one sentence; what to do about it or what it means comes after.
            #expect(error.message.count > 40)
            #expect(error.message.hasSuffix("..") == false)
        }
    }

    @Test("name the reader where something happened to it")
    func place() {
        for number in [0x8010_000B, 0x8010_000C, 0x8010_0066, 0x8010_0068, 0x8010_0069] as [UInt32] {
            #expect(
                PCSCCode(rawValue: number).error(reader: "Omnikey 00 00").message.contains("“Omnikey 00 00”"))
        }
    }

    @Test("that nobody knows are shown as they are")
    func unknown() {
        #expect(PCSCCode(rawValue: 0x8010_0BAD).error(reader: nil).message.contains("0x80100BAD"))
        #expect(PCSCCode(rawValue: 0x42).error(reader: nil).message.contains("0x00000042"))
    }
}
