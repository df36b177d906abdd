import CardCrypto
import GlobalPlatform
import SmartCard
import Testing

@testable import VirtualCard

/// The off-card side of the rules: it opens real secure channels, and nothing of it comes from `CardManagement`.
final class RulesHost {
    let card: VirtualCard
    /// By logical channel.
    var sessions: [UInt8: any RulesSession] = [:]
    /// The last command as it went over the wire, to be sent again.
    private(set) var lastSent: [UInt8] = []

    static let profiles: [String: CardProfile] = Dictionary(
        uniqueKeysWithValues: CardProfile.builtInTexts.compactMap { name, text in
            (try? CardProfile(text: text)).map { (name, $0) }
        })
    static let library = LoadFileLibrary()

    static func environment() -> CardEnvironment {
        var programs: [NativeRuntime.Name: any CardProgram] = [:]
        if let loadFile = try? AID(hex: RulesNames.package), let module = try? AID(hex: RulesNames.module) {
            programs[NativeRuntime.Name(loadFile: loadFile, module: module)] = RulesProgram()
        }
        return CardEnvironment(
            channels: StandardChannels(), authority: StandardAuthority(),
            runtimes: [NativeRuntime(programs), WordRuntime(WordProgram())], library: library)
    }

    init(_ card: VirtualCard) {
        self.card = card
        card.powerOn()
    }

    convenience init(_ profile: String = "javacard-80k", seed: UInt8 = 1) throws {
        self.init(
            VirtualCard(
                profile: try #require(Self.profiles[profile]), environment: Self.environment(),
                entropy: SeededEntropy(seed: [seed])))
    }

    // MARK: Transport

    /// As sent and as answered.
    func raw(_ command: [UInt8]) -> [UInt8] {
        lastSent = command
        return card.process(command)
    }

    /// Over T=0 an answer is fetched, a wrong length mended (ISO/IEC 7816-4 §5.3.4).
    func exchange(_ command: [UInt8]) -> [UInt8] {
        var answer = raw(command)
        let sent = lastSent
        if answer.count == 2, answer[0] == 0x6C { answer = card.process(command.dropLast() + [answer[1]]) }
        for _ in 0..<64 where answer.suffix(2).first == 0x61 {
            let count = answer[answer.count - 1]
            answer = answer.dropLast(2) + card.process([command[0] & 0x03, 0xC0, 0x00, 0x00, count])
        }
        lastSent = sent
        return answer
    }

    func reset() {
        sessions = [:]
        card.reset()
    }

    // MARK: Sessions

    func select(_ aid: String, channel: UInt8 = 0, p2: UInt8 = 0) -> [UInt8] {
        let name = RulesBytes.decode(aid)
        let head: [UInt8] = [channel, 0xA4, 0x04, p2]
        sessions[channel] = nil
        return exchange(head + (name.isEmpty ? [0x00] : [UInt8(name.count)] + name + [0x00]))
    }

    /// INITIALIZE UPDATE and EXTERNAL AUTHENTICATE; the answer is that of the one that was refused, or the last.
    func open(
        _ keys: RulesKeys = .factory, level: UInt8 = 0x01, channel: UInt8 = 0, alter: Bool = false
    ) throws -> [UInt8] {
        sessions[channel] = nil
        let hostChallenge = [UInt8](0xA0...0xA7)
        let first = exchange([0x80 | channel, 0x50, keys.version, 0x00, 0x08] + hostChallenge + [0x00])
        guard first.suffix(2) == [0x90, 0x00] else { return first }
        let data = Array(first.dropLast(2))
        var command = RulesCommand(cla: 0x80 | channel, ins: 0x82, p1: level, p2: 0x00, data: [])
        let session: any RulesSession
        if data[11] == 0x03 {
            var scp03 = try RulesSCP03(
                keys, hostChallenge: hostChallenge, cardChallenge: Array(data[13..<21]), level: level)
            #expect(Array(data[21..<29]) == scp03.cardCryptogram, "card cryptogram")
            command.data = scp03.hostCryptogram
            command.data += scp03.mac(command, scp03.hostCryptogram)
            session = scp03
        } else {
            var scp02 = try RulesSCP02(
                keys, hostChallenge: hostChallenge, cardChallenge: Array(data[12..<20]), level: level)
            #expect(Array(data[20..<28]) == scp02.cardCryptogram, "card cryptogram")
            command.data = scp02.hostCryptogram
            command.data += scp02.mac(command, scp02.hostCryptogram)
            session = scp02
        }
        if alter { command.data[0] ^= 0x01 }
        command.cla |= 0x04
        let answer = exchange(command.plain)
        if answer == [0x90, 0x00] { sessions[channel] = session }
        return answer
    }

