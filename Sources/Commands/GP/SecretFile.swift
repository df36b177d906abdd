internal import Arguments
internal import CardCrypto
internal import SmartCard

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// A new file that only its owner can read, on the disk before anything depends on it.
enum SecretFile {
    static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    /// Writes the keys as lines of hex; a file that is there is never overwritten.
    static func write(_ keys: [Secret], to path: String) throws(Problem) {
        let file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw failure(path) }
        defer { _ = close(file) }
        for key in keys {
            var line = key.withBytes { bytes in bytes.flatMap { [digit($0 >> 4), digit($0 & 15)] } }
            line.append(UInt8(ascii: "\n"))
            let isWritten = line.withUnsafeMutableBytes { bytes in
                defer { Secret.erase(bytes) }
                return writeAll(file, UnsafeRawBufferPointer(bytes))
            }
            guard isWritten else { throw failure(path) }
        }
        guard fsync(file) == 0, syncFolder(of: path) else { throw failure(path) }
    }

    private static func digit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "A") + value - 10
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

    /// A new name is durable only when its folder is.
    private static func syncFolder(of path: String) -> Bool {
        let folder = path.lastIndex(of: "/").map { path[...$0] } ?? "."
        let handle = open(String(folder), O_RDONLY | O_CLOEXEC)
        guard handle >= 0 else { return false }
        defer { _ = close(handle) }
        return fsync(handle) == 0
    }

    private static func failure(_ path: String) -> Problem {
        let reason = String(cString: strerror(errno))
        return Problem(
            "key-file-not-written", exit: .cannotCreate, "the new keys cannot be written to \(path)",
            why: reason,
            advice: ["nothing was changed on the card; name another file"])
    }
}
