internal import SmartCard

/// The data objects that GET DATA reads and STORE DATA writes, and what SELECT answers.
enum DataObjects {
    /// The tag in P1 and P2.
    static func tag(_ command: CommandAPDU) -> BERTag {
        BERTag(UInt32(command.p1) << 8 | UInt32(command.p2))
    }

    static func text(_ tag: BERTag) -> String { field(tag).map { "\(tag) (\($0.name))" } ?? "\(tag)" }

    /// What GET DATA asks for.
    static func text(of command: CommandAPDU) -> String {
        field(for: command).map { "\(tag(command)) (\($0.name))" } ?? "\(tag(command))"
    }

    /// The object as the card's management means it; `nil` where an application may mean anything else.
    static func field(for command: CommandAPDU) -> TraceField? {
        let isOwn = CommandClass(command.cla).family == .globalPlatform
        return isOwn || !ambiguous.contains(tag(command)) ? field(tag(command)) : nil
    }

    private static let ambiguous: Set<BERTag> = [
        .sequenceCounter, .confirmationCounter, .aid, 0xCF, 0xD3, 0x61, 0x5F50,
    ]

    static func field(_ tag: BERTag) -> TraceField? { fields.first { $0.tag == tag } }

    /// GPCS 2.3.1 §11.3.3.1 and §11.11.2.3; ISO/IEC 7816-6.
    static let fields: [TraceField] = [
        TraceField(.issuerIdentificationNumber, "issuer identification number", .hex),
        TraceField(.cardImageNumber, "card image number", .hex),
        TraceField(.aid, "AID", .aid),
        TraceField(0x5F50, "address of the domain's manager", .size),
        TraceField(.cardRecognitionTemplate, "card data", .template([recognition])),
        TraceField(.cardCapabilityInformation, "card capability information", .template(capabilities)),
        TraceField(
            .keyInformationTemplate, "key information",
            .template([.init(.keyInformation, "key", .words { keyInformation($0) })])),
        TraceField(.sequenceCounter, "sequence counter", .number),
        TraceField(.confirmationCounter, "confirmation counter", .number),
        TraceField(0xD3, "security level", .words { level($0) }),
        TraceField(0xCF, "key diversification data", .hex),
        TraceField(.cardProductionLifeCycle, "card production life cycle", .hex),
        TraceField(
            .extendedCardResources, "memory",
            .template([
                .init(0x81, "applications", .number), .init(0x82, "free non-volatile memory", .byteCount),
                .init(0x83, "free volatile memory", .byteCount),
            ])),
        TraceField(
            .applicationList, "list of applications",
            .template([.init(0x61, "application", .template(listed))])),
        TraceField(0x61, "application", .template(listed)),
    ]

    private static let listed = [
        TraceField(.aid, "AID", .aid), TraceField(0x50, "label", .size),
        TraceField(.associatedSecurityDomain, "domain", .aid),
    ]

    /// GPCS 2.3.1 table H-1.
    static let recognition = TraceField(
        .cardRecognitionData, "card recognition data",
        .template([
            .init(0x06, "kind", .identifier), branch(0x60, "specification"),
            branch(0x63, "identification"), branch(0x64, "secure channel"),
            branch(0x65, "configuration"), branch(0x66, "chip"), branch(0x67, "issuer's trust point"),
            branch(0x68, "issuer's certificate"),
        ]))

    private static func branch(_ tag: BERTag, _ name: String) -> TraceField {
        TraceField(
            tag, name,
            .words { value in
                guard let object = try? BERTLV.readAll(value).first, object.tag == 0x06 else { return nil }
                return TraceWords.objectIdentifier(object.value)
            })
    }

    private static func level(_ value: ArraySlice<UInt8>) -> String? {
        guard value.count == 1, let byte = value.first else { return nil }
        return TraceWords.level(SecurityLevel(rawValue: byte))
    }

    private static func keyInformation(_ value: ArraySlice<UInt8>) -> String? {
        if value.isEmpty { return "none" }
        guard let key = try? KeyTemplate.read(BERTLV.encode(.keyInformation, value)).first else { return nil }
        let parts = key.components.map { "\($0.type.name) of \(TraceText.bytes($0.byteCount))" }
        return
            "version \(key.version.hex), identifier \(key.identifier.hex), \(parts.joined(separator: " with "))"
    }
}

extension DataObjects {
    /// GPCS 2.3.1 tables H-5 to H-10.
    private static let capabilities = [
        TraceField(
            0xA0, "secure channel",
            .template([
                .init(0x80, "protocol", .words { value in value.first.map { "SCP\($0.hex)" } }),
                .init(0x81, "options", .each([:])),
                .init(0x82, "keys", .flags(["AES-128", "AES-192", "AES-256"])),
                .init(0x83, "TLS cipher suites", .hex),
                .init(0x84, "longest pre-shared key", .byteCount),
            ])),
        TraceField(0x81, "privileges of a domain", .privileges),
        TraceField(0x82, "privileges of an application", .privileges),
        TraceField(
            0x83, "hashes of load files",
            .each([0x01: "SHA-1", 0x02: "SHA-256", 0x03: "SHA-384", 0x04: "SHA-512"])),
        TraceField(
            0x84, "ciphers of load files",
            .flags(["3DES", "AES-128", "AES-192", "AES-256", "b5", "b6", "b7", "ICV"])),
        TraceField(0x85, "tokens", .flags(signatures)),
        TraceField(0x86, "receipts", .flags(signatures)),
        TraceField(0x87, "DAP", .flags(signatures)),
        TraceField(0x88, "elliptic curves", .hex),
    ]

    private static let signatures = [
        "RSA-1024 SHA-1", "RSA PSS SHA-256", "3DES", "AES-128", "AES-192", "AES-256", "EC 256", "EC 384",
        "EC 512", "EC 521",
    ]

    /// GPCS 2.3.1 table 11-82, and the file control parameters of ISO/IEC 7816-4:2013 table 10.
    static let selected = [
        TraceField(.fileControlInformation, "file control information", .template(control)),
        TraceField(0x62, "file control parameters", .template(control)),
        TraceField(0x64, "file management data", .size),
    ]

    private static let control = [
        TraceField(.dedicatedFileName, "name", .aid),
        TraceField(
            .proprietaryData, "proprietary data",
            .template([
                recognition, .init(0x9F6E, "production life cycle data", .hex),
                .init(0x9F65, "longest command data", .byteCount),
            ])),
        TraceField(0x80, "size", .byteCount), TraceField(0x81, "size with overhead", .byteCount),
        TraceField(0x82, "descriptor", .hex), TraceField(0x83, "file", .hex),
        TraceField(0x88, "short file", .hex), TraceField(0x8A, "life cycle", .hex),
        TraceField(0x8B, "security attributes", .size), TraceField(0x8C, "security attributes", .size),
        TraceField(0xAB, "security attributes", .size), TraceField(0xC6, "PIN status", .size),
        TraceField(0x50, "label", .size),
    ]

    /// GPCS 2.3.1 tables 11-36 and 11-37, for entries that cannot be read as a whole.
    static let registryEntry = [
        TraceField(.aid, "AID", .aid), TraceField(.lifeCycle, "life cycle", .hex),
        TraceField(.privileges, "privileges", .privileges),
        TraceField(.executableLoadFile, "load file", .aid),
        TraceField(.executableModule, "module", .aid), TraceField(.loadFileVersion, "version", .hex),
        TraceField(.associatedSecurityDomain, "domain", .aid),
        TraceField(.implicitSelection, "selected without being named", .implicitSelection),
    ]
}
