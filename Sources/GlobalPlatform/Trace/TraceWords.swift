internal import SmartCard

/// Values of the specification in words.
enum TraceWords {
    static func privileges(_ privileges: Privileges) -> String {
        privileges.names.isEmpty ? "no privileges" : privileges.names.joined(separator: ", ")
    }

    /// The level of a session (GPCS 2.3.1 table 10-1).
    static func level(_ level: SecurityLevel) -> String {
        let names: [(SecurityLevel, String)] = [
            (.commandMAC, "command MAC"), (.commandEncryption, "command encryption"),
            (.responseMAC, "response MAC"), (.responseEncryption, "response encryption"),
        ]
        let set = names.filter { level.contains($0.0) }.map(\.1)
        return set.isEmpty ? "no protection" : set.joined(separator: ", ")
    }

    /// GPCS 2.3.1 table 11-15.
    static func implicitSelection(_ value: UInt8) -> String {
        let ways = [(0x80, "contactless"), (0x40, "contact")].filter { value & UInt8($0.0) != 0 }.map(\.1)
        if ways.isEmpty { return "only by name" }
        return "\(ways.joined(separator: " and ")), channel \(value & 0x1F)"
    }

    /// A list of tags without lengths; a few that do not end well are shown as bytes.
    static func tagList(_ value: ArraySlice<UInt8>) -> String {
        if value.elementsEqual([0x00]) || value.isEmpty { return "everything" }
        var rest = value.prefix(TraceText.hexBytesMax)
        var tags: [String] = []
        while !rest.isEmpty {
            guard let tag = try? BERTLV.readTag(&rest) else { return TraceText.hex(value) }
            tags.append("\(tag)")
        }
        return tags.joined(separator: ", ")
    }

    /// The life cycle byte of an application, a domain, a load file or the card.
    static func lifeCycle(_ value: UInt8, of scope: RegistryScope, isSecurityDomain: Bool) -> String {
        switch scope {
        case .issuerDomain: CardLifeCycle(rawValue: value)?.name ?? "unknown (0x\(value.hex))"
        case .applications: ApplicationLifeCycle(rawValue: value).name(isSecurityDomain: isSecurityDomain)
        case .loadFiles, .loadFilesAndModules:
            LoadFileLifeCycle(rawValue: value) == nil ? "unknown (0x\(value.hex))" : "LOADED"
        }
    }
}

// MARK: - Object identifiers

extension TraceWords {
    /// {iso(1) member-body(2) country-USA(840) globalPlatform(114283)} in BER (GPCS 2.3.1 §H.1).
    private static let globalPlatform: [UInt8] = [0x2A, 0x86, 0x48, 0x86, 0xFC, 0x6B]
    /// {iso(1) org(3) dod(6) internet(1) private(4) enterprise(1) sun(42) products(2) javacard(110)} in BER.
    private static let javaCard: [UInt8] = [0x2B, 0x06, 0x01, 0x04, 0x01, 0x2A, 0x02, 0x6E]

    static func objectIdentifier(_ value: ArraySlice<UInt8>) -> String? {
        guard let arcs = arcs(value) else { return nil }
        let dotted = arcs.map { "\($0)" }.joined(separator: ".")
        if value.starts(with: globalPlatform) {
            return globalPlatformWords(Array(value.dropFirst(globalPlatform.count))) ?? dotted
        }
        return value.starts(with: javaCard) ? "Java Card (\(dotted))" : dotted
    }

    /// GPCS 2.3.1 table H-1 and its notes.
    private static func globalPlatformWords(_ rest: [UInt8]) -> String? {
        guard let kind = rest.first else { return nil }
        let values = rest.dropFirst()
        switch kind {
        case 0x01: return "GlobalPlatform card"
        case 0x02: return "GlobalPlatform \(values.map { "\($0)" }.joined(separator: "."))"
        case 0x03: return "identified by issuer and card image number"
        case 0x04:
            guard let version = values.first else { return nil }
            return secureChannel(version, options: values.dropFirst())
        case 0x05: return "GlobalPlatform configuration \(values.map { "\($0)" }.joined(separator: "."))"
        case 0x06: return "GlobalPlatform chip details \(values.map { "\($0)" }.joined(separator: "."))"
        default: return nil
        }
    }

    /// A secure channel protocol; options of 0x80 and above are arcs of two bytes, which some cards write as one.
    static func secureChannel(_ version: UInt8, options: some Collection<UInt8>) -> String {
        let value = options.prefix(4).reduce(0) { $0 << 7 | Int($1 & 0x7F) }
        let digits = (value > 0xFF ? UInt16(truncatingIfNeeded: value).hex : UInt8(value).hex)
        return secureChannel(version, digits: digits, value: value)
    }

    static func secureChannel(_ version: UInt8, option: UInt8) -> String {
        secureChannel(version, digits: option.hex, value: Int(option))
    }

    private static func secureChannel(_ version: UInt8, digits: String, value: Int) -> String {
        let names = (optionNames[version] ?? []).filter { value & $0.bits == $0.bits }.map(\.name)
        let words = names.isEmpty ? "" : " (\(names.joined(separator: ", ")))"
        return "SCP\(version.hex) i=\(digits)\(words)"
    }

    /// GPCS 2.3.1 table E-1; SCP03 table 5-1.
    private static let optionNames: [UInt8: [(bits: Int, name: String)]] = [
        0x02: [
            (0x01, "three keys"), (0x02, "MAC of the unmodified command"), (0x10, "encrypted ICV"),
            (0x20, "response MAC"),
            (0x40, "pseudo-random card challenge"),
        ],
        0x03: [
            (0x01, "S16"), (0x10, "pseudo-random card challenge"), (0x20, "response MAC"),
            (0x60, "response encryption"),
        ],
    ]

    /// No identifier on a card has more bytes.
    private static let identifierBytesMax = 32

    private static func arcs(_ value: ArraySlice<UInt8>) -> [UInt64]? {
        guard let last = value.last, last & 0x80 == 0, value.count <= identifierBytesMax else { return nil }
        var numbers: [UInt64] = []
        var number: UInt64 = 0
        for byte in value {
            guard number < 1 << 56 else { return nil }
            number = number << 7 | UInt64(byte & 0x7F)
            if byte & 0x80 == 0 {
                numbers.append(number)
                number = 0
            }
        }
        // The first two arcs share a number: 40 times the first, and the second.
        let first = min(numbers[0] / 40, 2)
        return [first, numbers[0] - 40 * first] + numbers.dropFirst()
    }
}
