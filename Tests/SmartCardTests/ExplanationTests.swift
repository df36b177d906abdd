internal import SmartCard
internal import TestSupport
internal import Testing

@Suite("Explanations")
struct ExplanationTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let status: StatusWord
        let context: CommandContext?
        let table: String
        var testDescription: String { "\(status) after \(context?.name ?? "any command"), table \(table)" }
    }

    private static func rows(_ table: String, _ context: CommandContext?, _ statuses: [StatusWord]) -> [Row] {
        statuses.map { Row(status: $0, context: context, table: table) }
    }

    // GlobalPlatform Card Specification 2.3.1: every table of warnings and errors in chapter 11 and annexes D
    // to F.
    static let globalPlatform: [Row] =
        rows("11-10", nil, [0x6400, 0x6700, 0x6881, 0x6982, 0x6985, 0x6A86, 0x6D00, 0x6E00])
        + rows("11-26", .delete, [0x6581, 0x6A88, 0x6A82, 0x6A80])
        + rows("11-31", .getData, [0x6A88]) + rows("11-38", .getStatus, [0x6310])
        + rows("11-39", .getStatus, [0x6A88, 0x6A80])
        + rows("11-55", .install, [0x6581, 0x6A80, 0x6A84, 0x6A88])
        + rows("11-60", .load, [0x6581, 0x6A84])
        + rows("11-62", .manageChannel, [0x6200]) + rows("11-63", .manageChannel, [0x6882, 0x6A81])
        + rows("11-78", .putKey, [0x6581, 0x6A80, 0x6A84, 0x6A88, 0x9484, 0x9485, 0x6982])
        + rows("11-83", .select, [0x6283]) + rows("11-84", .select, [0x6882, 0x6A81, 0x6A82])
        + rows("11-87", .setStatus, [0x6A80, 0x6A88])
        + rows("11-90", .storeData, [0x6A80, 0x6A84, 0x6A88])
        + rows("D-6", .initializeUpdate, [0x6A88]) + rows("E-9", .initializeUpdate, [0x6A88])
        + rows("D-9", .externalAuthenticate, [0x6300]) + rows("E-12", .externalAuthenticate, [0x6300])
        + rows("E-17", .beginRMACSession, [0x6A88]) + rows("E-20", .endRMACSession, [0x6A88])
        + rows("F-17", .externalAuthenticate, [0x9484]) + rows("F-22", .getData, [0x6A80])
        + rows("F-26", .internalAuthenticate, [0x6A80])
        + rows("F-30", .manageSecurityEnvironment, [0x6A88, 0x9484])
        + rows("F-33", .performSecurityOperation, [0x6A80])
        + rows("F-36", .performSecurityOperation, [0x6300, 0x6883, 0x6A80])

    @Test(
        "every status word of a GlobalPlatform table is explained in its context", .mission(.point6),
        arguments: globalPlatform)
    func globalPlatformTables(_ row: Row) {
        let explanation = row.status.explanation(after: row.context)
        #expect(explanation.source.contains(row.table), "\(explanation.source)")
        if row.context != nil {
            #expect(explanation != row.status.explanation(), "nothing is said of the command")
        }
    }

    // ISO/IEC 7816-4:2013 table 6, and the constants of javacard.framework.ISO7816 (Java Card 3.1).
    static let named: [StatusWord] = [
        0x9000, 0x6200, 0x6281, 0x6282, 0x6283, 0x6284, 0x6285, 0x6286, 0x6287, 0x6300, 0x6381, 0x6400,
        0x6401,
        0x6481, 0x6482, 0x6581, 0x6881, 0x6882, 0x6883, 0x6884, 0x6981, 0x6982, 0x6983, 0x6984, 0x6985,
        0x6986,
        0x6987, 0x6988, 0x6999, 0x6A80, 0x6A81, 0x6A82, 0x6A83, 0x6A84, 0x6A85, 0x6A86, 0x6A87, 0x6A88,
        0x6A89,
        0x6A8A,
    ]

    @Test("every named status word has words of its own", arguments: named)
    func namedStatuses(_ status: StatusWord) {
        // A value of the same first byte that nothing defines.
        let unnamed = StatusWord(status.rawValue & 0xFF00 | 0x7E)
        #expect(status.explanation().title != unnamed.explanation().title)
    }

    // GPCS 2.3.1 table 11-10 and the list of quirks that real cards have.
    @Test(
        "says what real cards mean",
        arguments: [
            (0x6438, .load, "newer Java Card"), (0x6A80, .load, "newer than the card's Java Card"),
            (0x6A80, .load, "imports"), (0x6A84, .installForInstall, "working memory"),
            (0x6A84, .installForLoad, "quota"), (0x6985, .delete, "Applications made from the load file"),
            (0x6985, .installForLoad, "on the card already"),
            (0x6985, .installForInstall, "AID is on the card"),
            (0x6F00, .installForInstall, "threw an exception"),
            (0x6300, .externalAuthenticate, "card counts"),
            (0x6300, .externalAuthenticate, "diversification"), (0x6A88, .getStatus, "not an error"),
            (0x6283, .select, "CARD_LOCKED"), (0x6A87, .select, "by its AID"),
            (0x6A88, .initializeUpdate, "SCP03 keys 30 to 3F"), (0x6999, .select, "select method"),
            (0x6D00, .initializeUpdate, "security domain"), (0x6983, .initializeUpdate, "card counts"),
            (0x6A88, .delete, "If it is gone, all is well"), (0x6A84, .storeData, "permanent memory"),
            (0x6982, .load, "new session"), (0x6A82, .select, "AID"),
            (0x6985, .storeData, "for personalization"),
        ] as [(UInt16, CommandContext, String)])
    func realCards(status: UInt16, context: CommandContext, words: String) {
        let explanation = StatusWord(status).explanation(after: context)
        let text = ([explanation.meaning] + explanation.causes + explanation.advice).joined(separator: "\n")
        #expect(text.contains(words), "\(text)")
    }

    @Test(
        "puts in the number that the status word carries",
        arguments: [
            (0x6102, nil, "2 bytes"), (0x6100, nil, "256 bytes"), (0x6C10, nil, "16 is right"),
            (0x6C00, nil, "256 is right"), (0x63C3, nil, "3 tries"),
            (0x63C3, .verifyPIN, "Wrong PIN, 3 tries"),
            (0x63C0, .verifyPIN, "PIN blocked"), (0x63C0, .changePIN, "PIN blocked"),
            (0x63C2, .unblockPIN, "unblocking code, 2 tries"), (0x63CF, .select, "15 tries"),
            (0x9F20, nil, "32 bytes"), (0x9110, nil, "the card wants something"),
        ] as [(UInt16, CommandContext?, String)])
    func numbers(status: UInt16, context: CommandContext?, words: String) {
        #expect(StatusWord(status).explanation(after: context).title.contains(words))
    }

    @Test("a purpose of INSTALL without words of its own has those of INSTALL")
    func fallsBack() {
        let general = StatusWord(0x6581).explanation(after: .install)
        #expect(StatusWord(0x6581).explanation(after: .installForExtradition) == general)
        #expect(
            StatusWord(0x6A84).explanation(after: .installForInstall)
                != StatusWord(0x6A84).explanation(after: .install))
        #expect(StatusWord(0x6D00).explanation(after: .load) == StatusWord(0x6D00).explanation())
    }

    @Test("every one of the 65,536 values is explained")
    func complete() {
        for value in UInt16.min...UInt16.max {
            let explanation = StatusWord(value).explanation()
            let isWhole =
                !explanation.title.isEmpty && explanation.meaning.hasSuffix(".")
                && !explanation.source.isEmpty
                && !explanation.title.contains("{") && !explanation.meaning.contains("{")
            if !isWhole { Issue.record("\(value.hex): \(explanation)") }
            let isInvalid = StatusWord(value).classification == .invalid
            if isInvalid != (explanation.title == "Not a status word") {
                Issue.record("\(value.hex): \(explanation)")
            }
        }
    }

    @Test(
        "every value that a card may answer is explained after every command",
        arguments: CommandContext.allCases)
    func everyContext(_ context: CommandContext) {
        for value in stride(from: UInt16(0x6000), through: 0x9FFF, by: 3) {
            let explanation = StatusWord(value).explanation(after: context)
            if explanation.title.isEmpty || explanation.meaning.isEmpty || explanation.source.isEmpty {
                Issue.record("\(value.hex) after \(context)")
            }
        }
    }

    @Test("nothing is explained twice")
    func unique() { #expect(Explanations.repeated.isEmpty) }

    @Test("the texts are sentences, and short")
    func language() {
        for text in Explanations.texts {
            #expect(text.hasSuffix("."), "\(text)")
            #expect(text.count <= 170, "\(text.count): \(text)")
            #expect(text.first?.isUppercase ?? false, "\(text)")
            #expect(!text.contains("  ") && !text.contains("!"), "\(text)")
        }
    }
}

