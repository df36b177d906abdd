internal import SmartCard

/// What is said of one APDU: a headline of several parts, and indented lines below it; both are bounded.
struct TraceText {
    /// More lines than this say that there are more, and how many.
    static let detailsMax = 120
    static let lineCharactersMax = 400

    private var title: String
    private var facts: [String] = []
    private var details: [String] = []
    private var omittedCount = 0

    init(_ title: String) { self.title = title }

    mutating func rename(_ title: String) { self.title = title }

    /// Adds a part to the headline.
    mutating func say(_ fact: String) { facts.append(fact) }

    /// Adds a line below the headline.
    mutating func add(_ line: String, depth: Int = 0) {
        guard details.count < Self.detailsMax else { return omittedCount += 1 }
        details.append(Self.bounded(String(repeating: "  ", count: depth) + line))
    }

    var headline: String {
        Self.bounded(facts.isEmpty ? title : "\(title): \(facts.joined(separator: ", "))")
    }

    var lines: [String] {
        [headline] + details + (omittedCount > 0 ? ["… and \(omittedCount) more"] : [])
    }

    private static func bounded(_ line: String) -> String {
        guard line.count > lineCharactersMax else { return line }
        return line.prefix(lineCharactersMax) + "…"
    }
}

// MARK: - Small words

extension TraceText {
    /// Identifiers, challenges and counters are short; what is longer is cut.
    static let hexBytesMax = 48

    static func bytes(_ count: Int) -> String { count == 1 ? "1 byte" : "\(count) bytes" }

    static func hex(_ value: some Collection<UInt8>) -> String {
        if value.isEmpty { return "empty" }
        guard value.count > hexBytesMax else { return value.hex }
        return "\(value.prefix(hexBytesMax).hex)… (\(bytes(value.count)))"
    }

    /// Says where the bytes stop making sense; the offset counts from the start of the data.
    static func malformed(_ error: TLVError) -> String {
        switch error {
        case .truncated(let offset): "malformed: cut off at byte \(offset)"
        case .tagTooLong(let offset): "malformed: a tag too long at byte \(offset)"
        case .lengthTooLong(let offset): "malformed: a length too long at byte \(offset)"
        case .indefiniteLength(let offset): "malformed: a length without a number at byte \(offset)"
        case .missing(let tag): "malformed: \(tag) is missing"
        }
    }

    static func malformed(_ error: RegistryError) -> String {
        switch error {
        case .tlv(let error): malformed(error)
        case .unexpectedTag(let tag): "malformed: \(tag) where an entry should begin"
        case .aid(.wrongLength(let count)): "malformed: an AID of \(bytes(count))"
        case .aid(.notHex): "malformed: an AID that is none"
        case .lifeCycle(let count): "malformed: a life cycle of \(bytes(count))"
        case .privileges(let count): "malformed: privileges of \(bytes(count))"
        case .truncated(let offset): "malformed: cut off at byte \(offset)"
        }
    }
}

// MARK: - Data objects by table

/// How one data object is shown: its contents only where a table says that they may be.
struct TraceField: Sendable {
    enum Kind: Sendable {
        /// By its size, whatever it holds.
        case size
        case template([TraceField])
        /// In words; `nil` where the value has a size that the specification does not allow.
        case words(@Sendable (ArraySlice<UInt8>) -> String?)
    }

    let tag: BERTag
    let name: String
    let kind: Kind

    init(_ tag: BERTag, _ name: String, _ kind: Kind) {
        self.tag = tag
        self.name = name
        self.kind = kind
    }
}

extension TraceText {
    /// No specification nests deeper.
    static let depthMax = 8

    /// Adds a line for each data object, in their order; tags that the table does not have are shown by size.
    mutating func add(objects: ArraySlice<UInt8>, fields: [TraceField], depth: Int = 0) {
        var rest = objects
        while !rest.isEmpty {
            do {
                let object = try BERTLV.read(&rest)
                add(object, field: fields.first { $0.tag == object.tag }, depth: depth)
            } catch {
                return add(Self.malformed(error), depth: depth)
            }
        }
    }

    mutating func add(_ object: BERTLV, field: TraceField?, depth: Int) {
        let size = Self.bytes(object.value.count)
        guard let field else { return add("tag \(object.tag): \(size)", depth: depth) }
        switch field.kind {
        case .size: add("\(field.name): \(size)", depth: depth)
        case .template(let inner):
            guard depth < Self.depthMax else { return add("\(field.name): \(size)", depth: depth) }
            add("\(field.name):", depth: depth)
            add(objects: object.value, fields: inner, depth: depth + 1)
        case .words(let words):
            add("\(field.name): \(words(object.value) ?? "malformed: \(size)")", depth: depth)
        }
    }
}

extension TraceField.Kind {
    static let hex = words { TraceText.hex($0) }
    static let aid = words { KnownAIDs.text($0) }
    static let memory = words { value in MemoryAmount.decode(value).map(TraceText.bytes) }
    static let number = words { value in
        (1...4).contains(value.count) ? "\(Int(bigEndianBytes: value))" : nil
    }
    static let byteCount = words { value in
        (1...4).contains(value.count) ? TraceText.bytes(Int(bigEndianBytes: value)) : nil
    }
    static let privileges = words { value in Privileges(bytes: value).map(TraceWords.privileges) }
    static let identifier = words { TraceWords.objectIdentifier($0) }
    static let implicitSelection = words { value in value.first.map(TraceWords.implicitSelection) }
    static let tagList = words { TraceWords.tagList($0) }

    /// Each set bit by its name, b1 of the first byte first.
    static func flags(_ names: [String]) -> Self {
        words { value in
            let set = names.enumerated().filter { index, _ in
                let byte = value.dropFirst(index / 8).first ?? 0
                return byte >> UInt8(index % 8) & 1 == 1
            }
            return set.isEmpty ? "none" : set.map(\.element).joined(separator: ", ")
        }
    }

    /// Each byte by its name.
    static func each(_ names: [UInt8: String]) -> Self {
        words { value in
            value.prefix(TraceText.hexBytesMax).map { names[$0] ?? $0.hex }.joined(separator: ", ")
        }
    }
}
