import Arguments
import JSON
import Testing

@Suite("Terminal")
struct TerminalTests {
    @Test("lines go to the output, notes and warnings to the error output")
    func streams() {
        let (output, errors) = (MemorySink(), MemorySink())
        let terminal = terminal(output: output, errors: errors)
        terminal.print("one")
        terminal.print(lines: ["two", "three"])
        terminal.print(lines: [])
        terminal.print(json: ["a": 1])
        terminal.note("note \u{1B}")
        terminal.warn("key on the command line")
        #expect(output.text == "one\ntwo\nthree\n{\"a\":1}\n")
        #expect(errors.text == "note \\u{1B}\nberth: warning: key on the command line\n")
    }

    struct ColorRow: Sendable {
        let choice: ColorChoice
        let isTerminal: Bool
        let environment: [String: String]
        let isUsed: Bool
    }

    @Test(
        "colours are used on a terminal, unless declined",
        arguments: [
            ColorRow(choice: .auto, isTerminal: true, environment: [:], isUsed: true),
            ColorRow(choice: .auto, isTerminal: false, environment: [:], isUsed: false),
            ColorRow(choice: .auto, isTerminal: true, environment: ["NO_COLOR": "1"], isUsed: false),
            ColorRow(choice: .auto, isTerminal: true, environment: ["NO_COLOR": ""], isUsed: true),
            ColorRow(choice: .auto, isTerminal: true, environment: ["TERM": "dumb"], isUsed: false),
            ColorRow(choice: .auto, isTerminal: true, environment: ["TERM": "xterm"], isUsed: true),
            ColorRow(choice: .always, isTerminal: false, environment: ["NO_COLOR": "1"], isUsed: true),
            ColorRow(choice: .never, isTerminal: true, environment: [:], isUsed: false),
        ])
    func colors(_ row: ColorRow) {
        let output = MemorySink(isTerminal: row.isTerminal)
        let terminal = terminal(output: output, environment: row.environment, color: row.choice)
        #expect(terminal.usesColor == row.isUsed)
        #expect(terminal.paint("x", .red) == (row.isUsed ? "\u{1B}[31mx\u{1B}[0m" : "x"))
        #expect(terminal.paint("x", .plain) == "x")
    }

    @Test(
        "the width is the terminal's, or COLUMNS, or 80, within reason",
        arguments: [
            (120, nil, 120), (nil, "100", 100), (120, "100", 120), (nil, nil, 80), (nil, "wide", 80),
            (5, nil, 20), (nil, "100000", 500), (nil, "-3", 20),
        ] as [(Int?, String?, Int)])
    func widths(_ columns: Int?, _ variable: String?, _ width: Int) {
        let environment = variable.map { ["COLUMNS": $0] } ?? [:]
        #expect(terminal(output: MemorySink(columns: columns), environment: environment).width == width)
    }

    @Test("a raised interrupt stops the work between two steps, with the exit code of its signal")
    func interrupts() throws {
        try terminal().checkInterrupted()
        let keyboard = Interrupts(begin: {}, raised: { .keyboard })
        #expect(throws: Problem.interrupted) { try terminal(interrupts: keyboard).checkInterrupted() }
        let other = Interrupts(begin: {}, raised: { .otherProgram })
        #expect(throws: Problem.terminated) { try terminal(interrupts: other).checkInterrupted() }
        #expect(Problem.interrupted.exit == .interrupted && Problem.terminated.exit == .terminated)
    }

    struct Answer: Sendable {
        let lines: [String]
        let fallback: Bool
        let result: Bool
    }

    @Test(
        "a question takes yes, no, the default, and gives up after three other answers",
        arguments: [
            Answer(lines: ["y"], fallback: false, result: true),
            Answer(lines: [" YES "], fallback: false, result: true),
            Answer(lines: ["n"], fallback: true, result: false),
            Answer(lines: ["No"], fallback: true, result: false),
            Answer(lines: [""], fallback: true, result: true),
            Answer(lines: [""], fallback: false, result: false),
            Answer(lines: [], fallback: true, result: false),
            Answer(lines: ["maybe", "y"], fallback: false, result: true),
            Answer(lines: ["a", "b", "c", "y"], fallback: true, result: false),
        ])
    func questions(_ row: Answer) throws {
        let (output, errors) = (MemorySink(), MemorySink())
        let terminal = terminal(output: output, errors: errors, input: ScriptedInput(row.lines))
        #expect(try terminal.confirm("Delete?", default: row.fallback, override: "--yes") == row.result)
        #expect(errors.text.hasPrefix(row.fallback ? "Delete? [Y/n] " : "Delete? [y/N] "))
        #expect(output.text == "")
    }

