import CardCrypto
import Centre
import CentreServer
import JSON
import SmartCard
import Storage
import Synchronization
import Testing
import Wire

/// Keeps what was sent, and answers as it was told.
final class RecordingCarrier: WebhookCarrier {
    private struct State {
        var messages: [WebhookMessage] = []
        var answers: [DeliveryOutcome] = []
    }

    private let state = Mutex(State())

    var messages: [WebhookMessage] { state.withLock { $0.messages } }
    var events: [CloudEvent] {
        get throws {
            try messages.map { try CloudEvent(json: .init(decoding: $0.body)) }
        }
    }

    /// What the next messages get; then everything is taken.
    func answer(_ answers: DeliveryOutcome...) { state.withLock { $0.answers += answers } }

    func carry(_ message: WebhookMessage) -> DeliveryOutcome {
        state.withLock { state in
            state.messages.append(message)
            return state.answers.isEmpty ? .delivered(status: 204) : state.answers.removeFirst()
        }
    }
}

final class SilentBell: Bell {
    private let state = Mutex<[Topic]>([])
    var rung: [Topic] { state.withLock { $0 } }
    func ring(_ topics: [Topic]) { state.withLock { $0 += topics } }
}

struct NoModels: CardModels {
    func model(of profile: ProfileName) -> CardModel? { nil }
    func channelOptions(of profile: ProfileName, _ channel: Card.KeySet.Channel) -> UInt8? { nil }
}

/// One or more nodes on one store.
final class EventBench: Sendable {
    let store: any Store
    let vault: SoftwareVault
    let clock = ManualClock(Instant(milliseconds: 1_795_261_043_000))
    let bell = SilentBell()
    let node: Node
    let carrier = RecordingCarrier()

    init(store: (any Store)? = nil) throws {
        if let store {
            self.store = store
        } else {
            let memory = try SQLiteStore(.memory, mode: .direct)
            try memory.migrate(to: .current)
            self.store = memory
        }
        let contents = VaultContents(wrappingKey: Secret([UInt8](repeating: 9, count: 32)), at: clock.now)
        vault = SoftwareVault(inMemory: contents, entropy: SystemEntropy())
        let desk = ExchangeDesk(
            store: self.store, vault: vault, models: NoModels(), clock: clock, entropy: SystemEntropy())
        node = Node(
            store: self.store, vault: vault, models: NoModels(), desk: desk, clock: clock,
            entropy: SystemEntropy(), bell: bell)
        for provider in ["city", "rail"] {
            try act { act in
                try act.registerProvider(
                    ProviderID(provider), name: provider,
                    limits: .init(roomPerCard: Room(nonVolatile: 1_000), cardsMax: 10))
            }
        }
        try order()
    }

    @discardableResult
    func act<Result: Sendable>(_ body: (Act) throws -> Result) throws -> Result {
        try node.act(by: .centre, body)
    }

    func order() throws { while try EventPump(node).turn() > 0 {} }

    /// An event of a provider: an application of this name was registered.
    func happen(_ name: String, of provider: String = "city") throws {
        try act {
            try $0.registerApplication(ApplicationID(name), name: name, provider: ProviderID(provider))
        }
        try order()
    }

    func addWebhook(for provider: String? = nil, kinds: [String] = []) throws -> WebhookID {
        let url = try #require(WebhookURL("https://a.example/hook"))
        let filter = EventFilter(kinds: kinds.compactMap(EventFilter.Kind.init))
        let webhook = try act { act in
            try act.addWebhook(
                for: try provider.map { try ProviderID($0) }, url: url, filter: filter, sealedIn: vault
            ).webhook
        }
        try order()
        // What made it is not what it is for.
        try store.write { transaction in
            var moved = webhook
            moved.position = try transaction.newestEvent()
            transaction.put(moved)
        }
        return webhook.id
    }

    func webhook(_ id: WebhookID) throws -> Webhook {
        try #require(try store.read { try $0.find(Webhook.self, key: .word(id)) })
    }

    func desk(carrier: RecordingCarrier? = nil) -> WebhookDesk {
        WebhookDesk(node, carrier: carrier ?? self.carrier, source: "urn:berth:test")
    }
}
