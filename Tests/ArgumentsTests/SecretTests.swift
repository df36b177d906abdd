import Arguments
import Foundation
import Testing

@Suite("Secret sources")
struct SecretTests {
    @Test(
        "are written as words",
        arguments: [
            ("env:KEY", .environment("KEY")), ("file:/a b", .file("/a b")), ("fd:3", .descriptor(3)),
            ("-", .standardInput), ("stdin", .standardInput), ("prompt", .prompt), ("ask", .prompt),
            ("404142", .literal("404142")), ("40:41:42", .literal("40:41:42")),
            ("pass:word", .literal("pass:word")),
        ] as [(String, SecretSource)])
    func words(_ text: String, _ source: SecretSource) throws {
        #expect(try SecretSource(text) == source)
        #expect(source.isLiteral == (source == .literal(text)))
    }

    @Test("refuse words that are cut short", arguments: ["", "env:", "file:", "fd:", "fd:x", "fd:-1"])
    func refusals(_ text: String) { #expect(throws: ValueRefusal.self) { try SecretSource(text) } }

    @Test("cannot print a secret")
    func redaction() {
        let source = SecretSource.literal("404142")
        var dumped = ""
        dump(source, to: &dumped)
        dump([source], to: &dumped)
        #expect(!("\(source)" + String(reflecting: source) + "\([source])" + dumped).contains("404142"))
    }

    private func text(
        of source: SecretSource, on terminal: Terminal = terminal()
    ) throws -> String {
        try terminal.withSecret(source, label: "Key") { String(decoding: $0, as: UTF8.self) }
    }

    private func temporaryFile(_ content: String, permissions: Int) throws -> String {
        let url = FileManager.default.temporaryDirectory.appendingPathComponent("secret-\(UUID().uuidString)")
        try Data(content.utf8).write(to: url)
        try FileManager.default.setAttributes([.posixPermissions: permissions], ofItemAtPath: url.path)
        return url.path
    }

    @Test("lend the bytes from every source; one line end is not part of them")
    func lending() throws {
        #expect(try text(of: .literal("abc")) == "abc")
        #expect(try text(of: .environment("K"), on: terminal(environment: ["K": "abc"])) == "abc")
        #expect(try text(of: .prompt, on: terminal(input: ScriptedInput(["abc"]))) == "abc")
        let piped = terminal(input: ScriptedInput(["abc"], isTerminal: false))
        #expect(try text(of: .standardInput, on: piped) == "abc")
        for (content, secret) in [("abc", "abc"), ("abc\n", "abc"), ("abc\r\n", "abc"), ("abc\n\n", "abc\n")]
        {
            let path = try temporaryFile(content, permissions: 0o600)
            defer { try? FileManager.default.removeItem(atPath: path) }
            #expect(try text(of: .file(path)) == secret)
            let handle = try #require(FileHandle(forReadingAtPath: path))
            #expect(try text(of: .descriptor(handle.fileDescriptor)) == secret)
        }
    }

    @Test("a file that others can read gives a warning, a closed one none")
    func permissions() throws {
        for (mode, warns) in [(0o644, true), (0o640, true), (0o600, false), (0o400, false)] {
            let path = try temporaryFile("abc", permissions: mode)
            defer { try? FileManager.default.removeItem(atPath: path) }
            let errors = MemorySink()
            #expect(try text(of: .file(path), on: terminal(errors: errors)) == "abc")
            #expect(errors.text.contains("others can read it") == warns)
        }
    }

    struct Failure: Sendable {
        let source: SecretSource
        let code: String
        let exit: ExitCode
    }

    @Test(
        "that have nothing are problems, each of its own class",
        arguments: [
            Failure(source: .environment("NONE"), code: "secret-missing", exit: .noInput),
            Failure(source: .environment("EMPTY"), code: "secret-empty", exit: .badData),
            Failure(source: .file("/nonexistent/key"), code: "secret-unreadable", exit: .noInput),
            Failure(source: .file("/"), code: "secret-unreadable", exit: .noInput),
            Failure(source: .file("/dev/null"), code: "secret-empty", exit: .badData),
            Failure(source: .file("/dev/zero"), code: "input-too-long", exit: .badData),
            Failure(source: .descriptor(999), code: "secret-unreadable", exit: .noInput),
            Failure(source: .prompt, code: "nobody-to-ask", exit: .usage),
            Failure(source: .standardInput, code: "secret-empty", exit: .badData),
        ])
    func failures(_ row: Failure) {
        let terminal = terminal(input: ScriptedInput(isTerminal: false), environment: ["EMPTY": ""])
        let error = #expect(throws: Problem.self) { try text(of: row.source, on: terminal) }
        #expect(error?.code == row.code)
        #expect(error?.exit == row.exit)
    }

    struct Stop: Error {}

    @Test("the error of the borrower comes through")
    func borrowerFails() {
        #expect(throws: Stop.self) {
            try terminal().withSecret(.literal("abc"), label: "Key") { _ in throw Stop() }
        }
    }
}
