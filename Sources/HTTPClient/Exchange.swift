internal import CCurl

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// One request while it is under way: what curl calls back, all on the thread that waits.
final class Exchange {
    private static let fieldsBytesMax = 65_536
    private static let lineBytesMax = 262_144

    private let bodyBytesMax: Int
    private let cancellation: Cancellation?
    private let allows: (@Sendable (ResolvedAddress) -> Bool)?
    private let early: EarlyConnection?
    let onLine: ((String) -> Bool)?

    private(set) var status = 0
    private(set) var fields: [(name: String, value: String)] = []
    private(set) var body: [UInt8] = []
    /// Why it was ended from here.
    private(set) var failure: HTTPClientError?
    /// Whoever takes the lines has enough.
    private(set) var isDone = false
    private var fieldBytes = 0
    private var line: [UInt8] = []

    init(
        _ request: ClientRequest, _ cancellation: Cancellation?, _ options: HTTPClientOptions,
        onLine: ((String) -> Bool)? = nil
    ) {
        bodyBytesMax = request.bodyBytesMax
        self.cancellation = cancellation
        allows = options.allows
        early = options.early
        self.onLine = onLine
    }

    private static func of(_ context: UnsafeMutableRawPointer?) -> Exchange? {
        context.map { Unmanaged<Exchange>.fromOpaque($0).takeUnretainedValue() }
    }

    private static func bytes(_ start: UnsafeMutablePointer<CChar>?, _ count: Int) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: start, count: count)
    }

    // MARK: What comes

    /// Fewer bytes than came end the exchange.
    static let takeBody: berth_receive = { start, size, count, context in
        guard let exchange = of(context) else { return 0 }
        return exchange.take(bytes(start, size * count)) ? size * count : 0
    }

    static let takeField: berth_receive = { start, size, count, context in
        guard let exchange = of(context) else { return 0 }
        return exchange.takeField(bytes(start, size * count)) ? size * count : 0
    }

    /// Asked at least once a second; anything but zero ends the exchange.
    static let goesOn: berth_progress = { context, _, _, _, _ in
        guard let exchange = of(context), let cancellation = exchange.cancellation,
            cancellation.isCancelled
        else { return 0 }
        exchange.failure = HTTPClientError(.cancelled, "It was cancelled.", isUnsent: false)
        return 1
    }

    private func take(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard let onLine, status == 200 else {
            guard body.count + bytes.count <= bodyBytesMax else { return endTooLong() }
            body.append(contentsOf: bytes)
            return true
        }
        for byte in bytes {
            guard byte == UInt8(ascii: "\n") else {
                guard line.count < Self.lineBytesMax else { return endTooLong() }
                line.append(byte)
                continue
            }
            guard give(onLine) else { return false }
        }
        return true
    }

    private func endTooLong() -> Bool {
        failure = HTTPClientError(.tooLong, "The server sent more than is taken.", isUnsent: false)
        return false
    }

    private func give(_ onLine: (String) -> Bool) -> Bool {
        if line.last == UInt8(ascii: "\r") { line.removeLast() }
        let text = String(decoding: line, as: UTF8.self)
        line.removeAll(keepingCapacity: true)
        if !onLine(text) { isDone = true }
        return !isDone
    }

    /// A last line may have no end.
    func endLines() {
        guard let onLine, !isDone, !line.isEmpty else { return }
        _ = give(onLine)
    }

    private func takeField(_ bytes: UnsafeRawBufferPointer) -> Bool {
        fieldBytes += bytes.count
        guard fieldBytes <= Self.fieldsBytesMax else { return endTooLong() }
        var text = Substring(String(decoding: bytes, as: UTF8.self))
        while let last = text.last, last.isWhitespace { text.removeLast() }
        // Each answer on the way, of a redirect or a 1xx, begins anew.
        if text.hasPrefix("HTTP/") {
            status = text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
            fields = []
            body = []
            return true
        }
        guard let colon = text.firstIndex(of: ":") else { return true }
        let value = text[text.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
        fields.append((String(text[..<colon]), String(value)))
        return true
    }

    // MARK: Where it goes

    static let openSocket: berth_open_socket = { context, purpose, address in
        guard let exchange = of(context), let address else { return refusedSocket }
        let found = resolved(address)
        if let allows = exchange.allows {
            guard let found, allows(found) else {
                exchange.failure = HTTPClientError(
                    .addressRefused, "The name stands for an address that is not allowed.")
                return refusedSocket
            }
            // An address that was allowed after one that was not: what counts is what is connected to.
            exchange.failure = nil
        }
        if let found, let early = exchange.early?.take(to: found) { return early }
        return socket(address.pointee.family, address.pointee.socktype, address.pointee.protocol)
    }

    /// CURL_SOCKET_BAD
    private static let refusedSocket: curl_socket_t = -1

    private static func resolved(_ address: UnsafeMutablePointer<curl_sockaddr>) -> ResolvedAddress? {
        // The structure ends with a `sockaddr`, behind which the rest of a longer address follows.
        guard let offset = MemoryLayout<curl_sockaddr>.offset(of: \.addr) else { return nil }
        return ResolvedAddress(UnsafeRawPointer(address) + offset, family: address.pointee.family)
    }
}
