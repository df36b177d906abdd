import Arguments
import FoundationEssentials
import JSON
import Testing

@Suite("Help")
struct HelpTests {
    @Test("the program itself")
    func root() {
        #expect(Sample.program.help() == Self.rootText)
    }

    @Test("a noun")
    func noun() {
        #expect(Sample.program.help(for: ["gp"]) == Self.nounText)
    }

    @Test("a verb, wrapped to the width")
    func verb() {
        #expect(Sample.program.help(for: ["gp", "install"]) == Self.verbText)
        #expect(Sample.program.help(for: ["gp", "install"], width: 48) == Self.narrowText)
        let alias = Sample.program.help(for: ["gp", "ls"])
        #expect(alias?.contains("Usage: sample gp ls [OPTIONS]") == true)
        #expect(Sample.program.help(for: ["gp", "nothing"]) == nil)
    }

    @Test(
        "every way to ask gives the same text",
        arguments: [
            ["gp", "install", "--help"], ["gp", "install", "-h"], ["--help", "gp", "install"],
            ["gp", "-h", "install"], ["help", "gp", "install"], ["gp", "install", "x.cap", "--trace", "-h"],
            ["gp", "install", "-th"],
        ])
    func ways(_ arguments: [String]) async {
        let outcome = await run(arguments)
        #expect(outcome == Outcome(exit: .success, output: Self.verbText, errors: ""))
    }

    @Test("no words, or help alone, show the program's help", arguments: [[], ["help"], ["-h"], ["--help"]])
    func bare(_ arguments: [String]) async {
        #expect(await run(arguments) == Outcome(exit: .success, output: Self.rootText, errors: ""))
    }

    @Test("help is wrapped to the terminal, or to COLUMNS")
    func width() async {
        let terminal = await run(["help", "gp", "install"], output: MemorySink(columns: 48))
        #expect(terminal.output == Self.narrowText)
        let variable = await run(["help", "gp", "install"], environment: ["COLUMNS": "48"])
        #expect(variable.output == Self.narrowText)
    }

    @Test("hidden commands and options are not shown")
    func hidden() {
        #expect(Sample.program.help(for: ["gp"])?.contains("secret") == false)
        #expect(Sample.program.help(for: ["gp", "list"])?.contains("debug-wire") == false)
        #expect(Sample.program.help()?.contains("__complete") == false)
    }

    @Test("as JSON, the help is the tree")
    func json() async throws {
        let tree = try JSONValue(decoding: await run(["--json", "help"]).output)
        #expect(tree["command"] == "sample")
        let gp = tree["commands"]?.arrayValue?.first
        #expect(gp?["command"] == "sample gp")
        let list = gp?["commands"]?.arrayValue?.first
        #expect(list?["usage"] == "sample gp list [OPTIONS]")
        let options = list?["options"]?.arrayValue ?? []
        #expect(options.count == 9)
        #expect(
            options.first { $0["name"] == "--mode" }
                == [
                    "name": "--mode", "summary": "How much the secure channel protects", "short": "-m",
                    "value": "LEVEL", "default": "mac", "required": false, "repeatable": false,
                ])
    }

    @Test("headings are bold where colours are in use, and nothing else changes")
    func bold() async {
        let outcome = await run(["--color", "always", "help", "gp"])
        #expect(outcome.output.contains("\u{1B}[1mUsage:\u{1B}[0m sample gp COMMAND"))
        let plain = outcome.output.replacing("\u{1B}[1m", with: "").replacing("\u{1B}[0m", with: "")
        #expect(plain == Self.nounText)
    }
}

