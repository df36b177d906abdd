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

    /// What the card's proof is made over, beside the answer itself.
    enum Context {
        /// A part of a chain: there will be no proof.
        case none
        /// The command as the R-MAC covers it, and whether the R-MAC chain takes this exchange in.
        case scp02(command: [UInt8], isChained: Bool)
        /// The chaining value and the encryption counter of the command.
        case scp03(chainingValue: AESBlock, counter: UInt64)
    }

    /// What protects the answer.
    let level: SecurityLevel
    let role: Role
    let context: Context
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
