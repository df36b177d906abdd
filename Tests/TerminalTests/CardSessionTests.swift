import Foundation
import HTTPClient
import SmartCard
import Synchronization
import Terminal
import TestSupport
import Testing
import Wire

/// A card that answers the same to everything, until it is gone.
private final class PlainCard: CardChannel {
    var answersLeft: Int
    private(set) var commands: [[UInt8]] = []
    var answerToReset: [UInt8] { [] }

    init(answersLeft: Int = .max) { self.answersLeft = answersLeft }

    func transmit(_ command: [UInt8]) throws(CardChannelError) -> [UInt8] {
        guard answersLeft > 0 else { throw CardChannelError(.cardRemoved, "It is gone.") }
        answersLeft -= 1
        commands.append(command)
        return [UInt8(commands.count), 0x90, 0x00]
    }

    func reset() {}
}

/// A centre that gives orders from a list, whatever comes.
private final class ScriptedCentre: Sendable {
    private let orders: Mutex<[SeramOrder]>
    private let bodies = Mutex<[String]>([])

    init(_ orders: [SeramOrder]) { self.orders = Mutex(orders) }

    var reports: [SeramReport] {
        bodies.withLock { $0 }.compactMap { try? SeramReport(reading: Array($0.utf8)) }
    }

    func answer(_ request: String) -> LoopbackServer.Script {
        let body = request.range(of: "\r\n\r\n").map { String(request[$0.upperBound...]) } ?? ""
        if request.contains("/gp/seram/handshake?") {
            return LoopbackServer.text(
                "200 OK", String(decoding: SeramHandshakeResponse().written(), as: UTF8.self))
        }
        bodies.withLock { $0.append(body) }
        let order = orders.withLock { $0.isEmpty ? SeramOrder(commands: [.stop]) : $0.removeFirst() }
        return LoopbackServer.text("200 OK", String(decoding: order.written(), as: UTF8.self))
    }
}

@Suite("Sessions of a terminal")
struct CardSessionTests {
    private let folder: String
    private let queue: ReportQueue

    init() throws {
        folder = FileManager.default.temporaryDirectory.path + "/berth-session-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        queue = ReportQueue(folder: folder)
    }

    private func link(_ url: String) throws -> CentreLink {
        try CentreLink(TerminalIdentity(centre: url, name: "t1", token: "secret", trust: .system))
    }

    private func session(
        _ card: PlainCard, _ url: String, show: @escaping (SessionEvent) -> Void = { _ in },
        pause: @escaping (Duration) -> Void = { _ in }
    ) throws -> CardSession {
        CardSession(
            "abc", SecureElement(.undefined, id: "0102"), card, link: try link(url), queue: queue,
            until: Cancellation(), pause: pause, show: show)
    }

    private static let work = SeramOrder(
        delay: 0, commands: [.start, .notify("hello"), .send([[0, 0xA4, 4, 0], [0x80, 0xCA, 0, 0, 0]])])

