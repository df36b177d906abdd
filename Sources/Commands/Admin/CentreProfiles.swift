internal import Arguments
internal import HTTPClient
internal import JSON

/// Which centres somebody works with, and how: `$XDG_CONFIG_HOME/berth/centres.json`. It holds no secret, only where
/// each is to be taken from.
struct CentreProfiles {
    struct Profile: Hashable {
        var server: String
        /// As `--token` takes it: `file:PATH`, `env:NAME`, `prompt`.
        var token: String?
        /// A file of certificates that prove the server; else those of the system.
        var authorities: String?
    }

    /// The one that is meant where none is named.
    var standard: String?
    var profiles: [String: Profile] = [:]

    private static let bytesMax = 1 << 20

    static func path(_ environment: Environment) throws(Problem) -> String {
        if let folder = environment["XDG_CONFIG_HOME"], folder.hasPrefix("/") {
            return folder + "/berth/centres.json"
        }
        guard let home = environment["HOME"], home.hasPrefix("/") else {
            throw Problem(
                "no-home", exit: .configuration, "there is no home folder to keep profiles in",
                advice: ["set XDG_CONFIG_HOME, or give --server and --token"])
        }
        return home + "/.config/berth/centres.json"
    }

    static func load(_ environment: Environment) throws(Problem) -> CentreProfiles {
        let path = try path(environment)
        guard FileSystem.isThere(path) else { return CentreProfiles() }
        let bytes = try InputFile.read(path, bytesMax: bytesMax)
        guard let json = try? JSONValue(decoding: bytes), let profiles = CentreProfiles(json) else {
            throw Problem(
                "profiles-broken", exit: .configuration, "\(path) is not a file of profiles",
                advice: ["correct it, or move it away and add the centres again"])
        }
        return profiles
    }

    init() {}

    init?(_ json: JSONValue) {
        guard let centres = json["centres"]?.objectValue else { return nil }
        standard = json["default"]?.stringValue
        for member in centres.members {
            guard let server = member.value["server"]?.stringValue else { return nil }
            profiles[member.name] = Profile(
                server: server, token: member.value["token"]?.stringValue,
                authorities: member.value["authorities"]?.stringValue)
        }
    }

    var json: JSONValue {
        var centres = JSONObject()
        for (name, profile) in profiles.sorted(by: { $0.key < $1.key }) {
            var object: JSONObject = ["server": .string(profile.server)]
            object["token"] = profile.token.map { .string($0) }
            object["authorities"] = profile.authorities.map { .string($0) }
            centres[name] = .object(object)
        }
        var object: JSONObject = [:]
        object["default"] = standard.map { .string($0) }
        object["centres"] = .object(centres)
        return .object(object)
    }

    func save(_ environment: Environment) throws(Problem) {
        let path = try Self.path(environment)
        let folder = String(path[..<(path.lastIndex(of: "/") ?? path.endIndex)])
        guard FileSystem.makeFolder(folder),
            FileSystem.replace(path, with: json.encodedPretty() + Array("\n".utf8), mode: 0o600)
        else { throw Problem("profiles-not-written", exit: .cannotCreate, "\(path) cannot be written") }
    }
}

/// Which centre, and who asks.
enum CentreOptions {
    static let profile = Option<String?>.optional(
        "centre", .text("NAME"), .environment("BERTH_CENTRE"),
        help: "The centre that was added under this name; else the default one")
    static let server = Option<String?>.optional(
        "server", .text("URL"), .environment("BERTH_SERVER"),
        help: "The centre's address, such as https://berth.example")
    static let token = Option<SecretSource?>.optional(
        "token", .secret("SOURCE"), help: "Where the token comes from: prompt, env:NAME, file:PATH, fd:N or -"
    )
    static let authorities = Option<String?>.optional(
        "authorities", .file(extensions: "pem", "crt"),
        help: "Trust these certificates instead of the system's")

    static let group = OptionGroup("Which centre", [profile, server, token, authorities])

    /// What the command line says, and what a profile says beside it.
    static func chosen(_ parsed: ParsedCommand, _ terminal: Terminal) throws -> (
        CentreProfiles.Profile, SecretSource?
    ) {
        var chosen = CentreProfiles.Profile(server: "")
        if let name = parsed[profile] {
            guard let known = try CentreProfiles.load(terminal.environment).profiles[name] else {
                throw Problem(
                    "profile-unknown", exit: .configuration, "there is no profile '\(name)'",
                    advice: ["berth centre list shows them", "berth centre add makes one"])
            }
            chosen = known
        } else if parsed[server] == nil {
            let profiles = try CentreProfiles.load(terminal.environment)
            guard let known = profiles.standard.flatMap({ profiles.profiles[$0] }) else {
                throw Problem(
                    "no-centre", exit: .configuration, "no centre is named",
                    advice: [
                        "add one: berth centre add NAME --server URL --token file:PATH", "or give --server",
                    ])
            }
            chosen = known
        }
        if let server = parsed[server] { chosen.server = server }
        try checkAddress(chosen.server)
        if let file = parsed[authorities] { chosen.authorities = file }
        let source = try parsed[token] ?? chosen.token.map { try reading($0) }
        if source?.isLiteral == true {
            throw Problem.usage(
                "a token does not belong on the command line, where others can see it",
                advice: "give --token prompt, env:NAME, file:PATH or fd:N")
        }
        return (chosen, source)
    }

