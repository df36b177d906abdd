import Arguments
import JSON
import Testing

@Suite("Parser")
struct ParserTests {
    struct Accepted: Sendable, CustomTestStringConvertible {
        let line: String
        let contains: [String]
        var environment: [String: String] = [:]
        var testDescription: String { line }
    }

    static let accepted: [Accepted] = [
        Accepted(
            line: "gp list",
            contains: [
                "reader=nil card=nil\n", "keys=[] version=0 mode=mac\n", "trace=false dry=false verbose=0\n",
                "offset=nil debug=false\n", "source=fallback path=sample/gp/list\n",
            ]),
        Accepted(line: "gp ls", contains: ["path=sample/gp/list\n"]),
        Accepted(line: "gp list --reader ACS", contains: ["reader=ACS ", "source=commandLine "]),
        Accepted(line: "gp list --reader=ACS", contains: ["reader=ACS "]),
        Accepted(line: "gp list --reader=a=b", contains: ["reader=a=b "]),
        Accepted(line: "gp list -r ACS", contains: ["reader=ACS "]),
        Accepted(line: "gp list -rACS", contains: ["reader=ACS "]),
        Accepted(line: "gp list -r=ACS", contains: ["reader=ACS "]),
        Accepted(line: "gp list -tnr ACS", contains: ["reader=ACS ", "trace=true dry=true"]),
        Accepted(line: "gp list -tnrACS", contains: ["reader=ACS ", "trace=true dry=true"]),
        Accepted(line: "gp list -vvv -v", contains: ["verbose=4"]),
        Accepted(line: "gp list --trace --trace", contains: ["trace=true"]),
        Accepted(line: "gp list --virtual-card x.card", contains: ["card=x.card\n"]),
        Accepted(line: "gp list --debug-wire", contains: ["debug=true"]),
        Accepted(
            line:
                "gp list -k 00112233445566778899AABBCCDDEEFF --key 00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:ff",
            contains: [
                "keys=[[0, 17, 34, 51, 68, 85, 102, 119, 136, 153, 170, 187, 204, 221, 238, 255], [0, 17"
            ]),
        Accepted(line: "gp list --key-version 127", contains: ["version=127 "]),
        Accepted(line: "gp list --key-version 0x30", contains: ["version=48 "]),
        Accepted(line: "gp list --mode ENC", contains: ["mode=enc\n"]),
        Accepted(line: "gp list --offset -5", contains: ["offset=-5 "]),
        Accepted(line: "gp list --offset=-100", contains: ["offset=-100 "]),
        Accepted(line: "gp list -o-5", contains: ["offset=-5 "]),
        Accepted(line: "gp list --reader -x-y", contains: ["reader=-x-y "]),
        Accepted(line: "gp list --reader=--json", contains: ["reader=--json "]),
        Accepted(line: "gp list --reader -", contains: ["reader=- "]),
        Accepted(
            line: "gp list", contains: ["reader=Env ", "source=environment(\"SAMPLE_READER\") "],
            environment: ["SAMPLE_READER": "Env"]),
        Accepted(
            line: "gp list -r Own", contains: ["reader=Own ", "source=commandLine "],
            environment: ["SAMPLE_READER": "Env"]),
        Accepted(line: "gp list", contains: ["reader=nil "], environment: ["SAMPLE_READER": ""]),
        Accepted(
            line: "gp install --target A0 a.cap",
            contains: ["file=a.cap applets=[]\n", "target=A0 check=true\n"]),
        Accepted(line: "gp install a.cap x --target=A0 y", contains: ["file=a.cap applets=[\"x\", \"y\"]\n"]),
        Accepted(
            line: "gp install --target A0 -- a.cap --reader -- -x",
            contains: ["file=a.cap applets=[\"--reader\", \"--\", \"-x\"]\n"]),
        Accepted(line: "gp install --target A0 -", contains: ["file=- applets=[]\n"]),
        Accepted(line: "gp install --target A0 a --no-check", contains: ["check=false\n"]),
        Accepted(line: "gp install --target A0 a --no-check --check", contains: ["check=true\n"]),
        Accepted(line: "gp export", contains: ["{\"place\":null}\n"]),
        Accepted(line: "gp export /tmp", contains: ["{\"place\":\"/tmp\"}\n"]),
        Accepted(line: "gp secret", contains: ["hi\n"]),
        Accepted(line: "--json explain 6A84", contains: ["json 6A84\n"]),
        Accepted(line: "explain --json 6A84", contains: ["json 6A84\n"]),
        Accepted(line: "explain -- --json", contains: ["text --json\n"]),
        Accepted(line: "--color never gp list", contains: ["reader=nil"]),
        Accepted(line: "gp --colour=always list", contains: ["reader=nil"]),
        Accepted(line: "--version", contains: ["sample 1.2.3\n"]),
        Accepted(line: "-V", contains: ["sample 1.2.3\n"]),
        Accepted(line: "--json --version", contains: ["{\"name\":\"sample\",\"version\":\"1.2.3\"}\n"]),
    ]

