internal import CardCrypto
internal import GlobalPlatform
internal import SmartCard

// MARK: Applications and their service (rows B1, C9)

extension Act {
    package func registerApplication(_ id: ApplicationID, name: String, provider: ProviderID) throws {
        try require(provider, to: "register an application of '\(provider)'")
        _ = try activeProvider(provider)
        try check(name, field: "application's name", bytesMax: Bounds.nameBytesMax)
        guard try transaction.find(Application.self, key: .word(id)) == nil else {
            throw CatalogueRefusal.applicationExists(id)
        }
        let ofProvider = Query(Application.table, [.init("provider", .word(provider))])
        guard try transaction.count(ofProvider) < Bounds.applicationsPerProviderMax else {
            throw CatalogueRefusal.tooMany(
                what: "applications of a provider", max: Bounds.applicationsPerProviderMax)
        }
        transaction.insert(Application(id: id, name: name, provider: provider))
        try note(Note("application.registered", .application(id), provider: provider))
    }

    package func renameApplication(_ id: ApplicationID, to name: String) throws {
        var application = try lockApplication(id, to: "rename")
        try check(name, field: "application's name", bytesMax: Bounds.nameBytesMax)
        guard application.name != name else { return }
        application.name = name
        transaction.put(application)
        try note(Note("application.changed", .application(id), provider: application.provider))
    }

    /// From now on it is installed on no card (row C7); cards that have it keep it.
    package func stopService(of id: ApplicationID, reason: String) throws {
        var application = try lockApplication(id, to: "stop the service of")
        try check(reason, field: "reason", bytesMax: Bounds.reasonBytesMax)
        if case .stopped(let reason) = application.service {
            throw CatalogueRefusal.serviceStopped(id, reason: reason)
        }
        application.service = .stopped(reason: reason)
        transaction.put(application)
        try note(Note("application.service-stopped", .application(id), provider: application.provider))
    }

    package func startService(of id: ApplicationID) throws {
        var application = try lockApplication(id, to: "start the service of")
        guard case .stopped = application.service else { throw CatalogueRefusal.serviceRuns(id) }
        application.service = .running
        transaction.put(application)
        try note(Note("application.service-started", .application(id), provider: application.provider))
    }

    /// What this viewer may know of, in the order of names; a page at a time.
    package func applications(
        for viewer: Viewer, after: ApplicationID? = nil, limit: Int = Query.rowsMax
    ) throws -> [Application] {
        let page = Query(
            Application.table, after: after.map { [.word($0)] }, limit: min(limit, Query.rowsMax))
        switch viewer {
        case .everything: return try transaction.all(Application.self, page)
        case .providers(let visible):
            let queries = visible.map { id in
                var query = page
                query.conditions = [.init("provider", .word(id))]
                return query
            }
            let rows = try transaction.ask(queries).flatMap { $0 }
            let applications = try transaction.decode(Application.self, rows)
            return Array(applications.sorted { $0.id < $1.id }.prefix(page.limit))
        }
    }

    /// Another provider's application is not found.
    package func application(_ id: ApplicationID, for viewer: Viewer) throws -> Application {
        guard let application = try transaction.find(Application.self, key: .word(id)),
            viewer.sees(application.provider)
        else { throw CatalogueRefusal.applicationUnknown(id) }
        return application
    }

    func lockApplication(_ id: ApplicationID, to what: String) throws -> Application {
        guard let application = try transaction.lock(Application.self, key: .word(id)) else {
            throw CatalogueRefusal.applicationUnknown(id)
        }
        if case .provider(let actor) = actor {
            // Whether another provider has it is nobody's business.
            guard actor == application.provider else { throw CatalogueRefusal.applicationUnknown(id) }
        }
        try require(application.provider, to: "\(what) '\(id)'")
        return application
    }

    func check(_ text: String, field: String, bytesMax: Int) throws(CatalogueRefusal) {
        if let problem = FreeText.problem(in: text, bytesMax: bytesMax) {
            throw .text(field: field, problem)
        }
    }
}

// MARK: Releases: draft, published, withdrawn

extension Act {
    /// Keeps the bytes of a load file, once however often they come; who brings them learns of nobody else who did.
    package func keep(_ cap: CAPImport, for provider: ProviderID) throws {
        try require(provider, to: "add load files for '\(provider)'")
        _ = try activeProvider(provider)
        let key = StoredValue.bytes(cap.kept.digest)
        guard try transaction.find(BroughtLoadFile.self, key: key, .word(provider)) == nil else { return }
        if try transaction.find(KeptLoadFile.self, key: key) == nil {
            transaction.insert(cap.kept)
            transaction.insert(cap.blob)
        }
        transaction.insert(BroughtLoadFile(digest: cap.kept.digest, provider: provider, since: now))
        try note(
            Note(
                "catalogue.load-file-kept", .provider(provider), provider: provider,
                facts: [
                    .aid("load-file", cap.loadFile.aid), .digest(cap.kept.digest),
                    .number("bytes", cap.loadFile.byteCount),
                ]))
    }

