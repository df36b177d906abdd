import SmartCard

/// Logical channels, selection, class bytes, transport (GPCS 2.3.1 §6.4, §11.1.4, §11.7, §11.9; ISO/IEC 7816-4).
extension Rules {
    private static let ch1: [Act] = [.openChannel]

    static let channels: [Rule] = [
        Rule("§11.7", "the first free channel is given", Act.issuer, .openChannel, "019000"),
        Rule(
            "§11.7", "a channel that was closed is given again",
            ch1 + ch1 + [.raw("00708001")], .openChannel, "019000"),
        Rule("§11.7", "more channels than there are", ch1 + ch1 + ch1, .openChannel, "6A81"),
        Rule("§11.7", "closing from another channel", ch1 + ch1, .raw("01708002"), "9000"),
        Rule("§11.7", "closing the channel it is sent on", ch1, .raw("01708001"), "9000"),
        Rule(
            "§11.7", "a closed channel answers nothing", ch1 + [.raw("00708001")], .raw("01A4040000"), "6881"),
        Rule("§11.7.3.2", "closing what is closed warns", [], .raw("00708002"), "6200"),
        Rule("§11.7.2.2", "the basic channel is never closed", [], .raw("00708000"), "6A86"),
        Rule("§11.7.2.2", "a channel beyond what the card has", [], .raw("00708004"), "6A86"),
        Rule("§11.7.2.1", "P1 that is neither open nor close", [], .raw("0070400001"), "6A86"),
        Rule("§11.7.3.2", "MANAGE CHANNEL with secure messaging", Act.issuer, .raw("0470000001"), "6882"),
        Rule("§11.1.4.2", "a further class on a channel nobody has", [], .raw("C0F28002024F0000"), "6881"),
        Rule("§11.1.3", "a command on a channel that is not open", [], .raw("02A4040000"), "6881"),
        Rule(
            "§6.4.3.2", "the application of a supplementary channel is taken over",
            Act.installed + [.openChannel, .select(RulesNames.issuer, 1), .raw("0170000001")],
            .raw("82CA9F7F00"), "*9000"),
        Rule(
            "§6.4.3.2", "unless it cannot be selected twice",
            Act.installed + [.openChannel, .select(RulesNames.first, 1)], .raw("0170000001"), "6985"),
        Rule(
            "§6.4.2.2", "the implicitly selectable application of the new channel",
            Act.installed + [
                .update(RulesNames.first, parameters: "EF03CF0142"), .openChannel, .openChannel,
            ],
            .raw("0210000000"), "*9000"),
        Rule(
            "§6.4.2.2", "failing that, of the basic channel",
            Act.loaded + [.forInstall(RulesNames.first, privileges: "04"), .openChannel],
            .raw("0110000000"), "*9000"),
        Rule(
            "§6.4.2.2", "a multi-selection restriction keeps the channel closed",
            Act.loaded + [.forInstall(RulesNames.first, privileges: "04"), .reset], .openChannel, "6985"),
        Rule(
            "§6.4.2.2", "a locked implicitly selectable application gives way to the final one",
            Act.loaded + [
                .forInstall(RulesNames.first, privileges: "04"), .lock(RulesNames.first), .openChannel,
            ], .raw("81CA9F7F00"), "*9000"),
        Rule(
            "§10.1", "a session of one channel does not serve another", Act.issuer + ch1,
            .raw("81F28002024F0000"), "6982"),
        Rule(
            "§10.1", "each channel has a session of its own",
            Act.issuer + ch1 + [.open(level: 0x33, 1), .getStatus("80")],
            .getStatus("80", "02", "4F00", 1), "*9000"),
        Rule(
            "§9.6.3", "a supplementary channel of a locked card is closed by SELECT",
            Act.issuer + ch1 + [.card("07"), .card("0F"), .card("7F")],
            disregarding: [.select(RulesNames.issuer, 1)], .raw("81CA9F7F00"), "6881"),
        Rule(
            "§6.4.3.1.2", "SELECT on a supplementary channel of a locked card",
            Act.issuer + ch1 + [.card("07"), .card("0F"), .card("7F")], .select(RulesNames.issuer, 1),
            "6A81"),
        Rule(
            "§6.4.3.1.2", "a supplementary channel of a terminated card is closed by SELECT",
            Act.issuer + ch1 + [.card("FF")],
            disregarding: [.select(RulesNames.issuer, 1)], .raw("81CA9F7F00"), "6881"),
    ]

