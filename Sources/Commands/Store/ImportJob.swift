internal import Arguments
internal import CardCrypto
internal import Centre
internal import Exchange
internal import JSON

/// One file of rows on its way into a store; broken off, it goes on where it stopped.
struct ImportJob {
    /// Pieces between two notes of how far it is; what is done twice changes nothing.
    private static let piecesPerNote = 8
    /// Bad rows that are shown one by one; all are counted.
    private static let badRowsShownMax = 100

    private let kind: ExchangeKind
    private let isTrial: Bool
    private let file: RowFile
    private var path: String { file.path }

    init(_ path: String, of kind: ExchangeKind, into place: String, isTrial: Bool) throws(Problem) {
        self.kind = kind
        self.isTrial = isTrial
        file = try RowFile(path, for: "\(kind.rawValue) into \(place)", isTrial: isTrial)
    }

    mutating func run(
        _ format: ExchangeFormat, _ store: any Store, _ clock: any WallClock, on terminal: Terminal
    ) throws {
        let doneThrough = file.noted
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
            file.note(job.progress.line)
            throw error
        }
        file.forget()
        try report(job.progress, doneThrough, bad, on: terminal)
    }

    private func take(_ job: inout Import, _ terminal: Terminal) throws {
        var bar = path == "-" ? nil : ProgressBar("importing", total: file.byteCount, on: terminal)
        var pieces = 0
        // Bounded: a file ends, and who writes to a pipe without end is asked for it.
        while let piece = try file.next() {
            try job.feed(piece)
            pieces += 1
            bar?.advance(to: file.readCount)
            if pieces % Self.piecesPerNote == 0 { file.note(job.progress.line) }
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
}

/// The first bad rows.
private final class BadRows {
    private(set) var rows: [BadRow] = []
    private let shownMax: Int

    init(shownMax: Int) { self.shownMax = shownMax }

    func append(_ row: BadRow) { if rows.count < shownMax { rows.append(row) } }
}
