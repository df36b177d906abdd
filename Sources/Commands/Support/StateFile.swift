internal import Arguments

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// A small file that remembers something between runs, below `$XDG_STATE_HOME/berth`: changed under a lock, and
/// replaced whole, so that a crash leaves the old or the new one.
struct StateFile {
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
    func update(_ change: (String?) throws -> String) throws {
        guard FileSystem.makeFolder(folder) else { throw cannotWrite() }
        let lock = open(path + ".lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard lock >= 0 else { throw cannotWrite() }
        defer { _ = close(lock) }
        guard flock(lock, LOCK_EX) == 0 else { throw cannotWrite() }
        let before = try read()
        let after = try change(before)
        guard after != before else { return }
        guard FileSystem.replace(path, with: Array(after.utf8), mode: 0o600) else { throw cannotWrite() }
    }

    private func cannotWrite() -> Problem {
        Problem(
            "state-not-written", exit: .cannotCreate, "what berth remembers between runs cannot be written",
            why: "\(path): \(String(cString: strerror(errno)))",
            advice: ["make the folder writable, or set XDG_STATE_HOME to one that is"])
    }
}
