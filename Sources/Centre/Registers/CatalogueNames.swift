package import SmartCard

/// What the catalogue says of names that a card shows: by them the centre recognises what it did not install itself.
package struct CatalogueNames: Hashable, Sendable {
    package struct Instance: Hashable, Sendable {
        package let release: ReleaseID
        package let loadFile: AID?

        package init(release: ReleaseID, loadFile: AID?) {
            self.release = release
            self.loadFile = loadFile
        }
    }

    package struct LoadFile: Hashable, Sendable {
        package let release: ReleaseID
        package let digest: [UInt8]

        package init(release: ReleaseID, digest: [UInt8]) {
            self.release = release
            self.digest = digest
        }
    }

    package private(set) var instances: [AID: [Instance]] = [:]
    package private(set) var loadFiles: [AID: [LoadFile]] = [:]
    package private(set) var owners: [ApplicationID: ProviderID] = [:]

    package init() {}

    /// Without their owners.
    init(_ published: [PublishedAID]) {
        instances.reserveCapacity(published.count)
        loadFiles.reserveCapacity(published.count)
        for published in published {
            switch published.role {
            case .instance: add(published.aid, Instance(release: published.release, loadFile: nil))
            case .loadFile, .sharedLoadFile:
                add(published.aid, LoadFile(release: published.release, digest: published.digest ?? []))
            }
        }
    }

    /// Those that the names may be of.
    var applications: Set<ApplicationID> {
        Set(instances.values.joined().map(\.release.application))
            .union(loadFiles.values.joined().map(\.release.application))
    }

    mutating func add(_ applications: some Sequence<Application>) {
        owners.reserveCapacity(owners.count + applications.underestimatedCount)
        for application in applications { owners[application.id] = application.provider }
    }

    package init(releases: [Release], applications: [Application]) {
        add(applications)
        for release in releases {
            for instance in release.instances {
                add(instance.aid, Instance(release: release.id, loadFile: instance.loadFile))
            }
            for file in release.loadFiles {
                add(file.aid, LoadFile(release: release.id, digest: file.digest))
            }
        }
    }

    package mutating func add(_ aid: AID, _ instance: Instance) {
        instances[aid, default: []].append(instance)
    }
    package mutating func add(_ aid: AID, _ file: LoadFile) { loadFiles[aid, default: []].append(file) }
    package mutating func add(_ application: ApplicationID, of provider: ProviderID) {
        owners[application] = provider
    }

    /// Of which release an instance is: told by its name, and by the code it was made from where that is known. What
    /// could be one of several releases has none.
    package func release(ofInstance aid: AID, from loadFile: InstalledLoadFile?) -> ReleaseID? {
        var candidates = instances[aid] ?? []
        if let loadFile {
            candidates.removeAll { $0.loadFile.map { $0 != loadFile.aid } ?? false }
            if let digest = loadFile.digest {
                let releases = (loadFiles[loadFile.aid] ?? []).filter { $0.digest == digest }.map(\.release)
                candidates.removeAll { !releases.contains($0.release) }
            }
        }
        let releases = Set(candidates.map(\.release))
        return releases.count == 1 ? releases.first : nil
    }

    /// Whose an application is.
    package func owner(of application: InstalledApplication) -> ProviderID? {
        application.release.flatMap { owners[$0.application] }
    }

    /// Whose a load file is: of whoever publishes it, where that is one.
    package func owner(of loadFile: InstalledLoadFile) -> ProviderID? {
        let candidates = (loadFiles[loadFile.aid] ?? []).filter { file in
            loadFile.digest.map { $0 == file.digest } ?? true
        }
        let providers = Set(candidates.compactMap { owners[$0.release.application] })
        return providers.count == 1 ? providers.first : nil
    }
}

extension Transaction {
    /// What the catalogue says of these names; two questions, however many there are.
    package func catalogueNames(of aids: some Sequence<AID>) throws(StoreFailure) -> CatalogueNames {
        var names = CatalogueNames(try all(PublishedAID.self, PublishedAID.queries(aids)))
        names.add(try all(Application.self, Application.queries(names.applications.sorted())))
        return names
    }
}

extension PublishedAID {
    static func queries(_ aids: some Sequence<AID>) -> [Query] {
        Query.any(
            of: Set(aids).sorted().map { .aid($0) }, in: "aid", table, rowsOfEach: Query.rowsMax)
    }
}

extension Application {
    static func queries(_ ids: [ApplicationID]) -> [Query] {
        Query.any(of: ids.map { .word($0) }, in: "id", table, rowsOfEach: 1)
    }
}

extension CardDossier {
    /// Every name that the catalogue might know.
    package var names: [AID] { applications.map(\.aid) + loadFiles.map(\.aid) }
}
