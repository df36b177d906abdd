#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// A small file that is replaced whole: whoever reads it, at whatever moment, finds the old or the new bytes.
package struct VaultFile: Sendable {
    package let path: String

    /// A link stays a link: what it leads to is replaced.
    package init(_ path: String) {
        guard let resolved = realpath(path, nil) else {
            self.path = path
            return
        }
        self.path = String(cString: resolved)
        free(resolved)
    }

    /// Tells one writing of the file from the next.
    struct Stamp: Hashable, Sendable {
        fileprivate let device: UInt64
        fileprivate let node: UInt64
        fileprivate let size: Int64
        fileprivate let seconds: Int64
        fileprivate let nanoseconds: Int64
    }

    package var isReadableByOthers: Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & (S_IRWXG | S_IRWXO) != 0
    }

    func stamp() -> Stamp? {
        var status = stat()
        return stat(path, &status) == 0 ? Stamp(status) : nil
    }

    func read() throws(VaultFileError) -> (bytes: [UInt8], stamp: Stamp) {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw errno == ENOENT ? .missing : .unreadable(Self.reason) }
        defer { _ = close(file) }
        var status = stat()
        guard fstat(file, &status) == 0 else { throw .unreadable(Self.reason) }
        guard status.st_size <= VaultFormat.bytesMax else { throw .tooLarge }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while bytes.count <= VaultFormat.bytesMax {
            let count = Self.readSome(file, &chunk)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw .unreadable(Self.reason) }
            if count == 0 { return (bytes, Stamp(status)) }
            bytes += chunk.prefix(count)
        }
        throw .tooLarge
    }

    /// Runs the body while nobody else may change the file; who is second is turned away, not kept waiting.
    func locked<Result>(
        _ body: () throws(VaultFileError) -> Result
    ) throws(VaultFileError) -> Result {
        let lock = open(path + ".lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard lock >= 0 else { throw .unwritable(Self.reason) }
        defer { _ = close(lock) }
        // One that could not be given away stays as it is: whoever may not open it is told so.
        _ = keepOwner(of: lock)
        guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
            throw errno == EWOULDBLOCK ? .busy : .unwritable(Self.reason)
        }
        // When the program dies the lock goes with the descriptor. While it lives, a program that it starts at this
        // moment has a copy of the descriptor until it runs, and would keep the lock.
        defer { _ = flock(lock, LOCK_UN) }
        return try body()
    }

    /// Puts the bytes in the file's place, on disk before it returns. Only inside `locked`.
    /// - Parameter isNew: a file that is there already stays.
    func write(_ bytes: [UInt8], isNew: Bool) throws(VaultFileError) {
        let temporary = path + ".new"
        // What a writer that died left there; the lock says that nobody writes it now.
        _ = unlink(temporary)
        let file = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw .unwritable(Self.reason) }
        var isOpen = true
        defer {
            if isOpen { _ = close(file) }
            _ = unlink(temporary)
        }
        guard isNew || keepOwner(of: file) else { throw .unwritable(Self.reason) }
        guard Self.writeAll(file, bytes), fsync(file) == 0 else { throw .unwritable(Self.reason) }
        isOpen = false
        guard close(file) == 0 else { throw .unwritable(Self.reason) }
        if isNew {
            guard link(temporary, path) == 0 else {
                throw errno == EEXIST ? .exists : .unwritable(Self.reason)
            }
        } else {
            guard rename(temporary, path) == 0 else { throw .unwritable(Self.reason) }
        }
        try syncFolder()
    }

    /// The file stays its owner's, also where root puts another in its place: a service that runs as somebody else
    /// must be able to read it.
    private func keepOwner(of file: Int32) -> Bool {
        var (old, new) = (stat(), stat())
        guard stat(path, &old) == 0 else { return errno == ENOENT }
        guard fstat(file, &new) == 0 else { return false }
        if old.st_uid == new.st_uid, old.st_gid == new.st_gid { return true }
        return fchown(file, old.st_uid, old.st_gid) == 0 || old.st_uid == new.st_uid
    }

    /// A new name is durable only when its folder is.
    private func syncFolder() throws(VaultFileError) {
        let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
        let handle = open(folder, O_RDONLY | O_CLOEXEC)
        guard handle >= 0 else { throw .unwritable(Self.reason) }
        defer { _ = close(handle) }
        guard fsync(handle) == 0 else { throw .unwritable(Self.reason) }
    }

    private static func writeAll(_ file: Int32, _ bytes: [UInt8]) -> Bool {
        bytes.withUnsafeBytes { bytes in
            var rest = bytes
            while !rest.isEmpty {
                let count = writeSome(file, rest)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { return false }
                rest = UnsafeRawBufferPointer(rebasing: rest[count...])
            }
            return true
        }
    }

    private static func readSome(_ file: Int32, _ chunk: inout [UInt8]) -> Int {
        chunk.withUnsafeMutableBytes { buffer in
            #if canImport(Glibc)
                Glibc.read(file, buffer.baseAddress, buffer.count)
            #else
                Darwin.read(file, buffer.baseAddress, buffer.count)
            #endif
        }
    }

    private static func writeSome(_ file: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
        #if canImport(Glibc)
            Glibc.write(file, bytes.baseAddress, bytes.count)
        #else
            Darwin.write(file, bytes.baseAddress, bytes.count)
        #endif
    }

    private static var reason: String { String(cString: strerror(errno)) }
}

extension VaultFile.Stamp {
    fileprivate init(_ status: stat) {
        device = UInt64(status.st_dev)
        node = UInt64(status.st_ino)
        size = Int64(status.st_size)
        #if canImport(Glibc)
            seconds = Int64(status.st_mtim.tv_sec)
            nanoseconds = Int64(status.st_mtim.tv_nsec)
        #else
            seconds = Int64(status.st_mtimespec.tv_sec)
            nanoseconds = Int64(status.st_mtimespec.tv_nsec)
        #endif
    }
}
