internal import Arguments

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// The right to be the terminal of a folder: for one program at a time, and given back by the system when that program
/// ends, however it ends.
final class TerminalLock: Sendable {
    let folder: String
    private let descriptor: CInt

    init(_ folder: String) throws(Problem) {
        self.folder = folder
        guard FileSystem.makeFolder(folder) else { throw Self.failure(folder) }
        let path = folder + "/lock"
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Self.failure(path) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let reason = errno
            let other = Self.text(descriptor)
            _ = close(descriptor)
            guard reason == EWOULDBLOCK else { throw Self.failure(path) }
            throw Problem(
                "terminal-busy", exit: .tryAgain, "another program is at work as this terminal",
                why: other.isEmpty ? folder : "process \(other), with \(folder)",
                advice: [
                    "wait until it has ended, or ask the service over its socket",
                    "a second terminal on this machine needs a folder and an enrolment of its own: --state",
                ])
        }
        // For people: the lock itself is what counts.
        let name = "\(getpid())"
        _ = ftruncate(descriptor, 0)
        _ = pwrite(descriptor, name, name.utf8.count, 0)
        // A program that was killed while it enrolled.
        _ = unlink(TerminalOptions.identityPath(folder) + ".new")
    }

    deinit { _ = close(descriptor) }

    /// Holds it until here.
    func release() { _ = flock(descriptor, LOCK_UN) }

    private static func text(_ descriptor: CInt) -> String {
        var buffer = [UInt8](repeating: 0, count: 16)
        let count = buffer.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress, $0.count, 0) }
        return String(decoding: buffer.prefix(max(0, count)), as: UTF8.self).filter(\.isNumber)
    }

    private static func failure(_ path: String) -> Problem {
        Problem(
            "no-terminal-folder", exit: .cannotCreate, "\(path) cannot be used",
            why: String(cString: strerror(errno)), advice: ["say where else with --state"])
    }
}
