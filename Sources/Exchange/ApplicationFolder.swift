internal import CardCrypto
package import Centre
internal import GlobalPlatform
internal import JSON
internal import SmartCard

/// Applications of one provider as a folder: `manifest.json`, and the CAP files that it names.
package enum ApplicationFolder {
    package static let manifestName = "manifest.json"

    /// What is wrong with a folder; nothing of it was taken.
    package struct Problem: Error {
        /// A sentence.
        package let reason: String
    }

    /// What an import did.
    package struct Outcome: Hashable, Sendable {
        package var applications = 0
        package var releases = 0
        /// Releases that were there already.
        package var unchanged = 0
    }

    // MARK: - In

    /// Takes all of the folder, or nothing. What is there already stays as it is.
    /// - Parameter read: the bytes of a file of the folder.
    package static func take(
        _ act: Act, read: (String) throws -> [UInt8]
    ) throws -> Outcome {
        let manifest: JSONValue
        do {
            manifest = try JSONValue(
                decoding: try read(manifestName),
                limits: JSONLimits(bytesMax: ExchangeBounds.manifestBytesMax, depthMax: 16))
        } catch let error as JSONError {
            throw Problem(reason: "\(manifestName) is not JSON: \(error.reason).")
        }
        do {
            return try take(manifest, act, read)
        } catch let problem as FieldProblem {
            throw Problem(reason: "\(manifestName): \(problem.reason)")
        }
    }

    private static func take(
        _ manifest: JSONValue, _ act: Act, _ read: (String) throws -> [UInt8]
    ) throws -> Outcome {
        try check(manifest, "the file", has: ["provider", "applications"])
        let provider: ProviderID = try Fields.name(manifest["provider"]?.stringValue ?? "", "provider")
        var outcome = Outcome()
        var publications: [ReleaseID] = []
        var withdrawals: [(id: ReleaseID, reason: String)] = []
        var seen: Set<ReleaseID> = []
        for entry in try list(manifest, "applications") {
            try check(entry, "an application", has: ["id", "name", "serviceStopped", "releases"])
            let id: ApplicationID = try Fields.name(entry["id"]?.stringValue ?? "", "id")
            if try isNew(id, entry, provider, act) { outcome.applications += 1 }
            for release in try list(entry, "releases") {
                let life = try life(release)
                let version: ReleaseVersion = try Fields.name(
                    try text(release, "version") ?? "", "version")
                guard seen.insert(ReleaseID(id, version)).inserted else {
                    throw FieldProblem(reason: "release \(ReleaseID(id, version)) is there twice.")
                }
                guard let new = try take(release, ReleaseID(id, version), provider, act, read) else {
                    outcome.unchanged += 1
                    continue
                }
                outcome.releases += 1
                switch life {
                case .draft: break
                case .published: publications.append(new)
                case .withdrawn(let reason):
                    publications.append(new)
                    withdrawals.append((new, reason))
                }
            }
        }
        try publish(publications, act)
        // At the end: a release that was published while a library was not yet withdrawn needs it here, too.
        for release in withdrawals { try act.withdraw(release.id, reason: release.reason) }
        return outcome
    }

    /// Registers it unless it is there already: then it must be this provider's, and what the folder says of it.
    private static func isNew(
        _ id: ApplicationID, _ entry: JSONValue, _ provider: ProviderID, _ act: Act
    ) throws -> Bool {
        let (name, reason) = (try text(entry, "name"), try text(entry, "serviceStopped"))
        guard let known = try act.transaction.find(Application.self, key: .text(id.text)) else {
            try act.registerApplication(id, name: name ?? id.text, provider: provider)
            if let reason { try act.stopService(of: id, reason: reason) }
            return true
        }
        var said = ["provider": provider.text]
        (said["name"], said["serviceStopped"]) = (name, reason)
        var there = ["provider": known.provider.text, "name": known.name]
        if case .stopped(let reason) = known.service { there["serviceStopped"] = reason }
        let columns = ["provider", "name", "serviceStopped"]
        if let problem = FieldProblem(said: said, there: there, columns: columns) {
            throw FieldProblem(reason: "application '\(id)': \(problem.reason)")
        }
        return false
    }

    /// A library may stand behind what needs it: what can be published is, again and again.
    private static func publish(_ releases: [ReleaseID], _ act: Act) throws {
        var waiting = releases
        // Bounded: every round publishes at least one, or ends it.
        while !waiting.isEmpty {
            var later: [ReleaseID] = []
            var missing: CatalogueRefusal?
            for id in waiting {
                do {
                    try act.publish(id)
                } catch let refusal as CatalogueRefusal where isOfLibrary(refusal) {
                    later.append(id)
                    missing = missing ?? refusal
                }
            }
            if let missing, later.count == waiting.count { throw missing }
            waiting = later
        }
    }

    private static func isOfLibrary(_ refusal: CatalogueRefusal) -> Bool {
        if case .dependencyMissing = refusal { return true }
        if case .dependencyTooOld = refusal { return true }
        return false
    }

    /// How far a release is to come.
    private enum Life {
        case draft
        case published
        case withdrawn(reason: String)
    }

    private static func life(_ entry: JSONValue) throws(FieldProblem) -> Life {
        try check(
            entry, "a release",
            has: [
                "version", "files", "instances", "personalisation", "parking", "reason", "profiles", "life",
                "withdrawalReason", "permitsSnapshots",
            ])
        let word = entry["life"] == nil ? "published" : entry["life"]?.stringValue
        let reason = entry["withdrawalReason"]
        guard reason == nil || word == "withdrawn" else {
            throw FieldProblem(reason: "withdrawalReason is only for a release whose life is withdrawn.")
        }
        switch word {
        case "draft"?: return .draft
        case "published"?: return .published
        case "withdrawn"?:
            // Older exports have none.
            guard let text = (reason ?? "").stringValue else {
                throw FieldProblem(reason: "withdrawalReason is no text.")
            }
            return .withdrawn(reason: text.isEmpty ? "No reason was given." : text)
        case nil, .some:
            throw FieldProblem(reason: "life is none of draft, published and withdrawn.")
        }
    }

    /// Writes the draft, whatever it is to become.
    /// - Returns: `nil` where it is there already.
    private static func take(
        _ entry: JSONValue, _ id: ReleaseID, _ provider: ProviderID, _ act: Act,
        _ read: (String) throws -> [UInt8]
    ) throws -> ReleaseID? {
        if let known = try act.transaction.find(
            Release.self, key: .text(id.application.text), .text(id.version.text)), known.life != .draft
        {
            return nil
        }
        var imports: [CAPImport] = []
        for name in try texts(entry, "files") {
            guard !name.isEmpty, !name.hasPrefix("."), !name.contains("/") else {
                throw FieldProblem(reason: "\(name) is no name of a file in the folder.")
            }
            let cap = try CAPImport(try read(name))
            try act.keep(cap, for: provider)
            imports.append(cap)
        }
        var release = Release(
            id: id, loadFiles: imports.map(\.loadFile), instances: try instances(entry, imports),
            personalisation: try texts(entry, "personalisation").map { try bytes($0, "personalisation") },
            parking: try parking(entry), permitsSnapshots: try flag(entry, "permitsSnapshots"))
        let profiles = try texts(entry, "profiles")
        if !profiles.isEmpty {
            release.compatibility = .only(
                try profiles.map { text throws(FieldProblem) in try Fields.name(text, "profiles") })
        }
        try act.draft(release)
        return id
    }

    /// Those of the manifest; without them, one of every module.
    private static func instances(
        _ entry: JSONValue, _ imports: [CAPImport]
    ) throws -> [Release.Instance] {
        guard entry["instances"] != nil else {
            return imports.flatMap { cap in
                cap.modules.map {
                    .init(
                        aid: $0.aid, module: $0.aid, loadFile: cap.loadFile.aid, declared: $0.expected)
                }
            }
        }
        return try list(entry, "instances").map { item in
            try check(
                item, "an instance",
                has: ["aid", "module", "privileges", "parameters", "nonVolatile", "volatile"])
            let module = try aid(item, "module")
            guard let cap = imports.first(where: { $0.modules.contains { $0.aid == module } }) else {
                throw FieldProblem(reason: "no file of the release has the module \(module).")
            }
            let expected = cap.modules.first { $0.aid == module }?.expected ?? .none
            guard let privileges = UInt32(exactly: try number(item, "privileges") ?? 0),
                privileges <= 0xFF_FFFF
            else {
                throw FieldProblem(reason: "privileges are no number of 24 bits.")
            }
            return Release.Instance(
                aid: item["aid"] == nil ? module : try aid(item, "aid"), module: module,
                loadFile: cap.loadFile.aid, privileges: Privileges(rawValue: privileges),
                parameters: try bytes(try text(item, "parameters") ?? "", "parameters"),
                declared: Room(
                    nonVolatile: try number(item, "nonVolatile") ?? expected.nonVolatile,
                    volatile: try number(item, "volatile") ?? expected.volatile))
        }
    }

    private static func parking(_ entry: JSONValue) throws -> Release.Parking {
        let word = entry["parking"]?.stringValue
        let reason = try text(entry, "reason")
        guard reason == nil || word == "never" else {
            throw FieldProblem(reason: "reason is only for a release whose parking is never.")
        }
        switch word {
        case "contract"?: return .contract
        case "stateless"?: return .stateless
        case "re-personalised"?: return .rePersonalised
        case "never"?: return .never(reason: reason ?? "its provider says so")
        case nil, .some:
            throw FieldProblem(
                reason: "parking is none of contract, stateless, re-personalised and never.")
        }
    }

    /// A name that nobody knows is a mistake: what it says would be lost without a word.
    private static func check(
        _ value: JSONValue, _ what: String, has names: [String]
    ) throws(FieldProblem) {
        let members = value.objectValue?.members ?? []
        guard let other = members.first(where: { !names.contains($0.name) }) else { return }
        throw FieldProblem(
            reason: "\(what) has no member '\(other.name)', but \(names.joined(separator: ", ")).")
    }

    private static func list(_ value: JSONValue, _ name: String) throws(FieldProblem) -> [JSONValue] {
        guard let list = value[name]?.arrayValue else { throw FieldProblem(reason: "\(name) is no list.") }
        return list
    }

    /// `nil` where nothing is said.
    private static func text(_ value: JSONValue, _ name: String) throws(FieldProblem) -> String? {
        guard let member = value[name] else { return nil }
        guard let text = member.stringValue else { throw FieldProblem(reason: "\(name) is no text.") }
        return text
    }

    private static func flag(_ value: JSONValue, _ name: String) throws(FieldProblem) -> Bool {
        guard let member = value[name] else { return false }
        guard let flag = member.boolValue else {
            throw FieldProblem(reason: "\(name) is neither true nor false.")
        }
        return flag
    }

    private static func number(_ value: JSONValue, _ name: String) throws(FieldProblem) -> Int? {
        guard let member = value[name] else { return nil }
        guard let number = member.integerValue else { throw FieldProblem(reason: "\(name) is no number.") }
        return Int(number)
    }

    private static func texts(_ value: JSONValue, _ name: String) throws(FieldProblem) -> [String] {
        guard value[name] != nil else { return [] }
        let texts = try list(value, name).compactMap(\.stringValue)
        guard texts.count == value[name]?.arrayValue?.count else {
            throw FieldProblem(reason: "\(name) is no list of texts.")
        }
        return texts
    }

    private static func aid(_ value: JSONValue, _ name: String) throws(FieldProblem) -> AID {
        guard let aid = try? AID(hex: value[name]?.stringValue ?? "") else {
            throw FieldProblem(reason: "\(name) is no AID in hex.")
        }
        return aid
    }

    private static func bytes(_ text: String, _ name: String) throws(FieldProblem) -> [UInt8] {
        guard let bytes = try? Hex.decode(text) else { throw FieldProblem(reason: "\(name) is not hex.") }
        return bytes
    }
}

