internal import JSON
internal import SmartCard

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// What the centre has not acknowledged yet: the last report of each session, on disk before it is sent, gone when its
/// order has come. A terminal that was killed sends it when it starts again.
package struct ReportQueue: Sendable {
    package struct Pending: Hashable, Sendable {
        package var session: String
        package var key: String
        package var report: [UInt8]

        package init(session: String, key: String, report: [UInt8]) {
            self.session = session
            self.key = key
            self.report = report
        }
    }

    package struct Failure: Error, Hashable {
        package let path: String
        package let reason: String
    }

    private let folder: String

    /// The folder is there already.
    package init(folder: String) { self.folder = folder }

    /// Returns when it would survive a power cut.
    package func keep(_ pending: Pending) throws(Failure) {
        let object: JSONObject = [
            "session": .string(pending.session), "key": .string(pending.key),
            "report": .string(String(decoding: pending.report, as: UTF8.self)),
        ]
        let path = path(pending.session)
        guard Self.write(JSONValue.object(object).encoded(), to: path + ".new"),
            rename(path + ".new", path) == 0, Self.sync(folder)
        else { throw Failure(path: path, reason: String(cString: strerror(errno))) }
    }

    package func remove(_ session: String) { _ = unlink(path(session)) }

    /// Everything that waits, in the order of names; a file that cannot be read is left for a person.
    package func all() -> [Pending] {
        names().filter { $0.hasSuffix(Self.ending) }.sorted().compactMap { Self.read(folder + "/" + $0) }
    }

    private func names() -> [String] {
        guard let directory = opendir(folder) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            names.append(
                withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                    pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                })
        }
        return names
    }

    /// Removes what a program that was killed had not written whole, and so had not sent either. Only for who is alone
    /// in the folder.
    package func tidy() {
        for name in names() where name.hasSuffix(Self.ending + ".new") { _ = unlink(folder + "/" + name) }
    }

    private static let ending = ".report"

    // Sessions are named by the terminal itself: hexadecimal digits.
    private func path(_ session: String) -> String { "\(folder)/\(session)\(Self.ending)" }

    private static func read(_ path: String) -> Pending? {
        guard let bytes = bytes(of: path), let value = try? JSONValue(decoding: bytes),
            let session = value["session"]?.stringValue,
            let key = value["key"]?.stringValue, let report = value["report"]?.stringValue
        else { return nil }
        return Pending(session: session, key: key, report: Array(report.utf8))
    }

    static func bytes(of path: String) -> [UInt8]? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while bytes.count <= 2 * reportBytesMax {
            let count = buffer.withUnsafeMutableBytes { readSome(file, $0) }
            guard count > 0 else { break }
            bytes += buffer.prefix(count)
        }
        return bytes
    }

    /// Whether it is written, and would survive a power cut.
    static func write(_ bytes: [UInt8], to path: String, syncs: Bool = true) -> Bool {
        let file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard file >= 0 else { return false }
        defer { close(file) }
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { writeSome(file, $0) }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return !syncs || fsync(file) == 0
    }

    private static func sync(_ folder: String) -> Bool {
        let file = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard file >= 0 else { return false }
        defer { close(file) }
        return fsync(file) == 0
    }
}

private let reportBytesMax = 8_388_608

// The queue has methods of the same names.
private func readSome(_ file: Int32, _ buffer: UnsafeMutableRawBufferPointer) -> Int {
    read(file, buffer.baseAddress, buffer.count)
}

private func writeSome(_ file: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
    write(file, bytes.baseAddress, bytes.count)
}
