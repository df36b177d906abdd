internal import Arguments
internal import CardManagement
internal import GlobalPlatform
internal import Readers
internal import SmartCard

/// The options by which every command that talks to a card is told which card, and with what keys.
enum ConnectionOptions {
    // MARK: Which card

    static let reader = Option<String?>.optional(
        "reader", .reader(), OptionTraits(short: "r", environment: "BERTH_READER"),
        help: "The reader, by name, a part of it, or its number")
    static let card = Option<String?>.optional(
        "card", .file("FILE", extensions: "card"), .environment("BERTH_CARD"),
        help: "A virtual card in a file, instead of a reader")
    static let transmission = Option<ConnectOptions.Transmission>.value(
        "protocol",
        .choice(
            "PROTOCOL",
            [("any", .any, "what card and reader agree on"), ("t0", .t0, "T=0"), ("t1", .t1, "T=1")]),
        default: .any, help: "The transmission protocol of a card in a reader")
    static let exclusive = Option<Bool>.flag(
        "exclusive", help: "Let no other program even be connected to the card in the reader")
    static let domain = Option<AID?>.optional(
        "domain", .aid("AID"), .aliases("sd", "connect"),
        help: "The security domain to work with; the issuer domain by default")

    // MARK: With what keys

    static let key = Option<SecretSource?>.optional(
        "key", .secret("KEY"), .environment("BERTH_KEY"),
        help:
            "The key for all three, in hex: better from env:NAME, file:PATH, fd:N or prompt than here; the word"
            + " default names the test key of sample cards")
    static let keyENC = Option<SecretSource?>.optional(
        "key-enc", .secret("KEY"), .environment("BERTH_KEY_ENC"), help: "The encryption key")
    static let keyMAC = Option<SecretSource?>.optional(
        "key-mac", .secret("KEY"), .environment("BERTH_KEY_MAC"), help: "The authentication key")
    static let keyDEK = Option<SecretSource?>.optional(
        "key-dek", .secret("KEY"), .environment("BERTH_KEY_DEK"), help: "The data encryption key")
    static let keyVersion = Option<UInt8>.value(
        "key-version", .integer("N", in: 0...255), default: 0, .aliases("key-ver"),
        help: "The key version; 0 lets the card choose")
    static let kdf = Option<String>.value(
        "kdf", .derivation, default: "none",
        help: "How the card's keys are derived from the given ones; auto decides from what the card shows")
    static let mode = Option<SecurityLevel>.value(
        "mode", .securityLevel, default: .commandMAC, .aliases("level"),
        help: "How the session is protected")
    static let allowRetry = Option<Bool>.flag(
        "allow-retry",
        help: "Authenticate although it failed on this card before: cards lock after some failures")

    static let quirk = Option<[CardQuirk]>.repeated(
        "quirk", .quirk, help: "A habit of the card that the text does not allow; may be given several times")

    static let computedAhead = Option<Bool>.flag(
        "computed-ahead", .aliases("ahead"),
        help:
            "Send the opening of the session and what follows in one message, where the card's challenge is known"
            + " beforehand; a wrong key is then one that the card counts")

    // MARK: What is shown, what is done

    static let trace = Option<Bool>.flag(
        "trace", .aliases("debug"),
        help: "Show every command and answer in words; never keys, PINs or personal data")
    static let dryRun = Option<Bool>.flag(
        "dry-run", .short("n"), help: "Check and show what would be done; change nothing on the card")
    static let yes = Option<Bool>.flag("yes", .short("y"), help: "Answer yes to every question")

    /// What opens the card and the session, once.
    static let ofOpening: [any DeclaredOption] = [
        reader, card, domain, trace, key, keyENC, keyMAC, keyDEK, keyVersion, kdf, mode, allowRetry,
        computedAhead,
    ]

    /// For commands that read without a session.
    static let cardGroup = OptionGroup("Card", [reader, card, domain, transmission, exclusive, trace])
    static let keyGroup = OptionGroup(
        "Keys", [key, keyENC, keyMAC, keyDEK, keyVersion, kdf, mode, allowRetry, quirk, computedAhead])
    /// For commands that change the card.
    static let session = [cardGroup, keyGroup]
    static let dryRunGroup = OptionGroup("Safety", [dryRun])
    static let confirmedGroup = OptionGroup("Confirmation", [dryRun, yes])
}

extension ArgumentValue where Value == AID {
    /// An application identifier in hex.
    static func aid(_ placeholder: String = "AID") -> Self {
        Self(placeholder, show: { "\($0)" }) { (text) throws(ValueRefusal) in
            do throws(AIDError) {
                return try AID(hex: text)
            } catch {
                switch error {
                case .wrongLength(let count):
                    throw ValueRefusal("an AID has 5 to 16 bytes, this has \(count)")
                case .notHex: throw ValueRefusal("an AID is written in hexadecimal, such as A000000151000000")
                }
            }
        }
    }
}

extension ArgumentValue where Value == SecurityLevel {
    /// The levels by the names that `gp` users know, or as the byte of EXTERNAL AUTHENTICATE.
    static let securityLevel: Self = .choice(
        "MODE",
        [
            ("clr", .authenticatedOnly, "authenticated, nothing more"),
            ("mac", .commandMAC, "commands carry a MAC"),
            ("enc", [.commandMAC, .commandEncryption], "commands are encrypted too"),
            ("rmac", [.commandMAC, .responseMAC], "answers carry a MAC too"),
            (
                "enc+rmac", [.commandMAC, .commandEncryption, .responseMAC],
                "encrypted commands, MACs on answers"
            ),
            (
                "renc", [.commandMAC, .commandEncryption, .responseMAC, .responseEncryption],
                "everything is encrypted and carries a MAC"
            ),
        ])
}

extension ArgumentValue where Value == String {
    /// A derivation scheme's name, `auto`, or a template.
    static let derivation = Self(
        "KDF",
        candidates: .words(
            [.init("auto", "from what the card shows, never by trying")]
                + Diversification.named.map { .init($0.name) })
    ) { (text) throws(ValueRefusal) in
        guard text != "auto" else { return text }
        do {
            _ = try Diversification(parsing: text)
            return text
        } catch {
            throw ValueRefusal(
                "it is none of auto, \(Diversification.named.map(\.name).joined(separator: ", ")), and no template"
            )
        }
    }
}
