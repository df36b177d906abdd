internal import CardCrypto
internal import CardManagement
internal import GlobalPlatform
internal import SmartCard
internal import TestSupport
internal import Testing
internal import VirtualCard

@Suite("Install in ways of its own")
struct OtherInstallTests {
    private static let levels: [SecurityLevel] = [
        .commandMAC, [.commandMAC, .commandEncryption],
        [.commandMAC, .commandEncryption, .responseMAC, .responseEncryption],
    ]

    @Test("INSTALL [for load, install and make selectable] is one process (GPCS 2.3.1 §11.5.2.2)")
    func combined() throws {
        let file = try Bench.suite()
        let applet = try #require(file.applets.first).aid
        let reader = TestReader(try Bench.card("javacard-80k"))
        let link = try Bench.open(reader)
        let begin = InstallCommand.combinedBegin(.init(loadFile: file.loadFile.aid, securityDomain: nil))
        let end = InstallCommand.combinedEnd(
            .init(loadFile: file.loadFile.aid, module: applet, instance: applet))
        let loads = try #require(
            LoadCommand.commands(
                loadFile: SignedLoadFile(dataBlock: file.loadFileDataBlock()).encoded,
                blockBytesMax: link.commandDataMax))
        for command in [begin.command()] + loads {
            #expect(try link.send(command).status == .success)
            // Nothing is there before the last command.
            #expect(try link.run(ReadContents(scopes: [.loadFiles])).loadFile(file.loadFile.aid) == nil)
        }
        #expect(try link.send(end.command()).status == .success)
        let contents = try link.run(ReadContents())
        #expect(contents.loadFile(file.loadFile.aid) != nil)
        #expect(
            contents.application(applet).map { ApplicationLifeCycle(rawValue: $0.lifeCycle) } == .selectable)
    }

    private static func extendedCard() throws -> VirtualCard {
        let text = try #require(CardProfile.builtIn("javacard-80k")).text
        let profile = try CardProfile(
            text: text.replacing("extended-length = no", with: "extended-length = yes"))
        return VirtualCard(
            profile: profile,
            environment: CardEnvironment(channels: StandardChannels(), authority: StandardAuthority()),
            entropy: SeededEntropy(seed: [1]))
    }

    @Test("extended LOAD commands take fewer exchanges, secured at any level", arguments: levels)
    func extended(level: SecurityLevel) throws {
        let file = try Bench.suite(codeBytes: 6_000)
        let short = TestReader(try Self.extendedCard())
        _ = try Bench.install(file, Bench.open(short, level: level))
        let long = TestReader(try Self.extendedCard())
        let link = try Bench.open(long, level: level)
        let load = InstallProcedure.Load(
            securityDomain: nil, loadFile: SignedLoadFile(dataBlock: file.loadFileDataBlock()).encoded)
        let contents = try link.run(ReadContents())
        let procedure = try #require(
            InstallProcedure(
                plan: InstallPlan(Bench.request(file), on: contents), package: file.loadFile.aid, load: load,
                domain: nil, blockBytesMax: link.commandDataMax(lengthMax: 2_048)))
        _ = try link.run(procedure)
        #expect(long.exchangeCount < short.exchangeCount - 20)
        #expect(long.card.freeMemory == short.card.freeMemory)
        #expect(try link.run(ReadContents()).applications.count == 2)
    }

    @Test("a card without extended length refuses it with 6700, and is left as it was")
    func notExtended() throws {
        let file = try Bench.suite(codeBytes: 6_000)
        let link = try Bench.open(TestReader(try Bench.card("javacard-80k")))
        let load = InstallProcedure.Load(
            securityDomain: nil, loadFile: SignedLoadFile(dataBlock: file.loadFileDataBlock()).encoded)
        let contents = try link.run(ReadContents())
        let procedure = try #require(
            InstallProcedure(
                plan: InstallPlan(Bench.request(file), on: contents), package: file.loadFile.aid, load: load,
                domain: nil, blockBytesMax: 2_000))
        #expect {
            _ = try link.run(procedure)
        } throws: { error in
            guard case LinkError.procedure(.refused(let command, 0x6700)) = error else { return false }
            return command.ins == Instruction.load
        }
    }

    @Test("b8 of P1 is only set in commands that chain by it", arguments: [true, false])
    func longStoreData(isSecured: Bool) throws {
        let reader = RecordingChannel()
        let link = CardLink(reader)
        if isSecured {
            // A session of its own: the recorder answers 9000 to everything.
            let card = TestReader(try Bench.card("javacard-80k"))
            reader.forward = card
            _ = try link.send(.select(nil))
            try link.authenticate(
                .init(hostChallenge: .init(repeating: 1, count: 8), level: .commandMAC), keys: Bench.keys())
            reader.forward = nil
        }
        reader.commands = []
        let data = [UInt8](repeating: 0x5A, count: 600)
        _ = try link.send(CommandAPDU(0x80, Instruction.storeData, 0x00, 0x00, data: data))
        #expect(reader.commands.count == 1)
        #expect(reader.commands.first?[2] == 0x00)
        #expect(reader.commands.first.map { $0.count > 600 } == true)
        reader.commands = []
        _ = try link.send(CommandAPDU(0x80, Instruction.putKey, 0x00, 0x81, data: data))
        #expect(reader.commands.count == 3)
        #expect(reader.commands.map { $0[2] } == [0x80, 0x80, 0x00])
    }
}

/// Keeps what was sent; passes it on, or answers 9000.
private final class RecordingChannel: CardChannel {
    var forward: TestReader?
    var commands: [[UInt8]] = []
    var answerToReset: [UInt8] { [] }

    func transmit(_ command: [UInt8]) throws(CardChannelError) -> [UInt8] {
        commands.append(command)
        return try forward?.transmit(command) ?? [0x90, 0x00]
    }
    func reset() throws(CardChannelError) {}
}

@Suite("Cards that do not count commands without data")
struct UncountedCommandTests {
    private static func statuses(cardCounts: Bool, hostCounts: Bool) throws -> [StatusWord] {
        let card = VirtualCard(
            profile: try #require(CardProfile.builtIn("javacard-80k")),
            environment: CardEnvironment(
                channels: StandardChannels(countsEmptyCommands: cardCounts), authority: StandardAuthority()),
            entropy: SeededEntropy(seed: [1]))
        let link = CardLink(TestReader(card))
        _ = try link.send(.select(nil))
        try link.authenticate(
            .init(
                hostChallenge: .init(repeating: 1, count: 8), level: [.commandMAC, .commandEncryption],
                quirks: ChannelQuirks(isEmptyCommandUncounted: !hostCounts)), keys: Bench.keys())
        return try [
            CommandAPDU.getStatus(.issuerDomain), .getData(.keyInformationTemplate),
            .getStatus(.issuerDomain),
        ].map { try link.send($0).status }
    }

    @Test("they are understood with the quirk, and only with it", arguments: [true, false])
    func both(cardCounts: Bool) throws {
        #expect(
            try Self.statuses(cardCounts: cardCounts, hostCounts: cardCounts) == [
                .success, .success, .success,
            ])
        let wrong = try Self.statuses(cardCounts: cardCounts, hostCounts: !cardCounts)
        #expect(wrong.prefix(2) == [.success, .success] && !wrong[2].isSuccess)
    }
}