    static let selection: [Rule] = [
        Rule(
            "§11.9.3.1", "the FCI of a domain", Act.issuer + [.domain(RulesNames.domain)],
            .select(RulesNames.domain), "6F0F8407" + RulesNames.domain + "A5049F6501FF9000"),
        Rule("§6.4.2.1.2", "a name that begins others", Act.installed, .select("F052554C45"), "9000"),
        Rule("§6.4.2.1.2", "one byte of a name", Act.installed, .select("F0"), "9000"),
        Rule(
            "§6.4.2.1.2", "a name that is longer than any", Act.installed, .select(RulesNames.first + "00"),
            "6A82"),
        Rule(
            "§6.4.2.1.2", "next occurrence goes on behind the selected",
            Act.installed + [.forInstall(RulesNames.second), .select("F052554C450A")],
            .select("F052554C450A", next: true), "9000"),
        Rule(
            "§6.4.2.1.2", "next occurrence behind the last",
            Act.installed + [
                .forInstall(RulesNames.second), .select("F052554C450A"), .select("F052554C450A", next: true),
            ], .select("F052554C450A", next: true), "6A82"),
        Rule(
            "§6.4.2.1.2", "and the last stays selected",
            Act.installed + [
                .forInstall(RulesNames.second), .select("F052554C450A"), .select("F052554C450A", next: true),
            ], disregarding: [.select("F052554C450A", next: true)], .raw("0010000000"), "*9000"),
        Rule(
            "§6.4.2.1.2", "next occurrence without a first", Act.issuer + [.reset],
            .select(RulesNames.issuer, next: true), "6985"),
        Rule(
            "§6.4.2.1.2", "next occurrence without a name", Act.installed + [.select(RulesNames.first)],
            .select("", next: true), "*9000"),
        Rule(
            "§6.4.2.1.2", "an INSTALLED application is passed over",
            Act.loaded + [.forInstall(RulesNames.first, p1: "04"), .forInstall(RulesNames.second)],
            .select("F052554C450A"), "9000"),
        Rule(
            "§6.4.2.1.2", "an INSTALLED application alone",
            Act.loaded + [.forInstall(RulesNames.first, p1: "04")], .select(RulesNames.first), "6A82"),
        Rule(
            "§6.4.2.1.2", "a locked application alone", Act.installed + [.lock(RulesNames.first)],
            .select(RulesNames.first), "6A82"),
        Rule(
            "§6.4.2.1.2", "a locked application that is selected loses its session when selected again",
            Act.installed + [
                .openChannel, .select(RulesNames.first, 1), .lock(RulesNames.first),
            ], disregarding: [.select(RulesNames.first, 1)], .raw("0110000000"), "6D00"),
        Rule(
            "§9.6.2", "an application stays selected when it is locked",
            Act.installed + [.openChannel, .select(RulesNames.first, 1), .lock(RulesNames.first)],
            .raw("0110000000"), "*9000"),
        Rule(
            "§6.4.3.1.2", "an application that is selected elsewhere",
            Act.installed + [.openChannel, .select(RulesNames.first, 1)], .select(RulesNames.first), "6999"),
        Rule(
            "§6.4.2.1.2", "the search goes past one that is selected elsewhere",
            Act.installed + [
                .forInstall(RulesNames.second), .openChannel, .select(RulesNames.first, 1),
            ], .select("F052554C450A"), "9000"),
        Rule("§6.4.2.1.2", "a load file is no application", Act.loaded, .select(RulesNames.package), "6A82"),
        Rule("§6.4.2.1.2", "a module is no application", Act.loaded, .select(RulesNames.module), "6A82"),
        Rule(
            "§6.4.2.1.2", "a locked domain",
            Act.issuer + [.domain(RulesNames.domain), .lock(RulesNames.domain)],
            .select(RulesNames.domain), "6A82"),
        Rule(
            "§6.4.2.1.1", "Card Reset makes an application the one after reset",
            Act.loaded + [.forInstall(RulesNames.first, privileges: "04"), .reset], .raw("0010000000"),
            "*9000"),
        Rule(
            "§6.4.2.1.1", "so does the implicit selection parameter",
            Act.loaded + [.forInstall(RulesNames.first, parameters: "C900EF03CF0140"), .reset],
            .raw("0010000000"), "*9000"),
        Rule(
            "§11.1.7", "contactless only does not count over contacts",
            Act.loaded + [.forInstall(RulesNames.first, parameters: "C900EF03CF0180"), .reset],
            .raw("80CA9F7F00"), "*9000"),
        Rule(
            "§6.4.2.1.1", "once locked, the final application is there after reset",
            Act.loaded + [
                .forInstall(RulesNames.first, privileges: "04"), .lock(RulesNames.first), .reset,
            ], .raw("80CA9F7F00"), "*9000"),
        Rule(
            "§6.4.1", "after its deletion the issuer domain is there after reset",
            Act.loaded + [
                .forInstall(RulesNames.first, privileges: "04"), .delete(RulesNames.first), .reset,
            ], .raw("80CA9F7F00"), "*9000"),
        Rule(
            "§6.4.1", "a second Card Reset is refused",
            Act.loaded + [.forInstall(RulesNames.first, privileges: "04")],
            .forInstall(RulesNames.second, privileges: "04"), "6985"),
        Rule(
            "§6.4.1", "a channel that a locked application has is taken all the same",
            Act.loaded + [
                .forInstall(RulesNames.first, parameters: "C900EF03CF0141"), .lock(RulesNames.first),
                .forInstall(RulesNames.second),
            ], .update(RulesNames.second, parameters: "EF03CF0141"), "6985"),
        Rule("§11.9.2.2", "P2 of no occurrence", [], .raw("00A4040105A000000151"), "6A86"),
        Rule("§11.9.3.2", "SELECT with secure messaging", Act.issuer, .raw("04A4040000"), "6882"),
        Rule(
            "§11.9.3.2", "the final application of a locked card warns",
            Act.loaded + [
                .forInstall(RulesNames.first, privileges: "000200"), .card("07"), .card("0F"), .card("7F"),
            ], .select(RulesNames.first), "*6283"),
        Rule(
            "§6.4.2.1.2", "and the issuer domain is refused then",
            Act.loaded + [
                .forInstall(RulesNames.first, privileges: "000200"), .card("07"), .card("0F"), .card("7F"),
            ], .select(RulesNames.issuer), "6A81"),
        Rule(
            "§6.4.2.1.1", "the final application is the one after reset of a locked card",
            Act.loaded + [
                .forInstall(RulesNames.first, privileges: "000200"), .card("07"), .card("0F"), .card("7F"),
                .reset,
            ], .raw("0010000000"), "*9000"),
    ]

