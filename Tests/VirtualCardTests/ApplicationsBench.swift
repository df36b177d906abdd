import CardCrypto
import GlobalPlatform
import SmartCard
import Testing

@testable import VirtualCard

/// A card with the example applications, loaded from their CAP files through its own LOAD and INSTALL.
final class ApplicationsBench {
    let bench: Bench
    private let level: UInt8
    private var isManaging = false

    var card: VirtualCard { bench.card }

    init(level: UInt8 = 0x33, profile: String = "javacard-80k", seed: UInt8 = 1) throws {
        self.level = level
        let environment = CardEnvironment(
            channels: OpenChannels(), authority: OpenAuthority(), runtimes: [ExampleApplications.runtime])
        bench = Bench(
            VirtualCard(
                profile: try #require(CardProfile.builtIn(profile)), environment: environment,
                entropy: SeededEntropy(seed: [seed])))
    }

    // MARK: The two ways to speak with a card

    /// The issuer domain, authenticated.
    func manage() {
        guard !isManaging else { return }
        bench.must([Step.select(Bench.issuer), Step.initialize, "8482" + level.hex + "0008AAAAAAAAAAAAAAAA"])
        isManaging = true
    }

    /// Selects an application; returns the answer.
    @discardableResult
    func select(_ application: ExampleApplication) -> String {
        isManaging = false
        return bench.send(Step.select(application.module.bytes.hex))
    }

    /// One ordinary command to an application.
    @discardableResult
    func ask(_ application: ExampleApplication, _ command: String) -> String {
        select(application)
        return bench.send(command)
    }

    /// After the power was away.
    func powerOn() {
        card.powerOn()
        isManaging = false
    }

    // MARK: Content

    func load(_ application: ExampleApplication) throws {
        manage()
        let block = try CAPFile(application.capFile).loadFileDataBlock()
        bench.must(Step.load(application.loadFile.bytes.hex, block))
    }

    func install(_ application: ExampleApplication, parameters: String = "") throws {
        for needed in application.dependencies { try load(needed) }
        try load(application)
        bench.must([Self.installation(application, parameters: parameters)])
    }

    static func installation(_ application: ExampleApplication, parameters: String = "") -> String {
        let module = application.module.bytes.hex
        return Step.forInstall(
            application.loadFile.bytes.hex, module, module, parameters: "C9" + parameters.counted)
    }

    /// The parameters that make an instance wait for an image.
    static let vacant = "FF7203810103"

    func delete(_ application: ExampleApplication) {
        manage()
        bench.must([Step.delete(application.module.bytes.hex)])
    }

    /// STORE DATA to an application; the answer with its status word.
    @discardableResult
    func store(_ application: ExampleApplication, _ data: String, p1: String = "91") -> String {
        manage()
        bench.must([Step.personalize(application.module.bytes.hex)])
        return bench.send("80E2" + p1 + "00" + data.counted + "00")
    }

    // MARK: Parking

    @discardableResult
    func park(_ application: ExampleApplication, _ command: ParkingMessage) throws -> ParkingReply {
        let answer = store(application, command.hex)
        #expect(answer.hasSuffix("9000"), "\(command.hex) was answered \(answer)")
        return try ParkingReply(SampleCAP.bytes(String(answer.dropLast(4))))
    }

    func status(_ application: ExampleApplication) throws -> ParkingReply {
        try park(application, .status)
    }

    /// Freezes and reads; the instance stays frozen.
    func takeImage(_ application: ExampleApplication, chunk: Int = 200) throws -> ParkedImage {
        let generation = try status(application).generation + 1
        let frozen = try park(application, .freeze(generation))
        #expect(frozen.result == .done, "\(frozen)")
        var bytes: [UInt8] = []
        while bytes.count < frozen.length {
            let reply = try park(application, .read(generation, offset: bytes.count, chunk))
            try #require(!reply.chunk.isEmpty)
            bytes += reply.chunk
        }
        return ParkedImage(reply: frozen, bytes: bytes)
    }

    /// BEGIN, all WRITEs and VERIFY; the instance is verified then.
    func bring(_ application: ExampleApplication, _ image: ParkedImage, chunk: Int = 200) throws {
        #expect(try park(application, .begin(image)).result == .done)
        for offset in stride(from: 0, to: image.bytes.count, by: chunk) {
            #expect(try park(application, image.write(offset, chunk)).result == .done)
        }
        #expect(try park(application, .verify(image.generation, image.digest)).result == .done)
    }
}

/// A command of the contract, built by hand from the text of docs/parking-contract.md.
struct ParkingMessage: Sendable {
    let hex: String

    init(_ instruction: String, _ fields: String = "", keys: String = "") {
        let body = "800201" + instruction + fields + (keys.isEmpty ? "" : "8A20" + keys)
        hex = "FF70" + Self.length(body) + body
    }

    /// The same, with keys for a sealed answer.
    func sealed(_ keys: String) -> ParkingMessage {
        let body = String(hex.dropFirst(hex.hasPrefix("FF7081") ? 8 : 6))
        return ParkingMessage(String(body.dropFirst(6).prefix(2)), String(body.dropFirst(8)), keys: keys)
    }

    static func length(_ hex: String) -> String {
        let count = hex.utf8.count / 2
        return (count > 127 ? "81" : "") + count.byteHex
    }

