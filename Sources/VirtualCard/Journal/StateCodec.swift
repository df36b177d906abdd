internal import CardCrypto
internal import GlobalPlatform
internal import SmartCard

/// The bytes of one write in a card file. Lengths are 32 bits, all numbers big-endian.
struct StateEncoder {
    private(set) var bytes: [UInt8] = []

    mutating func put(_ number: some FixedWidthInteger) { bytes += number.bigEndianBytes }
    mutating func put(_ data: some Collection<UInt8>) {
        put(UInt32(data.count))
        bytes += data
    }
    mutating func put(_ aid: AID?) { put(aid?.bytes ?? []) }
    mutating func put(_ limit: UInt32?) {
        put(UInt8(limit == nil ? 0 : 1))
        put(limit ?? 0)
    }

    mutating func put(_ change: StateChange) {
        switch change {
        case .card(let data):
            put(UInt8(1))
            put(data.lifeCycle.rawValue)
            put(data.productionLifeCycle)
            put(data.diversificationData)
            put(data.restrictions)
            put(data.nextSerial)
        case .application(let entry):
            put(UInt8(2))
            put(entry)
        case .removeApplication(let aid):
            put(UInt8(3))
            put(aid)
        case .loadFile(let entry):
            put(UInt8(4))
            put(entry)
        case .removeLoadFile(let aid):
            put(UInt8(5))
            put(aid)
        case .domain(let aid, let data):
            put(UInt8(6))
            put(aid)
            put(data)
        case .removeDomain(let aid):
            put(UInt8(7))
            put(aid)
        case .object(let aid, let object):
            put(UInt8(8))
            put(aid)
            put(object)
        case .removeObject(let aid, let number, let isTransient):
            put(UInt8(9))
            put(aid)
            put(number)
            put(UInt8(isTransient ? 1 : 0))
        case .upgrade(let record):
            put(UInt8(10))
            put(UInt8(record == nil ? 0 : 1))
            if let record { put(record) }
        }
    }

    private mutating func put(_ record: UpgradeRecord) {
        put(record.state.rawValue)
        put(record.loadFile)
        put(record.version)
        put(record.domain)
        put(UInt32(record.saved.count))
        for saved in record.saved {
            put(saved.entry)
            put(saved.element)
        }
    }

    private mutating func put(_ entry: ApplicationEntry) {
        put(entry.serial)
        put(entry.aid)
        put(entry.loadFile)
        put(entry.module)
        put(entry.lifeCycle.rawValue)
        put(entry.privileges.rawValue)
        put(entry.domain)
        put(entry.implicitSelection)
        put(entry.globalServices)
        put(entry.provider)
        put(entry.limits.nonVolatileReserved)
        put(entry.limits.volatileReserved)
        put(entry.limits.nonVolatileQuota)
        put(entry.limits.volatileQuota)
    }

    private mutating func put(_ entry: LoadFileEntry) {
        put(entry.serial)
        put(entry.aid)
        put(entry.major)
        put(entry.minor)
        put(entry.domain)
        put(UInt32(entry.modules.count))
        for module in entry.modules { put(module) }
        put(UInt32(entry.imports.count))
        for item in entry.imports {
            put(item.aid)
            put(item.major)
            put(item.minor)
        }
        put(UInt8(entry.code == nil ? 0 : 1))
        put(entry.code?.bytes ?? [])
    }

    private mutating func put(_ data: DomainData) {
        put(data.confirmationCounter)
        put(data.restrictions)
        put(data.channelProtocols.flatMap { [$0.version.rawValue, $0.options] })
        put(UInt32(data.objects.count))
        for object in data.objects {
            put(object.tag.rawValue)
            put(object.value)
        }
        put(UInt32(data.keySets.count))
        for set in data.keySets { put(set) }
    }

