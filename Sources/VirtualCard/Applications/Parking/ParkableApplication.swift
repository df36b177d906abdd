internal import GlobalPlatform
internal import SmartCard

/// What an application decides about a command of the contract, with a word to the person who asked.
struct ParkingVerdict: Equatable {
    let result: ParkingResult
    let text: String

    init(_ result: ParkingResult, _ text: String = "") {
        precondition(text.utf8.count <= ParkingContract.textBytesMax, "the contract bounds the text")
        self.result = result
        self.text = text
    }
}

/// An object that belongs to the state of an application, and so to its image.
struct StateObject: Hashable, Sendable {
    let number: ObjectNumber
    let byteCount: Int
}

/// A native application that knows the parking contract: it says what its state is and whether it may
/// leave; `ParkableProgram` does the rest.
protocol ParkableApplication: Sendable {
    /// Names kind and version of the image. A release that can read an older format says so in `accepts`.
    var imageFormat: UInt32 { get }
    /// Everything that the application keeps, made at installation with these sizes; the image is they in order.
    var stateObjects: [StateObject] { get }

    /// Creates what is not in `stateObjects` (transient memory), and reads the application's own parameters.
    func install(_ parameters: [BERTLV], in context: ApplicationContext) throws(Refusal)
    /// Why the instance may not be parked now; `nil` when it may.
    func objection(in context: ApplicationContext) throws(Refusal) -> ParkingVerdict?
    /// Whether the contents of an image of the right size make sense.
    func accepts(_ image: [UInt8]) -> Bool
    /// STORE DATA that is not of the contract; the instance is active and the data came encrypted.
    func personalize(_ objects: [BERTLV], in context: ApplicationContext) throws(Refusal)
    /// An ordinary command to an active instance. `cla` is the class byte without channel and secure messaging.
    func process(
        _ cla: UInt8, _ command: CommandAPDU, in context: ApplicationContext
    ) throws(Refusal) -> ResponseAPDU
    func shareable(_ parameter: UInt8, for client: AID, in context: ApplicationContext)
        -> (any ShareableObject)?
}

extension ParkableApplication {
    var imageBytesMax: Int { stateObjects.reduce(0) { $0 + $1.byteCount } }

    func install(_ parameters: [BERTLV], in context: ApplicationContext) throws(Refusal) {}

    func shareable(
        _ parameter: UInt8, for client: AID, in context: ApplicationContext
    ) -> (any ShareableObject)? { nil }

    /// The same bytes as long as nobody writes: a frozen instance has one image.
    func image(in context: ApplicationContext) throws(Refusal) -> [UInt8] {
        var image: [UInt8] = []
        for object in stateObjects {
            guard let bytes = context.read(object.number) else { throw .noSpecificDiagnosis }
            image += bytes
        }
        return image
    }

    func adopt(_ image: [UInt8], in context: ApplicationContext) throws(Refusal) {
        var reader = RecordReader(image)
        for object in stateObjects {
            try context.write(reader.bytes(object.byteCount), to: object.number)
        }
    }

    func erase(in context: ApplicationContext) throws(Refusal) {
        try adopt([UInt8](repeating: 0, count: imageBytesMax), in: context)
    }
}

/// Makes a program of an application: installation, SELECT, secure messaging, the contract, and the rule that only an
/// active instance does business.
struct ParkableProgram<Application: ParkableApplication>: CardProgram {
    let application: Application

    init(_ application: Application) { self.application = application }

    func install(_ request: InstallationRequest, in context: ApplicationContext) throws(Refusal) {
        let parameters: [BERTLV]
        do { parameters = try BERTLV.readAll(request.parameters) } catch { throw .incorrectData }
        for object in application.stateObjects {
            try context.create(object.number, byteCount: object.byteCount)
        }
        let parking = parameters.first(.parkingParameters)
        try application.install(parameters.filter { $0.tag != .parkingParameters }, in: context)
        try context.create(ParkingRecord.object, byteCount: ParkingRecord.byteCount)
        var record = ParkingRecord(
            state: .active, generation: 1, lineage: context.randomBytes(ParkingContract.lineageBytes))
        if let parking { record = try Self.vacantRecord(parking) }
        try record.write(in: context)
    }