    static let transport: [Rule] = [
        Rule("ISO 7816-4 §5.1", "four bytes are a command", [], .raw("00700000"), "*9000"),
        Rule("ISO 7816-4 §5.1", "no bytes", [], .raw(""), "6700"),
        Rule("ISO 7816-4 §5.1", "three bytes", [], .raw("0070 00"), "6700"),
        Rule("ISO 7816-4 §5.1", "fewer data than Lc says", [], .raw("00A4040008A0000001"), "6700"),
        Rule("ISO 7816-4 §5.1", "more data than Lc and Le", [], .raw("00A4040001A0000000"), "6700"),
        Rule("§11.1.5", "extended length", [], .raw("00A4040000000800000000000000000000"), "6700"),
        Rule("§11.1.3", "a class that is no class", [], .raw("FF20000000"), "6E00"),
        Rule("§11.1.3", "an instruction nobody has", [], .raw("80FE000000"), "6D00"),
        Rule("§11.1.3", "a GlobalPlatform command with an ISO class", [], .raw("00F24000024F0000"), "6E00"),
        Rule("§11.1.4", "ISO chaining is not GlobalPlatform's", Act.issuer, .raw("90F24002024F0000"), "6884"),
        Rule("§11.1.4.1", "secure messaging of ISO", Act.issuer, .raw("88F24002024F0000"), "6882"),
        Rule(
            "ISO 7816-3 §12.2", "T=0: an answer with data is announced", on: "small-16k", [],
            .raw("00A4040008A000000151000000"), "6112"),
        Rule(
            "ISO 7816-3 §12.2", "T=0: and fetched", on: "small-16k", [],
            .select(RulesNames.issuer), "*9000"),
        Rule(
            "ISO 7816-3 §10.3.3", "T=0: the right length is told", on: "small-16k", [],
            .raw("80CA9F7F00"), "6C2D"),
        Rule(
            "ISO 7816-3 §10.3.3", "T=0: and asked for", on: "small-16k", [], .raw("80CA9F7F2D"), "*9000"),
        Rule(
            "ISO 7816-4 §5.3.4", "T=0: nothing to fetch", on: "small-16k", [], .raw("00C0000000"), "6985"),
        Rule(
            "ISO 7816-4 §5.3.4", "T=0: the warning of GET STATUS comes with the last part", on: "small-16k",
            [.open(.factoryDES)], .getStatus("80"), "*9000"),
        Rule("ISO 7816-4 §5.3.4", "T=1: less than there is", [], .raw("80CA9F7F10"), "6C2D"),
        Rule("ISO 7816-4 §5.3.4", "T=1: more than there is", [], .raw("80CA9F7F60"), "*9000"),
        Rule(
            "§11.1.5.1", "a chain of two INSTALL commands, MAC over the whole", Act.issuer,
            .forLoad(RulesNames.package, parameters: RulesBytes.tlv("EF", RulesBytes.tlv("DD", longField))),
            "009000"),
        Rule(
            "§11.1.5.1", "the same with encryption", Act.issuer(0x03),
            .forLoad(RulesNames.package, parameters: RulesBytes.tlv("EF", RulesBytes.tlv("DD", longField))),
            "009000"),
        Rule(
            "§11.1.5.1", "the same with protected answers", Act.issuer(0x33),
            .forLoad(RulesNames.package, parameters: RulesBytes.tlv("EF", RulesBytes.tlv("DD", longField))),
            "009000"),
        Rule(
            "§11.1.5.1", "a chain with a wrong MAC", Act.issuer,
            Act.send(
                "80E60200",
                [RulesNames.package, "", ""].map { RulesBytes.counted($0) }.joined() + longParameters,
                altered: true), "6982"),
        Rule(
            "§11.1.5.1", "another command inside a chain", Act.issuer + [.raw("84E6820003060102")],
            .raw("84F24002024F0000"), "6985"),
        Rule(
            "§11.1.5.1", "another header inside a chain", Act.issuer + [.raw("84E6820003060102")],
            .raw("84E60C0003060102"), "6985"),
        Rule(
            "§11.1.5.1", "a chain that never ends", on: "javacard-80k", Act.issuer + endless,
            .raw("84E68200FF" + String(repeating: "00", count: 255)), "6A86"),
        Rule(
            "§11.1.5.1", "LOAD knows no chain: b8 is its last block",
            Act.issuer + [.forLoad(RulesNames.package)],
            .load(0, [0xC4, 0x01, 0x00], last: true), "6A80"),
    ]

    private static let longField = String(repeating: "A5", count: 260)
    private static let longParameters: String = {
        let field = RulesBytes.tlv("EF", RulesBytes.tlv("DD", longField))
        let count = field.utf8.count / 2
        return "82" + UInt8(count >> 8).hex + UInt8(count & 0xFF).hex + field + "00"
    }()
    /// Thirty-two full commands: 8,160 bytes.
    private static let endless = Array(
        repeating: Act.raw("84E68200FF" + String(repeating: "00", count: 255)), count: 32)
}
