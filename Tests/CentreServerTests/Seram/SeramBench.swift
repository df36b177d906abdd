import CardCrypto
import CardManagement
import Centre
import CentreServer
import Foundation
import GlobalPlatform
import SmartCard
import Storage
import Synchronization
import Testing
import VirtualCard
import Wire

/// A centre whose cards come through the service of GP SERAM, put to it as requests.
final class SeramBench {
    struct Models: CardModels {
        func model(of profile: ProfileName) -> CardModel? {
            CardProfile.builtIn(profile.text).map { built in
                CardModel(
                    profile: profile,
                    total: Room(
                        nonVolatile: built.memory.nonVolatileBytes, volatile: built.memory.volatileBytes),
                    blockBytes: built.memory.blockBytes, hasQuotas: built.memory.hasQuotas)
            }
        }

        func channelOptions(of profile: ProfileName, _ channel: Card.KeySet.Channel) -> UInt8? {
            guard let built = CardProfile.builtIn(profile.text) else { return nil }
            return switch channel {
            case .scp02: built.scp02Options
            case .scp03: built.scp03Options
            }
        }
    }

    /// Remembers what rang.
    final class Bells: Bell {
        private let all = Mutex<[Topic]>([])
        var rung: [Topic] { all.withLock { $0 } }
        func ring(_ topics: [Topic]) { all.withLock { $0 += topics } }
    }

    let store: SQLiteStore
    let vault: SoftwareVault
    let clock: ManualClock
    private let time: any WallClock
    private let bell: any Bell
    let bells = Bells()
    private(set) var node: Node
    private(set) var service: SeramService
    /// What the node asked the store.
    let asked: AskCountingStore
    private var nodes: UInt8 = 0
    /// Who asks, by the token in the request.
    static let tokens = ["one": "t1", "two": "t2"]

    /// A bench behind a real server has the real time and that server's bell.
    init(time: (any WallClock)? = nil, bell: (any Bell)? = nil) throws {
        clock = ManualClock(Instant(milliseconds: 1_795_000_000_000))
        self.time = time ?? clock
        self.bell = bell ?? bells
        store = try SQLiteStore(.memory, mode: .direct)
        try store.migrate(to: .current)
        var contents = VaultContents(wrappingKey: Secret([UInt8](repeating: 9, count: 32)), at: self.time.now)
        for (name, algorithm) in [("aes", CardKeys.Algorithm.aes), ("des", .tripleDES)] {
            try contents.add(
                .init(
                    MasterKeyName(name), algorithm, material: [Secret(0x40...0x4F)], diversification: "none",
                    createdAt: self.time.now))
        }
        vault = SoftwareVault(inMemory: contents, entropy: SeededEntropy(seed: [2]))
        asked = AskCountingStore(store)
        (node, service) = Self.made(asked, vault, self.time, self.bell, seed: 0)
        try fillCatalogue()
    }

    /// The node dies and another takes its place: nothing of its memory is left.
    func restart() {
        nodes += 1
        (node, service) = Self.made(asked, vault, time, bell, seed: nodes)
    }

    private static func made(
        _ store: any Store, _ vault: SoftwareVault, _ clock: any WallClock, _ bells: any Bell, seed: UInt8
    ) -> (Node, SeramService) {
        let desk = ExchangeDesk(
            store: store, vault: vault, models: Models(), clock: clock,
            entropy: SeededEntropy(seed: [3, seed]))
        let node = Node(
            store: store, vault: vault, models: Models(), desk: desk, clock: clock,
            entropy: LockedEntropy(SeededEntropy(seed: [4, seed])), bell: bells)
        let service = SeramService(node: node) { request in
            let token = request.fields["Authorization"].map { String($0.dropFirst(7)) } ?? ""
            if token == "holder", let number = try? HolderNumber("1") { return .holder(number, at: nil) }
            guard let name = tokens[token], let id = try? TerminalID(name) else {
                throw Problem(401, "sign-in", title: "Not signed in", detail: "No such token.")
            }
            return .terminal(id)
        }
        return (node, service)
    }

    func act<Result: Sendable>(_ body: (Act) throws -> Result) throws -> Result {
        let now = time.now
        return try store.write { transaction in
            try body(Act(transaction, now: now, actor: .centre, entropy: SeededEntropy(seed: [7])))
        }
    }

    private static let imports: [ExampleApplication: CAPImport] = {
        var imports: [ExampleApplication: CAPImport] = [:]
        for example in ExampleApplication.allCases { imports[example] = try? CAPImport(example.capFile) }
        return imports
    }()