    /// Tokens and passwords go there.
    static func checkAddress(_ server: String) throws(Problem) {
        guard !ServerAddress.isProtected(server) else { return }
        throw Problem.usage(
            "'\(server)' is no address of a centre",
            advice: "it begins with https://; http:// is for 127.0.0.1, [::1] and localhost")
    }

    static func reading(_ text: String) throws(Problem) -> SecretSource {
        do throws(ValueRefusal) {
            return try SecretSource(text)
        } catch {
            throw Problem("token-source", exit: .configuration, "the profile's token: \(error.reason)")
        }
    }
}

/// The noun `centre`: the centres that one works with.
enum CentreCommands {
    private static let name = Positional<String>.required(.text("NAME"), help: "What the profile is called")
    private static let token = Option<SecretSource?>.optional(
        "token", .secret("SOURCE"),
        help: "Where its token comes from each time: env:NAME, file:PATH or prompt")

    static let noun = Command(
        "centre", "The centres that you work with: addresses, and where their tokens are",
        discussion: """
            Profiles stand in $XDG_CONFIG_HOME/berth/centres.json, or ~/.config/berth/centres.json. No secret is in it: a \
            token is read from its file, variable or prompt each time.
            """,
        commands: [add, list, use, remove])

    private static let server = Option<String>.required(
        "server", .text("URL"), help: "The centre's address, such as https://berth.example")

    private static let add = Command(
        "add", "Add a centre, or change one; the first one becomes the default",
        examples: [
            .init(
                "a centre",
                "berth centre add city --server https://berth.example --token file:$HOME/.berth-token"
            )
        ],
        arguments: [name], options: [OptionGroup("Options", [server, token, CentreOptions.authorities])]
    ) { parsed, terminal in
        var profiles = try CentreProfiles.load(terminal.environment)
        let address = parsed[server]
        try CentreOptions.checkAddress(address)
        profiles.profiles[parsed[name]] = .init(
            server: address, token: try text(parsed[token]), authorities: parsed[CentreOptions.authorities])
        if profiles.standard == nil { profiles.standard = parsed[name] }
        try profiles.save(terminal.environment)
        show(profiles, terminal)
    }

    private static let list = Command("list", "The centres that are known", aliases: ["ls"]) { _, terminal in
        show(try CentreProfiles.load(terminal.environment), terminal)
    }

    private static let use = Command("use", "Make a centre the default", arguments: [name]) {
        parsed, terminal in
        var profiles = try CentreProfiles.load(terminal.environment)
        try require(parsed[name], in: profiles)
        profiles.standard = parsed[name]
        try profiles.save(terminal.environment)
        show(profiles, terminal)
    }

    private static let remove = Command("remove", "Forget a centre", arguments: [name]) { parsed, terminal in
        var profiles = try CentreProfiles.load(terminal.environment)
        try require(parsed[name], in: profiles)
        profiles.profiles[parsed[name]] = nil
        if profiles.standard == parsed[name] { profiles.standard = nil }
        try profiles.save(terminal.environment)
        show(profiles, terminal)
    }

    private static func require(_ name: String, in profiles: CentreProfiles) throws(Problem) {
        guard profiles.profiles[name] != nil else {
            throw Problem("profile-unknown", exit: .notFound, "there is no profile '\(name)'")
        }
    }

    /// What the profile keeps; a token itself is refused.
    private static func text(_ source: SecretSource?) throws(Problem) -> String? {
        switch source {
        case nil: return nil
        case .environment(let name): return "env:\(name)"
        case .file(let path): return "file:\(path)"
        case .prompt: return "prompt"
        case .descriptor, .standardInput, .literal:
            throw Problem.usage(
                "a profile keeps where a token is, not the token",
                advice: "give env:NAME, file:PATH or prompt")
        }
    }

    private static func show(_ profiles: CentreProfiles, _ terminal: Terminal) {
        guard !terminal.isJSON else { return terminal.print(json: profiles.json) }
        var table = Table([.init("NAME"), .init("DEFAULT"), .init("SERVER"), .init("TOKEN")])
        for (name, profile) in profiles.profiles.sorted(by: { $0.key < $1.key }) {
            table.add([
                .init(name), .init(name == profiles.standard ? "yes" : ""), .init(profile.server),
                .init(profile.token ?? ""),
            ])
        }
        if table.isEmpty { return terminal.note("no centre is known yet: berth centre add") }
        terminal.print(table)
    }
}
