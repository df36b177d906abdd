internal import JSON
internal import Synchronization
internal import Wire

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// A relay as others do it: the same terminal, the same centre and the same commands for the card, but each command is
/// a round trip of its own. It stands beside the centre, so what it asks there costs no way.
enum LockStep {
    static func run(port: UInt16, to target: UInt16) throws {
        _ = signal(SIGPIPE, SIG_IGN)
        let sessions = Sessions()
        try BenchListener.serve(port) { descriptor in
            let client = BenchHTTP(accepted: descriptor)
            guard let centre = try? BenchHTTP(port: target) else { return }
            while let (head, body) = try? client.readMessage() {
                let request = Request(head: head, body: body)
                guard let (status, answer) = try? sessions.answer(request, centre),
                    (try? client.send(
                        "HTTP/1.1 \(status) So\r\nContent-Type: application/json\r\nContent-Length: "
                            + "\(answer.utf8.count)\r\n\r\n\(answer)")) != nil
                else { return }
            }
        }
    }

    fileprivate struct Request {
        let head: String
        var body: String

        /// The session that this opens, where its answer brings an order along.
        var opened: String? {
            guard head.prefix(while: { $0 != "\r" }).contains("/visits ") else { return nil }
            return (try? JSONValue(decoding: body))?["session"]?.stringValue
        }

        /// The session, where this is a report.
        var session: String? {
            let path = head.split(separator: " ").dropFirst().first ?? ""
            guard path.hasPrefix("/gp/seram/remoteManagement?") else { return nil }
            return path.split(separator: "=").last.map(String.init)
        }

        func forward(to centre: BenchHTTP) throws -> (status: Int, body: String) {
            let words = head.split(separator: " ")
            let fields = head.split(separator: "\r\n").dropFirst().filter { line in
                let name = line.prefix { $0 != ":" }.lowercased()
                return !["host", "content-length", "connection", "accept-encoding"].contains(name)
            }
            try centre.send(
                String(words[0]), String(words[1]), fields: fields.map { $0 + "\r\n" }.joined(), body: body)
            return try centre.read()
        }
    }

    /// Orders that are being carried out, command by command.
    private final class Sessions: Sendable {
        private struct Order {
            var left: [[UInt8]]
            var answers: [[UInt8]] = []
        }

        private let orders = Mutex<[String: Order]>([:])

        func answer(_ request: Request, _ centre: BenchHTTP) throws -> (status: Int, body: String) {
            if let opened = request.opened { return try visit(opened, request, centre) }
            guard let session = request.session else { return try request.forward(to: centre) }
            var request = request
            if var order = orders.withLock({ $0[session] }) {
                let report = try SeramReport(reading: Array(request.body.utf8))
                order.answers += report.responses.flatMap { $0 }
                if report.status.word == .processed, !order.left.isEmpty {
                    let next = order.left.removeFirst()
                    orders.withLock { $0[session] = order }
                    return (200, text(SeramOrder(delay: 0, commands: [.send([next])])))
                }
                orders.withLock { $0[session] = nil }
                request.body = String(
                    decoding: SeramReport(report.status, responses: [order.answers]).written(), as: UTF8.self)
            }
            let (status, body) = try request.forward(to: centre)
            guard status == 200, let order = try? SeramOrder(reading: Array(body.utf8)) else {
                return (status, body)
            }
            return (200, takeApart(order, session).map(text) ?? body)
        }

        /// What remains of an order that has more than one command; `nil` where it has not.
        private func takeApart(_ order: SeramOrder, _ session: String) -> SeramOrder? {
            guard order.sends.count == 1, let commands = order.sends.first, commands.count > 1 else {
                return nil
            }
            orders.withLock { $0[session] = Order(left: Array(commands.dropFirst())) }
            let first = order.commands.map { command -> SeramCommand in
                if case .send = command { .send([commands[0]]) } else { command }
            }
            return SeramOrder(delay: 0, chosen: order.chosen, commands: first)
        }

        private func visit(
            _ session: String, _ request: Request, _ centre: BenchHTTP
        ) throws -> (status: Int, body: String) {
            var request = request
            // A relay has nothing of the centre's beforehand.
            if case .object(var wish)? = try? JSONValue(decoding: request.body) {
                wish["greeting"] = nil
                request.body = JSONValue.object(wish).text
            }
            let (status, body) = try request.forward(to: centre)
            guard case .object(var object)? = try? JSONValue(decoding: body), let order = object["order"],
                let read = try? SeramOrder(reading: order.encoded()), let first = takeApart(read, session)
            else { return (status, body) }
            object["order"] = try JSONValue(decoding: first.written())
            return (status, JSONValue.object(object).text)
        }

        private func text(_ order: SeramOrder) -> String { String(decoding: order.written(), as: UTF8.self) }
    }
}
