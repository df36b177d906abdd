extension Explanations {
    /// Keys, states and data of a security domain.
    static let contents: [Entry] = [
        .init(
            0x6A80, after: .putKey, "Key data refused",
            "The card did not accept the key as it was built.",
            causes: [
                "A key type or length that this domain does not take.", "The check value does not match.",
                "Keys of one set with different lengths.", "An encryption under the wrong DEK.",
            ],
            advice: [
                "Check key type and length against the protocol: DES for SCP02, AES for SCP03.",
                "The old keys stand.",
            ],
            "GPCS 2.3.1 table 11-78"),
        .init(
            0x6982, after: .putKey, "Check value wrong, or not allowed",
            "The key did not decrypt to its check value, or the session may not change keys.",
            causes: [
                "The key was encrypted under the wrong DEK.", "No secure channel is open, or it has ended.",
                "The new keys must be put by the domain's parent first.",
            ],
            advice: ["Open a new session and repeat; the old keys stand.", "Check the DEK."],
            "GPCS 2.3.1 table 11-78"),
        .init(
            0x6A84, after: .putKey, "No room for keys", "The domain cannot hold another key set.",
            causes: ["The number of key sets is limited, often to a few.", "The permanent memory is full."],
            advice: ["Replace an existing version instead of adding one.", "Delete an old key set."],
            "GPCS 2.3.1 table 11-78"),
        .init(
            0x6A88, after: .putKey, "Key version to replace not found",
            "The version in P1 is not on the card.",
            causes: [
                "A wrong version number.",
                "The domain has only its first keys (version FF), which want P1 = 00.",
            ],
            advice: ["See the key list with `berth gp info`.", "Use P1 = 00 to add a version."],
            "GPCS 2.3.1 table 11-78"),
        .init(
            0x6581, after: .putKey, "Memory failure while writing keys",
            "The card could not write. Which keys it holds now is uncertain.",
            advice: [
                "Open a session with the old keys, then with the new: each once.",
                "Do not try more: cards lock.",
            ],
            "GPCS 2.3.1 table 11-78"),
        .init(
            0x6985, after: .putKey, "Keys cannot change now",
            "The state of card or domain does not allow it.",
            causes: ["The card is locked or its keys are fixed by the issuer."],
            advice: ["Look at the life cycle state."], "GPCS 2.3.1 table 11-10"),
        .init(
            0x9484, after: .putKey, "Algorithm not supported",
            "An older way to say 6A80: the key type is unknown.",
            advice: ["Use a key type that the card has."], "GPCS 2.3.1 table 11-78 (deprecated)"),
        .init(
            0x9485, after: .putKey, "Key check value wrong",
            "An older way to say 6982: the check value does not match.",
            advice: ["Check the DEK that the key was encrypted under."], "GPCS 2.3.1 table 11-78 (deprecated)"
        ),
        .init(
            0x6A88, after: .getStatus, "Nothing there",
            "The registry has no entry of this kind. This is not an error.",
            causes: [
                "No application or load file has been installed yet.", "The search AID matches nothing.",
            ],
            advice: ["Nothing: the list is empty."], "GPCS 2.3.1 table 11-39"),
        .init(
            0x6A80, after: .getStatus, "Search refused", "The card did not accept the search criteria.",
            causes: ["A tag list (5C) that this card does not take."], advice: ["Ask without a tag list."],
            "GPCS 2.3.1 table 11-39"),
        .init(
            0x6A86, after: .getStatus, "This form of the list is not there",
            "The card does not know this P1 or P2.",
            causes: ["An older card without the TLV form (P2 = 02).", "No modules list (P1 = 10)."],
            advice: ["Ask in the older form (P2 = 00), and for load files only (P1 = 20)."],
            "GPCS 2.3.1 table 11-10; seen on real cards"),
        .init(
            0x6310, after: .getStatus, "The list goes on", "One answer was too small for the list.",
            advice: ["Repeat with P2 = 01 or 03 (next occurrence). Berth does this by itself."],
            "GPCS 2.3.1 table 11-38"),
        .init(
            0x6985, after: .getStatus, "List refused",
            "The card shows its list in a session only, or not at all now.",
            causes: ["No secure channel is open.", "GET STATUS [next] came without a first one."],
            advice: ["Authenticate first.", "Begin the list again."],
            "GPCS 2.3.1 table 11-10; seen on real cards"),
        .init(
            0x6A80, after: .setStatus, "State refused", "The card did not accept the new state.",
            causes: [
                "This change of state does not exist: states mostly go forward only.",
                "The application controls its own state.",
            ],
            advice: ["Look at the present state with `berth gp list`."], "GPCS 2.3.1 table 11-87"),
        .init(
            0x6A88, after: .setStatus, "Application not found",
            "What should change state is not on the card.",
            causes: [
                "A wrong AID.", "A wrong kind in P1: card, application, or domain with its applications.",
            ],
            advice: ["List the card."], "GPCS 2.3.1 table 11-87"),
        .init(
            0x6985, after: .setStatus, "Change of state not allowed",
            "The change exists, and the card does not allow it here.",
            causes: [
                "Only the issuer domain, or a domain with Card Lock or Card Terminate, may do it.",
                "The card is terminated.",
            ],
            advice: ["Authenticate to the issuer domain.", "Check the privileges."],
            "GPCS 2.3.1 table 11-10 and §5"),
        .init(
            0x6A80, after: .storeData, "Data refused",
            "The domain or the application did not accept the data.",
            causes: [
                "A DGI or tag that it does not know.", "A wrong length inside.",
                "Data that should be encrypted came in plain, or the other way round.",
                "The blocks did not come in order.",
            ],
            advice: ["See the application's manual for its data groups.", "Begin with block 0 again."],
            "GPCS 2.3.1 table 11-90"),
        .init(
            0x6A84, after: .storeData, "No room for the data", "The data do not fit.",
            causes: [
                "The permanent memory is full.", "The data group is larger than the application planned.",
            ],
            advice: ["See `berth gp info` for the free memory."], "GPCS 2.3.1 table 11-90"),
        .init(
            0x6A88, after: .storeData, "Nothing to store it in",
            "The data refer to something that is not there.",
            causes: ["A key or object that must be made first."],
            advice: ["Check the order of the data groups."],
            "GPCS 2.3.1 table 11-90"),
        .init(
            0x6985, after: .storeData, "Data not expected now",
            "The domain or the application takes no data now.",
            causes: [
                "INSTALL [for personalization] is missing: then the domain itself is meant.",
                "The application is personalised already.", "An earlier block failed.",
            ],
            advice: ["Begin again with INSTALL [for personalization].", "Look at the life cycle state."],
            "GPCS 2.3.1 table 11-10 and §7.3.2"),
        .init(
            0x6A86, after: .storeData, "Wrong form of data",
            "P1 says a form or an order that is not accepted.",
            causes: [
                "DGI, TLV or encryption bits that the application does not have.", "A block number left out.",
            ],
            advice: ["Try another form in P1.", "Begin with block 0 again."], "GPCS 2.3.1 table 11-10"),
        .init(
            0x6982, after: .storeData, "Not authenticated for data",
            "The domain wants a secure channel, or a higher level.",
            causes: ["No secure channel is open.", "The application wants its data encrypted."],
            advice: ["Open a session with MAC and encryption: `--mode enc`."], "GPCS 2.3.1 table 11-10"),
        .init(
            0x6A88, after: .getData, "Data object not there",
            "The card does not have this object. Many are optional.",
            causes: [
                "The object was never written.",
                "This card does not report it: FF21, 67 and E0 are missing on some.",
            ],
            advice: ["Go on without it."], "GPCS 2.3.1 table 11-31"),
        .init(
            0x6A81, after: .getData, "Object not supported", "The card does not know objects of this kind.",
            advice: ["Go on without it."], "ISO/IEC 7816-4:2013 table 6; seen on real cards"),
        .init(
            0x6A86, after: .getData, "Object not supported", "The card does not know the tag in P1 and P2.",
            advice: ["Go on without it."], "GPCS 2.3.1 table 11-10; seen on real cards"),
        .init(
            0x6982, after: .getData, "Object is protected", "This object is shown in a session only.",
            advice: ["Authenticate and ask again."], "GPCS 2.3.1 table 11-10"),
        .init(
            0x6985, after: .getData, "Object not available now",
            "The card does not show this object in its present state.",
            causes: ["The card is locked.", "It is shown in a session only."],
            advice: ["Authenticate and ask again."],
            "GPCS 2.3.1 table 11-10"),
        .init(
            0x6A80, after: .getData, "Request refused",
            "The card did not accept the data that came with the request.",
            causes: ["A tag list that this card does not take."], advice: ["Ask without data."],
            "GPCS 2.3.1 table F-22"),
        .init(
            0x6A80, after: .externalAuthenticate, "Wrong values in the data",
            "The cryptogram is not built as the card expects.",
            causes: ["Another protocol, or another length of the challenge (S8 or S16), than the card uses."],
            advice: ["Check the protocol that the card reports."], "Seen on real cards"),
    ]
}
