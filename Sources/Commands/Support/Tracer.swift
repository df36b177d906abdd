internal import Arguments
internal import CardManagement
internal import GlobalPlatform
internal import SmartCard

/// Shows every exchange in words. The plain forms are described, never printed: data may hold keys or PINs.
final class Tracer {
    private let terminal: Terminal
    private var count = 0

    init(_ terminal: Terminal) { self.terminal = terminal }

    func show(_ event: LinkEvent) {
        switch event {
        case .exchange(let exchange): show(exchange)
        case .unanswered(let command, let error):
            count += 1
            showCommand(command)
            terminal.note("<- \(count)  no answer: \(error.message)")
        case .message(let number, let commandCount):
            terminal.note("== message \(number): \(commandCount) command\(commandCount == 1 ? "" : "s")")
        }
    }

    private func showCommand(_ command: CommandAPDU) {
        for (index, line) in CommandText.lines(command).enumerated() {
            terminal.note((index == 0 ? "-> \(count)  " : "      ") + line)
        }
    }

    private func show(_ exchange: Exchange) {
        count += 1
        let number = String(count)
        showCommand(exchange.plain)
        for part in exchange.sent where part != exchange.plain {
            terminal.note("      sent \(part.bytes.count) bytes, CLA \(part.cla.hex)")
        }
        for (index, line) in CommandText.lines(exchange.plainAnswer, to: exchange.plain).enumerated() {
            terminal.note((index == 0 ? "<- \(number)  " : "      ") + line)
        }
    }
}
