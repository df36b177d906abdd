#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// The few things that are done with files beside reading input. Where one fails, `errno` says why.
enum FileSystem {
    /// Makes the folder and those above it that are missing.
    static func makeFolder(_ path: String) -> Bool {
        if mkdir(path, 0o777) == 0 || isFolder(path) { return true }
        guard errno == ENOENT, let slash = path.lastIndex(of: "/"), slash > path.startIndex else {
            return false
        }
        return makeFolder(String(path[..<slash])) && (mkdir(path, 0o777) == 0 || isFolder(path))
    }

    /// Replaces the file whole, so that a crash leaves the old or the new one.
    ///
    /// - Parameter isDurable: without it a loss of power may leave an empty file too: for what may be forgotten.
    static func replace(_ path: String, with bytes: [UInt8], mode: mode_t, isDurable: Bool = true) -> Bool {
        let temporary = path + ".new"
        let file = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
        guard file >= 0 else { return false }
        defer { _ = close(file) }
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { writeSome(file, $0) }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        guard !isDurable || fsync(file) == 0 else { return false }
        return rename(temporary, path) == 0
    }

    /// Leaves `errno` as it was when there is no such folder.
    private static func isFolder(_ path: String) -> Bool {
        let reason = errno
        var status = stat()
        let isThere = stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
        errno = reason
        return isThere
    }

    private static func writeSome(_ file: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
        #if canImport(Glibc)
            Glibc.write(file, bytes.baseAddress, bytes.count)
        #else
            Darwin.write(file, bytes.baseAddress, bytes.count)
        #endif
    }
}

extension FileSystem {
    /// Whether both name one file, by whatever path or link; `-` is the standard input.
    static func areSame(_ one: String, _ other: String) -> Bool {
        if one == other { return true }
        guard let first = identity(of: one), let second = identity(of: other) else { return false }
        return first == second
    }

    /// `nil` where there is no file that could be written over.
    private static func identity(of path: String) -> [UInt64]? {
        var status = stat()
        let result = path == "-" ? fstat(STDIN_FILENO, &status) : stat(path, &status)
        guard result == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        return [UInt64(truncatingIfNeeded: status.st_dev), UInt64(truncatingIfNeeded: status.st_ino)]
    }

    static func isThere(_ path: String) -> Bool { access(path, F_OK) == 0 }
}
