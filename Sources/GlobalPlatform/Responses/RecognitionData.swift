package import SmartCard

/// Card recognition data (GPCS 2.3.1 §H.2): what the card says it is and which secure channels it speaks.
package struct RecognitionData: Hashable, Sendable {
    /// The version of the specification the card names, for example `2.3.1`.
    package var version: String?
    package var secureChannels: [SecureChannelProtocol]
    package var cardConfiguration: [UInt8]?
    package var chipDetails: [UInt8]?

    /// Reads the value of tag `73`, or an answer in which it stands inside `66`.
    package init(_ answer: [UInt8]) throws(TLVError) {
        var objects = try BERTLV.readAll(answer)
        for wrapper in [BERTag.cardRecognitionTemplate, .cardRecognitionData] {
            if let inner = objects.first(wrapper) { objects = try inner.children() }
        }
        version = try Self.oid(in: objects.first(0x60)).flatMap(Self.version)
        secureChannels = []
        for object in objects where object.tag == 0x64 {
            for child in try object.children() where child.tag == 0x06 {
                if let channel = Self.secureChannel(oid: child.value) { secureChannels.append(channel) }
            }
        }
        cardConfiguration = objects.first(0x65).map { Array($0.value) }
        chipDetails = objects.first(0x66).map { Array($0.value) }
    }

    /// {iso(1) member-body(2) country-USA(840) globalPlatform(114283)} in BER.
    private static let globalPlatform: [UInt8] = [0x2A, 0x86, 0x48, 0x86, 0xFC, 0x6B]

    private static func oid(in object: BERTLV?) throws(TLVError) -> ArraySlice<UInt8>? {
        try object?.children().first(0x06)?.value
    }

    private static func version(oid: ArraySlice<UInt8>) -> String? {
        guard oid.starts(with: globalPlatform + [0x02]) else { return nil }
        return oid.dropFirst(globalPlatform.count + 1).map(String.init).joined(separator: ".")
    }

    private static func secureChannel(oid: ArraySlice<UInt8>) -> SecureChannelProtocol? {
        guard oid.starts(with: globalPlatform + [0x04]) else { return nil }
        let rest = Array(oid.dropFirst(globalPlatform.count + 1))
        guard let first = rest.first, let version = SecureChannelProtocol.Version(rawValue: first) else {
            return nil
        }
        // Options of 0x80 and above are arcs of two bytes in a correct OID; some cards write them as one.
        let options = rest.dropFirst().reduce(0) { $0 << 7 | Int($1 & 0x7F) }
        return SecureChannelProtocol(version, options: UInt8(truncatingIfNeeded: options))
    }
}

/// Card capability information (GPCS 2.3.1 §H.4, tag `67`).
package struct CardCapabilityInformation: Hashable, Sendable {
    package struct Channel: Hashable, Sendable {
        package var version: SecureChannelProtocol.Version?
        package var rawVersion: UInt8
        package var options: [UInt8]
        /// Bits b1 to b3: AES-128, AES-192, AES-256 (table H-7).
        package var keySizes: UInt8?
    }

    package var secureChannels: [Channel]
    package var domainPrivileges: Privileges?
    package var applicationPrivileges: Privileges?
    /// `01` SHA-1, `02` SHA-256, `03` SHA-384, `04` SHA-512.
    package var loadFileHashes: [UInt8]
    package var loadFileCiphers: [UInt8]
    package var tokenSuites: [UInt8]
    package var receiptSuites: [UInt8]
    package var dapSuites: [UInt8]

    /// Reads the answer to GET DATA `67`, which some cards put into a second `67`. Cards that answer something else,
    /// such as their recognition data, tell nothing of their capabilities.
    package init(_ answer: [UInt8]) throws(TLVError) {
        var objects = try BERTLV.readAll(answer)
        for isOuter in [true, false] {
            guard let inner = objects.first(.cardCapabilityInformation) else {
                if isOuter { throw .missing(.cardCapabilityInformation) }
                break
            }
            objects = try inner.children()
        }
        secureChannels = []
        for object in objects where object.tag == 0xA0 {
            let children = try object.children()
            let type = try children.value(0x80).first ?? 0
            secureChannels.append(
                Channel(
                    version: .init(rawValue: type), rawVersion: type,
                    options: Array(children.first(0x81)?.value ?? []),
                    keySizes: children.first(0x82)?.value.first))
        }
        domainPrivileges = objects.first(0x81).flatMap { Privileges(bytes: $0.value) }
        applicationPrivileges = objects.first(0x82).flatMap { Privileges(bytes: $0.value) }
        func bytes(_ tag: BERTag) -> [UInt8] { Array(objects.first(tag)?.value ?? []) }
        loadFileHashes = bytes(0x83)
        loadFileCiphers = bytes(0x84)
        tokenSuites = bytes(0x85)
        receiptSuites = bytes(0x86)
        dapSuites = bytes(0x87)
    }
}
