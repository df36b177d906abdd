package import JSON

/// Where a command writes, asks and measures time; every part of it is given, so that a test sees everything.
package struct Terminal: Sendable {
    package let output: any OutputSink
    package let errors: any OutputSink
    package let input: any InputSource
    package let environment: Environment
    package let clock: any Clock<Duration>
    package let interrupts: Interrupts
    /// What `--json` chose; a command writes its result accordingly.
    package var format: Format
    package var color: ColorChoice

    package enum Format: Hashable, Sendable {
        case text
        case json
    }

    package init(
        output: any OutputSink, errors: any OutputSink, input: any InputSource, environment: Environment,
        clock: any Clock<Duration>, interrupts: Interrupts, format: Format = .text, color: ColorChoice = .auto
    ) {
        self.output = output
        self.errors = errors
        self.input = input
        self.environment = environment
        self.clock = clock
        self.interrupts = interrupts
        self.format = format
        self.color = color
    }

    package var isJSON: Bool { format == .json }
}

/// A place for output.
///
/// Writing never throws: whoever stopped reading must not stop a card half-way.
package protocol OutputSink: Sendable {
    func write(_ bytes: [UInt8])
    /// A person looks at it at this moment.
    var isTerminal: Bool { get }
    /// The width of the terminal, if it is one.
    var columns: Int? { get }
    /// The error number of the first failed write; a reader that has gone away is none.
    var failure: CInt? { get }
    /// All that was written has arrived; where the reader has gone away it has not.
    var isComplete: Bool { get }
}

/// The variables of the environment.
package struct Environment: Sendable {
    private let lookUp: @Sendable (String) -> String?

    package init(_ lookUp: @escaping @Sendable (String) -> String?) { self.lookUp = lookUp }

    package init(_ variables: [String: String] = [:]) {
        self.init { variables[$0] }
    }

    package subscript(_ name: String) -> String? { lookUp(name) }
}

extension Terminal {
    /// Writes a line of the result.
    package func print(_ line: String = "") { output.write(Array((line + "\n").utf8)) }

    /// Writes several lines at once.
    package func print(lines: [String]) {
        guard !lines.isEmpty else { return }
        output.write(Array((lines.joined(separator: "\n") + "\n").utf8))
    }

    /// Writes one JSON value on a line of its own: the whole result, or one event of a stream.
    package func print(json: JSONValue) { output.write(json.encoded() + [UInt8(ascii: "\n")]) }

    /// Tells the person something that is not part of the result.
    package func note(_ line: String) { errors.write(Array((line.printable + "\n").utf8)) }

    /// Warns the person; work goes on.
    package func warn(_ line: String) {
        let lines = wrap("berth: warning: " + line.printable, width: errorWidth, indent: 2)
        errors.write(Array((lines.joined(separator: "\n") + "\n").utf8))
    }

    /// The columns for the result: the terminal's, or `COLUMNS`, or 80.
    package var width: Int { width(of: output) }

    package var errorWidth: Int { width(of: errors) }

    private func width(of sink: any OutputSink) -> Int {
        let asked = environment["COLUMNS"].flatMap { Int($0) }
        // Beyond 500 columns nobody can read a line; below 20 nothing fits.
        return min(max(sink.columns ?? asked ?? 80, 20), 500)
    }

    /// Time since now, on the terminal's clock.
    package func stopwatch() -> Stopwatch { Stopwatch(clock) }

    /// Between two steps of a long work: stops it if the person pressed Ctrl-C, or a signal said so.
    package func checkInterrupted() throws(Problem) {
        switch interrupts.raised() {
        case nil: return
        case .keyboard: throw .interrupted
        case .otherProgram: throw .terminated
        }
    }
}

/// Measures the time since it was made.
package struct Stopwatch: Sendable {
    private let read: @Sendable () -> Duration

    package init<C: Clock>(_ clock: C) where C.Duration == Duration {
        let start = clock.now
        read = { start.duration(to: clock.now) }
    }

    package var elapsed: Duration { read() }
}
