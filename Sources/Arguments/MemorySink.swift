internal import Synchronization

/// Output that is kept, for tests and for whoever wants to look at it first.
package final class MemorySink: OutputSink {
    private let bytes = Mutex<[UInt8]>([])
    package let isTerminal: Bool
    package let columns: Int?
    package let failure: CInt?

    /// - Parameter failure: the error number that every write is to have failed with.
    package init(isTerminal: Bool = false, columns: Int? = nil, failure: CInt? = nil) {
        self.isTerminal = isTerminal
        self.columns = columns
        self.failure = failure
    }

    package func write(_ bytes: [UInt8]) { self.bytes.withLock { $0 += bytes } }

    package var isComplete: Bool { failure == nil }

    package var text: String { bytes.withLock { String(decoding: $0, as: UTF8.self) } }
}

/// Answers that were decided before the questions.
package final class ScriptedInput: InputSource {
    private let lines: Mutex<[String]>
    package let isTerminal: Bool

    package init(_ lines: [String] = [], isTerminal: Bool = true) {
        self.lines = Mutex(lines)
        self.isTerminal = isTerminal
    }

    package func readLine(
        into buffer: UnsafeMutableRawBufferPointer, isSecret: Bool, prompt: () -> Void
    ) throws(InputError) -> Int? {
        prompt()
        guard let line = lines.withLock({ $0.isEmpty ? nil : $0.removeFirst() }) else { return nil }
        guard line.utf8.count <= buffer.count else { throw .tooLong(limit: buffer.count) }
        buffer.copyBytes(from: line.utf8)
        return line.utf8.count
    }

    package func isReady(within time: Duration) -> Bool { true }
}
