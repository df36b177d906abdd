internal import GlobalPlatform
internal import SmartCard

/// Reads the counted fields of INSTALL one by one (GPCS 2.3.1 §11.5.2.3); every misfit is 6A80.
struct FieldReader {
    private var rest: ArraySlice<UInt8>
    private let start: Int

    init(_ data: [UInt8]) {
        rest = data[...]
        start = rest.startIndex
    }

    /// How many bytes were read so far: what a token covers.
    var offset: Int { rest.startIndex - start }

    /// A field with one byte of length.
    mutating func short() throws(Refusal) -> [UInt8] {
        guard let count = rest.popFirst() else { throw .incorrectData }
        return try take(Int(count))
    }

    /// A field with a BER length; 128 may also stand as `80`.
    mutating func long() throws(Refusal) -> [UInt8] {
        guard let first = rest.first else { throw .incorrectData }
        if first == 0x80 {
            rest.removeFirst()
            return try take(128)
        }
        guard let count = try? BERTLV.readLength(&rest) else { throw .incorrectData }
        return try take(count)
    }

    mutating func aid() throws(Refusal) -> AID {
        guard let aid = try optionalAID() else { throw .incorrectData }
        return aid
    }

    mutating func optionalAID() throws(Refusal) -> AID? {
        let bytes = try short()
        if bytes.isEmpty { return nil }
        guard let aid = try? AID(bytes) else { throw .incorrectData }
        return aid
    }

    mutating func empty() throws(Refusal) {
        guard try short().isEmpty else { throw .incorrectData }
    }

    func end() throws(Refusal) {
        guard rest.isEmpty else { throw .incorrectData }
    }

    private mutating func take(_ count: Int) throws(Refusal) -> [UInt8] {
        guard count <= rest.count else { throw .incorrectData }
        defer { rest = rest.dropFirst(count) }
        return Array(rest.prefix(count))
    }
}

/// The parameters field of any INSTALL (GPCS 2.3.1 §11.5.2.3.7), with what this card heeds.
struct InstallParameterFields {
    private let objects: [BERTLV]
    private let system: [BERTLV]
    private let control: [BERTLV]

    init(_ field: [UInt8]) throws(Refusal) {
        do throws(TLVError) {
            objects = try BERTLV.readAll(field)
            system = try objects.first(.systemParameters)?.children() ?? []
            control = try objects.first(0xB6)?.children() ?? []
        } catch {
            throw .incorrectData
        }
    }

    /// `C9`: what the application is given.
    var application: [UInt8]? { objects.first(.applicationParameters).map { Array($0.value) } }
    /// `5F20`: the application provider.
    var provider: [UInt8] { control.first(0x5F20).map { Array($0.value) } ?? [] }
    /// `93`: which token this is.
    var tokenIdentifier: [UInt8] { control.first(0x93).map { Array($0.value) } ?? [] }
    /// `CB`, two bytes for each service; `nil` when it is not there.
    func globalServices() throws(Refusal) -> [UInt8]? {
        guard let services = system.first(0xCB)?.value else { return nil }
        guard !services.isEmpty, services.count.isMultiple(of: 2) else { throw .incorrectData }
        return Array(services)
    }
    /// `D9`: functions to disable.
    func restriction() throws(Refusal) -> UInt8? { try byte(0xD9) }

    /// `CF`, any number of times.
    func implicitSelection() throws(Refusal) -> [UInt8] {
        var selection: [UInt8] = []
        for object in system where object.tag == .implicitSelection {
            guard object.value.count == 1, let byte = object.value.first else { throw .incorrectData }
            selection.append(byte)
        }
        return selection
    }

    /// `C6`, `C7`, `C8`, `D7`, `D8`: bytes of memory.
    func amount(_ tag: BERTag) throws(Refusal) -> Int? {
        guard let object = system.first(tag) else { return nil }
        guard let amount = MemoryAmount.decode(object.value) else { throw .incorrectData }
        return amount
    }

    private func byte(_ tag: BERTag) throws(Refusal) -> UInt8? {
        guard let object = system.first(tag) else { return nil }
        guard object.value.count == 1 else { throw .incorrectData }
        return object.value.first
    }
}

extension CommandAPDU {
    /// What a token signs (GPCS 2.3.1 C.4): P1, P2, the length of what follows, and the fields before the
    /// token.
    func tokenMessage(fieldsUpTo offset: Int) -> [UInt8] {
        let count = offset <= 255 ? [UInt8(offset)] : [0x00] + UInt16(clamping: offset).bigEndianBytes
        return [p1, p2] + count + data.prefix(offset)
    }
}
