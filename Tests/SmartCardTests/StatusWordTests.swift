internal import SmartCard
internal import Testing

@Suite("Status words")
struct StatusWordTests {
    // ISO/IEC 7816-4:2013 tables 5 and 6; 9xxx: TS 102 221 §10.2.1.
    @Test(
        "are classed as the standard does",
        arguments: [
            (0x9000, .success), (0x6100, .moreData(count: 256)), (0x6110, .moreData(count: 16)),
            (0x6283, .warning(memoryChanged: false)), (0x6300, .warning(memoryChanged: true)),
            (0x6310, .warning(memoryChanged: true)), (0x63BF, .warning(memoryChanged: true)),
            (0x63C0, .triesLeft(0)), (0x63CF, .triesLeft(15)), (0x63D0, .warning(memoryChanged: true)),
            (0x6438, .executionError(memoryChanged: false)), (0x6581, .executionError(memoryChanged: true)),
            (0x6600, .securityError), (0x6700, .checkingError), (0x6A84, .checkingError),
            (0x6C00, .wrongLength(expected: 256)), (0x6C05, .wrongLength(expected: 5)),
            (0x6FFF, .checkingError),
            (0x9001, .proprietary), (0x9484, .proprietary), (0x9FFF, .proprietary), (0x6000, .invalid),
            (0x60FF, .invalid), (0x7000, .invalid), (0x8FFF, .invalid), (0xA000, .invalid),
            (0x0000, .invalid),
            (0xFFFF, .invalid),
        ] as [(UInt16, StatusWord.Classification)])
    func classes(value: UInt16, expected: StatusWord.Classification) {
        #expect(StatusWord(value).classification == expected)
    }

    @Test("hold every value without loss")
    func lossless() {
        for value in UInt16.min...UInt16.max where StatusWord(value).rawValue != value {
            Issue.record("\(value)")
        }
        #expect(StatusWord(0x6A84).description == "6A84")
        #expect((StatusWord(0x6A84).sw1, StatusWord(0x6A84).sw2) == (0x6A, 0x84))
    }
}
