internal import Wire

extension FuzzTarget {
    /// What reads as a message can be written, and what was written reads the same.
    static let seram = FuzzTarget("seram", seeds: seramSeeds) { (input) throws(FuzzFinding) in
        if let message = try? SeramHandshakeCommand(reading: input) {
            let again = try? SeramHandshakeCommand(reading: message.written())
            try FuzzFinding.unless(again == message, "a handshake reads differently")
        }
        if let message = try? SeramHandshakeResponse(reading: input) {
            let again = try? SeramHandshakeResponse(reading: message.written())
            try FuzzFinding.unless(again == message, "the answer to a handshake reads differently")
        }
        if let message = try? SeramOrder(reading: input) {
            let again = try? SeramOrder(reading: message.written())
            try FuzzFinding.unless(again == message, "an order reads differently")
        }
        if let message = try? SeramReport(reading: input) {
            let again = try? SeramReport(reading: message.written())
            try FuzzFinding.unless(again == message, "a report reads differently")
        }
    }

    private static var seramSeeds: [[UInt8]] {
        let element = SecureElement(.uicc, id: "89001012012341234012345678901224", extraInfo: "SAM")
        let order = SeramOrder(
            delay: 100, chosen: element,
            commands: [.start, .send([[0x00, 0xA4, 0x04, 0x00], [0x80, 0xCA]]), .notify("k 1/2"), .stop])
        let report = SeramReport(
            SeramStatus(.processed, executed: 2, message: "-"),
            responses: [[[0x90, 0x00], []], [[0x6A, 0x82]]])
        return [
            SeramHandshakeCommand(
                secureElements: [element], transports: ["HTTPS"], formats: [Seram.mediaType],
                versions: [Seram.version]
            ).written(),
            SeramHandshakeResponse().written(), order.written(), report.written(),
            SeramReport.polling.written(),
        ]
    }
}
