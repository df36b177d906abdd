internal import SmartCard
internal import Synchronization

/// What the catalogue says, as a node remembers it from one transaction to the next: every plan and every visit asks
/// for it, and it hardly ever changes.
///
/// One rule keeps it true on however many nodes: whatever changes the catalogue is noted in the chain of the registers,
/// so what was read under one head of that chain stays true under it. Whoever remembers reads the head in the same
/// transaction; what was read under another one is forgotten. A transaction that changes the catalogue neither
/// remembers nor is remembered.
package final class CatalogueMemory: Sendable {
    /// Of all kinds together; with one more it begins anew.
    package static let entriesMax = 4_096

    /// Of code; with more it begins anew.
    package static let codeBytesMax = 16 << 20

    private static let tables: Set = [
        Application.table.name, Release.table.name, PublishedAID.table.name, ProviderVeto.table.name,
        Tariff.table.name, LoadFileBlob.table.name,
    ]

    private struct State {
        var head: AuditHead?
        var entries = CatalogueEntries()
    }

    private let state = Mutex(State())

    package init() {}

    /// Whether rows of the table are remembered.
    package static func covers(_ table: Table) -> Bool { tables.contains(table.name) }

    /// After a change that this node made itself, noted or not.
    package func forget() { state.withLock { $0 = State() } }

    func entries(under head: AuditHead) -> CatalogueEntries {
        state.withLock { state in
            if state.head != head { state = State(head: head) }
            return state.entries
        }
    }

    func keep(_ entries: CatalogueEntries, under head: AuditHead) {
        state.withLock { state in
            guard state.head == head else { return }
            if state.entries.count + entries.count > Self.entriesMax { state.entries = .init() }
            guard entries.count <= Self.entriesMax else { return }
            state.entries.merge(entries)
        }
    }

    func keep(_ blob: LoadFileBlob, under head: AuditHead) {
        state.withLock { state in
            guard state.head == head, blob.dataBlock.count <= Self.codeBytesMax else { return }
            if state.entries.codeBytes + blob.dataBlock.count > Self.codeBytesMax { state.entries.code = [:] }
            state.entries.code[blob.digest] = blob.dataBlock
        }
    }
}

/// Rows of the catalogue by what they are asked for; also that there is none.
struct CatalogueEntries: Sendable {
    var names: [AID: [PublishedAID]] = [:]
    var applications: [ApplicationID: Application?] = [:]
    var releases: [ReleaseID: CataloguedRelease?] = [:]
    /// All of an application.
    var versions: [ApplicationID: [CataloguedRelease]] = [:]
    var vetoes: [ApplicationID: ProviderVeto?] = [:]
    var tariffs: [ProviderID: TariffBook] = [:]
    /// What releases need that other releases bring.
    var libraries: [ReleaseID: NeededLibraries] = [:]
    /// Load file data blocks by their digests; never that there is none, since an import is not noted.
    var code: [[UInt8]: [UInt8]] = [:]

    var codeBytes: Int { code.values.reduce(0) { $0 + $1.count } }
    var count: Int {
        names.count + applications.count + releases.count + vetoes.count + tariffs.count
            + libraries.count + versions.values.reduce(0) { $0 + 1 + $1.count }
    }

    mutating func merge(_ other: CatalogueEntries) {
        names.merge(other.names) { $1 }
        applications.merge(other.applications) { $1 }
        releases.merge(other.releases) { $1 }
        versions.merge(other.versions) { $1 }
        vetoes.merge(other.vetoes) { $1 }
        tariffs.merge(other.tariffs) { $1 }
        libraries.merge(other.libraries) { $1 }
    }
}

/// A release, and what sizes are learned of in it.
struct CataloguedRelease: Sendable {
    let release: Release
    let parts: [Footprint.Part]
    /// As in the key of their rows.
    let partNames: [String]

    init(_ release: Release) {
        self.release = release
        parts = release.parts
        partNames = parts.map(\.text)
    }
}
