extension Explanations {
    private static let careful = "Do not guess: ask for the right one."

    /// PINs, files and answers.
    static let files: [Entry] = [
        .init(
            0x63C0, mask: 0xFFF0, after: .verifyPIN, "Wrong PIN, {count} tries left",
            "The PIN was wrong, or the card was only asked how many tries are left: {count}.",
            causes: ["A wrong PIN.", "A PIN in another form: digits as text, or padded with FF."],
            advice: [careful],
            "ISO/IEC 7816-4:2013 table 6"),
        .init(
            0x63C0, after: .verifyPIN, "PIN blocked", "No tries are left.", causes: ["Too many wrong tries."],
            advice: ["Unblock it with the unblocking code (PUK)."], "ISO/IEC 7816-4:2013 table 6"),
        .init(
            0x63C0, mask: 0xFFF0, after: .unblockPIN, "Wrong unblocking code, {count} tries left",
            "The unblocking code was wrong; {count} tries are left. Without it the PIN stays"
                + " blocked for ever.",
            causes: ["A wrong unblocking code (PUK)."], advice: [careful], "ISO/IEC 7816-4:2013 table 6"),
        .init(
            0x63C0, after: .unblockPIN, "Unblocking code blocked",
            "No tries are left: the PIN can no more be unblocked.",
            causes: ["Too many wrong tries."], advice: ["Ask the issuer; most need to replace the card."],
            "ISO/IEC 7816-4:2013 table 6"),
        .init(
            0x6300, after: .verifyPIN, "Wrong PIN",
            "The PIN was wrong. The card does not say how many tries are left.",
            causes: ["A wrong PIN."], advice: [careful], "ISO/IEC 7816-4:2013 table 6"),
        .init(
            0x6983, after: .verifyPIN, "PIN blocked", "The PIN takes no more tries.",
            causes: ["Too many wrong tries."],
            advice: ["Unblock it with the unblocking code (PUK)."], "ISO/IEC 7816-4:2013 table 6"),
        .init(
            0x6984, after: .verifyPIN, "No PIN is set", "There is no PIN, or it is disabled.",
            advice: ["Set a PIN first."], "ISO/IEC 7816-4:2013 table 6"),
        .init(
            0x6A80, after: .verifyPIN, "PIN in the wrong form",
            "The length or the digits of the PIN are not accepted.",
            causes: ["Too short or too long.", "Wrong padding."],
            advice: ["See which form the card expects."],
            "ISO/IEC 7816-4:2013 table 6"),
        .init(
            0x6A88, after: .verifyPIN, "No such PIN", "The card has no PIN of that number.",
            advice: ["Check P2: the number of the PIN."], "ISO/IEC 7816-4:2013 table 6"),
        .init(
            0x6700, after: .verifyPIN, "Wrong PIN length",
            "The PIN has not the length that the card expects.",
            causes: ["The PIN must be padded, often to 8 bytes."], advice: ["Pad it with FF, or with 00."],
            "ISO/IEC 7816-4:2013 §5.6"),
        .init(
            0x6982, after: .read, "Reading not allowed", "The file is protected.",
            causes: ["A PIN must be verified, or a session opened, first."],
            advice: ["Verify the PIN and repeat."],
            "ISO/IEC 7816-4:2013 table 6"),
        .init(
            0x6982, after: .update, "Writing not allowed", "The file is protected.",
            causes: ["A PIN or an administrator's key is needed first."],
            advice: ["Authenticate and repeat."],
            "ISO/IEC 7816-4:2013 table 6"),
        .init(
            0x6A84, after: .update, "File too small", "The data do not fit into the file.",
            advice: ["Write less, or make the file larger."], "ISO/IEC 7816-4:2013 table 6"),
        .init(
            0x6985, after: .getResponse, "Nothing to fetch", "The card holds no answer.",
            causes: ["Another command came between.", "The answer was fetched before."],
            advice: ["Repeat the command."],
            "ISO/IEC 7816-4:2013 §11.7.1"),
    ]

