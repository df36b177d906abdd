internal import Arguments
internal import CardCrypto
internal import JSON
internal import SmartCard
internal import VirtualCard

/// `berth card create`: a new card, as it leaves the factory.
enum CreateCardCommand {
    private static let profile = Option<String>.value(
        "profile", .profile, default: "javacard-80k", .short("p"),
        help: "The card model: a name, or a file with your own (see 'berth card profiles')")
    private static let seed = Option<[UInt8]?>.optional(
        "seed", .hex(bytes: 1...64),
        help: "Draw all random bytes from this seed: the same seed and commands give the same bytes")
    private static let noLog = Option<Bool>.flag("no-log", help: "Keep no log of the commands that it sees")
    private static let iin = Option<[UInt8]?>.optional(
        "iin", .hex(bytes: 1...16), help: "The issuer identification number, instead of the profile's")
    private static let cin = Option<[UInt8]?>.optional(
        "cin", .hex(bytes: 1...16), help: "The card image number, instead of one made from the serial number")
    private static let key = Option<SecretSource?>.optional(
        "key", .secret("KEY"),
        help: "The factory key for all three uses, in hex: from env:NAME, file:PATH, prompt, or here")
    private static let keyVersion = Option<UInt8?>.optional(
        "key-version", .integer("N", in: 1...255), help: "The version of the factory keys")

    static func verb(_ workshop: CardWorkshop) -> Command {
        Command(
            "create", "Make a new virtual card in a file",
            discussion: """
                The card is one of its model as it leaves the factory: an issuer domain with its first keys, a serial \
                number, nothing else. A file that exists is never overwritten.
                """,
            examples: [
                .init("an 80 kB Java Card", "berth card create my.card"),
                .init("a small one, the same every time", "berth card create a.card -p small-16k --seed 01"),
                .init("with a key of your own", "berth card create a.card --key file:issuer.key"),
            ], arguments: [CardCommands.file],
            options: [
                OptionGroup("Options", [profile, seed, noLog]),
                OptionGroup("Personalisation", [iin, cin, key, keyVersion]),
            ]
        ) { parsed, terminal in
            let path = parsed[CardCommands.file]
            let profile = try personalised(parsed, on: terminal)
            var settings = CardSettings()
            settings.seed = parsed[seed]
            settings.keepsLog = !parsed[noLog]
            let card = try VirtualCard(
                creating: path, profile: profile, environment: workshop.environment,
                entropy: workshop.entropy(for: settings))
            try card.keep(settings)
            // A log that stands there belonged to another card of that name.
            CardLog.remove(beside: path)
            if terminal.isJSON {
                terminal.print(json: CardView(card, path: path, settings: settings).json)
            } else {
                terminal.print("\(path): \(profile.title), card \(card.identity)".printable)
            }
        }
    }

    /// The profile with what the command line says otherwise; checked as a whole, as every profile.
    private static func personalised(_ parsed: ParsedCommand, on terminal: Terminal) throws -> CardProfile {
        let profile = try CardProfile.named(parsed[profile])
        var values: [(String, String)] = []
        if let iin = parsed[iin] { values.append(("iin", iin.hex)) }
        if let cin = parsed[cin] { values.append(("cin", cin.hex)) }
        if let version = parsed[keyVersion] { values.append(("key-version", version.hex)) }
        if let source = parsed[key] {
            if source.isLiteral {
                terminal.warn("a key on the command line can be seen by every program of this machine")
            }
            let secret = try KeyReading.read(source, label: "factory key", on: terminal)
            values.append(("key-value", secret.withBytes { Array($0).hex }))
            // Keys of these lengths are AES; of 16 bytes, what the profile says.
            if secret.count != 16 { values.append(("key-type", "aes")) }
        }
        guard !values.isEmpty else { return profile }
        do {
            return try CardProfile(text: profile.text(replacing: values))
        } catch { throw Problem.profile(parsed[Self.profile], error) }
    }
}

extension CardProfile {
    /// The text with other values; keys that it lacks are added at its end.
    func text(replacing values: [(key: String, value: String)]) -> String {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        for (key, value) in values {
            let index = lines.firstIndex { line in
                line.prefix { $0 != "#" && $0 != "=" }.filter { !$0.isWhitespace } == key
                    && line.contains("=")
            }
            if let index { lines[index] = "\(key) = \(value)" } else { lines.append("\(key) = \(value)") }
        }
        return lines.joined(separator: "\n") + "\n"
    }
}

extension VirtualCard {
    /// Issuer and card number, as a centre names the card.
    var identity: String {
        let issuer = contents.domains[contents.issuerDomain.aid]
        let parts = [issuer?.value(0x42), issuer?.value(0x45)].compactMap { $0?.hex }
        return parts.joined(separator: "-")
    }
}