    /// One command with what the channel's session asks for; without a session it goes in clear.
    func send(_ command: RulesCommand, alteringMAC: Bool = false) -> [UInt8] {
        guard var session = sessions[command.channel], session.level & 0x01 != 0 else {
            return command.data.count > 255
                ? chain(command, command.data, cla: command.cla) : plainly(command)
        }
        var data = session.protect(command)
        if alteringMAC { data[data.count - 1] ^= 0x80 }
        let cla = command.cla | 0x04
        let answer: [UInt8]
        if data.count > 255 {
            answer = chain(command, data, cla: cla)
        } else {
            answer = exchange([cla, command.ins, command.p1, command.p2, UInt8(data.count)] + data + [0x00])
        }
        sessions[command.channel] = session
        guard answer.count >= 2 else { return answer }
        let status = Array(answer.suffix(2))
        let opened = session.open(Array(answer.dropLast(2)), status: status)
        sessions[command.channel] = session
        guard let opened else { return Array("BAD R-MAC".utf8) }
        return opened + status
    }

    private func plainly(_ command: RulesCommand) -> [UInt8] { exchange(command.plain) }

    /// GPCS 2.3.1 §11.1.5.1: security over the whole, then segments.
    private func chain(_ command: RulesCommand, _ data: [UInt8], cla: UInt8) -> [UInt8] {
        var rest = data[...]
        while rest.count > 255 {
            let part = rest.prefix(255)
            rest = rest.dropFirst(255)
            let answer = exchange([cla, command.ins, command.p1 | 0x80, command.p2, 0xFF] + part + [0x00])
            guard answer == [0x90, 0x00] else { return answer }
        }
        return exchange([cla, command.ins, command.p1, command.p2, UInt8(rest.count)] + rest + [0x00])
    }
}

enum RulesBytes {
    static func decode(_ hex: String) -> [UInt8] { (try? Hex.decode(hex)) ?? [] }
    /// With a count of one byte before it.
    static func counted(_ hex: String) -> String { UInt8(hex.utf8.count / 2).hex + hex }
    static func tlv(_ tag: String, _ value: String) -> String { tag + measured(value) }
    /// With a length of BER before it.
    static func measured(_ hex: String) -> String {
        let count = hex.utf8.count / 2
        if count < 128 { return UInt8(count).hex + hex }
        if count < 256 { return "81" + UInt8(count).hex + hex }
        return "82" + UInt8(count >> 8).hex + UInt8(count & 0xFF).hex + hex
    }
}

/// Names that the rules speak of.
enum RulesNames {
    static let issuer = "A000000151000000"
    static let domainPackage = "A0000001515350"
    static let domainModule = "A000000151535041"
    static let package = "F052554C4501"
    static let module = "F052554C450101"
    /// Nobody executes instances of this one.
    static let silentModule = "F052554C450102"
    static let library = "F052554C45F0"
    static let user = "F052554C4502"
    static let userModule = "F052554C450201"
    static let first = "F052554C450A01"
    static let second = "F052554C450A02"
    static let third = "F052554C450B03"
    static let domain = "D052554C450A01"
    static let otherDomain = "D052554C450A02"
}

/// A program that uses its domain's secure channel, stores what it is given, and can lock or end the card.
struct RulesProgram: CardProgram {
    func install(_ request: InstallationRequest, in context: ApplicationContext) throws(Refusal) {
        if request.parameters.first == 0xEE { throw .incorrectData }
        try context.create(1, byteCount: 16)
    }

    func process(_ command: CommandAPDU, in context: ApplicationContext) throws(Refusal) -> ResponseAPDU {
        switch command.ins {
        case 0x50, 0x82: return try context.processSecurity(command)
        case 0x10: return ResponseAPDU(data: context.read(1) ?? [])
        case 0x12: try context.create(UInt16(command.p2), byteCount: Int(command.p1) * 64)
        case 0x14: context.delete(UInt16(command.p2))
        case 0x16: try context.lockCard()
        case 0x18: try context.terminateCard()
        case 0x1A: try context.setLifeCycle(ApplicationLifeCycle(rawValue: command.p1))
        default: throw .instructionNotSupported
        }
        return ResponseAPDU()
    }

    func storeData(_ command: CommandAPDU, in context: ApplicationContext) throws(Refusal) -> [UInt8] {
        try context.write(Array(command.data.prefix(16)), to: 1)
        return []
    }
}
