#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// One connection to a server of this machine that asks and waits for the answer: as a terminal does, and no faster.
final class BenchHTTP {
    let descriptor: Int32
    private var tls: BenchTLS?
    private var unread: [UInt8] = []

    /// - Parameter trust: for a server that speaks TLS.
    init(port: UInt16, trust: BenchTLS.Trust? = nil) throws {
        #if canImport(Glibc)
            descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        #else
            descriptor = socket(AF_INET, SOCK_STREAM, 0)
        #endif
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
            throw BenchmarkError("no connection: \(String(cString: strerror(errno)))")
        }
        var patience = timeval(tv_sec: 30, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        var on: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
        tls = try trust.map { try BenchTLS(descriptor, $0) }
    }

    /// A connection that somebody else has begun.
    init(accepted descriptor: Int32) { self.descriptor = descriptor }

    deinit { _ = close(descriptor) }

    func ask(
        _ method: String = "GET", _ path: String, token: String? = nil, fields: String = "", body: String = ""
    ) throws -> (status: Int, body: String) {
        try send(method, path, token: token, fields: fields, body: body)
        return try read()
    }

    func send(
        _ method: String, _ path: String, token: String? = nil, fields: String = "", body: String = ""
    ) throws {
        let authorization = token.map { "Authorization: Bearer \($0)\r\n" } ?? ""
        let length = body.isEmpty ? "" : "Content-Length: \(body.utf8.count)\r\n"
        let text =
            "\(method) \(path) HTTP/1.1\r\nHost: centre\r\n\(authorization)\(fields)\(length)\r\n\(body)"
        try send(text)
    }

    func send(_ text: String) throws {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { tls?.write($0) ?? write(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else { throw BenchmarkError("the server hung up") }
            rest = rest.dropFirst(count)
        }
    }

    func read() throws -> (status: Int, body: String) {
        let (head, body) = try readMessage()
        guard let status = head.split(separator: " ").dropFirst().first.flatMap({ Int($0) }) else {
            throw BenchmarkError("the server does not speak HTTP")
        }
        return (status, body)
    }

    /// A request or an answer; bodies with a length only.
    func readMessage() throws -> (head: String, body: String) {
        let head = String(decoding: try take(through: Array("\r\n\r\n".utf8)), as: UTF8.self)
        let length = head.split(separator: "\r\n").first { $0.lowercased().hasPrefix("content-length:") }
            .flatMap { Int($0.split(separator: " ").last ?? "") }
        guard let length else { return (head, "") }
        while unread.count < length { try receive() }
        defer { unread.removeFirst(length) }
        return (head, String(decoding: unread[..<length], as: UTF8.self))
    }

    private func take(through end: [UInt8]) throws -> [UInt8] {
        while true {
            if let start = unread.indices.first(where: { unread[$0...].starts(with: end) }) {
                defer { unread.removeFirst(start + end.count) }
                return Array(unread[..<(start + end.count)])
            }
            try receive()
        }
    }

    private func receive() throws {
        var buffer = [UInt8](repeating: 0, count: 16_384)
        let count = buffer.withUnsafeMutableBytes {
            tls?.read($0) ?? recv(descriptor, $0.baseAddress, $0.count, 0)
        }
        guard count > 0 else { throw BenchmarkError("the server does not answer") }
        unread += buffer[..<count]
    }
}
