internal import GlobalPlatform
internal import SmartCard

/// The lines of a profile, and readers that say what is wrong with a value.
struct ProfileFields {
    let text: String
    private let values: [String: [String]]
    /// Keys that may stand more than once.
    private static let lists: Set<String> = ["library", "package", "milliseconds"]
    private static let keys: Set<String> = [
        "name", "title", "atr", "issuer-domain", "life-cycle", "cplc", "iin", "cin",
        "key-version", "key-type", "key-value", "scp02", "scp03", "logical-channels", "extended-length",
        "legacy-status", "authentication-tries", "unresolved-import", "chain-secured-whole", "library",
        "package", "milliseconds", "non-volatile", "volatile", "block", "object-overhead", "instance-bytes",
        "domain-bytes", "code-percent", "quotas", "memory-report", "memory-report-percent",
        "memory-report-ceiling", "memory-exhausted", "quirk-select-without-name", "quirk-fci-aid",
        "elf-upgrade",
    ]

    init(parsing text: String) throws(ProfileError) {
        self.text = text
        var values: [String: [String]] = [:]
        var number = 0
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            number += 1
            let content = Self.trimmed(line.prefix { $0 != "#" })
            if content.isEmpty { continue }
            guard let equals = content.firstIndex(of: "=") else { throw .notKeyAndValue(line: number) }
            let key = Self.trimmed(content[..<equals])
            let value = Self.trimmed(content[content.index(after: equals)...])
            guard !key.isEmpty, !value.isEmpty else { throw .notKeyAndValue(line: number) }
            guard values[key] == nil || Self.lists.contains(key) else {
                throw .duplicate(key: key, line: number)
            }
            values[key, default: []].append(value)
        }
        self.values = values
    }

    func refuseUnknown() throws(ProfileError) {
        if let key = values.keys.sorted().first(where: { !Self.keys.contains($0) }) {
            throw .unknown(key: key)
        }
    }

    func text(_ key: String) throws(ProfileError) -> String {
        guard let value = values[key]?.first else { throw .missing(key) }
        return value
    }

    func bytes(_ key: String, count: Int? = nil) throws(ProfileError) -> [UInt8] {
        let value = try text(key)
        guard let bytes = try? Hex.decode(value), count == nil || bytes.count == count else {
            throw .malformed(key: key, value: value, wanted: count.map { "\($0) bytes of hex" } ?? "hex")
        }
        return bytes
    }

    func optionalBytes(_ key: String) throws(ProfileError) -> [UInt8]? {
        values[key] == nil ? nil : try bytes(key)
    }

    func optionalByte(_ key: String) throws(ProfileError) -> UInt8? {
        values[key] == nil ? nil : try bytes(key, count: 1)[0]
    }

    func aid(_ key: String) throws(ProfileError) -> AID { try Self.aid(try text(key), key: key) }

    func number(_ key: String, in range: ClosedRange<Int>) throws(ProfileError) -> Int {
        let value = try text(key)
        guard let number = Int(value), range.contains(number) else {
            throw .malformed(key: key, value: value, wanted: "a number in \(range)")
        }
        return number
    }

    func flag(_ key: String) throws(ProfileError) -> Bool {
        let value = try text(key)
        switch value {
        case "yes": return true
        case "no": return false
        default: throw .malformed(key: key, value: value, wanted: "yes or no")
        }
    }

    /// Left out, it is no.
    func optionalFlag(_ key: String) throws(ProfileError) -> Bool {
        values[key] == nil ? false : try flag(key)
    }

    func status(_ key: String) throws(ProfileError) -> StatusWord {
        StatusWord(UInt16(bigEndianBytes: try bytes(key, count: 2)))
    }

    func optionalStatus(_ key: String) throws(ProfileError) -> StatusWord? {
        values[key] == nil ? nil : try status(key)
    }

    func lifeCycle(_ key: String) throws(ProfileError) -> CardLifeCycle {
        let value = try text(key)
        guard let state = CardLifeCycle.allCases.first(where: { $0.name == value }) else {
            throw .malformed(
                key: key, value: value,
                wanted: CardLifeCycle.allCases.map(\.name).joined(separator: ", "))
        }
        return state
    }

    func factoryKeys() throws(ProfileError) -> CardProfile.FactoryKeys {
        let type = try text("key-type")
        guard let keyType = ["des": KeyType.des, "aes": .aes][type] else {
            throw .malformed(key: "key-type", value: type, wanted: "des or aes")
        }
        let value = try bytes("key-value")
        guard (keyType == .des ? [16] : [16, 24, 32]).contains(value.count) else {
            throw .malformed(key: "key-value", value: value.hex, wanted: "a key of that type")
        }
        return CardProfile.FactoryKeys(
            version: try bytes("key-version", count: 1)[0], type: keyType, value: value)
    }

    func memory() throws(ProfileError) -> CardProfile.Memory {
        CardProfile.Memory(
            nonVolatileBytes: try number("non-volatile", in: 1024...16_777_216),
            volatileBytes: try number("volatile", in: 128...1_048_576),
            blockBytes: try number("block", in: 1...4096),
            objectOverheadBytes: try number("object-overhead", in: 0...256),
            instanceBytes: try number("instance-bytes", in: 0...65_535),
            domainBytes: try number("domain-bytes", in: 0...65_535),
            codePercent: try number("code-percent", in: 1...1000),
            hasQuotas: try flag("quotas"), hasReport: try flag("memory-report"),
            reportPercent: try number("memory-report-percent", in: 1...1000),
            reportCeiling: try number("memory-report-ceiling", in: 0...Int(UInt32.max)),
            exhaustedStatus: try status("memory-exhausted"))
    }

    /// `library = AID major.minor`, `package = AID major.minor MODULE…`
    func romPackages() throws(ProfileError) -> [CardProfile.RomPackage] {
        var packages: [CardProfile.RomPackage] = []
        for key in ["package", "library"] {
            for value in values[key] ?? [] {
                let words = value.split(separator: " ").map(String.init)
                let version = words.count > 1 ? words[1].split(separator: ".").compactMap { UInt8($0) } : []
                guard version.count == 2, (words.count > 2) == (key == "package") else {
                    throw .malformed(key: key, value: value, wanted: "AID major.minor with modules")
                }
                var modules: [AID] = []
                for word in words.dropFirst(2) { modules.append(try Self.aid(word, key: key)) }
                packages.append(
                    CardProfile.RomPackage(
                        aid: try Self.aid(words[0], key: key), major: version[0], minor: version[1],
                        modules: modules))
            }
        }
        return packages
    }

    /// `milliseconds = command 5`, `milliseconds = kilobyte 3`, `milliseconds = E8 46`
    func timing() throws(ProfileError) -> CardProfile.Timing {
        var perCommand = 0.0
        var perKilobyte = 0.0
        var perInstruction: [UInt8: Double] = [:]
        for value in values["milliseconds"] ?? [] {
            let words = value.split(separator: " ")
            guard words.count == 2, let time = Double(words[1]), time >= 0, time <= 60_000 else {
                throw .malformed(key: "milliseconds", value: value, wanted: "a word and a time")
            }
            if words[0] == "command" {
                perCommand = time
            } else if words[0] == "kilobyte" {
                perKilobyte = time
            } else if let instruction = UInt8(words[0], radix: 16) {
                perInstruction[instruction] = time
            } else {
                throw .malformed(
                    key: "milliseconds", value: value, wanted: "command, kilobyte or an INS byte")
            }
        }
        return CardProfile.Timing(
            perCommand: perCommand, perKilobyte: perKilobyte, perInstruction: perInstruction)
    }

    private static func aid(_ text: String, key: String) throws(ProfileError) -> AID {
        guard let aid = try? AID(hex: text) else {
            throw .malformed(key: key, value: text, wanted: "an AID in hex")
        }
        return aid
    }

    private static func trimmed(_ text: Substring) -> String {
        let head = text.drop { $0.isWhitespace }
        guard let last = head.lastIndex(where: { !$0.isWhitespace }) else { return "" }
        return String(head[...last])
    }

    private static func trimmed(_ text: String) -> String { trimmed(text[...]) }
}
