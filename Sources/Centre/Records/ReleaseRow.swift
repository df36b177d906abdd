internal import GlobalPlatform
internal import SmartCard

extension Application: Record {
    package static let table = Table(
        "applications", key: [.text("id")],
        [.text("name"), .text("provider"), .text("service"), .text("stop_reason").optional])

    package var row: [StoredValue] {
        let (service, reason): (String, String?) =
            switch self.service {
            case .running: ("running", nil)
            case .stopped(let reason): ("stopped", reason)
            }
        return [.word(id), .text(name), .word(provider), .text(service), .optional(reason)]
    }

    package init(row: inout RowReader) throws(RowError) {
        id = try row.identifier()
        name = try row.text()
        provider = try row.identifier()
        switch (try row.text(), try row.optionalText()) {
        case ("running", nil): service = .running
        case ("stopped", let reason?): service = .stopped(reason: reason)
        default: throw row.failure("does not go with the service")
        }
    }
}

extension Release: Record {
    package static let table = Table(
        "releases", key: [.text("application"), .text("version")],
        [
            .text("life"), .integer("life_since").optional, .text("withdrawal_reason").optional,
            .bytes("load_files"), .bytes("instances"), .bytes("personalisation"), .text("parking"),
            .text("never_reason").optional, .text("profiles").optional, .integer("permits_snapshots"),
        ])

    package var row: [StoredValue] {
        let (life, since, reason): (String, Instant?, String?) =
            switch self.life {
            case .draft: ("draft", nil, nil)
            case .published(let at): ("published", at, nil)
            case .withdrawn(let at, let reason): ("withdrawn", at, reason)
            }
        let profiles: [ProfileName]? =
            switch compatibility {
            case .everyProfile: nil
            case .only(let profiles): profiles
            }
        return [
            .word(id.application), .word(id.version), .text(life), .instant(since), .optional(reason),
            .bytes(loadFiles.flatMap(\.encoded)), .bytes(instances.flatMap(\.encoded)),
            .bytes(personalisation.flatMap { BERTLV.encode(0x86, $0) }), .text(parking.word),
            .optional(parking.reason), .words(profiles), .bool(permitsSnapshots),
        ]
    }

    package init(row: inout RowReader) throws(RowError) {
        id = ReleaseID(try row.identifier(), try row.identifier())
        switch (try row.text(), try row.optionalInstant(), try row.optionalText()) {
        case ("draft", nil, nil): life = .draft
        case ("published", let at?, nil): life = .published(at: at)
        case ("withdrawn", let at?, let reason?): life = .withdrawn(at: at, reason: reason)
        default: throw row.failure("does not go with the life")
        }
        loadFiles = try row.objects(0xE0, LoadFile.init(object:))
        instances = try row.objects(0xE1, Instance.init(object:))
        personalisation = try row.objects(0x86) { Array($0.value) }
        guard let parking = Parking(word: try row.text(), reason: try row.optionalText()) else {
            throw row.failure("does not go with the way of parking")
        }
        self.parking = parking
        compatibility = try row.optionalIdentifiers().map(Compatibility.only) ?? .everyProfile
        permitsSnapshots = try row.bool()
    }
}

extension RowReader {
    /// A list in one column: one data object for each element, all of one tag.
    fileprivate mutating func objects<Element>(
        _ tag: BERTag, _ make: (BERTLV) throws -> Element?
    ) throws(RowError) -> [Element] {
        guard let objects = try? BERTLV.readAll(try bytes()), objects.allSatisfy({ $0.tag == tag }) else {
            throw failure("is not a list")
        }
        let elements = objects.compactMap { (try? make($0)) ?? nil }
        guard elements.count == objects.count else { throw failure("has an element that is none") }
        return elements
    }
}

extension Release.Parking {
    /// As in columns and documents: `contract`, `stateless`, `re-personalised`, `never`.
    package var word: String {
        switch self {
        case .contract: "contract"
        case .stateless: "stateless"
        case .rePersonalised: "re-personalised"
        case .never: "never"
        }
    }

    package var reason: String? {
        switch self {
        case .contract, .stateless, .rePersonalised: nil
        case .never(let reason): reason
        }
    }

    /// `nil` for a word that is none, and for a reason where none belongs.
    package init?(word: String, reason: String? = nil) {
        switch (word, reason) {
        case ("contract", nil): self = .contract
        case ("stateless", nil): self = .stateless
        case ("re-personalised", nil): self = .rePersonalised
        case ("never", let reason?): self = .never(reason: reason)
        default: return nil
        }
    }
}

// Tags of our own columns: 4F AID, 50 module, 51 load file, 80 digest, 81 size, 82 and 83 non-volatile and volatile
// bytes, 84 privileges, 85 parameters, A1 imports.
extension Release.LoadFile {
    fileprivate var encoded: [UInt8] {
        var value = BERTLV.encode(0x4F, aid.bytes) + BERTLV.encode(0x80, digest)
        value += BERTLV.encode(0x81, Int64(byteCount).bigEndianBytes) + declared.encoded
        value += BERTLV.encode(0xA1, AID.encodeList(imports))
        return BERTLV.encode(0xE0, value)
    }

    fileprivate init?(object: BERTLV) throws {
        let parts = try object.children()
        guard let imports = AID.decodeList(try parts.value(0xA1)) else { return nil }
        self.init(
            aid: try AID(try parts.value(0x4F)), digest: Array(try parts.value(0x80)),
            byteCount: try parts.number(0x81), imports: imports, declared: try Room(parts))
    }
}

extension Release.Instance {
    fileprivate var encoded: [UInt8] {
        var value = BERTLV.encode(0x4F, aid.bytes) + BERTLV.encode(0x50, module.bytes)
        value += BERTLV.encode(0x51, loadFile.bytes) + BERTLV.encode(0x84, privileges.bytes)
        value += BERTLV.encode(0x85, parameters) + declared.encoded
        return BERTLV.encode(0xE1, value)
    }

    fileprivate init?(object: BERTLV) throws {
        let parts = try object.children()
        guard let privileges = Privileges(bytes: try parts.value(0x84)) else { return nil }
        self.init(
            aid: try AID(try parts.value(0x4F)), module: try AID(try parts.value(0x50)),
            loadFile: try AID(try parts.value(0x51)), privileges: privileges,
            parameters: Array(try parts.value(0x85)), declared: try Room(parts))
    }
}

extension Room {
    fileprivate var encoded: [UInt8] {
        BERTLV.encode(0x82, Int64(nonVolatile).bigEndianBytes)
            + BERTLV.encode(0x83, Int64(volatile).bigEndianBytes)
    }

    fileprivate init(_ parts: [BERTLV]) throws {
        self.init(nonVolatile: try parts.number(0x82), volatile: try parts.number(0x83))
    }
}

extension [BERTLV] {
    fileprivate func number(_ tag: BERTag) throws -> Int {
        let value = try value(tag)
        guard value.count == 8 else { throw TLVError.truncated(at: value.count) }
        return Int(Int64(bigEndianBytes: value))
    }
}
