internal import Arguments
internal import CardCrypto
internal import Centre
internal import HTTPClient
internal import JSON
internal import SmartCard
internal import Terminal

/// The noun `terminal`: brings cards to a centre over a network.
enum TerminalCommands {
    static func noun(_ opener: CardOpener, readers: ReaderSource, clock: any WallClock) -> Command {
        Command(
            "terminal", "Bring cards to a centre: add, remove, park, restore; once, by menu, or as a service",
            discussion: """
                A terminal is a pipe between a card and its centre: what passes through it is encrypted between those two, \
                and it never has a card's keys. It speaks GP SERAM 2.0. What breaks off goes on later, here or at another \
                terminal.
                """,
            commands: [
                EnrolVerb.verb, TerminalErrands.add(opener), TerminalErrands.remove(opener),
                TerminalErrands.park(opener), TerminalErrands.restore(opener), TerminalErrands.list(opener),
                TerminalErrands.statement(opener, clock), TerminalErrands.newCard(opener),
                TerminalErrands.work(opener),
                KioskVerb.verb(opener, readers, clock), TerminalService.verb(opener, readers),
                TerminalStatus.verb,
            ])
    }
}

/// `berth terminal enrol`.
enum EnrolVerb {
    private static let centre = Positional<String>.required(
        .text("URL"), help: "The centre's address, such as https://centre.example:8443")
    private static let name = Option<String>.required(
        "terminal", .text("NAME"), help: "The name that the centre has for this terminal")
    private static let code = Option<SecretSource?>.optional(
        "code", .secret("CODE"), .environment("BERTH_ENROLMENT_CODE"),
        help: "The one-time code of the centre's operator: env:NAME, file:PATH, fd:N or prompt")
    private static let pin = Option<[UInt8]?>.optional(
        "pin", .hex("SHA256", bytes: 32...32),
        help:
            "The fingerprint that the centre shows, of its certificate or of its key: believe this and no other"
    )
    private static let authorities = Option<String?>.optional(
        "ca", .file("FILE", extensions: "pem", "crt"), help: "Believe the authorities in this file")

    static var verb: Command {
        Command(
            "enrol", "Make this machine a terminal of a centre, with a one-time code",
            discussion: """
                The code is used up at once. What the terminal gets for it stays in a file that only its user may read.
                """,
            examples: [
                .init("a new terminal", "berth terminal enrol https://centre.example --terminal lobby-1"),
                .init(
                    "a centre that no authority vouches for",
                    "berth terminal enrol https://10.0.0.5:8443 --terminal lobby-1 --pin 3A:…"),
            ], arguments: [centre],
            options: [
                OptionGroup("Centre", [name, code, pin, authorities]),
                OptionGroup("Folder", [TerminalOptions.folder]),
            ]
        ) { parsed, terminal in
            guard let address = TerminalIdentity.address(parsed[centre]) else {
                throw Problem.usage(
                    "'\(parsed[centre])' is no address of a centre",
                    why: "it is https:// and a name; plain http:// only on this machine")
            }
            var identity = TerminalIdentity(centre: address, name: parsed[name], token: "", trust: .system)
            if let digest = parsed[pin] { identity.trust = .publicKey(try key(of: address, digest)) }
            if let file = parsed[authorities] { identity.trust = .authorities(file: file) }
            let lock = try TerminalOptions.lock(parsed, terminal)
            defer { lock.release() }
            let folder = lock.folder
            identity.token = try token(identity, parsed, terminal)
            try keep(identity, in: folder)
            if terminal.isJSON {
                terminal.print(json: [
                    "terminal": .string(identity.name), "centre": .string(address), "state": .string(folder),
                ])
            } else {
                terminal.print("This machine is the terminal \(identity.name) of \(address).".printable)
                terminal.note("next, with a card in a reader: berth terminal kiosk")
            }
        }
    }

    /// The key that belongs to the fingerprint; nothing is sent to a centre that has another.
    private static func key(of address: String, _ fingerprint: [UInt8]) throws -> [UInt8] {
        let certificate: X509Certificate
        do throws(HTTPClientError) {
            let text = try HTTPClient.certificate(of: address)
            certificate = try Self.certificate(text)
        } catch {
            throw Problem(link: .unreachable(error))
        }
        guard [certificate.fingerprint, certificate.publicKeyFingerprint].contains(fingerprint) else {
            throw Problem(
                "centre-not-trusted", exit: .mismatch, "this is not the centre with that fingerprint",
                why: "its certificate has \(certificate.fingerprint.hex)",
                advice: ["compare the address and the fingerprint with what the operator sees"])
        }
        return certificate.publicKeyFingerprint
    }

    private static func certificate(_ pem: String) throws(HTTPClientError) -> X509Certificate {
        do {
            return try X509Certificate(pem: Array(pem.utf8))
        } catch {
            throw HTTPClientError(.tls, "The server's certificate cannot be read.")
        }
    }

    private static func token(
        _ identity: TerminalIdentity, _ parsed: ParsedCommand, _ terminal: Arguments.Terminal
    ) throws -> String {
        let source = try parsed[code] ?? SecretSource("prompt")
        let outcome = try terminal.withSecret(source, label: "code") { bytes in
            Result { () throws(CentreFailure) in
                let link: CentreLink
                do throws(HTTPClientError) { link = try CentreLink(identity) } catch {
                    throw .unreachable(error)
                }
                return try link.enrol(code: String(decoding: bytes, as: UTF8.self))
            }
        }
        switch outcome {
        case .failure(let failure): throw Problem(link: failure)
        case .success(let answer):
            guard let token = answer["token"]?.stringValue else {
                throw Problem(link: .malformed("it gave no token"))
            }
            return token
        }
    }

    private static func keep(_ identity: TerminalIdentity, in folder: String) throws {
        _ = try TerminalOptions.queue(folder)
        let path = TerminalOptions.identityPath(folder)
        guard FileSystem.replace(path, with: identity.json, mode: 0o600) else {
            throw Problem(
                "identity-not-written", exit: .cannotCreate, "\(path) cannot be written",
                why: "the code is used up",
                advice: ["make the folder writable and enrol again with a new code"])
        }
    }
}

/// `berth terminal status`.
enum TerminalStatus {
    static var verb: Command {
        Command(
            "status", "Say what this terminal is, whether its centre answers, and what waits to be delivered",
            options: [OptionGroup("Folder", [TerminalOptions.folder])]
        ) { parsed, terminal in
            let folder = try TerminalOptions.folder(parsed, terminal)
            let identity = try TerminalOptions.identity(folder)
            let waiting = try TerminalOptions.queue(folder).all().count
            let failure: CentreFailure?
            do {
                _ = try CentreLink(identity).get("/v1/sessions/current")
                failure = nil
            } catch let error as CentreFailure {
                failure = error
            } catch let error as HTTPClientError {
                failure = .unreachable(error)
            }
            if terminal.isJSON {
                terminal.print(json: [
                    "terminal": .string(identity.name), "centre": .string(identity.centre),
                    "answers": .bool(failure == nil), "why": failure.map { .string($0.words) } ?? .null,
                    "reportsWaiting": .count(waiting),
                ])
                return
            }
            terminal.print("terminal:  \(identity.name)".printable)
            terminal.print("centre:    \(identity.centre)".printable)
            terminal.print("it says:   \(failure?.words ?? "this terminal is known")".printable)
            terminal.print("reports:   \(waiting == 0 ? "all delivered" : "\(waiting) to be delivered")")
        }
    }
}
