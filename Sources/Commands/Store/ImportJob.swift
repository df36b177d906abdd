internal import Arguments
internal import CardCrypto
internal import Centre
internal import Exchange
internal import JSON

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// One file of rows on its way into a store; broken off, it goes on where it stopped.
struct ImportJob {
    private static let pieceBytes = 1 << 18
    /// Pieces between two notes of how far it is; what is done twice changes nothing.
    private static let piecesPerNote = 8
    /// Bad rows that are shown one by one; all are counted.
    private static let badRowsShownMax = 100

    private let path: String
    private let kind: ExchangeKind
    private let isTrial: Bool
    /// What the note must be about, to be believed.
    private let subject: String
    private let file: Int32
    private let byteCount: Int

    init(_ path: String, of kind: ExchangeKind, into place: String, isTrial: Bool) throws(Problem) {
        self.path = path
        self.kind = kind
        self.isTrial = isTrial
        file = path == "-" ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC)
        var status = stat()
        guard file >= 0, fstat(file, &status) == 0 else {
            throw Problem(
                "input-missing", exit: .noInput, "\(path) cannot be read",
                why: String(cString: strerror(errno)))
        }
        byteCount = Int(status.st_size)
        subject = "\(kind.rawValue) of \(status.st_size) bytes into \(place)"
    }

    mutating func run(
        _ format: ExchangeFormat, _ store: any Store, _ clock: any WallClock, on terminal: Terminal
    ) throws {
        defer { if path != "-" { _ = close(file) } }
        let doneThrough = noted
        let bad = BadRows(shownMax: Self.badRowsShownMax)
        var job = Import(
            of: kind, format, into: store, by: .centre, clock: clock, entropy: SystemEntropy(),
            isTrial: isTrial, doneThrough: doneThrough, onBad: bad.append)
        do {
            try take(&job, terminal)
        } catch let wrong as Import.WrongColumns {
            throw Problem(
                "columns-unknown", exit: .badData, "\(path) has columns that nobody can take",
                why: RefusalProblem.clause(wrong.reason))
        } catch {
            note(job.progress.line)
            throw error
        }
        _ = unlink(notePath)
        try report(job.progress, doneThrough, bad, on: terminal)
    }

    private func take(_ job: inout Import, _ terminal: Terminal) throws {
        var bar = path == "-" ? nil : ProgressBar("importing", total: byteCount, on: terminal)
        var buffer = [UInt8](repeating: 0, count: Self.pieceBytes)
        var (total, pieces) = (0, 0)
        // Bounded: a file ends, and who writes to a pipe without end is asked for it.
        while true {
            let count = buffer.withUnsafeMutableBytes { readSome(file, $0) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else {
                throw Problem(
                    "input-broken", exit: .inputOutput, "\(path) cannot be read on",
                    why: String(cString: strerror(errno)))
            }
            if count == 0 { break }
            try job.feed(buffer[..<count])
            total += count
            pieces += 1
            bar?.advance(to: total)
            if pieces % Self.piecesPerNote == 0 { note(job.progress.line) }
        }
        try job.finish()
        bar?.finish()
    }

    private func report(
        _ progress: Import.Progress, _ doneThrough: Int, _ bad: BadRows, on terminal: Terminal
    ) throws {
        let summary: JSONObject = [
            "kind": .string(kind.rawValue), "added": .count(progress.added),
            "unchanged": .count(progress.unchanged), "bad": .count(progress.bad),
            "kept": .bool(!isTrial), "continuedAfterLine": .count(doneThrough),
            "badRows": .array(
                bad.rows.map { ["line": .count($0.line), "reason": .string($0.reason)] }),
        ]
        if !terminal.isJSON {
            if doneThrough > 0 { terminal.print("It went on after line \(doneThrough).") }
            terminal.print(
                "\(progress.added) \(kind.rawValue) are new, \(progress.unchanged) were there already."
                    + (isTrial ? " Nothing was kept." : ""))
            for row in bad.rows { terminal.print("line \(row.line): \(row.reason.printable)") }
            if progress.bad > bad.rows.count { terminal.print("and \(progress.bad - bad.rows.count) more") }
        }
        guard progress.bad == 0 else {
            throw Problem(
                "rows-bad", exit: .badData, "\(progress.bad) rows of \(path) were not taken; all others were",
                advice: ["mend these lines and import the file again: what is there changes nothing"],
                details: summary)
        }
        if terminal.isJSON { terminal.print(json: .object(summary)) }
    }

    // MARK: - Where it stopped

    private var notePath: String { path + ".progress" }

    /// The line through which an earlier run came; 0 where there was none, or of another file or store.
    private var noted: Int {
        guard path != "-", !isTrial, access(notePath, F_OK) == 0,
            let bytes = try? InputFile.read(notePath, bytesMax: 65_536),
            let note = try? JSONValue(decoding: bytes), note["of"]?.stringValue == subject
        else { return 0 }
        return note["line"]?.integerValue.map { Int($0) } ?? 0
    }

    /// Without it an import broken off begins anew; so nothing is said where it cannot be written.
    private func note(_ line: Int) {
        guard path != "-", !isTrial, line > 0 else { return }
        let note: JSONValue = ["of": .string(subject), "line": .count(line)]
        _ = FileSystem.replace(notePath, with: Array(note.text.utf8), mode: 0o600)
    }

    private func readSome(_ file: Int32, _ buffer: UnsafeMutableRawBufferPointer) -> Int {
        #if canImport(Glibc)
            Glibc.read(file, buffer.baseAddress, buffer.count)
        #else
            Darwin.read(file, buffer.baseAddress, buffer.count)
        #endif
    }
}

/// The first bad rows.
private final class BadRows {
    private(set) var rows: [BadRow] = []
    private let shownMax: Int

    init(shownMax: Int) { self.shownMax = shownMax }

    func append(_ row: BadRow) { if rows.count < shownMax { rows.append(row) } }
}
