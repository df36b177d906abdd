/// Events that somebody wants, out of all of them.
package struct EventLook: Hashable, Sendable {
    package var events: [Event]
    /// Up to here everything was looked at: what is not above is not wanted.
    package var position: Int64

    /// The next ones that pass, oldest first; looks at a bounded number of events, so an empty answer is not the end
    /// while `position` is before the newest.
    package init(
        after start: Int64, through end: Int64? = nil, _ sight: EventSight, _ filter: EventFilter,
        limit: Int, _ transaction: any Transaction
    ) throws(StoreFailure) {
        events = []
        position = start
        var looked = 0
        while looked < Bounds.eventsScannedMax {
            let page = try Outbox.events(after: position, limit: 500, transaction)
            for event in page {
                if let end, event.position > end {
                    position = end
                    return
                }
                position = event.position
                guard sight.sees(event), filter.passes(event) else { continue }
                events.append(event)
                if events.count == limit { return }
            }
            guard page.count == 500 else { break }
            looked += page.count
        }
        // What is not kept any more, and what is not there yet, is not wanted either.
        if let end, looked < Bounds.eventsScannedMax { position = max(position, end) }
    }
}
