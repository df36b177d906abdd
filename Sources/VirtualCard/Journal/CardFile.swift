internal import CardCrypto
internal import SmartCard

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// A card in a file: checksummed records that are only ever appended, and written anew when most of them are
/// history.
///
/// A record is: kind, four bytes of length, eight bytes of SHA-256 over kind and contents, contents. A change
/// counts once a mark follows it; what has none (the power or the program went away) is cut off at the next
/// opening. What a mark says is in CommitMark.swift.
package final class CardFile {
    enum Kind: UInt8 {
        case profile = 0x50
        case change = 0x43
        /// What a program that uses the card keeps beside the card's state; the last one counts.
        case note = 0x4E
        case mark = 0x4D
    }

    /// How the files of every version begin.
    private static let family = Array("BERTHCARD".utf8)
    private static let headerBytes = 13
    private static let recordBytesMax = 1 << 26
    /// Far above what any profile's memory can fill before the file is written anew.
    private static let fileBytesMax = 1 << 28
    /// Below this, a file is not worth writing anew.
    private static let compactionBytesMin = 262_144

    private let path: String
    private var descriptor: Int32
    private var endOffset: Int
    /// The end of the last commit; what stands behind it never was.
    private var durableOffset: Int
    private var liveBytes: Int
    /// How this file's marks are made.
    private var marks: CommitMark
    /// What was written since the last commit; a mark vouches for it.
    private var uncommitted: [UInt8] = []
    private(set) var profileText: String
    private(set) var note: [UInt8] = []
    private(set) var changes: [StateChange] = []

    deinit {
        // A program that this one starts at this moment has a copy of the descriptor until it runs, and would keep the
        // lock.
        _ = flock(descriptor, LOCK_UN)
        close(descriptor)
    }

    private init(path: String, descriptor: Int32, profileText: String, marks: CommitMark) {
        self.path = path
        self.marks = marks
        self.descriptor = descriptor
        self.profileText = profileText
        endOffset = 0
        durableOffset = 0
        liveBytes = 0
    }

    /// Makes a new file; one that exists is not touched. It gets its name when it is whole, so that a program that is
    /// killed leaves no half of a card behind.
    ///
    /// - Parameter secret: random bytes that nothing on the card ever learns; see `CommitMark`.
    static func create(
        at path: String, profileText: String, state: CardState, secret: [UInt8]
    ) throws(CardFileError) -> CardFile {
        guard !isThere(path) else { throw .exists(path) }
        let next = path + ".new"
        let descriptor = createForWriting(next)
        guard descriptor >= 0 else { throw .system("create", errno, path) }
        let file = CardFile(
            path: path, descriptor: descriptor, profileText: profileText, marks: .bound(secret: secret))
        // Another program may be making the same card at this moment, or have finished it.
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0, isCurrent(descriptor, next) else {
            throw .inUse(path)
        }
        do throws(CardFileError) {
            guard ftruncate(descriptor, 0) == 0 else { throw .system("truncate", errno, path) }
            try file.write(file.snapshot(of: state))
            try file.synchronize()
            try take(path, from: next)
        } catch {
            unlink(next)
            throw error
        }
        file.synchronizeDirectory()
        file.settle()
        file.liveBytes = file.endOffset
        return file
    }

    /// Gives the file its name, unless somebody else has it by now.
    private static func take(_ path: String, from next: String) throws(CardFileError) {
        if link(next, path) == 0 {
            unlink(next)
            return
        }
        guard errno != EEXIST else { throw .exists(path) }
        // Some file systems have no second names: there, a card that appears at this very moment is replaced.
        guard !isThere(path), rename(next, path) == 0 else { throw .system("create", errno, path) }
    }

    /// Opens a file and keeps every other program (and every other part of this one) out of it until it is
    /// closed.
    static func open(at path: String, library: LoadFileLibrary) throws(CardFileError) -> CardFile {
        // Between opening and locking, the holder may have replaced the file by a compacted one: look again.
        for _ in 0..<8 {
            let descriptor = openForWriting(path)
            guard descriptor >= 0 else { throw .system("open", errno, path) }
            guard isRegular(descriptor) else {
                close(descriptor)
                throw .notACardFile(path)
            }
            guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
                close(descriptor)
                throw .inUse(path)
            }
            if isCurrent(descriptor, path) {
                let file = CardFile(path: path, descriptor: descriptor, profileText: "", marks: .plain)
                try file.replay(library)
                try file.cutTail()
                return file
            }
            close(descriptor)
        }
        throw .inUse(path)
    }

    /// Reads a file that another program may hold at this moment, and changes nothing. Files only grow or are replaced,
    /// so what is read is the card as one of its last commands left it.
    static func view(at path: String, library: LoadFileLibrary) throws(CardFileError) -> CardFile {
        let descriptor = openForReading(path)
        guard descriptor >= 0 else { throw .system("open", errno, path) }
        let file = CardFile(path: path, descriptor: descriptor, profileText: "", marks: .plain)
        guard isRegular(descriptor) else { throw .notACardFile(path) }
        try file.replay(library)
        return file
    }

    // MARK: Writing

    /// Begins a commit. Records of one that lost its power stand there without their mark, and must not get this one's.
    func begin() throws(CardFileError) {
        if endOffset != durableOffset { try cutTail() }
    }

    /// Replaces the note, in a commit of its own.
    func keep(note: [UInt8]) throws(CardFileError) {
        try begin()
        do throws(CardFileError) {
            try write(Self.record(.note, note))
            try commit()
        } catch {
            abandon()
            throw error
        }
        self.note = note
    }

    func append(_ change: StateChange) throws(CardFileError) {
        var encoder = StateEncoder()
        encoder.put(change)
        try write(Self.record(.change, encoder.bytes))
    }

    func commit() throws(CardFileError) {
        try write(Self.record(.mark, marks.contents(from: durableOffset, uncommitted[...])))
        try synchronize()
        settle()
    }

    /// All that was written counts.
    private func settle() {
        durableOffset = endOffset
        uncommitted = []
    }

    /// Takes back what `begin` started.
    func abandon() {
        // When even this fails, the records lack their mark and are cut off at the next opening.
        try? cutTail()
        endOffset = durableOffset
        uncommitted = []
    }

    private func cutTail() throws(CardFileError) {
        guard ftruncate(descriptor, off_t(durableOffset)) == 0 else { throw .system("truncate", errno, path) }
        endOffset = durableOffset
        uncommitted = []
    }

    func compactIfWorthwhile(_ state: CardState) {
        guard endOffset > Self.compactionBytesMin, endOffset > 4 * liveBytes else { return }
        // A failure leaves the long file in place, which is as good.
        try? compact(state)
    }

    private func compact(_ state: CardState) throws(CardFileError) {
        let next = path + ".new"
        let replacement = createForWriting(next)
        guard replacement >= 0 else { throw .system("create", errno, next) }
        let old = (descriptor, endOffset)
        descriptor = replacement
        endOffset = 0
        do throws(CardFileError) {
            guard flock(replacement, LOCK_EX | LOCK_NB) == 0 else { throw .inUse(next) }
            // A program that was killed here left its part behind.
            guard ftruncate(replacement, 0) == 0 else { throw .system("truncate", errno, next) }
            try write(snapshot(of: state))
            try synchronize()
            guard rename(next, path) == 0 else { throw .system("rename", errno, path) }
        } catch {
            close(replacement)
            unlink(next)
            (descriptor, endOffset) = old
            uncommitted = []
            throw error
        }
        close(old.0)
        synchronizeDirectory()
        settle()
        liveBytes = endOffset
    }

    private func snapshot(of state: CardState) -> [UInt8] {
        var bytes = marks.header + Self.record(.profile, Array(profileText.utf8))
        if !note.isEmpty { bytes += Self.record(.note, note) }
        for change in state.changes(from: .empty) {
            var encoder = StateEncoder()
            encoder.put(change)
            bytes += Self.record(.change, encoder.bytes)
        }
        return bytes + Self.record(.mark, marks.contents(from: 0, bytes[...]))
    }

    static func record(_ kind: Kind, _ contents: [UInt8]) -> [UInt8] {
        let checksum = Digest.sha256.hash([kind.rawValue] + contents).prefix(8)
        return [kind.rawValue] + UInt32(contents.count).bigEndianBytes + checksum + contents
    }

    private func write(_ bytes: [UInt8]) throws(CardFileError) {
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                pwrite(
                    descriptor, buffer.baseAddress.map { $0 + written }, bytes.count - written,
                    off_t(endOffset + written))
            }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { throw .system("write", errno, path) }
            written += count
        }
        endOffset += written
        uncommitted += bytes
    }

    private func synchronize() throws(CardFileError) {
        guard fsync(descriptor) == 0 else { throw .system("fsync", errno, path) }
    }

    private func synchronizeDirectory() {
        let directory = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
        let handle = openDirectory(directory)
        guard handle >= 0 else { return }
        _ = fsync(handle)
        close(handle)
    }

    // MARK: Reading

    private func replay(_ library: LoadFileLibrary) throws(CardFileError) {
        let bytes = try readAll()
        guard let marks = CommitMark(header: bytes) else {
            if CommitMark.isKnown(bytes) { throw .damaged }
            throw bytes.starts(with: Self.family) && bytes.count > CommitMark.magicBytes
                ? .newer(path) : .notACardFile(path)
        }
        self.marks = marks
        var offset = marks.header.count
        var pending: [StateChange] = []
        var pendingNote: [UInt8]?
        var durableEnd = 0
        while let (kind, contents, next) = Self.readRecord(bytes, at: offset) {
            if kind == .mark, !marks.holds(contents, from: durableEnd, bytes[durableEnd..<offset]) { break }
            switch kind {
            case .profile: profileText = String(decoding: contents, as: UTF8.self)
            case .change:
                var decoder = StateDecoder(contents, library: library)
                pending.append(try decoder.change())
            case .note: pendingNote = Array(contents)
            case .mark:
                changes += pending
                note = pendingNote ?? note
                pending = []
                pendingNote = nil
                durableEnd = next
            }
            offset = next
        }
        guard durableEnd > 0, !marks.hasLaterCommit(in: bytes, after: durableEnd) else { throw .damaged }
        endOffset = durableEnd
        durableOffset = durableEnd
        liveBytes = durableEnd / 2
    }

    /// The state was built; the list is not needed any more.
    func forgetChanges() { changes = [] }

    static func readRecord(
        _ bytes: [UInt8], at offset: Int
    ) -> (Kind, ArraySlice<UInt8>, next: Int)? {
        guard offset + headerBytes <= bytes.count, let kind = Kind(rawValue: bytes[offset]) else {
            return nil
        }
        let length = Int(bigEndianBytes: bytes[(offset + 1)..<(offset + 5)])
        let start = offset + headerBytes
        guard length <= recordBytesMax, start + length <= bytes.count else { return nil }
        let contents = bytes[start..<(start + length)]
        let checksum = Digest.sha256.hash([kind.rawValue] + contents).prefix(8)
        guard checksum.elementsEqual(bytes[(offset + 5)..<start]) else { return nil }
        return (kind, contents, start + length)
    }

    private func readAll() throws(CardFileError) -> [UInt8] {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = buffer.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw .system("read", errno, path) }
            if count == 0 { return bytes }
            bytes += buffer.prefix(count)
            guard bytes.count <= Self.fileBytesMax else { throw .notACardFile(path) }
            if bytes.count == count, !bytes.starts(with: Self.family) { return bytes }
        }
    }

    /// A pipe or a device has no end to read to, and no place to write at.
    private static func isRegular(_ descriptor: Int32) -> Bool {
        var status = stat()
        return fstat(descriptor, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
    }

    private static func isThere(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0
    }

    private static func isCurrent(_ descriptor: Int32, _ path: String) -> Bool {
        var (held, named) = (stat(), stat())
        return fstat(descriptor, &held) == 0 && stat(path, &named) == 0 && held.st_ino == named.st_ino
            && held.st_dev == named.st_dev
    }
}