// MARK: - Out

extension ApplicationFolder {
    /// Writes the applications of a provider; load files as rows of components, which an import takes like CAP files.
    /// - Returns: how many releases there are.
    package static func give(
        _ provider: ProviderID, _ act: Act, write: (String, [UInt8]) throws -> Void
    ) throws -> Int {
        guard try act.transaction.find(Provider.self, key: .text(provider.text)) != nil else {
            throw ProviderRefusal.unknown(provider)
        }
        var releaseCount = 0
        var written: Set<String> = []
        var applications: [JSONValue] = []
        var after: ApplicationID?
        // Bounded: every page begins after the one before.
        while true {
            let page = try act.applications(for: .providers([provider]), after: after, limit: 100)
            for application in page {
                let releases = try act.transaction.all(Release.self, key: .text(application.id.text))
                for release in releases {
                    for file in release.loadFiles where written.insert(fileName(file)).inserted {
                        guard let block = try act.dataBlock(of: file) else { continue }
                        try write(fileName(file), block)
                    }
                }
                releaseCount += releases.count
                var entry: JSONObject = [
                    "id": .string(application.id.text), "name": .string(application.name),
                ]
                if case .stopped(let reason) = application.service {
                    entry["serviceStopped"] = .string(reason)
                }
                entry["releases"] = .array(releases.map(Self.entry))
                applications.append(.object(entry))
            }
            guard page.count == 100, let last = page.last else { break }
            after = last.id
        }
        let manifest: JSONValue = [
            "provider": .string(provider.text), "applications": .array(applications),
        ]
        try write(manifestName, Array((manifest.text + "\n").utf8))
        return releaseCount
    }