    @Test("accepts every form", arguments: accepted)
    func accepts(_ row: Accepted) async {
        let outcome = await run(row.line.split(separator: " ").map(String.init), environment: row.environment)
        #expect(outcome.exit == .success)
        #expect(outcome.errors == "")
        for part in row.contains { #expect(outcome.output.contains(part)) }
    }

    struct Refused: Sendable, CustomTestStringConvertible {
        let line: String
        let code: String
        let text: String
        var environment: [String: String] = [:]
        var testDescription: String { line }
    }

    static let refused: [Refused] = [
        Refused(line: "gp", code: "missing-command", text: "'sample gp' needs a command after it"),
        Refused(line: "gq", code: "unknown-command", text: "did you mean 'sample gp'?"),
        Refused(line: "gp lsit", code: "unknown-command", text: "did you mean 'sample gp list'?"),
        Refused(line: "gp inst", code: "unknown-command", text: "did you mean 'sample gp install'?"),
        Refused(line: "install", code: "unknown-command", text: "did you mean 'sample gp install'?"),
        Refused(line: "xyzzy", code: "unknown-command", text: "'sample' has no command 'xyzzy'"),
        Refused(line: "gp list --raeder x", code: "unknown-option", text: "did you mean '--reader'?"),
        Refused(line: "gp list --read x", code: "unknown-option", text: "did you mean '--reader'?"),
        Refused(line: "gp list --no-trace", code: "unknown-option", text: "has no option '--no-trace'"),
        Refused(line: "gp install --no-chek a", code: "unknown-option", text: "did you mean '--no-check'?"),
        Refused(line: "gp list -x", code: "unknown-option", text: "has no option '-x'"),
        Refused(line: "gp list -tx", code: "unknown-option", text: "has no option '-x'"),
        Refused(
            line: "gp --version list", code: "unknown-option", text: "'sample gp' has no option '--version'"),
        Refused(
            line: "gp --reader x list", code: "misplaced-option",
            text: "write it after the command: sample gp list --reader"),
        Refused(line: "-r x gp list", code: "misplaced-option", text: "'-r' stands before the command"),
        Refused(
            line: "gp list --reader", code: "missing-value", text: "'--reader' needs a value: --reader NAME"),
        Refused(line: "gp list -r", code: "missing-value", text: "'-r' needs a value: -r NAME"),
        Refused(line: "gp list -tr", code: "missing-value", text: "'-r' needs a value: -r NAME"),
        Refused(
            line: "gp list --reader --trace", code: "missing-value",
            text: "if '--trace' is the value, write --reader=…"),
        Refused(line: "gp list --reader -t", code: "missing-value", text: "'--reader' needs a value"),
        Refused(line: "gp list --reader -- x", code: "missing-value", text: "'--reader' needs a value"),
        Refused(line: "gp list --trace=yes", code: "unwanted-value", text: "'--trace' takes no value"),
        Refused(line: "gp list -t=yes", code: "unwanted-value", text: "'-t' takes no value"),
        Refused(
            line: "gp install --no-check=1 a", code: "unwanted-value", text: "'--no-check' takes no value"),
        Refused(
            line: "gp list -r a --reader b", code: "option-given-twice", text: "'--reader' is given more"),
        Refused(line: "gp install a.cap", code: "missing-option", text: "'--target' must be given"),
        Refused(
            line: "gp install --target A0", code: "missing-argument", text: "the argument CAP is missing"),
        Refused(line: "gp list x", code: "unexpected-argument", text: "the argument 'x' is one too many"),
        Refused(line: "gp export a b", code: "unexpected-argument", text: "the argument 'b' is one too many"),
        Refused(line: "gp list --key-version 128", code: "invalid-option", text: "it must be from 0 to 127"),
        Refused(line: "gp list --key-version=-1", code: "invalid-option", text: "it must be from 0 to 127"),
        Refused(
            line: "gp list --key-version 99999999999999999999", code: "invalid-option",
            text: "it must be from 0 to 127"),
        Refused(line: "gp list --key-version 0x80", code: "invalid-option", text: "it must be from 0 to 127"),
        Refused(line: "gp list --key-version 0x-1", code: "invalid-option", text: "it is not a whole number"),
        Refused(line: "gp list --key-version +1", code: "invalid-option", text: "it is not a whole number"),
        Refused(line: "gp list --key-version 1.5", code: "invalid-option", text: "it is not a whole number"),
        Refused(line: "gp list --key-version 0x", code: "invalid-option", text: "it is not a whole number"),
        Refused(line: "gp list --key-version=", code: "invalid-option", text: "it is not a whole number"),
        Refused(line: "gp list --reader=", code: "invalid-option", text: "it is empty"),
        Refused(
            line: "gp list --mode rmac", code: "invalid-option", text: "it must be one of: clear, mac, enc"),
        Refused(
            line: "gp list --key 00", code: "invalid-option", text: "it has 1 byte, and 16 to 32 are needed"),
        Refused(
            line: "gp list --key 001", code: "invalid-option", text: "an odd number of hexadecimal digits"),
        Refused(
            line: "gp list --key 0g", code: "invalid-option", text: "a character is not a hexadecimal digit"),
        Refused(
            line: "gp list --color=blue", code: "invalid-option",
            text: "it must be one of: auto, always, never"),
        Refused(
            line: "completion tcsh", code: "invalid-argument", text: "it must be one of: bash, zsh, fish"),
        Refused(line: "help gp lst", code: "unknown-command", text: "did you mean 'list'?"),
    ]

    @Test("refuses what does not fit, with exit code 64 and advice", arguments: refused)
    func refuses(_ row: Refused) async throws {
        let words = row.line.split(separator: " ").map(String.init)
        let text = await run(words, environment: ["COLUMNS": "200"])
        #expect(text.exit == .usage)
        #expect(text.output == "")
        #expect(text.errors.hasPrefix("sample: "))
        #expect(text.errors.contains(row.text))
        #expect(text.errors.contains(" --help'"))

        let json = await run(["--json"] + words)
        let problem = try JSONValue(decoding: json.output)["problem"]
        #expect(problem?["code"] == .string(row.code))
        #expect(problem?["exit"] == 64)
        #expect(json.errors == "")
    }

    @Test(
        "never repeats what could be a key",
        arguments: [
            ["gp", "list", "404142434445464748494A4B4C4D4E4F"],
            ["gp", "list", "40:41:42:43:44:45:46:47:48:49:4A:4B:4C:4D:4E:4F"],
            ["gp", "404142434445464748494A4B4C4D4E4F"],
            ["gp", "list", "--kee=404142434445464748494A4B4C4D4E4F"],
            ["gp", "list", "--key", "404142434445464748494A4B4C4D4E4Z"],
            ["gp", "list", "--key=404142434445464748494A4B4C4D4E"],
            ["gp", "list", "--trace=404142434445464748494A4B4C4D4E4F"],
            ["gp", "list", "--reader", "--key=404142434445464748494A4B4C4D4E4F"],
            ["help", "404142434445464748494A4B4C4D4E4F"],
        ])
    func hidesKeys(_ arguments: [String]) async {
        for extra in [[], ["--json"]] {
            let outcome = await run(extra + arguments)
            #expect(outcome.exit == .usage)
            #expect(!(outcome.output + outcome.errors).contains("4243"))
            #expect(!(outcome.output + outcome.errors).contains("42:43"))
        }
    }

    @Test("a wrong variable is named, not only its option")
    func wrongVariable() async {
        let level = Option<Int>.value(
            "level", .integer(in: 1...3), default: 1, .environment("LEVEL"), help: "The level")
        let loud = Option<Bool>.flag("loud", .environment("LOUD"), help: "Be loud")
        let program = Program(
            "tool", "A tool", version: "1", date: "2026-01-31",
            commands: [
                Command("go", "Go", options: [OptionGroup("Options", [level, loud])]) { parsed, terminal in
                    terminal.print("\(parsed[level]) \(parsed[loud])")
                }
            ])
        let wrong = await run(["go"], environment: ["LEVEL": "9"], program: program)
        #expect(wrong.exit == .usage)
        #expect(wrong.errors.contains("the value of '--level', from LEVEL, is wrong"))
        #expect(await run(["go"], environment: ["LOUD": "yes"], program: program).output == "1 true\n")
        #expect(await run(["go"], environment: ["LOUD": "0"], program: program).output == "1 false\n")
        #expect(await run(["go"], environment: ["LOUD": "much"], program: program).exit == .usage)
    }

    @Test("a problem of a command is told as text and as JSON, with its exit code")
    func problems() async throws {
        let text = await run(["explain", "full"])
        #expect(text.exit == .noRoom)
        #expect(
            text.errors == """
                sample: not enough room on the card
                  why: hello.cap needs 14.2 kB and 12 kB are free
                  help: delete something
                  help: or else

                """)
        let json = await run(["explain", "full", "--json"])
        #expect(
            json.output
                == #"{"problem":{"code":"no-room","exit":4,"class":"no-room","what":"not enough room on the card","#
                + #""why":"hello.cap needs 14.2 kB and 12 kB are free","advice":["delete something","or else"],"#
                + #""details":{"need":14200,"free":12000}}}"# + "\n")
    }

    @Test("an error that cannot explain itself is an internal one, and shows none of its content")
    func unexplained() async {
        let outcome = await run(["explain", "unexplained"])
        #expect(outcome.exit == .internalError)
        #expect(outcome.errors.contains("Unexplained"))
        #expect(!outcome.errors.contains("404142"))
        #expect(await run(["explain", "cancelled"]).exit == .interrupted)
    }

    @Test("output that could not be written is a problem")
    func outputFailure() async {
        // 28 is ENOSPC on every system we run on.
        let outcome = await run(["explain", "x"], output: MemorySink(failure: 28))
        #expect(outcome.exit == .inputOutput)
        #expect(outcome.errors.contains("the output could not be written"))
    }
}
