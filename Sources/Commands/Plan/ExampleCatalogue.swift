internal import CardCrypto
internal import Centre
internal import GlobalPlatform
internal import SmartCard
internal import VirtualCard

/// The example applications as a catalogue.
enum ExampleCatalogue {
    static let version = "1.0"

    static var applications: [ApplicationID: Application] {
        var result: [ApplicationID: Application] = [:]
        for example in ExampleApplication.allCases where !example.isLibrary {
            guard let id = id(example), let provider = try? ProviderID("berth-examples") else { continue }
            result[id] = Application(id: id, name: example.rawValue, provider: provider)
        }
        return result
    }

    static var releases: [ReleaseID: Release] {
        var result: [ReleaseID: Release] = [:]
        for example in ExampleApplication.allCases where !example.isLibrary {
            guard let release = release(example) else { continue }
            result[release.id] = release
        }
        return result
    }

    static func id(_ example: ExampleApplication) -> ApplicationID? { try? ApplicationID(example.rawValue) }

    private static func release(_ example: ExampleApplication) -> Release? {
        guard let id = id(example), let version = try? ReleaseVersion(version) else { return nil }
        let parking: Release.Parking =
            example == .identity ? .never(reason: "renewal writes it anew") : .contract
        return Release(
            id: ReleaseID(id, version), life: .published(at: Instant(milliseconds: 0)),
            loadFiles: (example.dependencies + [example]).compactMap(loadFile),
            instances: [
                .init(
                    aid: example.module, module: example.module, loadFile: example.loadFile,
                    declared: Room(nonVolatile: dataBytes(example)))
            ], parking: parking)
    }

    static func loadFile(_ example: ExampleApplication) -> Release.LoadFile? {
        guard let file = try? CAPFile(example.capFile) else { return nil }
        let block = file.loadFileDataBlock()
        return .init(
            aid: example.loadFile, digest: Digest.sha256.hash(block), byteCount: block.count,
            imports: example.dependencies.map(\.loadFile), declared: Room(nonVolatile: block.count))
    }

    /// What an instance keeps beside its entry in the registry, rounded up: `ExampleSizeTests` holds them.
    static func dataBytes(_ example: ExampleApplication) -> Int {
        switch example {
        case .identity, .purse, .pass, .loyalty, .loans: 256
        case .library: 0
        }
    }
}
