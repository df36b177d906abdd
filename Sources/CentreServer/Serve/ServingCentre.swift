package import CardCrypto
package import Centre
internal import HTTPClient
internal import JSON
internal import SmartCard
internal import Storage
internal import Synchronization
internal import Wire

/// One serving node of the centre, from its files to its doors.
package final class ServingCentre: Sendable {
    /// What only the program has.
    package struct Surroundings: Sendable {
        package var clock: any WallClock
        package var entropy: any EntropySource & Sendable
        package var models: any CardModels
        package var version: String
        /// Gets whole lines of the log.
        package var writeLog: @Sendable ([UInt8]) -> Void
        /// Delivers events to webhooks in the place of libcurl.
        package var webhooks: (any WebhookCarrier)?
        /// Waits so many milliseconds; false when the node is to end.
        package var pause: @Sendable (Int) -> Bool

        package init(
            clock: any WallClock, entropy: any EntropySource & Sendable, models: any CardModels,
            version: String,
            writeLog: @escaping @Sendable ([UInt8]) -> Void,
            webhooks: (any WebhookCarrier)? = nil, pause: @escaping @Sendable (Int) -> Bool
        ) {
            self.clock = clock
            self.entropy = entropy
            self.models = models
            self.version = version
            self.writeLog = writeLog
            self.webhooks = webhooks
            self.pause = pause
        }
    }

    /// What whoever started it should know.
    package struct Report: Sendable {
        /// Shown once, and nowhere else: nobody can ask for it again.
        package struct FirstSignIn: Sendable {
            package let name: String
            package let password: String
        }

        package let store: String
        package let vault: String
        package let made: [String]
        package fileprivate(set) var firstSignIn: FirstSignIn?
        package let encrypted: [ListenAddress]
        package let plain: [ListenAddress]
        package let fingerprint: [UInt8]?
    }

    package let report: Report
    private let settings: ServeSettings
    private let clock: any WallClock
    private let store: any Database
    private let server: HTTPServer
    private let log: ServiceLog
    private let metrics: Metrics
    private let spans: SpanExporter?
    private let housekeeping = Housekeeping()
    private let flag: StopFlag
    private let stamps: Mutex<[[Int64]?]>

    /// Serves from then on.
    ///
    /// - Parameter tell: tells what was started; a first sign-in is made only after it returned.
    package init(
        _ configuration: ServeConfiguration, _ surroundings: Surroundings, tell: (Report) throws -> Void
    ) throws {
        let settings = try ServeSettings(configuration)
        let log = ServiceLog(
            settings.logFormat, from: settings.logLevel, clock: surroundings.clock,
            write: surroundings.writeLog)
        let ground = try ServingGround(
            settings, clock: surroundings.clock, entropy: surroundings.entropy,
            StorePause(log: log, pause: surroundings.pause))
        let metrics = Metrics()
        let spans = try settings.traces.map { endpoint in
            SpanExporter(
                node: settings.node, version: surroundings.version, entropy: surroundings.entropy,
                carrier: try ServingClients.spans(to: endpoint))
        }
        let room = WaitingRoom()
        let node = Self.node(ground, metrics, log, room, surroundings)
        let openID = settings.openID.map {
            OpenID($0.configuration, $0.keys, clock: surroundings.clock)
        }
        let signIn = SignIn(node: node, openID: openID)
        let flag = StopFlag()
        let service = CentreService(
            Self.parts(
                node, ground.store, signIn, settings, metrics: metrics, log: log, spans: spans, flag: flag))
        let (encrypted, plain) = Self.listeners(settings, ground)
        do throws(HTTPServerError) {
            server = try HTTPServer(
                .init(encrypted + plain, limits: Self.limits(settings), proxies: settings.proxies),
                service: service, room: room, clock: surroundings.clock, entropy: surroundings.entropy,
                observer: RequestTelemetry(metrics, log: log, spans: spans))
        } catch {
            throw ServeFailure(error)
        }
        flag.server.withLock { [server] in $0 = server }
        flag.certificateEnd.withLock { $0 = ground.identity.flatMap(Self.end) }
        self.settings = settings
        store = ground.store
        clock = surroundings.clock
        self.metrics = metrics
        self.log = log
        self.spans = spans
        self.flag = flag
        stamps = Mutex(Self.stamps(settings))
        let started = Report(
            store: ground.store.place, vault: ServingFiles.absolute(settings.vault), made: ground.made,
            firstSignIn: nil,
            encrypted: Array(server.addresses.prefix(encrypted.count)),
            plain: Array(server.addresses.dropFirst(encrypted.count)),
            fingerprint: try ground.identity.map { try X509Certificate(pem: $0.certificates).fingerprint })
        do {
            report = try Self.told(started, signIn, settings, log, tell)
        } catch {
            server.stop()
            throw error
        }
        let carrier: (any WebhookCarrier)? =
            surroundings.webhooks
            ?? CurlCarrier(NetworkPolicy(allowed: settings.webhookNetworks), clock: surroundings.clock)
        if carrier == nil {
            log.write(.warning, "no-webhooks", ["reason": "libcurl is not installed"])
        }
        let webhooks = carrier.map { WebhookDesk(node, carrier: $0, source: node.eventSource) }
        housekeeping.start(
            Self.chores(node, ground.store, signIn, room, spans, webhooks), log: log, metrics: metrics)
        log.write(
            .info, "serving",
            [
                "store": .string(report.store), "version": .string(surroundings.version),
                "at": .array(server.addresses.map { .string("\($0)") }),
            ])
    }

    // MARK: While it serves

    /// Takes the certificate that is in the files now; connections that are open go on with the old one. Throws where
    /// the new one is not good, and goes on with the old one.
    package func reload() throws {
        stamps.withLock { $0 = Self.stamps(settings) }
        guard !settings.listen.isEmpty else { return }
        do {
            let identity = try ServingGround.identity(settings, now: clock.now)
            try server.replaceIdentity(identity)
            flag.certificateEnd.withLock { $0 = Self.end(of: identity) }
            if let authorities = try ServingGround.clientAuthorities(settings) {
                try server.replaceClientAuthorities(authorities)
            }
            log.write(.info, "certificate-reloaded")
        } catch {
            let failure =
                switch error {
                case let error as HTTPServerError: ServeFailure(error)
                case let error as ServeFailure: error
                default: ServeFailure("certificate", "the certificate cannot be used", why: "\(error)")
                }
            let reason = [failure.what, failure.why].compactMap { $0 }.joined(separator: ": ")
            log.write(.error, "certificate-refused", ["reason": .string(reason)])
            throw failure
        }
    }

    /// The same where the files are others than before; to be asked every second or so.
    package func reloadWhereChanged() {
        let now = Self.stamps(settings)
        guard stamps.withLock({ $0 != now }) else { return }
        // What is wrong stands in the log, and is looked at again when the files change again.
        try? reload()
    }

    /// Why it cannot go on: the store has to be opened anew. To be asked every second or so.
    package var failure: StoreFailure? { store.end }

    /// Ends in order: what is under way is finished, what waits is answered, what is to be told is told.
    package func stop() {
        log.write(.info, "stopping")
        flag.isStopping.store(true, ordering: .releasing)
        server.stop()
        housekeeping.stop()
        spans?.flush()
        log.write(.info, "stopped")
        log.finish()
    }

    /// Seconds since 1970.
    private static func end(of identity: TLSIdentity) -> Int64? {
        try? X509Certificate(pem: identity.certificates).notAfter
    }

    private static func stamps(_ settings: ServeSettings) -> [[Int64]?] {
        switch settings.certificate {
        case .ours(let certificate, let key), .given(let certificate, let key):
            ([certificate, key] + [settings.clientAuthorities].compactMap { $0 }).map(ServingFiles.stamp)
        }
    }
}

