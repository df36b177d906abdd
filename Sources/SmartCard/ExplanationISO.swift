extension Explanations {
    private static let retry = "Take the card out, insert it again and repeat the command once."

    /// What holds after every command: success, warnings and execution errors (ISO/IEC 7816-4:2013 table 6).
    static let iso: [Entry] = [
        .init(
            0x9000, "Success", "The command did all that it was asked to do.", "ISO/IEC 7816-4:2013 table 5"),
        .init(
            0x6100, mask: 0xFF00, "Success, {count} bytes wait",
            "The command succeeded. The card holds {count} bytes of answer that must be fetched.",
            advice: ["Send GET RESPONSE with Le {count}. Berth does this by itself."],
            "ISO/IEC 7816-4:2013 §5.3.4"),
        .init(
            0x6200, mask: 0xFF00, "Warning, nothing changed",
            "The card did the command, or part of it, and warns. Nothing in it changed.",
            advice: [
                "Look at the data that came with the warning.", "See the card maker's manual for this value.",
            ],
            "ISO/IEC 7816-4:2013 §5.6"),
        .init(
            0x6200, "Warning without a reason", "The card warns, and gives no reason. Nothing in it changed.",
            advice: ["Read back what you expected the command to do."], "ISO/IEC 7816-4:2013 table 6"),
        .init(
            0x6281, "Part of the data may be wrong",
            "The card returned data, and part of them may be damaged.",
            causes: ["A memory cell of the card is worn out.", "A write was interrupted earlier."],
            advice: ["Read again and compare.", "If it stays, do not trust the file; replace the card."],
            "ISO/IEC 7816-4:2013 table 6"),
        .init(
            0x6282, "End of file, or nothing found",
            "The file or record ended before as many bytes as were asked for, or a search found nothing.",
            advice: ["Ask for fewer bytes."], "ISO/IEC 7816-4:2013 table 6"),
        .init(
            0x6283, "Locked or deactivated",
            "What was selected is there, and it is deactivated. On a GlobalPlatform card: the card or the"
                + " application is locked.",
            causes: ["The issuer locked the card or the application.", "The file was deactivated."],
            advice: [
                "Ask for the status with `berth gp list`.", "Its owner can unlock it with the right keys.",
            ],
            "ISO/IEC 7816-4:2013 table 6; GPCS 2.3.1 table 11-83"),
        .init(
            0x6284, "Control information not as expected",
            "The file's control information has another format.",
            advice: ["Select without asking for control information (P2 = 0C)."],
            "ISO/IEC 7816-4:2013 table 6"),
        .init(
            0x6285, "Terminated", "What was selected has ended its life. Nothing brings it back.",
            advice: ["Use another card."], "ISO/IEC 7816-4:2013 table 6"),
        .init(
            0x6286, "The sensor gave nothing", "The card has a sensor, and it delivered no data.",
            advice: ["Touch the sensor and repeat."], "ISO/IEC 7816-4:2013 table 6"),
        .init(
            0x6287, "A record is deactivated", "At least one of the records asked for is deactivated.",
            "ISO/IEC 7816-4:2013 table 6"),
        .init(
            0x6300, mask: 0xFF00, "Warning, something changed",
            "The card did the command, or part of it, and warns. Something in it has changed.",
            advice: ["Read back what is on the card before you go on."], "ISO/IEC 7816-4:2013 §5.6"),
        .init(
            0x6300, "Verification failed",
            "The card compared something and it was wrong. It may have counted the try.",
            causes: ["A wrong PIN, password, key or certificate."],
            advice: [
                "Stop. Find out which value is right before you try again: cards lock after a few tries."
            ],
            "ISO/IEC 7816-4:2013 table 6"),
        .init(
            0x6310, "More data available", "The list is longer than one answer. More can be asked for.",
            advice: ["Repeat the command with P2 = 01 (next occurrence). Berth does this by itself."],
            "GPCS 2.3.1 table 11-38"),
        .init(
            0x6381, "File is full now", "The last write filled the file up.",
            advice: ["Delete records, or use a larger file."], "ISO/IEC 7816-4:2013 table 6"),
        .init(
            0x63C0, mask: 0xFFF0, "Wrong, {count} tries left",
            "The value was wrong. The card counts, and {count} tries are left before it blocks.",
            causes: ["A wrong PIN, password or key."],
            advice: ["Do not guess. Find the right value first."], "ISO/IEC 7816-4:2013 table 6"),
        .init(
            0x63C0, "Wrong, and now blocked", "The value was wrong, and no tries are left.",
            causes: ["Too many wrong tries."],
            advice: ["Unblock it with the unblocking code, if there is one."],
            "ISO/IEC 7816-4:2013 table 6"),
        .init(
            0x6400, mask: 0xFF00, "Could not be done, nothing changed",
            "The card tried and failed. Nothing in it changed. The second byte is the maker's own.",
            advice: [retry, "See the card maker's manual for this value."], "ISO/IEC 7816-4:2013 §5.6"),
        .init(
            0x6400, "No specific diagnosis", "The card failed and does not say why. Nothing in it changed.",
            causes: ["An internal error of the card.", "A state that the card did not expect."],
            advice: [
                retry, "If it stays, look at what the command asks for, and at the life cycle of the card.",
            ],
            "GPCS 2.3.1 table 11-10"),
        .init(
            0x6401, "The card wants an answer at once",
            "The card has a question of its own and waits for it.",
            "ISO/IEC 7816-4:2013 table 6"),
        .init(
            0x6481, "Shared access refused",
            "What was selected is in use on another logical channel, and may not be shared.",
            advice: ["Close the other channel, or reset the card."], "ISO/IEC 7816-4:2013 table 6"),
        .init(
            0x6482, "No channel opened", "The card refused to open a logical channel.",
            causes: ["All channels are open."], advice: ["Close a channel, or reset the card."],
            "ISO/IEC 7816-4:2013 table 6"),
        .init(
            0x6500, mask: 0xFF00, "Could not be done, something changed",
            "The card tried and failed on the way. Something in it may have changed.",
            advice: ["Read back what is on the card before you go on."], "ISO/IEC 7816-4:2013 §5.6"),
        .init(
            0x6581, "Memory failure", "The card could not write its memory, or read it.",
            causes: ["The memory is worn out.", "The power was too weak while it wrote."],
            advice: ["Repeat once in another reader.", "If it stays, replace the card: it will get worse."],
            "GPCS 2.3.1 tables 11-26, 11-55, 11-60, 11-78"),
        .init(
            0x6600, mask: 0xFF00, "Security problem",
            "The card found something that concerns its security. The second byte is the maker's own.",
            causes: ["An attack was suspected: light, voltage, clock.", "A secure channel was broken off."],
            advice: ["Reset the card and open a new session.", "If it stays, ask the card's maker."],
            "ISO/IEC 7816-4:2013 §5.6"),
        .init(
            0x9000, mask: 0xF000, "The maker's own answer",
            "A value that no common standard defines. SIM cards and other families use 9xxx for themselves.",
            advice: ["See the manual of the card or the application."], "ISO/IEC 7816-4:2013 §5.6"),
    ]

    /// What holds after every command: the checks that failed (ISO/IEC 7816-4:2013 table 6).
    static let isoChecking: [Entry] = [
        .init(
            0x6700, mask: 0xFF00, "Wrong length", "The card did not like the length of the command.",
            advice: ["Send the command without, or with, an Le byte.", "Send less data at a time."],
            "ISO/IEC 7816-4:2013 §5.6"),
        .init(
            0x6700, "Wrong length", "Lc or Le is not what the command allows.",
            causes: [
                "The data are too long for the card's buffer, or for its secure channel: a MAC"
                    + " takes 8 or 16 bytes.",
                "The card has no extended length.",
                "The command has an Le and may not, or the other way round.",
            ],
            advice: ["Use smaller blocks.", "Do not use extended length if the ATR does not offer it."],
            "GPCS 2.3.1 table 11-10"),
        .init(
            0x6800, mask: 0xFF00, "Class not supported in this form",
            "The CLA byte asks for something that is missing.",
            "ISO/IEC 7816-4:2013 §5.6"),
        .init(
            0x6881, "Logical channel not there",
            "The logical channel in CLA is not open, or the card has none.",
            causes: ["The channel was never opened.", "The card was reset, which closes every channel."],
            advice: ["Use the basic channel, or open one with MANAGE CHANNEL."], "GPCS 2.3.1 table 11-10"),
        .init(
            0x6882, "Secure messaging not supported", "The command came wrapped, and may not be.",
            causes: [
                "Another application is selected than the one the session was opened with.",
                "The card forgot the session after a reset.",
            ],
            advice: ["Select the security domain and open a new session."], "GPCS 2.3.1 tables 11-63, 11-84"),
        .init(
            0x6883, "The chain's last command was expected", "Another command came between chained ones.",
            advice: ["Send the whole chain without a break."], "ISO/IEC 7816-4:2013 table 6"),
        .init(
            0x6884, "Chaining not supported", "The card takes no chained commands.",
            advice: ["Use extended length, or less data."], "ISO/IEC 7816-4:2013 table 6"),
        .init(
            0x6900, mask: 0xFF00, "Not allowed", "The command is not allowed now.",
            advice: ["See what must come before it: selecting, authenticating, another state."],
            "ISO/IEC 7816-4:2013 §5.6"),
        .init(
            0x6981, "Wrong kind of file", "The command does not fit the structure of the file.",
            advice: ["Use the record command for records, and the binary command for transparent files."],
            "ISO/IEC 7816-4:2013 table 6"),
        .init(
            0x6982, "Not authenticated", "The security condition of this command is not met.",
            causes: [
                "No secure channel is open, or its level is too low.",
                "The MAC of the command was wrong, and the card closed the channel.",
                "A PIN must be verified first.", "The security domain lacks the privilege.",
            ],
            advice: [
                "Authenticate first.", "If you did, open a new session: one wrong MAC ends the old one.",
            ],
            "GPCS 2.3.1 table 11-10"),
        .init(
            0x6983, "Blocked", "The PIN, key or authentication method is blocked.",
            causes: ["Too many wrong tries."],
            advice: ["Stop trying. Unblock it with the unblocking code, or ask the issuer."],
            "ISO/IEC 7816-4:2013 table 6"),
        .init(
            0x6984, "Reference data unusable", "What the command refers to cannot be used.",
            causes: ["A PIN or key that was never set.", "A challenge that was not asked for."],
            advice: ["Set the reference data first."], "ISO/IEC 7816-4:2013 table 6"),
        .init(
            0x6985, "Conditions of use not satisfied", "The card could, but not in the state it is in.",
            causes: [
                "A command that must come first is missing.", "The card or the application is locked.",
                "Something still depends on what the command is about.",
            ],
            advice: [
                "Look at the life cycle states with `berth gp list`.", "Check the order of the commands.",
            ],
            "GPCS 2.3.1 table 11-10"),
        .init(
            0x6986, "Command not allowed", "There is no current file that the command could work on.",
            advice: ["Select a file first."], "ISO/IEC 7816-4:2013 table 6"),
        .init(
            0x6987, "Secure messaging data missing",
            "The card expected secure messaging and found none, or a part.",
            advice: ["Open a new session and wrap the command."], "ISO/IEC 7816-4:2013 table 6"),
        .init(
            0x6988, "Secure messaging data wrong", "The MAC or the encryption of the command is wrong.",
            causes: ["Session keys that differ.", "A command was lost or repeated within the session."],
            advice: [
                "Open a new session.", "If the first command fails, check keys and protocol; do not guess.",
            ],
            "ISO/IEC 7816-4:2013 table 6"),
        .init(
            0x6999, "The applet refused to be selected",
            "The application is there, and its select method said no.",
            causes: ["It is not personalised.", "It is meant for another interface."],
            advice: ["Personalise it first, or see its manual."],
            "Java Card 3.1 ISO7816.SW_APPLET_SELECT_FAILED"),
        .init(
            0x6A00, mask: 0xFF00, "Wrong parameters", "P1, P2 or the data are wrong.",
            "ISO/IEC 7816-4:2013 §5.6"),
        .init(
            0x6A80, "Wrong data", "The values in the command's data are wrong.",
            causes: ["A tag, length or value that the card does not know.", "Parameters in another order."],
            advice: ["Compare the data with the card's manual."], "ISO/IEC 7816-4:2013 table 6"),
        .init(
            0x6A81, "Function not supported", "The card cannot do this, or not in its present state.",
            causes: ["The card is locked.", "An optional function that was left out."],
            advice: ["Look at the card's life cycle state and at its capabilities."],
            "GPCS 2.3.1 tables 11-63, 11-84"),
        .init(
            0x6A82, "Not found", "There is no file or application of that name.",
            causes: ["A wrong AID or file identifier.", "It is installed but not selectable, or locked."],
            advice: ["List what is on the card with `berth gp list`."], "GPCS 2.3.1 tables 11-26, 11-84"),
        .init(
            0x6A83, "Record not found", "The file has no record of that number.",
            "ISO/IEC 7816-4:2013 table 6"),
        .init(
            0x6A84, "Not enough memory", "The card has no room for this.",
            causes: ["The permanent memory is full.", "The working memory is full.", "The file is full."],
            advice: ["See `berth gp info` for the free memory.", "Delete what is not needed."],
            "GPCS 2.3.1 tables 11-55, 11-60, 11-78, 11-90"),
        .init(
            0x6A85, "Length and structure differ", "Lc does not agree with the TLV structure inside.",
            "ISO/IEC 7816-4:2013 table 6"),
        .init(
            0x6A86, "Wrong P1 or P2", "The command is known, and not with this P1 and P2.",
            causes: ["An option that this card does not have."],
            advice: ["Try the command without the option."],
            "GPCS 2.3.1 table 11-10"),
        .init(
            0x6A87, "Length does not fit P1 and P2", "Lc does not agree with P1 and P2.",
            "ISO/IEC 7816-4:2013 table 6"),
        .init(
            0x6A88, "Referenced data not found", "What the command refers to is not on the card.",
            causes: ["A wrong AID, key version, or tag."], advice: ["List what is on the card first."],
            "GPCS 2.3.1 tables 11-26, 11-31, 11-39, 11-55, 11-78, 11-87, 11-90"),
        .init(
            0x6A89, "File already exists", "A file of that name is there already.",
            "ISO/IEC 7816-4:2013 table 6"),
        .init(
            0x6A8A, "Name already exists", "A directory or application of that name is there already.",
            "ISO/IEC 7816-4:2013 table 6"),
        .init(
            0x6B00, mask: 0xFF00, "Wrong P1 or P2", "P1 and P2 are wrong: often an offset beyond the end.",
            advice: ["Ask for a smaller offset."], "ISO/IEC 7816-4:2013 §5.6"),
        .init(
            0x6C00, mask: 0xFF00, "Wrong Le, {count} is right",
            "Le is wrong. The card names the right one: {count}.",
            advice: ["Repeat the command with Le {count}. Berth does this by itself."],
            "ISO/IEC 7816-4:2013 §5.3.4"),
        .init(
            0x6D00, mask: 0xFF00, "Unknown instruction", "What is selected does not know this instruction.",
            causes: [
                "Another application is selected than you think.",
                "The instruction is optional, and this card does not have it.",
            ],
            advice: ["Select the application again, by its AID."], "GPCS 2.3.1 table 11-10"),
        .init(
            0x6E00, mask: 0xFF00, "Unknown class", "What is selected does not know this CLA byte.",
            causes: [
                "Another application is selected than you think.",
                "The card is not a GlobalPlatform card, or its issuer domain is not selected.",
            ],
            advice: ["Select the application again, by its AID."], "GPCS 2.3.1 table 11-10"),
        .init(
            0x6F00, mask: 0xFF00, "Unknown error", "The card or its application failed and cannot say more.",
            causes: [
                "The application threw an exception that it does not catch.",
                "An internal error of the card; the second byte is the maker's own.",
            ],
            advice: [
                "Take the card out, insert it again and repeat once.",
                "If you wrote the application, look there.",
            ],
            "ISO/IEC 7816-4:2013 §5.6; Java Card 3.1 ISO7816.SW_UNKNOWN"),
    ]
}