extension HelpTests {
    private static let rootText = """
        Manage sample cards

        Usage: sample COMMAND

        Commands:
          gp          Speak GlobalPlatform to a card
          explain     Explain a status word
          help        Show the help of a command
          completion  Print a script that completes commands in a shell
          man         Print the manual page

        General:
              --json        Write the result, and any problem, as JSON
              --color WHEN  Use colours [one of: auto, always, never] [also: --colour]
                            [default: auto]
          -h, --help        Show this help
          -V, --version     Show the version

        A sample of everything.

        It has two paragraphs.

        Examples:
          Show a card:
            $ sample gp list

        Exit codes:
          0    done
          1    the card refused, and no class below fits better
          2    what was named is not on the card
          3    it is already on the card
          4    not enough room on the card
          5    stopped part-way; run the same command again to finish
          6    the card lacks a library that the application needs
          7    something else on the card still needs it
          8    the card cannot do this
          9    a check ran and found a difference
          64   the command line is wrong
          65   a file or text given as input is broken
          66   an input file is missing or cannot be read
          69   no reader, no card, or pcscd is not running
          70   a mistake in berth itself
          73   an output file cannot be made
          74   the card was removed, or reading or writing failed
          75   the reader or card is in use by another program
          76   the card answered something that its protocol does not allow
          77   authentication failed, or these keys do not permit it
          78   a configuration file is wrong
          130  interrupted from the keyboard
          143  told to end by a signal

        See 'sample COMMAND --help' for more on a command.

        """

    private static let nounText = """
        Speak GlobalPlatform to a card

        Usage: sample gp COMMAND

        Commands:
          list     Show what the card holds [also: ls]
          install  Install the applets of a CAP file
          export   Write the registry to a directory

        General:
              --json        Write the result, and any problem, as JSON
              --color WHEN  Use colours [one of: auto, always, never] [also: --colour]
                            [default: auto]
          -h, --help        Show this help

        See 'sample gp COMMAND --help' for more on a command.

        """

    private static let verbText = """
        Install the applets of a CAP file

        Usage: sample gp install [OPTIONS] --target AID CAP [AID]...

        Arguments:
          CAP       The file to install
          [AID]...  The applets; all, if none is named

        Options:
              --target AID  The domain to install into
              --[no-]check  Check first whether there is room [default: yes]

        Connection:
          -r, --reader NAME    Use the reader whose name contains NAME
                               [env: SAMPLE_READER]
              --card FILE      Use a card file instead of a reader [also:
                               --virtual-card]
          -k, --key HEX        A key of the card [repeatable]
              --key-version N  The version of the keys; 0 takes the first [default: 0]
          -m, --mode LEVEL     How much the secure channel protects [one of: clear, mac,
                               enc] [default: mac]
          -t, --trace          Show every command in words
          -n, --dry-run        Show what would be sent, and send nothing

        General:
              --json        Write the result, and any problem, as JSON
              --color WHEN  Use colours [one of: auto, always, never] [also: --colour]
                            [default: auto]
          -h, --help        Show this help

        Checks first whether there is room.

        Examples:
          Install all applets:
            $ sample gp install hello.cap --target A000000151000000

        """

    private static let narrowText = """
        Install the applets of a CAP file

        Usage: sample gp install [OPTIONS] --target AID CAP [AID]...

        Arguments:
          CAP       The file to install
          [AID]...  The applets; all, if none is named

        Options:
              --target AID  The domain to install into
              --[no-]check  Check first whether there is
                            room [default: yes]

        Connection:
          -r, --reader NAME    Use the reader whose name
                               contains NAME
                               [env: SAMPLE_READER]
              --card FILE      Use a card file instead
                               of a reader [also:
                               --virtual-card]
          -k, --key HEX        A key of the card
                               [repeatable]
              --key-version N  The version of the keys;
                               0 takes the first
                               [default: 0]
          -m, --mode LEVEL     How much the secure
                               channel protects [one of:
                               clear, mac, enc]
                               [default: mac]
          -t, --trace          Show every command in
                               words
          -n, --dry-run        Show what would be sent,
                               and send nothing

        General:
              --json        Write the result, and any
                            problem, as JSON
              --color WHEN  Use colours [one of: auto,
                            always, never] [also:
                            --colour] [default: auto]
          -h, --help        Show this help

        Checks first whether there is room.

        Examples:
          Install all applets:
            $ sample gp install hello.cap --target A000000151000000

        """
}
