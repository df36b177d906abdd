internal import Arguments
internal import CardManagement
internal import GlobalPlatform
internal import SmartCard

/// Shows every exchange in words. The plain forms are described, never printed: data may hold keys or PINs.
final class Tracer {
    private let terminal: Terminal
    private var count = 0

    init(_ terminal: Terminal) { self.terminal = terminal }

    func show(_ exchange: Exchange) {
        count += 1
        let number = String(count)
        for (index, line) in CommandText.lines(exchange.plain).enumerated() {
            terminal.note((index == 0 ? "-> \(number)  " : "      ") + line)
        }
        for part in exchange.sent where part != exchange.plain {
            terminal.note("      sent \(part.bytes.count) bytes, CLA \(part.cla.hex)")
        }
        for (index, line) in CommandText.lines(exchange.plainAnswer, to: exchange.plain).enumerated() {
            terminal.note((index == 0 ? "<- \(number)  " : "      ") + line)
        }
    }
}