// `open` of this class hides the C function of the same name.
// Opening does not wait for the other end of a pipe; regular files do not know the difference.
private func openForReading(_ path: String) -> Int32 { open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC) }
private func openForWriting(_ path: String) -> Int32 { open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC) }
// What stands there is not cut before it is locked: another program may be writing it.
private func createForWriting(_ path: String) -> Int32 {
    open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0o600)
}
private func openDirectory(_ path: String) -> Int32 { open(path, O_RDONLY | O_CLOEXEC) }

/// Why a card file cannot be used.
package enum CardFileError: Error, Hashable {
    case exists(String)
    case inUse(String)
    case notACardFile(String)
    /// Written by a later version of this program.
    case newer(String)
    /// A record with a good checksum makes no sense, or nothing whole is in the file.
    case damaged
    case profile(ProfileError)
    case system(String, Int32, String)
}

extension CardFileError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .exists(let path): "\(path) exists already; a card is never overwritten."
        case .inUse(let path): "\(path) is in use: the card is in another program. Remove it there first."
        case .notACardFile(let path): "\(path) is not a card file."
        case .newer(let path): "\(path) was written by a newer version of this program."
        case .damaged: "The card file is damaged."
        case .profile(let error): "The card file's profile cannot be read: \(error)."
        case .system(let action, let code, let path):
            "Cannot \(action) \(path): \(String(cString: strerror(code)))."
        }
    }
}
