internal import Arguments
internal import CardCrypto
internal import CentreServer
internal import Exchange
internal import JSON
internal import SmartCard

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// Rows of a file, each a request of one endpoint: streamed, taken up where it stopped; a bad row costs no good one.
struct ImportVerb: Sendable {
    /// What can be brought in row by row.
    static let operations: Set<String> = [
        "registerCard", "registerHolder", "registerProvider", "registerApplication", "registerTerminal",
        "setTariff", "recordAddress",
    ]

    private static let file = Positional<String>.required(
        .file(extensions: "csv", "jsonl"),
        help: "CSV with a line of names, or a line of JSON for each row (.jsonl)")
    private static let rejects = Option<String?>.optional(
        "rejects", .file(), help: "Write the rows that were refused here, to be corrected and imported again")
    private static let fromLine = Option<Int?>.optional(
        "from-line", .integer("N", in: 1...Int.max),
        help: "Begin with this line, instead of where an earlier run stopped")
    private static let dryRun = Option<Bool>.flag(
        "dry-run", help: "Only look whether the rows are right; ask nothing")

    private let endpoint: Endpoint
    private let members: [BodyMember]
    private let schema: Schema

    /// `nil` where rows make no sense.
    init?(_ endpoint: Endpoint) {
        guard Self.operations.contains(endpoint.operationID), case .json(let schema) = endpoint.body else {
            return nil
        }
        self.endpoint = endpoint
        self.schema = schema
        members = BodyMember.members(of: schema, besides: [])
    }

    var command: Command {
        Command(
            "import", "Bring in many at once, from CSV or lines of JSON",
            discussion: """
                Columns are called as the options of 'berth \(endpoint.group) \
                \(AdminNames.verb(endpoint.operationID, in: endpoint.group))', and as its arguments. Rows that are refused are \
                told with their line, and the others go on. Interrupted, the same command goes on where it stopped; a row that \
                is sent twice is done once.
                """,
            arguments: [Self.file],
            options: [
                OptionGroup("Options", [Self.rejects, Self.fromLine, Self.dryRun]), CentreOptions.group,
            ]
        ) { parsed, terminal in
            try run(parsed, terminal)
        }
    }

    // MARK: One run

    private final class Run {
        let client: CentreClient?
        let terminal: Terminal
        let first: Int
        let rejectsPath: String?
        var reader: RecordReader
        var rejects: RejectedRows?
        var window = ImportWindow()
        var done = 0
        var known = 0
        var refused = 0
        var lastLine = 0
        var shown = 0
        var isHeaderChecked = false

        init(
            _ reader: RecordReader, _ client: CentreClient?, _ terminal: Terminal, from first: Int,
            rejects: String?
        ) {
            self.reader = reader
            self.client = client
            self.terminal = terminal
            self.first = first
            rejectsPath = rejects
        }
    }

    /// Rows between two notes of how far it is: what is sent twice is done once.
    private static let rowsPerNote = 500
    /// Refused rows that are shown one by one; all are counted.
    private static let refusedShownMax = 100

    private func run(_ parsed: ParsedCommand, _ terminal: Terminal) throws {
        let (path, isDry) = (parsed[Self.file], parsed[Self.dryRun])
        if let rejects = parsed[Self.rejects], FileSystem.areSame(rejects, path) {
            throw Problem.usage(
                "--rejects names the file that is imported", why: "its rows would be written over",
                advice: "give --rejects a file of its own")
        }
        let client = try isDry ? nil : CentreClient(parsed, terminal)
        let place = client.map { " at \($0.server)" } ?? ""
        let file = try RowFile(path, for: endpoint.operationID + place, isTrial: isDry)
        let first = parsed[Self.fromLine] ?? file.noted + 1
        if first > 1 { terminal.note("going on at line \(first)") }
        let isJSON = path.hasSuffix(".jsonl") || path.hasSuffix(".json")
        let run = Run(
            RecordReader(isJSON ? .json : .csv, takesObjects: true), client, terminal, from: first,
            rejects: parsed[Self.rejects])
        var bar = ProgressBar("import", total: max(1, file.byteCount), on: terminal)
        do {
            while let piece = try file.next() {
                run.reader.feed(piece)
                try take(run, file, isEnd: false)
                bar.advance(to: file.readCount)
            }
            try take(run, file, isEnd: true)
        } catch {
            file.note(max(first - 1, run.lastLine))
            bar.stop("at line \(run.lastLine)")
            throw error
        }
        bar.finish()
        file.forget()
        try report(run, terminal)
    }

