#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A client that sends exactly the bytes that it is given, also those that no decent client sends.
final class RawClient {
    private(set) var descriptor: Int32
    private var unread: [UInt8] = []

    struct Answer: Equatable {
        var status: Int
        var fields: [String: String]
        var body: [UInt8]
        var text: String { String(decoding: body, as: UTF8.self) }
    }

    struct NoConnection: Error {}

    init(port: UInt16, receiveBytes: Int32? = nil) throws {
        #if canImport(Glibc)
            descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        #else
            descriptor = socket(AF_INET, SOCK_STREAM, 0)
        #endif
        // A server that never answers must fail the test, not hang it.
        var patience = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        if var receiveBytes {
            setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &receiveBytes, socklen_t(MemoryLayout<Int32>.size))
        }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let connected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard connected == 0 else {
            _ = close(descriptor)
            descriptor = -1
            throw NoConnection()
        }
    }

    deinit { leave() }

    func leave() {
        if descriptor >= 0 { _ = close(descriptor) }
        descriptor = -1
    }

    func finishSending() { _ = shutdown(descriptor, Int32(SHUT_WR)) }

    @discardableResult
    func send(_ text: String) -> Bool { send(Array(text.utf8)) }

    @discardableResult
    func send(_ bytes: [UInt8]) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { buffer in
                #if canImport(Glibc)
                    Glibc.send(descriptor, buffer.baseAddress, buffer.count, Int32(MSG_NOSIGNAL))
                #else
                    Darwin.send(descriptor, buffer.baseAddress, buffer.count, 0)
                #endif
            }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }

    func get(_ path: String, _ fields: String = "") throws -> Answer? {
        send("GET \(path) HTTP/1.1\r\nHost: centre\r\n\(fields)\r\n")
        return read()
    }

    func post(_ path: String, _ body: String, _ fields: String = "") throws -> Answer? {
        send(
            "POST \(path) HTTP/1.1\r\nHost: centre\r\nContent-Length: \(body.utf8.count)\r\n\(fields)\r\n\(body)"
        )
        return read()
    }

    /// Status and fields only; what follows is for `readChunk`.
    func readHead() -> Answer? { read(isHead: true) }

    /// The next answer, or nil where the connection ends first.
    func read(isHead: Bool = false) -> Answer? {
        guard let head = take(through: "\r\n\r\n") else { return nil }
        var lines = String(decoding: head, as: UTF8.self).split(separator: "\r\n").map(String.init)
        guard !lines.isEmpty, let status = Int(lines.removeFirst().split(separator: " ")[1]) else {
            return nil
        }
        var fields: [String: String] = [:]
        for line in lines {
            let pair = line.split(separator: ":", maxSplits: 1).map(String.init)
            guard pair.count == 2 else { continue }
            fields[pair[0].lowercased()] = String(pair[1].drop { $0 == " " })
        }
        var answer = Answer(status: status, fields: fields, body: [])
        if status == 100 || isHead { return answer }
        if let length = fields["content-length"].flatMap({ Int($0) }) {
            guard let body = take(count: length) else { return nil }
            answer.body = body
        } else if fields["transfer-encoding"] == "chunked" {
            while let chunk = readChunk(), !chunk.isEmpty { answer.body += chunk }
        }
        return answer
    }

    /// The next chunk; empty for the last, nil where the connection ends first.
    func readChunk() -> [UInt8]? {
        guard let line = take(through: "\r\n"),
            let count = Int(String(decoding: line.dropLast(2), as: UTF8.self), radix: 16),
            let chunk = take(count: count + 2)
        else { return nil }
        return chunk.dropLast(2)
    }

    /// Whether the server ended the connection; waits for it.
    func isEnded() -> Bool {
        while receive() {}
        return lastCount == 0 || errno == ECONNRESET
    }

    private var lastCount = 0

    private func receive() -> Bool {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        lastCount = recv(descriptor, &buffer, buffer.count, 0)
        guard lastCount > 0 else { return false }
        unread += buffer[..<lastCount]
        return true
    }

    private func take(count: Int) -> [UInt8]? {
        while unread.count < count { guard receive() else { return nil } }
        defer { unread.removeFirst(count) }
        return Array(unread[..<count])
    }

    private func take(through end: String) -> [UInt8]? {
        let end = Array(end.utf8)
        while true {
            if let start = unread.indices.first(where: { unread[$0...].starts(with: end) }) {
                return take(count: start + end.count)
            }
            guard receive() else { return nil }
        }
    }
}