    private mutating func put(_ set: CardKeySet) {
        put(set.version)
        put(set.channelProtocol.map { [$0.version.rawValue, $0.options] } ?? [])
        put(set.sequenceCounter)
        put(set.failedAuthentications)
        put(UInt32(set.keys.count))
        for key in set.keys {
            put(key.identifier)
            put(key.usage.map { [$0] } ?? [])
            put(key.access.map { [$0] } ?? [])
            put(UInt32(key.components.count))
            for component in key.components {
                put(component.type.rawValue)
                component.value.withBytes { put(Array($0)) }
            }
        }
    }

    private mutating func put(_ object: InstanceMemory.Object) {
        put(object.number)
        switch object.contents {
        case .persistent(let bytes):
            put(UInt8(0))
            put(bytes)
        case .transient(let byteCount, let clearing):
            put(clearing.rawValue)
            put(UInt32(byteCount))
        }
    }
}

/// Reads what `StateEncoder` wrote; damage that the checksum let through still ends in an error, never in a
/// crash.
struct StateDecoder {
    private var rest: ArraySlice<UInt8>
    private let library: LoadFileLibrary
    /// A count beyond this is damage: no card holds so much of anything.
    private static let countMax = 65_536

    init(_ bytes: ArraySlice<UInt8>, library: LoadFileLibrary) {
        rest = bytes
        self.library = library
    }

    mutating func change() throws(CardFileError) -> StateChange {
        let change = try body()
        guard rest.isEmpty else { throw .damaged }
        return change
    }

    private mutating func body() throws(CardFileError) -> StateChange {
        switch try byte() {
        case 1:
            guard let lifeCycle = CardLifeCycle(rawValue: try byte()) else { throw .damaged }
            return .card(
                CardWideData(
                    lifeCycle: lifeCycle, productionLifeCycle: try data(), diversificationData: try data(),
                    restrictions: try byte(), nextSerial: try word()))
        case 2: return .application(try application())
        case 3: return .removeApplication(try aid())
        case 4: return .loadFile(try loadFile())
        case 5: return .removeLoadFile(try aid())
        case 6: return .domain(try aid(), try domain())
        case 7: return .removeDomain(try aid())
        case 8: return .object(try aid(), try object())
        case 9: return .removeObject(try aid(), try half(), isTransient: try byte() == 1)
        case 10: return .upgrade(try byte() == 1 ? try upgrade() : nil)
        default: throw .damaged
        }
    }

    private mutating func upgrade() throws(CardFileError) -> UpgradeRecord {
        guard let state = ELFUpgradeState(rawValue: try byte()) else { throw .damaged }
        var record = UpgradeRecord(
            state: state, loadFile: try aid(), version: try data(), domain: try aid())
        for _ in 0..<(try count()) {
            record.saved.append(UpgradeRecord.Saved(entry: try application(), element: try data()))
        }
        return record
    }

    private mutating func application() throws(CardFileError) -> ApplicationEntry {
        let serial = try word()
        var entry = ApplicationEntry(
            aid: try aid(), loadFile: try optionalAID(), module: try optionalAID(),
            lifeCycle: ApplicationLifeCycle(rawValue: try byte()),
            privileges: Privileges(rawValue: try word()), domain: try aid(), serial: serial)
        entry.implicitSelection = try data()
        entry.globalServices = try data()
        entry.provider = try data()
        entry.limits.nonVolatileReserved = try limit()
        entry.limits.volatileReserved = try limit()
        entry.limits.nonVolatileQuota = try limit()
        entry.limits.volatileQuota = try limit()
        return entry
    }

    private mutating func loadFile() throws(CardFileError) -> LoadFileEntry {
        let serial = try word()
        let name = try aid()
        let (major, minor) = (try byte(), try byte())
        let domain = try aid()
        var modules: [AID] = []
        for _ in 0..<(try count()) { modules.append(try aid()) }
        var imports: [LoadFileEntry.Import] = []
        for _ in 0..<(try count()) {
            imports.append(LoadFileEntry.Import(aid: try aid(), major: try byte(), minor: try byte()))
        }
        let hasCode = try byte() == 1
        let bytes = try data()
        let code = hasCode ? library.code(bytes) : nil
        // The lists that all cards share, when they are the same: they always are, unless the parser changed.
        if let package = code?.package, package.modules == modules, package.imports == imports {
            (modules, imports) = (package.modules, package.imports)
        }
        return LoadFileEntry(
            aid: name, major: major, minor: minor, modules: modules, imports: imports, domain: domain,
            code: code, serial: serial)
    }