/// Tells those parts that it is about to end which were there before the server was.
final class StopFlag: Sendable {
    let isStopping = Atomic<Bool>(false)
    let server = Mutex<HTTPServer?>(nil)
    /// Of the certificate that is shown now.
    let certificateEnd = Mutex<Int64?>(nil)
}

// MARK: Putting it together

extension ServingCentre {
    private static func node(
        _ ground: ServingGround, _ metrics: Metrics, _ log: ServiceLog, _ room: WaitingRoom,
        _ surroundings: Surroundings
    ) -> Node {
        let store = CountingStore(ground.store, metrics, log: log)
        return Node(
            store: store, vault: ground.vault, models: surroundings.models,
            desk: ExchangeDesk(
                store: store, vault: ground.vault, models: surroundings.models, clock: surroundings.clock,
                entropy: SystemEntropy()),
            clock: surroundings.clock, entropy: surroundings.entropy, bell: room)
    }

    private static func parts(
        _ node: Node, _ database: any Database, _ signIn: SignIn, _ settings: ServeSettings, metrics: Metrics,
        log: ServiceLog, spans: SpanExporter?, flag: StopFlag
    ) -> [CentreService.Part] {
        let health = HealthService(
            store: node.store, vault: node.vault, metrics: metrics, readers: settings.metricsFrom,
            isStopping: { flag.isStopping.load(ordering: .acquiring) },
            figures: { gauges(flag, log, spans) + (database.effort?.gauges ?? []) })
        return [
            .init("health", service: health), .init("metrics", service: health),
            .init("v1", service: RestService(node: node, signIn: signIn)),
            .init(
                "gp", "seram",
                service: SeramService(node: node, presume: signIn.presumed) { request in
                    try signIn.principal(for: request)
                }),
        ]
    }

