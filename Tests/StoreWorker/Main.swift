internal import Centre
internal import Storage

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// Writes to a store until it is killed, and says after each transaction that it was kept: `StoreWorker ADDRESS NAME
/// THREADS [STEP]`. With a step it kills itself there: `before:N`, `inside:N`, `flushed:N` or `after:N` of transaction
/// N.
@main
struct StoreWorker {
    static let rows = Table(
        "parents", key: [.text("id")], [.integer("size"), .bytes("data").optional, .text("note").optional])

    static func main() throws {
        let arguments = CommandLine.arguments
        guard arguments.count >= 4, let threads = Int(arguments[3]) else { exit(64) }
        let store = try StoreAddress(arguments[1]).open()
        let step = arguments.count > 4 ? arguments[4] : ""
        let name = arguments[2]
        for thread in 1..<max(1, threads) { start { try work(store, "\(name)-\(thread)", step: "") } }
        try work(store, "\(name)-0", step: step)
    }

    /// Two rows and a counter in one transaction.
    static func work(_ store: any Database, _ name: String, step: String) throws {
        for number in 1...1_000_000 {
            die(step, "before", number)
            try store.write { transaction in
                let data = [UInt8](repeating: 1, count: number % 5 == 0 ? 5_000 : 50)
                for half in ["a", "b"] {
                    transaction.change(.insert(rows, row("\(name)/\(number)/\(half)", number, data)))
                }
                die(step, "inside", number)
                try transaction.flush()
                transaction.change(.put(rows, row(name, number, [])))
                if step.hasPrefix("flushed") { try transaction.flush() }
                die(step, "flushed", number)
            }
            die(step, "after", number)
            say("\(name)/\(number)\n")
        }
    }

    static func row(_ id: String, _ size: Int, _ data: [UInt8]) -> [StoredValue] {
        [.text(id), .integer(Int64(size)), .bytes(data), .null]
    }

    static func die(_ step: String, _ place: String, _ number: Int) {
        if step == "\(place):\(number)" { kill(getpid(), SIGKILL) }
    }

    /// One write for one line: nothing of it is lost, and lines do not mix.
    static func say(_ line: String) {
        _ = Array(line.utf8).withUnsafeBytes { write(1, $0.baseAddress, $0.count) }
    }

    static func start(_ body: @escaping @Sendable () throws -> Void) {
        final class Box {
            let body: @Sendable () throws -> Void
            init(_ body: @escaping @Sendable () throws -> Void) { self.body = body }
        }
        var thread = pthread_t()
        pthread_create(
            &thread, nil,
            { box in
                guard let box else { return nil }
                try? Unmanaged<Box>.fromOpaque(box).takeRetainedValue().body()
                return nil
            }, Unmanaged.passRetained(Box(body)).toOpaque())
    }
}
