internal import SmartCard

extension FuzzTarget {
    /// What is read can be written, and what was written reads the same; a value never reaches past the input.
    static let tlv = FuzzTarget(
        "tlv",
        seeds: [
            // GPCS 2.3.1 table H-1: card recognition data, as printed in its example.
            [0x66, 0x09, 0x73, 0x07, 0x06, 0x05, 0x2A, 0x86, 0x48, 0x86, 0xFC],
            // A registry entry in the form of GPCS 2.3.1 table 11-36.
            [
                0xE3, 0x11, 0x4F, 0x07, 0xA0, 0x00, 0x00, 0x01, 0x51, 0x00, 0x00, 0x9F, 0x70, 0x01, 0x07,
                0xC5, 0x00, 0xC4, 0x00,
            ],
            [0x82, 0x01, 0x00],
        ]
    ) { (input) throws(FuzzFinding) in
        guard let objects = try? BERTLV.readAll(input) else { return }
        let encoded = objects.flatMap(\.encoded)
        try FuzzFinding.unless(encoded.count <= input.count, "the encoding grew")
        let again = try? BERTLV.readAll(encoded)
        try FuzzFinding.unless(again == objects, "what was written reads differently")
        for object in objects where object.tag.isConstructed { _ = try? object.children() }
    }

    /// A command that parses is one that can be sent, and stands for the same command.
    static let commandAPDU = FuzzTarget(
        "command-apdu",
        seeds: [
            [0x00, 0xA4, 0x04, 0x00],
            [0x80, 0xCA, 0xFF, 0x21, 0x00],
            [0x00, 0xA4, 0x04, 0x00, 0x02, 0x3F, 0x00, 0x00],
            [0x80, 0xE8, 0x00, 0x00, 0x00, 0x00, 0x02, 0xC4, 0x00, 0x01, 0x00],
        ]
    ) { (input) throws(FuzzFinding) in
        guard let command = try? CommandAPDU(parsing: input) else { return }
        let again = try? CommandAPDU(parsing: command.bytes)
        try FuzzFinding.unless(again == command, "what was written reads differently")
    }

    /// Any two bytes or more are an answer, byte for byte.
    static let responseAPDU = FuzzTarget("response-apdu", seeds: [[0x90, 0x00], [0x01, 0x02, 0x61, 0x10]]) {
        (input) throws(FuzzFinding) in
        guard let response = try? ResponseAPDU(parsing: input) else {
            let isAnswer = (2...65_538).contains(input.count)
            return try FuzzFinding.unless(!isAnswer, "a whole answer was refused")
        }
        try FuzzFinding.unless(response.bytes == input, "what was written reads differently")
        _ = response.description
    }

    /// Text either is an AID of 5 to 16 bytes or is refused.
    static let aid = FuzzTarget("aid", seeds: [Array("A000000151000000".utf8)]) {
        (input) throws(FuzzFinding) in
        guard let aid = try? AID(hex: String(decoding: input, as: UTF8.self)) else { return }
        try FuzzFinding.unless((5...16).contains(aid.bytes.count), "an AID of \(aid.bytes.count) bytes")
        try FuzzFinding.unless((try? AID(hex: aid.description)) == aid, "its text names another AID")
    }
}
