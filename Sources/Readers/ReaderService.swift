internal import SmartCard

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The reader service of this machine (pcscd), as far as one can tell from outside why it does not answer.
enum ReaderService {
    #if canImport(Darwin)
        static let restartCommand = "sudo killall -TERM com.apple.ctkpcscd"
    #else
        static let restartCommand = "sudo systemctl restart pcscd"
    #endif

    static let refused = CardChannelError(
        .noPermission,
        "The reader service does not let this user use readers (polkit refused). Run the command in a local session or "
            + "with sudo, or allow the actions org.debian.pcsc-lite.access_pcsc and access_card to this user in "
            + "/etc/polkit-1/rules.d.")

    /// pcsclite has one code for every way in which its socket does not work; this tells them apart.
    static func whyUnreachable() -> CardChannelError {
        #if canImport(Darwin)
            return CardChannelError(
                .noService,
                "The reader service does not run. Plug in a reader, or restart it: " + restartCommand)
        #else
            // The client library reads the same variable; it is not a setting of ours.
            let path = getenv("PCSCLITE_CSOCK_NAME").map { String(cString: $0) } ?? "/run/pcscd/pcscd.comm"
            guard access(path, F_OK) == 0 else {
                return CardChannelError(
                    .noService,
                    "The reader service (pcscd) does not run: there is no \(path). Start it: sudo systemctl enable "
                        + "--now pcscd.socket (without systemd: sudo mkdir -p /run/pcscd && sudo pcscd). If it is not "
                        + "installed: sudo apt install pcscd")
            }
            guard access(path, R_OK | W_OK) == 0 else {
                return CardChannelError(
                    .noPermission,
                    "This user may not open the reader service's socket \(path). Run with sudo, or ask "
                        + "for the permission to it.")
            }
            return CardChannelError(
                .noService,
                "The reader service (pcscd) stopped or does not answer at \(path). Restart it: "
                    + restartCommand
                    + " (without systemd: sudo pcscd), then run the command again.")
        #endif
    }
}
