/// How a connection to a server goes: what everybody on the network could read is not used.
struct PostgreSQLWay {
    /// Empty for a socket in a folder.
    let hostAddress: String
    let isEncrypted: Bool
    /// `sslmode`, from the address, the environment or a service file; where nobody said anything TLS is tried.
    let mode: String?

    /// Within the machine, encrypted, or without encryption because somebody said so.
    var isSafe: Bool { isNear || isEncrypted || mode == "disable" }

    private var isNear: Bool {
        hostAddress.isEmpty || hostAddress == "::1" || hostAddress.hasPrefix("127.")
            || hostAddress.hasPrefix("::ffff:127.")
    }
}
