internal import Synchronization

/// A disk in memory that knows which bytes would survive a loss of power, and fails when it is told to.
///
/// What is written is seen at once by who reads, as on a real machine; it stays for certain only once it was synced. A
/// crash keeps what was synced and, of the rest, nothing, all, or what chance lets through, sector by sector.
package final class FaultyDisk: Sendable {
    package enum Call: String, CaseIterable, Sendable {
        case write
        case truncate
        case sync
    }

    package enum Fault: Hashable, Sendable {
        /// The operation does nothing and fails.
        case fails
        /// There is no room left, from here on.
        case isFull
        /// A write gets half of its bytes down, then fails.
        case tears
        /// Nothing reaches the disk any more, from here on.
        case losesPower
    }

    package enum Loss: Sendable {
        case everythingUnsynced
        case nothing
        /// Each unsynced sector by the toss of a coin.
        case someSectors(any RandomNumberGenerator & Sendable)
    }

    /// Disks write these whole or not at all.
    static let sectorBytes = 512
    /// The one database on the disk.
    static let storeName = "store"

    struct File {
        /// As a reader sees it.
        var bytes: [UInt8] = []
        /// As it is after a loss of power.
        var durable: [UInt8] = []
        var unsynced: [Operation] = []
    }

    enum Operation {
        case write(offset: Int, [UInt8])
        case truncate(Int)
    }

    struct State: Sendable {
        var files: [String: File] = [:]
        /// How often each operation was called since the disk was made or last armed.
        var counts: [Call: Int] = [:]
        var armed: (call: Call, number: Int, fault: Fault)?
        var isFull = false
        var isOff = false
        var beforeSync: (@Sendable () -> Void)?
    }

    private let state = Mutex(State())

    package init() {}

    // MARK: what a test does with it

    package func count(_ call: Call) -> Int { state.withLock { $0.counts[call] ?? 0 } }

    /// The `number`-th call from now on, counted from 1, fails so.
    package func fail(_ call: Call, number: Int, _ fault: Fault = .fails) {
        state.withLock {
            $0.counts = [:]
            $0.armed = (call, number, fault)
        }
    }

    /// The next sync begins when this returns; meanwhile the disk can be written and read.
    package func beforeSync(_ body: @escaping @Sendable () -> Void) {
        state.withLock { $0.beforeSync = body }
    }

    /// Whatever went wrong is repaired.
    package func heal() {
        state.withLock {
            $0.armed = nil
            $0.isFull = false
            $0.isOff = false
        }
    }

    /// What the disk holds after a loss of power at this moment; this one goes on as if nothing had happened.
    package func crashed(_ loss: Loss) -> FaultyDisk {
        let survivor = FaultyDisk()
        let files = state.withLock { $0.files }
        var chance: (any RandomNumberGenerator)? = nil
        if case .someSectors(let generator) = loss { chance = generator }
        for name in files.keys.sorted() {
            guard let file = files[name] else { continue }
            let bytes: [UInt8] =
                switch loss {
                case .everythingUnsynced: file.durable
                case .nothing: file.bytes
                case .someSectors: Self.survived(file) { chance?.next().isMultiple(of: 2) ?? false }
                }
            survivor.state.withLock { $0.files[name] = File(bytes: bytes, durable: bytes) }
        }
        return survivor
    }

    /// Of every file, as a reader sees it.
    package var contents: [[UInt8]] { state.withLock { $0.files.values.map(\.bytes) } }

    /// The bytes of a file as they are now, and a way to damage them.
    package func changeBytes(of name: String = FaultyDisk.storeName, _ change: (inout [UInt8]) -> Void) {
        state.withLock { state in
            var bytes = state.files[name]?.bytes ?? []
            change(&bytes)
            state.files[name] = File(bytes: bytes, durable: bytes)
        }
    }

    private static func survived(_ file: File, _ survives: () -> Bool) -> [UInt8] {
        var bytes = file.durable
        for operation in file.unsynced {
            switch operation {
            case .truncate(let size): if survives() { apply(.truncate(size), to: &bytes) }
            case .write(let offset, let data):
                for start in stride(from: 0, to: data.count, by: sectorBytes) where survives() {
                    let piece = Array(data[start..<min(start + sectorBytes, data.count)])
                    apply(.write(offset: offset + start, piece), to: &bytes)
                }
            }
        }
        return bytes
    }

    fileprivate static func apply(_ operation: Operation, to bytes: inout [UInt8]) {
        switch operation {
        case .truncate(let size): if size < bytes.count { bytes.removeLast(bytes.count - size) }
        case .write(let offset, let data):
            if bytes.count < offset + data.count {
                bytes += [UInt8](repeating: 0, count: offset + data.count - bytes.count)
            }
            bytes.replaceSubrange(offset..<offset + data.count, with: data)
        }
    }

    // MARK: what the file system does with it

    func exists(_ name: String) -> Bool { state.withLock { $0.files[name] != nil } }
    func create(_ name: String) { state.withLock { if $0.files[name] == nil { $0.files[name] = File() } } }
    /// Gone at once and for good: the one file that is ever removed holds nothing any more by then.
    func remove(_ name: String) { state.withLock { $0.files[name] = nil } }
    func size(of name: String) -> Int { state.withLock { $0.files[name]?.bytes.count ?? 0 } }

    func read(_ name: String, offset: Int, into buffer: UnsafeMutableRawBufferPointer) -> Int {
        state.withLock { state in
            guard let bytes = state.files[name]?.bytes, offset < bytes.count else { return 0 }
            let count = min(buffer.count, bytes.count - offset)
            bytes.withUnsafeBytes {
                buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[offset..<offset + count]))
            }
            return count
        }
    }

    /// What goes wrong, if anything does.
    func write(_ name: String, offset: Int, _ data: [UInt8]) -> Fault? {
        state.withLock { state in
            let fault = state.next(.write)
            switch fault {
            case .none: state.perform(.write(offset: offset, data), on: name)
            case .tears: state.perform(.write(offset: offset, Array(data.prefix(data.count / 2))), on: name)
            case .fails, .isFull, .losesPower: break
            }
            return fault
        }
    }

    func truncate(_ name: String, to size: Int) -> Fault? {
        state.withLock { state in
            let fault = state.next(.truncate)
            if fault == nil { state.perform(.truncate(size), on: name) }
            return fault
        }
    }

    func sync(_ name: String) -> Fault? {
        let before = state.withLock { state in
            defer { state.beforeSync = nil }
            return state.beforeSync
        }
        before?()
        return state.withLock { state in
            let fault = state.next(.sync)
            if fault == nil { state.settle(name) }
            return fault
        }
    }
}

extension FaultyDisk.State {
    fileprivate mutating func next(_ call: FaultyDisk.Call) -> FaultyDisk.Fault? {
        counts[call, default: 0] += 1
        if let armed, armed.call == call, armed.number == counts[call] {
            isFull = armed.fault == .isFull
            isOff = armed.fault == .losesPower
            return armed.fault
        }
        if isOff { return .losesPower }
        return isFull && call == .write ? .isFull : nil
    }

    fileprivate mutating func perform(_ operation: FaultyDisk.Operation, on name: String) {
        FaultyDisk.apply(operation, to: &files[name, default: FaultyDisk.File()].bytes)
        files[name]?.unsynced.append(operation)
    }

    fileprivate mutating func settle(_ name: String) {
        guard var file = files.removeValue(forKey: name) else { return }
        for operation in file.unsynced { FaultyDisk.apply(operation, to: &file.durable) }
        file.unsynced = []
        files[name] = file
    }
}
