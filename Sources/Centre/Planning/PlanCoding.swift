package import GlobalPlatform
package import SmartCard

// How the words of a plan look in JSON: names and numbers as people write them.

/// Bytes that JSON shows as hex text.
package struct HexBytes: Hashable, Sendable, Codable {
    package let bytes: [UInt8]

    package init(_ bytes: [UInt8]) { self.bytes = bytes }

    package init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        do { bytes = try Hex.decode(text) } catch { throw decoder.misfit("hex text") }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(bytes.hex)
    }
}

extension AID: Codable {
    package init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        do { try self.init(hex: text) } catch { throw decoder.misfit("an AID") }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

extension Privileges: Codable {}

extension Identifier: Codable {
    package init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        do { try self.init(text) } catch { throw decoder.misfit("a \(Kind.noun)") }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }
}

extension ReleaseID: Codable {
    package init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        guard let release = ReleaseID(text) else { throw decoder.misfit("a release") }
        self = release
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }

    /// Reads `purse@1.2`.
    package init?(_ text: String) {
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count == 2, let application = try? ApplicationID(String(parts[0])),
            let version = try? ReleaseVersion(String(parts[1]))
        else { return nil }
        self.init(application, version)
    }
}

extension Instant: Codable {
    package init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        guard let instant = Instant(text) else { throw decoder.misfit("a point in time") }
        self = instant
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

extension Room: Codable {
    private enum CodingKeys: CodingKey {
        case nonVolatile
        case volatile
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            nonVolatile: try container.decode(Int.self, forKey: .nonVolatile),
            volatile: try container.decode(Int.self, forKey: .volatile))
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(nonVolatile, forKey: .nonVolatile)
        try container.encode(volatile, forKey: .volatile)
    }
}

extension Decoder {
    fileprivate func misfit(_ wanted: String) -> DecodingError {
        .dataCorrupted(.init(codingPath: codingPath, debugDescription: "this is not \(wanted)"))
    }
}
