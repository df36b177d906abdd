internal import CardCrypto
internal import CardManagement
package import GlobalPlatform
package import SmartCard

/// A CAP file as the catalogue keeps it, and what a release can say about it.
package struct CAPImport: Hashable, Sendable {
    package let kept: KeptLoadFile
    package let blob: LoadFileBlob
    package let loadFile: Release.LoadFile
    package let modules: [Module]

    /// What can be instantiated, and how much room an instance is expected to take.
    package struct Module: Hashable, Sendable {
        package let aid: AID
        package let name: String?
        package let expected: Room
    }

    /// Reads and checks the whole file; the estimate is for cards like the model.
    package init(_ bytes: [UInt8], on model: FootprintModel = .typical) throws(CatalogueRefusal) {
        let file: CAPFile
        do { file = try CAPFile(bytes) } catch { throw .notCAP("\(error)") }
        let block = file.loadFileDataBlock()
        guard block.count <= Bounds.loadFileBytesMax else {
            throw .tooLong(what: "The load file", bytesMax: Bounds.loadFileBytesMax)
        }
        guard file.applets.count <= Bounds.modulesPerLoadFileMax else {
            throw .tooMany(what: "modules in a load file", max: Bounds.modulesPerLoadFileMax)
        }
        // Of what a card has in ROM only this decides anything: whether its data survive new code.
        let imports = file.imports.filter {
            !PlatformPackages.contains($0.aid) || $0.aid == WellKnownAID.upgradeInterface
        }.map {
            CAPPackage(aid: $0.aid, version: $0.version)
        }
        guard imports.count <= Bounds.importsPerLoadFileMax else {
            throw .tooMany(what: "imports of a load file", max: Bounds.importsPerLoadFileMax)
        }
        let estimate = FootprintEstimate(file, on: model)
        let package = CAPPackage(aid: file.loadFile.aid, version: file.loadFile.version)
        kept = KeptLoadFile(
            digest: Digest.sha256.hash(block), package: package, byteCount: block.count,
            modules: file.applets.map(\.aid), imports: imports)
        blob = LoadFileBlob(digest: kept.digest, dataBlock: block)
        loadFile = Release.LoadFile(
            aid: package.aid, digest: kept.digest, byteCount: block.count, imports: imports.map(\.aid),
            declared: Room(nonVolatile: estimate.code.expected))
        modules = estimate.instances.map {
            Module(
                aid: $0.applet.aid, name: $0.applet.name,
                expected: Room(nonVolatile: $0.nonVolatile.expected, volatile: $0.volatile.expected))
        }
    }
}