    /// Writes a draft, or takes the place of one; whether it can be published is checked when it is.
    package func draft(_ release: Release) throws {
        let application = try lockApplication(release.id.application, to: "draft a release of")
        guard release.life == .draft else { throw CatalogueRefusal.published(release.id) }
        try release.checkSizes()
        let found = try transaction.lock(
            Release.self, key: .word(release.id.application), .word(release.id.version))
        if let found {
            guard found.life == .draft else { throw CatalogueRefusal.published(release.id) }
            guard found != release else { return }
        } else {
            let siblings = Query(Release.table, key: [.word(release.id.application)])
            guard try transaction.count(siblings) < Bounds.releasesPerApplicationMax else {
                throw CatalogueRefusal.tooMany(
                    what: "releases of an application", max: Bounds.releasesPerApplicationMax)
            }
        }
        transaction.put(release)
        try note(
            Note("release.drafted", .release(release.id), provider: application.provider, isAnnounced: false))
    }

    package func discardDraft(_ id: ReleaseID) throws {
        let application = try lockApplication(id.application, to: "discard a draft of")
        let release = try lockRelease(id)
        guard release.life == .draft else { throw CatalogueRefusal.published(id) }
        transaction.remove(release)
        try note(Note("release.discarded", .release(id), provider: application.provider, isAnnounced: false))
    }

    /// From now on cards can get it, and it never changes.
    package func publish(_ id: ReleaseID) throws {
        let application = try lockApplication(id.application, to: "publish a release of")
        _ = try activeProvider(application.provider)
        var release = try lockRelease(id)
        switch release.life {
        case .draft: break
        case .published: return
        case .withdrawn(_, let reason): throw CatalogueRefusal.withdrawn(id, reason: reason)
        }
        let aids = try checkPublication(release)
        release.life = .published(at: now)
        transaction.put(release)
        for aid in aids { transaction.insert(aid) }
        try note(
            Note(
                "release.published", .release(id), provider: application.provider,
                facts: [
                    .number("load-files", release.loadFiles.count),
                    .number("instances", release.instances.count),
                ]
            ))
    }

    /// No card gets it any more; its AIDs stay its own, because cards still have it.
    package func withdraw(_ id: ReleaseID, reason: String) throws {
        let application = try lockApplication(id.application, to: "withdraw a release of")
        try check(reason, field: "reason", bytesMax: Bounds.reasonBytesMax)
        var release = try lockRelease(id)
        switch release.life {
        case .draft: throw CatalogueRefusal.notPublished(id)
        case .withdrawn(_, let reason): throw CatalogueRefusal.withdrawn(id, reason: reason)
        case .published: break
        }
        release.life = .withdrawn(at: now, reason: reason)
        transaction.put(release)
        try note(Note("release.withdrawn", .release(id), provider: application.provider))
    }

    package func releases(of id: ApplicationID, for viewer: Viewer) throws -> [Release] {
        _ = try application(id, for: viewer)
        return try transaction.all(Release.self, key: .word(id))
    }

    package func release(_ id: ReleaseID, for viewer: Viewer) throws -> Release {
        _ = try application(id.application, for: viewer)
        guard let release = try find(id) else { throw CatalogueRefusal.releaseUnknown(id) }
        return release
    }

    /// A release that may go onto a card of this profile now: published, its service running, made for the profile.
    package func installable(_ id: ReleaseID, on profile: ProfileName) throws -> Release {
        guard let application = try transaction.find(Application.self, key: .word(id.application)),
            let release = try find(id)
        else { throw CatalogueRefusal.releaseUnknown(id) }
        if case .stopped(let reason) = application.service {
            throw CatalogueRefusal.serviceStopped(application.id, reason: reason)
        }
        switch release.life {
        case .draft: throw CatalogueRefusal.notPublished(id)
        case .withdrawn(_, let reason): throw CatalogueRefusal.withdrawn(id, reason: reason)
        case .published: break
        }
        guard release.isCompatible(with: profile) else {
            throw CatalogueRefusal.notForProfile(id, profile)
        }
        return release
    }

    /// What a card gets; `nil` when the catalogue does not have it.
    package func dataBlock(of loadFile: Release.LoadFile) throws -> [UInt8]? {
        try transaction.find(LoadFileBlob.self, key: .bytes(loadFile.digest))?.dataBlock
    }

    func find(_ id: ReleaseID) throws -> Release? {
        try transaction.find(Release.self, key: .word(id.application), .word(id.version))
    }

    private func lockRelease(_ id: ReleaseID) throws -> Release {
        guard
            let release = try transaction.lock(
                Release.self, key: .word(id.application), .word(id.version))
        else { throw CatalogueRefusal.releaseUnknown(id) }
        return release
    }
}

extension Release {
    package func isCompatible(with profile: ProfileName) -> Bool {
        switch compatibility {
        case .everyProfile: true
        case .only(let profiles): profiles.contains(profile)
        }
    }
}
