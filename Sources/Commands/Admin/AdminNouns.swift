internal import Arguments
internal import CentreServer

/// Everything that the REST interface does, as nouns and verbs: made from the same table, so that nothing is missing.
package enum AdminNouns {
    /// The groups of the table that people work with, and what each is, for help.
    package static let summaries: [(group: String, summary: String)] = [
        ("cards", "Cards of the centre: what they are, what is on them, how their room is shared"),
        ("holders", "Holders: who they are, what they use, whether they may have a new card"),
        ("providers", "Providers: whoever owns applications"),
        ("applications", "Applications of the catalogue, and whether their service runs"),
        ("releases", "Releases of applications: drafted, published, withdrawn"),
        ("berths", "Room made ready for providers on cards"),
        ("plans", "What would be done on a card, explained before it is"),
        ("operations", "What is being done on cards"),
        ("custody", "What left cards and lives in the vault"),
        ("tariffs", "What custody costs"),
        ("statements", "What is owed"),
        ("addresses", "Where cards can be reached"),
        ("terminals", "Terminals: machines with a reader that the centre lets in"),
        ("operators", "People who run the centre"),
        ("tokens", "Tokens by which programs sign in"),
        ("sessions", "Sign-in of people, for hours"),
        ("figures", "How many holders use what"),
        ("audit", "What was done, and whether the chains are whole"),
        ("events", "What happened"),
        ("webhooks", "Who is told of events"),
    ]

    /// What programs need and people do not.
    package static let hiddenGroups: Set<String> = ["description"]

    static func nouns() -> [Command] {
        summaries.map { group, summary in
            Command(
                group, summary,
                discussion: """
                    This asks a centre over the network. Which one, and who asks, a profile says (berth centre add), or \
                    --server and --token.
                    """,
                commands: verbs(of: group))
        }
    }

    private static func verbs(of group: String) -> [Command] {
        let endpoints = RestTable.described.filter { $0.group == group }
        return endpoints.map { AdminVerb($0).command } + endpoints.compactMap { ImportVerb($0)?.command }
    }
}

/// What a verb is called: the operation's id in words, without those of its noun.
package enum AdminNames {
    /// `listCards` of `cards` is `list`; `getCardContents` is `get-contents`.
    package static func verb(_ operationID: String, in group: String) -> String {
        let words = words(operationID)
        let noun = [group, group.hasSuffix("s") ? String(group.dropLast()) : group]
        let rest = words.enumerated().filter { $0.offset == 0 || !noun.contains($0.element) }.map(\.element)
        return rest.joined(separator: "-")
    }

    /// `roomPerCard` is `room-per-card`.
    package static func option(_ path: [String]) -> String { path.flatMap(words).joined(separator: "-") }

    /// `nonVolatile` is `NON-VOLATILE`: how a value is called in help.
    static func placeholder(_ name: String) -> String {
        words(name).map { $0.uppercased() }.joined(separator: "-")
    }

    /// An acronym is one word: `getCSV` is `get-csv`.
    private static func words(_ name: String) -> [String] {
        var words: [String] = []
        var isAfterCapital = false
        for character in name {
            if character == "_" || character == "-" {
                words.append("")
            } else if words.isEmpty || (character.isUppercase && !isAfterCapital) {
                words.append(character.lowercased())
            } else {
                words[words.count - 1] += character.lowercased()
            }
            isAfterCapital = character.isUppercase
        }
        return words.filter { !$0.isEmpty }
    }
}
