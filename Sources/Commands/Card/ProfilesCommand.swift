internal import Arguments
internal import GlobalPlatform
internal import JSON
internal import SmartCard
internal import VirtualCard

/// `berth card profiles`: the card models there are, the text of one, and the check of a user's own.
enum ProfilesCommand {
    private static let name = Positional<String?>.optional(
        .profile, help: "A profile to print, or a profile file to check")

    static let verb = Command(
        "profiles", "List the card models, print one, or check a file with your own",
        discussion: """
            A profile says what a card model has and does: memory, keys, protocols, habits. To make your own, print one \
            that is near, change it, check it, and give the file to 'berth card create'.
            """,
        examples: [
            .init("what there is", "berth card profiles"),
            .init("begin a profile of your own", "berth card profiles javacard-80k > mine.profile"),
            .init("check it", "berth card profiles mine.profile"),
        ], arguments: [name]
    ) { parsed, terminal in
        guard let name = parsed[name] else { return list(on: terminal) }
        if let text = CardProfile.builtInTexts.first(where: { $0.name == name })?.text {
            if terminal.isJSON {
                terminal.print(json: ["name": .string(name), "text": .string(text)])
            } else {
                terminal.output.write(Array(text.utf8))
            }
            return
        }
        let profile = try CardProfile.named(name)
        if terminal.isJSON {
            terminal.print(json: json(profile))
        } else {
            terminal.print("\(name) is a card profile: \(profile.name), \(profile.title)".printable)
        }
    }

    private static func list(on terminal: Terminal) {
        let profiles = CardProfile.builtInTexts.compactMap { CardProfile.builtIn($0.name) }
        if terminal.isJSON {
            terminal.print(json: .array(profiles.map(json)))
            return
        }
        var table = Table([
            .init("Profile"), .init("Memory", .right), .init("Secure channels"), .init("Channels", .right),
            .init("What it is"),
        ])
        for profile in profiles {
            table.add([
                .init(profile.name), .init("\(ByteCount(profile.memory.nonVolatileBytes))"),
                .init(profile.channelNames.joined(separator: ", ")),
                .init("\(profile.logicalChannelCount)"), .init(profile.title),
            ])
        }
        terminal.print(table)
    }

    private static func json(_ profile: CardProfile) -> JSONValue {
        [
            "name": .string(profile.name), "title": .string(profile.title),
            "atr": .string(profile.answerToReset.hex), "issuerDomain": .string("\(profile.issuerDomain)"),
            "nonVolatileBytes": .count(profile.memory.nonVolatileBytes),
            "volatileBytes": .count(profile.memory.volatileBytes),
            "quotas": .bool(profile.memory.hasQuotas),
            "secureChannels": .array(profile.channelNames.map { .string($0) }),
            "logicalChannels": .count(profile.logicalChannelCount),
            "protocol": .string(profile.isT0 ? "T=0" : "T=1"),
        ]
    }
}

extension ArgumentValue where Value == String {
    /// The name of a profile, or a file.
    static let profile = Self(
        "PROFILE",
        candidates: .words(CardProfile.builtInTitles.map { .init($0.name, $0.title) })
    ) { (text) throws(ValueRefusal) in
        guard !text.isEmpty else { throw ValueRefusal("it is empty") }
        return text
    }
}

extension CardProfile {
    /// A profile is a page or two; much more is something else.
    private static let textBytesMax = 1 << 20

    /// The profile that comes with berth, or the one in the file.
    static func named(_ name: String) throws(Problem) -> CardProfile {
        if let profile = builtIn(name) { return profile }
        guard let bytes = readFile(name, atMost: textBytesMax) else {
            let names = builtInTexts.map(\.name)
            throw Problem(
                "profile-unknown", exit: .noInput, "there is no profile \(name), and no file of that name",
                advice: ["choose one of \(names.joined(separator: ", ")), or give the file of your own"])
        }
        do {
            return try CardProfile(text: String(decoding: bytes, as: UTF8.self))
        } catch { throw .profile(name, error) }
    }

    var channelNames: [String] {
        [(scp02Options, "SCP02"), (scp03Options, "SCP03")].compactMap { options, name in
            options.map { "\(name) i=\($0.hex)" }
        }
    }
}
