internal import CMicroHTTPD
internal import Centre
internal import Synchronization

/// Carries a body that is made while it is sent from a worker to the thread that sends.
final class StreamPump: Sleeper, @unchecked Sendable {
    // Everything that changes is touched under the lock, but for the connection and the stream, which never change.
    private struct State {
        var ready: [UInt8] = []
        var taken = 0
        var hasEnded = false
        /// The sender has nothing to send and waits to be resumed.
        var isSuspended = false
    }

    private let stream: any BodyStream
    private let core: ServerCore
    private let client: ClientConnection
    private let connection: MicroHTTPD.Connection
    private let state = Mutex(State())

    init(
        _ stream: any BodyStream, core: ServerCore, client: ClientConnection,
        connection: MicroHTTPD.Connection
    ) {
        self.stream = stream
        self.core = core
        self.client = client
        self.connection = connection
        core.streamBegan()
    }

    /// On the thread that sends: copies what there is, or has the connection wait for more.
    func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        state.withLock { state in
            let left = state.ready.count - state.taken
            if left > 0 {
                let count = min(left, buffer.count)
                state.ready.withUnsafeBytes { bytes in
                    buffer.copyMemory(
                        from: UnsafeRawBufferPointer(rebasing: bytes[state.taken..<state.taken + count]))
                }
                state.taken += count
                return count
            }
            if state.hasEnded { return Self.endOfStream }
            state.ready = []
            state.taken = 0
            state.isSuspended = true
            core.library.suspend(connection)
            core.queue.add(.pull(self))
            return 0
        }
    }

    /// On a worker: asks the stream until there is something to send or to wait for.
    func pull() {
        client.waits(as: nil)
        while true {
            guard !client.isGone, !core.isStopping else { return resume(with: [], isEnd: true) }
            let mark = core.room.mark()
            switch stream.next() {
            case .bytes(let bytes) where bytes.isEmpty: continue
            case .bytes(let bytes): return resume(with: bytes, isEnd: false)
            case .end: return resume(with: [], isEnd: true)
            case .wait(let waiting):
                guard let ticket = core.park(self, waiting, since: mark) else { continue }
                return client.waits(as: ticket)
            }
        }
    }

    func wake() { core.queue.add(.pull(self)) }

    /// On a worker, once nothing is sent any more.
    func close() { stream.closed() }

    /// On the thread that sends, when it lets go.
    func released() {
        core.streamEnded()
        if !core.queue.add(.close(self)) { stream.closed() }
    }

    private func resume(with bytes: [UInt8], isEnd: Bool) {
        let wasSuspended = state.withLock { state in
            state.ready = bytes
            state.taken = 0
            state.hasEnded = isEnd
            defer { state.isSuspended = false }
            return state.isSuspended
        }
        if wasSuspended { core.library.resume(connection) }
    }

    /// What libmicrohttpd takes for the end (`MHD_CONTENT_READER_END_OF_STREAM`).
    private static let endOfStream = -1
    /// Bytes that are asked for at once.
    static let blockBytes = 16_384
}

extension MicroHTTPD {
    /// A response that libmicrohttpd can send; nil where it has no memory for it.
    func build(
        _ response: HTTPResponse, tag: String, core: ServerCore, client: ClientConnection,
        connection: Connection
    ) -> Response? {
        let built: Response?
        switch response.body {
        case .none: built = responseFromBuffer(0, nil, .RESPMEM_PERSISTENT)
        case .bytes(let bytes):
            built = bytes.withUnsafeBytes { bytes in
                responseFromBuffer(
                    bytes.count, UnsafeMutableRawPointer(mutating: bytes.baseAddress), .RESPMEM_MUST_COPY)
            }
        case .stream(let stream):
            let pump = StreamPump(stream, core: core, client: client, connection: connection)
            let retained = Unmanaged.passRetained(pump)
            built = responseFromCallback(
                UInt64.max, StreamPump.blockBytes, readStream, retained.toOpaque(), releaseStream)
            if built == nil { releaseStream(retained.toOpaque()) }
        }
        guard let built else { return nil }
        for field in response.fields.fields { _ = addHeader(built, field.name, field.value) }
        _ = addHeader(built, "X-Request-Id", tag)
        // Answers are about one moment and one client; a part that wants them kept says so itself.
        if response.fields["Cache-Control"] == nil { _ = addHeader(built, "Cache-Control", "no-store") }
        return built
    }
}

private func readStream(
    _ context: UnsafeMutableRawPointer?, _ position: UInt64, _ buffer: UnsafeMutablePointer<CChar>?,
    _ count: Int
) -> Int {
    guard let context, let buffer else { return -1 }
    return Unmanaged<StreamPump>.fromOpaque(context).takeUnretainedValue()
        .read(into: UnsafeMutableRawBufferPointer(start: buffer, count: count))
}

private func releaseStream(_ context: UnsafeMutableRawPointer?) {
    guard let context else { return }
    Unmanaged<StreamPump>.fromOpaque(context).takeRetainedValue().released()
}
