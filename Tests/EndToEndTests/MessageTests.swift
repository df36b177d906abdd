internal import CardCrypto
internal import CardManagement
internal import GlobalPlatform
internal import SmartCard
internal import Testing
internal import VirtualCard

@Suite("Orders as messages")
struct MessageTests {
    private static let levels: [SecurityLevel] = [
        .commandMAC, [.commandMAC, .commandEncryption], [.commandMAC, .responseMAC],
        [.commandMAC, .commandEncryption, .responseMAC, .responseEncryption],
    ]

    /// A link with a session that was computed ahead, whose opening is still to be sent.
    private func link(
        _ reader: any CardChannel, _ card: VirtualCard, _ level: SecurityLevel,
        willSend: @escaping () -> Bool = { true }, settled: @escaping (AheadOutcome) -> Void = { _ in }
    ) throws -> CardLink {
        let link = CardLink(reader)
        link.sendsMessages = true
        let identity = try link.run(IdentifyCard())
        let counter = UInt32(bigEndianBytes: try #require(identity.sequenceCounter)) + 1
        let keys = try Bench.keys()(KeyRequest(algorithm: .aes, version: 0x30, diversificationData: []))
        let session = try PrecomputedSession(
            .init(
                keys: keys, secureChannel: SecureChannelProtocol(.scp03, options: 0x70),
                sequenceCounter: counter,
                application: try #require(identity.issuerDomain)),
            Handshake.Wish(hostChallenge: .init(repeating: 3, count: 8), level: level))
        link.open(ahead: session, willSend: willSend, settled: settled)
        return link
    }

    /// INSTALL of a domain with so many bytes of parameters: above 255 it goes out in parts.
    private func install(parameterBytes: Int) throws -> CommandAPDU {
        InstallCommand.install(
            .init(
                loadFile: try AID(hex: "A0000001515350"), module: try AID(hex: "A000000151535041"),
                instance: try AID(hex: "A0000001515344"), privileges: .securityDomain,
                parameters: InstallParameters(application: .init(repeating: 0x42, count: parameterBytes))),
            makeSelectable: true
        ).command()
    }

    @Test(
        "a command in parts travels with the opening, and is answered as step by step, as is what follows",
        arguments: levels)
    func chained(level: SecurityLevel) throws {
        let card = try Bench.card("javacard-80k-predictable")
        let link = try link(TestReader(card), card, level)
        let trips = link.roundTripCount
        let commands: [CommandAPDU] = [
            try install(parameterBytes: 400), .getData(.keyInformationTemplate), .getStatus(.applications),
        ]
        let answers = try link.send(message: commands)
        // The card takes no parameters of that length, which it says once it has all parts; the rest is as ever.
        let stepwise = try Bench.open(TestReader(Bench.card("javacard-80k-predictable")), level: level)
        #expect(try answers.map(\.status) == commands.map { try stepwise.send($0).status })
        #expect(answers.map(\.status) == [0x6A80, 0x9000, 0x6A88])
        #expect(link.commandCount > trips + 5)
        #expect(link.roundTripCount == trips + 1)
        #expect(try KeyTemplate.read(answers[1].data).count == 3)
        // The session goes on, step by step or in messages.
        link.sendsMessages = false
        #expect(try link.send(.getData(.keyInformationTemplate)) == answers[1])
    }

    /// Gives fewer answers than it got commands.
    private final class Forgetful: CardChannel {
        let reader: TestReader
        var keeps = Int.max
        init(_ reader: TestReader) { self.reader = reader }
        var answerToReset: [UInt8] { reader.answerToReset }
        func transmit(_ command: [UInt8]) throws(CardChannelError) -> [UInt8] { try reader.transmit(command) }
        func reset() throws(CardChannelError) { try reader.reset() }
        func exchange(message: [CommandAPDU]) throws(CardChannelError) -> [ResponseAPDU] {
            let answers = try message.map { (command) throws(CardChannelError) in try reader.exchange(command)
            }
            return Array(answers.prefix(keeps))
        }
    }

    @Test("a message with too few answers ends the session, and none of them is believed", arguments: 0..<4)
    func fewer(count: Int) throws {
        let card = try Bench.card("javacard-80k-predictable")
        let channel = Forgetful(TestReader(card))
        var outcomes = 0
        let link = try link(channel, card, .commandMAC, settled: { _ in outcomes += 1 })
        channel.keeps = count
        #expect(throws: LinkError.self) {
            try link.send(message: [.getData(.keyInformationTemplate), .getStatus(.applications)])
        }
        #expect(link.peer == nil && outcomes == 0)
    }

    @Test("nothing is sent where the try could not be booked")
    func unbooked() throws {
        let card = try Bench.card("javacard-80k-predictable")
        let reader = TestReader(card)
        let link = try link(reader, card, .commandMAC, willSend: { false })
        let count = reader.exchangeCount
        #expect(throws: LinkError.stopped) { try link.send(.getData(.keyInformationTemplate)) }
        #expect(reader.exchangeCount == count)
    }

    @Test("an answer that is not authentic ends the session", arguments: levels.suffix(2))
    func forged(level: SecurityLevel) throws {
        let card = try Bench.card("javacard-80k-predictable")
        let link = try link(TestReader(card), card, level)
        _ = try link.send(message: [])
        // The card was given a command that this side knows nothing of, so that its chain is another.
        let other = try #require(
            try link.withSession { session throws(LinkError) in try? session.wrap(.getStatus(.applications)) }
        )
        _ = card.process(other.bytes)
        _ = card.process(other.bytes)
        #expect(throws: LinkError.self) {
            let answers = try link.send(message: [.getData(.keyInformationTemplate)])
            try #require(answers[0].status.isSuccess == false)
            throw LinkError.stopped
        }
    }
}
