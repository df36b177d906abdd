import CardCrypto
import Centre
import CentreServer
import FoundationEssentials
import JSON
import SmartCard
import Storage
import Synchronization
import TestSupport
import Testing

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A folder that is gone when the test is over.
final class TemporaryFolder {
    let path: String

    init() {
        var template = Array("/tmp/berth-serve-XXXXXX".utf8CString)
        path = template.withUnsafeMutableBufferPointer { buffer in
            guard let start = buffer.baseAddress, let made = mkdtemp(start) else { return "" }
            return String(cString: made)
        }
    }

    deinit {
        for name in names { unlink("\(path)/\(name)") }
        rmdir(path)
    }

    var names: [String] {
        guard let folder = opendir(path) else { return [] }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    func mode(_ name: String) -> mode_t? {
        var status = stat()
        return stat("\(path)/\(name)", &status) == 0 ? status.st_mode & 0o777 : nil
    }
}

private struct NoServedModels: CardModels {
    func model(of profile: ProfileName) -> CardModel? { nil }
    func channelOptions(of profile: ProfileName, _ channel: Card.KeySet.Channel) -> UInt8? { nil }
}

@Suite("A serving node")
struct ServingCentreTests {
    private func serve(
        _ folder: TemporaryFolder, _ more: [ServeSetting: String] = [:], log: Box<[String]> = Box([]),
        tell: (ServingCentre.Report) throws -> Void = { _ in }
    ) throws -> ServingCentre {
        var given: [ServeSetting: ServeConfiguration.Value] = [
            .data: .init(folder.path, .commandLine), .listen: .init("127.0.0.1:0", .commandLine),
            .listenPlain: .init("127.0.0.1:0", .commandLine), .workers: .init("4", .commandLine),
        ]
        for (setting, text) in more { given[setting] = .init(text, .commandLine) }
        return try ServingCentre(
            ServeConfiguration(given: given),
            .init(
                clock: RealClock(), entropy: SystemEntropy(), models: NoServedModels(), version: "test",
                writeLog: { line in log.value += [String(decoding: line, as: UTF8.self)] },
                pause: { _ in true }),
            tell: tell)
    }

    private func client(_ centre: ServingCentre) throws -> RawClient {
        try RawClient(port: centre.report.plain[0].port)
    }

    @Test("in an empty folder it makes what it needs, and the next time it finds it")
    func emptyFolder() throws {
        let folder = TemporaryFolder()
        let log = Box<[String]>([])
        let first = try serve(folder, log: log)
        #expect(first.report.made.count == 4)
        #expect(
            folder.names.filter { !$0.hasPrefix("store.db") && !$0.hasSuffix(".lock") } == [
                "keys.vault", "server.key", "server.pem", "vault.key",
            ])
        for name in ["vault.key", "server.key", "keys.vault"] { #expect(folder.mode(name) == 0o600) }
        let signIn = try #require(first.report.firstSignIn)
        #expect(signIn.name == "admin" && signIn.password.count > 12)
        let fingerprint = try #require(first.report.fingerprint)
        #expect(try client(first).get("/health/ready")?.status == 200)
        first.stop()
        #expect(
            log.value.contains { $0.contains(" serving ") } && log.value.contains { $0.contains(" stopped") })
        #expect(!log.value.contains { $0.contains(signIn.password) })
        let second = try serve(folder)
        #expect(second.report.made.isEmpty && second.report.firstSignIn == nil)
        #expect(second.report.fingerprint == fingerprint)
        second.stop()
    }

