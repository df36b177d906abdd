import Arguments
import Foundation
import Testing

@Suite("Manual page")
struct ManualPageTests {
    static let hasGroff = FileManager.default.isExecutableFile(atPath: "/usr/bin/groff")
    static let hasMan = FileManager.default.isExecutableFile(atPath: "/usr/bin/man")

    /// What roff could take for its own, and what is not ASCII.
    static let awkward = Program(
        "tool", "A tool – for cards", version: "1.0-rc.1", date: "2026-01-31",
        discussion:
            ".TH at the start of a line\n\n'quoted' and \\fBbackslash\\fR, \"marks\", ^ ~ ` and a – dash",
        manual: [Program.ManualSection("SEE ALSO", ["pcscd(8)"])],
        commands: [
            Command(
                "go", "Go with 'quotes'", discussion: "'br is no request here",
                examples: [Command.Example(".so is no request", ".so '/etc/passwd' \\\\ \"x\"")],
                options: [
                    OptionGroup("Options", [Option<Bool>.flag("fast-mode", .short("f"), help: "日本語 \\n")])
                ], run: { _, _ in })
        ])

    private func execute(_ path: String, _ arguments: [String], file: String) throws -> (
        text: String, errors: String
    ) {
        let directory = FileManager.default.temporaryDirectory
        let page = directory.appendingPathComponent("page-\(UUID().uuidString).1")
        try Data(file.utf8).write(to: page)
        defer { try? FileManager.default.removeItem(at: page) }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments + [page.path]
        process.environment = [
            "PATH": "/usr/bin:/bin", "MANWIDTH": "80", "LC_ALL": "C.UTF-8", "MANROFFOPT": "-ww",
        ]
        let (output, errors) = (Pipe(), Pipe())
        process.standardOutput = output
        process.standardError = errors
        try process.run()
        let text = output.fileHandleForReading.readDataToEndOfFile()
        let complaints = errors.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (String(decoding: text, as: UTF8.self), String(decoding: complaints, as: UTF8.self))
    }

    @Test("groff reads it without a warning", .enabled(if: hasGroff), arguments: [Sample.program, awkward])
    func groff(_ program: Program) throws {
        let result = try execute(
            "/usr/bin/groff", ["-man", "-ww", "-Tutf8", "-P-cbou"], file: program.manualPage)
        #expect(result.errors == "")
        #expect(result.text.contains(program.name))
    }

    @Test("man reads it without a warning", .enabled(if: hasMan))
    func man() throws {
        let result = try execute("/usr/bin/man", ["--warnings", "-l"], file: Sample.program.manualPage)
        #expect(result.errors == "")
        #expect(result.text.contains("sample gp install [OPTIONS] --target AID CAP [AID]..."))
        #expect(result.text.contains("--[no-]check"))
        #expect(result.text.contains(".sample holds nothing; 'quotes' and \\ are kept."))
    }

    @Test("what roff could take for its own comes out as written", .enabled(if: hasGroff))
    func escapes() throws {
        let text = try execute(
            "/usr/bin/groff", ["-man", "-ww", "-Tutf8", "-P-cbou"], file: Self.awkward.manualPage
        ).text
        for part in [
            ".TH at the start of a line", "'quoted' and \\fBbackslash\\fR, \"marks\", ^ ~ ` and a – dash",
            "'br is no request here", ".so is no request:", ".so '/etc/passwd' \\\\ \"x\"", "日本語 \\n",
            "--fast-mode",
        ] {
            #expect(text.contains(part))
        }
    }

    @Test("holds every visible command, and a shared group once")
    func content() {
        let page = Sample.program.manualPage
        for name in ["gp list", "gp install", "gp export", "explain", "help", "completion", "man"] {
            #expect(page.contains("\n.SS \"sample \(name)\"\n"))
        }
        #expect(!page.contains("secret") && !page.contains("__complete") && !page.contains("debug"))
        #expect(page.split(separator: "\\fB\\-\\-reader\\fR \\fINAME\\fR").count == 2)
        #expect(page.contains("\n.SS \"Connection\"\n"))
        #expect(page.contains("\\fB143\\fR\ntold to end by a signal\n"))
        #expect(
            page.hasPrefix(".TH \"SAMPLE\" \"1\" \"2026\\-01\\-31\" \"sample 1.2.3\" \"User Commands\"\n"))
    }
}

extension Program: CustomTestStringConvertible {
    /// The program by its name.
    public var testDescription: String { name }
}