    private func take(_ run: Run, _ file: RowFile, isEnd: Bool) throws {
        // Bounded: every part takes bytes that were fed.
        while let part = run.reader.next(isEnd: isEnd) {
            try run.terminal.checkInterrupted()
            try checkHeader(run, file)
            let row = row(part, run.reader)
            guard row.line >= run.first else { continue }
            if run.window.isFull || !run.window.takes(row) { try send(run, file) }
            run.window.add(row)
        }
        try checkHeader(run, file)
        try send(run, file)
    }

    /// A column that is wrong is wrong in each row: it is told once, before any of them.
    private func checkHeader(_ run: Run, _ file: RowFile) throws {
        guard !run.isHeaderChecked, let columns = run.reader.columns else { return }
        run.isHeaderChecked = true
        guard let reason = objection(to: columns) else { return }
        throw Problem(
            "columns-unknown", exit: .badData,
            "line \(run.reader.headerLine) of \(file.path) does not name the columns", why: reason,
            advice: ["correct this line, and run the same command again"])
    }

    private func objection(to columns: [String]) -> String? {
        let needed = endpoint.pathParameters.map(\.name)
        let known = needed + members.map(\.name)
        if let other = columns.first(where: { !known.contains($0) }) {
            return "there is no column '\(other)' here; there are \(known.joined(separator: ", "))"
        }
        if let missing = needed.first(where: { !columns.contains($0) }) {
            return "the column '\(missing)' is missing"
        }
        return Set(columns).count < columns.count ? "a column is there twice" : nil
    }

    private func row(_ part: RecordReader.Part, _ reader: RecordReader) -> ImportWindow.Row {
        switch part {
        case .record(let record):
            do {
                let (call, existing) = try request(record, reader)
                return .init(
                    line: record.line, text: reader.text, call: .success(call), existing: existing)
            } catch {
                return .init(
                    line: record.line, text: reader.text, call: .failure(Problem(error)), existing: nil)
            }
        case .bad(let bad):
            let problem = Problem("row-malformed", exit: .badData, "the row is none", why: bad.reason)
            return .init(line: bad.line, text: reader.text, call: .failure(problem), existing: nil)
        }
    }

    private func send(_ run: Run, _ file: RowFile) throws {
        let before = (run.done + run.refused) / Self.rowsPerNote
        let answers = try run.window.send(by: run.client, on: run.terminal)
        for (row, answer) in zip(run.window.rows, answers) {
            switch answer {
            case .taken: run.done += 1
            case .known:
                run.known += 1
                run.done += 1
            case .refused(let problem):
                guard Self.isOfRow(problem) else { throw problem }
                try refuse(problem, row, run)
            }
            run.lastLine = row.line
        }
        run.window.clear()
        if (run.done + run.refused) / Self.rowsPerNote != before { file.note(run.lastLine) }
    }

    private func refuse(_ problem: Problem, _ row: ImportWindow.Row, _ run: Run) throws {
        run.refused += 1
        if let path = run.rejectsPath {
            let rejects =
                try run.rejects
                ?? RejectedRows(path, header: run.reader.header, isContinued: run.first > 1)
            run.rejects = rejects
            try rejects.write(row.text)
        }
        if run.terminal.isJSON {
            run.terminal.print(json: [
                "line": .count(row.line), "code": .string(problem.code), "what": .string(problem.what),
                "why": .string(problem.why ?? ""),
            ])
        } else if run.shown < Self.refusedShownMax {
            run.shown += 1
            let why = problem.why.map { ": " + $0 } ?? ""
            run.terminal.note("line \(row.line): \(problem.what)\(why)")
        }
    }

