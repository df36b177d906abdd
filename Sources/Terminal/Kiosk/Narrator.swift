package import Arguments
internal import HTTPClient
package import JSON
package import Wire

/// Tells what happens in a session: lines of 40 columns for a person, or one JSON object a line for a program.
package final class Narrator {
    private let terminal: Arguments.Terminal
    package let display: Display
    private var lastStep: String?
    private var progress = WorkProgress()
    /// The bar that stands on the present line.
    private var lastBar = ""
    private var isCardGone = false
    /// How the last operation or visit ended, as the centre said it.
    package private(set) var ending: SeramEnding?

    /// The end of an operation in the centre's words.
    package struct SeramEnding: Hashable, Sendable {
        package var event: String
        package var operation: String?
        package var message: String?
        package var nextStep: String?
        package var memory: SeramNotice.Memory?
    }

    package init(_ terminal: Arguments.Terminal, _ display: Display) {
        self.terminal = terminal
        self.display = display
    }

    package func forget() {
        ending = nil
        isCardGone = false
    }

    /// For people only.
    package func say(_ messages: Message...) {
        guard !terminal.isJSON else { return }
        endBar()
        terminal.print(lines: messages.map(display.text))
    }

    package func show(_ lines: [String]) {
        guard !terminal.isJSON else { return }
        endBar()
        terminal.print(lines: lines)
    }

    /// For programs only.
    package func tell(_ event: String, _ members: JSONObject = [:]) {
        guard terminal.isJSON else { return }
        var object: JSONObject = ["event": .string(event)]
        for member in members.members { object[member.name] = member.value }
        terminal.print(json: .object(object))
    }

    package func show(_ event: SessionEvent) {
        switch event {
        case .notice(let notice): show(notice)
        case .text(let text):
            tell("text", ["text": .string(text)])
            show(display.folded(text))
        case .carried(let bytes): carried(bytes)
        case .offline(let failure, let again):
            tell(
                "offline",
                ["why": .string("\(failure.words)"), "secondsUntilNextTry": .number(again / .seconds(1))])
            if lastStep != "offline" { say(.centreAway, .nothingLost) }
            lastStep = "offline"
        case .online:
            lastStep = nil
            tell("online")
            say(.centreBack)
        case .cardGone:
            isCardGone = true
            tell("card-gone")
            say(.cardGone, .nothingLost, .goesOnWhenBack, .goesOnElsewhere)
        }
    }

    private func show(_ notice: SeramNotice) {
        if terminal.isJSON, let value = try? JSONValue(decoding: notice.text) {
            terminal.print(json: value)
        }
        switch notice.event {
        case .progress: progress(notice)
        case .done, .failed, .interrupted, .stopped, .cardUnknown:
            if notice.event == .done, !lastBar.isEmpty {
                terminal.output.write(Array(("\r" + display.bar(1, of: 1, secondsLeft: 0)).utf8))
            }
            endBar()
            ending = SeramEnding(
                event: notice.event.rawValue, operation: notice.operation, message: notice.message,
                nextStep: notice.nextStep, memory: notice.memory)
            lastStep = nil
            end(notice)
        }
    }

    private func end(_ notice: SeramNotice) {
        switch notice.event {
        case .done: say(.done)
        case .failed: say(.failed)
        case .interrupted:
            // Where the card went away it was said already, with what happens next.
            guard !isCardGone else { return }
            say(.willGoOn, .nothingLost)
        case .stopped: say(.cardNotServed, .askStaff)
        case .cardUnknown: say(.cardUnknown, .askStaff)
        case .progress: return
        }
        guard notice.event != .cardUnknown, let message = notice.message else { return }
        show(
            display.told(
                code: notice.code, about: notice.subjects, message, notice.nextStep, indent: "  "))
    }

    private func progress(_ notice: SeramNotice) {
        progress.begin(notice)
        showPart()
    }

    /// A line for each step that begins, also within one order.
    private func showPart() {
        guard let part = progress.part else { return }
        let key = "\(part.step) \(part.action) \(part.subject ?? "")"
        guard key != lastStep else { return }
        lastStep = key
        show(
            display.step(
                part.step > 0 ? part.step : nil, of: progress.stepCount, action: part.action,
                subject: part.subject, secondsLeft: progress.isWork ? progress.secondsLeft : nil))
    }

    /// The bar of the whole operation. For screen readers, and where nobody looks, there is none.
    private func carried(_ bytes: Int) {
        guard !terminal.isJSON else { return }
        progress.carried(bytes)
        showPart()
        guard !display.isSpoken, terminal.output.isTerminal, progress.isWork else { return }
        let bar = display.bar(
            progress.doneMilliseconds, of: progress.totalMilliseconds, secondsLeft: progress.secondsLeft)
        guard bar != lastBar else { return }
        lastBar = bar
        terminal.output.write(Array(("\r" + bar).utf8))
    }

    private func endBar() {
        guard !lastBar.isEmpty else { return }
        lastBar = ""
        terminal.output.write([UInt8(ascii: "\n")])
    }
}

extension CentreFailure {
    /// For logs and programs, in English.
    package var words: String {
        switch self {
        case .unreachable(let error): "\(error.code.rawValue): \(error.message)"
        case .refused(let refusal): "\(refusal.code): \(refusal.detail)"
        case .malformed(let why): "malformed: \(why)"
        }
    }
}
