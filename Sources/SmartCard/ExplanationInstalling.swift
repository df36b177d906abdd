extension Explanations {
    private static let room = "See `berth gp info` for the free memory, and delete what is not needed."

    /// INSTALL in its other forms; what is said after plain INSTALL holds for each of them.
    static let installing: [Entry] = [
        .init(
            0x6A84, after: .install, "Not enough memory",
            "The card has no room for what should be installed. It may lack permanent or working memory.",
            causes: [
                "The permanent memory is full.",
                "The working memory is full: transient arrays of all applications share it.",
                "The quota or the reservation of the security domain is used up.",
            ],
            advice: [room, "Ask for less with C7 (working) and C8 (permanent), or leave them out."],
            "GPCS 2.3.1 table 11-55"),
        .init(
            0x6581, after: .install, "Memory failure",
            "The card could not write its registry. Some cards also say so when the memory is full.",
            causes: ["The memory is full.", "The memory is worn out."],
            advice: [room, "Repeat once in another reader; then replace the card."],
            "GPCS 2.3.1 table 11-55"),
        .init(
            0x6A80, after: .install, "Install parameters refused",
            "The card did not accept the values in the command.",
            causes: [
                "Parameters that this card or this application does not know.",
                "Privileges that may not be combined, or that this card does not have.",
                "An AID with a wrong length.", "A card that wants three bytes of privileges, or just one.",
            ],
            advice: ["Repeat with no privileges and with empty parameters (C9 00).", "Add one at a time."],
            "GPCS 2.3.1 table 11-55"),
        .init(
            0x6A88, after: .install, "Not on the card",
            "A load file, module, application or domain that the command names is not there.",
            causes: ["A wrong AID.", "The load file was never loaded, or was deleted."],
            advice: ["Compare the AIDs with `berth gp list`."], "GPCS 2.3.1 table 11-55"),
        .init(
            0x6985, after: .install, "Not possible in this state",
            "The card could install, but not this, and not now.",
            causes: [
                "An application with this AID is there already.",
                "The card or the security domain is locked.",
                "A token is needed.",
            ],
            advice: ["List the card.", "Check the life cycle state of card and domain."],
            "GPCS 2.3.1 table 11-10"),
        .init(
            0x6982, after: .install, "Not allowed to install",
            "The session or its domain may not do this.",
            causes: [
                "No secure channel is open, or its level is too low.",
                "The domain lacks Authorized or Delegated Management.", "The token is missing or wrong.",
            ],
            advice: [
                "Authenticate to the issuer domain.",
                "For delegated management, have the issuer sign the token.",
            ],
            "GPCS 2.3.1 table 11-10"),
        .init(
            0x6A84, after: .installForInstall, "No memory for the instance",
            "The code is on the card, and there is no room for an instance of it.",
            causes: [
                "The application's objects do not fit into the permanent memory.",
                "Its transient arrays do not fit into the working memory.",
                "A reservation asks for more than is free, a quota allows less than it needs, or the domain's quota is "
                    + "used up.",
            ],
            advice: [
                room, "Compare both kinds of free memory: either may be the one that is missing.",
                "Delete other instances: their transient memory comes free with them.",
            ], "GPCS 2.3.1 table 11-55; seen on real cards"),
        .init(
            0x6A80, after: .installForInstall, "The application did not accept its parameters",
            "The card, or the application's install method, refused the values.",
            causes: [
                "The application wants parameters of its own in C9, and got none or wrong ones.",
                "The install method threw an exception.",
                "A privilege that only one application may have is taken (Card Reset, Final Application).",
                "The module's AID is not the one in the load file.",
            ],
            advice: [
                "See the application's manual for its install parameters.",
                "Repeat without privileges.", "Use the applet AID that stands in the CAP file.",
            ], "GPCS 2.3.1 table 11-55; seen on real cards"),
        .init(
            0x6A88, after: .installForInstall, "Load file or module not found",
            "The code that the instance should be made from is not on the card.",
            causes: ["A wrong load file or module AID.", "The load did not complete."],
            advice: ["List load files and their modules with `berth gp list`.", "Load the CAP file first."],
            "GPCS 2.3.1 table 11-55"),
        .init(
            0x6985, after: .installForInstall, "Instance not possible",
            "The card refuses this instance in its present state.",
            causes: [
                "An application or load file with this AID is on the card already.",
                "The application's install method refused: for example, it allows one instance only.",
                "The card or the security domain is locked.",
            ],
            advice: [
                "List the card: choose another AID, or delete the old instance.",
                "Check the life cycle states.",
            ],
            "GPCS 2.3.1 table 11-10; seen on real cards"),
        .init(
            0x6F00, after: .installForInstall, "The install method failed",
            "The application's own code threw an exception while the instance was made.",
            causes: [
                "The parameters in C9 are not what the code expects.",
                "The code uses an algorithm that this card does not have.",
                "It did not call register, or with another AID.", "It ran out of memory without saying so.",
            ],
            advice: [
                "See the application's manual for its install parameters.",
                "Check which algorithms the card supports.", room,
            ], "Seen on real cards"),
        .init(
            0x6A80, after: .installForMakeSelectable, "Cannot be made selectable",
            "The card did not accept the AID or the privileges.",
            causes: ["It is selectable already.", "The privilege is taken by another application."],
            advice: ["List the card: if it is selectable, all is well."], "GPCS 2.3.1 table 11-55"),
        .init(
            0x6A88, after: .installForMakeSelectable, "Application not found",
            "There is no instance of that AID.",
            causes: ["INSTALL [for install] has not been done.", "A wrong AID."],
            advice: ["List the card."], "GPCS 2.3.1 table 11-55"),
        .init(
            0x6A88, after: .installForExtradition, "Application or domain not found",
            "What should move, or where it should go, is not on the card.",
            causes: ["A wrong AID.", "The receiving domain is not personalised yet."],
            advice: ["List applications and domains with `berth gp list`."], "GPCS 2.3.1 table 11-55"),
        .init(
            0x6985, after: .installForExtradition, "Move refused",
            "The receiving domain does not take the application, or the present one does not give it.",
            causes: [
                "The receiving domain has no keys.", "It does not accept extradition.", "A domain is locked.",
            ],
            advice: ["Personalise the receiving domain first.", "Check the life cycle states."],
            "GPCS 2.3.1 §9.4.1"),
        .init(
            0x6A88, after: .installForRegistryUpdate, "Application not found",
            "The application whose entry should change is not on the card.", advice: ["List the card."],
            "GPCS 2.3.1 table 11-55"),
        .init(
            0x6A80, after: .installForRegistryUpdate, "Change refused",
            "The card did not accept the new privileges or parameters.",
            causes: ["A privilege that cannot be given or taken later.", "Parameters unknown to the card."],
            advice: ["Change one thing at a time."], "GPCS 2.3.1 table 11-55"),
        .init(
            0x6A88, after: .installForPersonalization, "Application not found",
            "The application that should be personalised is not on the card.",
            causes: ["A wrong AID.", "It belongs to another security domain."],
            advice: ["List the card; authenticate to the domain that owns the application."],
            "GPCS 2.3.1 table 11-55"),
        .init(
            0x6985, after: .installForPersonalization, "Cannot be personalised now",
            "The application takes no data through its domain, or not any more.",
            causes: [
                "It does not implement the personalisation interface.", "It is personalised, or locked.",
                "The domain has no secure channel open.",
            ],
            advice: ["See the application's manual.", "Check its life cycle state."], "GPCS 2.3.1 §7.3.2"),
    ]
}
