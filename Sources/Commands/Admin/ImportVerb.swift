internal import Arguments
internal import CardCrypto
internal import CentreServer
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
        var done = 0
        var known = 0
        var refused = 0
        var lastLine = 0
        var shown = 0
        var rejects: [UInt8] = []
    }

    private func run(_ parsed: ParsedCommand, _ terminal: Terminal) throws {
        let path = parsed[Self.file]
        let isDry = parsed[Self.dryRun]
        let client = try isDry ? nil : CentreClient(parsed, terminal)
        let memory = ImportMemory(endpoint.operationID, path, terminal.environment)
        let first = try parsed[Self.fromLine] ?? (isDry ? 1 : memory.line ?? 1)
        if first > 1 { terminal.note("going on at line \(first)") }
        let source = try RowSource(path)
        var bar = ProgressBar("import", total: max(1, source.byteCount), on: terminal)
        let run = Run()
        do {
            while let rows = try source.next() {
                for row in rows where row.line >= first {
                    try terminal.checkInterrupted()
                    try take(row, run, client, terminal)
                    if !isDry, (run.done + run.refused) % 500 == 0 { try memory.keep(row.line) }
                }
                bar.advance(to: source.readCount)
            }
        } catch {
            if !isDry { try? memory.keep(max(first, run.lastLine)) }
            bar.stop("at line \(run.lastLine)")
            try writeRejects(run, source, parsed)
            throw error
        }
        bar.finish()
        if !isDry { try memory.keep(nil) }
        try writeRejects(run, source, parsed)
        try report(run, terminal)
    }

    private func take(
        _ row: RowSource.Row, _ run: Run, _ client: CentreClient?, _ terminal: Terminal
    ) throws {
        do {
            let call = try call(row)
            if let client { _ = try client.send(call) }
            run.done += 1
        } catch let problem as Problem where problem.exit == .alreadyExists {
            run.known += 1
            run.done += 1
        } catch let problem as Problem where Self.isOfRow(problem) {
            run.refused += 1
            run.rejects += row.text + [UInt8(ascii: "\n")]
            if terminal.isJSON {
                terminal.print(json: [
                    "line": .count(row.line), "code": .string(problem.code), "what": .string(problem.what),
                    "why": .string(problem.why ?? ""),
                ])
            } else if run.shown < 100 {
                run.shown += 1
                terminal.note("line \(row.line): \(problem.what): \(problem.why ?? "")")
            }
        }
        run.lastLine = row.line
    }

    /// What is wrong with this row, and not with the way to the centre.
    private static func isOfRow(_ problem: Problem) -> Bool {
        switch problem.exit {
        case .refused, .notFound, .alreadyExists, .badData, .mismatch, .usage, .noRoom: true
        default: false
        }
    }

    private func call(_ row: RowSource.Row) throws -> CentreCall {
        var body = row.body
        var path = ""
        for segment in endpoint.path.segments {
            switch segment {
            case .word(let word): path += "/" + word
            case .value(let name):
                guard let text = row.columns[name] ?? body[name]?.stringValue else {
                    throw Problem.usage("the column '\(name)' is missing")
                }
                if row.columns[name] == nil { body[name] = nil }
                path += "/" + CentreCall.escape(text)
            }
        }
        let known = Set(endpoint.pathParameters.map(\.name) + members.map(\.name))
        if let other = row.columns.keys.sorted().first(where: { !known.contains($0) }) {
            throw Problem.usage("there is no column '\(other)' here")
        }
        // In the order of the endpoint: the same row must always be the same request.
        for member in members {
            guard let text = row.columns[member.name], !text.isEmpty else { continue }
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
        let key = Digest.sha256.hash(Array("\(endpoint.operationID) \(row.line) ".utf8) + row.text)
        call.fields.append(("Idempotency-Key", "import-" + Array(key.prefix(16)).hex))
        return call
    }

    private func writeRejects(_ run: Run, _ source: RowSource, _ parsed: ParsedCommand) throws {
        guard let path = parsed[Self.rejects], !run.rejects.isEmpty else { return }
        guard FileSystem.replace(path, with: source.header + run.rejects, mode: 0o600) else {
            throw Problem("rejects-not-written", exit: .cannotCreate, "\(path) cannot be written")
        }
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

/// Where an import stopped, by endpoint and file.
private struct ImportMemory {
    private let state: StateFile?
    private let key: String

    init(_ operation: String, _ path: String, _ environment: Environment) {
        state = StateFile("imports.json", environment)
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
        let whole = realpath(path, &buffer) != nil
        let name =
            whole
            ? String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self) : path
        key = operation + " " + name
    }

    var line: Int? {
        get throws {
            guard let text = try state?.read(), let json = try? JSONValue(decoding: text) else { return nil }
            return json[key]?.integerValue.map { Int($0) }
        }
    }

    /// `nil` forgets it.
    func keep(_ line: Int?) throws {
        try state?.update { text in
            var object = text.flatMap { try? JSONValue(decoding: $0) }?.objectValue ?? JSONObject()
            object[key] = line.map { .count($0) }
            return JSONValue.object(object).text
        }
    }
}

/// Rows of a file while it is read; a file of any length takes the same memory.
private final class RowSource {
    struct Row {
        let line: Int
        let text: [UInt8]
        let columns: [String: String]
        let body: JSONObject
    }

    let byteCount: Int
    private(set) var readCount = 0
    private(set) var header: [UInt8] = []
    private let path: String
    private let descriptor: Int32
    private let isJSON: Bool
    private var csv = CSVRows()
    private var names: [String]?
    private var rest: [UInt8] = []
    private var line = 0
    private var isOver = false

    init(_ path: String) throws {
        self.path = path
        isJSON = path.hasSuffix(".jsonl") || path.hasSuffix(".json")
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw Problem(
                "input-missing", exit: .noInput, "\(path) cannot be read",
                why: String(cString: strerror(errno)))
        }
        var status = stat()
        byteCount = fstat(descriptor, &status) == 0 ? Int(status.st_size) : 0
    }

    deinit { _ = close(descriptor) }

    /// `nil` at the end.
    func next() throws -> [Row]? {
        guard !isOver else { return nil }
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = buffer.withUnsafeMutableBytes { Self.readSome(descriptor, $0) }
        if count < 0, errno == EINTR { return [] }
        guard count >= 0 else {
            throw Problem("input-failed", exit: .inputOutput, "\(path) could not be read")
        }
        isOver = count == 0
        readCount += count
        return isJSON ? try lines(buffer.prefix(count)) : try rows(buffer.prefix(count))
    }

    private static func readSome(_ file: Int32, _ buffer: UnsafeMutableRawBufferPointer) -> Int {
        #if canImport(Glibc)
            Glibc.read(file, buffer.baseAddress, buffer.count)
        #else
            Darwin.read(file, buffer.baseAddress, buffer.count)
        #endif
    }

    private func rows(_ bytes: ArraySlice<UInt8>) throws -> [Row] {
        do throws(CSVRows.Failure) {
            var rows = try csv.take(bytes)
            if isOver, let last = try csv.end() { rows.append(last) }
            return rows.compactMap(row)
        } catch {
            throw Problem(
                "csv-broken", exit: .badData, "\(path) is not CSV from line \(error.line) on",
                why: error.reason)
        }
    }

    private func row(_ row: FileRow) -> Row? {
        let text = Array(row.fields.map(Self.quoted).joined(separator: ",").utf8)
        guard let names else {
            self.names = row.fields
            header = text + [UInt8(ascii: "\n")]
            return nil
        }
        var columns: [String: String] = [:]
        for (name, field) in zip(names, row.fields) { columns[name] = field }
        // More fields than names: the row is not what it seems.
        if row.fields.count > names.count { columns["column \(names.count + 1)"] = row.fields[names.count] }
        return Row(line: row.line, text: text, columns: columns, body: [:])
    }

    private static func quoted(_ field: String) -> String {
        guard field.utf8.contains(where: { Array("\",\r\n".utf8).contains($0) }) else { return field }
        return "\"" + field.replacing("\"", with: "\"\"") + "\""
    }

    private func lines(_ bytes: ArraySlice<UInt8>) throws -> [Row] {
        rest += bytes
        var rows: [Row] = []
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            rows += row(Array(rest[..<end]))
            rest.removeFirst(end + 1)
        }
        if isOver, !rest.isEmpty { rows += row(rest) }
        return rows
    }

    private func row(_ text: [UInt8]) -> [Row] {
        line += 1
        guard text.contains(where: { $0 > 0x20 }) else { return [] }
        let object = (try? JSONValue(decoding: text))?.objectValue
        // What is no object has no member that the endpoint knows, and is refused as a row.
        return [Row(line: line, text: text, columns: [:], body: object ?? ["not an object": true])]
    }
}
