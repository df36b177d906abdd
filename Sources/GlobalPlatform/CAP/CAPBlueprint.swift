package import SmartCard

/// What a CAP file of the project's own is made from. Its applets do as much as a card can check: they install,
/// register, and answer every command but SELECT with 6D00.
package struct CAPBlueprint: Hashable, Sendable {
    package var format: CAPVersion
    package var aid: AID
    package var version: CAPVersion
    /// Dotted, lower case; it becomes the folder inside the archive.
    package var packageName: String
    package var applets: [Applet]
    /// Public static methods of the package's one public class that others can link to; tokens count from 0.
    package var libraryMethods: Int
    /// Beside javacard.framework and java.lang, which the writer adds.
    package var imports: [CAPPackage]
    /// The Method component grows by filler methods to at least this many bytes of content.
    package var codeBytes: Int
    /// Static fields with values from the start.
    package var staticBytes: [UInt8]

    package struct Applet: Hashable, Sendable {
        package var aid: AID
        package var name: String
        /// Fields of two bytes each.
        package var shortFields: UInt8

        package init(aid: AID, name: String, shortFields: UInt8 = 0) {
            self.aid = aid
            self.name = name
            self.shortFields = shortFields
        }
    }

    package init(
        format: CAPVersion = CAPVersion(2, 1), aid: AID, version: CAPVersion, packageName: String,
        applets: [Applet] = [], libraryMethods: Int = 0, imports: [CAPPackage] = [], codeBytes: Int = 0,
        staticBytes: [UInt8] = []
    ) {
        self.format = format
        self.aid = aid
        self.version = version
        self.packageName = packageName
        self.applets = applets
        self.libraryMethods = libraryMethods
        self.imports = imports
        self.codeBytes = codeBytes
        self.staticBytes = staticBytes
    }
}

/// Why no CAP file can be made of a blueprint.
package enum CAPBlueprintError: Error, Hashable {
    case unsupportedFormat(CAPVersion)
    case packageName(String)
    /// The applets' provider (RID) must be that of the package.
    case foreignProvider(AID)
    case duplicateAID(AID)
    case nothingInside
    /// A package of applets exports only shareable interfaces, so a library is a package of its own.
    case appletsAndLibrary
    case tooManyApplets(Int)
    case tooManyMethods(Int)
    case tooManyImports(Int)
    case componentTooLarge(CAPComponentKind, bytes: Int)
    case archive(ZIPError)
    /// The writer made something that the reader refuses: an error of ours.
    case unreadable(CAPError)
}

extension CAPBlueprint {
    /// The CAP file, as a ZIP archive; the same blueprint gives the same bytes.
    package func build() throws(CAPBlueprintError) -> [UInt8] {
        let parts = try components()
        let folder = packageName.split(separator: ".").joined(separator: "/") + "/javacard/"
        var files = [(path: "META-INF/MANIFEST.MF", bytes: Array(manifestText.utf8))]
        for part in parts { files.append((folder + part.kind.description + ".cap", part.bytes)) }
        let archive: [UInt8]
        do { archive = try ZIPWriter.archive(files) } catch { throw .archive(error) }
        do { _ = try CAPFile(archive) } catch { throw .unreadable(error) }
        return archive
    }

    /// Header, Directory and the rest in load order, the Descriptor last.
    func components() throws(CAPBlueprintError) -> [CAPComponent] {
        try check()
        return try CAPWriter(self).components()
    }

    private func check() throws(CAPBlueprintError) {
        guard (1...3).contains(format.minor), format.major == 2 else { throw .unsupportedFormat(format) }
        let names = packageName.split(separator: ".", omittingEmptySubsequences: false)
        let isPlain = names.allSatisfy { name in
            !name.isEmpty && name.utf8.allSatisfy { (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) }
        }
        guard isPlain, packageName.utf8.count <= 255 else { throw .packageName(packageName) }
        guard !applets.isEmpty || libraryMethods > 0 else { throw .nothingInside }
        guard applets.isEmpty || libraryMethods == 0 else { throw .appletsAndLibrary }
        guard applets.count <= 32 else { throw .tooManyApplets(applets.count) }
        guard libraryMethods <= 200 else { throw .tooManyMethods(libraryMethods) }
        guard imports.count <= 100 else { throw .tooManyImports(imports.count) }
        for (index, applet) in applets.enumerated() {
            guard applet.aid.rid == aid.rid else { throw .foreignProvider(applet.aid) }
            guard !applets[..<index].contains(where: { $0.aid == applet.aid }) else {
                throw .duplicateAID(applet.aid)
            }
        }
    }

    private var manifestText: String {
        var lines = [
            "Manifest-Version: 1.0", "Created-By: Berth", "",
            "Name: " + packageName.split(separator: ".").joined(separator: "/"),
            "Java-Card-Converter-Provider: Berth", "Java-Card-CAP-File-Version: \(format)",
            "Java-Card-Package-Version: \(version)", "Java-Card-Package-Name: \(packageName)",
            "Java-Card-Package-AID: \(colons(aid))",
        ]
        for (number, applet) in applets.enumerated() {
            lines.append("Java-Card-Applet-\(number + 1)-Name: \(applet.name)")
            lines.append("Java-Card-Applet-\(number + 1)-AID: \(colons(applet.aid))")
        }
        for (number, package) in CAPWriter.imports(of: self).enumerated() {
            lines.append("Java-Card-Imported-Package-\(number + 1)-AID: \(colons(package.aid))")
            lines.append("Java-Card-Imported-Package-\(number + 1)-Version: \(package.version)")
        }
        lines.append("Java-Card-Integer-Support-Required: FALSE")
        // A line of a manifest has at most 72 bytes; the rest goes on after a space (JAR file specification).
        return lines.map { Self.folded($0) + "\r\n" }.joined() + "\r\n"
    }

    private static func folded(_ line: String) -> String {
        guard line.utf8.count > 70 else { return line }
        return String(line.prefix(70)) + "\r\n " + folded(String(line.dropFirst(70)))
    }

    private func colons(_ aid: AID) -> String { aid.bytes.map { "0x" + $0.hex }.joined(separator: ":") }
}
