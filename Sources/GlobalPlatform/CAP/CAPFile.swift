internal import SmartCard

/// A Java Card CAP file (JCVM 3.1 chapter 6), formats 2.1 to 2.3, compact and extended. A value that exists has
/// been checked: sizes, counts, flags, and every reference from one component into another.
package struct CAPFile: Sendable {
    package let header: CAPHeader
    package let directory: CAPDirectory
    package let imports: [CAPPackage]
    package let applets: [CAPApplet]
    package let classes: CAPClasses
    package let methods: CAPMethods
    package let staticFields: CAPStaticFields
    package let exports: CAPExports?
    package let constantPool: CAPConstantPool
    package let descriptor: CAPDescriptor?
    package let staticResources: CAPStaticResources?
    package let manifest: CAPManifest?
    private let components: CAPComponents

    /// Reads a ZIP archive, or the bare components one after the other (an IJC file).
    package init(_ bytes: [UInt8], limits: ZIPLimits = .capFile) throws(CAPError) {
        if bytes.starts(with: [0x50, 0x4B]) {
            let found = try CAPContainer(archive: bytes, limits: limits)
            try self.init(found)
        } else if let first = bytes.first, CAPComponentKind(tag: first).fileName?.isEmpty == false {
            try self.init(try CAPContainer(components: bytes, limits: limits))
        } else {
            throw .notCAP
        }
    }

    private init(_ container: CAPContainer) throws(CAPError) {
        var components = container.components
        header = container.header
        for kind in CAPComponentKind.required where components[kind] == nil { throw .missing(kind) }
        let directory = try CAPDirectory(try components.need(.directory), header: header)
        self.directory = directory
        // A custom component that the Directory does not announce is a tool's own data in an archive, and no card's
        // business; in a row that was made for loading it was put there for the card (omfgp's bundle has one).
        if container.isArchive {
            components.keepCustom { kind in directory.customComponents.contains { $0.tag == kind.tag } }
        }
        self.components = components
        imports = try CAPImports(try components.need(.import)).packages
        methods = try CAPMethods(try components.need(.method), isExtended: header.isExtended)
        staticFields = try CAPStaticFields(try components.need(.staticField))
        constantPool = try CAPConstantPool(try components.need(.constantPool))
        let (header, methods, importCount) = (header, methods, imports.count)
        let names = container.manifest?.appletNames ?? [:]
        applets =
            try components[.applet].map { component throws(CAPError) in
                try CAPApplets(component, methods: methods, isExtended: header.isExtended).applets
            }?.map { CAPApplet(aid: $0.aid, installMethod: $0.installMethod, name: names[$0.aid.bytes.hex]) }
            ?? []
        let classes = try CAPClasses(
            try components.need(.class), .init(header: header, importCount: importCount, methods: methods))
        self.classes = classes
        let imageBytes = staticFields.imageBytes
        exports = try components[.export].map { component throws(CAPError) in
            try CAPExports(
                component, header: header, classes: classes, methods: methods, imageBytes: imageBytes)
        }
        let context = CAPDescriptor.Context(
            header: header, importCount: importCount, classes: classes, methods: methods,
            imageBytes: imageBytes,
            constantCount: constantPool.count)
        descriptor = try components[.descriptor].map { component throws(CAPError) in
            try CAPDescriptor(component, context)
        }
        staticResources = try components[.staticResources].map { component throws(CAPError) in
            try CAPStaticResources(component)
        }
        manifest = container.manifest
        try check()
    }

    /// A component as it stands in the file.
    package func component(_ kind: CAPComponentKind) -> CAPComponent? { components[kind] }

    /// The AID and version that a card registers for the load file.
    package var loadFile: CAPPackage { header.loadFile }

    /// The package's dotted name: from the header, or else from the manifest.
    package var packageName: String? { loadFile.name ?? manifest?.packageName }

    /// What a card gets, in the order that it wants (JCVM 3.1 §6.3, GPC 2.3.1 §11.6.2.3).
    package func loadFileDataBlock(includesDescriptor: Bool = false) -> [UInt8] {
        let parts = loadedComponents(includesDescriptor: includesDescriptor)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(parts.reduce(0) { $0 + $1.bytes.count })
        for part in parts { bytes += part.bytes }
        return bytes
    }

    func loadedComponents(includesDescriptor: Bool) -> [CAPComponent] {
        let kinds = CAPComponentKind.loadOrder.filter { includesDescriptor || $0 != .descriptor }
        let custom = components.custom.sorted { $0.kind.tag < $1.kind.tag }
        return kinds.compactMap { components[$0] } + custom
    }
}

extension CAPFile {
    /// Holds the components to each other, where one alone cannot tell.
    private func check() throws(CAPError) {
        try checkSizes()
        try checkFlags()
        try checkCounts()
        try constantPool.check(
            importCount: imports.count, classBytes: classes.infoCount, imageBytes: staticFields.imageBytes,
            methods: methods)
        try methods.check(constantCount: constantPool.count)
        _ = try CAPReferences(
            try components.need(.referenceLocation), methods: methods, constantCount: constantPool.count,
            isExtended: header.isExtended)
    }

    private func checkSizes() throws(CAPError) {
        let custom = directory.customComponents.map { CAPComponentKind(tag: $0.tag) }
        for kind in (UInt8(1)...13).map(CAPComponentKind.init(tag:)) + custom {
            let declared = directory.size(of: kind)
            // Descriptor and Debug need not be in a file that is made for loading.
            guard let component = components[kind] else {
                if declared == 0 || kind == .descriptor || kind == .debug { continue }
                throw .missing(kind)
            }
            guard declared == component.infoCount else {
                throw disagreement(kind, declared: declared, actual: component.infoCount)
            }
        }
    }

    private func checkFlags() throws(CAPError) {
        for (flag, kind) in [(header.hasExport, CAPComponentKind.export), (header.hasApplet, .applet)]
        where flag != (components[kind] != nil) {
            throw .broken(.header, offset: 9, .flagMismatch(kind, isPresent: !flag))
        }
    }

    private func checkCounts() throws(CAPError) {
        let pairs: [(CAPComponentKind, Int, Int)] = [
            (.import, directory.importCount, imports.count),
            (.applet, directory.appletCount, applets.count),
            (.staticField, directory.staticImageBytes, staticFields.imageBytes),
            (.staticField, directory.staticArrayCount, staticFields.arrays.count),
            (.staticField, directory.staticArrayBytes, staticFields.arrayBytes),
            (.method, directory.methodBlockCount, methods.blocks.count),
        ]
        for (kind, declared, actual) in pairs where declared != actual {
            throw disagreement(kind, declared: declared, actual: actual)
        }
    }

    private func disagreement(_ kind: CAPComponentKind, declared: Int, actual: Int) -> CAPError {
        .broken(.directory, offset: 3, .directoryMismatch(kind, declared: declared, actual: actual))
    }
}

extension CAPFile {
    /// Reads bytes of any origin and forgets them: what a fuzzer calls. Everything that a reader of a CAP file
    /// touches is touched here, and only refusals of our own come out.
    package static func exercise(_ bytes: [UInt8]) {
        guard let file = try? CAPFile(bytes) else { return }
        let block = file.loadFileDataBlock(includesDescriptor: true)
        _ = LoadFile(dataBlock: block).blocks(size: 247).count
        _ = FootprintEstimate(file, on: .typical)
        for index in 0..<file.constantPool.count { _ = file.constantPool[index] }
    }
}