    static let status = ParkingMessage("01")
    static let query = ParkingMessage("02")
    static func freeze(_ generation: UInt32) -> Self { Self("03", number("82", generation)) }
    static func read(_ generation: UInt32, offset: Int, _ wanted: Int) -> Self {
        Self(
            "04",
            number("82", generation) + number("86", UInt32(offset)) + "8D02" + UInt16(wanted).hex)
    }
    static func thaw(_ generation: UInt32) -> Self { Self("05", number("82", generation)) }
    static func surrender(_ generation: UInt32, _ digest: [UInt8]) -> Self {
        Self("06", number("82", generation) + "8820" + digest.hex)
    }
    static func begin(_ image: ParkedImage) -> Self {
        Self(
            "07",
            number("82", image.generation) + "8310" + image.lineage.hex + number("84", image.format)
                + number("85", UInt32(image.length)) + "8820" + image.digest.hex)
    }
    static func write(_ generation: UInt32, offset: Int, _ chunk: [UInt8]) -> Self {
        let value = chunk.hex
        return Self(
            "08", number("82", generation) + number("86", UInt32(offset)) + "87" + length(value) + value)
    }
    static func verify(_ generation: UInt32, _ digest: [UInt8]) -> Self {
        Self("09", number("82", generation) + "8820" + digest.hex)
    }
    static func commit(_ generation: UInt32, _ digest: [UInt8]) -> Self {
        Self("0A", number("82", generation) + "8820" + digest.hex)
    }

    private static func number(_ tag: String, _ number: UInt32) -> String {
        tag + "04" + number.bigEndianBytes.hex
    }
}

/// An answer of the contract, opened.
struct ParkingReply {
    let instruction: [UInt8]
    let result: ParkingResult
    let state: ParkingState?
    let generation: UInt32
    let lineage: [UInt8]
    let format: UInt32
    let length: Int
    let received: Int
    let digest: [UInt8]
    let text: String
    let chunk: [UInt8]

    init(_ bytes: [UInt8]) throws {
        let template = try BERTLV.readOne(bytes)
        try #require(template.tag == 0xFF71)
        let fields = try template.children()
        func number(_ tag: BERTag) -> UInt32 { UInt32(bigEndianBytes: fields.first(tag)?.value ?? []) }
        instruction = Array(try fields.value(0x80))
        result = ParkingResult(rawValue: try #require(try fields.value(0x89).first))
        state = fields.first(0x81)?.value.first.flatMap(ParkingState.init)
        generation = number(0x82)
        lineage = Array(fields.first(0x83)?.value ?? [])
        format = number(0x84)
        length = Int(number(0x85))
        received = Int(number(0x8E))
        digest = Array(fields.first(0x88)?.value ?? [])
        text = String(decoding: fields.first(0x8B)?.value ?? [], as: UTF8.self)
        chunk = Array(fields.first(0x87)?.value ?? [])
    }
}

/// What a centre keeps of a parked application.
struct ParkedImage {
    var generation: UInt32
    var lineage: [UInt8]
    var format: UInt32
    var length: Int
    var digest: [UInt8]
    var bytes: [UInt8]

    init(reply: ParkingReply, bytes: [UInt8]) {
        generation = reply.generation
        lineage = reply.lineage
        format = reply.format
        length = reply.length
        digest = reply.digest
        self.bytes = bytes
    }

    /// SHA-256 over what the contract says, put together here once more.
    var computedDigest: [UInt8] {
        let header = "01" + generation.bigEndianBytes.hex + lineage.hex + format.bigEndianBytes.hex
        let length = UInt32(bytes.count).bigEndianBytes.hex
        return Digest.sha256.hash(SampleCAP.bytes(header + length) + bytes)
    }

    func write(_ offset: Int, _ count: Int) -> ParkingMessage {
        .write(generation, offset: offset, Array(bytes.dropFirst(offset).prefix(count)))
    }
}

/// An application in a state that is worth parking.
struct ParkingSubject: Sendable, CustomTestStringConvertible {
    let application: ExampleApplication
    /// STORE DATA that personalises it.
    let personalization: String
    /// Ordinary commands that make it hold something.
    let business: [String]
    /// An ordinary command that shows what it holds.
    let probe: String

    var testDescription: String { application.rawValue }

    static let all = [
        ParkingSubject(
            application: .purse,
            personalization: "E11F" + "C1020978" + "C204000186A0" + "C304000186A0" + "C40400000BB8" + "C60101"
                + "C50431323334",
            business: ["803200000400002710", "8034000004000003E8"], probe: "80360000"),
        ParkingSubject(
            application: .pass, personalization: "E210" + "C1081122334455667788" + "C20470000000",
            business: ["80400000060012" + "60000000", "80420000060013" + "60000100"], probe: "80440000"),
        ParkingSubject(
            application: .loyalty, personalization: "E30A" + "C1080102030405060708",
            business: ["801000000400002710"], probe: "80140000"),
        ParkingSubject(
            application: .loans, personalization: "E40D" + "C1080102030405060708" + "C20118",
            business: ["802600000C" + "424F4F4B30303031" + "60000000"], probe: "802A0000"),
    ]

    /// A card on which it holds something.
    func prepared(seed: UInt8 = 1, level: UInt8 = 0x33) throws -> ApplicationsBench {
        let bench = try ApplicationsBench(level: level, seed: seed)
        try bench.install(application)
        #expect(bench.store(application, personalization, p1: "90") == "9000")
        bench.select(application)
        bench.bench.must(business)
        return bench
    }

    /// A card on which it waits for an image.
    func waiting(seed: UInt8 = 2, parameters: String = ApplicationsBench.vacant) throws -> ApplicationsBench {
        let bench = try ApplicationsBench(seed: seed)
        try bench.install(application, parameters: parameters)
        return bench
    }
}
