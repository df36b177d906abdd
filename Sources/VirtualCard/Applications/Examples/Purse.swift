internal import GlobalPlatform
internal import SmartCard

/// Stored value. A balance, its counter and the last transaction change together or not at all, so that a terminal that
/// lost the answer can ask what happened.
struct Purse: ParkableApplication {
    private static let recordObject: ObjectNumber = 1
    private static let template: BERTag = 0xE1

    private let pin = HolderPIN(object: 2, reference: 0x82)

    let imageFormat: UInt32 = 0x5055_0001
    let stateObjects = [
        StateObject(number: recordObject, byteCount: Record.byteCount),
        StateObject(number: 2, byteCount: HolderPIN.byteCount),
    ]

    private enum Kind: UInt8 {
        case none = 0
        case credit = 1
        case debit = 2
    }

    private struct Record {
        static let byteCount = 30

        var isPersonalized: UInt8
        var currency: UInt16
        var balance: UInt32
        var counter: UInt32
        var balanceMax: UInt32
        var debitMax: UInt32
        /// Up to here no PIN is asked for.
        var freeDebitMax: UInt32
        /// Whether anybody may credit: for demonstrations.
        var isOpen: UInt8
        var lastKind: UInt8
        var lastAmount: UInt32
        var reserved: UInt8 = 0

        init(_ bytes: [UInt8]) {
            var reader = RecordReader(bytes)
            isPersonalized = reader.number()
            currency = reader.number()
            balance = reader.number()
            counter = reader.number()
            balanceMax = reader.number()
            debitMax = reader.number()
            freeDebitMax = reader.number()
            isOpen = reader.number()
            lastKind = reader.number()
            lastAmount = reader.number()
            reserved = reader.number()
        }

        var bytes: [UInt8] {
            var bytes = [isPersonalized] + currency.bigEndianBytes
            for number in [balance, counter, balanceMax, debitMax, freeDebitMax] {
                bytes += number.bigEndianBytes
            }
            return bytes + [isOpen, lastKind] + lastAmount.bigEndianBytes + [reserved]
        }

        var isValid: Bool {
            isPersonalized <= 1 && isOpen <= 1 && Kind(rawValue: lastKind) != nil && balance <= balanceMax
                && reserved == 0
        }
    }

    func install(_ parameters: [BERTLV], in context: ApplicationContext) throws(Refusal) {
        try pin.install(in: context)
    }

    func objection(in context: ApplicationContext) throws(Refusal) -> ParkingVerdict? {
        record(in: context).isPersonalized == 1
            ? nil : ParkingVerdict(.nothingToPark, "The purse was never personalised.")
    }

    func accepts(_ image: [UInt8]) -> Bool {
        image.count == imageBytesMax && Record(image).isValid && image[0] == 1
            && HolderPIN.accepts(image[Record.byteCount...])
    }

    // MARK: Personalisation

    /// All fields at once; the balance stays what it is, so a second personalisation changes only the limits.
    func personalize(_ objects: [BERTLV], in context: ApplicationContext) throws(Refusal) {
        guard objects.count == 1, let template = objects.first, template.tag == Self.template,
            let fields = try? template.children()
        else { throw .incorrectData }
        var record = record(in: context)
        record.currency = UInt16(try Self.number(0xC1, 2, fields))
        record.balanceMax = try Self.number(0xC2, 4, fields)
        record.debitMax = try Self.number(0xC3, 4, fields)
        record.freeDebitMax = try Self.number(0xC4, 4, fields)
        record.isOpen = UInt8(try Self.number(0xC6, 1, fields))
        record.isPersonalized = 1
        guard record.isValid, fields.count == (fields.first(0xC5) == nil ? 5 : 6) else {
            throw .incorrectData
        }
        if let value = fields.first(0xC5)?.value { try pin.set(Array(value), in: context) }
        try context.write(record.bytes, to: Self.recordObject)
    }

    private static func number(
        _ tag: BERTag, _ count: Int, _ fields: [BERTLV]
    ) throws(Refusal) -> UInt32 {
        guard let value = fields.first(tag)?.value, value.count == count else { throw .incorrectData }
        return UInt32(bigEndianBytes: value)
    }

    // MARK: Commands

    func process(
        _ cla: UInt8, _ command: CommandAPDU, in context: ApplicationContext
    ) throws(Refusal) -> ResponseAPDU {
        if cla == 0x00 {
            if let answer = try pin.process(command, in: context) { return answer }
            throw command.ins < 0x38 && command.ins >= 0x30 ? .classNotSupported : .instructionNotSupported
        }
        guard [0x30, 0x32, 0x34, 0x36].contains(command.ins) else { throw .instructionNotSupported }
        guard command.p1 == 0, command.p2 == 0 else { throw .incorrectParameters }
        var record = record(in: context)
        guard record.isPersonalized == 1 else { throw .conditionsNotSatisfied }
        switch command.ins {
        case 0x30, 0x36:
            guard command.data.isEmpty else { throw .wrongLength }
            let last = [record.lastKind] + record.lastAmount.bigEndianBytes
            return ResponseAPDU(
                data: command.ins == 0x30
                    ? Self.state(record) + record.currency.bigEndianBytes : last + Self.state(record))
        case 0x32: try credit(command, &record, in: context)
        default: try debit(command, &record, in: context)
        }
        guard record.counter < .max else { throw .conditionsNotSatisfied }
        record.counter += 1
        try context.write(record.bytes, to: Self.recordObject)
        return ResponseAPDU(data: Self.state(record))
    }

    private func credit(
        _ command: CommandAPDU, _ record: inout Record, in context: ApplicationContext
    ) throws(Refusal) {
        let isAuthorized = context.securityLevel?.contains(.commandMAC) == true
        guard record.isOpen == 1 || isAuthorized else { throw .securityStatusNotSatisfied }
        let amount = try Self.amount(command)
        guard amount <= record.balanceMax - record.balance else { throw .conditionsNotSatisfied }
        record.balance += amount
        record.lastKind = Kind.credit.rawValue
        record.lastAmount = amount
    }

    private func debit(
        _ command: CommandAPDU, _ record: inout Record, in context: ApplicationContext
    ) throws(Refusal) {
        let amount = try Self.amount(command)
        guard amount <= record.debitMax, amount <= record.balance else { throw .conditionsNotSatisfied }
        guard amount <= record.freeDebitMax || pin.isVerified(in: context) else {
            throw .securityStatusNotSatisfied
        }
        record.balance -= amount
        record.lastKind = Kind.debit.rawValue
        record.lastAmount = amount
    }

    private static func amount(_ command: CommandAPDU) throws(Refusal) -> UInt32 {
        guard command.data.count == 4 else { throw .wrongLength }
        let amount = UInt32(bigEndianBytes: command.data)
        guard amount > 0 else { throw .incorrectData }
        return amount
    }

    private static func state(_ record: Record) -> [UInt8] {
        record.balance.bigEndianBytes + record.counter.bigEndianBytes
    }

    private func record(in context: ApplicationContext) -> Record {
        Record(context.read(Self.recordObject) ?? [])
    }
}