    private static func fileName(_ file: Release.LoadFile) -> String {
        "\(file.aid.bytes.hex)-\(file.digest.prefix(4).map { $0 }.hex).ijc"
    }

    private static func entry(_ release: Release) -> JSONValue {
        var entry: JSONObject = [
            "version": .string(release.id.version.text),
            "files": .array(release.loadFiles.map { .string(fileName($0)) }),
            "instances": .array(release.instances.map(instance)),
        ]
        switch release.life {
        case .draft: entry["life"] = "draft"
        case .published: entry["life"] = "published"
        case .withdrawn(_, let reason):
            entry["life"] = "withdrawn"
            entry["withdrawalReason"] = .string(reason)
        }
        if !release.personalisation.isEmpty {
            entry["personalisation"] = .array(release.personalisation.map { .string($0.hex) })
        }
        switch release.parking {
        case .contract: entry["parking"] = "contract"
        case .stateless: entry["parking"] = "stateless"
        case .rePersonalised: entry["parking"] = "re-personalised"
        case .never(let reason):
            entry["parking"] = "never"
            entry["reason"] = .string(reason)
        }
        if case .only(let profiles) = release.compatibility {
            entry["profiles"] = .array(profiles.map { .string($0.text) })
        }
        if release.permitsSnapshots { entry["permitsSnapshots"] = true }
        return .object(entry)
    }

    private static func instance(_ instance: Release.Instance) -> JSONValue {
        [
            "aid": .string(instance.aid.bytes.hex), "module": .string(instance.module.bytes.hex),
            "privileges": .integer(Int64(instance.privileges.rawValue)),
            "parameters": .string(instance.parameters.hex),
            "nonVolatile": .count(instance.declared.nonVolatile),
            "volatile": .count(instance.declared.volatile),
        ]
    }
}
