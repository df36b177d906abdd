internal import CardCrypto
internal import SmartCard

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// What every backup begins with, and how it is cut into blocks: four bytes of length, the SHA-256 of the digest before
/// and the block, the block. A block without bytes is the last. So a file that was cut off, changed or put together
/// from two is found out, and can be read as it comes.
enum BackupFormat {
    static let beginning = Array("berth store backup 1\n".utf8)
    static let blockBytes = 256 << 10
    static let digestBytes = 32
    /// A row may be longer than a block, but nothing that is kept is as long as this.
    static let valueBytesMax = 256 << 20

    static var firstDigest: [UInt8] { Digest.sha256.hash(beginning) }
    static func digest(_ block: [UInt8], after digest: [UInt8]) -> [UInt8] {
        Digest.sha256.hash(digest + block)
    }

    static func reason(_ path: String) -> BackupFailure {
        .file("\(path): \(String(cString: strerror(errno)))")
    }
}

/// A backup being written: under another name until it is whole and on the disk.
final class BackupTarget {
    private let path: String
    private let file: Int32
    private var block: [UInt8] = []
    private var digest = BackupFormat.firstDigest
    private var isDone = false

    private var partialPath: String { path + ".partial" }

    init(_ path: String, replacing: Bool) throws(BackupFailure) {
        self.path = path
        guard replacing || access(path, F_OK) != 0 else { throw .exists(path) }
        file = open(path + ".partial", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw BackupFormat.reason(path + ".partial") }
        try put(BackupFormat.beginning)
    }

    deinit {
        close(file)
        if !isDone { unlink(partialPath) }
    }

    func write(_ record: BackupRecord) throws(BackupFailure) {
        record.encode(into: &block)
        while block.count >= BackupFormat.blockBytes {
            try putBlock(Array(block.prefix(BackupFormat.blockBytes)))
            block.removeFirst(BackupFormat.blockBytes)
        }
    }

    /// On the disk, under its name.
    func finish() throws(BackupFailure) {
        if !block.isEmpty { try putBlock(block) }
        try putBlock([])
        guard fsync(file) == 0, rename(partialPath, path) == 0 else { throw BackupFormat.reason(path) }
        isDone = true
        let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
        let handle = open(folder, O_RDONLY | O_CLOEXEC)
        guard handle >= 0, fsync(handle) == 0 else { throw BackupFormat.reason(folder) }
        close(handle)
    }

    private func putBlock(_ bytes: [UInt8]) throws(BackupFailure) {
        digest = BackupFormat.digest(bytes, after: digest)
        try put(UInt32(bytes.count).bigEndianBytes + digest + bytes)
    }

    private func put(_ bytes: [UInt8]) throws(BackupFailure) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw BackupFormat.reason(partialPath) }
            rest = rest.dropFirst(count)
        }
    }

    private func write(_ file: Int32, _ start: UnsafeRawPointer?, _ count: Int) -> Int {
        #if canImport(Glibc)
            Glibc.write(file, start, count)
        #else
            Darwin.write(file, start, count)
        #endif
    }
}

/// A backup being read: every byte that it gives was checked.
final class BackupSource {
    private let path: String
    private let file: Int32
    private var digest = BackupFormat.firstDigest
    private var block: [UInt8] = []
    private var place = 0
    private var isAtEnd = false
    private(set) var bytesRead = 0

    /// What stands in the blocks, without them.
    init(contents: [UInt8]) {
        path = "contents"
        file = -1
        block = contents
        isAtEnd = true
    }

    init(_ path: String) throws(BackupFailure) {
        self.path = path
        file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw BackupFormat.reason(path) }
        guard try take(BackupFormat.beginning.count) == BackupFormat.beginning else {
            throw .notABackup(path)
        }
    }

    deinit { if file >= 0 { close(file) } }

    func damaged(_ what: String) -> BackupFailure { .damaged("\(path), byte \(bytesRead): \(what)") }

    func byte() throws(BackupFailure) -> UInt8 {
        try need(1)
        defer { place += 1 }
        return block[place]
    }

    func number() throws(BackupFailure) -> Int64 {
        try need(8)
        defer { place += 8 }
        return Int64(bitPattern: block[place..<place + 8].reduce(0) { $0 << 8 | UInt64($1) })
    }

    func count(max: Int) throws(BackupFailure) -> Int {
        try need(4)
        defer { place += 4 }
        let count = block[place..<place + 4].reduce(0) { $0 << 8 | Int($1) }
        guard count <= max else { throw damaged("a length of \(count)") }
        return count
    }

    func data() throws(BackupFailure) -> [UInt8] {
        let count = try count(max: BackupFormat.valueBytesMax)
        try need(count)
        defer { place += count }
        return Array(block[place..<place + count])
    }

    func text() throws(BackupFailure) -> String {
        guard let text = String(validating: try data(), as: UTF8.self) else {
            throw damaged("a text that is none")
        }
        return text
    }

    /// Nothing stands behind the end.
    func expectEnd() throws(BackupFailure) {
        guard place == block.count, try !fill(), isFileOver else {
            throw damaged("something behind the end")
        }
    }

    private var isFileOver: Bool {
        guard file >= 0 else { return true }
        var byte: UInt8 = 0
        return pread(file, &byte, 1, off_t(bytesRead)) == 0
    }

    private func need(_ count: Int) throws(BackupFailure) {
        while block.count - place < count {
            guard try fill() else { throw damaged("the end, too early") }
        }
    }

    /// Reads one block more, and checks it; false at the end.
    private func fill() throws(BackupFailure) -> Bool {
        guard !isAtEnd else { return false }
        let head = try take(4 + BackupFormat.digestBytes)
        let count = head.prefix(4).reduce(0) { $0 << 8 | Int($1) }
        guard count <= BackupFormat.blockBytes else { throw damaged("a block of \(count) bytes") }
        let bytes = try take(count)
        digest = BackupFormat.digest(bytes, after: digest)
        guard Array(head.dropFirst(4)) == digest else { throw damaged("the digest does not hold") }
        block.removeFirst(place)
        place = 0
        block += bytes
        isAtEnd = count == 0
        return !isAtEnd
    }

    private func take(_ count: Int) throws(BackupFailure) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var filled = 0
        while filled < count {
            let got = bytes.withUnsafeMutableBytes {
                pread(file, $0.baseAddress?.advanced(by: filled), count - filled, off_t(bytesRead))
            }
            if got < 0, errno == EINTR { continue }
            guard got >= 0 else { throw BackupFormat.reason(path) }
            guard got > 0 else {
                throw bytesRead < BackupFormat.beginning.count
                    ? .notABackup(path) : damaged("it was cut off here")
            }
            filled += got
            bytesRead += got
        }
        return bytes
    }
}
