internal import Arguments

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// The place beside a running card where other programs of the same user ask for it to be taken out or put in: one
/// line with a request, one line with the answer.
///
/// A socket that nobody listens at was left by a program that was killed.
final class ControlSocket {
    static let lineBytesMax = 4096
    private static let patienceMilliseconds: Int32 = 2000

    let descriptor: Int32
    private let path: String

    static func path(beside card: String) -> String { card + ".control" }

    init(listeningBeside card: String) throws(Problem) {
        path = Self.path(beside: card)
        _ = unlink(path)
        descriptor = Self.makeSocket()
        guard descriptor >= 0 else { throw Self.failure(path) }
        // Nobody else may take the card out.
        let mask = umask(0o177)
        let code = Self.withAddress(path) { bind(descriptor, $0, $1) }
        _ = umask(mask)
        guard code == 0, listen(descriptor, 8) == 0 else {
            let problem = Self.failure(path)
            _ = close(descriptor)
            throw problem
        }
        _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
    }

    deinit {
        _ = close(descriptor)
        _ = unlink(path)
    }

    /// Answers whoever waits.
    func serve(_ answer: (String) -> String) {
        let connection = accept(descriptor, nil, nil)
        guard connection >= 0 else { return }
        defer { _ = close(connection) }
        // A client that says nothing must not keep the cards from anybody.
        guard let request = Self.receiveLine(connection) else { return }
        Self.sendLine(answer(request), to: connection)
    }

    /// Asks the program that runs the card; `nil` when none does.
    static func ask(_ request: String, of card: String) throws(Problem) -> String? {
        let connection = makeSocket()
        guard connection >= 0 else { throw failure(path(beside: card)) }
        defer { _ = close(connection) }
        let code = withAddress(path(beside: card)) { connect(connection, $0, $1) }
        guard code == 0 else {
            switch errno {
            case ENOENT, ECONNREFUSED: return nil
            default: throw failure(path(beside: card))
            }
        }
        sendLine(request, to: connection)
        // Putting a card in waits for the reader to look.
        guard let answer = receiveLine(connection, patience: 5 * patienceMilliseconds) else {
            throw Problem(
                "card-not-answering", exit: .inputOutput, "the program that runs \(card) does not answer")
        }
        return answer
    }

    private static func failure(_ path: String) -> Problem {
        Problem(
            "control-failed", exit: .inputOutput, "\(path) cannot be used",
            why: String(cString: strerror(errno)),
            advice: ["use a file in a folder that you may write, with a shorter path"])
    }

    // MARK: Sockets

    static func makeSocket() -> Int32 {
        #if canImport(Glibc)
            let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        #else
            let descriptor = socket(AF_UNIX, SOCK_STREAM, 0)
        #endif
        if descriptor >= 0 { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
        return descriptor
    }

    /// An address holds little more than 100 bytes: a longer path is written from its folder.
    static func withAddress(
        _ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let limit = MemoryLayout.size(ofValue: address.sun_path)
        var folder: Int32 = -1
        defer { if folder >= 0 { _ = close(folder) } }
        var name = path
        if name.utf8.count >= limit, let slash = path.lastIndex(of: "/") {
            folder = open(String(path[...slash]), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
            name = "/proc/self/fd/\(folder)/" + path[path.index(after: slash)...]
        }
        guard name.utf8.count < limit else {
            errno = ENAMETOOLONG
            return -1
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: name.utf8) }
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }

    private static func receiveLine(_ connection: Int32, patience: Int32 = patienceMilliseconds) -> String? {
        var bytes: [UInt8] = []
        while bytes.count < lineBytesMax {
            var waiting = pollfd(fd: connection, events: Int16(POLLIN), revents: 0)
            let ready = poll(&waiting, 1, patience)
            if ready < 0, errno == EINTR { continue }
            var byte: UInt8 = 0
            guard ready > 0, read(connection, &byte, 1) == 1 else { return nil }
            if byte == UInt8(ascii: "\n") { return String(decoding: bytes, as: UTF8.self) }
            bytes.append(byte)
        }
        return nil
    }

    private static func sendLine(_ line: String, to connection: Int32) {
        let bytes = Array((line + "\n").utf8)
        // The other side may be gone; then nobody wants the answer.
        _ = bytes.withUnsafeBytes { write(connection, $0.baseAddress, $0.count) }
    }
}
