extension Explanations {
    private static let danger =
        "Stop. The card counts failed authentications, and may lock for ever after a few (often 10,"
        + " sometimes 3)."

    /// Selecting, channels and secure channels.
    static let sessions: [Entry] = [
        .init(
            0x6A88, after: .initializeUpdate, "Key version not found",
            "The card has no key set of that version for this protocol.",
            causes: [
                "A wrong key version number.",
                "SCP02 keys often have versions 20 to 2F, SCP03 keys 30 to 3F.",
                "The security domain has no keys yet.",
            ],
            advice: [
                "Use key version 0: the card then takes its first key set.",
                "See the key list with `berth gp info`.",
            ],
            "GPCS 2.3.1 tables D-6 and E-9"),
        .init(
            0x6985, after: .initializeUpdate, "No session possible",
            "The card does not open a secure channel in its present state.",
            causes: [
                "The card or the domain is locked or terminated.", "The domain has no keys.",
                "The SCP02 sequence counter is used up.",
            ],
            advice: ["Look at the life cycle state.", "Use the parent domain's session."],
            "GPCS 2.3.1 table 11-10; seen on real cards"),
        .init(
            0x6982, after: .initializeUpdate, "Session refused",
            "The card refuses to begin an authentication.",
            causes: [
                "Too many failed authentications: the keys are blocked.", "The interface is not allowed.",
            ],
            advice: [danger, "Try the contact interface.", "Ask the issuer."], "Seen on real cards"),
        .init(
            0x6983, after: .initializeUpdate, "Authentication is blocked",
            "The card counted too many failed authentications.",
            causes: ["Wrong keys were tried too often."],
            advice: [danger, "Ask the issuer; on most cards nobody can undo it."], "Seen on real cards"),
        .init(
            0x6D00, after: .initializeUpdate, "Not a security domain",
            "What is selected does not know INITIALIZE UPDATE.",
            causes: ["An application is selected, not a security domain.", "Not a GlobalPlatform card."],
            advice: ["Select the issuer domain by its AID."], "GPCS 2.3.1 table 11-10"),
        .init(
            0x6E00, after: .initializeUpdate, "Not a security domain",
            "What is selected does not know CLA 80.",
            causes: ["An application is selected, not a security domain.", "Not a GlobalPlatform card."],
            advice: ["Select the issuer domain by its AID."], "GPCS 2.3.1 table 11-10"),
        .init(
            0x6300, after: .externalAuthenticate, "Wrong keys",
            "The card computed another host cryptogram: the keys are not the card's keys. It"
                + " counted the failure.",
            causes: [
                "Other keys than the card has.", "A missing or wrong key diversification.",
                "A wrong key version.",
            ],
            advice: [
                danger,
                "Compare keys, key version and diversification with what the card's supplier gave you.",
                "Try again only when you know what was wrong.",
            ], "GPCS 2.3.1 tables D-9 and E-12; GPC Amendment D"),
        .init(
            0x6982, after: .externalAuthenticate, "Authentication failed",
            "The card did not accept the MAC or the security level. It may have counted the failure.",
            causes: [
                "Other keys than the card has.", "The MAC was computed for another protocol variant (i).",
                "The security level is not allowed here.",
            ],
            advice: [danger, "Compare keys, protocol and variant with the card's data."],
            "GPCS 2.3.1 table 11-10; seen on real cards"),
        .init(
            0x6985, after: .externalAuthenticate, "No authentication is going on",
            "INITIALIZE UPDATE must come just before, on the same logical channel.",
            causes: ["Another command came between.", "Another program uses the card."],
            advice: ["Take the card exclusively and open the session again."], "GPCS 2.3.1 table 11-10"),
        .init(
            0x6A86, after: .externalAuthenticate, "Security level not supported",
            "The card does not know the security level in P1.",
            causes: ["Response MAC or response encryption that this variant does not have."],
            advice: ["Use the level MAC alone, or MAC and encryption."], "GPCS 2.3.1 table 11-10"),
        .init(
            0x6988, after: .externalAuthenticate, "Wrong MAC",
            "The MAC over the command is wrong. It may have been counted.",
            causes: ["Other keys than the card has."], advice: [danger, "Compare the keys."],
            "Seen on real cards"),
        .init(
            0x6A88, after: .beginRMACSession, "Session data not found",
            "What the R-MAC session refers to is not there.",
            advice: ["Open a secure channel with response MACs instead."], "GPCS 2.3.1 table E-17"),
        .init(
            0x6A88, after: .endRMACSession, "No R-MAC session", "There is no R-MAC session that could end.",
            advice: ["Begin one first."], "GPCS 2.3.1 table E-20"),
        .init(
            0x6283, after: .select, "The card is locked",
            "The issuer domain answers, and the card's life cycle state is CARD_LOCKED.",
            causes: ["The issuer locked the card, or an application with the privilege Card Lock did."],
            advice: ["Authenticate to the issuer domain and set the card to SECURED again."],
            "GPCS 2.3.1 table 11-83"),
        .init(
            0x6A81, after: .select, "Selecting not supported now",
            "The card takes no selection in its present state.",
            causes: [
                "The card is locked: only the issuer domain can be selected.", "The card is terminated.",
            ],
            advice: ["Select the issuer domain.", "A terminated card is lost."], "GPCS 2.3.1 table 11-84"),
        .init(
            0x6A82, after: .select, "No such application",
            "There is no selectable application with this AID.",
            causes: [
                "A wrong AID.", "The application is installed but not made selectable, or it is locked.",
                "The issuer domain of this card has another AID.",
            ],
            advice: [
                "Select the default application (no AID) and read the AID from its answer.",
                "List the card with `berth gp list`.",
            ],
            "GPCS 2.3.1 table 11-84"),
        .init(
            0x6A87, after: .select, "Selecting without an AID is not supported",
            "Some cards say this when the default application is asked for.",
            advice: ["Select the issuer domain by its AID."], "Seen on real cards"),
        .init(
            0x6882, after: .select, "SELECT may not be wrapped", "SELECT came with secure messaging.",
            advice: ["Send SELECT in plain."], "GPCS 2.3.1 table 11-84"),
        .init(
            0x6999, after: .select, "The applet refused",
            "The application is there, and its select method said no.",
            causes: [
                "It is not personalised.",
                "It may be used on another interface only, or its own lock is set.",
            ],
            advice: ["Personalise it, or see its manual."], "Java Card 3.1 ISO7816.SW_APPLET_SELECT_FAILED"),
        .init(
            0x6985, after: .select, "Cannot be selected now",
            "The application is there, and cannot be selected in this state.",
            causes: ["It is locked.", "It is selected on another channel and is not multi-selectable."],
            advice: ["Close the other channel or reset the card.", "Look at its life cycle state."],
            "GPCS 2.3.1 table 11-10; Java Card 3.1 RE §4.2"),
        .init(
            0x6200, after: .manageChannel, "Channel is closed already", "The logical channel was not open.",
            advice: ["Nothing: it is as you want it."], "GPCS 2.3.1 table 11-62"),
        .init(
            0x6882, after: .manageChannel, "MANAGE CHANNEL may not be wrapped",
            "It came with secure messaging.",
            advice: ["Send it in plain."], "GPCS 2.3.1 table 11-63"),
        .init(
            0x6A81, after: .manageChannel, "No channel to be had",
            "The card has no logical channels, no free one, or is locked.",
            causes: [
                "All channels are open.", "The card is CARD_LOCKED.", "The card has the basic channel only.",
            ],
            advice: ["Close a channel, or reset the card.", "See in the ATR how many there are."],
            "GPCS 2.3.1 table 11-63"),
        .init(
            0x6881, after: .manageChannel, "Channel not supported",
            "The card has no logical channel of that number.",
            advice: ["Let the card choose the number."], "GPCS 2.3.1 table 11-10"),
        .init(
            0x6300, after: .performSecurityOperation, "Certificate not verified",
            "The card could not verify the certificate.",
            causes: [
                "It was signed with another key than the one that is set.", "It has expired, or was cut.",
            ],
            advice: [
                "Set the right key with MANAGE SECURITY ENVIRONMENT.", "Send the whole chain in order.",
            ],
            "GPCS 2.3.1 table F-36"),
        .init(
            0x6883, after: .performSecurityOperation, "The last certificate was expected",
            "The chain of commands did not end where the card expected it.",
            advice: ["Send the whole chain again."], "GPCS 2.3.1 table F-36"),
        .init(
            0x9484, after: .externalAuthenticate, "Algorithm not supported",
            "The card does not have the algorithm of this authentication (SCP10).",
            advice: ["Use another kind of key."], "GPCS 2.3.1 table F-17"),
        .init(
            0x6A88, after: .manageSecurityEnvironment, "Key not found",
            "The key that should be set is not there.",
            advice: ["Check key version and identifier."], "GPCS 2.3.1 table F-30"),
        .init(
            0x9484, after: .manageSecurityEnvironment, "Algorithm not supported",
            "The card does not have this algorithm.", advice: ["Choose another."], "GPCS 2.3.1 table F-30"),
        .init(
            0x6A80, after: .performSecurityOperation, "Wrong values in the data",
            "The certificate or the cryptogram is not built as the card expects.",
            advice: ["Check the order and the lengths of the parts."], "GPCS 2.3.1 tables F-33 and F-36"),
        .init(
            0x6A80, after: .internalAuthenticate, "Wrong values in the data",
            "The card did not accept the challenge.",
            advice: ["Check its length."], "GPCS 2.3.1 table F-26"),
    ]
}
