internal import SmartCard

/// What somebody wants to know of the catalogue.
struct CatalogueKeys {
    var names: [AID] = []
    var applications: [ApplicationID] = []
    var releases: [ReleaseID] = []
    /// All releases of these.
    var versions: [ApplicationID] = []
    var vetoes: [ApplicationID] = []
    var tariffs: [ProviderID] = []
}

/// The catalogue as one transaction sees it: what is remembered, and what it fetched beside that.
final class CatalogueView {
    private let transaction: any Transaction
    /// Under which what is fetched may be remembered.
    private let head: AuditHead?
    private let remembered: CatalogueEntries
    private var fetched = CatalogueEntries()

    /// What to ask along with the first question of a transaction: `init` wants the answers.
    static func questions(in transaction: any Transaction) -> [Query] {
        guard transaction.catalogueMemory != nil else { return [] }
        return [Query(AuditStreamHead.table, key: [AuditStream.registers.value], limit: 1).glancing()]
    }

    init(_ transaction: any Transaction, _ answers: ArraySlice<[[StoredValue]]>) throws(StoreFailure) {
        self.transaction = transaction
        let rows = answers.first ?? []
        guard let memory = transaction.catalogueMemory,
            let head = try transaction.decode(AuditStreamHead.self, rows).first?.head
        else {
            (head, remembered) = (nil, CatalogueEntries())
            return
        }
        self.head = head
        remembered = memory.entries(under: head)
    }

    // MARK: What is known

    func published(_ aid: AID) -> [PublishedAID] {
        Self.known(fetched.names[aid] ?? remembered.names[aid])
    }
    func application(_ id: ApplicationID) -> Application? {
        Self.known(fetched.applications[id] ?? remembered.applications[id])
    }
    func release(_ id: ReleaseID) -> CataloguedRelease? {
        Self.known(fetched.releases[id] ?? remembered.releases[id])
    }
    func versions(of id: ApplicationID) -> [CataloguedRelease] {
        Self.known(fetched.versions[id] ?? remembered.versions[id])
    }
    func veto(on id: ApplicationID) -> ProviderVeto? {
        Self.known(fetched.vetoes[id] ?? remembered.vetoes[id])
    }
    func tariffs(of id: ProviderID) -> TariffBook {
        Self.known(fetched.tariffs[id] ?? remembered.tariffs[id])
    }

    private static func known<Value>(_ value: Value?) -> Value {
        guard let value else { preconditionFailure("what is asked of the catalogue is fetched first") }
        return value
    }

    func knows(_ ids: [ReleaseID]) -> Bool {
        ids.allSatisfy { fetched.releases[$0] != nil || remembered.releases[$0] != nil }
    }

    /// The load file data block with this digest.
    func code(_ digest: [UInt8]) throws(StoreFailure) -> [UInt8]? {
        if let known = remembered.code[digest] { return known }
        guard let blob = try transaction.find(LoadFileBlob.self, key: .bytes(digest)) else { return nil }
        if let head { transaction.catalogueMemory?.keep(blob, under: head) }
        return blob.dataBlock
    }

    /// What a release needs of others.
    func libraries(of release: Release, by act: Act) throws -> NeededLibraries {
        if let known = fetched.libraries[release.id] ?? remembered.libraries[release.id] { return known }
        let libraries = try act.libraries(of: release)
        var new = CatalogueEntries()
        new.libraries[release.id] = libraries
        fetched.merge(new)
        if let head { transaction.catalogueMemory?.keep(new, under: head) }
        return libraries
    }

    /// What the catalogue says of names, with the owners of their applications.
    func names(of aids: [AID], beside others: [Query] = []) throws(StoreFailure) -> (
        names: CatalogueNames, others: [[[StoredValue]]]
    ) {
        let answers = try fetch(CatalogueKeys(names: aids), beside: others)
        var names = CatalogueNames(aids.uniqued.flatMap { published($0) })
        let applications = names.applications.sorted()
        try fetch(CatalogueKeys(applications: applications))
        names.add(applications.compactMap { application($0) })
        return (names, answers)
    }

    // MARK: What is fetched

