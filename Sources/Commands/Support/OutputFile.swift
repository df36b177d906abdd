internal import Arguments

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// A file that is written piece by piece and takes its name when it is whole; or the standard output as `-`.
final class OutputFile {
    private let path: String
    private var file: Int32

    var isStandard: Bool { path == "-" }
    private var temporary: String { path + ".new" }

    init(_ path: String) throws(Problem) {
        self.path = path
        file =
            path == "-" ? STDOUT_FILENO : open(path + ".new", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw failure }
    }

    deinit {
        guard file >= 0, !isStandard else { return }
        _ = close(file)
        _ = unlink(temporary)
    }

    func write(_ bytes: [UInt8]) throws(Problem) {
        var rest = bytes[...]
        // Bounded: every round writes a byte at least.
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { writeSome(file, $0) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw failure }
            rest = rest.dropFirst(count)
        }
    }

    func finish() throws(Problem) {
        guard !isStandard else { return }
        guard fsync(file) == 0, rename(temporary, path) == 0 else { throw failure }
        _ = close(file)
        file = -1
    }

    private var failure: Problem {
        Problem(
            "output-not-written", exit: .cannotCreate, "\(path) cannot be written",
            why: String(cString: strerror(errno)))
    }

    private func writeSome(_ file: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
        #if canImport(Glibc)
            Glibc.write(file, bytes.baseAddress, bytes.count)
        #else
            Darwin.write(file, bytes.baseAddress, bytes.count)
        #endif
    }
}