    private func fillCatalogue() throws {
        try act { act in
            let provider = try ProviderID("berth")
            try act.registerProvider(
                provider, name: "Berth",
                limits: .init(roomPerCard: Room(nonVolatile: 1 << 20, volatile: 1 << 16), cardsMax: 1_000))
            for (example, blocks) in [
                (
                    ExampleApplication.purse,
                    "E11FC1020978C204000186A0C304000186A0C40400000BB8C60101C50431323334"
                ),
                (.loyalty, "E30AC1080102030405060708"),
            ] {
                let application = try ApplicationID(example.rawValue)
                try act.registerApplication(application, name: example.rawValue, provider: provider)
                let caps = try (example.dependencies + [example]).map { try #require(Self.imports[$0]) }
                for cap in caps { try act.keep(cap, for: provider) }
                let release = Release(
                    id: ReleaseID(application, try ReleaseVersion("1.0")), loadFiles: caps.map(\.loadFile),
                    instances: [
                        .init(
                            aid: example.module, module: example.module, loadFile: example.loadFile,
                            declared: Room(nonVolatile: 300))
                    ], personalisation: [try Hex.decode(blocks)], parking: .contract)
                try act.draft(release)
                try act.publish(release.id)
            }
        }
    }

    // MARK: Cards and wishes

    func makeCard(_ profileName: String = "javacard-80k", seed: UInt8 = 1) throws -> (VirtualCard, CardID) {
        let profile = try #require(CardProfile.builtIn(profileName))
        let card = VirtualCard(
            profile: profile,
            environment: CardEnvironment(
                channels: StandardChannels(), authority: StandardAuthority(),
                runtimes: [ExampleApplications.runtime]),
            entropy: SeededEntropy(seed: [seed]))
        card.powerOn()
        let identity = try CardLink(PlainChannel(card)).run(IdentifyCard())
        let isAES = profile.factoryKeys.type == .aes
        let keySet = Card.KeySet(
            masterKey: try MasterKeyName(isAES ? "aes" : "des"), version: profile.factoryKeys.version,
            channel: isAES ? .scp03 : .scp02, isChallengePredictable: profileName.hasSuffix("predictable"))
        let registered = try act { act in
            try act.registerCard(
                CardRegistration(identity: identity, profile: try ProfileName(profileName), keySet: keySet))
        }
        return (card, registered.id)
    }

    @discardableResult
    func wish(_ name: String, _ wishes: [Wish], on id: CardID) throws -> Centre.Operation {
        let plan = try act { try $0.plan(wishes, on: id, Models()) }
        return try node.desk.request(
            RequestID(name), plan, deadline: time.now.advanced(by: .seconds(86_400)), by: .centre)
    }

    func state(_ name: String, on card: CardID) throws -> Centre.Operation.State? {
        try store.read { try $0.find(Operation.self, key: .text(card.text), .text(name)) }?.state
    }

    // MARK: Requests

    func request(
        _ endpoint: String, session: String?, _ body: [UInt8], token: String? = "one",
        method: HTTPMethod = .post, type: String? = "application/json"
    ) -> HTTPRequest {
        var fields: HTTPFields = [:]
        fields["Authorization"] = token.map { "Bearer \($0)" }
        fields["Content-Type"] = type
        return HTTPRequest(
            method, path: "/gp/seram/\(endpoint)", segments: ["gp", "seram", endpoint],
            query: session.map { [.init("sessionId", $0)] } ?? [], fields: fields, body: body,
            peer: Peer(address: "127.0.0.1", isLoopback: true, isEncrypted: false), tag: "r1")
    }

    /// The answer, or nothing where the request would wait.
    func post(_ request: HTTPRequest) -> LocalAgent.Answer? {
        guard case .now(let response) = service.answer(request, since: clock.now) else { return nil }
        guard case .bytes(let body) = response.body else { return .init(status: response.status, body: []) }
        return .init(status: response.status, body: body)
    }

    func agent(
        _ cards: [CardID: VirtualCard], session: String = "s1", token: String = "one",
        onCommand: @escaping (Int) -> Bool = { _ in true }
    ) -> LocalAgent {
        var count = 0
        return LocalAgent(
            sessionID: session, cards: cards.keys.map(\.text).sorted(),
            post: { endpoint, session, body in
                self.post(self.request(endpoint, session: session, body, token: token))
            },
            transmit: { name, command in
                guard let id = try? CardID(name), let card = cards[id] else { return nil }
                count += 1
                guard onCommand(count) else {
                    card.powerOff()
                    return nil
                }
                let answer = card.process(command)
                return answer.isEmpty ? nil : answer
            })
    }

    /// From power on until nothing more comes or the session is over.
    func run(_ agent: LocalAgent, _ cards: [VirtualCard], turnsMax: Int = 60) throws {
        for card in cards { card.powerOn() }
        try agent.shakeHands()
        for _ in 0..<turnsMax where try !agent.turn() { return }
        Issue.record("the session goes on without end")
    }
}

/// One source for many threads.
final class LockedEntropy: EntropySource, Sendable {
    private let source: Mutex<SeededEntropy>
    init(_ source: sending SeededEntropy) { self.source = Mutex(source) }
    func bytes(_ count: Int) -> [UInt8] { source.withLock { $0.bytes(count) } }
}

/// The way to a virtual card in this process.
final class PlainChannel: CardChannel {
    private let card: VirtualCard

    init(_ card: VirtualCard) { self.card = card }

    var answerToReset: [UInt8] { [] }

    func transmit(_ command: [UInt8]) throws(CardChannelError) -> [UInt8] {
        let answer = card.process(command)
        guard !answer.isEmpty else { throw CardChannelError(.cardRemoved, "The card has no power.") }
        return answer
    }

    func reset() throws(CardChannelError) { card.reset() }
}
