package import Arguments
internal import CardCrypto
internal import CardManagement
internal import Centre
package import CentreServer
internal import GlobalPlatform
internal import JSON
internal import SmartCard
internal import VirtualCard

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// `berth serve`: the centre as a service.
enum ServeCommand {
    private static let config = Option<String?>.optional(
        "config", .file("FILE"), .environment("BERTH_CONFIG"),
        help: "Lines of name = value; else berth.conf in the data folder, where it is there")
    private static let printConfig = Option<Bool>.flag(
        "print-config", help: "Only show every setting and where it comes from, with secrets hidden")
    private static let settings = ServeSetting.all.map { setting in
        (setting: setting, option: option(setting))
    }

    private static func option(_ setting: ServeSetting) -> Option<String?> {
        let summary = setting.fallback.map { "\(setting.summary) [\($0)]" } ?? setting.summary
        return .optional(
            setting.name,
            setting.placeholder == "FILE" || setting.placeholder == "FOLDER"
                ? .file(setting.placeholder) : .text(setting.placeholder),
            .environment(setting.environment), help: summary)
    }

    static func verb(_ clock: any WallClock, signals: ServeSignals) -> Command {
        Command(
            "serve", "Run the centre as a service for terminals, providers and operators",
            discussion: """
                Without any configuration it keeps everything in the folder that it is started in, and makes what is not \
                there yet: the store, the vault with its key, a certificate, and a first sign-in, which is shown once. \
                Each setting can stand in the configuration file, in the environment, and on the command line; the later \
                one counts. SIGHUP, and a change of the certificate's file, take the new certificate without a restart. \
                SIGTERM and Ctrl-C end it in order.
                """,
            examples: [
                .init("try it, in an empty folder", "berth serve"),
                .init("let terminals in", "berth serve --data /var/lib/berth --listen '*:8443'"),
                .init("what counts", "berth serve --print-config"),
            ],
            options: [
                OptionGroup("Options", [config, printConfig]),
                OptionGroup("Settings", settings.map(\.option)),
            ]
        ) { parsed, terminal in
            let configuration = try configuration(parsed, terminal)
            if parsed[printConfig] { return show(configuration, on: terminal) }
            signals.hold()
            let centre = try ServingCentre(
                configuration,
                .init(
                    clock: clock, entropy: SystemEntropy(), models: BuiltInModels(),
                    version: BerthProgram.version,
                    writeLog: { terminal.errors.write($0) },
                    pause: { signals.next($0) != .end }),
                tell: { try tell($0, on: terminal) })
            loop: while true {
                switch signals.next(1_000) {
                case nil:
                    if let failure = centre.failure {
                        centre.stop()
                        throw ended(failure)
                    }
                    centre.reloadWhereChanged()
                // What is wrong with it stands in the log; the old one goes on.
                case .reload: try? centre.reload()
                case .end: break loop
                }
            }
            signals.release()
            centre.stop()
        }
    }

    private static func ended(_ failure: StoreFailure) -> Problem {
        Problem(
            "serve-store-ended", exit: .inputOutput, "the store cannot be used any more",
            why: failure.problem.why,
            advice: ["look at the disk (dmesg), then start again: what was acknowledged is there"])
    }

    // MARK: Configuration

    private static func configuration(
        _ parsed: ParsedCommand, _ terminal: Terminal
    ) throws -> ServeConfiguration {
        var given: [ServeSetting: ServeConfiguration.Value] = [:]
        for (setting, option) in settings {
            guard let text = parsed[option] else { continue }
            switch parsed.source(of: option) {
            case .commandLine: given[setting] = .init(text, .commandLine)
            case .environment(let name): given[setting] = .init(text, .environment(name))
            case .fallback: continue
            }
        }
        let folder = given[.data]?.text ?? ServeSetting.data.fallback ?? "."
        let path = parsed[config] ?? (folder + "/berth.conf")
        var file: [ServeSetting: ServeConfiguration.Value] = [:]
        if parsed[config] != nil || SecretFile.exists(path) {
            file = try ServeConfiguration.read(
                try InputFile.read(path, bytesMax: ServeConfiguration.fileBytesMax), path: path)
        }
        var configuration = ServeConfiguration(file: file, given: given)
        configuration.complete(.node, with: hostName)
        return configuration
    }

    private static var hostName: String {
        var buffer = [CChar](repeating: 0, count: 256)
        guard gethostname(&buffer, buffer.count - 1) == 0 else { return "node" }
        return String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    private static func show(_ configuration: ServeConfiguration, on terminal: Terminal) {
        if terminal.isJSON {
            var object = JSONObject()
            for (setting, text, source) in configuration.shown {
                object[setting.name] = ["value": .string(text), "source": .string("\(source)")]
            }
            return terminal.print(json: .object(object))
        }
        var table = Arguments.Table([.init("Setting"), .init("Value"), .init("From")])
        for (setting, text, source) in configuration.shown {
            table.add([.init(setting.name), .init(text), .init("\(source)")])
        }
        terminal.print(table)
    }

    // MARK: What was started

    private static func tell(_ report: ServingCentre.Report, on terminal: Terminal) throws(Problem) {
        show(report, on: terminal)
        guard report.firstSignIn != nil, !terminal.output.isComplete else { return }
        let reason = terminal.output.failure.map { String(cString: strerror($0)) }
        throw Problem(
            "serve-sign-in-not-shown", exit: .inputOutput,
            "the first sign-in could not be shown, so it was not made",
            why: reason ?? "whoever was to read the output has gone away",
            advice: ["start again with an output that can be written: it shows another one"])
    }

    private static func show(_ report: ServingCentre.Report, on terminal: Terminal) {
        let addresses = report.encrypted.map { "https://\($0)" } + report.plain.map { "http://\($0)" }
        let fingerprint = report.fingerprint.map { bytes in
            bytes.map { [$0].hex }.joined(separator: ":")
        }
        if terminal.isJSON {
            var object: JSONObject = [
                "addresses": .array(addresses.map { .string($0) }), "store": .string(report.store),
                "vault": .string(report.vault), "made": .array(report.made.map { .string($0) }),
            ]
            if let fingerprint { object["fingerprint"] = .string(fingerprint) }
            if let first = report.firstSignIn {
                object["firstSignIn"] = ["name": .string(first.name), "password": .string(first.password)]
            }
            return terminal.print(json: .object(object))
        }
        var lines = report.made.map { "made \($0)" }
        lines += ["store:        \(report.store)", "vault:        \(report.vault)"]
        if let fingerprint { lines.append("fingerprint:  SHA-256 \(fingerprint)") }
        lines += addresses.map { "serving at:   \($0)" }
        terminal.print(lines: lines)
        guard let first = report.firstSignIn else { return }
        terminal.print(lines: [
            "", "The first sign-in, shown this once: name '\(first.name)', password '\(first.password)'",
        ])
    }
}

extension ServeFailure: ExplainedError {
    package var problem: Problem {
        Problem("serve-\(code)", exit: .configuration, what, why: why, advice: advice)
    }
}
