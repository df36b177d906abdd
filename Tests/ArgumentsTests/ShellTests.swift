import Arguments
import Foundation
import JSON
import Testing

/// The scripts run in the real shells, with a stand-in for the program that logs its arguments and gives an answer.
@Suite("Completion scripts")
struct ShellTests {
    static let hasBash = FileManager.default.isExecutableFile(atPath: "/bin/bash")
    static let hasZsh = FileManager.default.isExecutableFile(atPath: "/usr/bin/zsh")
    static let hasFish = FileManager.default.isExecutableFile(atPath: "/usr/bin/fish")

    /// A directory with the script, the stand-in and some files to complete.
    private func prepare(shell: String, answer: String) async throws -> URL {
        let directory = FileManager.default.temporaryDirectory
            .appendingPathComponent("completion-\(UUID().uuidString)")
        try FileManager.default.createDirectory(
            at: directory.appendingPathComponent("sub dir"), withIntermediateDirectories: true)
        for name in ["hello.cap", "my applet.cap", "notes.txt"] {
            try Data().write(to: directory.appendingPathComponent(name))
        }
        let standIn =
            "#!/bin/sh\nfor word in \"$@\"; do printf '<%s>' \"$word\" >> log; done\nprintf '\(answer)'\n"
        let path = directory.appendingPathComponent("sample")
        try Data(standIn.utf8).write(to: path)
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path.path)
        let script = await run(["completion", shell]).output
        try Data(script.utf8).write(to: directory.appendingPathComponent("script"))
        return directory
    }

    private func execute(_ executable: String, _ arguments: [String], in directory: URL) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: executable)
        process.arguments = arguments
        process.currentDirectoryURL = directory
        process.environment = [
            "PATH": "\(directory.path):/usr/bin:/bin", "HOME": directory.path, "LC_ALL": "C.UTF-8",
        ]
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        process.standardInput = FileHandle.nullDevice
        try process.run()
        let output = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return String(decoding: output, as: UTF8.self)
    }

    private func log(in directory: URL) -> String {
        (try? String(contentsOf: directory.appendingPathComponent("log"), encoding: .utf8)) ?? ""
    }

    struct Row: Sendable, CustomTestStringConvertible {
        /// The words as the shell's completion cuts them, the program's name first.
        let words: [String]
        let asked: String
        let answer: String
        let offered: [String]
        var testDescription: String { words.joined(separator: " ") }
    }

    static let readers = "words\\t\\nVirtual PCD 00 00\\t\\nVirtual PCD 00 01\\t\\n"
    static let bashRows = [
        Row(words: ["sample", "g"], asked: "<g>", answer: "words\\t\\ngp\\tMeaning\\n", offered: ["gp"]),
        Row(words: ["sample", ""], asked: "<>", answer: "words\\t\\n", offered: []),
        Row(
            words: ["sample", "gp", "list", "--mode", "=", "m"], asked: "<gp><list><--mode=m>",
            answer: "words\\t--mode=\\nmac\\t\\n", offered: ["mac"]),
        Row(
            words: ["sample", "list", "--mode", "="], asked: "<list><--mode=>",
            answer: "words\\t--mode=\\nmac\\t\\nenc\\t\\n", offered: ["mac", "enc"]),
        Row(
            words: ["sample", "list", "--key", "env", ":", "B"], asked: "<list><--key><env:B>",
            answer: "words\\t\\nenv:BERTH\\t\\n", offered: ["BERTH"]),
        Row(
            words: ["sample", "list", "--reader", "V"], asked: "<list><--reader><V>", answer: readers,
            offered: ["Virtual\\ PCD\\ 00\\ 00", "Virtual\\ PCD\\ 00\\ 01"]),
        Row(
            words: ["sample", "list", "--reader", "Virtual\\ P"], asked: "<list><--reader><Virtual P>",
            answer: readers, offered: ["Virtual\\ PCD\\ 00\\ 00", "Virtual\\ PCD\\ 00\\ 01"]),
        Row(
            words: ["sample", "list", "--reader", "\"Virt"], asked: "<list><--reader><Virt>", answer: readers,
            offered: ["Virtual PCD 00 00", "Virtual PCD 00 01"]),
        Row(
            words: ["sample", "install", ""], asked: "<install><>", answer: "files\\t\\ncap\\t\\n",
            offered: ["hello.cap", "my applet.cap", "sub dir"]),
        Row(words: ["sample", "x", "n"], asked: "<x><n>", answer: "files\\t\\n", offered: ["notes.txt"]),
        Row(words: ["sample", "x", ""], asked: "<x><>", answer: "directories\\t\\n", offered: ["sub dir"]),
    ]

    @Test("bash", .enabled(if: hasBash), arguments: bashRows)
    func bash(_ row: Row) async throws {
        let directory = try await prepare(shell: "bash", answer: row.answer)
        defer { try? FileManager.default.removeItem(at: directory) }
        #expect(try execute("/bin/bash", ["-n", "script"], in: directory) == "")
        let driver = """
            source ./script; complete -p sample >/dev/null || exit 3
            COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _sample_complete
            for word in "${COMPREPLY[@]}"; do printf '%s\\n' "$word"; done | LC_ALL=C sort
            """
        let output = try execute("/bin/bash", ["--norc", "-c", driver, "bash"] + row.words, in: directory)
        #expect(output.split(separator: "\n").map(String.init) == row.offered.sorted())
        #expect(log(in: directory) == "<__complete><-->" + row.asked)
    }

    static let fishRows = [
        Row(
            words: ["sample g"], asked: "<g>", answer: "words\\t\\ngp\\tMeaning\\n", offered: ["gp\tMeaning"]),
        Row(words: ["sample "], asked: "<>", answer: "words\\t\\ngp\\t\\n", offered: ["gp"]),
        Row(
            words: ["sample gp list --mode=m"], asked: "<gp><list><--mode=m>",
            answer: "words\\t--mode=\\nmac\\t\\n", offered: ["--mode=mac"]),
        Row(
            words: ["sample list --reader V"], asked: "<list><--reader><V>", answer: readers,
            offered: ["Virtual PCD 00 00", "Virtual PCD 00 01"]),
        Row(
            words: ["sample install "], asked: "<install><>", answer: "files\\t\\ncap\\t\\n",
            offered: ["hello.cap", "my applet.cap", "sub dir/"]),
        Row(words: ["sample x "], asked: "<x><>", answer: "directories\\t\\n", offered: ["sub dir/"]),
    ]

    @Test("fish", .enabled(if: hasFish), arguments: fishRows)
    func fish(_ row: Row) async throws {
        let directory = try await prepare(shell: "fish", answer: row.answer)
        defer { try? FileManager.default.removeItem(at: directory) }
        #expect(try execute("/usr/bin/fish", ["-n", "script"], in: directory) == "")
        let driver = "source ./script; complete -C '\(row.words[0])'"
        let output = try execute("/usr/bin/fish", ["-c", driver], in: directory)
        let offered = output.split(separator: "\n").map {
            $0.hasSuffix("\t") ? String($0.dropLast()) : String($0)
        }
        #expect(offered.sorted() == row.offered.sorted())
        #expect(log(in: directory).hasPrefix("<__complete><-->" + row.asked))
    }

    static let zshRows = [
        Row(words: ["sample", "g"], asked: "<g>", answer: "words\\t\\ngp\\tMeaning\\n", offered: ["add gp"]),
        Row(words: ["sample", ""], asked: "<>", answer: "words\\t\\ngp\\t\\n", offered: ["add gp"]),
        Row(
            words: ["sample", "list", "--mode=m"], asked: "<list><--mode=m>",
            answer: "words\\t--mode=\\nmac\\t\\n", offered: ["set -P *=", "add mac"]),
        Row(
            words: ["sample", "list", "--reader", "Virtual\\ P"], asked: "<list><--reader><Virtual P>",
            answer: readers, offered: ["add Virtual PCD 00 00", "add Virtual PCD 00 01"]),
        Row(
            words: ["sample", "install", ""], asked: "<install><>", answer: "files\\t\\ncap\\t\\nzip\\t\\n",
            offered: ["files -g *.(cap|zip)(-.)"]),
        Row(words: ["sample", "x", ""], asked: "<x><>", answer: "files\\t\\n", offered: ["files "]),
        Row(words: ["sample", "x", ""], asked: "<x><>", answer: "directories\\t\\n", offered: ["files -/"]),
    ]

    @Test("zsh", .enabled(if: hasZsh), arguments: zshRows)
    func zsh(_ row: Row) async throws {
        let directory = try await prepare(shell: "zsh", answer: row.answer)
        defer { try? FileManager.default.removeItem(at: directory) }
        #expect(try execute("/usr/bin/zsh", ["-n", "script"], in: directory) == "")
        // The functions of zsh's completion system say what they were asked.
        let driver = """
            compdef() { :; }
            compadd() { for text in "${plain[@]}"; do print -r -- "add $text"; done; }
            compset() { print -r -- "set $*"; }
            _files() { print -r -- "files $*"; }
            source ./script
            words=("$@"); CURRENT=$#; PREFIX=${words[-1]}
            _sample
            """
        let output = try execute("/usr/bin/zsh", ["-f", "-c", driver, "zsh"] + row.words, in: directory)
        #expect(output.split(separator: "\n").map(String.init) == row.offered)
        #expect(log(in: directory) == "<__complete><-->" + row.asked)
    }

    @Test("as JSON, the script is a string")
    func json() async throws {
        let script = await run(["completion", "bash"]).output
        let object = try JSONValue(decoding: await run(["completion", "bash", "--json"]).output)
        #expect(object["script"] == .string(script))
    }
}
