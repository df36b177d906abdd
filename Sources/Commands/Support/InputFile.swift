internal import Arguments
internal import GlobalPlatform

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// A file that a command line names, or the standard input as `-`.
enum InputFile {
    /// Reads all of it; a file that is longer than anything meant is refused and not read on.
    static func read(_ path: String, bytesMax: Int) throws(Problem) -> [UInt8] {
        let file = path == "-" ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw failure(path) }
        defer { if path != "-" { _ = close(file) } }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = buffer.withUnsafeMutableBytes { readSome(file, $0) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw failure(path) }
            if count == 0 { return bytes }
            bytes += buffer.prefix(count)
            guard bytes.count <= bytesMax else {
                throw Problem("input-too-long", exit: .badData, "\(path) is longer than \(bytesMax) bytes")
            }
        }
    }

    private static func readSome(_ file: Int32, _ buffer: UnsafeMutableRawBufferPointer) -> Int {
        #if canImport(Glibc)
            Glibc.read(file, buffer.baseAddress, buffer.count)
        #else
            Darwin.read(file, buffer.baseAddress, buffer.count)
        #endif
    }

    private static func failure(_ path: String) -> Problem {
        Problem(
            "input-missing", exit: .noInput, "\(path) cannot be read", why: String(cString: strerror(errno)))
    }
}

extension InputFile {
    /// Far above any file that a card takes; more is a mistake.
    private static let capBytesMax = 16 << 20

    static func readCAP(_ path: String) throws(Problem) -> CAPFile {
        try parseCAP(try read(path, bytesMax: capBytesMax), path)
    }

    /// Reads the file now, and makes out what it is on a thread of its own.
    static func readCAPBeside(_ path: String) throws(Problem) -> WorkBeside<CAPFile> {
        let bytes = try read(path, bytesMax: capBytesMax)
        return WorkBeside { try parseCAP(bytes, path) }
    }

    private static func parseCAP(_ bytes: [UInt8], _ path: String) throws(Problem) -> CAPFile {
        do {
            return try CAPFile(bytes)
        } catch {
            throw Problem(
                "cap-broken", exit: .badData, "\(path) is no CAP file that a card could load",
                why: "\(error)",
                advice: [
                    "build it again with the Java Card converter",
                    "look whether the file was cut off on its way",
                ])
        }
    }
}
