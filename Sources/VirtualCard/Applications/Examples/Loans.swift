internal import GlobalPlatform
internal import SmartCard

/// Books on loan. It parks with books still out: the list comes back as it was.
struct Loans: ParkableApplication {
    static let slotCount = 24
    private static let pageCount = 16
    private static let recordObject: ObjectNumber = 1
    private static let listObject: ObjectNumber = 2
    private static let template: BERTag = 0xE4
    private static let itemBytes = 8
    private static let slotBytes = itemBytes + 4

    let imageFormat: UInt32 = 0x4C4E_0001
    let stateObjects = [
        StateObject(number: recordObject, byteCount: 10),
        StateObject(number: listObject, byteCount: slotCount * slotBytes),
    ]

    /// Personalised, member, how many books are out at most.
    private struct Record {
        var isPersonalized: UInt8
        var member: UInt64
        var loansMax: UInt8

        init(_ bytes: [UInt8]) {
            var reader = RecordReader(bytes)
            isPersonalized = reader.number()
            member = reader.number()
            loansMax = reader.number()
        }

        var bytes: [UInt8] { [isPersonalized] + member.bigEndianBytes + [loansMax] }
    }

    private struct Loan: Equatable {
        let item: [UInt8]
        let due: UInt32

        /// An item of zeros is an empty slot.
        var isEmpty: Bool { item.allSatisfy { $0 == 0 } }
        var bytes: [UInt8] { item + due.bigEndianBytes }
    }

    func objection(in context: ApplicationContext) throws(Refusal) -> ParkingVerdict? {
        Record(context.read(Self.recordObject) ?? []).isPersonalized == 1
            ? nil : ParkingVerdict(.nothingToPark, "No member number was written yet.")
    }

    func accepts(_ image: [UInt8]) -> Bool {
        guard image.count == imageBytesMax else { return false }
        let record = Record(image)
        return record.isPersonalized == 1 && Int(record.loansMax) <= Self.slotCount
    }

    func personalize(_ objects: [BERTLV], in context: ApplicationContext) throws(Refusal) {
        guard objects.count == 1, let template = objects.first, template.tag == Self.template,
            let fields = try? template.children(), fields.count == 2,
            let member = fields.first(0xC1)?.value, member.count == 8,
            let limit = fields.first(0xC2)?.value, limit.count == 1,
            let loansMax = limit.first, (1...Self.slotCount).contains(Int(loansMax))
        else { throw .incorrectData }
        var record = Record(context.read(Self.recordObject) ?? [])
        record.isPersonalized = 1
        record.member = UInt64(bigEndianBytes: member)
        record.loansMax = loansMax
        try context.write(record.bytes, to: Self.recordObject)
    }

    func process(
        _ cla: UInt8, _ command: CommandAPDU, in context: ApplicationContext
    ) throws(Refusal) -> ResponseAPDU {
        guard [0x26, 0x28, 0x2A].contains(command.ins) else { throw .instructionNotSupported }
        guard cla == 0x80 else { throw .classNotSupported }
        guard command.p1 == 0 || command.ins == 0x2A, command.p2 == 0 else { throw .incorrectParameters }
        let library = try PointsLibrary(in: context)
        let record = Record(context.read(Self.recordObject) ?? [])
        guard record.isPersonalized == 1 else { throw .conditionsNotSatisfied }
        let loans = loans(in: context)
        if command.ins == 0x2A {
            guard command.data.isEmpty else { throw .wrongLength }
            // P1 loans are skipped; the list goes over two answers when it is long.
            let present = loans.filter { !$0.isEmpty }
            let page = present.dropFirst(Int(command.p1)).prefix(Self.pageCount)
            return ResponseAPDU(data: [UInt8(present.count)] + page.flatMap(\.bytes))
        }
        guard command.data.count == Self.slotBytes else { throw .wrongLength }
        let loan = Loan(
            item: Array(command.data.prefix(Self.itemBytes)),
            due: UInt32(bigEndianBytes: command.data.suffix(4)))
        guard !loan.isEmpty else { throw .incorrectData }
        if command.ins == 0x26 { return try borrow(loan, loans, record, in: context) }
        return try giveBack(loan.item, at: loan.due, loans, library, in: context)
    }

    private func borrow(
        _ loan: Loan, _ loans: [Loan], _ record: Record, in context: ApplicationContext
    ) throws(Refusal) -> ResponseAPDU {
        // The same loan once more: the answer to the first was lost.
        if loans.contains(loan) { return ResponseAPDU() }
        guard !loans.contains(where: { $0.item == loan.item }),
            loans.count(where: { !$0.isEmpty }) < Int(record.loansMax),
            let slot = loans.firstIndex(where: \.isEmpty)
        else { throw .conditionsNotSatisfied }
        try context.write(loan.bytes, to: Self.listObject, at: slot * Self.slotBytes)
        return ResponseAPDU()
    }

    private func giveBack(
        _ item: [UInt8], at time: UInt32, _ loans: [Loan], _ library: PointsLibrary,
        in context: ApplicationContext
    ) throws(Refusal) -> ResponseAPDU {
        guard let slot = loans.firstIndex(where: { $0.item == item }) else {
            throw .referencedDataNotFound
        }
        try context.write(
            [UInt8](repeating: 0, count: Self.slotBytes), to: Self.listObject, at: slot * Self.slotBytes)
        guard library.isOnTime(time, due: loans[slot].due) else { return ResponseAPDU(data: [0]) }
        // Points are a courtesy: without a loyalty application, or with one that is parked, the book still comes back.
        let award = try? context.invoke(Loyalty.awardMethod, [], on: ExampleApplication.loyalty.module)
        return ResponseAPDU(data: [award == nil ? 0 : UInt8(PointsLibrary.pointsPerReturn)])
    }

    private func loans(in context: ApplicationContext) -> [Loan] {
        var reader = RecordReader(context.read(Self.listObject) ?? [])
        return (0..<Self.slotCount).map { _ in
            Loan(item: reader.bytes(Self.itemBytes), due: reader.number())
        }
    }
}