    /// What is wrong with this row, and not with the way to the centre.
    private static func isOfRow(_ problem: Problem) -> Bool {
        switch problem.exit {
        case .refused, .notFound, .alreadyExists, .badData, .mismatch, .usage, .noRoom: true
        default: false
        }
    }

    private func request(
        _ record: ExchangeRecord, _ reader: RecordReader
    ) throws -> (CentreCall, ExistingEntry?) {
        var body = reader.object ?? JSONObject()
        var path = ""
        for segment in endpoint.path.segments {
            switch segment {
            case .word(let word): path += "/" + word
            case .value(let name):
                guard let text = record.fields[name] ?? body[name]?.stringValue else {
                    throw Problem.usage("the column '\(name)' is missing")
                }
                if record.fields[name] == nil { body[name] = nil }
                path += "/" + CentreCall.escape(text)
            }
        }
        // In the order of the endpoint: the same row must always be the same request.
        for member in members {
            guard let text = record.fields[member.name] else { continue }
            try member.set(text, in: &body)
        }
        let faults = schema.faults(in: .object(body))
        guard faults.isEmpty else {
            throw Problem.usage(
                "the row is not right",
                why: faults.map { "\($0.pointer): \($0.detail)" }.joined(separator: " "))
        }
        var call = CentreCall(endpoint.method.rawValue, path)
        call.body = JSONValue.object(body).encoded()
        call.fields.append(("Content-Type", Endpoint.jsonType))
        // The same row of the same file is the same request, however often it is sent.
        let key = Digest.sha256.hash(Array("\(endpoint.operationID) \(record.line) ".utf8) + reader.text)
        call.fields.append(("Idempotency-Key", "import-" + Array(key.prefix(16)).hex))
        return (call, ExistingEntry(of: endpoint.operationID, at: path, body, schema))
    }

    private func report(_ run: Run, _ terminal: Terminal) throws {
        let words = "\(run.done) rows are in (\(run.known) were before), \(run.refused) were refused"
        if terminal.isJSON {
            terminal.print(json: [
                "done": .count(run.done), "known": .count(run.known), "refused": .count(run.refused),
            ])
        } else {
            terminal.print(words)
        }
        guard run.refused == 0 else {
            throw Problem(
                "rows-refused", exit: .badData, "\(run.refused) rows were refused",
                advice: ["correct them and import them again; --rejects FILE writes them down"])
        }
    }
}

/// Where rows that were refused are written down, as they are refused: whatever ends the run, they stand there.
private final class RejectedRows {
    private let path: String
    private let file: Int32

    /// What an earlier part of the same run wrote stays.
    init(_ path: String, header: [UInt8], isContinued: Bool) throws(Problem) {
        self.path = path
        file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | (isContinued ? O_APPEND : O_TRUNC), 0o600)
        guard file >= 0 else { throw failure }
        var status = stat()
        if !header.isEmpty, fstat(file, &status) == 0, status.st_size == 0 { try write(header) }
    }

    deinit { if file >= 0 { _ = close(file) } }

    func write(_ row: [UInt8]) throws(Problem) {
        var rest = (row + [UInt8(ascii: "\n")])[...]
        // Bounded: every round writes a byte at least.
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { writeSome($0) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw failure }
            rest = rest.dropFirst(count)
        }
    }

    private var failure: Problem {
        Problem(
            "rejects-not-written", exit: .cannotCreate, "\(path) cannot be written",
            why: String(cString: strerror(errno)))
    }

    private func writeSome(_ bytes: UnsafeRawBufferPointer) -> Int {
        #if canImport(Glibc)
            Glibc.write(file, bytes.baseAddress, bytes.count)
        #else
            Darwin.write(file, bytes.baseAddress, bytes.count)
        #endif
    }
}
