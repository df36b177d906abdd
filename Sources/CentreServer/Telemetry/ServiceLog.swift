package import Centre
package import JSON
internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// What happens while the centre serves, one line each. Never a body, a token, a password or an APDU.
///
/// A thread of its own writes: whoever has something to say never waits for a slow disk or terminal.
package final class ServiceLog: Sendable {
    package enum Format: String, Sendable, CaseIterable {
        /// For people.
        case text
        /// For programs: one object of JSON a line.
        case json
    }

    package enum Level: Int, Sendable, CaseIterable, Comparable {
        case debug
        case info
        case warning
        case error

        package static func < (one: Level, other: Level) -> Bool { one.rawValue < other.rawValue }

        package var word: String { "\(self)" }

        package init?(word: String) {
            guard let level = Self.allCases.first(where: { $0.word == word }) else { return nil }
            self = level
        }
    }

    /// Lines that wait to be written; what comes beyond is counted and left out.
    private static let waitingMax = 16_384

    private let format: Format
    private let least: Level
    private let clock: any WallClock
    private let lines = WorkQueue<[UInt8]>()
    private let writer: ServingThread?
    private let dropped = Atomic<Int>(0)
    private let isFinished = Atomic<Bool>(false)

    /// `write` gets whole lines.
    package init(
        _ format: Format, from least: Level, clock: any WallClock,
        write: @escaping @Sendable ([UInt8]) -> Void
    ) {
        self.format = format
        self.least = least
        self.clock = clock
        writer = ServingThread(stackBytes: 256 << 10) { [lines] in
            while let line = lines.next() { write(line) }
        }
    }

    /// Lines that were left out because nobody could write so fast.
    package var droppedCount: Int { dropped.load(ordering: .relaxed) }

    /// `facts` are put together only where the line is wanted.
    package func write(_ level: Level, _ event: StaticString, _ facts: @autoclosure () -> JSONObject = [:]) {
        guard level >= least else { return }
        let line = line(level, "\(event)", facts())
        if !lines.add(line, max: Self.waitingMax) { dropped.wrappingAdd(1, ordering: .relaxed) }
    }

    /// Writes what is still waiting; nothing is written after that.
    package func finish() {
        guard !isFinished.exchange(true, ordering: .acquiringAndReleasing) else { return }
        lines.close()
        writer?.join()
    }

    private func line(_ level: Level, _ event: String, _ facts: JSONObject) -> [UInt8] {
        let time = clock.now.description
        switch format {
        case .json:
            var object: JSONObject = [
                "time": .string(time), "level": .string(level.word), "event": .string(event),
            ]
            for fact in facts.members { object[fact.name] = fact.value }
            return JSONValue.object(object).encoded() + [UInt8(ascii: "\n")]
        case .text:
            let words = facts.members.map { "\($0.name)=\(Self.word($0.value))" }
            let label = level == .info ? "" : level.word.uppercased() + " "
            let text = ([time + " " + label + event] + words).joined(separator: " ")
            return Array(text.utf8.map { $0 < 0x20 || $0 == 0x7F ? UInt8(ascii: "?") : $0 }) + [
                UInt8(ascii: "\n")
            ]
        }
    }

    private static func word(_ value: JSONValue) -> String {
        switch value {
        case .string(let text) where !text.isEmpty && text.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x22 }): text
        default: value.text
        }
    }
}
