package import Centre
internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// The store on a PostgreSQL server, which many nodes may share.
package final class PostgreSQLStore: Database {
    package let place: String
    package let engine = "PostgreSQL"
    private let pool: PostgreSQLPool
    private let memory = CatalogueMemory()

    private let counts = Mutex(StoreEffort())

    /// Others in the way make a transaction start again so often; after a few times it runs alone.
    private static let refusalsMax = 10
    private static let refusalsInCompany = 3
    /// A transaction is begun again on a new connection so often.
    private static let lossesMax = 3
    /// The longest pause before it is begun again.
    private static let pauseMax: UInt32 = 50_000

    /// `address` is a URL or a line of settings as PostgreSQL's library takes them.
    package init(_ address: String, connectionsMax: Int = 16) throws(StoreFailure) {
        place = PostgreSQLAddress(text: address).place
        pool = PostgreSQLPool(try LibPQ(), address: address, connectionsMax: connectionsMax)
        // Whoever cannot be reached is told now, not in the middle of work.
        pool.give(back: try pool.take())
    }

    package var effort: StoreEffort? { counts.withLock { $0 } }

    package func read<Result: Sendable>(_ body: (any Transaction) throws -> Result) throws -> Result {
        var losses = 0
        while true {
            switch try perform(.look, body) {
            case .success(let result): return result
            case .alone: preconditionFailure("a look claims nothing")
            case .again(let failure, let error):
                losses += 1
                guard failure.isLost, losses <= Self.lossesMax else { throw error }
                counts.withLock { $0.lost += 1 }
            }
        }
    }

    package func write<Result: Sendable>(_ body: (any Transaction) throws -> Result) throws -> Result {
        var (losses, refusals) = (0, 0)
        var kind = PostgreSQLTransaction.Kind.change
        while refusals < Self.refusalsMax {
            switch try perform(kind, body) {
            case .success(let result): return result
            case .alone:
                counts.withLock { $0.widened += 1 }
                kind = .changeAlone
            case .again(let failure, let error) where failure.isLost:
                losses += 1
                guard losses <= Self.lossesMax else { throw error }
                counts.withLock { $0.lost += 1 }
            case .again:
                refusals += 1
                counts.withLock { $0.refused += 1 }
                kind = refusals < Self.refusalsInCompany && kind != .changeAlone ? .changeAgain : .changeAlone
                pause(after: refusals)
            }
        }
        throw StoreFailure.contended
    }

    /// Longer each time and never twice the same, so that those who were in each other's way do not meet again.
    private func pause(after refusals: Int) {
        // Which refusal of which process: two never have the same. Scattered as SplitMix64 does.
        var scattered = UInt64(getpid()) << 32 | UInt64(counts.withLock { $0.refused })
        scattered = (scattered ^ (scattered >> 30)) &* 0xBF58_476D_1CE4_E5B9
        scattered = (scattered ^ (scattered >> 27)) &* 0x94D0_49BB_1331_11EB
        usleep(UInt32(scattered >> 33) % min(Self.pauseMax, 1_000 << UInt32(refusals)))
    }

    private enum Outcome<Result> {
        case success(Result)
        /// Nothing happened, and it has to run alone.
        case alone
        /// Nothing happened, and the same again may succeed.
        case again(PostgreSQLFailure, any Error)
    }

    private func perform<Result>(
        _ kind: PostgreSQLTransaction.Kind, _ body: (any Transaction) throws -> Result
    ) throws -> Outcome<Result> {
        let connection = try pool.take()
        let transaction = PostgreSQLTransaction(connection, memory, kind)
        defer {
            counts.withLock { $0.count(transaction) }
            if transaction.changesCatalogue { memory.forget() }
            if transaction.failure?.isLost == true { pool.drop() } else { pool.give(back: connection) }
        }
        do {
            let result = try body(transaction)
            try transaction.commit()
            return .success(result)
        } catch {
            try transaction.abandon()
            if transaction.mustBeAlone { return .alone }
            if let failure = error as? StoreFailure, case .unknownOutcome = failure { throw error }
            guard let failure = transaction.failure, failure.isLost || failure.isContention else {
                throw error
            }
            return .again(failure, error)
        }
    }

    /// The server does so by itself.
    package func tidy() {}

    /// Connections are made anew.
    package var end: StoreFailure? { nil }

    /// For what stands beside transactions: schema, checks.
    func alone<Value>(
        _ body: (PostgreSQLConnection) throws(PostgreSQLFailure) -> Value
    ) throws(StoreFailure) -> Value {
        let connection = try pool.take()
        do {
            let value = try body(connection)
            pool.give(back: connection)
            return value
        } catch {
            // In the middle of whatever it was: a new connection is cleaner than this one.
            pool.drop()
            throw error.failure(table: nil)
        }
    }
}

extension StoreEffort {
    fileprivate mutating func count(_ transaction: PostgreSQLTransaction) {
        transactions += 1
        trips += transaction.trips
        if transaction.isAlone { alone += 1 }
    }
}

/// Connections that transactions borrow; made when they are needed, replaced when they broke.
final class PostgreSQLPool: @unchecked Sendable {
    // A connection is used by the caller it is lent to, and by nobody else until it comes back.

    private struct State {
        var idle: [PostgreSQLConnection] = []
        var count = 0
    }

    private let library: LibPQ
    private let address: String
    private let connectionsMax: Int
    private let state = Monitor(State())

    init(_ library: LibPQ, address: String, connectionsMax: Int) {
        self.library = library
        self.address = address
        self.connectionsMax = connectionsMax
    }

    func take() throws(StoreFailure) -> PostgreSQLConnection {
        while let idle = takeIdle() {
            if !idle.isGone { return idle }
            drop()
        }
        do throws(StoreFailure) {
            return try PostgreSQLConnection(library, address: address)
        } catch {
            drop()
            throw error
        }
    }

    /// A connection that is there already, or leave to make one.
    private func takeIdle() -> PostgreSQLConnection? {
        state.wait { state -> PostgreSQLConnection?? in
            if let connection = state.idle.popLast() { return .some(connection) }
            guard state.count < connectionsMax else { return nil }
            state.count += 1
            return .some(nil)
        }
    }

    func give(back connection: PostgreSQLConnection) {
        state.change { $0.idle.append(connection) }
    }

    /// One that was taken does not come back.
    func drop() {
        state.change { $0.count -= 1 }
    }
}
