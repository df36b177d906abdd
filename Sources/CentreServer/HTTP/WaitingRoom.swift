internal import Centre
internal import Synchronization

/// Something that waits for a topic without holding a thread.
protocol Sleeper: AnyObject, Sendable {
    /// A topic rang, the time has come, or the client went away. Must not block.
    func wake()
}

/// What waits in this node, found by topic and by time.
package final class WaitingRoom: Bell {
    struct Ticket: Hashable, Sendable {
        let number: UInt64
    }

    fileprivate struct Guest {
        let sleeper: any Sleeper
        let topics: [Topic]
    }

    fileprivate struct Deadline {
        let at: Int64
        let number: UInt64
    }

    fileprivate struct State {
        var guests: [UInt64: Guest] = [:]
        var byTopic: [Topic: [UInt64]] = [:]
        /// A heap, earliest first; those of guests who left are passed over when their time comes.
        var deadlines: [Deadline] = []
        var lastNumber: UInt64 = 0
        /// Counts rings; a topic that rang after a look at the store must not be waited for.
        var rings: UInt64 = 0
        var lastRing: [Topic: UInt64] = [:]
        /// Rings up to here are forgotten: whoever looked before may have missed one.
        var forgottenRings: UInt64 = 0
    }

    /// Topics whose last ring is remembered: as many as ring while one transaction takes its time.
    private static let rememberedMax = 65_536

    private let state = Mutex(State())

    package init() {}

    package var count: Int { state.withLock { $0.guests.count } }

    /// Topics that somebody waits for at this moment.
    package var isEmpty: Bool { count == 0 }

    package func awaits(_ topic: Topic) -> Bool { state.withLock { $0.byTopic[topic] != nil } }

    /// To be taken before the store is looked at.
    func mark() -> UInt64 { state.withLock { $0.rings } }

    /// nil where one of the topics rang since the mark was taken: look again.
    func park(
        _ sleeper: any Sleeper, for topics: [Topic], until deadline: Int64, since mark: UInt64
    ) -> Ticket? {
        state.withLock { state in
            guard mark >= state.forgottenRings,
                topics.allSatisfy({ state.lastRing[$0, default: 0] <= mark })
            else { return nil }
            state.lastNumber += 1
            let number = state.lastNumber
            state.guests[number] = Guest(sleeper: sleeper, topics: topics)
            for topic in topics { state.byTopic[topic, default: []].append(number) }
            state.addDeadline(Deadline(at: deadline, number: number))
            return Ticket(number: number)
        }
    }

    package func ring(_ topics: [Topic]) {
        guard !topics.isEmpty else { return }
        let woken = state.withLock { state in
            state.rings += 1
            if state.lastRing.count + topics.count > Self.rememberedMax {
                state.lastRing.removeAll(keepingCapacity: true)
                state.forgottenRings = state.rings
            }
            for topic in topics { state.lastRing[topic] = state.rings }
            return topics.flatMap { state.byTopic.removeValue(forKey: $0) ?? [] }.compactMap {
                state.leave($0)
            }
        }
        for sleeper in woken { sleeper.wake() }
    }

    /// Wakes those whose time has come.
    func expire(at now: Int64) {
        let woken = state.withLock { state in
            var woken: [any Sleeper] = []
            while let first = state.deadlines.first, first.at <= now {
                state.removeFirstDeadline()
                if let sleeper = state.leave(first.number) { woken.append(sleeper) }
            }
            return woken
        }
        for sleeper in woken { sleeper.wake() }
    }

    /// Wakes one, whatever it waits for; nothing where it is awake already.
    func wake(_ ticket: Ticket) {
        state.withLock { $0.leave(ticket.number) }?.wake()
    }

    func wakeAll() {
        let woken = state.withLock { state in
            state.rings += 1
            state.forgottenRings = state.rings
            return state.guests.keys.sorted().compactMap { state.leave($0) }
        }
        for sleeper in woken { sleeper.wake() }
    }
}

extension WaitingRoom.State {
    fileprivate mutating func leave(_ number: UInt64) -> (any Sleeper)? {
        guard let guest = guests.removeValue(forKey: number) else { return nil }
        for topic in guest.topics {
            guard var numbers = byTopic.removeValue(forKey: topic) else { continue }
            numbers.removeAll { $0 == number }
            if !numbers.isEmpty { byTopic[topic] = numbers }
        }
        return guest.sleeper
    }

    fileprivate mutating func addDeadline(_ deadline: WaitingRoom.Deadline) {
        if deadlines.count > 2 * guests.count + 1_024 {
            // Sorted is a heap.
            deadlines = deadlines.filter { guests[$0.number] != nil }.sorted { $0.at < $1.at }
        }
        deadlines.append(deadline)
        var index = deadlines.count - 1
        while index > 0, deadlines[index].at < deadlines[(index - 1) / 2].at {
            deadlines.swapAt(index, (index - 1) / 2)
            index = (index - 1) / 2
        }
    }

    fileprivate mutating func removeFirstDeadline() {
        deadlines.swapAt(0, deadlines.count - 1)
        deadlines.removeLast()
        var index = 0
        while true {
            let children = [2 * index + 1, 2 * index + 2].filter { $0 < deadlines.count }
            guard let least = children.min(by: { deadlines[$0].at < deadlines[$1].at }),
                deadlines[least].at < deadlines[index].at
            else { return }
            deadlines.swapAt(index, least)
            index = least
        }
    }
}