    @Test("with nobody to ask, or with --json, a question is a problem and names the option")
    func nobody() {
        let piped = terminal(input: ScriptedInput(["y"], isTerminal: false))
        let json = terminal(input: ScriptedInput(["y"]), format: .json)
        for terminal in [piped, json] {
            let error = #expect(throws: Problem.self) {
                try terminal.confirm("Delete?", default: true, override: "--yes")
            }
            #expect(error?.code == "confirmation-needed")
            #expect(error?.exit == .usage)
            #expect(error?.advice == ["give --yes to answer yes in advance"])
        }
    }

    @Test("an answer has a bound")
    func longAnswer() {
        let terminal = terminal(input: ScriptedInput([String(repeating: "x", count: 1025)]))
        let error = #expect(throws: Problem.self) { try terminal.ask("Name: ") }
        #expect(error?.exit == .badData)
    }
}

@Suite("Table")
struct TableTests {
    private func table() -> Table {
        var table = Table([Table.Column("AID"), Table.Column("Size", .right), Table.Column("Name")])
        table.add([Table.Cell("A000", .cyan), "12.4 kB", "Issuer\u{1B}[31m domain"])
        table.add(["A00000015100", "1 byte", "証明書"])
        table.add(["A1"])
        return table
    }

    @Test("aligns columns, leaves no spaces at the end, shows control characters")
    func aligned() {
        let output = MemorySink()
        terminal(output: output).print(table())
        #expect(
            output.text == """
                AID              Size  Name
                A000          12.4 kB  Issuer\\u{1B}[31m domain
                A00000015100   1 byte  証明書
                A1

                """)
    }

    @Test("a person's terminal cuts the last column; colours do not move anything")
    func cut() {
        let output = MemorySink(isTerminal: true, columns: 32)
        terminal(output: output).print(table())
        #expect(
            output.text == """
                \u{1B}[1mAID\u{1B}[0m              \u{1B}[1mSize\u{1B}[0m  \u{1B}[1mName\u{1B}[0m
                \u{1B}[36mA000\u{1B}[0m          12.4 kB  Issuer\\u…
                A00000015100   1 byte  証明書
                A1

                """)
    }
}

@Suite("Memory bar")
struct MemoryBarTests {
    private func lines(_ segments: [MemoryBar.Segment], _ capacity: MemoryBar.Capacity, width: Int = 80)
        -> [String]
    {
        MemoryBar(segments, capacity).lines(width: width) { text, _ in text }
    }

    struct Row: Sendable {
        let used: Int
        let capacity: MemoryBar.Capacity
        let line: String
    }

    @Test(
        "shows one part",
        arguments: [
            Row(used: 12_400, capacity: .total(16_000), line: "[#########...]  12.4 kB of 16 kB used"),
            Row(used: 12_400, capacity: .free(3_600), line: "[#########...]  12.4 kB of 16 kB used"),
            Row(used: 0, capacity: .total(16_000), line: "[............]  0 bytes of 16 kB used"),
            Row(used: 1, capacity: .total(16_000), line: "[#............]  1 byte of 16 kB used"),
            Row(used: 15_999, capacity: .total(16_000), line: "[#############.]  16 kB of 16 kB used"),
            Row(used: 16_000, capacity: .total(16_000), line: "[##############]  16 kB of 16 kB used"),
            Row(used: 20_000, capacity: .total(16_000), line: "[##############]  20 kB of 20 kB used"),
            Row(used: 0, capacity: .total(0), line: "[..........]  0 bytes of 0 bytes used"),
            Row(used: 5, capacity: .unknown, line: "5 bytes used (the card does not tell how much is free)"),
        ])
    func single(_ row: Row) {
        #expect(lines([MemoryBar.Segment("used", bytes: row.used)], row.capacity, width: 37) == [row.line])
    }