    @Test("a first sign-in that could not be shown is not made: the next start shows one that works")
    func signInNotShown() throws {
        let folder = TemporaryFolder()
        #expect(throws: CryptoError.notAuthentic) {
            try serve(folder) { _ in throw CryptoError.notAuthentic }.stop()
        }
        let told = Box<[String?]>([])
        let centre = try serve(folder) { report in told.value += [report.firstSignIn?.password] }
        let password = try #require(centre.report.firstSignIn?.password)
        #expect(told.value == [password])
        let answer = try client(centre).post(
            "/v1/sessions", #"{"operator": "admin", "password": "\#(password)"}"#,
            "Content-Type: application/json\r\n")
        #expect(answer?.status == 201)
        centre.stop()
        let again = try serve(folder) { report in told.value += [report.firstSignIn?.password] }
        #expect(told.value == [password, nil])
        again.stop()
    }

    @Test("each part answers at its own paths, and what is nobody's is unknown")
    func parts() throws {
        let folder = TemporaryFolder()
        let centre = try serve(folder)
        defer { centre.stop() }
        let client = try client(centre)
        #expect(try client.get("/health/live")?.status == 200)
        #expect(try client.get("/v1/openapi.json")?.status == 200)
        #expect(try client.get("/v1/cards")?.status == 401)
        #expect(try client.post("/gp/seram/handshake?sessionId=a", "{}")?.status == 401)
        let unknown = try #require(try client.get("/nothing/here"))
        #expect(unknown.status == 404)
        #expect(try JSONValue(decoding: unknown.body)["code"]?.stringValue == "path-unknown")
        #expect(try client.post("/health/live", "")?.status == 405)
        #expect(
            eventually { (try? client.get("/metrics"))??.text.contains("berth_http_requests_total{") == true }
        )
        let text = try #require(try client.get("/metrics")).text
        for name in [
            "berth_http_connections 1", "berth_store_transactions_total{kind=\"write\"}",
            "berth_operations_open{state=\"waiting\"} 0", "process_resident_memory_bytes",
            "berth_http_service_seconds_bucket{route=\"/health\",le=\"0.005\"}",
        ] { #expect(text.contains(name), "\(name)") }
    }

    @Test("figures are for programs of this machine and named addresses only")
    func figures() throws {
        let folder = TemporaryFolder()
        let centre = try serve(
            folder, [.behindProxy: "127.0.0.1", .metricsFrom: "203.0.113.7"])
        defer { centre.stop() }
        let client = try client(centre)
        #expect(try client.get("/metrics", "X-Forwarded-For: 203.0.113.8\r\n")?.status == 403)
        #expect(try client.get("/metrics", "X-Forwarded-For: 203.0.113.7\r\n")?.status == 200)
    }

    @Test("another vault than the store's is found out at once")
    func otherVault() throws {
        let folder = TemporaryFolder()
        let other = TemporaryFolder()
        for folder in [folder, other] { try serve(folder).stop() }
        for name in ["keys.vault", "vault.key"] {
            rename("\(other.path)/\(name)", "\(folder.path)/\(name)")
        }
        #expect(throws: KeyVaultFailure.otherVault) { try serve(folder).stop() }
    }

    @Test(
        "a vault that is gone is not made anew under a store that had one, and nothing is touched",
        arguments: [["keys.vault"], ["keys.vault", "vault.key"]])
    func vaultGone(_ gone: [String]) throws {
        let folder = TemporaryFolder()
        try serve(folder).stop()
        for name in gone { unlink("\(folder.path)/\(name)") }
        // SQLite has them while a store is open.
        func files() -> [String: Data?] {
            let names = folder.names.filter { !$0.hasSuffix("-wal") && !$0.hasSuffix("-shm") }
            return Dictionary(
                uniqueKeysWithValues: names.map {
                    ($0, FileManager.default.contents(atPath: "\(folder.path)/\($0)"))
                })
        }
        _ = eventually { !folder.names.contains("store.db-wal") }
        let before = files()
        let failure = #expect(throws: ServeFailure.self) { try serve(folder).stop() }
        #expect(failure?.code == "vault-missing" && failure?.what.contains("/keys.vault ") == true)
        #expect(failure?.advice.first?.contains("backup") == true)
        #expect(files() == before)
    }

    @Test(
        "what is configured wrongly is refused with its name",
        arguments: [
            (ServeSetting.workers, "0"), (.listen, "nowhere"), (.logFormat, "xml"),
            (.behindProxy, "proxy.example"),
            (.tlsKeyAlone, "server.key"), (.clientCertificate, "required"), (.admin, "A B"),
            (.openIDIssuer, "https://issuer.example"), (.webhookNetworks, "10.0.0.0/99"),
        ])
    func refusals(setting: ServeSetting, value: String) throws {
        let folder = TemporaryFolder()
        let failure = #expect(throws: ServeFailure.self) { try serve(folder, [setting: value]).stop() }
        #expect(failure?.code == "configuration")
    }

    @Test("plain HTTP for everybody is refused")
    func plain() throws {
        let folder = TemporaryFolder()
        let failure = #expect(throws: ServeFailure.self) { try serve(folder, [.listenPlain: "*:0"]).stop() }
        #expect(failure?.code == "plain-http")
    }

    @Test("a bad certificate is not taken, and a good one is when the file changes")
    func reload() throws {
        let folder = TemporaryFolder()
        let log = Box<[String]>([])
        let centre = try serve(folder, log: log)
        defer { centre.stop() }
        let key = try ECPrivateKey.generate(.p256)
        let pem = try SelfSignedCertificate.make(
            names: ["new"], key: key, now: RealClock().now.milliseconds / 1_000, days: 1,
            entropy: SystemEntropy())
        // The certificate alone does not belong to the key that is there.
        write(pem, to: folder.path + "/server.pem")
        #expect(throws: ServeFailure.self) { try centre.reload() }
        let secret = try PrivateKey.ec(key).pem(passphrase: nil)
        write(secret.withBytes { Array($0) }, to: folder.path + "/server.key")
        centre.reloadWhereChanged()
        #expect(eventually { log.value.contains { $0.contains("certificate-reloaded") } })
        #expect(log.value.contains { $0.contains("certificate-refused") })
        let end = try X509Certificate(pem: pem).notAfter
        let figures = try #require(try client(centre).get("/metrics")).text
        #expect(figures.contains("berth_certificate_end_timestamp_seconds \(end)\n"))
        unlink(folder.path + "/server.pem")
        #expect(throws: ServeFailure.self) { try centre.reload() }
        let reason = "server.pem cannot be read: No such file or directory"
        #expect(eventually { log.value.contains { $0.contains(reason) } }, "\(log.value)")
    }

    private func write(_ bytes: [UInt8], to path: String) {
        let file = open(path, O_WRONLY | O_TRUNC)
        bytes.withUnsafeBytes { buffer in
            #if canImport(Glibc)
                _ = Glibc.write(file, buffer.baseAddress, buffer.count)
            #else
                _ = Darwin.write(file, buffer.baseAddress, buffer.count)
            #endif
        }
        _ = close(file)
    }

    @Test("work for a card rings where the address book says that it is", .mission(.a2), .mission(.a9))
    func lookedUp() throws {
        let store = try SQLiteStore.inMemory()
        let bell = WatchBell()
        let watch = StoreWatch(store, bell)
        let id = try CardID("C0FFEE")
        let now = RealClock().now
        let terminals = try ["t-1", "t-2"].map { try TerminalID($0) }
        func heard(_ number: Int64) throws -> [TerminalID] {
            _ = try watch.turn()
            let event = PendingEvent(
                stream: .card(id), number: number, at: now, kind: "operation.requested",
                subject: "card/\(id)", provider: nil, facts: [])
            try store.write { $0.insert(event) }
            bell.topics.value = []
            for _ in 0..<2 { _ = try watch.turn() }
            let rung = bell.topics.value
            #expect(rung.contains(.card(id)))
            return terminals.filter { rung.contains(.terminal($0)) }
        }
        #expect(try heard(1).isEmpty)
        // It was at one terminal, is at another, and has an address of another kind as well.
        let lines: [(Bearer, Instant?)] = [
            (.terminal(terminals[0]), now.advanced(by: .seconds(-60))), (.terminal(terminals[1]), nil),
            (.sms(try #require(SubscriberNumber("+4915112345678"))), nil),
        ]
        try store.write { transaction in
            for (number, line) in lines.enumerated() {
                transaction.insert(
                    CardAddress(
                        card: id, ordinal: Int64(number), bearer: line.0,
                        since: now.advanced(by: .seconds(-120)), until: line.1))
            }
        }
        #expect(try heard(2) == [terminals[1]])
    }

    @Test("what another node did is heard in the store, and rings here", .mission(.a2))
    func otherNodes() throws {
        let store = try SQLiteStore.inMemory()
        let bell = WatchBell()
        let watch = StoreWatch(store, bell)
        #expect(try watch.turn() == false)
        #expect(bell.topics.value == [.events], "streams that began before the first look look again")
        bell.topics.value = []
        let id = try CardID("C0FFEE")
        let event = PendingEvent(
            stream: .card(id), number: 1, at: RealClock().now, kind: "operation.requested",
            subject: "card/\(id)", provider: nil, facts: [])
        let terminal = PendingEvent(
            stream: .registers, number: 1, at: RealClock().now, kind: "terminal.enrolled",
            subject: "terminal/t-1",
            provider: nil, facts: [])
        try store.write { transaction in
            transaction.insert(event)
            transaction.insert(terminal)
        }
        // They get their places in the order of events, and are heard with the next look.
        #expect(try watch.turn())
        #expect(try watch.turn() == false)
        let rung = bell.topics.value
        #expect(rung.contains(.card(id)) && rung.contains(.events))
        #expect(rung.contains(.terminal(try TerminalID("t-1"))))
        bell.topics.value = []
        #expect(try watch.turn() == false)
        #expect(bell.topics.value.isEmpty)
    }
}

private final class WatchBell: Bell {
    let topics = Box<[Topic]>([])
    func ring(_ topics: [Topic]) { self.topics.value += topics }
}

extension ServeSetting {
    /// A key without its certificate.
    fileprivate static var tlsKeyAlone: ServeSetting { .certificateKey }
}
