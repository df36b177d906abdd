internal import Arguments
internal import CentreServer
internal import JSON

/// One endpoint as a verb: what its path names are arguments, what its query and body take are options.
struct AdminVerb: Sendable {
    let endpoint: Endpoint
    private let positionals: [(parameter: Parameter, key: Positional<String>)]
    private let queries: [(parameter: Parameter, key: Option<String?>)]
    private let members: [BodyMember]
    private let file: Positional<String>?

    static let body = Option<String?>.optional(
        "body", .file(extensions: "json"), help: "Take the request from a file of JSON; options add to it")
    private static let dryRun = Option<Bool>.flag(
        "dry-run", help: "Show what would be asked, and ask nothing")
    private static let table = Option<Bool>.flag("table", help: "Show a table (as without --json)")
    private static let all = Option<Bool>.flag("all", help: "Every page of the list")
    private static let follow = Option<Bool>.flag("follow", help: "Go on as things happen, until interrupted")
    private static let wait = Option<Bool>.flag(
        "wait", help: "Wait for the operation's end, and show how far it is")
    private static let ifMatch = Option<String?>.optional(
        "if-match", .text("TAG"), help: "Only if the entity tag is still this one")
    private static let request = Option<String?>.optional(
        "request", .text("ID"), help: "The same id again is the same request; else one is made")
    private static let format = Option<String?>.optional(
        "format", .text("TYPE"), help: "Another form than JSON: text/csv, text/plain")

    init(_ endpoint: Endpoint) {
        self.endpoint = endpoint
        positionals = endpoint.pathParameters.map { parameter in
            let kind = ArgumentValue<String>.text(AdminNames.placeholder(parameter.name))
            let text = parameter.text.isEmpty ? parameter.schema.text ?? "" : parameter.text
            return (parameter, .required(kind, help: Self.line(text, parameter.name)))
        }
        queries = endpoint.queryParameters.map { parameter in
            let key = Option<String?>.optional(
                AdminNames.option([parameter.name]), BodyMember.kind(of: parameter.schema, parameter.name),
                help: Self.line(parameter.text, parameter.name))
            return (parameter, key)
        }
        switch endpoint.body {
        case .none: (members, file) = ([], nil)
        case .json(let schema):
            members = BodyMember.members(of: schema, besides: Set(endpoint.queryParameters.map(\.name)))
            file = nil
        case .bytes(_, _, let text): (members, file) = ([], .required(.file(), help: Self.line(text, "file")))
        }
    }

    /// Help has one line without a full stop.
    static func line(_ text: String, _ name: String) -> String {
        let line = text.split(separator: "\n").joined(separator: " ")
        guard !line.isEmpty else { return "The \(name)" }
        return line.hasSuffix(".") ? String(line.dropLast()) : line
    }

    var command: Command {
        Command(
            AdminNames.verb(endpoint.operationID, in: endpoint.group),
            Self.line(endpoint.summary, endpoint.operationID),
            discussion: "\(endpoint.method.rawValue) \(endpoint.path.text)",
            arguments: positionals.map(\.key) + (file.map { [$0] } ?? []), options: optionGroups
        ) { parsed, terminal in
            try await run(parsed, terminal)
        }
    }

    private var optionGroups: [OptionGroup] {
        var own: [any DeclaredOption] = queries.map(\.key) + members.map(\.option)
        if case .json = endpoint.body { own.append(Self.body) }
        if isList || isByPosition { own.append(Self.all) }
        if isStream { own.append(Self.follow) }
        if isWaitedFor { own.append(Self.wait) }
        if endpoint.precondition != .none { own.append(Self.ifMatch) }
        if endpoint.takesIdempotencyKey { own.append(Self.request) }
        if isOtherForm { own.append(Self.format) }
        if isSignIn { own.append(SavedToken.option) }
        own += [Self.dryRun, Self.table] as [any DeclaredOption]
        return [OptionGroup("Options", own), CentreOptions.group]
    }

    private var isSignIn: Bool { endpoint.operationID == "signIn" }
    private var needsToken: Bool {
        if case .anyone = endpoint.access { false } else { true }
    }
    private var isList: Bool { endpoint.queryParameters.contains { $0.name == "cursor" } }
    /// A list that goes on by positions, not by cursors: events.
    private var isByPosition: Bool { endpoint.queryParameters.contains { $0.name == "after" } }
    private var isStream: Bool { otherTypes.contains(EventStream.mediaType) }
    private var isOtherForm: Bool { otherTypes.contains { $0 != EventStream.mediaType } }
    private var otherTypes: [String] {
        endpoint.outcomes.flatMap(\.mediaTypes).filter { $0 != Endpoint.jsonType }
    }
    private var isWaitedFor: Bool { endpoint.outcomes.contains { $0.status == 202 } }

    // MARK: Running

