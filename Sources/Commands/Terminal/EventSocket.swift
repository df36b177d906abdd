internal import Arguments
internal import JSON
internal import Readers
internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// Where other programs of the same user hear what a terminal does, and ask it for something: one JSON object a line,
/// each way. Whoever comes gets first what is so at this moment.
final class EventSocket: Sendable {
    static let listenersMax = 32
    static let lineBytesMax = 65_536

    private struct State {
        var listeners: Set<Int32> = []
        /// The last word on each place.
        var places: [String: [UInt8]] = [:]
        var isClosed = false
    }

    private let path: String
    private let descriptor: Int32
    private let answer: @Sendable (JSONValue) -> JSONValue
    private let state = Mutex(State())

    init(_ path: String, answer: @escaping @Sendable (JSONValue) -> JSONValue) throws(Problem) {
        self.path = path
        self.answer = answer
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
        let line = Self.line(.object(object))
        state.withLock { state in
            if let place { state.places[place] = line }
            for listener in state.listeners where !Self.send(line, to: listener) {
                // Its own thread closes it.
                shutdown(listener, Int32(SHUT_RDWR))
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
            for listener in state.listeners { shutdown(listener, Int32(SHUT_RDWR)) }
            state.isClosed = true
        }
    }

    private func welcome(_ listener: Int32) {
        let isWelcome = state.withLock { state in
            guard !state.isClosed, state.listeners.count < Self.listenersMax,
                state.places.values.allSatisfy({ Self.send($0, to: listener) })
            else { return false }
            state.listeners.insert(listener)
            return true
        }
        let hasStarted =
            isWelcome
            && startThread { [self] in
                hear(listener)
                state.withLock { _ = $0.listeners.remove(listener) }
                closeDescriptor(listener)
            }
        guard !hasStarted else { return }
        state.withLock { _ = $0.listeners.remove(listener) }
        closeDescriptor(listener)
    }

    // MARK: Questions

    /// Answers one question after the other until the listener goes away, or says what is no line.
    private func hear(_ listener: Int32) {
        var rest: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while rest.count <= Self.lineBytesMax {
            let count = buffer.withUnsafeMutableBytes { recv(listener, $0.baseAddress, $0.count, 0) }
            guard count > 0 else { return }
            rest += buffer.prefix(count)
            while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                let question = Array(rest[..<end])
                rest = Array(rest[(end + 1)...])
                guard reply(to: question, listener) else { return }
            }
        }
    }

    private func reply(to question: [UInt8], _ listener: Int32) -> Bool {
        let limits = JSONLimits(bytesMax: Self.lineBytesMax, depthMax: 8)
        let value = try? JSONValue(decoding: question, limits: limits)
        let line = Self.line(answer(value ?? .null))
        // Whole, whatever event comes in between.
        return state.withLock { _ in Self.send(line, to: listener) }
    }

    private static func line(_ value: JSONValue) -> [UInt8] { value.encoded() + [UInt8(ascii: "\n")] }

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