    /// Makes known what is not, with other questions in the same round trip: the answers to those.
    @discardableResult
    func fetch(
        _ keys: CatalogueKeys, beside others: [Query] = []
    ) throws(StoreFailure) -> [[[StoredValue]]] {
        let unknown = unknown(keys)
        let queries = unknown.queries
        guard !queries.isEmpty || !others.isEmpty else { return [] }
        let rows = try transaction.ask(queries + others)
        if !queries.isEmpty {
            let new = try entries(of: unknown, rows.prefix(queries.count))
            fetched.merge(new)
            if let head { transaction.catalogueMemory?.keep(new, under: head) }
        }
        return Array(rows.dropFirst(queries.count))
    }

    private func unknown(_ keys: CatalogueKeys) -> CatalogueKeys {
        let (fetched, remembered) = (fetched, remembered)
        func unknown<Key: Hashable & Comparable, Value>(
            _ keys: [Key], _ new: [Key: Value], _ old: [Key: Value]
        ) -> [Key] {
            let unknown = keys.filter { old[$0] == nil && new[$0] == nil }
            return unknown.isEmpty ? [] : Set(unknown).sorted()
        }
        return CatalogueKeys(
            names: unknown(keys.names, fetched.names, remembered.names),
            applications: unknown(keys.applications, fetched.applications, remembered.applications),
            releases: unknown(keys.releases, fetched.releases, remembered.releases),
            versions: unknown(keys.versions, fetched.versions, remembered.versions),
            vetoes: unknown(keys.vetoes, fetched.vetoes, remembered.vetoes),
            tariffs: unknown(keys.tariffs, fetched.tariffs, remembered.tariffs))
    }

    private func entries(
        of keys: CatalogueKeys, _ answers: ArraySlice<[[StoredValue]]>
    ) throws(StoreFailure) -> CatalogueEntries {
        var answers = answers
        func next<R: Record>(_ type: R.Type, _ count: Int) throws(StoreFailure) -> [R] {
            defer { answers = answers.dropFirst(count) }
            return try transaction.decode(R.self, answers.prefix(count).flatMap { $0 })
        }
        var new = CatalogueEntries()
        for aid in keys.names { new.names[aid] = [] }
        for row in try next(PublishedAID.self, keys.nameQueries.count) { new.names[row.aid]?.append(row) }
        for id in keys.applications { new.applications[id] = .some(nil) }
        for row in try next(Application.self, keys.applicationQueries.count) {
            new.applications[row.id] = row
        }
        for id in keys.releases { new.releases[id] = .some(nil) }
        for row in try next(Release.self, keys.releaseQueries.count) {
            new.releases[row.id] = CataloguedRelease(row)
        }
        for id in keys.versions { new.versions[id] = try next(Release.self, 1).map(CataloguedRelease.init) }
        for id in keys.vetoes { new.vetoes[id] = .some(nil) }
        for row in try next(ProviderVeto.self, keys.vetoQueries.count) { new.vetoes[row.application] = row }
        for id in keys.tariffs { new.tariffs[id] = TariffBook(try next(Tariff.self, 1)) }
        return new
    }
}

extension CatalogueKeys {
    fileprivate var nameQueries: [Query] { PublishedAID.queries(names) }
    fileprivate var applicationQueries: [Query] { Application.queries(applications) }
    /// Perhaps also others of the same applications.
    fileprivate var releaseQueries: [Query] { Release.queries(Set(releases)) }
    fileprivate var vetoQueries: [Query] { ProviderVeto.queries(vetoes) }

    fileprivate var queries: [Query] {
        nameQueries + applicationQueries + releaseQueries
            + versions.map { Query(Release.table, key: [.word($0)]) } + vetoQueries
            + tariffs.map { Query(Tariff.table, key: [.word($0)]) }
    }
}

extension Release {
    /// What footprints are learned of.
    var parts: [Footprint.Part] {
        loadFiles.map { .loadFile(digest: $0.digest) } + instances.map { .instance(id, $0.aid) }
    }
}

extension Sequence where Element: Hashable {
    /// Each once, in the order of the first.
    var uniqued: [Element] {
        var seen: Set<Element> = []
        return filter { seen.insert($0).inserted }
    }
}
