internal import CardCrypto
internal import GlobalPlatform
internal import SmartCard

/// The holder's record: user number, name, number of issues, authentication data. The record is written by the centre
/// and never parked: a renewal writes it anew.
struct Identity: ParkableApplication {
    private static let userNumber: BERTag = 0xDF01
    private static let issueCount: BERTag = 0xDF02
    private static let pinTag: BERTag = 0xDF03
    private static let keyTag: BERTag = 0xDF04
    private static let name: BERTag = 0x5F20
    private static let record: BERTag = 0x65

    private static let recordObject: ObjectNumber = 1
    private static let keyObject: ObjectNumber = 3
    private static let userNumberMax = 16
    private static let nameBytesMax = 40
    private static let keyBytes = 16

    private let pin = HolderPIN(object: 2, reference: 0x81)

    let imageFormat: UInt32 = 0x4944_0001
    let stateObjects = [
        StateObject(number: recordObject, byteCount: 4 + userNumberMax + nameBytesMax),
        StateObject(number: 2, byteCount: HolderPIN.byteCount),
        StateObject(number: keyObject, byteCount: 1 + keyBytes),
    ]

    /// The readable part; `nil` fields have not been written yet.
    private struct Record {
        var userNumber: [UInt8]
        var name: [UInt8]
        var issueCount: UInt16

        init(_ bytes: [UInt8]) {
            var reader = RecordReader(bytes)
            let (numberCount, nameCount): (UInt8, UInt8) = (reader.number(), reader.number())
            issueCount = reader.number()
            userNumber = Array(reader.bytes(Identity.userNumberMax).prefix(Int(numberCount)))
            name = Array(reader.bytes(Identity.nameBytesMax).prefix(Int(nameCount)))
        }

        var bytes: [UInt8] {
            let header = [UInt8(userNumber.count), UInt8(name.count)] + issueCount.bigEndianBytes
            return header + userNumber.padded(to: Identity.userNumberMax)
                + name.padded(to: Identity.nameBytesMax)
        }
    }

    func install(_ parameters: [BERTLV], in context: ApplicationContext) throws(Refusal) {
        try pin.install(in: context)
    }

    func objection(in context: ApplicationContext) throws(Refusal) -> ParkingVerdict? {
        ParkingVerdict(.never, "The holder's record stays; a renewal writes it anew.")
    }

    func accepts(_ image: [UInt8]) -> Bool { false }

    // MARK: Personalisation

    func personalize(_ objects: [BERTLV], in context: ApplicationContext) throws(Refusal) {
        guard objects.count == 1, let template = objects.first, template.tag == Self.record,
            let fields = try? template.children(), !fields.isEmpty
        else { throw .incorrectData }
        var record = Record(context.read(Self.recordObject) ?? [])
        for field in fields {
            let value = Array(field.value)
            switch field.tag {
            case Self.userNumber:
                guard (1...Self.userNumberMax).contains(value.count), value.allSatisfy(\.isDigit) else {
                    throw .incorrectData
                }
                record.userNumber = value
            case Self.name:
                guard (1...Self.nameBytesMax).contains(value.count), value.isUTF8 else {
                    throw .incorrectData
                }
                record.name = value
            case Self.issueCount:
                guard value.count == 2 else { throw .incorrectData }
                record.issueCount = UInt16(bigEndianBytes: value)
            case Self.pinTag: try pin.set(value, in: context)
            case Self.keyTag:
                guard value.count == Self.keyBytes else { throw .incorrectData }
                try context.write([1] + value, to: Self.keyObject)
            default: throw .referencedDataNotFound
            }
        }
        try context.write(record.bytes, to: Self.recordObject)
    }

    // MARK: Commands

    func process(
        _ cla: UInt8, _ command: CommandAPDU, in context: ApplicationContext
    ) throws(Refusal) -> ResponseAPDU {
        guard cla == 0x00 else { throw .classNotSupported }
        if let answer = try pin.process(command, in: context) { return answer }
        switch command.ins {
        case 0xCA: return ResponseAPDU(data: try data(command, in: context))
        case 0x88: return ResponseAPDU(data: try authenticate(command, in: context))
        default: throw .instructionNotSupported
        }
    }

    private func data(_ command: CommandAPDU, in context: ApplicationContext) throws(Refusal) -> [UInt8] {
        guard command.data.isEmpty else { throw .wrongLength }
        let tag = BERTag(UInt32(command.p1) << 8 | UInt32(command.p2))
        let record = Record(context.read(Self.recordObject) ?? [])
        let number = BERTLV.encode(Self.userNumber, record.userNumber)
        let name = BERTLV.encode(Self.name, record.name)
        let count = BERTLV.encode(Self.issueCount, record.issueCount.bigEndianBytes)
        switch tag {
        // Never, to nobody.
        case Self.pinTag, Self.keyTag: throw .securityStatusNotSatisfied
        case Self.record, Self.userNumber, Self.name, Self.issueCount: break
        default: throw .referencedDataNotFound
        }
        guard !record.userNumber.isEmpty, !record.name.isEmpty else { throw .referencedDataNotFound }
        switch tag {
        case Self.userNumber: return number
        case Self.name: return name
        case Self.issueCount: return count
        default: return BERTLV.encode(Self.record, number + name + count)
        }
    }

    /// INTERNAL AUTHENTICATE (ISO/IEC 7816-4 §7.5.2): shows that the issued card and its holder are there.
    private func authenticate(
        _ command: CommandAPDU, in context: ApplicationContext
    ) throws(Refusal) -> [UInt8] {
        guard command.p1 == 0, command.p2 == 0 else { throw .incorrectParameters }
        guard (8...32).contains(command.data.count) else { throw .wrongLength }
        guard pin.isVerified(in: context) else { throw .securityStatusNotSatisfied }
        guard let key = context.read(Self.keyObject), key[0] == 1,
            let mac = try? CMAC(aes: Secret(key[1...]))
        else { throw .referencedDataNotFound }
        return mac.mac(command.data)
    }
}

extension [UInt8] {
    func padded(to count: Int) -> [UInt8] {
        self + [UInt8](repeating: 0, count: Swift.max(0, count - self.count))
    }

    fileprivate var isUTF8: Bool { String(validating: self, as: UTF8.self) != nil }
}

extension UInt8 {
    fileprivate var isDigit: Bool { (0x30...0x39).contains(self) }
}
