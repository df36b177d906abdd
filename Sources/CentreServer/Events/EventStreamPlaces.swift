internal import Centre
internal import Synchronization

/// How many streams of events each who asks has at this node.
package final class EventStreamPlaces: Sendable {
    private let counts = Mutex<[Principal: Int]>([:])

    package init() {}

    /// One stream's; free again when nobody has it any more.
    package final class Place: Sendable {
        private let principal: Principal
        private let places: EventStreamPlaces

        fileprivate init(_ principal: Principal, _ places: EventStreamPlaces) {
            self.principal = principal
            self.places = places
        }

        deinit { places.leave(principal) }
    }

    /// `nil` where there are as many as may be.
    package func take(for principal: Principal) -> Place? {
        let isFree = counts.withLock { counts in
            let count = counts[principal, default: 0]
            guard count < Bounds.eventStreamsMax else { return false }
            counts[principal] = count + 1
            return true
        }
        return isFree ? Place(principal, self) : nil
    }

    private func leave(_ principal: Principal) {
        counts.withLock { counts in
            let left = counts[principal, default: 1] - 1
            counts[principal] = left > 0 ? left : nil
        }
    }
}
