import Foundation

/// The reader's end of vpcd's protocol, one byte at a time if need be: a listener on a free port of this machine.
final class FakeVPCD {
    let port: UInt16
    private let listener: Int32
    private var connection: Int32 = -1

    struct Failure: Error {
        let what: String
    }

    init(port wanted: UInt16 = 0) throws {
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var yes: Int32 = 1
        setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, 4)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = wanted.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let listener = listener
        let code = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { raw in
                bind(listener, raw, size) != 0
                    ? -1 : listen(listener, 1) != 0 ? -2 : getsockname(listener, raw, &size)
            }
        }
        guard code == 0 else { throw Failure(what: "bind, listen or getsockname: \(code)") }
        port = UInt16(bigEndian: address.sin_port)
    }

    deinit {
        hangUp()
        close(listener)
    }

    /// Waits for the card.
    func accept() throws {
        guard isReadable(listener) else { throw Failure(what: "no card came") }
        connection = Glibc.accept(listener, nil, nil)
        guard connection >= 0 else { throw Failure(what: "accept") }
    }

    func hangUp() {
        if connection >= 0 { close(connection) }
        connection = -1
    }

    func send(_ bytes: [UInt8]) throws {
        guard Glibc.send(connection, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count else {
            throw Failure(what: "send")
        }
    }

    func sendMessage(_ bytes: [UInt8]) throws {
        try send([UInt8(bytes.count >> 8), UInt8(bytes.count & 0xFF)] + bytes)
    }

    /// The card's next message; nothing when it closed the connection.
    func receiveMessage() throws -> [UInt8]? {
        guard let head = try receive(2) else { return nil }
        return try receive(Int(head[0]) << 8 | Int(head[1]))
    }

    /// Whether the card has something to say at the moment.
    var hasAnswer: Bool { isReadable(connection, milliseconds: 0) }

    private func receive(_ count: Int) throws -> [UInt8]? {
        var bytes: [UInt8] = []
        while bytes.count < count {
            guard isReadable(connection) else { throw Failure(what: "the card said nothing") }
            var chunk = [UInt8](repeating: 0, count: count - bytes.count)
            let received = recv(connection, &chunk, chunk.count, 0)
            guard received > 0 else { return nil }
            bytes += chunk[..<received]
        }
        return bytes
    }

    private func isReadable(_ descriptor: Int32, milliseconds: Int32 = 15_000) -> Bool {
        var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return Glibc.poll(&waiting, 1, milliseconds) == 1
    }
}
