internal import CMicroHTTPD
internal import Centre
internal import Wire

/// One request and its answer, from the request line to the last byte.
final class Exchange: Sleeper, @unchecked Sendable {
    // One thread at a time has it: libmicrohttpd's until the connection is suspended, then a worker, and
    // libmicrohttpd's
    // again once it is resumed. Each hands it over through a lock.
    let core: ServerCore
    let client: ClientConnection
    /// The client's own name for it, where it gave one.
    private var tag: String
    /// Whose requests and bodies are counted: the client, or whom a named proxy speaks for.
    private var source: NetworkAddress
    private let connection: MicroHTTPD.Connection
    private let target: String
    private var phase = Phase.fresh
    private var request: HTTPRequest?
    private var head: RequestHead?
    private var method = HTTPMethod.get
    private var verb = "-"
    private var body: [UInt8] = []
    private var bodyCount = 0
    private var outBytes: Int?
    private var arrived: Instant
    private var arrivedAt: UInt64 = 0
    private var queuedAt: UInt64 = 0
    private var busy: UInt64 = 0

    private enum Phase {
        case fresh
        case body
        /// The rest of the body is read and thrown away, so that the client gets to read why.
        case dropping(RequestRefusal, left: Int)
        case suspended
        case answered(MicroHTTPD.Response, status: Int)
        case done
    }

    /// Bytes that are still read of a body that was refused.
    private static let droppedBytesMax = 1 << 20

    init(_ client: ClientConnection, _ connection: MicroHTTPD.Connection, target: String) {
        core = client.door.core
        self.client = client
        self.connection = connection
        self.target = target
        source = client.address
        arrived = core.clock.now
        tag = core.newTag()
        core.exchangeBegan()
    }

    // MARK: On the thread of libmicrohttpd

    /// One call of the access handler; false ends the connection.
    func proceed(method: String, version: String, data: UnsafeRawBufferPointer) -> Bool {
        switch phase {
        case .fresh: return begin(method: method, version: version)
        case .body where !data.isEmpty: return take(data)
        case .body:
            submit()
            return true
        case .dropping(let refusal, let left):
            guard !data.isEmpty else { return refuse(refusal) }
            guard data.count <= left else { return false }
            phase = .dropping(refusal, left: left - data.count)
            return true
        case .answered(let response, let status):
            phase = .done
            client.expect(by: sendDeadline())
            defer { core.library.destroy(response) }
            return core.library.queue(connection, UInt32(status), response) == .YES
        case .suspended, .done: return false
        }
    }

    /// The connection is through with it, whatever became of it.
    func completed() {
        if case .answered(let response, _) = phase { core.library.destroy(response) }
        core.giveBodyBytes(bodyCount, from: source)
        client.expect(by: monotonicMilliseconds() + Int64(core.limits.idleSeconds) * 1_000)
        core.exchangeEnded()
    }

    private func begin(method text: String, version: String) -> Bool {
        verb = text
        let now = monotonicMilliseconds()
        arrivedAt = monotonicNanoseconds()
        client.expect(by: now + Int64(core.limits.bodySeconds) * 1_000)
        do throws(RequestRefusal) {
            let head = try RequestHead(
                RawFields(core.library, connection).fields, version: version, limits: core.limits)
            self.head = head
            if let given = head.fields.requestTag { tag = given }
            let peer = try peer(head)
            source = NetworkAddress(peer.address) ?? client.address
            if let wait = core.addresses.secondsToWait(source, now: now) {
                throw .init(.tooManyRequests, ["Retry-After": "\(wait)"])
            }
            guard !core.isStopping else { throw .init(.stopping, ["Retry-After": "1"]) }
            guard let method = HTTPMethod(rawValue: text) else { throw .init(.methodUnknown) }
            // Answered as GET is: the body is left out when it is sent (RFC 9110 §9.3.2).
            self.method = method == .head ? .get : method
            let target = try RequestTarget(target, limits: core.limits)
            guard head.contentLength ?? 0 <= core.limits.bodyBytesMax else {
                throw .init(.bodyTooLarge(core.limits.bodyBytesMax))
            }
            request = HTTPRequest(
                self.method, path: target.path, segments: target.segments, query: target.query,
                fields: head.fields, peer: peer, tag: tag)
        } catch {
            return refuse(error)
        }
        phase = .body
        return true
    }

    private func take(_ data: UnsafeRawBufferPointer) -> Bool {
        do throws(RequestRefusal) {
            guard bodyCount + data.count <= core.limits.bodyBytesMax else {
                throw .init(.bodyTooLarge(core.limits.bodyBytesMax))
            }
            try core.takeBodyBytes(data.count, from: source)
            body.append(contentsOf: data)
            bodyCount += data.count
        } catch {
            phase = .dropping(error, left: Self.droppedBytesMax)
        }
        return true
    }

