internal import Arguments
package import Readers
internal import SmartCard

/// The readers of a machine: the real ones, or those of a test.
package struct ReaderSource: Sendable {
    /// Waits for the next events, not longer than the time; the first batch tells what is there already.
    package typealias Next = @Sendable (Duration) throws -> [ReaderEvent]

    package let list: @Sendable () throws -> [ReaderState]
    package let watch: @Sendable () -> Next

    package init(
        list: @escaping @Sendable () throws -> [ReaderState], watch: @escaping @Sendable () -> Next
    ) {
        self.list = list
        self.watch = watch
    }

    /// PC/SC on this machine.
    package static let live = ReaderSource(
        list: { try ReaderContext().readers() },
        watch: {
            let watcher = ReaderWatcher()
            return { try watcher.next(within: $0) }
        })
}
