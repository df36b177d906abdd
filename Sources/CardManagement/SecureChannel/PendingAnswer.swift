internal import CardCrypto
internal import GlobalPlatform

/// What a session must remember of a command until its answer comes.
struct PendingAnswer {
    enum Role {
        case ordinary
        /// BEGIN R-MAC SESSION: its failure takes the level back.
        case beginsResponseProtection(before: SecurityLevel)
        /// END R-MAC SESSION of SCP02: the answer's data are the R-MAC of the session.
        case endsResponseProtection
        /// A part of a chained command that is not the last: its answer is never protected.
        case chainPart
    }

    /// What protects the answer.
    let level: SecurityLevel
    let role: Role
    /// SCP03: the chaining value and the encryption counter of the command.
    var chainingValue = Block()
    var counter: UInt64 = 0
    /// SCP02: the command as the R-MAC covers it, and whether the chain of R-MACs takes the exchange in.
    var command: [UInt8] = []
    var isChained = false
}

/// First in, first out, without moving what stays.
struct PendingAnswers {
    private var items: [PendingAnswer] = []
    private var head = 0

    var count: Int { items.count - head }

    mutating func append(_ item: PendingAnswer) { items.append(item) }

    mutating func popFirst() -> PendingAnswer? {
        guard head < items.count else { return nil }
        defer { advance() }
        return items[head]
    }

    private mutating func advance() {
        head += 1
        if head == items.count {
            items.removeAll(keepingCapacity: true)
            head = 0
        } else if head >= 64, head * 2 >= items.count {
            items.removeFirst(head)
            head = 0
        }
    }
}