    private mutating func domain() throws(CardFileError) -> DomainData {
        var domain = DomainData()
        domain.confirmationCounter = try half()
        domain.restrictions = try byte()
        let words = try data()
        for index in stride(from: 0, to: words.count - words.count % 2, by: 2) {
            guard let version = SecureChannelProtocol.Version(rawValue: words[index]) else { throw .damaged }
            domain.channelProtocols.append(SecureChannelProtocol(version, options: words[index + 1]))
        }
        for _ in 0..<(try count()) {
            domain.objects.append(DomainData.Object(tag: BERTag(try word()), value: try data()))
        }
        for _ in 0..<(try count()) { domain.keySets.append(try keySet()) }
        return domain
    }

    private mutating func keySet() throws(CardFileError) -> CardKeySet {
        let version = try byte()
        let words = try data()
        var channel: SecureChannelProtocol?
        if words.count == 2 {
            guard let name = SecureChannelProtocol.Version(rawValue: words[0]) else { throw .damaged }
            channel = SecureChannelProtocol(name, options: words[1])
        }
        var set = CardKeySet(
            version: version, keys: [], channelProtocol: channel, sequenceCounter: try word(),
            failedAuthentications: try byte())
        for _ in 0..<(try count()) {
            let (identifier, usage, access) = (try byte(), try data().first, try data().first)
            var components: [CardKey.Component] = []
            for _ in 0..<(try count()) {
                components.append(
                    CardKey.Component(type: KeyType(rawValue: try byte()), value: Secret(try data())))
            }
            set.keys.append(
                CardKey(identifier: identifier, components: components, usage: usage, access: access))
        }
        return set
    }

    private mutating func object() throws(CardFileError) -> InstanceMemory.Object {
        let number = try half()
        let kind = try byte()
        if kind == 0 { return InstanceMemory.Object(number: number, contents: .persistent(try data())) }
        guard let clearing = TransientClearing(rawValue: kind) else { throw .damaged }
        return InstanceMemory.Object(
            number: number, contents: .transient(byteCount: Int(try word()), clearing))
    }

    private mutating func byte() throws(CardFileError) -> UInt8 {
        guard let byte = rest.popFirst() else { throw .damaged }
        return byte
    }
    private mutating func half() throws(CardFileError) -> UInt16 { UInt16(bigEndianBytes: try take(2)) }
    private mutating func word() throws(CardFileError) -> UInt32 { UInt32(bigEndianBytes: try take(4)) }
    private mutating func data() throws(CardFileError) -> [UInt8] { Array(try take(Int(try word()))) }
    private mutating func count() throws(CardFileError) -> Int {
        let count = Int(try word())
        guard count <= Self.countMax else { throw .damaged }
        return count
    }
    private mutating func limit() throws(CardFileError) -> UInt32? {
        let isPresent = try byte() == 1
        let value = try word()
        return isPresent ? value : nil
    }
    private mutating func optionalAID() throws(CardFileError) -> AID? {
        let bytes = try data()
        return bytes.isEmpty ? nil : try aid(bytes)
    }
    private mutating func aid() throws(CardFileError) -> AID { try aid(try data()) }
    private func aid(_ bytes: [UInt8]) throws(CardFileError) -> AID {
        guard let aid = try? AID(bytes) else { throw .damaged }
        return aid
    }
    private mutating func take(_ count: Int) throws(CardFileError) -> ArraySlice<UInt8> {
        guard count <= rest.count else { throw .damaged }
        defer { rest = rest.dropFirst(count) }
        return rest.prefix(count)
    }
}
