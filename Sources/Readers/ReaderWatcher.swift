package import SmartCard
internal import Synchronization

/// Tells what happens at the readers, one batch of events after the other.
///
/// It survives the reader service: while that is away every `next` says so, and when it is back the events go on.
package final class ReaderWatcher: Sendable {
    private struct State {
        var context: ReaderContext?
        var known: [ReaderState] = []
        var isCancelled = false
    }

    private let state = Mutex(State())
    private let cancelled = Wakeup()

    package init() {}

    /// The readers as the last batch left them.
    package var readers: [ReaderState] { state.withLock { $0.known } }

    /// Waits for the next events; none when the time is up. The first batch tells what is there already.
    package func next(within limit: Duration) throws(CardChannelError) -> [ReaderEvent] {
        let deadline = Deadline(after: limit)
        let known = readers
        do throws(CardChannelError) {
            let context = try reachService(until: deadline)
            let now = try look(with: context, since: known, until: deadline)
            state.withLock { $0.known = now }
            return ReaderEvent.between(known, now)
        } catch {
            // A context does not outlive its service; the next call opens another.
            if error.code == .noService { state.withLock { $0.context = nil } }
            throw error
        }
    }

    /// Ends the wait of another thread, and every later one.
    package func cancel() {
        cancelled.ring()
        let context = state.withLock { state in
            state.isCancelled = true
            return state.context
        }
        context?.cancel()
    }

    /// Changes of use only (another program opened the card) are no events, so the wait goes on after them.
    private func look(
        with context: ReaderContext, since known: [ReaderState], until deadline: Deadline
    ) throws(CardChannelError) -> [ReaderState] {
        var now = known
        repeat {
            now = try context.waitForChange(since: now, atMost: deadline.remaining)
        } while ReaderEvent.between(known, now).isEmpty && !deadline.hasPassed
        return now
    }

    private func reachService(until deadline: Deadline) throws(CardChannelError) -> ReaderContext {
        while true {
            let (present, isCancelled) = state.withLock { ($0.context, $0.isCancelled) }
            if isCancelled { throw PCSCCode.cancelled.error(reader: nil) }
            if let present { return present }
            do throws(CardChannelError) {
                let fresh = try ReaderContext()
                state.withLock { $0.context = fresh }
            } catch {
                guard error.code == .noService, !deadline.hasPassed else { throw error }
                _ = cancelled.wait(atMost: min(deadline.remaining, .milliseconds(200)))
            }
        }
    }
}