    private func submit() {
        request?.body = body
        body = []
        client.expect(by: .max)
        phase = .suspended
        queuedAt = monotonicNanoseconds()
        core.library.suspend(connection)
        guard core.queue.add(.answer(self), max: core.limits.queuedMax) else {
            finish(HTTPResponse(.overloaded, tag: tag, ["Retry-After": "2"]))
            return
        }
    }

    /// Answers at once, and takes nothing more from this connection: what follows may not be what it seems.
    private func refuse(_ refusal: RequestRefusal) -> Bool {
        var fields = refusal.fields
        fields["Connection"] = "close"
        let response = HTTPResponse(refusal.problem, tag: tag, fields)
        observe(response)
        guard
            let built = core.library.build(
                response, tag: tag, core: core, client: client, connection: connection)
        else { return false }
        defer { core.library.destroy(built) }
        phase = .done
        client.expect(by: sendDeadline())
        return core.library.queue(connection, UInt32(response.status), built) == .YES
    }

    private func sendDeadline() -> Int64 {
        guard let outBytes else { return .max }
        let seconds = 60 + outBytes / max(1, core.limits.answerBytesPerSecondMin)
        return monotonicMilliseconds() + Int64(seconds) * 1_000
    }

    private func peer(_ head: RequestHead) throws(RequestRefusal) -> Peer {
        let certificate = try client.door.clients?.certificate(of: client, connection, core.library)
        guard core.proxies.contains(client.address) else {
            return Peer(
                address: client.address.description, isLoopback: client.address.isLoopback,
                isEncrypted: client.door.isEncrypted, certificate: certificate)
        }
        let isEncrypted = head.fields.values("X-Forwarded-Proto").last?.lowercased() == "https"
        return Peer(
            address: forwarded(head).description, isLoopback: false, isEncrypted: isEncrypted,
            certificate: certificate)
    }

    /// Each proxy adds the address that it saw at the end; what stands before a word that is no address is anybody's.
    private func forwarded(_ head: RequestHead) -> NetworkAddress {
        let said = head.fields.values("X-Forwarded-For")
            .flatMap { $0.split(separator: ",", omittingEmptySubsequences: false) }
        for word in said.reversed() {
            let text = String(word.filter { $0 != " " && $0 != "\t" })
            guard let address = NetworkAddress(perhapsWithPort: text) else { break }
            if !core.proxies.contains(address) { return address }
        }
        return client.address
    }

    // MARK: On a worker

    func answer() {
        client.waits(as: nil)
        guard let request else { preconditionFailure("a request is read before it is answered") }
        guard !client.isGone else {
            finish(HTTPResponse(.waitedTooLong, tag: tag, ["Connection": "close"]))
            return
        }
        let mark = core.room.mark()
        let isStopping = core.isStopping
        // Whoever waits is asked a last time as if it had waited for long enough.
        let since = isStopping ? arrived.advanced(by: .seconds(-86_400)) : arrived
        let answer = core.service.answer(request, since: since)
        busy += monotonicNanoseconds() - queuedAt
        switch answer {
        case .now(let response): finish(response)
        case .wait where isStopping: finish(HTTPResponse(.stopping, tag: tag, ["Retry-After": "1"]))
        case .wait(let waiting):
            guard let ticket = core.park(self, waiting, since: mark) else {
                wake()
                return
            }
            client.waits(as: ticket)
        }
    }

    func wake() {
        queuedAt = monotonicNanoseconds()
        // It was taken in before: the bound of the queue is for new ones.
        core.queue.add(.answer(self))
    }

    private func finish(_ response: HTTPResponse) {
        var response = response
        if core.isStopping { response.fields["Connection"] = "close" }
        observe(response)
        request = nil
        if let built = core.library.build(
            response, tag: tag, core: core, client: client, connection: connection)
        {
            phase = .answered(built, status: response.status)
        } else {
            phase = .done
        }
        core.library.resume(connection)
    }

    private func observe(_ response: HTTPResponse) {
        switch response.body {
        case .none: outBytes = 0
        case .bytes(let bytes): outBytes = bytes.count
        case .stream: outBytes = nil
        }
        let now = monotonicNanoseconds()
        core.observer.answered(
            HTTPRecord(
                tag: tag, method: verb, path: request?.path ?? "-", segments: request?.segments ?? [],
                status: response.status, address: request?.peer.address ?? client.address.description,
                traceParent: head?.fields["traceparent"], since: arrived,
                seconds: Double(now - arrivedAt) / 1e9, busySeconds: Double(busy) / 1e9, bytesIn: bodyCount,
                bytesOut: outBytes))
    }
}
