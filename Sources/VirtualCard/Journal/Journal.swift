/// The one way to persistent memory. A commit is a series of writes with a mark at its end: without the mark,
/// nothing of it counts after the next power-up.
final class Journal {
    /// The state as the next power-up will find it.
    private(set) var durable: CardState
    /// Asked before and after every single write; see `VirtualCard.onWrite`.
    var onWrite: ((JournalStep) -> PowerCut)?
    /// How many single writes there were since the card was made or opened.
    private(set) var writeCount = 0
    let file: CardFile?

    init(durable: CardState, file: CardFile?) {
        self.durable = durable
        self.file = file
    }

    enum Outcome {
        case done
        case powerLost
        /// The medium refuses (a full disk); nothing was changed.
        case failed
    }

    func commit(_ state: CardState) -> Outcome {
        let changes = state.changes(from: durable)
        if changes.isEmpty { return .done }
        do throws(CardFileError) { try file?.begin() } catch { return .failed }
        for change in changes {
            let outcome = write { () throws(CardFileError) in try self.file?.append(change) }
            switch outcome {
            case .done: continue
            case .powerLost: return .powerLost
            case .failed:
                file?.abandon()
                return .failed
            }
        }
        let outcome = write { () throws(CardFileError) in
            try self.file?.commit()
            self.durable = state
        }
        if case .failed = outcome { file?.abandon() }
        if case .done = outcome { file?.compactIfWorthwhile(state) }
        return outcome
    }

    private func write(_ action: () throws(CardFileError) -> Void) -> Outcome {
        writeCount += 1
        if onWrite?(.before(writeCount)) == .cut { return .powerLost }
        do { try action() } catch { return .failed }
        return onWrite?(.after(writeCount)) == .cut ? .powerLost : .done
    }
}

/// A moment around one persistent write, counted from 1.
package enum JournalStep: Hashable, Sendable {
    case before(Int)
    case after(Int)
}

/// What a tear hook decides.
package enum PowerCut: Hashable, Sendable {
    case goOn
    case cut
}
