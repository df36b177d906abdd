internal import GlobalPlatform
internal import SmartCard

extension FuzzTarget {
    /// Any command and any answer have words, and not too many. The first byte is the length of the command.
    static let commandText = FuzzTarget(
        "command-text",
        seeds: [
            // GPCS 2.3.1 §11.4, §11.3.3.1 and §11.5: a list, key information, an installation.
            [0x08, 0x80, 0xF2, 0x40, 0x02, 0x02, 0x4F, 0x00, 0x00]
                + [0xE3, 0x0B, 0x4F, 0x05, 0xA0, 0x00, 0x00, 0x01, 0x51, 0x9F, 0x70, 0x01, 0x07, 0x90, 0x00],
            [0x05, 0x80, 0xCA, 0x00, 0xE0, 0x00, 0xE0, 0x06, 0xC0, 0x04, 0x01, 0x30, 0x88, 0x10, 0x90, 0x00],
            [0x12, 0x80, 0xE6, 0x02, 0x00, 0x0C, 0x05, 0xA0, 0x00, 0x00, 0x01, 0x51]
                + [0x00, 0x00, 0x02, 0xEF, 0x00, 0x00, 0x00, 0x00, 0x90, 0x00],
        ]
    ) { (input) throws(FuzzFinding) in
        guard let first = input.first else { return }
        let rest = input.dropFirst()
        guard let command = try? CommandAPDU(parsing: rest.prefix(Int(first))) else { return }
        try check(CommandText.lines(command))
        guard let answer = try? ResponseAPDU(parsing: rest.dropFirst(Int(first))) else { return }
        try check(CommandText.lines(answer, to: command))
    }

    private static func check(_ lines: [String]) throws(FuzzFinding) {
        try FuzzFinding.unless(!lines.isEmpty, "no words")
        try FuzzFinding.unless(lines.count <= CommandText.linesMax, "\(lines.count) lines")
        let longest = lines.map(\.count).max() ?? 0
        try FuzzFinding.unless(longest <= CommandText.lineCharactersMax, "a line of \(longest) characters")
    }
}
