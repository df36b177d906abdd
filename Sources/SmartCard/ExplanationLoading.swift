extension Explanations {
    private static let room = "See `berth gp info` for the free memory, and delete what is not needed."

    /// INSTALL [for load], LOAD and DELETE.
    static let loading: [Entry] = [
        .init(
            0x6A80, after: .installForLoad, "Load parameters refused",
            "The card did not accept the announcement of the load file.",
            causes: [
                "Memory parameters (C6, C7, C8) that this card does not know.",
                "The load file's AID is on the card already; some cards say it this way.",
                "A hash or token with a wrong length.",
            ],
            advice: [
                "Repeat without load parameters.", "List the card: delete the old version first.",
                "Leave the load file data block hash out, unless the domain has DAP verification.",
            ], "GPCS 2.3.1 table 11-55; seen on real cards"),
        .init(
            0x6985, after: .installForLoad, "Loading not allowed",
            "The card refuses this load file before it has seen any of it.",
            causes: [
                "A load file with this AID is on the card already.",
                "The domain that it should belong to has no keys of its own yet, or it or the card is locked.",
                "A delegated domain needs a token.",
                "An earlier load was broken off and left something behind.",
            ],
            advice: [
                "List the card with `berth gp list`: delete the old version first, or keep it.",
                "See the states with `berth gp domain list`: a domain that is SELECTABLE needs keys first.",
                "Reset the card and try again.",
            ], "GPCS 2.3.1 table 11-10; seen on real cards"),
        .init(
            0x6A88, after: .installForLoad, "Security domain not found",
            "The domain that the load file should belong to is not on the card.",
            causes: ["A wrong domain AID.", "The domain is not personalised yet."],
            advice: [
                "List the domains with `berth gp list`.", "Leave the domain empty to use the current one.",
            ],
            "GPCS 2.3.1 table 11-55"),
        .init(
            0x6A84, after: .installForLoad, "No room for the load file",
            "The card says before loading that it has not enough memory.",
            causes: [
                "The permanent memory is full.", "The size announced in C6 is larger than what is free.",
                "The domain's quota is used up.",
            ],
            advice: [room, "Repeat without C6: some cards add their own reserve to it."],
            "GPCS 2.3.1 table 11-55"),
        .init(
            0x6982, after: .installForLoad, "Not allowed to load",
            "The session or its domain may not load.",
            causes: [
                "No secure channel is open.", "The domain lacks the privilege Authorized Management.",
                "The token is missing or wrong.",
            ],
            advice: [
                "Authenticate to the issuer domain.",
                "For delegated management, have the issuer sign the token.",
            ],
            "GPCS 2.3.1 table 11-10 and §9.1.3"),
        .init(
            0x6438, after: .load, "An import is not on the card",
            "The package uses another package that the card does not have, or has in an older version.",
            causes: [
                "The CAP file was built against a newer Java Card or GlobalPlatform API than the card's.",
                "A library of yours was not loaded first.",
            ],
            advice: [
                "See what is missing with `berth gp install --dry-run`.",
                "Build it for the card's API version, or load the missing library first.",
            ], "Seen on real cards (NXP JCOP)"),
        .init(
            0x6A80, after: .load, "Load file refused",
            "The card read the code and did not accept it.",
            causes: [
                "The CAP file is newer than the card's Java Card version.",
                "A package that it imports is missing, or is there in an older version.",
                "The code uses int, and the card has no int.",
                "The components came in the wrong order, or Debug and Descriptor came along.",
                "The hash or the DAP signature does not match.",
            ],
            advice: [
                "See what is missing with `berth gp install --dry-run`.",
                "Convert again with the export files of the card's Java Card version.",
                "Load the missing libraries first.",
            ], "GPCS 2.3.1 §11.6; seen on real cards"),
        .init(
            0x6A84, after: .load, "No memory for the code",
            "The permanent memory ran out while the code came in.",
            causes: ["The code is larger than what is free.", "The domain's quota is used up."],
            advice: [room, "What was loaded so far is discarded by the card; check with `berth gp list`."],
            "GPCS 2.3.1 table 11-60"),
        .init(
            0x6581, after: .load, "Memory failure while loading",
            "The card could not write the code. Some cards also say so when the memory is full.",
            causes: ["The memory is full.", "The memory is worn out."],
            advice: [room, "Repeat once in another reader; then replace the card."],
            "GPCS 2.3.1 table 11-60"),
        .init(
            0x6985, after: .load, "Not in the right order",
            "The card did not expect this block now.",
            causes: [
                "INSTALL [for load] is missing or failed.", "A block number was left out or came twice.",
                "The load file's AID and the AID in the code differ.",
                "The code refers to something that the card does not allow.",
            ],
            advice: [
                "Start the load again from INSTALL [for load].",
                "Use the package AID that stands in the CAP file.",
            ],
            "GPCS 2.3.1 §11.6; seen on real cards"),
        .init(
            0x6982, after: .load, "The session has ended",
            "The card does not take the block as part of an authenticated session.",
            causes: [
                "A MAC was wrong: a block was lost, repeated or changed.", "The DAP signature is wrong.",
            ],
            advice: ["Open a new session and start the load again."], "GPCS 2.3.1 table 11-10"),
        .init(
            0x6A86, after: .load, "Wrong block number or last-block mark",
            "P1 or P2 of the block is not expected.",
            causes: ["A block was left out.", "The load file has more than 256 blocks."],
            advice: ["Use larger blocks.", "Start the load again."], "GPCS 2.3.1 table 11-10"),
        .init(
            0x6700, after: .load, "Block too long", "The block does not fit into the card's buffer.",
            causes: ["The secure channel adds a MAC and padding to the block."],
            advice: ["Use smaller blocks: 200 bytes go through on almost every card."],
            "GPCS 2.3.1 table 11-10"),
        .init(
            0x6F00, after: .load, "The card failed while linking",
            "The card's own loader gave up without a reason.",
            causes: [
                "The code did not pass the converter's verifier.", "An import that the card cannot resolve.",
                "The memory is full or in pieces.",
            ],
            advice: [
                "Convert and verify the code again for the card's Java Card version.",
                "Reset the card, list it, and delete what was left behind.",
            ], "Seen on real cards"),
        .init(
            0x6985, after: .delete, "Still in use",
            "Something on the card still needs what should be deleted.",
            causes: [
                "Applications made from the load file are on the card.",
                "Another package imports this one, or holds an object of it.",
                "It is selected, or the default application.",
                "The domain still owns applications or load files.",
            ],
            advice: [
                "Delete the applications first, or delete the load file with everything made from it.",
                "Delete the packages that import it.", "Reset the card and try before anything is selected.",
            ], "GPCS 2.3.1 §9.5; seen on real cards"),
        .init(
            0x6A88, after: .delete, "Nothing to delete",
            "The card has no such application, load file or key.",
            causes: ["It was deleted before.", "A wrong AID, or a wrong key version or identifier."],
            advice: ["List the card. If it is gone, all is well."], "GPCS 2.3.1 table 11-26"),
        .init(
            0x6A82, after: .delete, "Application not found", "The card has no application of that AID.",
            causes: ["It was deleted before.", "A wrong AID."],
            advice: ["List the card. If it is gone, all is well."], "GPCS 2.3.1 table 11-26"),
        .init(
            0x6A80, after: .delete, "Cannot be deleted",
            "The card does not accept the AID or the key in the command.",
            causes: [
                "It stands in ROM, or the issuer forbids its deletion.", "The token or its data are wrong.",
                "The key is the one that the session was opened with.",
            ],
            advice: ["List the card and look whether it is a preloaded package.", "Leave it where it is."],
            "GPCS 2.3.1 table 11-26"),
        .init(
            0x6581, after: .delete, "Memory failure while deleting",
            "The card could not write its memory. What was deleted so far is uncertain.",
            causes: [
                "The memory is worn out.", "The card is still clearing memory from an earlier deletion.",
            ],
            advice: ["Reset the card, list it, and repeat."], "GPCS 2.3.1 table 11-26"),
        .init(
            0x6A86, after: .delete, "This way of deleting is not there",
            "The card does not know this P2: often it cannot delete related objects.",
            advice: ["Delete the applications one by one, and then the load file."],
            "GPCS 2.3.1 table 11-10"),
        .init(
            0x6982, after: .delete, "Not allowed to delete",
            "The session or its domain may not delete this.",
            causes: [
                "No secure channel is open.", "It belongs to another domain.",
                "The domain lacks Authorized Management or Global Delete.", "The token is missing or wrong.",
            ],
            advice: ["Authenticate to the domain that owns it, or to the issuer domain."],
            "GPCS 2.3.1 table 11-10 and §9.5"),
    ]
}
