import CardCrypto
import GlobalPlatform
import SmartCard
import Testing

@testable import VirtualCard

/// A secure channel without secrets, for rules that are not about cryptography: the right cryptogram is eight
/// bytes AA, commands travel in the clear, sensitive data are the complement of themselves.
struct OpenChannels: SecureChannelProtocols {
    func open(_ opening: ChannelOpening) throws(Refusal) -> OpenedChannel {
        guard opening.command.data.count == 8 else { throw .wrongLength }
        let answer =
            opening.diversificationData + [opening.keySet.version, 0x03] + opening.entropy.bytes(8)
            + [UInt8](repeating: 0xBB, count: 8)
        return OpenedChannel(
            answer: answer, channel: OpenChannel(), sequenceCounter: opening.keySet.sequenceCounter + 1)
    }
}

struct OpenChannel: CardSecureChannel {
    var securityLevel: SecurityLevel?
    var isAborted = false

    mutating func authenticate(_ command: CommandAPDU) throws(Refusal) -> UInt32? {
        guard command.data == [UInt8](repeating: 0xAA, count: 8) else { throw .authenticationFailed }
        securityLevel = SecurityLevel(rawValue: command.p1)
        return nil
    }

    mutating func unwrap(_ command: CommandAPDU) throws(Refusal) -> CommandAPDU {
        var plain = command
        plain.cla &= ~0x04
        return plain
    }

    mutating func wrap(_ response: ResponseAPDU) -> ResponseAPDU { response }
    mutating func beginResponseMAC(_ command: CommandAPDU) throws(Refusal) {}
    mutating func endResponseMAC(_ command: CommandAPDU) throws(Refusal) -> [UInt8] { [] }
    func decryptSensitiveData(_ data: [UInt8]) throws(Refusal) -> [UInt8] { data.map { ~$0 } }
}

/// Signatures that are right when they are the first four bytes of SHA-256 over what they sign.
struct OpenAuthority: ContentAuthority {
    static func sign(_ message: [UInt8]) -> [UInt8] { Array(Digest.sha256.hash(message).prefix(4)) }

    func hasTokenKey(_ keySets: [CardKeySet]) -> Bool { !keySets.isEmpty }
    func verifyToken(_ token: [UInt8], over message: [UInt8], keySets: [CardKeySet]) -> Bool {
        token == Self.sign(message)
    }
    func receipt(
        over message: [UInt8], keySets: [CardKeySet], entropy: any EntropySource
    ) -> [UInt8]? { Self.sign(message) }
    func verifyDAP(_ signature: [UInt8], overHash hash: [UInt8], keySets: [CardKeySet]) -> Bool {
        signature == Self.sign(hash)
    }
    func decipherLoadFile(_ block: [UInt8], icv: [UInt8]?, keySets: [CardKeySet]) -> [UInt8]? {
        block.map { ~$0 }
    }
}

/// A program that counts: `00 01` adds one durably, `00 02` reads, `00 03 size` makes an object, `00 04`
/// writes transient memory, `00 05` reads it, `00 06` fails after a write, `00 07` asks the neighbour named
/// in the data.
struct CounterProgram: CardProgram {
    func install(_ request: InstallationRequest, in context: ApplicationContext) throws(Refusal) {
        if request.parameters.first == 0xEE { throw .incorrectData }
        try context.create(1, byteCount: 2)
        try context.createTransient(1, byteCount: 4, clearing: .onReset)
        try context.createTransient(2, byteCount: 4, clearing: .onDeselect)
    }

    func select(in context: ApplicationContext) throws(Refusal) -> [UInt8]? { [0x6F, 0x00] }

