internal import Arguments
internal import GlobalPlatform
internal import JSON
internal import SmartCard
internal import VirtualCard

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// What a card saw, in words, in a file beside it: one JSON object a line, and never more than two files of a bounded
/// size. Only descriptions are written, so that no key and no PIN is ever in it.
final class CardLog {
    static let bytesMax = 1 << 20

    enum Event: String {
        case powerOn = "power-on"
        case powerOff = "power-off"
        case reset
        case torn
    }

    private let path: String
    private let now: @Sendable () -> Int64
    private var descriptor: Int32 = -1
    private var byteCount = 0

    init(beside card: String, now: @escaping @Sendable () -> Int64) {
        path = Self.path(beside: card)
        self.now = now
    }

    deinit { if descriptor >= 0 { _ = close(descriptor) } }

    static func path(beside card: String) -> String { card + ".log" }
    static func olderPath(beside card: String) -> String { card + ".log.1" }

    func record(_ event: Event) { write(["event": .string(event.rawValue)]) }

    func record(_ exchange: CardExchange) { write(ExchangeText(exchange).json) }

    private func write(_ entry: JSONObject) {
        var line: JSONObject = ["at": .integer(now())]
        for member in entry.members { line[member.name] = member.value }
        let bytes = JSONValue.object(line).encoded() + [UInt8(ascii: "\n")]
        if descriptor < 0 { open() }
        if byteCount + bytes.count > Self.bytesMax {
            rotate()
            open()
        }
        // A card works on when its log cannot be written, as on a full disk.
        guard descriptor >= 0, appendAll(bytes, to: descriptor) else { return }
        byteCount += bytes.count
    }

    private func open() {
        descriptor = appendTo(path)
        var status = stat()
        byteCount = descriptor >= 0 && fstat(descriptor, &status) == 0 ? Int(status.st_size) : 0
    }

    private func rotate() {
        if descriptor >= 0 { _ = close(descriptor) }
        descriptor = -1
        byteCount = 0
        _ = rename(path, path + ".1")
    }

    /// The entries from the oldest on. A line that a crash cut off is left out.
    static func entries(beside card: String) -> [JSONObject] {
        [olderPath(beside: card), path(beside: card)].flatMap { path in
            (readFile(path, atMost: 2 * bytesMax) ?? []).split(separator: UInt8(ascii: "\n")).compactMap {
                (try? JSONValue(decoding: String(decoding: $0, as: UTF8.self)))?.objectValue
            }
        }
    }

    /// Forgets what was logged. The file stays: a card that is in use goes on writing to it.
    static func clear(beside card: String) {
        let descriptor = truncated(path(beside: card))
        if descriptor >= 0 { _ = close(descriptor) }
        _ = unlink(olderPath(beside: card))
    }

    /// For a card that is gone.
    static func remove(beside card: String) {
        _ = unlink(path(beside: card))
        _ = unlink(olderPath(beside: card))
    }
}

/// One command and its answer in words: of a protected command, what it said underneath.
struct ExchangeText {
    let exchange: CardExchange
    let commandLines: [String]
    let answerLines: [String]

    init(_ exchange: CardExchange) {
        self.exchange = exchange
        guard let command = exchange.plain ?? (try? CommandAPDU(parsing: exchange.command)) else {
            commandLines = ["not a command APDU, \(exchange.command.count) bytes"]
            answerLines = [Self.statusText(exchange.answer)]
            return
        }
        commandLines = CommandText.lines(command)
        if let answer = exchange.plainAnswer ?? (try? ResponseAPDU(parsing: exchange.answer)),
            !exchange.answer.isEmpty
        {
            answerLines = CommandText.lines(answer, to: command)
        } else {
            answerLines = [Self.statusText(exchange.answer)]
        }
    }

    private static func statusText(_ answer: [UInt8]) -> String {
        answer.isEmpty ? "no answer: the power went away" : answer.suffix(2).hex
    }

    var json: JSONObject {
        [
            "number": .count(exchange.number), "header": .string(exchange.command.prefix(4).hex),
            "bytes": .count(exchange.command.count), "secured": .bool(exchange.plain != nil),
            "command": .array(commandLines.map { .string($0) }),
            "statusWord": .string(exchange.answer.suffix(2).hex),
            "answerBytes": .count(exchange.answer.count),
            "answer": .array(answerLines.map { .string($0) }), "milliseconds": .number(exchange.milliseconds),
        ]
    }
}

private func appendTo(_ path: String) -> Int32 {
    open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0o600)
}

private func truncated(_ path: String) -> Int32 {
    open(path, O_WRONLY | O_TRUNC | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW)
}

private func appendAll(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
    bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) } == bytes.count
}

/// The whole of a small regular file; `nil` when it cannot be read or is longer.
func readFile(_ path: String, atMost limit: Int) -> [UInt8]? {
    let descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { _ = close(descriptor) }
    // A pipe might never begin, a device never end.
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while bytes.count <= limit {
        let count = buffer.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
        if count < 0, errno == EINTR { continue }
        guard count >= 0 else { return nil }
        if count == 0 { return bytes }
        bytes += buffer.prefix(count)
    }
    return nil
}
