internal import CardManagement
internal import GlobalPlatform
internal import SmartCard

extension FuzzTarget {
    /// What a card says of itself is at most 33 bytes, and stands for exactly those bytes.
    static let atr = FuzzTarget(
        "atr",
        seeds: [
            // ISO/IEC 7816-3:2006 §8: direct convention and nothing else; then T=1 with its check byte.
            [0x3B, 0x00],
            [0x3B, 0x80, 0x01, 0x81],
            [0x3F, 0x65, 0x25, 0x08, 0x93, 0x04, 0x6C, 0x90, 0x00],
        ]
    ) { (input) throws(FuzzFinding) in
        guard let atr = try? ATR(parsing: input) else { return }
        try FuzzFinding.unless(input.count <= ATR.bytesMax, "an ATR of \(input.count) bytes")
        try FuzzFinding.unless(atr.bytes == input, "it stands for other bytes")
    }

    /// A load file's wrapping is read and cut into blocks that hold all of it.
    static let loadFile = FuzzTarget(
        "load-file",
        seeds: [
            [0xC4, 0x03, 0x01, 0x02, 0x03],
            [0xE2, 0x07, 0x4F, 0x05, 0xA0, 0x00, 0x00, 0x01, 0x51, 0xC3, 0x00, 0xC4, 0x01, 0x00],
        ]
    ) { (input) throws(FuzzFinding) in
        guard let file = try? LoadFile(encoded: input) else { return }
        let blocks = file.blocks(size: 247)
        try FuzzFinding.unless(blocks.allSatisfy { $0.count <= 247 }, "a block is too long")
    }

    /// GET STATUS answers in both forms and for every scope.
    static let registry = FuzzTarget(
        "registry",
        seeds: [
            [
                0xE3, 0x11, 0x4F, 0x07, 0xA0, 0x00, 0x00, 0x01, 0x51, 0x00, 0x00, 0x9F, 0x70, 0x01, 0x07,
                0xC5, 0x00, 0xC4, 0x00,
            ],
            [0x07, 0xA0, 0x00, 0x00, 0x01, 0x51, 0x00, 0x00, 0x07, 0x9E],
        ]
    ) { (input) throws(FuzzFinding) in
        for scope in RegistryScope.allCases {
            for format in [RegistryFormat.tlv, .legacy] {
                let entries = (try? RegistryReader.read(input, scope: scope, format: format)) ?? []
                try FuzzFinding.unless(entries.count <= input.count, "more entries than bytes")
            }
        }
    }

    /// Every other answer of a card that is read into a value.
    static let answers = FuzzTarget(
        "answers",
        seeds: [
            // Card recognition data (GPCS 2.3.1 §H.2), key information (§11.3.3.1), the memory report, an FCI.
            [0x66, 0x09, 0x73, 0x07, 0x06, 0x05, 0x2A, 0x86, 0x48, 0x86, 0xFC],
            [0xE0, 0x06, 0xC0, 0x04, 0x01, 0x30, 0x88, 0x10],
            [0xFF, 0x21, 0x09, 0x81, 0x01, 0x02, 0x82, 0x01, 0x10, 0x83, 0x01, 0x20],
            [0x6F, 0x09, 0x84, 0x07, 0xA0, 0x00, 0x00, 0x01, 0x51, 0x00, 0x00],
        ]
    ) { (input) throws(FuzzFinding) in
        _ = try? FileControlInformation(input)
        _ = CardProductionLifeCycle(input)
        _ = try? KeyTemplate.read(input)
        _ = try? RecognitionData(input)
        _ = try? CardCapabilityInformation(input)
        _ = try? CardResources(value: input)
    }
}
