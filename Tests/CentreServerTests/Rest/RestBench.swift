import CardCrypto
import CardManagement
import Centre
import CentreServer
import GlobalPlatform
import JSON
import SmartCard
import Storage
import Synchronization
import Testing
import VirtualCard
import Wire

/// Remembers who was woken.
final class RecordingBell: Bell {
    private let topics = Mutex<[Topic]>([])

    var rung: [Topic] { topics.withLock { $0 } }
    func ring(_ topics: [Topic]) { self.topics.withLock { $0 += topics } }
}

/// Facts of the built-in profiles.
struct BenchModels: CardModels {
    func model(of profile: ProfileName) -> CardModel? {
        CardProfile.builtIn(profile.text).map { built in
            CardModel(
                profile: profile,
                total: Room(nonVolatile: built.memory.nonVolatileBytes, volatile: built.memory.volatileBytes),
                blockBytes: built.memory.blockBytes)
        }
    }

    func channelOptions(of profile: ProfileName, _ channel: Card.KeySet.Channel) -> UInt8? {
        CardProfile.builtIn(profile.text)?.scp03Options
    }
}

/// What came back.
struct Reply {
    let response: HTTPResponse

    var status: Int { response.status }
    var bytes: [UInt8] { if case .bytes(let bytes) = response.body { bytes } else { [] } }
    var text: String { String(decoding: bytes, as: UTF8.self) }
    var json: JSONValue { (try? JSONValue(decoding: bytes)) ?? .null }
    var code: String? { json["code"]?.stringValue }
    var tag: String? { response.fields["ETag"] }
}

/// Two tenants, each with an application, a card, a holder and a terminal, in a real store behind the real service.
final class RestBench {
    /// Everything of one tenant.
    struct Tenant {
        let provider: String
        let application: String
        let card: String
        let holder: String
        let terminal: String
        let aid: String
        let name: String
    }

    static let city = Tenant(
        provider: "city", application: "purse", card: "42ABCDEF-01", holder: "10001", terminal: "lobby",
        aid: "A00000032101", name: "Ada Lovelace")
    static let rail = Tenant(
        provider: "rail", application: "pass", card: "42ABCDEF-02", holder: "20002", terminal: "depot",
        aid: "A00000065401", name: "Emmy Noether")
    static let password = "correct horse battery"
    static let peer = Peer(address: "203.0.113.7", isLoopback: false, isEncrypted: true)

    let store: any Store
    let clock = ManualClock(Instant(milliseconds: 1_795_261_043_000))
    let bell = RecordingBell()
    let node: Node
    let signIn: SignIn
    let service: RestService
    private var count = 0

    init(
        openID: OpenID? = nil, store: (any Store)? = nil,
        work: @escaping PasswordVerifier.Work = PasswordVerifier.scrypt
    ) throws {
        if let store {
            self.store = store
        } else {
            let memory = try SQLiteStore(.memory, mode: .direct)
            try memory.migrate(to: .current)
            self.store = memory
        }
        var contents = VaultContents(wrappingKey: Secret([UInt8](repeating: 9, count: 32)), at: clock.now)
        try contents.add(
            .init(
                MasterKeyName("batch"), .aes, material: [Secret(0x40...0x4F)], diversification: "none",
                createdAt: clock.now))
        let vault = SoftwareVault(inMemory: contents, entropy: SystemEntropy())
        let desk = ExchangeDesk(
            store: self.store, vault: vault, models: BenchModels(), clock: clock, entropy: SystemEntropy())
        node = Node(
            store: self.store, vault: vault, models: BenchModels(), desk: desk, clock: clock,
            entropy: SystemEntropy(), bell: bell)
        signIn = SignIn(node: node, openID: openID, work: work)
        service = RestService(node: node, signIn: signIn)
        try fill()
    }

    // MARK: What is there

    private func fill() throws {
        let cheap = try KeyDerivation.ScryptCost(workExponent: 1, blockSize: 1, parallelism: 1)
        let verifier = try PasswordVerifier(
            Secret(Array(Self.password.utf8)), entropy: SystemEntropy(), cost: cheap)
        try node.act(by: .centre) { act in
            for (id, role) in [
                ("root", Operator.Role.admin), ("second", .admin), ("olga", .operator), ("anne", .auditor),
            ] {
                _ = try act.registerOperator(OperatorID(id), role, password: verifier)
            }
            for tenant in [Self.city, Self.rail] { try self.add(tenant, verifier, act) }
        }
    }