    func process(_ command: CommandAPDU, in context: ApplicationContext) throws(Refusal) -> ResponseAPDU {
        switch command.ins {
        case 0x01:
            let value = UInt16(bigEndianBytes: context.read(1) ?? []) + 1
            try context.write(value.bigEndianBytes, to: 1)
            return ResponseAPDU()
        case 0x02: return ResponseAPDU(data: context.read(1) ?? [])
        case 0x03:
            try context.create(ObjectNumber(command.p2), byteCount: Int(command.p1) * 256)
            return ResponseAPDU()
        case 0x04:
            try context.writeTransient(command.data, to: ObjectNumber(command.p2))
            return ResponseAPDU()
        case 0x05: return ResponseAPDU(data: context.readTransient(ObjectNumber(command.p2)) ?? [])
        case 0x06:
            try context.write([0xFF, 0xFF], to: 1)
            if command.p1 == 1 { context.checkpoint() }
            throw .conditionsNotSatisfied
        case 0x07:
            guard let server = try? AID(command.data) else { throw .incorrectData }
            return ResponseAPDU(data: try context.invoke(7, [0x01], on: server))
        case 0x08: return try transaction(command, context)
        case 0x09:
            guard let loadFile = try? AID(command.data), let statics = context.statics(of: loadFile) else {
                throw .conditionsNotSatisfied
            }
            try statics.replace(1, with: [0x51, 0x52])
            return ResponseAPDU(data: statics.read(1) ?? [])
        default: throw .instructionNotSupported
        }
    }

    private func transaction(
        _ command: CommandAPDU, _ context: ApplicationContext
    ) throws(Refusal) -> ResponseAPDU {
        try context.beginTransaction()
        try context.write([0x12, 0x34], to: 1)
        switch command.p1 {
        case 0: try context.commitTransaction()
        case 1: try context.abortTransaction()
        default: break
        }
        return ResponseAPDU()
    }

    func storeData(_ command: CommandAPDU, in context: ApplicationContext) throws(Refusal) -> [UInt8] {
        try context.write(Array(command.data.prefix(2)), to: 1)
        return command.data.count > 2 ? Array(command.data.dropFirst(2)) : []
    }

    func shareable(
        _ parameter: UInt8, for client: AID, in context: ApplicationContext
    ) -> (any ShareableObject)? { Shared() }

    struct Shared: ShareableObject {
        func invoke(
            _ method: UInt16, _ arguments: [UInt8], in context: ApplicationContext
        ) throws(Refusal) -> [UInt8] { arguments + (context.read(1) ?? []) }
    }
}

/// A card on the bench, and the commands that tests send often.
final class Bench {
    static let packageAID = "F04265727401"
    static let appletAID = "F0426572740101"
    static let secondAppletAID = "F0426572740102"
    static let libraryAID = "F042657274F0"
    static let domainPackage = "A0000001515350"
    static let domainModule = "A000000151535041"
    static let issuer = "A000000151000000"

    let card: VirtualCard

    init(_ card: VirtualCard) {
        self.card = card
        card.powerOn()
    }

    convenience init(_ profile: String = "javacard-80k", seed: UInt8 = 1) throws {
        let profile = try #require(CardProfile.builtIn(profile))
        self.init(
            VirtualCard(
                profile: profile, environment: Bench.environment(), entropy: SeededEntropy(seed: [seed])))
    }

    static func environment() -> CardEnvironment {
        var programs: [NativeRuntime.Name: any CardProgram] = [:]
        if let loadFile = try? AID(hex: packageAID), let module = try? AID(hex: appletAID) {
            programs[NativeRuntime.Name(loadFile: loadFile, module: module)] = CounterProgram()
        }
        return CardEnvironment(
            channels: OpenChannels(), authority: OpenAuthority(), runtimes: [NativeRuntime(programs)])
    }

    /// The answer in hex: data and status word together.
    @discardableResult
    func send(_ hex: String) -> String {
        card.process((try? Hex.decode(hex)) ?? []).hex
    }

    /// Only the status word.
    @discardableResult
    func status(_ hex: String) -> String { String(send(hex).suffix(4)) }

    /// A command with data: the length is added, and an Le of zero.
    @discardableResult
    func send(_ header: String, data: String) -> String {
        send(header + (data.utf8.count / 2).byteHex + data + "00")
    }

    @discardableResult
    func status(_ header: String, data: String) -> String { String(send(header, data: data).suffix(4)) }

    /// Every answer must be 9000: for preparing a situation.
    func must(_ steps: [String], sourceLocation: SourceLocation = #_sourceLocation) {
        for step in steps {
            let answer = send(step)
            // Over T=0 an answer is announced with 61xx.
            let isDone = answer.hasSuffix("9000") || answer.count == 4 && answer.hasPrefix("61")
            #expect(isDone, "\(step) was answered \(answer)", sourceLocation: sourceLocation)
        }
    }
}

extension Int {
    var byteHex: String { UInt8(clamping: self).hex }
}

extension String {
    /// The hex with a count of its bytes before it.
    var counted: String { (utf8.count / 2).byteHex + self }
}
