internal import CardCrypto

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// The few things that a serving node does with files. What it cannot do it says with the path and the reason.
enum ServingFiles {
    /// Certificates with their chains, and keys.
    static let bytesMax = 1 << 20

    static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    /// Makes the folder and those above it; nobody else may look into a new one.
    static func makeFolder(_ path: String) throws(ServeFailure) {
        if mkdir(path, 0o700) == 0 || isFolder(path) { return }
        guard errno == ENOENT, let slash = path.lastIndex(of: "/"), slash > path.startIndex else {
            throw failure("the folder \(path) cannot be made")
        }
        try makeFolder(String(path[..<slash]))
        guard mkdir(path, 0o700) == 0 || isFolder(path) else {
            throw failure("the folder \(path) cannot be made")
        }
    }

    private static func isFolder(_ path: String) -> Bool {
        let reason = errno
        defer { errno = reason }
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// From the root on, as it is shown to people; the path itself where the system does not know.
    static func absolute(_ path: String) -> String {
        guard let resolved = realpath(path, nil) else { return path }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    /// A new file, on the disk before anything depends on it; one that is there is never overwritten.
    static func make(_ path: String, mode: mode_t, _ secret: Secret) throws(ServeFailure) {
        let file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
        guard file >= 0 else { throw failure("\(path) cannot be made") }
        defer { _ = close(file) }
        let isWritten = secret.withBytes { bytes in writeAll(file, bytes) }
        guard isWritten, fsync(file) == 0, syncFolder(of: path) else {
            throw failure("\(path) cannot be written")
        }
    }

    static func read(_ path: String) throws(ServeFailure) -> Secret {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw failure("\(path) cannot be read") }
        defer { _ = close(file) }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: bytesMax, alignment: 16)
        defer {
            Secret.erase(buffer)
            buffer.deallocate()
        }
        var count = 0
        while count < buffer.count {
            let result = readSome(file, UnsafeMutableRawBufferPointer(rebasing: buffer[count...]))
            if result < 0, errno == EINTR { continue }
            guard result >= 0 else { throw failure("\(path) cannot be read") }
            if result == 0 { break }
            count += result
        }
        guard count < buffer.count else {
            throw ServeFailure("file", "\(path) is larger than a certificate, a key or a passphrase")
        }
        return Secret(buffer[..<count])
    }

    /// Without the end of the line, which editors add.
    static func readLine(_ path: String) throws(ServeFailure) -> Secret {
        let whole = try read(path)
        return whole.withBytes { bytes in
            var end = bytes.endIndex
            if end > 0, bytes[end - 1] == UInt8(ascii: "\n") { end -= 1 }
            if end > 0, bytes[end - 1] == UInt8(ascii: "\r") { end -= 1 }
            return Secret(bytes[..<end])
        }
    }

    static func isReadableByOthers(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & (S_IRWXG | S_IRWXO) != 0
    }

    /// Changes whenever the file is another one, or has other contents.
    static func stamp(_ path: String) -> [Int64]? {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        #if canImport(Glibc)
            let time = status.st_mtim
        #else
            let time = status.st_mtimespec
        #endif
        return [
            Int64(truncatingIfNeeded: status.st_ino), Int64(status.st_size), Int64(time.tv_sec),
            Int64(time.tv_nsec),
        ]
    }

    /// As many open files as the system gives: each connection is one.
    static func raiseDescriptorLimit() -> Int {
        var limit = rlimit()
        #if canImport(Glibc)
            let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        #else
            let resource = RLIMIT_NOFILE
        #endif
        guard getrlimit(resource, &limit) == 0 else { return 1_024 }
        if limit.rlim_cur < limit.rlim_max {
            limit.rlim_cur = min(limit.rlim_max, 1 << 20)
            _ = setrlimit(resource, &limit)
            _ = getrlimit(resource, &limit)
        }
        return Int(clamping: limit.rlim_cur)
    }

    private static func failure(_ what: String) -> ServeFailure {
        ServeFailure("file", what, why: String(cString: strerror(errno)))
    }

    private static func syncFolder(of path: String) -> Bool {
        let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
        let handle = open(folder, O_RDONLY | O_CLOEXEC)
        guard handle >= 0 else { return false }
        defer { _ = close(handle) }
        return fsync(handle) == 0
    }

    private static func writeAll(_ file: Int32, _ bytes: UnsafeRawBufferPointer) -> Bool {
        var rest = bytes
        while !rest.isEmpty {
            #if canImport(Glibc)
                let count = Glibc.write(file, rest.baseAddress, rest.count)
            #else
                let count = Darwin.write(file, rest.baseAddress, rest.count)
            #endif
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        }
        return true
    }

    private static func readSome(_ file: Int32, _ buffer: UnsafeMutableRawBufferPointer) -> Int {
        #if canImport(Glibc)
            Glibc.read(file, buffer.baseAddress, buffer.count)
        #else
            Darwin.read(file, buffer.baseAddress, buffer.count)
        #endif
    }
}
