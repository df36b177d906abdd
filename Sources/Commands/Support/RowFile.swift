internal import Arguments
internal import JSON

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// A file of rows on its way in, or the standard input as `-`: read piece by piece, so that one of any length takes the
/// same memory. Beside it stands how far it came, so that an import that broke off goes on there.
final class RowFile {
    private static let pieceBytes = 1 << 18

    let path: String
    let byteCount: Int
    private(set) var readCount = 0
    private let file: Int32
    /// What the note must be about, to be believed.
    private let subject: String
    private let isNoted: Bool
    private var buffer = [UInt8](repeating: 0, count: pieceBytes)

    /// - Parameters:
    ///   - subject: what is done with the rows, and where.
    ///   - isTrial: nothing is kept of a trial.
    init(_ path: String, for subject: String, isTrial: Bool) throws(Problem) {
        self.path = path
        isNoted = path != "-" && !isTrial
        file = path == "-" ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC)
        var status = stat()
        guard file >= 0, fstat(file, &status) == 0 else {
            throw Problem(
                "input-missing", exit: .noInput, "\(path) cannot be read",
                why: String(cString: strerror(errno)))
        }
        byteCount = Int(status.st_size)
        self.subject = "\(subject), \(byteCount) bytes"
    }

    deinit { if path != "-", file >= 0 { _ = close(file) } }

    /// `nil` at the end.
    func next() throws(Problem) -> ArraySlice<UInt8>? {
        // Bounded: a signal is no reason to read nothing, and comes once.
        while true {
            let count = buffer.withUnsafeMutableBytes { readSome(file, $0) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else {
                throw Problem(
                    "input-broken", exit: .inputOutput, "\(path) cannot be read on",
                    why: String(cString: strerror(errno)))
            }
            readCount += count
            return count == 0 ? nil : buffer[..<count]
        }
    }

    // MARK: Where it stopped

    private var notePath: String { path + ".progress" }

    /// The line through which an earlier run came; 0 where there was none, or of another file or place.
    var noted: Int {
        guard isNoted, access(notePath, F_OK) == 0,
            let bytes = try? InputFile.read(notePath, bytesMax: 65_536),
            let note = try? JSONValue(decoding: bytes), note["of"]?.stringValue == subject
        else { return 0 }
        return note["line"]?.integerValue.map { Int($0) } ?? 0
    }

    /// Without it an import that broke off begins anew; so nothing is said where it cannot be written.
    func note(_ line: Int) {
        guard isNoted, line > 0 else { return }
        let note: JSONValue = ["of": .string(subject), "line": .count(line)]
        _ = FileSystem.replace(notePath, with: Array(note.text.utf8), mode: 0o600)
    }

    func forget() { if isNoted { _ = unlink(notePath) } }

    private func readSome(_ file: Int32, _ buffer: UnsafeMutableRawBufferPointer) -> Int {
        #if canImport(Glibc)
            Glibc.read(file, buffer.baseAddress, buffer.count)
        #else
            Darwin.read(file, buffer.baseAddress, buffer.count)
        #endif
    }
}