    private func run(_ parsed: ParsedCommand, _ terminal: Terminal) async throws {
        if parsed[Self.table], terminal.isJSON {
            throw Problem.usage("--table and --json exclude each other")
        }
        let call = try call(parsed, terminal)
        if parsed[Self.dryRun] { return AdminView(terminal).show(call) }
        let place = isSignIn && parsed[SavedToken.option] ? try SavedToken(parsed, terminal) : nil
        let client = try CentreClient(parsed, terminal, isSignedIn: needsToken)
        let view = AdminView(terminal)
        if let place { return view.show(try place.save(try client.send(call))) }
        if isStream, parsed[Self.follow] { return try client.follow(call, view) }
        if isByPosition { return try EventPages(client, view).read(call, isWhole: parsed[Self.all]) }
        if isList, parsed[Self.all] { return try pages(call, client, view) }
        let answer = try client.send(call)
        if isWaitedFor, parsed[Self.wait], let location = answer.field("Location") {
            return try OperationWatch(client, view).watch(location)
        }
        view.show(answer, withTag: hasTag)
    }

    /// Whether what is shown has an entity tag that a change takes: such a change itself, and what reads one thing
    /// that can be changed so, at its own path or by a word behind it.
    private var hasTag: Bool {
        switch endpoint.method {
        case .put, .patch: return endpoint.precondition != .none
        case .get:
            let path = endpoint.path.segments
            guard case .value? = path.last else { return false }
            return RestTable.described.contains { other in
                other.precondition != .none && other.path.segments.starts(with: path)
                    && other.path.segments.dropFirst(path.count).allSatisfy { segment in
                        if case .word = segment { true } else { false }
                    }
            }
        case .head, .post, .delete, .options, .query, .trace: return false
        }
    }

    private func pages(_ call: CentreCall, _ client: CentreClient, _ view: AdminView) throws {
        var (call, rows): (CentreCall, [JSONValue]) = (call, [])
        while true {
            let answer = try client.send(call)
            guard let json = answer.json else { return view.show(answer) }
            rows += json["items"]?.arrayValue ?? []
            guard let next = json["next"]?.stringValue else { break }
            call.set(query: "cursor", to: next)
        }
        view.show(["items": .array(rows)])
    }

    /// What the command line asks for; no secret is in it but in the body.
    private func call(_ parsed: ParsedCommand, _ terminal: Terminal) throws -> CentreCall {
        var path = ""
        for segment in endpoint.path.segments {
            switch segment {
            case .word(let word): path += "/" + word
            case .value(let name):
                guard let key = positionals.first(where: { $0.parameter.name == name })?.key else {
                    throw Problem.usage("there is no argument for \(name)")
                }
                path += "/" + CentreCall.escape(parsed[key])
            }
        }
        var call = CentreCall(endpoint.method.rawValue, path)
        for (parameter, key) in queries {
            if let text = parsed[key] { call.set(query: parameter.name, to: text) }
        }
        if isOtherForm, let format = parsed[Self.format] { call.fields.append(("Accept", format)) }
        if endpoint.precondition != .none, let tag = parsed[Self.ifMatch] {
            call.fields.append(("If-Match", Self.entityTags(tag)))
        }
        if endpoint.takesIdempotencyKey {
            call.fields.append(("Idempotency-Key", parsed[Self.request] ?? CentreCall.freshKey()))
        }
        try addBody(to: &call, parsed, terminal)
        return call
    }

    /// A star, and what has quotes already, goes as it is (RFC 9110 §13.1.1).
    private static func entityTags(_ text: String) -> String {
        text == "*" || text.contains("\"") ? text : "\"\(text)\""
    }

    private func addBody(to call: inout CentreCall, _ parsed: ParsedCommand, _ terminal: Terminal) throws {
        switch endpoint.body {
        case .none: return
        case .bytes(let mediaTypes, let max, _):
            guard let file else { return }
            call.body = try InputFile.read(parsed[file], bytesMax: max)
            call.fields.append(("Content-Type", mediaTypes[0]))
        case .json(let schema):
            var body = JSONObject()
            if let path = parsed[Self.body] { body = try BodyMember.read(path) }
            for member in members { try member.add(to: &body, parsed, terminal) }
            let faults = schema.faults(in: .object(body))
            guard faults.isEmpty else {
                throw Problem.usage(
                    "the request is not complete or not right",
                    why: faults.map { fault in
                        "\(fault.pointer.isEmpty ? "the request" : fault.pointer): \(fault.detail)"
                    }.joined(separator: " "),
                    advice: "look at the options with --help, or give the request with --body FILE")
            }
            call.secrets = schema.withoutSecrets(.object(body))
            call.body = JSONValue.object(body).encoded()
            call.fields.append(("Content-Type", Endpoint.jsonType))
        }
    }
}
