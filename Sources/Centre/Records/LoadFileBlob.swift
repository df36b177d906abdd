package import GlobalPlatform
package import SmartCard

/// A load file of the catalogue, as it describes itself.
package struct KeptLoadFile: Hashable, Sendable {
    /// SHA-256 of the load file data block.
    package var digest: [UInt8]
    /// As a card registers it, with its version.
    package var package: CAPPackage
    package var byteCount: Int
    package var modules: [AID]
    /// What it links to, beside what every card has.
    package var imports: [CAPPackage]

    package init(
        digest: [UInt8], package: CAPPackage, byteCount: Int, modules: [AID], imports: [CAPPackage]
    ) {
        self.digest = digest
        self.package = package
        self.byteCount = byteCount
        self.modules = modules
        self.imports = imports
    }
}

/// The bytes of a load file, kept once however many releases use it; apart, because few who look need them.
package struct LoadFileBlob: Hashable, Sendable {
    package var digest: [UInt8]
    package var dataBlock: [UInt8]

    package init(digest: [UInt8], dataBlock: [UInt8]) {
        self.digest = digest
        self.dataBlock = dataBlock
    }
}

extension KeptLoadFile: Record {
    package static let table = Table(
        "load_files", key: [.bytes("digest")],
        [.bytes("package"), .integer("byte_count"), .bytes("modules"), .bytes("imports")])

    package var row: [StoredValue] {
        [
            .bytes(digest), .bytes(package.encoded), .count(byteCount), .bytes(AID.encodeList(modules)),
            .bytes(imports.flatMap(\.encoded)),
        ]
    }

    package init(row: inout RowReader) throws(RowError) {
        digest = try row.bytes()
        guard let package = CAPPackage.decodeList(try row.bytes()), package.count == 1 else {
            throw row.failure("is not a package")
        }
        self.package = package[0]
        byteCount = try row.count()
        modules = try row.aids()
        guard let imports = CAPPackage.decodeList(try row.bytes()) else {
            throw row.failure("is not a list of packages")
        }
        self.imports = imports
    }
}

extension LoadFileBlob: Record {
    package static let table = Table("load_file_blobs", key: [.bytes("digest")], [.bytes("data_block")])

    package var row: [StoredValue] { [.bytes(digest), .bytes(dataBlock)] }

    package init(row: inout RowReader) throws(RowError) {
        digest = try row.bytes()
        dataBlock = try row.bytes()
    }
}

/// That a provider gave the bytes of a load file: its releases may name it, and others' only when they gave it too.
package struct BroughtLoadFile: Hashable, Sendable {
    package var digest: [UInt8]
    package var provider: ProviderID
    package var since: Instant

    package init(digest: [UInt8], provider: ProviderID, since: Instant) {
        self.digest = digest
        self.provider = provider
        self.since = since
    }
}

extension BroughtLoadFile: Record {
    package static let table = Table(
        "brought_load_files", key: [.bytes("digest"), .text("provider")], [.integer("since")])

    package var row: [StoredValue] { [.bytes(digest), .word(provider), .instant(since)] }

    package init(row: inout RowReader) throws(RowError) {
        digest = try row.bytes()
        provider = try row.identifier()
        since = try row.instant()
    }
}

// A package in a column: tag 80 with major, minor, and the AID.
extension CAPPackage {
    fileprivate var encoded: [UInt8] {
        BERTLV.encode(0x80, [version.major, version.minor] + aid.bytes)
    }

    fileprivate static func decodeList(_ bytes: [UInt8]) -> [CAPPackage]? {
        guard let objects = try? BERTLV.readAll(bytes), objects.allSatisfy({ $0.tag == 0x80 }) else {
            return nil
        }
        let packages = objects.compactMap { object -> CAPPackage? in
            let value = Array(object.value)
            guard value.count > 2, let aid = try? AID(value[2...]) else { return nil }
            return CAPPackage(aid: aid, version: CAPVersion(value[0], value[1]))
        }
        return packages.count == objects.count ? packages : nil
    }
}

/// Which published release an AID belongs to: an AID on a card must tell what it is.
package struct PublishedAID: Hashable, Sendable {
    package enum Role: String, Sendable {
        /// Of the application that published it first: its next release may have another.
        case loadFile = "load-file"
        /// Another application's, byte for byte.
        case sharedLoadFile = "shared-load-file"
        case instance
    }
    package var aid: AID
    package var release: ReleaseID
    package var role: Role
    /// Of the load file data block; `nil` for an instance.
    package var digest: [UInt8]?

    package init(aid: AID, release: ReleaseID, role: Role, digest: [UInt8]? = nil) {
        self.aid = aid
        self.release = release
        self.role = role
        self.digest = digest
    }
}

extension PublishedAID: Record {
    package static let table = Table(
        "published_aids", key: [.bytes("aid"), .text("application"), .text("version"), .text("role")],
        [.bytes("digest").optional])

    package var row: [StoredValue] {
        [
            .aid(aid), .word(release.application), .word(release.version), .text(role.rawValue),
            .optional(digest),
        ]
    }

    package init(row: inout RowReader) throws(RowError) {
        aid = try row.aid()
        release = ReleaseID(try row.identifier(), try row.identifier())
        role = try row.word(Role.init(rawValue:))
        digest = try row.optionalBytes()
    }
}