@Suite("Command context")
struct CommandContextTests {
    @Test("is found by the name people type", arguments: CommandContext.allCases)
    func names(_ context: CommandContext) {
        #expect(CommandContext(name: context.name) == context)
        #expect(CommandContext(name: context.name.lowercased()) == context)
        #expect(CommandContext(name: context.name.split(separator: " ").joined(separator: "-")) == context)
    }

    @Test(
        "knows other spellings, and refuses what is none",
        arguments: [
            ("install", .install), ("INSTALL load", .installForLoad),
            ("install-for-install", .installForInstall),
            ("put_key", .putKey), ("putkey", .putKey), ("Initialize Update", .initializeUpdate),
            ("verify", .verifyPIN), ("pso", .performSecurityOperation),
            ("install personalise", .installForPersonalization),
            ("", nil), ("for", nil), ("FROBNICATE", nil), ("installe", nil),
        ] as [(String, CommandContext?)])
    func spellings(text: String, expected: CommandContext?) {
        #expect(CommandContext(name: text) == expected)
    }

    // GPCS 2.3.1 chapter 11 (CLA, INS; table 11-41 for P1) and ISO/IEC 7816-4:2013 table 5.
    @Test(
        "is read from the command itself",
        arguments: [
            ("00A4040000", .select), ("01A40400", .select), ("8050000008", .initializeUpdate),
            ("8482010010", .externalAuthenticate), ("80E60200", .installForLoad),
            ("84E60400", .installForInstall),
            ("84E60C00", .installForInstall), ("84E68C00", .installForInstall),
            ("80E60800", .installForMakeSelectable), ("80E61000", .installForExtradition),
            ("80E62000", .installForPersonalization), ("80E64000", .installForRegistryUpdate),
            ("80E60E00", .install), ("80E60000", .install), ("84E88001", .load), ("C4E40080", .delete),
            ("80D80081", .putKey), ("80F24002", .getStatus), ("80F08007", .setStatus),
            ("80E28000", .storeData),
            ("00CA0066", .getData), ("80CA9F7F", .getData), ("0070000001", .manageChannel),
            ("807A0000", .beginRMACSession), ("80780000", .endRMACSession), ("00C0000010", .getResponse),
            ("00200081", .verifyPIN), ("00240081", .changePIN), ("002C0081", .unblockPIN),
            ("00B00000", .read),
            ("00D60000", .update), ("00E20000", .update), ("00E60000", nil), ("00500000", nil),
            ("80FF0000", nil),
        ] as [(String, CommandContext?)])
    func commands(hex: String, expected: CommandContext?) throws {
        #expect(try CommandContext(CommandAPDU(parsing: Hex.decode(hex))) == expected)
    }
}
