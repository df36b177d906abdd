internal import Foundation
internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// A real server on a real socket that answers each request with what the script says, byte for byte.
package final class LoopbackServer: Sendable {
    /// What to send for a request; `nil` hangs up without a word. `pauses` are sent one after the other.
    package struct Script: Sendable {
        package var pieces: [String]
        package var pause: Duration
        package var closes: Bool

        package init(pieces: [String], pause: Duration = .zero, closes: Bool = false) {
            self.pieces = pieces
            self.pause = pause
            self.closes = closes
        }
    }

    package let port: Int
    private let listener: Int32
    private let seen = Mutex<[String]>([])
    private let connectionCount = Mutex<Int>(0)

    package var requests: [String] { seen.withLock { $0 } }
    package var connections: Int { connectionCount.withLock { $0 } }
    package var url: String { "http://127.0.0.1:\(port)" }

    /// - Parameter hangsUp: as soon as somebody connects, before a word was said.
    package init(hangsUp: Bool = false, _ answer: @escaping @Sendable (String) -> Script?) throws {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                bind(listener, generic, length) == 0 && listen(listener, 16) == 0
                    && getsockname(listener, generic, &length) == 0
            }
        }
        guard isBound else { throw POSIXError(.EADDRNOTAVAIL) }
        port = Int(UInt16(bigEndian: address.sin_port))
        self.listener = listener
        Thread.detachNewThread { [self] in
            while true {
                let connection = accept(listener, nil, nil)
                guard connection >= 0 else {
                    close(listener)
                    return
                }
                connectionCount.withLock { $0 += 1 }
                guard !hangsUp else {
                    close(connection)
                    continue
                }
                Thread.detachNewThread { [self] in serve(connection, answer) }
            }
        }
    }

    package func stop() { shutdown(listener, Int32(SHUT_RDWR)) }

    private func serve(_ connection: Int32, _ answer: (String) -> Script?) {
        defer { close(connection) }
        while let request = Self.read(connection) {
            seen.withLock { $0.append(request) }
            guard let script = answer(request) else { return }
            for piece in script.pieces {
                let bytes = Array(piece.utf8)
                guard send(connection, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count else { return }
                Thread.sleep(forTimeInterval: script.pause / .seconds(1))
            }
            if script.closes { return }
        }
    }

    /// One request with the body that its length names.
    private static func read(_ connection: Int32) -> String? {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = recv(connection, &buffer, buffer.count, 0)
            guard count > 0 else { return nil }
            bytes += buffer.prefix(count)
            let text = String(decoding: bytes, as: UTF8.self)
            guard let head = text.range(of: "\r\n\r\n") else { continue }
            let length =
                text[..<head.lowerBound].split(separator: "\r\n")
                .first { $0.lowercased().hasPrefix("content-length:") }
                .flatMap { Int($0.split(separator: ":")[1].trimmingCharacters(in: .whitespaces)) } ?? 0
            if text[head.upperBound...].utf8.count >= length { return text }
        }
    }

    /// A port that nobody listens at.
    package static func freePort() -> Int {
        let probe = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(probe) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                _ = bind(probe, generic, length)
                _ = getsockname(probe, generic, &length)
            }
        }
        return Int(UInt16(bigEndian: address.sin_port))
    }

    package static func text(_ status: String, _ body: String, _ fields: String = "") -> Script {
        Script(pieces: [
            "HTTP/1.1 \(status)\r\nContent-Length: \(body.utf8.count)\r\n\(fields)\r\n\(body)"
        ])
    }
}