    private static func gauges(
        _ flag: StopFlag, _ log: ServiceLog, _ spans: SpanExporter?
    ) -> [Metrics.Gauge] {
        var gauges: [Metrics.Gauge] = [
            .init(
                "berth_log_lines_dropped_total", Double(log.droppedCount), help: "Lines that found no place.",
                isCounter: true)
        ]
        if let end = flag.certificateEnd.withLock({ $0 }) {
            gauges.append(
                .init(
                    "berth_certificate_end_timestamp_seconds", Double(end),
                    help: "When the certificate ends, in seconds since 1970."))
        }
        if let counts = spans?.counts {
            gauges += [
                .init(
                    "berth_spans_total", Double(counts.sent), ["outcome": "sent"], help: "Spans of traces.",
                    isCounter: true),
                .init(
                    "berth_spans_total", Double(counts.dropped), ["outcome": "dropped"],
                    help: "Spans of traces.",
                    isCounter: true),
            ]
        }
        guard let figures = flag.server.withLock({ $0 })?.figures else { return gauges }
        return gauges + [
            .init("berth_http_connections", Double(figures.connections), help: "Connections that are open."),
            .init(
                "berth_http_waiting", Double(figures.waiting),
                help: "Requests and streams that wait for news."),
            .init("berth_http_queued", Double(figures.queued), help: "Requests that wait for a thread."),
            .init(
                "berth_http_requests_open", Double(figures.requests), help: "Requests without an answer yet."),
            .init("berth_http_streams", Double(figures.streams), help: "Streams that are open."),
        ]
    }

    private static func listeners(
        _ settings: ServeSettings, _ ground: ServingGround
    ) -> (encrypted: [HTTPServer.Configuration.Listener], plain: [HTTPServer.Configuration.Listener]) {
        let encrypted = ground.identity.map { identity in
            settings.listen.map { address in
                HTTPServer.Configuration.Listener(
                    address,
                    tls: TLSSettings(
                        identity, clientAuthorities: ground.clientAuthorities,
                        requiresClientCertificate: settings.requiresClientCertificate))
            }
        }
        return (encrypted ?? [], settings.listenPlain.map { .init($0) })
    }

    /// No more connections than there are descriptors for them, with some for store and log.
    private static func limits(_ settings: ServeSettings) -> HTTPLimits {
        var limits = settings.limits
        let descriptors = ServingFiles.raiseDescriptorLimit()
        limits.connectionsMax = max(1, min(limits.connectionsMax, descriptors - otherDescriptors))
        return limits
    }

    private static let otherDescriptors = 128

    private static func told(
        _ started: Report, _ signIn: SignIn, _ settings: ServeSettings, _ log: ServiceLog,
        _ tell: (Report) throws -> Void
    ) throws -> Report {
        guard let name = try? OperatorID(settings.admin) else {
            throw ServeFailure("configuration", "'\(settings.admin)' is no name for an operator")
        }
        var report = started
        let admin = try signIn.makeFirstAdmin(named: name) { password in
            report.firstSignIn = .init(name: settings.admin, password: password)
            try tell(report)
        }
        switch admin {
        case .made: return report
        case .somebodyWas: try tell(started)
        case .anotherNodeWasFaster:
            log.write(
                .warning, "first-sign-in-void",
                ["reason": "another node showed its own meanwhile; the one shown here lets nobody in"])
        }
        return started
    }

    private static func chores(
        _ node: Node, _ database: any Database, _ signIn: SignIn, _ room: WaitingRoom,
        _ spans: SpanExporter?, _ webhooks: WebhookDesk?
    ) -> [Housekeeping.Chore] {
        let watch = StoreWatch(node.store, room)
        let pump = EventPump(node)
        let requests = ForgottenDays(keeping: Bounds.requestDays + 1)
        let doors = ForgottenDays(keeping: 2)
        var chores: [Housekeeping.Chore] = [
            .init("watch", everyMilliseconds: 250) { try watch.turn() },
            // Seldom: whoever writes just then waits for the disk, and what is written twice meanwhile is carried once.
            .init("tidy", everyMilliseconds: 2_000) {
                try database.tidy()
                return false
            },
            .init("token-uses", everyMilliseconds: 1_000) { try signIn.keepUses() },
            .init("expire", everyMilliseconds: 5_000) {
                _ = try node.desk.expire()
                return false
            },
            .init("forget-events", everyMilliseconds: 600_000) { try pump.forget() > 0 },
            .init("forget-requests", everyMilliseconds: 600_000) {
                try requests.turn(at: node.clock.now.day) { day in
                    try node.act(by: .centre) { try $0.forgetRequests(of: day) }
                }
            },
            .init("forget-doors", everyMilliseconds: 600_000) {
                try doors.turn(at: node.clock.now.day) { day in
                    try node.act(by: .centre) { try $0.forgetDoors(of: day) }
                }
            },
        ]
        if let webhooks {
            // A receiver that is slow holds one of them.
            for number in 1...webhookThreads {
                chores.append(.init("webhooks-\(number)", everyMilliseconds: 500) { try webhooks.turn() })
            }
        }
        if let spans {
            chores.append(
                .init("traces", everyMilliseconds: 2_000) {
                    spans.flush()
                    return false
                })
        }
        return chores
    }

    private static let webhookThreads = 4
}
