package import Centre
internal import GlobalPlatform
package import JSON
package import SmartCard

extension Application: Form {
    package var json: JSONValue {
        let (service, reason): (String, String?) =
            switch self.service {
            case .running: ("running", nil)
            case .stopped(let reason): ("stopped", reason)
            }
        return .object(
            JSONObject(members: [
                ("id", .name(id)), ("name", .string(name)), ("provider", .name(provider)),
                ("service", .string(service)), ("reason", reason.map(JSONValue.string)),
            ]))
    }

    package init(form: inout FormReader) throws(FormProblem) {
        let service: Service
        switch (try form.text("service"), try form.optionalText("reason")) {
        case ("running", nil): service = .running
        case ("stopped", let reason?): service = .stopped(reason: reason)
        default: throw form.problem("service", "is neither 'running' nor 'stopped' with a reason")
        }
        self.init(
            id: try form.identifier("id"), name: try form.text("name"),
            provider: try form.identifier("provider"), service: service)
    }
}

extension Release.LoadFile: Form {
    package var json: JSONValue {
        [
            "aid": .aid(aid), "digest": .hex(digest), "bytes": .count(byteCount), "imports": .aids(imports),
            "declared": declared.json,
        ]
    }

    package init(form: inout FormReader) throws(FormProblem) {
        let digest = try form.bytes("digest")
        guard digest.count == 32 else { throw form.problem("digest", "is not a SHA-256") }
        self.init(
            aid: try form.aid("aid"), digest: digest, byteCount: try form.count("bytes"),
            imports: try form.optionalAIDs("imports") ?? [], declared: try form.form("declared"))
    }
}

extension Release.Instance: Form {
    package var json: JSONValue {
        [
            "aid": .aid(aid), "module": .aid(module), "loadFile": .aid(loadFile),
            "privileges": .texts(privileges.names), "parameters": .hex(parameters),
            "declared": declared.json,
        ]
    }

    package init(form: inout FormReader) throws(FormProblem) {
        self.init(
            aid: try form.aid("aid"), module: try form.aid("module"), loadFile: try form.aid("loadFile"),
            privileges: try form.privileges("privileges"),
            parameters: try form.optionalBytes("parameters") ?? [], declared: try form.form("declared"))
    }
}

extension FormReader {
    /// By their names in the specification; without the member there are none.
    func privileges(_ name: String) throws(FormProblem) -> Privileges {
        let known = try optionalWords(name, "a privilege of GlobalPlatform") { text in
            Privileges.named.first { $0.name == text }?.privilege
        }
        return (known ?? []).reduce([]) { $0.union($1) }
    }

    /// How something leaves a card: `{"class":"never","reason":"It is the holder's identity."}`.
    func parking(_ name: String) throws(FormProblem) -> Release.Parking {
        let inner = try FormReader(try value(name), at: place(name))
        let (word, reason) = (try inner.text("class"), try inner.optionalText("reason"))
        guard let parking = Release.Parking(word: word, reason: reason) else {
            throw inner.problem(
                "class", "is not one of contract, stateless, re-personalised, or never with a reason")
        }
        return parking
    }
}

extension Release.Parking {
    var json: JSONValue {
        .object(
            JSONObject(members: [("class", .string(word)), ("reason", reason.map(JSONValue.string))]))
    }
}

extension Release: Form {
    package var json: JSONValue {
        let (life, since, reason): (String, Instant?, String?) =
            switch self.life {
            case .draft: ("draft", nil, nil)
            case .published(let at): ("published", at, nil)
            case .withdrawn(let at, let reason): ("withdrawn", at, reason)
            }
        let profiles: [ProfileName]? =
            switch compatibility {
            case .everyProfile: nil
            case .only(let profiles): profiles
            }
        return .object(
            JSONObject(members: [
                ("id", .string(id.description)), ("application", .name(id.application)),
                ("version", .name(id.version)), ("life", .string(life)),
                ("since", since.map(JSONValue.instant)), ("reason", reason.map(JSONValue.string)),
                ("loadFiles", .forms(loadFiles)), ("instances", .forms(instances)),
                ("personalisation", .array(personalisation.map(JSONValue.hex))), ("parking", parking.json),
                ("profiles", profiles.map(JSONValue.names)), ("permitsSnapshots", .bool(permitsSnapshots)),
            ]))
    }

    package init(form: inout FormReader) throws(FormProblem) {
        let id = ReleaseID(try form.identifier("application"), try form.identifier("version"))
        try self.init(id, life: Life(form), form)
    }

    /// What a draft says: everything but its name and its life.
    package init(draft id: ReleaseID, _ json: JSONValue) throws(FormProblem) {
        try self.init(id, life: .draft, try FormReader(json))
    }

    private init(_ id: ReleaseID, life: Life, _ form: FormReader) throws(FormProblem) {
        self.init(
            id: id, life: life, loadFiles: try form.forms("loadFiles"),
            instances: try form.forms("instances"),
            personalisation: try form.optionalByteStrings("personalisation") ?? [],
            parking: try form.parking("parking"),
            compatibility: try form.optionalIdentifiers("profiles").map(Compatibility.only) ?? .everyProfile,
            permitsSnapshots: try form.optionalBool("permitsSnapshots") ?? false)
    }
}

extension Release.Life {
    fileprivate init(_ form: FormReader) throws(FormProblem) {
        switch (try form.text("life"), try form.optionalInstant("since"), try form.optionalText("reason")) {
        case ("draft", nil, nil): self = .draft
        case ("published", let at?, nil): self = .published(at: at)
        case ("withdrawn", let at?, let reason?): self = .withdrawn(at: at, reason: reason)
        default: throw form.problem("life", "does not go with the time and the reason beside it")
        }
    }
}

/// A load file of the catalogue, as a client sees it after it was uploaded: what a release can say about it.
package struct LoadFileForm: Form, Hashable {
    package struct Module: Form, Hashable {
        package var aid: AID
        package var name: String?
        /// `nil` where only the load file is known, not the CAP file it came from.
        package var expected: Room?

        package init(aid: AID, name: String? = nil, expected: Room? = nil) {
            self.aid = aid
            self.name = name
            self.expected = expected
        }

        package var json: JSONValue {
            .object(
                JSONObject(members: [
                    ("aid", .aid(aid)), ("name", name.map(JSONValue.string)), ("expected", expected?.json),
                ]))
        }

        package init(form: inout FormReader) throws(FormProblem) {
            self.init(
                aid: try form.aid("aid"), name: try form.optionalText("name"),
                expected: try form.optionalForm("expected"))
        }
    }

    package var loadFile: Release.LoadFile
    package var version: String
    package var modules: [Module]

    package init(loadFile: Release.LoadFile, version: String, modules: [Module]) {
        self.loadFile = loadFile
        self.version = version
        self.modules = modules
    }

    package init(_ cap: CAPImport) {
        self.init(
            loadFile: cap.loadFile, version: "\(cap.kept.package.version)",
            modules: cap.modules.map { Module(aid: $0.aid, name: $0.name, expected: $0.expected) })
    }

    package var json: JSONValue {
        guard case .object(var object) = loadFile.json else { return .null }
        object["version"] = .string(version)
        object["modules"] = .forms(modules)
        return .object(object)
    }

    package init(form: inout FormReader) throws(FormProblem) {
        self.init(
            loadFile: try Release.LoadFile(form: &form), version: try form.text("version"),
            modules: try form.forms("modules"))
    }
}