    private func add(_ tenant: Tenant, _ verifier: PasswordVerifier, _ act: Act) throws {
        let (provider, application) = (
            try ProviderID(tenant.provider), try ApplicationID(tenant.application)
        )
        let (card, holder) = (try CardID(tenant.card), try HolderNumber(tenant.holder))
        try act.registerProvider(
            provider, name: "The \(tenant.provider)",
            limits: .init(roomPerCard: Room(nonVolatile: 1 << 20, volatile: 1 << 16), cardsMax: 1_000))
        try act.registerApplication(application, name: "The \(tenant.application)", provider: provider)
        try act.registerHolder(holder, HolderDetails(name: tenant.name), password: verifier)
        var identity = CardIdentity()
        identity.issuerDomain = try AID(hex: "A000000151000000")
        _ = try act.registerCard(
            CardRegistration(
                identity: identity, profile: try ProfileName("javacard-80k"),
                keySet: Card.KeySet(masterKey: try MasterKeyName("batch"), version: 1, channel: .scp03),
                name: card))
        try act.assignCard(card, to: holder)
        try read(card, act)
        try act.setUse(of: application, by: holder, isUsed: true)
        _ = try act.registerTerminal(TerminalID(tenant.terminal), label: "By the door")
        try act.recordAddress(.terminal(try TerminalID(tenant.terminal)), of: card)
        act.transaction.put(
            Berth(
                card: card, provider: provider, reserved: Room(nonVolatile: 1_024), means: .ledger,
                state: .ready(since: act.now)))
        act.transaction.put(
            InstalledApplication(
                card: card, aid: try AID(hex: tenant.aid), lifeCycle: 7,
                release: ReleaseID(application, try ReleaseVersion("1.0"))))
        try addPlan(on: card, tenant, act)
        try addHoldings(of: tenant, act)
    }

    /// The card was read once.
    private func read(_ id: CardID, _ act: Act) throws {
        guard var card = try act.transaction.find(Card.self, key: .word(id)) else { return }
        card.inventory = Card.Inventory(
            readAt: act.now, lifeCycle: 0x0F, free: Room(nonVolatile: 60_000, volatile: 2_000),
            digest: [UInt8](repeating: 7, count: 32))
        act.transaction.put(card)
    }

    /// An operation that waits, and one that is over.
    private func addPlan(on card: CardID, _ tenant: Tenant, _ act: Act) throws {
        let wish = Wish.park(application: try ApplicationID(tenant.application))
        for (name, state) in [("waits", Operation.State.waiting), ("over", .ended(.done))] {
            act.transaction.put(
                Operation(
                    id: try RequestID(name), card: card, wishes: [wish], steps: [], state: state,
                    requestedAt: act.now, deadline: act.now.advanced(by: .seconds(86_400))))
        }
    }

    /// Somebody's good token.
    func token(_ subject: Credential.Subject, scopes: Scopes = .everything) throws -> String {
        let token = TokenText(node.entropy)
        try node.act(by: .centre) { act in
            try act.issue(
                Credential(
                    id: token.id, kind: .token, subject: subject, digest: token.digest, scopes: scopes.text,
                    label: "test", createdAt: act.now, createdBy: "test",
                    expiresAt: act.now.advanced(by: .seconds(3_600))))
        }
        return token.text
    }

    func token(_ role: Role, of tenant: Tenant = city) throws -> String {
        switch role {
        case .admin: try token(.operator(OperatorID("root")))
        case .operator: try token(.operator(OperatorID("olga")))
        case .auditor: try token(.operator(OperatorID("anne")))
        case .provider: try token(.provider(ProviderID(tenant.provider)))
        case .supplier: try token(.supplier(ProviderID(tenant.provider)))
        case .terminal: try token(.terminal(TerminalID(tenant.terminal)))
        case .holder:
            try token(.holder(HolderNumber(tenant.holder), at: TerminalID(tenant.terminal)))
        }
    }

    // MARK: Audit

    func registersHead() throws -> AuditHead? {
        try store.read { try $0.find(AuditStreamHead.self, key: AuditStream.registers.value)?.head }
    }

    /// A chain as an auditor sees it.
    func audit(_ stream: String, token: String) throws -> [JSONValue] {
        let reply = try ask(.get, "/v1/audit?limit=500&stream=\(stream)", token: token)
        return try #require(reply.json["items"]?.arrayValue)
    }

    // MARK: Asking

    func answer(
        _ method: HTTPMethod, _ path: String, token: String? = nil, body: JSONValue? = nil,
        fields: HTTPFields = [:], peer: Peer = peer, bytes: [UInt8]? = nil, since: Instant? = nil
    ) -> Answer {
        let parts = path.split(separator: "?", maxSplits: 1).map(String.init)
        var fields = fields
        if let token { fields["Authorization"] = "Bearer \(token)" }
        if body != nil, fields["Content-Type"] == nil { fields["Content-Type"] = "application/json" }
        let query = (parts.count > 1 ? parts[1].split(separator: "&") : []).map { item in
            let pair = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return HTTPRequest.QueryItem(String(pair[0]), pair.count > 1 ? String(pair[1]) : "")
        }
        count += 1
        let request = HTTPRequest(
            method, path: parts[0], segments: parts[0].split(separator: "/").map(String.init), query: query,
            fields: fields, body: bytes ?? body?.encoded() ?? [], peer: peer, tag: "r\(count)")
        return service.answer(request, since: since ?? clock.now)
    }

    func ask(
        _ method: HTTPMethod, _ path: String, token: String? = nil, body: JSONValue? = nil,
        fields: HTTPFields = [:], peer: Peer = peer, bytes: [UInt8]? = nil
    ) throws -> Reply {
        let answer = answer(
            method, path, token: token, body: body, fields: fields, peer: peer, bytes: bytes)
        guard case .now(let response) = answer else {
            throw Problem(500, "waits", title: "It waits.", detail: path)
        }
        return Reply(response: response)
    }
}
