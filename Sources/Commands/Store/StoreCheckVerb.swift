internal import Arguments
internal import JSON
internal import Storage

/// `berth store check`.
enum StoreCheckVerb {
    static var verb: Command {
        Command(
            "check", "Look through a store: its pages, its tables, every row, every audit chain",
            discussion: """
                Nothing is changed, and others may go on working. What does not hold is listed, and the exit code says so.
                """,
            examples: [.init("the store in the data folder", "berth store check")],
            options: [OptionGroup("Options", [StoreCommands.store])]
        ) { parsed, terminal in
            let store = try StoreCommands.address(parsed, on: terminal).open()
            let report = try StoreCheck.run(store, progress: StoreCommands.progress("checking", on: terminal))
            let json = report.json(of: store)
            guard report.isSound else {
                if !terminal.isJSON { show(report, on: terminal) }
                throw Problem(
                    "store-unsound", exit: .mismatch, "\(store.place) does not hold what it should",
                    advice: [
                        "keep a copy of it as it is before anything else",
                        "restore the newest backup into a new store with: berth store restore",
                    ], details: json)
            }
            if terminal.isJSON {
                terminal.print(json: .object(json))
            } else {
                show(report, on: terminal)
            }
        }
    }

    private static func show(_ report: StoreCheck.Report, on terminal: Terminal) {
        var table = Table([.init("What"), .init("Finding")])
        for part in report.parts {
            for finding in part.findings.isEmpty ? ["sound"] : part.findings {
                table.add([.init(part.name), .init(finding.printable)])
            }
        }
        terminal.print(table)
        terminal.print("\(report.rows) rows were read.")
    }
}

extension StoreCheck.Report {
    fileprivate func json(of store: any Database) -> JSONObject {
        [
            "store": .string(store.place), "engine": .string(store.engine), "sound": .bool(isSound),
            "rows": .count(rows),
            "parts": .array(
                parts.map { ["name": .string($0.name), "findings": .array($0.findings.map { .string($0) })] }),
        ]
    }
}
