internal import Arguments
internal import JSON
internal import VirtualCard

/// `berth card examples`: CAP files of the example applications, which virtual cards execute.
enum ExamplesCommand {
    private static let folder = Positional<String?>.optional(
        .directory("FOLDER"), help: "Where the files are written; without it the applications are listed")
    private static let upgradable = Option<Int?>.optional(
        "upgradable", .integer("N", in: 0...255),
        help:
            "As version 1.N, whose data stay on the card when its code is upgraded (a card that can is needed)"
    )

    static let verb = Command(
        "examples", "Write the CAP files of the example applications",
        discussion: """
            The applications are real ones for a virtual card: it executes them once they are loaded and installed. \
            Any other card loads the files and lists what is in them.
            """,
        examples: [
            .init("see what there is", "berth card examples"),
            .init("all of them into a folder", "berth card examples caps"),
            .init("a version that can be upgraded in place", "berth card examples caps --upgradable 1"),
        ], arguments: [folder], options: [OptionGroup("Options", [upgradable])]
    ) { parsed, terminal in
        let minor = parsed[upgradable].map { UInt8(clamping: $0) }
        let written = try parsed[folder].map { try write(into: $0, minor) }
        if terminal.isJSON {
            terminal.print(json: .array(ExampleApplication.allCases.map { json($0, written?[$0]) }))
        } else {
            terminal.print(table(written))
        }
    }

    private static func write(
        into folder: String, _ minor: UInt8?
    ) throws(Problem) -> [ExampleApplication: String] {
        var written: [ExampleApplication: String] = [:]
        let failure = Problem(
            "output-not-written", exit: .cannotCreate, "the CAP files cannot be written",
            why: "\(folder) cannot be made or written to", advice: ["name a folder that is yours"])
        guard FileSystem.makeFolder(folder) else { throw failure }
        for application in ExampleApplication.allCases {
            let path = folder + "/" + application.rawValue + ".cap"
            // A library has no data to keep.
            let file =
                application.isLibrary ? nil : minor.map { application.upgradableCAPFile(minorVersion: $0) }
            guard FileSystem.replace(path, with: file ?? application.capFile, mode: 0o666) else {
                throw failure
            }
            written[application] = path
        }
        return written
    }

    private static func table(_ written: [ExampleApplication: String]?) -> Table {
        var table = Table([
            .init("Application"), .init("Load file"), .init("Applet"), .init("CAP bytes", .right),
            .init("Needs"),
        ])
        for application in ExampleApplication.allCases {
            table.add([
                .init(written?[application] ?? application.rawValue), .init("\(application.loadFile)"),
                .init(application.isLibrary ? "" : "\(application.module)"),
                .init("\(application.capFile.count)"),
                .init(application.dependencies.map(\.rawValue).joined(separator: ", ")),
            ])
        }
        return table
    }

    private static func json(_ application: ExampleApplication, _ path: String?) -> JSONValue {
        [
            "name": .string(application.rawValue), "loadFile": .string("\(application.loadFile)"),
            "applet": application.isLibrary ? .null : .string("\(application.module)"),
            "file": path.map { .string($0) } ?? .null,
            "needs": .array(application.dependencies.map { .string($0.rawValue) }),
        ]
    }
}