    @Test("orders go to the card one command after the other, and the answers come back")
    func carries() throws {
        let centre = ScriptedCentre([Self.work])
        let server = try LoopbackServer { centre.answer($0) }
        defer { server.stop() }
        let card = PlainCard()
        var texts: [String] = []
        let session = try session(card, server.url) { event in
            if case .text(let text) = event { texts.append(text) }
        }
        #expect(session.run(waits: true, patience: .zero) == .stopped)
        #expect(card.commands == [[0, 0xA4, 4, 0], [0x80, 0xCA, 0, 0, 0]])
        #expect(texts == ["hello"])
        #expect(
            centre.reports == [
                .polling,
                SeramReport(
                    SeramStatus(.processed, executed: 1), responses: [[[1, 0x90, 0], [2, 0x90, 0]]]),
            ])
        #expect(queue.all().isEmpty)
        #expect(server.requests.allSatisfy { $0.contains("\r\nAuthorization: Bearer secret\r\n") })
        #expect(server.requests.allSatisfy { $0.contains("sessionId=abc ") })
    }

    @Test("a card that is gone is reported with the answers that there are")
    func gone() throws {
        let centre = ScriptedCentre([Self.work])
        let server = try LoopbackServer { centre.answer($0) }
        defer { server.stop() }
        let session = try session(PlainCard(answersLeft: 1), server.url)
        #expect(session.run(waits: true, patience: .zero) == .stopped)
        #expect(centre.reports.last?.status.word == .unavailableElement)
        #expect(centre.reports.last?.responses == [[[1, 0x90, 0]]])
    }

    @Test("while the centre is away the report waits on disk, and the same is sent until it is taken")
    func away() throws {
        let centre = ScriptedCentre([Self.work])
        let losses = Mutex(0)
        let server = try LoopbackServer { request in
            // Every report with answers is lost three times.
            if request.contains("PROCESSED"),
                losses.withLock({
                    $0 += 1; return $0 <= 3
                })
            {
                return nil
            }
            return centre.answer(request)
        }
        defer { server.stop() }
        var waiting: [Int] = []
        var hasComeBack = false
        let queue = self.queue
        let session = try session(
            PlainCard(), server.url,
            show: { event in if case .online = event { hasComeBack = true } },
            pause: { _ in waiting.append(queue.all().count) })
        #expect(session.run(waits: true, patience: .seconds(60)) == .stopped)
        // libcurl tries once more by itself where a kept connection turns out to be dead.
        #expect((2...3).contains(waiting.count) && waiting.allSatisfy { $0 == 1 }, "\(waiting)")
        #expect(hasComeBack)
        #expect(centre.reports.count == 2)
        let sent = server.requests.filter { $0.contains("PROCESSED") }
        #expect(Set(sent).count == 1, "the same message with the same key")
        #expect(queue.all().isEmpty)
    }

    @Test("a centre that dies while a connection is being secured is away, and no stranger")
    func diesInTheHandshake() throws {
        let server = try LoopbackServer(hangsUp: true) { _ in nil }
        defer { server.stop() }
        var pauses = 0
        let session = try session(
            PlainCard(), "https://127.0.0.1:\(server.port)", pause: { _ in pauses += 1 })
        guard case .offline(.unreachable) = session.run(waits: true, patience: .seconds(3)) else {
            Issue.record("it was taken for another centre")
            return
        }
        #expect(pauses == 3)
        #expect(server.connections == 4)
    }

    @Test(
        "a report that could not be delivered is there for the next run, which delivers it", .mission(.a4),
        .mission(.a8))
    func nextRun() throws {
        let centre = ScriptedCentre([Self.work])
        let isUp = Mutex(false)
        let server = try LoopbackServer { request in
            if request.contains("PROCESSED"), !isUp.withLock({ $0 }) { return nil }
            return centre.answer(request)
        }
        defer { server.stop() }
        let session = try session(PlainCard(), server.url)
        guard case .offline = session.run(waits: true, patience: .seconds(1)) else {
            Issue.record("it was delivered")
            return
        }
        #expect(queue.all().map(\.session) == ["abc"])
        #expect(queue.flush(over: try link(server.url)) == (0, 1))
        isUp.withLock { $0 = true }
        #expect(queue.flush(over: try link(server.url)) == (1, 0))
        #expect(centre.reports.contains { $0.responses == [[[1, 0x90, 0], [2, 0x90, 0]]] })
        // The centre is told that the card is not here any more.
        #expect(centre.reports.last?.status.word == .unavailableElement)
    }

    @Test("with nothing to do it comes back at once where nobody waits")
    func idle() throws {
        let centre = ScriptedCentre([SeramOrder(delay: 0)])
        let server = try LoopbackServer { centre.answer($0) }
        defer { server.stop() }
        #expect(try session(PlainCard(), server.url).run(waits: false, patience: .zero) == .idle)
        #expect(server.requests.last?.contains("\r\nPrefer: wait=0\r\n") == true)
    }

    @Test("a centre that refuses is not asked again, and one that says nonsense is not followed")
    func refusals() throws {
        let refusing = try LoopbackServer { _ in
            LoopbackServer.text("403 Forbidden", #"{"code":"forbidden","detail":"No."}"#)
        }
        let mad = try LoopbackServer { _ in LoopbackServer.text("200 OK", "[]") }
        defer {
            refusing.stop()
            mad.stop()
        }
        #expect(
            try session(PlainCard(), refusing.url).run(waits: true, patience: .seconds(60))
                == .failed(.refused(.init(status: 403, code: "forbidden", detail: "No."))))
        #expect(refusing.requests.count == 1)
        guard case .failed(.malformed) = try session(PlainCard(), mad.url).run(waits: true, patience: .zero)
        else {
            Issue.record("it went on")
            return
        }
    }

    @Test("nothing is sent that was not kept first")
    func diskFull() throws {
        let centre = ScriptedCentre([Self.work])
        let server = try LoopbackServer { centre.answer($0) }
        defer { server.stop() }
        try FileManager.default.removeItem(atPath: folder)
        guard case .notKept = try session(PlainCard(), server.url).run(waits: true, patience: .zero) else {
            Issue.record("it was sent")
            return
        }
        #expect(centre.reports == [.polling])
    }
}
