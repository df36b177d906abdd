internal import Arguments

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// A small file that remembers something between runs, below `$XDG_STATE_HOME/berth`: changed under a lock, and
/// replaced whole, so that a crash leaves the old or the new one.
struct StateFile: Sendable {
    private let folder: String
    let path: String

    /// Without a home there is nowhere to remember.
    init?(_ name: String, _ environment: Environment) {
        if let state = environment["XDG_STATE_HOME"], state.hasPrefix("/") {
            folder = state + "/berth"
        } else if let home = environment["HOME"], home.hasPrefix("/") {
            folder = home + "/.local/state/berth"
        } else {
            return nil
        }
        path = folder + "/" + name
    }

    /// Far above what all the cards of a desk can fill.
    private static let bytesMax = 64 << 20

    /// The text, or nothing when there is no such file yet.
    func read() throws(Problem) -> String? {
        guard access(path, F_OK) == 0 else { return nil }
        do {
            return String(decoding: try InputFile.read(path, bytesMax: Self.bytesMax), as: UTF8.self)
        } catch {
            throw Problem(
                "state-unreadable", exit: .configuration,
                "what berth remembers between runs cannot be read", why: path,
                advice: ["it is a file of berth's own: look what stands there, and who may read it"])
        }
    }

    /// Gives the text to the change and writes what comes back, if it is another one.
    ///
    /// - Parameter isDurable: without it the change may be forgotten by a machine that loses its power.
    func update(isDurable: Bool = true, _ change: (String?) throws -> String) throws {
        try holding(try locked()) { try write(isDurable: isDurable, change) }
    }

    /// The same, durably, on a thread of its own: a disk takes longer to be certain than a card to answer. It is this
    /// one's turn from now on, so whoever changes the file next waits for it.
    func updateAside(_ change: @escaping @Sendable (String?) throws -> String) throws -> WorkBeside<Void> {
        let lock = try locked()
        return WorkBeside { try holding(lock) { try write(isDurable: true, change) } }
    }

    private func locked() throws(Problem) -> CInt {
        var lock = openLock()
        // The folder is there nearly always.
        if lock < 0, errno == ENOENT, FileSystem.makeFolder(folder) { lock = openLock() }
        guard lock >= 0 else { throw cannotWrite() }
        guard flock(lock, LOCK_EX) == 0 else {
            defer { _ = close(lock) }
            throw cannotWrite()
        }
        return lock
    }

    private func openLock() -> CInt { open(path + ".lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600) }

    private func holding(_ lock: CInt, _ body: () throws -> Void) throws {
        defer { _ = close(lock) }
        try body()
    }

    private func write(isDurable: Bool, _ change: (String?) throws -> String) throws {
        let before = try read()
        let after = try change(before)
        guard after != before else { return }
        let bytes = Array(after.utf8)
        guard FileSystem.replace(path, with: bytes, mode: 0o600, isDurable: isDurable) else {
            throw cannotWrite()
        }
    }

    private func cannotWrite() -> Problem {
        Problem(
            "state-not-written", exit: .cannotCreate, "what berth remembers between runs cannot be written",
            why: "\(path): \(String(cString: strerror(errno)))",
            advice: ["make the folder writable, or set XDG_STATE_HOME to one that is"])
    }
}
