package import Wire

/// How far an operation is: from what the centre announces with each order, and what of it went to the card.
package struct WorkProgress {
    private var operation: String?
    private var steps: Int?
    private var parts: [SeramNotice.Part] = []
    private var index = 0
    /// Sent to the card of the present order.
    private var bytes = 0
    /// What is left when the present order begins.
    private var millisecondsLeftAtStart = 0
    private var total = 0

    package init() {}

    package mutating func begin(_ notice: SeramNotice) {
        let left = notice.millisecondsLeft ?? (notice.secondsLeft ?? 0) * 1_000
        total = notice.operation == operation ? max(total, left) : left
        operation = notice.operation
        steps = notice.steps
        parts = notice.parts
        (index, bytes, millisecondsLeftAtStart) = (0, 0, left)
        if parts.isEmpty {
            parts = [
                .init(
                    step: notice.step ?? 0, action: notice.action ?? "check", subject: notice.subject,
                    bytes: notice.bytes ?? 0, milliseconds: 0)
            ]
        }
    }

    /// - Parameter bytes: of the present order, from its beginning.
    package mutating func carried(_ bytes: Int) {
        self.bytes = bytes
        var end = 0
        for (position, part) in parts.enumerated() {
            end += part.bytes
            guard bytes >= end, position + 1 < parts.count else {
                index = position
                return
            }
        }
    }

    /// Nothing is drawn of questions to the card, which take no time.
    package var isWork: Bool { parts.indices.contains(index) && parts[index].action != "check" && total > 0 }

    package var part: SeramNotice.Part? { parts.indices.contains(index) ? parts[index] : nil }
    package var stepCount: Int? { steps }
    package var totalMilliseconds: Int { max(1, total) }
    package var doneMilliseconds: Int { max(0, total - millisecondsLeft) }
    package var secondsLeft: Int { (millisecondsLeft + 999) / 1_000 }

    private var millisecondsLeft: Int {
        var left = millisecondsLeftAtStart
        var start = 0
        for part in parts {
            let sent = min(max(0, bytes - start), part.bytes)
            left -= part.milliseconds * sent / max(1, part.bytes)
            start += part.bytes
        }
        return max(0, left)
    }
}
