internal import Arguments
internal import FoundationEssentials

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

    /// The text, or nothing when there is no such file yet.
    func read() throws -> String? {
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        do {
            return String(decoding: try Data(contentsOf: URL(fileURLWithPath: path)), as: UTF8.self)
        } catch {
            throw Problem(
                "state-unreadable", exit: .configuration,
                "what berth remembers between runs cannot be read", why: path,
                advice: ["it is a file of berth's own: look what stands there, and who may read it"])
        }
    }

    /// Gives the text to the change and writes what comes back, if it is another one.
    func update(_ change: (String?) throws -> String) throws {
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        } catch {
            throw cannotWrite()
        }
        let lock = open(path + ".lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard lock >= 0 else { throw cannotWrite() }
        defer { _ = close(lock) }
        guard flock(lock, LOCK_EX) == 0 else { throw cannotWrite() }
        let before = try read()
        let after = try change(before)
        guard after != before else { return }
        try write(Array(after.utf8))
    }

    private func write(_ bytes: [UInt8]) throws(Problem) {
        let temporary = path + ".new"
        let file = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw cannotWrite() }
        defer { _ = close(file) }
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Self.writeSome(file, $0) }
            guard count > 0 else { throw cannotWrite() }
            rest = rest.dropFirst(count)
        }
        guard fsync(file) == 0, rename(temporary, path) == 0 else { throw cannotWrite() }
    }

    private static func writeSome(_ file: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
        #if canImport(Glibc)
            Glibc.write(file, bytes.baseAddress, bytes.count)
        #else
            Darwin.write(file, bytes.baseAddress, bytes.count)
        #endif
    }

    private func cannotWrite() -> Problem {
        Problem(
            "state-not-written", exit: .cannotCreate, "what berth remembers between runs cannot be written",
            why: "\(path): \(String(cString: strerror(errno)))",
            advice: ["make the folder writable, or set XDG_STATE_HOME to one that is"])
    }
}
