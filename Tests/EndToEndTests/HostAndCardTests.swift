internal import CardCrypto
internal import CardManagement
internal import GlobalPlatform
internal import SmartCard
internal import TestSupport
internal import Testing
internal import VirtualCard

@Suite("The host and the card together")
struct HostAndCardTests {
    @Test(
        "every profile is identified, listed and changed at every level it offers", .mission(.b7),
        .mission(.b9), .mission(.c6), .mission(.c7), arguments: Bench.profiles)
    func everyProfile(profile: String) throws {
        let levels: [SecurityLevel] = [
            .authenticatedOnly, .commandMAC, [.commandMAC, .commandEncryption], [.commandMAC, .responseMAC],
            [.commandMAC, .commandEncryption, .responseMAC],
            [.commandMAC, .commandEncryption, .responseMAC, .responseEncryption],
        ]
        let file = try Bench.suite()
        var opened = 0
        for level in levels {
            let reader = TestReader(try Bench.card(profile))
            let link: CardLink
            do {
                link = try Bench.open(reader, level: level)
            } catch LinkError.handshake(.levelNotOffered) {
                continue
            }
            opened += 1
            // GPCS 2.3.1 table 11-2: content management needs a C-MAC.
            guard level.contains(.commandMAC) else { continue }
            _ = try Bench.install(file, link)
            let contents = try link.run(ReadContents())
            #expect(contents.applications.map(\.aid).sorted() == file.applets.map(\.aid).sorted())
            #expect(contents.loadFile(file.loadFile.aid)?.modules.count == 2)
            _ = try link.run(DeleteProcedure(file.loadFile.aid, withRelated: true, contents: contents))
            #expect(try link.run(ReadContents()).applications.isEmpty)
        }
        #expect(opened >= 2)
    }

    @Test(
        "an installation interrupted at any command goes on and ends, and nothing is deleted by hand",
        .mission(.point5), arguments: [false, true])
    func interrupted(isCarriedOut: Bool) throws {
        let file = try Bench.suite(codeBytes: 900)
        let whole = TestReader(try Bench.card("javacard-80k"))
        let opened = try Bench.open(whole)
        let freeBefore = whole.card.freeMemory
        _ = try Bench.install(file, opened)
        let used = freeBefore.nonVolatile - whole.card.freeMemory.nonVolatile
        for exchange in 0..<whole.exchangeCount {
            let reader = TestReader(try Bench.card("javacard-80k"))
            reader.pull = (exchange, isCarriedOut)
            #expect(throws: LinkError.self) { _ = try Bench.install(file, Bench.open(reader)) }
            reader.insert()
            let link = try Bench.open(reader, challenge: 9)
            _ = try Bench.install(file, link)
            let contents = try link.run(ReadContents())
            #expect(contents.applications.count == 2, "pulled at \(exchange)")
            #expect(
                freeBefore.nonVolatile - reader.card.freeMemory.nonVolatile == used, "pulled at \(exchange)")
        }
    }

    @Test("a card that has no room is found out before the first byte", .mission(.point3))
    func noRoom() throws {
        let reader = TestReader(try Bench.card("small-16k"))
        let link = try Bench.open(reader)
        let contents = try link.run(ReadContents())
        let plan = InstallPlan(Bench.request(try Bench.suite(codeBytes: 30_000)), on: contents)
        #expect(plan.obstacles.contains { if case .notEnoughRoom = $0 { true } else { false } })
    }

    @Test("wrong keys are found out before anything is sent that the card counts")
    func wrongKeys() throws {
        let reader = TestReader(try Bench.card("javacard-80k"))
        #expect(throws: LinkError.handshake(.cardCryptogramMismatch(keyVersion: 0xFF))) {
            _ = try Bench.open(reader, keys: Bench.keys([UInt8](repeating: 1, count: 16)))
        }
        _ = try Bench.open(reader)
    }

    @Test("the pseudo-random challenge names the selected domain, also where the keys are its parent's")
    func challengeOfDomainWithoutKeys() throws {
        let reader = TestReader(try Bench.card("javacard-80k-predictable"))
        let link = try Bench.open(reader)
        let name = try AID(hex: "F0426572740A01")
        let package = try AID(hex: "A0000001515350")
        let domain = InstallCommand.Install(
            loadFile: package, module: try AID(hex: "A000000151535041"), instance: name,
            privileges: .securityDomain)
        let install = InstallCommand.install(domain, makeSelectable: true).command()
        let installed = try link.send(install)
        try #require(installed.status.isSuccess)
        let counter = UInt32(bigEndianBytes: try link.send(.getData(.sequenceCounter)).data.suffix(3)) + 1
        try #require(try CardLink(reader).send(.select(name)).status.isSuccess)
        let keys = try Bench.keys()(KeyRequest(algorithm: .aes, version: 0x30, diversificationData: []))
        let channel = SecureChannelProtocol(.scp03, options: 0x70)
        var session = try PrecomputedSession(
            .init(keys: keys, secureChannel: channel, sequenceCounter: counter, application: name),
            Handshake.Wish(hostChallenge: .init(repeating: 3, count: 8), level: .commandMAC))
        let steps = try session.wholeScript([]).map { try session.received(try reader.exchange($0)) }
        #expect(steps == [.cardProved, .established])
    }

    @Test("with the pseudo-random challenge a whole session is made before anything is sent")
    func aheadOfTime() throws {
        let card = try Bench.card("javacard-80k-predictable")
        let reader = TestReader(card)
        let link = CardLink(reader)
        let identity = try link.run(IdentifyCard())
        let counter = UInt32(bigEndianBytes: try #require(identity.sequenceCounter)) + 1
        let channel = try #require(identity.secureChannels.first { $0.version == .scp03 })
        let version = try #require(identity.keys.first).version
        let keys = try Bench.keys()(KeyRequest(algorithm: .aes, version: version, diversificationData: []))
        var session = try PrecomputedSession(
            .init(
                keys: keys, secureChannel: channel, sequenceCounter: counter,
                application: try #require(identity.issuerDomain)),
            Handshake.Wish(
                hostChallenge: .init(repeating: 3, count: 8),
                level: [.commandMAC, .commandEncryption, .responseMAC, .responseEncryption]))
        let script: [CommandAPDU] = [.getStatus(.applications), .getData(.keyInformationTemplate)]
        let message = try session.wholeScript(script)
        #expect(message.count == 4)
        var steps: [PrecomputedSession.Step] = []
        for command in message { steps.append(try session.received(try reader.exchange(command))) }
        #expect(steps.prefix(2) == [.cardProved, .established])
        guard case .answer(let keysAnswer) = try #require(steps.last) else {
            Issue.record("no answer")
            return
        }
        #expect(try KeyTemplate.read(keysAnswer.data).count == 3)
    }
}
