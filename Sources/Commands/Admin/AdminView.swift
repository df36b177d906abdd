internal import Arguments
package import JSON

/// Shows answers: to programs as they came, to people as tables and lines.
package struct AdminView {
    let terminal: Terminal
    /// More columns than these do not fit beside each other.
    private static let columnsMax = 8

    init(_ terminal: Terminal) { self.terminal = terminal }

    /// What would be asked.
    func show(_ call: CentreCall) {
        let fields = call.fields.map { "\($0.name): \($0.value)" }
        guard terminal.isJSON else {
            terminal.print("\(call.method) \(call.target)".printable)
            for field in fields { terminal.print(field.printable) }
            if let body = call.secrets {
                terminal.print("\n" + String(decoding: body.encodedPretty(), as: UTF8.self))
            }
            return
        }
        var object: JSONObject = [
            "method": .string(call.method), "target": .string(call.target),
            "fields": .array(fields.map { .string($0) }),
        ]
        object["body"] = call.secrets
        terminal.print(json: .object(object))
    }

    /// - Parameter withTag: together with the entity tag of what is shown, as `--if-match` takes it.
    func show(_ answer: CentreAnswer, withTag: Bool = false) {
        if var json = answer.json {
            if withTag, let tag = answer.tag, case .object(var object) = json {
                object[terminal.isJSON ? "etag" : "tag"] = .string(tag)
                json = .object(object)
            }
            return show(json)
        }
        guard !answer.body.isEmpty else {
            return terminal.isJSON ? terminal.print(json: [:]) : terminal.note("done")
        }
        terminal.output.write(answer.body)
    }

    func show(_ json: JSONValue) {
        guard !terminal.isJSON else { return terminal.print(json: json) }
        if let items = json["items"]?.arrayValue {
            show(rows: items)
            if json["next"]?.stringValue != nil {
                terminal.note("there are more: --all, or --cursor with the next page")
            } else if let position = json["position"]?.integerValue,
                let newest = json["newest"]?.integerValue, position < newest
            {
                terminal.note("there are more: --all, or --after \(position)")
            }
            return
        }
        terminal.print(lines: Self.lines(json, indent: ""))
    }

    func show(event text: String) {
        guard let json = try? JSONValue(decoding: text) else { return }
        guard !terminal.isJSON else { return terminal.print(json: json) }
        let parts = ["time", "type", "subject"].compactMap { json[$0]?.stringValue }
        terminal.print("\(parts.joined(separator: "  "))  \(json["data"]?.text ?? "")".printable)
    }

    private func show(rows: [JSONValue]) {
        guard !rows.isEmpty else { return terminal.note("there are none") }
        let names = Self.columns(of: rows)
        var table = Table(names.map { .init($0.uppercased()) })
        for row in rows { table.add(names.map { .init(Self.cell(Self.member($0, of: row))) }) }
        terminal.print(table)
    }

    /// Members that are plain values in any row, in the order in which they come.
    package static func columns(of rows: [JSONValue]) -> [String] {
        var names: [String] = []
        for member in rows.flatMap({ $0.objectValue?.members ?? [] }) {
            guard !names.contains(member.name), isPlain(member.value) else { continue }
            names.append(member.name)
        }
        return Array(names.prefix(columnsMax))
    }

    private static func member(_ name: String, of row: JSONValue) -> JSONValue { row[name] ?? .null }

    private static func isPlain(_ value: JSONValue) -> Bool {
        switch value {
        case .null, .bool, .integer, .number, .string: true
        case .array(let values): !values.isEmpty && values.allSatisfy { $0.stringValue != nil }
        case .object: false
        }
    }

    package static func cell(_ value: JSONValue) -> String {
        switch value {
        case .null: ""
        case .bool(let bool): bool ? "yes" : "no"
        case .integer(let number): String(number)
        case .number(let number): String(number)
        case .string(let text): text
        case .array(let values): values.map(cell).joined(separator: " ")
        case .object: value.text
        }
    }

    /// A line for each member; what is inside is indented.
    package static func lines(_ value: JSONValue, indent: String) -> [String] {
        switch value {
        case .object(let object):
            let width = object.members.filter { isPlain($0.value) }.map(\.name.count).max() ?? 0
            return object.members.flatMap { member -> [String] in
                guard !isPlain(member.value) else {
                    let gap = String(repeating: " ", count: width - member.name.count)
                    return ["\(indent)\(member.name):\(gap) \(cell(member.value))".printable]
                }
                return ["\(indent)\(member.name):".printable] + lines(member.value, indent: indent + "  ")
            }
        case .array(let values):
            return values.flatMap { value -> [String] in
                isPlain(value)
                    ? ["\(indent)- \(cell(value))".printable]
                    : ["\(indent)-"] + lines(value, indent: indent + "  ")
            }
        case .null, .bool, .integer, .number, .string: return ["\(indent)\(cell(value))".printable]
        }
    }
}

/// Follows an operation to its end.
struct OperationWatch {
    private let client: CentreClient
    private let view: AdminView
    /// Seconds that the centre holds a request back while the operation is not over; who watches a bar wants to see it
    /// move.
    private static let (patience, patienceWatched) = (20, 1)

    init(_ client: CentreClient, _ view: AdminView) {
        self.client = client
        self.view = view
    }

    func watch(_ location: String) throws {
        var bar: ProgressBar?
        while true {
            var call = CentreCall("GET", location)
            // The first look shows at once where it stands.
            if let bar {
                let seconds = bar.isDrawn ? Self.patienceWatched : Self.patience
                call.fields.append(("Prefer", "wait=\(seconds)"))
            }
            let answer = try client.send(call)
            guard let operation = answer.json else { return view.show(answer) }
            let steps = operation["steps"]?.arrayValue ?? []
            let state = operation["state"]?.stringValue ?? ""
            if bar == nil {
                bar = ProgressBar("operation", total: max(1, steps.count), on: view.terminal)
            }
            bar?.advance(to: steps.count { $0["progress"] == "done" })
            guard ["waiting", "running", "undoing"].contains(state) else {
                return try end(operation, state, &bar)
            }
        }
    }

    private func end(_ operation: JSONValue, _ state: String, _ bar: inout ProgressBar?) throws {
        guard state != "done" else {
            bar?.finish()
            return view.show(operation)
        }
        bar?.stop(state)
        let exit: ExitCode = state == "needs-person" ? .unfinished : .refused
        throw Problem(
            "operation-\(state)", exit: exit, "the operation ended as \(state)",
            why: operation["reason"]?.stringValue,
            advice: [operation["nextStep"]?.stringValue].compactMap { $0 },
            details: operation.objectValue ?? [:])
    }
}
