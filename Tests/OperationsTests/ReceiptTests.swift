import CardCrypto
import CardManagement
import Centre
import GlobalPlatform
import SmartCard
import TestSupport
import Testing
import VirtualCard

@Suite("Receipts of delegated management")
struct ReceiptTests {
    private static let domain =
        (try? AID([0xF0, 0x42, 0x61, 0x6E, 0x6B, 0x02])) ?? ExampleApplication.purse.loadFile
    private static let key = Secret([UInt8](0x40...0x4F))

    /// A provider's unit with delegated management, beside the centre: what it does the card signs for.
    private final class Unit {
        let card: VirtualCard
        let link: CardLink
        private let issuer: AID

        init(_ card: VirtualCard) throws {
            self.card = card
            card.powerOn()
            link = CardLink(TestChannel(card))
            issuer = try #require(try link.run(IdentifyCard()).issuerDomain)
        }

        /// Keys for tokens and receipts, and a domain that may do with tokens what the issuer's may.
        func prepare() throws {
            try open(issuer)
            for version: UInt8 in [0x70, 0x71] {
                let put = try PutKey([NewKey(.aes(key), hasZeroCheckBlock: false)], version: version)
                let command = try link.withSession { session throws(LinkError) -> CommandAPDU? in
                    try? put.command(for: session)
                }
                try must(try #require(command))
            }
            let install = InstallCommand.Install(
                loadFile: WellKnownAID.securityDomainPackage, module: WellKnownAID.securityDomainModule,
                instance: domain, privileges: [.securityDomain, .delegatedManagement])
            try must(InstallCommand.install(install, makeSelectable: true).command())
            try open(domain)
            try must(CommandAPDU(0x80, 0xF0, 0x40, 0x0F, data: domain.bytes))
        }

        func open(_ application: AID) throws {
            card.powerOn()
            _ = try link.send(.select(application))
            try link.authenticate(
                Handshake.Wish(
                    hostChallenge: .init(repeating: 7, count: 8), level: .commandMAC,
                    scp02Options: SCP02Options(rawValue: 0x15), application: application),
                keys: KeySource(.one(key)).provider)
        }

        @discardableResult
        func must(_ command: CommandAPDU) throws -> [UInt8] {
            let answer = try link.send(command)
            try #require(answer.status.isSuccess, "\(command): \(answer.status)")
            return answer.data
        }

        func send(_ operation: DelegatedOperation) throws -> [UInt8] {
            try must(operation.command(token: try operation.token(signedBy: .aes(key))))
        }

        /// Loads and installs the pass; the card's answers to both.
        func install(_ example: ExampleApplication) throws -> (load: [UInt8], install: [UInt8]) {
            try open(domain)
            let block = try VisitBench.block(example)
            _ = try send(
                .install(
                    .load(
                        .init(
                            loadFile: example.loadFile, securityDomain: domain,
                            hash: Digest.sha256.hash(block)))))
            let commands = try #require(
                LoadCommand.commands(
                    loadFile: SignedLoadFile(dataBlock: block).encoded, blockBytesMax: link.commandDataMax))
            var load: [UInt8] = []
            for command in commands { load = try must(command) }
            let install = try send(
                .install(
                    .install(
                        .init(loadFile: example.loadFile, module: example.module, instance: example.module),
                        makeSelectable: true)))
            return (load, install)
        }
    }

    private static func prepared() throws -> (bench: DeskBench, card: VirtualCard, id: CardID, unit: Unit) {
        let bench = try DeskBench()
        let (card, id) = try bench.makeCard("javacard-80k")
        let unit = try Unit(card)
        try unit.prepare()
        // The first set of other keys takes the factory's place in nothing: the card still opens as registered.
        try bench.visit(card, id)
        return (bench, card, id, unit)
    }

    private static let load = ReceiptSubject.load(loadFile: ExampleApplication.pass.loadFile, domain: domain)
    private static let install = ReceiptSubject.install(
        loadFile: ExampleApplication.pass.loadFile, instance: ExampleApplication.pass.module)

