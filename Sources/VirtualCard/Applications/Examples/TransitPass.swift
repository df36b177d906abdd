internal import GlobalPlatform
internal import SmartCard

/// A transit pass. It refuses to be parked between check-in and check-out: a gate is waiting for it.
struct TransitPass: ParkableApplication {
    private static let recordObject: ObjectNumber = 1
    private static let template: BERTag = 0xE2

    let imageFormat: UInt32 = 0x5450_0001
    let stateObjects = [StateObject(number: recordObject, byteCount: Record.byteCount)]

    private struct Record {
        static let byteCount = 25

        var isPersonalized: UInt8
        var number: UInt64
        /// Seconds since 1970, as all times here: the card has no clock and believes the gate.
        var validUntil: UInt32
        var isCheckedIn: UInt8
        var station: UInt16
        var time: UInt32
        var tripCount: UInt32
        var reserved: UInt8

        init(_ bytes: [UInt8]) {
            var reader = RecordReader(bytes)
            isPersonalized = reader.number()
            number = reader.number()
            validUntil = reader.number()
            isCheckedIn = reader.number()
            station = reader.number()
            time = reader.number()
            tripCount = reader.number()
            reserved = reader.number()
        }

        var bytes: [UInt8] {
            var bytes = [isPersonalized] + number.bigEndianBytes + validUntil.bigEndianBytes
            bytes += [isCheckedIn] + station.bigEndianBytes + time.bigEndianBytes
            return bytes + tripCount.bigEndianBytes + [reserved]
        }
    }

    func objection(in context: ApplicationContext) throws(Refusal) -> ParkingVerdict? {
        let record = record(in: context)
        guard record.isPersonalized == 1 else {
            return ParkingVerdict(.nothingToPark, "The pass was never personalised.")
        }
        guard record.isCheckedIn == 0 else {
            return ParkingVerdict(.busy, "Checked in at station \(record.station.hex): check out first.")
        }
        return nil
    }

    /// An image of a pass that is checked in was never made by one.
    func accepts(_ image: [UInt8]) -> Bool {
        guard image.count == imageBytesMax else { return false }
        let record = Record(image)
        return record.isPersonalized == 1 && record.isCheckedIn == 0 && record.reserved == 0
    }

    func personalize(_ objects: [BERTLV], in context: ApplicationContext) throws(Refusal) {
        guard objects.count == 1, let template = objects.first, template.tag == Self.template,
            let fields = try? template.children(), fields.count == 2,
            let number = fields.first(0xC1)?.value, number.count == 8,
            let validUntil = fields.first(0xC2)?.value, validUntil.count == 4
        else { throw .incorrectData }
        var record = record(in: context)
        guard record.isCheckedIn == 0 else { throw .conditionsNotSatisfied }
        record.isPersonalized = 1
        record.number = UInt64(bigEndianBytes: number)
        record.validUntil = UInt32(bigEndianBytes: validUntil)
        try context.write(record.bytes, to: Self.recordObject)
    }

    func process(
        _ cla: UInt8, _ command: CommandAPDU, in context: ApplicationContext
    ) throws(Refusal) -> ResponseAPDU {
        guard [0x40, 0x42, 0x44].contains(command.ins) else { throw .instructionNotSupported }
        guard cla == 0x80 else { throw .classNotSupported }
        guard command.p1 == 0, command.p2 == 0 else { throw .incorrectParameters }
        var record = record(in: context)
        guard record.isPersonalized == 1 else { throw .conditionsNotSatisfied }
        if command.ins == 0x44 {
            guard command.data.isEmpty else { throw .wrongLength }
            let journey = record.station.bigEndianBytes + record.time.bigEndianBytes
            return ResponseAPDU(
                data: record.number.bigEndianBytes + record.validUntil.bigEndianBytes + [record.isCheckedIn]
                    + journey + record.tripCount.bigEndianBytes)
        }
        guard command.data.count == 6 else { throw .wrongLength }
        let station = UInt16(bigEndianBytes: command.data.prefix(2))
        let time = UInt32(bigEndianBytes: command.data.suffix(4))
        if command.ins == 0x40 {
            guard record.isCheckedIn == 0, time <= record.validUntil, record.tripCount < .max else {
                throw .conditionsNotSatisfied
            }
            record.isCheckedIn = 1
        } else {
            guard record.isCheckedIn == 1, time >= record.time else { throw .conditionsNotSatisfied }
            record.isCheckedIn = 0
            record.tripCount += 1
        }
        // Where it went in is the gate's to charge for.
        let entry = record.station.bigEndianBytes + record.time.bigEndianBytes
        record.station = station
        record.time = time
        try context.write(record.bytes, to: Self.recordObject)
        return ResponseAPDU(data: command.ins == 0x40 ? [] : entry)
    }

    private func record(in context: ApplicationContext) -> Record {
        Record(context.read(Self.recordObject) ?? [])
    }
}