    @Test("shows several parts with their marks, and what the marks mean")
    func several() {
        let segments = [
            MemoryBar.Segment("applications", bytes: 8_000),
            MemoryBar.Segment("reserved", bytes: 10, mark: "=", style: .yellow),
            MemoryBar.Segment("parked", bytes: 0, mark: "~"),
        ]
        #expect(
            lines(segments, .total(16_000), width: 52) == [
                "[###############=..............]  8 kB of 16 kB used",
                " # applications 8 kB   = reserved 10 bytes",
                " ~ parked 0 bytes   . free 8 kB",
            ])
    }

    @Test("where the size is not known it shows the known parts, marked so, and never an exact size")
    func atLeast() {
        #expect(
            lines([.init("used", bytes: 4_600)], .atLeast(free: 10_800), width: 60) == [
                "[#######?.................]  at least 4.6 kB of 15.4 kB used",
                " # used 4.6 kB   ? not known   . free 10.8 kB",
            ])
        #expect(
            lines([.init("used", bytes: 0)], .atLeast(free: 3_600), width: 60).first
                == "[?........................]  at least 0 bytes of 3.6 kB used")
        #expect(
            lines([.init("used", bytes: 9)], .atLeast(free: 0), width: 40).first
                == "[#########?]  at least 9 bytes of 9 bytes used")
    }

    @Test("with more parts than cells the bar keeps its length")
    func crowded() {
        let segments = (0..<30).map { MemoryBar.Segment("s\($0)", bytes: $0 + 1) }
        let bar = lines(segments, .free(10), width: 20)[0].prefix { $0 != "]" }
        #expect(bar.count == 11)
    }
}

@Suite("Progress")
struct ProgressTests {
    @Test("on a terminal a bar moves at most ten times a second, and tells the remaining time")
    func bar() {
        let errors = MemorySink(isTerminal: true, columns: 60)
        let clock = ManualClock()
        var progress = ProgressBar("Loading", total: 1000, on: terminal(errors: errors, clock: clock))
        for step in 1...4 {
            clock.advance(by: .milliseconds(50))
            progress.advance(to: step * 10)
        }
        clock.advance(by: .milliseconds(3800))
        progress.advance(to: 400)
        clock.advance(by: .seconds(6))
        progress.finish()
        progress.finish()
        let frames = errors.text.split(separator: "\r").map { String($0.replacing("\u{1B}[K", with: "")) }
        #expect(
            frames == [
                "Loading [........................................]   0 %",
                "Loading [........................................]   2 %",
                "Loading [#.......................................]   4 %",
                "Loading [############...................]  40 %, 6.0 s left",
                "Loading: done in 10 s\n",
            ])
    }

    @Test("elsewhere there is a line now and then")
    func lines() {
        let errors = MemorySink()
        let clock = ManualClock()
        var progress = ProgressBar("Loading", total: 100, on: terminal(errors: errors, clock: clock))
        for step in 1...20 {
            clock.advance(by: .seconds(1))
            progress.advance(to: step * 4)
        }
        progress.stop("the card was removed")
        progress.advance(to: 100)
        #expect(
            errors.text == """
                Loading: 0 %
                Loading: 20 %, 20 s left
                Loading: 40 %, 15 s left
                Loading: 60 %, 10 s left
                Loading: 80 %, 5.0 s left
                Loading: stopped at 80 %: the card was removed

                """)
    }

    @Test("with --json there is none, and figures out of range do no harm")
    func silent() {
        let errors = MemorySink()
        var quiet = ProgressBar("Loading", total: 10, on: terminal(errors: errors, format: .json))
        quiet.advance(to: 5)
        quiet.finish()
        #expect(errors.text == "")
        var odd = ProgressBar("Odd", total: 0, on: terminal(errors: errors))
        odd.advance(to: -5)
        odd.advance(to: 99)
        #expect(errors.text == "Odd: 0 %\nOdd: 100 %\n")
    }

    @Test("a very narrow terminal gets no bar, and no line is longer than it")
    func narrow() {
        let errors = MemorySink(isTerminal: true, columns: 20)
        var progress = ProgressBar("A long label for it", total: 10, on: terminal(errors: errors))
        progress.advance(to: 10)
        for frame in errors.text.replacing("\u{1B}[K", with: "").split(separator: "\r") {
            #expect(String(frame).displayWidth < 20)
        }
    }
}