    private static func take(
        _ bench: DeskBench, _ data: [UInt8], _ subject: ReceiptSubject, _ id: CardID
    ) throws -> ReceiptLedger.Verdict {
        let vault = bench.vault
        return try bench.act {
            try $0.takeReceipt(data, of: subject, on: id, DeskBench.Models(), vault: vault)
        }
    }

    private static func kept(_ bench: DeskBench, _ id: CardID) throws -> [KeptConfirmation] {
        try bench.store.read { try $0.all(KeptConfirmation.self, key: .text(id.text)) }
    }

    @Test(
        "receipts are verified and kept, and the register knows at once what they are about",
        .mission(.a4), .mission(.c10))
    func taken() throws {
        let (bench, card, id, unit) = try Self.prepared()
        let (load, install) = try unit.install(.pass)
        #expect(try Self.take(bench, load, Self.load, id) == .first)
        #expect(try Self.take(bench, install, Self.install, id) == .next)
        let dossier = try bench.record(id)
        #expect(dossier.loadFile(ExampleApplication.pass.loadFile)?.domain == Self.domain)
        #expect(dossier.application(ExampleApplication.pass.module)?.release == VisitBench.id(.pass))
        let kept = try Self.kept(bench, id)
        #expect(kept.map(\.counter) == [0, 1])
        #expect(kept.allSatisfy { $0.isProved && ($0.data == load || $0.data == install) })
        // The same receipt again has no second effect.
        #expect(try Self.take(bench, install, Self.install, id) == .repeated)
        #expect(try Self.kept(bench, id).count == 2)
        try bench.visit(card, id)
        #expect(try bench.record(id).card.inventory?.drift == nil)
        #expect(try bench.act { try $0.missingReceipts(of: id) }.isEmpty)
    }

    @Test(
        "a receipt for something else, or that somebody changed, is refused and leaves nothing", .mission(.a4)
    )
    func forged() throws {
        let (bench, _, id, unit) = try Self.prepared()
        let (load, install) = try unit.install(.pass)
        #expect(throws: ReceiptRefusal.notProved(Self.install)) {
            _ = try Self.take(bench, load, Self.install, id)
        }
        for index in install.indices {
            var changed = install
            changed[index] ^= 0x01
            #expect(throws: ReceiptRefusal.self, "byte \(index)") {
                _ = try Self.take(bench, changed, Self.install, id)
            }
        }
        #expect(throws: ReceiptRefusal.none) { _ = try Self.take(bench, [0x00], Self.load, id) }
        #expect(try Self.kept(bench, id).isEmpty)
        #expect(try bench.record(id).application(ExampleApplication.pass.module) == nil)
    }

    @Test(
        "a receipt that never came is missed, by the next one or by the card's own counter, and asked for again"
    )
    func missing() throws {
        let (bench, card, id, unit) = try Self.prepared()
        let (load, install) = try unit.install(.pass)
        #expect(try Self.take(bench, load, Self.load, id) == .first)
        // The second is lost on the way; the card says at its next visit how many it made.
        try bench.visit(card, id)
        #expect(try bench.act { try $0.missingReceipts(of: id) } == [1...1])
        #expect(try bench.events().contains("card.receipts-missing"))
        // Whoever has it is asked, and sends it again.
        #expect(try Self.take(bench, install, Self.install, id) == .late)
        #expect(try bench.act { try $0.missingReceipts(of: id) }.isEmpty)
        #expect(try Self.kept(bench, id).count == 2)

        try unit.open(Self.domain)
        let gone = try unit.send(.delete(ExampleApplication.pass.module, withRelated: false))
        let code = try unit.send(.delete(ExampleApplication.pass.loadFile, withRelated: false))
        #expect(
            try Self.take(bench, code, .delete(ExampleApplication.pass.loadFile), id) == .gap(2...2))
        #expect(try bench.act { try $0.missingReceipts(of: id) } == [2...2])
        #expect(try Self.take(bench, gone, .delete(ExampleApplication.pass.module), id) == .late)
        try bench.visit(card, id)
        #expect(try bench.act { try $0.missingReceipts(of: id) }.isEmpty)
        #expect(try bench.record(id).card.inventory?.drift == nil)
    }
}
