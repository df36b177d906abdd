internal import Arguments
internal import CardCrypto
internal import CardManagement
internal import GlobalPlatform
internal import SmartCard

/// What `install` and `load` can be told beside the card and the keys.
enum InstallOptions {
    static let file = Positional<String>.required(
        .file("FILE.cap", extensions: "cap", "ijc"), help: "The CAP file")

    static let applet = Option<[AID]>.repeated(
        "applet", .aid("AID"), help: "The applet of the file to install; may be given several times")
    static let all = Option<Bool>.flag("all", help: "Install every applet of the file")
    static let instanceAID = Option<AID?>.optional(
        "aid", .aid("AID"), .aliases("create", "instance"),
        help: "The instance's AID; the applet's by default")
    static let privileges = Option<Privileges>.value(
        "privileges", .privileges, default: [], .aliases("privs"), help: "The instance's privileges, by name")
    static let parameters = Option<[UInt8]>.value(
        "params", .hex(bytes: 0...240), default: [], help: "What the applet is given (C9), in hex")
    static let simParameters = Option<[UInt8]?>.optional(
        "sim-params", .hex(bytes: 1...200), help: "SIM file access and toolkit parameters (CA), in hex")
    static let uiccParameters = Option<[UInt8]?>.optional(
        "uicc-params", .hex(bytes: 1...200), help: "UICC parameters (EA), in hex")
    static let nonVolatileQuota = Option<Int?>.optional(
        "quota", .memory, .aliases("quota-nonvolatile"),
        help: "The most non-volatile memory the instance may take (C8), in bytes")
    static let volatileQuota = Option<Int?>.optional(
        "volatile-quota", .memory, .aliases("quota-volatile"),
        help: "The most volatile memory the instance may take (C7), in bytes")
    static let nonVolatileReserved = Option<Int?>.optional(
        "reserve", .memory, .aliases("reserve-nonvolatile"),
        help: "Non-volatile memory kept for the instance (D8), in bytes")
    static let volatileReserved = Option<Int?>.optional(
        "volatile-reserve", .memory, .aliases("reserve-volatile"),
        help: "Volatile memory kept for the instance (D7), in bytes")

    static let into = Option<AID?>.optional(
        "into", .aid("AID"), .aliases("to"), help: "The domain that the load file belongs to")
    static let codeMemory = Option<Int?>.optional(
        "code-memory", .memory, help: "Room that the card must have for the code (C6), in bytes")
    static let dataMemory = Option<Int?>.optional(
        "data-memory", .memory, help: "Room that the card must have for the data (C8), in bytes")
    static let volatileDataMemory = Option<Int?>.optional(
        "volatile-data-memory", .memory,
        help: "Volatile room that the card must have for the data (C7), in bytes")
    static let hash = Option<Digest?>.optional(
        "hash", .digest, help: "Send the hash of the load file; needed with --dap-key or --token-key")
    static let dapKey = Option<SecretSource?>.optional(
        "dap-key", .secret("KEY"), help: "Sign the load file for a domain that verifies: PEM or hex")
    static let dapDomain = Option<AID?>.optional(
        "dap-domain", .aid("AID"),
        help: "The domain that verifies the signature; the target domain by default")
    static let tokenKey = Option<SecretSource?>.optional(
        "token-key", .secret("KEY"), help: "The issuer's key for delegated management: PEM or hex")
    static let receiptKey = Option<SecretSource?>.optional(
        "receipt-key", .secret("KEY"),
        help: "Verify the card's receipts: PEM or hex; without it they are only shown")
    static let blockSize = Option<Int?>.optional(
        "block-size", .integer(in: 1...CommandAPDU.dataBytesMax), .aliases("bs"),
        help:
            "Data bytes per LOAD; as many as fit a short command by default, more than 255 for extended ones")

    static let replace = Option<Bool>.flag(
        "replace", help: "Delete the load file and its instances first, if they are on the card")
    static let force = Option<Bool>.flag(
        "force", .short("f"), help: "Go on although the check found that the card will refuse")

    static let appletGroup = OptionGroup(
        "Applet",
        [
            applet, all, instanceAID, privileges, parameters, nonVolatileQuota, volatileQuota,
            nonVolatileReserved,
            volatileReserved, simParameters, uiccParameters,
        ])
    static let loadGroup = OptionGroup(
        "Load file", [into, codeMemory, dataMemory, volatileDataMemory, hash, dapKey, dapDomain, blockSize])
    static let delegationGroup = OptionGroup("Delegated management", [tokenKey, receiptKey])
    static let safetyGroup = OptionGroup("Check", [replace, force, ConnectionOptions.dryRun])
}

extension ArgumentValue where Value == Int {
    /// Bytes of memory, as a card can count them.
    static let memory: Self = .integer("BYTES", in: 0...0x7FFF_FFFF)
}

extension ArgumentValue where Value == Digest {
    static let digest: Self = .choice(
        "HASH", Digest.allCases.map { ($0.rawValue.lowercased().filter { $0 != "-" }, $0, $0.rawValue) })
}