    /// An instance that waits for an image from its first moment.
    private static func vacantRecord(_ parameters: BERTLV) throws(Refusal) -> ParkingRecord {
        let fields: [BERTLV]
        do { fields = try parameters.children() } catch { throw .incorrectData }
        var rest = fields[...]
        guard let state = rest.popFirst(), state.tag == .parkingStateCode,
            Array(state.value) == [ParkingState.vacant.rawValue]
        else { throw .incorrectData }
        var record = ParkingRecord(state: .vacant, generation: 0, lineage: ParkingRecord.noLineage)
        if let generation = rest.first, generation.tag == .parkingGeneration {
            guard generation.value.count == 4 else { throw .incorrectData }
            record.generation = UInt32(bigEndianBytes: generation.value)
            rest = rest.dropFirst()
        }
        if let lineage = rest.first, lineage.tag == .parkingLineage {
            guard lineage.value.count == ParkingContract.lineageBytes else { throw .incorrectData }
            record.lineage = Array(lineage.value)
            rest = rest.dropFirst()
        }
        guard rest.isEmpty else { throw .incorrectData }
        return record
    }

    /// Selecting always works, so that a terminal can tell why nothing else does.
    func select(in context: ApplicationContext) throws(Refusal) -> [UInt8]? {
        let state = try ParkingRecord(in: context).state
        return BERTLV.encode(
            .fileControlInformation,
            BERTLV.encode(.dedicatedFileName, context.aid.bytes)
                + BERTLV.encode(.proprietaryData, BERTLV.encode(.parkingState, [state.rawValue])))
    }

    func process(_ command: CommandAPDU, in context: ApplicationContext) throws(Refusal) -> ResponseAPDU {
        let isSecurity = [Instruction.initializeUpdate, Instruction.externalAuthenticate].contains(
            command.ins)
        if command.cla & 0x80 != 0, isSecurity { return try context.processSecurity(command) }
        let plain = try context.unwrap(command)
        guard plain.cla & 0x0C == 0 else { throw .secureMessagingNotSupported }
        guard plain.cla & 0x10 == 0 else { throw .chainingNotSupported }
        guard plain.cla & 0x60 == 0 else { throw .classNotSupported }
        guard try ParkingRecord(in: context).state == .active else { throw .conditionsNotSatisfied }
        return try application.process(plain.cla & 0x80, plain, in: context)
    }

    func storeData(_ command: CommandAPDU, in context: ApplicationContext) throws(Refusal) -> [UInt8] {
        if ParkingRequest.isMeant(by: command.data) {
            return try ParkingDesk(application: application).answer(command, in: context)
        }
        guard let level = context.securityLevel,
            level.isSuperset(of: [.commandMAC, .commandEncryption])
        else { throw .securityStatusNotSatisfied }
        guard try ParkingRecord(in: context).state == .active else { throw .conditionsNotSatisfied }
        let objects: [BERTLV]
        do { objects = try BERTLV.readAll(command.data) } catch { throw .incorrectData }
        try application.personalize(objects, in: context)
        return []
    }

    func shareable(
        _ parameter: UInt8, for client: AID, in context: ApplicationContext
    ) -> (any ShareableObject)? {
        // A frozen instance does no business for its neighbours either.
        guard (try? ParkingRecord(in: context))?.state == .active else { return nil }
        return application.shareable(parameter, for: client, in: context)
    }
}

// MARK: Upgrades of the code (Amendment H)

extension ParkableProgram: UpgradableProgram {
    /// Format, parking record, image: an instance goes on in the generation that it was in.
    func save(in context: ApplicationContext) throws(Refusal) -> [UInt8] {
        let record = try ParkingRecord(in: context)
        // What is frozen or half there belongs to an operation that is not over. What stands in the way of leaving
        // does not matter: nothing leaves.
        guard record.state == .active else { throw .conditionsNotSatisfied }
        return application.imageFormat.bigEndianBytes + record.bytes + (try application.image(in: context))
    }

    func restore(
        _ element: [UInt8], from version: [UInt8], in context: ApplicationContext
    ) throws(Refusal) {
        let head = 4 + ParkingRecord.byteCount
        guard element.count == head + application.imageBytesMax,
            UInt32(bigEndianBytes: element[..<4]) == application.imageFormat
        else { throw .incorrectData }
        try context.write(Array(element[4..<head]), to: ParkingRecord.object)
        try application.adopt(Array(element[head...]), in: context)
    }
}
