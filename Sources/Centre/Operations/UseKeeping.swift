// What was put on a holder's card because it was wished for is used by the holder: a new card gets it as well (rows C7
// and C8).

extension Act {
    /// To be called when an operation has ended. The notes are for the card's chain: all cards share the registers'.
    func keepUses(of operation: Operation, by holder: HolderNumber?) throws -> [Note] {
        guard let holder, operation.state == .ended(.done) else { return [] }
        let wanted = operation.uses
        guard !wanted.isEmpty else { return [] }
        let flags = try useFlags(of: holder)
        var count = flags.count
        var notes: [Note] = []
        for (application, isUsed) in wanted {
            let flag = flags.first { $0.application == application }
            // Nobody is told that what was never used is used no more; and work is done also where the list is full.
            guard flag?.isUsed != isUsed, isUsed || flag != nil,
                flag != nil || count < Bounds.usesPerHolderMax
            else { continue }
            notes += try changeUse(of: application, by: holder, isUsed: isUsed).map { [$0] } ?? []
            if flag == nil { count += 1 }
        }
        return notes
    }
}

extension Operation {
    /// What its wishes say of the use of applications.
    fileprivate var uses: [(application: ApplicationID, isUsed: Bool)] {
        wishes.compactMap(\.use).filter { $0.application != IdentityProgram.application }
    }

    /// What `keepUses` asks.
    func useQuestions(_ holder: HolderNumber?) -> [Query] {
        guard let holder, !uses.isEmpty else { return [] }
        return [
            UseFlag.query(of: holder), Query(Holder.table, key: [.word(holder)], limit: 1).locking(),
        ] + uses.map { Query(Application.table, key: [.word($0.application)], limit: 1) }
    }
}

extension Wish {
    /// What it says of the use of an application.
    fileprivate var use: (application: ApplicationID, isUsed: Bool)? {
        switch self {
        case .add(let id): (id, true)
        case .addRelease(let id): (id.application, true)
        case .remove(let id): (id, false)
        case .removeInstance, .park, .snapshot, .update, .restore, .reserve, .release, .renew, .rotateKeys:
            nil
        }
    }
}