    /// What SIM cards say (ETSI TS 102 221 §10.2.1, TS 102 226, 3GPP TS 51.011 §9.4).
    static let sim: [Entry] = [
        .init(
            0x9100, mask: 0xFF00, "Success, the card wants something",
            "The command succeeded. The card has a proactive command of {count} bytes for the phone.",
            advice: ["FETCH {count} bytes, carry the command out and send TERMINAL RESPONSE."],
            "TS 102 221 §10.2.1.1"),
        .init(
            0x9200, mask: 0xFF00, "Success, a transfer goes on",
            "The command succeeded. The second byte tells of a data transfer, or how often the card"
                + " had to write.",
            "TS 102 221 §10.2.1.1; TS 51.011 §9.4.4"),
        .init(
            0x9240, "Memory problem", "The SIM card could not write its memory.",
            causes: ["The memory is worn out."], advice: ["Replace the card."], "TS 51.011 §9.4.4"),
        .init(
            0x9300, "The toolkit is busy", "The SIM toolkit has no time for this now.",
            advice: ["Repeat the command later."], "TS 102 221 §10.2.1.2"),
        .init(
            0x9400, "No file selected", "There is no current file.", advice: ["Select a file first."],
            "TS 51.011 §9.4.5"),
        .init(0x9402, "Out of range", "The address or offset is beyond the end.", "TS 51.011 §9.4.5"),
        .init(0x9404, "Not found", "The file or the search pattern was not found.", "TS 51.011 §9.4.5"),
        .init(0x9408, "Wrong kind of file", "The command does not fit the file.", "TS 51.011 §9.4.5"),
        .init(
            0x9484, "Algorithm not supported",
            "The card does not have this algorithm. An older way to say 6A80.",
            "GPCS 2.3.1 table 11-78 (deprecated)"),
        .init(
            0x9485, "Key check value wrong",
            "The key's check value does not match. An older way to say 6982.",
            "GPCS 2.3.1 table 11-78 (deprecated)"),
        .init(0x9802, "No PIN is set", "The SIM card has no PIN of that number.", "TS 51.011 §9.4.6"),
        .init(
            0x9804, "Access not fulfilled",
            "The PIN was wrong, or it must be verified first. Tries are left.",
            advice: [careful], "TS 51.011 §9.4.6"),
        .init(
            0x9808, "Contradicts the PIN's state", "The PIN is enabled or disabled already.",
            "TS 51.011 §9.4.6"),
        .init(0x9810, "Contradicts invalidation", "The file is invalidated, or is not.", "TS 51.011 §9.4.6"),
        .init(
            0x9840, "PIN blocked", "The PIN was wrong and no tries are left.",
            advice: ["Unblock it with the unblocking code (PUK)."], "TS 51.011 §9.4.6"),
        .init(
            0x9850, "Maximum reached", "The counter cannot be increased any further.",
            "TS 102 221 §10.2.1.7"),
        .init(
            0x9862, "Authentication error", "The network's or the application's authentication failed.",
            causes: ["A wrong MAC in the challenge.", "Other keys than the network's."],
            "TS 102 221 §10.2.1.7"),
        .init(
            0x9863, "Security session expired", "The secured session or association has ended.",
            advice: ["Open it again."], "TS 102 221 §10.2.1.7"),
        .init(
            0x9864, "Suspension too long", "The shortest suspension time asked for is too long.",
            "TS 102 221 §10.2.1.7"),
        .init(
            0x9E00, mask: 0xFF00, "Success, {count} bytes of error data",
            "SIM data download failed in the card's application; {count} bytes tell why.",
            "TS 51.011 §9.4.1"),
        .init(
            0x9F00, mask: 0xFF00, "Success, {count} bytes wait",
            "The command succeeded. {count} bytes of answer must be fetched.",
            advice: ["Send GET RESPONSE with Le {count}."], "TS 51.011 §9.4.1"),
        .init(
            0x62F1, "More data available", "The answer is longer; more can be asked for.",
            "TS 102 221 §10.2.1.3"),
        .init(
            0x62F2, "More data, and the card wants something",
            "The answer is longer, and a proactive command waits.", "TS 102 221 §10.2.1.3"),
        .init(0x62F3, "An answer waits", "There is response data to fetch.", "TS 102 221 §10.2.1.3"),
        .init(
            0x63F1, "More data expected", "The card waits for the rest of the data.", "TS 102 221 §10.2.1.3"),
        .init(
            0x63F2, "More data expected, and the card wants something",
            "The card waits for the rest, and a proactive command waits.", "TS 102 221 §10.2.1.3"),
        .init(
            0x6200, after: .envelope, "Handled with a warning", "The application took the message and warns.",
            "TS 102 221 §10.2.1.3"),
        .init(
            0x6985, after: .fetch, "Nothing to fetch", "No proactive command waits.", "TS 102 221 §10.2.1.5"),
    ]
}
