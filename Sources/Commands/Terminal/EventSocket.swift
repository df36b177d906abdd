internal import Arguments
internal import JSON
internal import Readers
internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// Where other programs of the same user hear what a terminal does: one JSON object a line, to everybody who listens.
/// Whoever comes gets first what is so at this moment.
final class EventSocket: Sendable {
    static let listenersMax = 32

    private struct State {
        var listeners: [Int32] = []
        /// The last word on each place.
        var places: [String: [UInt8]] = [:]
        var isClosed = false
    }

    private let path: String
    private let descriptor: Int32
    private let state = Mutex(State())

    init(_ path: String) throws(Problem) {
        self.path = path
        _ = unlink(path)
        descriptor = ControlSocket.makeSocket()
        let descriptor = descriptor
        // Nobody else may listen.
        let mask = umask(0o177)
        let code = ControlSocket.withAddress(path) { bind(descriptor, $0, $1) }
        _ = umask(mask)
        guard descriptor >= 0, code == 0, listen(descriptor, 8) == 0 else {
            let why = String(cString: strerror(errno))
            closeDescriptor(descriptor)
            throw Problem(
                "socket-failed", exit: .cannotCreate, "\(path) cannot be used", why: why,
                advice: ["name a file in a folder that you may write, with a shorter path"])
        }
        // It ends when the socket is shut down.
        let hasStarted = startThread { [self] in
            while true {
                let listener = accept(descriptor, nil, nil)
                guard listener >= 0 else { return }
                welcome(listener)
            }
        }
        guard hasStarted else {
            throw Problem("socket-failed", exit: .cannotCreate, "the system has no thread left")
        }
    }

    /// A listener that does not take what it gets is left behind.
    func tell(_ object: JSONObject, at place: String?) {
        let line = JSONValue.object(object).encoded() + [UInt8(ascii: "\n")]
        state.withLock { state in
            if let place { state.places[place] = line }
            state.listeners.removeAll { listener in
                guard !Self.send(line, to: listener) else { return false }
                closeDescriptor(listener)
                return true
            }
        }
    }

    /// There is nothing at this place any more.
    func forget(_ place: String) { state.withLock { $0.places[place] = nil } }

    func close() {
        shutdown(descriptor, Int32(SHUT_RDWR))
        closeDescriptor(descriptor)
        _ = unlink(path)
        state.withLock { state in
            for listener in state.listeners { closeDescriptor(listener) }
            state.listeners = []
            state.isClosed = true
        }
    }

    private func welcome(_ listener: Int32) {
        state.withLock { state in
            let isWelcome =
                !state.isClosed && state.listeners.count < Self.listenersMax
                && state.places.values.allSatisfy { Self.send($0, to: listener) }
            if isWelcome { state.listeners.append(listener) } else { closeDescriptor(listener) }
        }
    }

    /// All of it at once, or not at all.
    private static func send(_ bytes: [UInt8], to listener: Int32) -> Bool {
        bytes.withUnsafeBytes { buffer in
            sendSome(listener, buffer) == buffer.count
        }
    }
}

// The socket has methods of the same names.
private func closeDescriptor(_ descriptor: Int32) { _ = close(descriptor) }

private func sendSome(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
    #if canImport(Glibc)
        let flags = Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL)
    #else
        let flags = MSG_DONTWAIT
    #endif
    return send(descriptor, bytes.baseAddress, bytes.count, flags)
}
