internal import CPCSC
package import SmartCard
internal import Synchronization

/// A connection to the reader service of this machine.
///
/// One thread at a time works with it; `cancel` may come from any thread.
package final class ReaderContext: Sendable {
    let handle: SCARDCONTEXT
    private let isCancelled = Atomic<Bool>(false)

    package init() throws(CardChannelError) {
        var handle = SCARDCONTEXT()
        var code = PCSCCode(SCardEstablishContext(DWORD(SCARD_SCOPE_SYSTEM), nil, nil, &handle))
        // A service that dies at this moment looks like one that refuses the user; the second time it does not.
        if code == .securityViolation {
            code = PCSCCode(SCardEstablishContext(DWORD(SCARD_SCOPE_SYSTEM), nil, nil, &handle))
        }
        guard code == .success else {
            throw (code == .securityViolation ? code : Self.lostServiceIfSilent(code)).error(reader: nil)
        }
        self.handle = handle
    }

    // Nothing useful can be done if closing fails: the context is gone either way.
    deinit { _ = SCardReleaseContext(handle) }

    /// The names of all readers, in the service's order.
    package func readerNames() throws(CardChannelError) -> [String] {
        // Each question is a round trip to the service, so the first one comes with room for most answers.
        var names = [CChar](repeating: 0, count: Self.listBytes)
        for _ in 0..<Self.listAttemptsMax {
            var length = DWORD(names.count)
            let code = PCSCCode(SCardListReaders(handle, nil, &names, &length))
            switch code {
            case .success: return Self.split(names.prefix(Int(length)))
            case .noReaders: return []
            // The list can grow before the next question, too.
            case .insufficientBuffer: names = [CChar](repeating: 0, count: max(Int(length), 2 * names.count))
            // The service always answers this question; if it does not, it is not there.
            default: throw Self.lostServiceIfSilent(code).error(reader: nil)
            }
        }
        throw PCSCCode.insufficientBuffer.error(reader: nil)
    }

    /// All readers with what they hold.
    package func readers() throws(CardChannelError) -> [ReaderState] {
        for _ in 0..<Self.listAttemptsMax {
            let names = try readerNames()
            guard !names.isEmpty else { return [] }
            let (code, states) = statusChange(of: names.map { ($0, 0) }, milliseconds: 0)
            switch code {
            case .success, .timeout: return states
            // A reader left between the two questions.
            case .unknownReader, .readerUnavailable: continue
            default: throw Self.lostServiceIfSilent(code).error(reader: nil)
            }
        }
        throw PCSCCode.readerUnavailable.error(reader: nil)
    }

    /// One reader with what it holds; nothing when it is not there.
    func reader(named name: String) throws(CardChannelError) -> ReaderState? {
        let (code, states) = statusChange(of: [(name, 0)], milliseconds: 0)
        switch code {
        case .success, .timeout: return states.first
        case .unknownReader, .readerUnavailable: return nil
        default: throw Self.lostServiceIfSilent(code).error(reader: nil)
        }
    }

    /// Waits until the readers or their cards are not as `known`; gives them back unchanged when the time is up.
    package func waitForChange(
        since known: [ReaderState], atMost limit: Duration
    ) throws(CardChannelError) -> [ReaderState] {
        let deadline = Deadline(after: limit)
        while true {
            guard !isCancelled.load(ordering: .acquiring) else { throw PCSCCode.cancelled.error(reader: nil) }
            // The notification only tells of changes during the wait, so the list is compared before each.
            guard try readerNames() == known.map(\.name) else { return try readers() }
            let slice = min(deadline.remaining, Self.slice)
            let code = waitOnce(for: known, milliseconds: slice.milliseconds)
            switch code {
            case .success, .timeout, .unknownReader, .readerUnavailable:
                let now = try readers()
                if now != known || deadline.hasPassed { return now }
                // News that change nothing must not turn the wait into a spin.
                if code != .timeout { pause(for: .milliseconds(20)) }
            case .cancelled: continue
            default: throw Self.lostServiceIfSilent(code).error(reader: nil)
            }
        }
    }

    /// Ends a wait for changes, this one or the next, from any thread, and for good.
    package func cancel() {
        isCancelled.store(true, ordering: .releasing)
        // Only a wait that has begun hears this; one that is about to begin ends after a slice.
        _ = SCardCancel(handle)
    }

    private static let listAttemptsMax = 5
    /// Sixteen names of 128 bytes are the most that pcsclite has; others may have more.
    private static let listBytes = 4_096
    private static let slice = Duration.milliseconds(500)
    /// pcsclite takes no more entries in one question.
    private static let entriesMax = 16
    private static let readerListNotification = "\\\\?PnP?\\Notification"

    private func waitOnce(for known: [ReaderState], milliseconds: Int) -> PCSCCode {
        var entries = known.prefix(Self.entriesMax).map { ($0.name, $0.eventState) }
        // With all sixteen places taken no reader can come, and one that goes is an unknown reader.
        if entries.count < Self.entriesMax { entries.append((Self.readerListNotification, 0)) }
        return statusChange(of: entries, milliseconds: milliseconds).code
    }

    /// SCardGetStatusChange, with the states in the order of the entries.
    private func statusChange(
        of entries: [(name: String, known: UInt32)], milliseconds: Int
    ) -> (code: PCSCCode, states: [ReaderState]) {
        // One buffer holds all names; the entries point into it, so it may not move until the call is over.
        var buffer: [CChar] = []
        let offsets = entries.map { entry in
            defer { buffer += entry.name.utf8CString }
            return buffer.count
        }
        var raw = [SCARD_READERSTATE](repeating: SCARD_READERSTATE(), count: entries.count)
        let code = buffer.withUnsafeBufferPointer { names in
            for (index, offset) in offsets.enumerated() {
                raw[index].szReader = names.baseAddress.map { $0 + offset }
                raw[index].dwCurrentState = DWORD(entries[index].known)
            }
            return PCSCCode(SCardGetStatusChange(handle, DWORD(milliseconds), &raw, DWORD(raw.count)))
        }
        let states = zip(entries, raw).map { entry, state in ReaderState(name: entry.name, state) }
        return (code, states)
    }

    /// The list comes as strings that each end with NUL, and an empty one at the end.
    private static func split(_ names: ArraySlice<CChar>) -> [String] {
        names.split(separator: 0).map { name in
            String(decoding: name.map(UInt8.init(bitPattern:)), as: UTF8.self)
        }
    }

    /// To questions that need no reader these errors have one cause: the service went away. pcsclite reports a
    /// connection that was reset as a security violation, since a service that refuses a user resets it too; but a
    /// user who has a context was not refused.
    static func lostServiceIfSilent(_ code: PCSCCode) -> PCSCCode {
        let silence: [PCSCCode] = [.communicationError, .internalError, .invalidHandle, .securityViolation]
        return silence.contains(code) ? .noService : code
    }
}

extension ReaderState {
    fileprivate init(name: String, _ state: SCARD_READERSTATE) {
        let flags = Int(state.dwEventState)
        var answerToReset: [UInt8] = []
        withUnsafeBytes(of: state.rgbAtr) { answerToReset = Array($0.prefix(Int(state.cbAtr))) }
        let card: Card =
            if flags & Int(SCARD_STATE_UNAVAILABLE | SCARD_STATE_UNKNOWN) != 0 {
                .unknown
            } else if flags & Int(SCARD_STATE_MUTE) != 0 {
                .mute
            } else if flags & Int(SCARD_STATE_PRESENT) != 0 {
                .present(answerToReset: answerToReset)
            } else {
                .absent
            }
        let use: Use =
            if flags & Int(SCARD_STATE_EXCLUSIVE) != 0 {
                .exclusive
            } else if flags & Int(SCARD_STATE_INUSE) != 0 {
                .shared
            } else {
                .free
            }
        // SCARD_STATE_CHANGED is an answer, not a state.
        let known = UInt32(truncatingIfNeeded: flags & ~Int(SCARD_STATE_CHANGED))
        self.init(name: name, card: card, use: use, eventState: known)
    }
}
