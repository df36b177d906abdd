/// Shows on the error output how far a work is: a bar with the remaining time on a terminal, now and then a line
/// elsewhere, nothing with `--json`.
package struct ProgressBar {
    private let terminal: Terminal
    private let label: String
    private let total: Int
    private let stopwatch: Stopwatch
    /// Asked once: between two commands to a card there is no time for questions.
    private let isBar: Bool
    private var done = 0
    private var lastShown: Duration?
    private var isFinished = false

    /// Somebody may be watching it.
    package var isDrawn: Bool { isBar && !terminal.isJSON }

    /// - Parameter total: the bytes (or steps) of the whole work.
    package init(_ label: String, total: Int, on terminal: Terminal) {
        self.terminal = terminal
        self.label = label.printable
        self.total = max(1, total)
        stopwatch = terminal.stopwatch()
        isBar = terminal.errors.isTerminal && terminal.environment["TERM"] != "dumb"
        show(at: .zero)
    }

    /// Says how much is done; shows it if enough time has passed since it was last shown.
    package mutating func advance(to done: Int) {
        let before = self.done
        self.done = min(max(done, 0), total)
        guard self.done != before else { return }
        let now = stopwatch.elapsed
        guard let lastShown, now - lastShown < interval, self.done < total else { return show(at: now) }
    }

    /// Ends with a line that stays.
    package mutating func finish() { end("done in \(Self.text(stopwatch.elapsed))") }

    /// Ends with the reason why the work stopped.
    package mutating func stop(_ reason: String) { end("stopped at \(percent) %: \(reason)") }

    // A person wants to see movement; a log wants few lines.
    private var interval: Duration { isBar ? .milliseconds(100) : .seconds(5) }

    private var percent: Int { done * 100 / total }

    private mutating func end(_ text: String) {
        guard !isFinished, !terminal.isJSON else { return }
        isFinished = true
        // ECMA-48 §8.3.41, ERASE IN LINE: what was longer than this line goes away.
        write((isBar ? "\r\u{1B}[K" : "") + "\(label): \(text)\n")
    }

    private mutating func show(at now: Duration) {
        guard !isFinished, !terminal.isJSON else { return }
        lastShown = now
        write(isBar ? "\r" + barLine(at: now) + "\u{1B}[K" : "\(label): \(percent) %\(remaining(at: now))\n")
    }

    private func barLine(at now: Duration) -> String {
        let figures = " \(percent) %".paddedLeft(to: 6) + remaining(at: now)
        // One column stays free: some terminals break the line when the last one is filled.
        let room = terminal.errorWidth - 1 - figures.displayWidth
        let name = label.truncated(to: max(8, room / 2))
        let cells = min(40, room - name.displayWidth - 3)
        guard cells >= 5 else { return (name + figures).truncated(to: terminal.errorWidth - 1) }
        let filled = cells * done / total
        return "\(name) [" + String(repeating: "#", count: filled)
            + String(repeating: ".", count: cells - filled) + "]" + figures
    }

    /// From the rate so far; nothing during the first second, when the rate says little.
    private func remaining(at now: Duration) -> String {
        guard now >= .seconds(1), done > 0, done < total else { return "" }
        let seconds = now / .seconds(1)
        return ", \(Self.text(.seconds(seconds * Double(total - done) / Double(done)))) left"
    }

    /// The time in the largest two units: `0.4 s`, `12 s`, `3 min 05 s`, `2 h 10 min`.
    static func text(_ duration: Duration) -> String {
        let exact = max(0, duration / .seconds(1))
        if exact < 9.95 {
            let tenths = Int((exact * 10).rounded())
            return "\(tenths / 10).\(tenths % 10) s"
        }
        // A rate near zero gives a time that no integer holds; a week is long enough to say.
        let seconds = Int(min(exact, 604_800).rounded())
        if seconds < 60 { return "\(seconds) s" }
        if seconds < 3600 { return "\(seconds / 60) min \(twoDigits(seconds % 60)) s" }
        return "\(seconds / 3600) h \(twoDigits(seconds % 3600 / 60)) min"
    }

    private static func twoDigits(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }

    private func write(_ text: String) { terminal.errors.write(Array(text.utf8)) }
}
