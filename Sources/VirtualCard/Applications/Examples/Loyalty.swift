internal import GlobalPlatform
internal import SmartCard

/// Points for what the holder spends, and for books brought back in time: `Loans` credits those by a shared object.
struct Loyalty: ParkableApplication {
    static let awardMethod: UInt16 = 1
    private static let recordObject: ObjectNumber = 1
    private static let template: BERTag = 0xE3

    let imageFormat: UInt32 = 0x4C59_0001
    let stateObjects = [StateObject(number: recordObject, byteCount: Record.byteCount)]

    private struct Record {
        static let byteCount = 17

        var isPersonalized: UInt8
        var member: UInt64
        var points: UInt32
        var counter: UInt32

        init(_ bytes: [UInt8]) {
            var reader = RecordReader(bytes)
            isPersonalized = reader.number()
            member = reader.number()
            points = reader.number()
            counter = reader.number()
        }

        var bytes: [UInt8] {
            [isPersonalized] + member.bigEndianBytes + points.bigEndianBytes + counter.bigEndianBytes
        }

        /// The points and how often they have changed.
        var state: [UInt8] { points.bigEndianBytes + counter.bigEndianBytes }
    }

    func objection(in context: ApplicationContext) throws(Refusal) -> ParkingVerdict? {
        Self.record(in: context).isPersonalized == 1
            ? nil : ParkingVerdict(.nothingToPark, "No member number was written yet.")
    }

    func accepts(_ image: [UInt8]) -> Bool { image.count == imageBytesMax && image[0] == 1 }

    func personalize(_ objects: [BERTLV], in context: ApplicationContext) throws(Refusal) {
        guard objects.count == 1, let template = objects.first, template.tag == Self.template,
            let fields = try? template.children(), fields.count == 1,
            let member = fields.first(0xC1)?.value, member.count == 8
        else { throw .incorrectData }
        var record = Self.record(in: context)
        record.isPersonalized = 1
        record.member = UInt64(bigEndianBytes: member)
        try context.write(record.bytes, to: Self.recordObject)
    }

    func process(
        _ cla: UInt8, _ command: CommandAPDU, in context: ApplicationContext
    ) throws(Refusal) -> ResponseAPDU {
        guard [0x10, 0x12, 0x14].contains(command.ins) else { throw .instructionNotSupported }
        guard cla == 0x80 else { throw .classNotSupported }
        guard command.p1 == 0, command.p2 == 0 else { throw .incorrectParameters }
        let library = try PointsLibrary(in: context)
        let record = Self.record(in: context)
        guard record.isPersonalized == 1 else { throw .conditionsNotSatisfied }
        if command.ins == 0x14 {
            guard command.data.isEmpty else { throw .wrongLength }
            return ResponseAPDU(data: record.member.bigEndianBytes + record.state)
        }
        guard command.data.count == 4 else { throw .wrongLength }
        let number = UInt32(bigEndianBytes: command.data)
        guard number > 0 else { throw .incorrectData }
        if command.ins == 0x10 {
            return ResponseAPDU(
                data: try Self.award(library.points(forSpending: number), library, in: context))
        }
        guard number <= record.points else { throw .conditionsNotSatisfied }
        return ResponseAPDU(data: try Self.settle(record.points - number, record, in: context))
    }

    // MARK: For others

    func shareable(
        _ parameter: UInt8, for client: AID, in context: ApplicationContext
    ) -> (any ShareableObject)? {
        parameter == 0 && client == ExampleApplication.loans.module ? Counter() : nil
    }

    private struct Counter: ShareableObject {
        func invoke(
            _ method: UInt16, _ arguments: [UInt8], in context: ApplicationContext
        ) throws(Refusal) -> [UInt8] {
            guard method == Loyalty.awardMethod, arguments.isEmpty else { throw .functionNotSupported }
            guard Loyalty.record(in: context).isPersonalized == 1 else { throw .conditionsNotSatisfied }
            let library = try PointsLibrary(in: context)
            return try Loyalty.award(PointsLibrary.pointsPerReturn, library, in: context)
        }
    }

    private static func award(
        _ points: UInt32, _ library: PointsLibrary, in context: ApplicationContext
    ) throws(Refusal) -> [UInt8] {
        let record = record(in: context)
        return try settle(try library.adding(points, to: record.points), record, in: context)
    }

    private static func settle(
        _ points: UInt32, _ record: Record, in context: ApplicationContext
    ) throws(Refusal) -> [UInt8] {
        guard record.counter < .max else { throw .conditionsNotSatisfied }
        var record = record
        record.points = points
        record.counter += 1
        try context.write(record.bytes, to: recordObject)
        return record.state
    }

    private static func record(in context: ApplicationContext) -> Record {
        Record(context.read(recordObject) ?? [])
    }
}
