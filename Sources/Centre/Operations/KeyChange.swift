internal import CardManagement
internal import GlobalPlatform
internal import SmartCard

// New keys for a card: beside the old ones, proved by a session of their own, and only then are the old ones deleted.

extension Visit {
    /// A card that was registered without what its keys are derived from shows it in each session. That is true where
    /// its present keys are derived in the same way: a session with them stands, so nobody on the way changed it.
    private func derivable(
        _ pending: Card.KeySet, _ present: Card.KeySet, _ session: SecureSession, _ vault: any KeyVault
    ) throws(KeyVaultFailure) -> Card.KeySet {
        guard pending.diversificationData.isEmpty else { return pending }
        let schemes = try vault.masterKeys().filter {
            [pending.masterKey, present.masterKey].contains($0.name)
        }
        .map(\.diversification)
        guard Set(schemes).count == 1 else { return pending }
        var shown = pending
        shown.diversificationData = session.peer.diversificationData
        return shown
    }

    mutating func putKeys(
        _ masterKey: MasterKeyName, _ version: UInt8, _ index: Int, _ file: inout CaseFile,
        _ draft: inout OrderDraft, _ around: Surroundings
    ) throws {
        if file.card.keySet.version == version, file.card.keySet.masterKey == masterKey {
            return deleteOldKeys(index, &file, &draft)
        }
        guard !sight.keysTaken, let session = dialogue.session else { return }
        var pending = file.card.keySet
        pending.masterKey = masterKey
        pending.version = version
        pending.nextSequenceCounter = nil
        // A new key set begins its own count.
        pending.leastSequenceCounter = nil
        let delivery: KeyDelivery
        do {
            delivery = try around.vault.delivery(
                of: try derivable(pending, file.card.keySet, session, around.vault), replacing: nil,
                in: session, hasZeroCheckBlock: false)
        } catch {
            throw MaterialFailure.keys(error)
        }
        begin(index, &file)
        // Version 0 is whichever set the card takes first: only this session tells which one is to go.
        if file.card.keySet.version == 0 { file.operation?.replacedKeyVersion = session.peer.keyVersion }
        // From here on the card may have both sets; the present one counts until a session proves the other.
        file.operation?.pendingKeys = pending
        if around.flaws.contains(.trustsNewKeys) { file.card.keySet = pending }
        draft.add(.keys(index), delivery.command)
        expectedKeys = delivery
    }

    private func deleteOldKeys(_ index: Int, _ file: inout CaseFile, _ draft: inout OrderDraft) {
        guard let old = file.operation?.replacedKeyVersion, old != KeyRotation.initialVersion else {
            file.operation?.replacedKeyVersion = nil
            file.operation?.done.insert(index)
            return
        }
        draft.add(.step(index), .deleteKey(identifier: nil, version: old))
    }

    mutating func takeKeys(_ step: Int, _ answer: ResponseAPDU) {
        do {
            guard let expectedKeys else { return }
            _ = try expectedKeys.check(answer)
            sight.keysTaken = true
        } catch {
            sight.refused[step] = Reason(
                .keysNotTaken, text: "The card did not take the new keys: \(error).")
        }
    }

    /// Keys that the card took, or may have taken before an answer was lost, are proved by a session of their own: it
    /// alone shows that they work. A card that does not know them gets them again.
    mutating func reopen(_ file: inout CaseFile, _ around: Surroundings) -> Reply? {
        guard file.operation?.pendingKeys != nil, !isProvingKeys, sight.keysTaken || !hasTriedPendingKeys
        else {
            return nil
        }
        return restart(&file, around)
    }

    /// Begins anew in the same visit, with the keys that are to be proved.
    mutating func restart(_ file: inout CaseFile, _ around: Surroundings) -> Reply {
        guard !isProvingKeys, let pending = file.operation?.pendingKeys else {
            return end(.interrupted(Reason(.keysUnproved, text: "The new keys could not be proved.")))
        }
        isProvingKeys = true
        hasTriedPendingKeys = true
        sight = Sight()
        dialogue = Dialogue()
        return open(with: pending, &file, around)
    }

    /// The card does not know the pending keys: it goes on with those it has. Nothing was sent that it counts.
    mutating func goBackToOldKeys(_ file: inout CaseFile, _ around: Surroundings) -> Reply {
        isProvingKeys = false
        sight = Sight()
        dialogue = Dialogue()
        return open(with: file.card.keySet, &file, around)
    }

    /// A session with the pending keys is open: from now on they are the card's.
    mutating func acceptPendingKeys(_ file: inout CaseFile) {
        guard isProvingKeys, let pending = file.operation?.pendingKeys else { return }
        if file.card.keySet.version != 0 { file.operation?.replacedKeyVersion = file.card.keySet.version }
        file.card.keySet = pending
        file.card.keySet.nextSequenceCounter = dialogue.session?.peer.sequenceCounter.map { $0 + 1 }
        file.card.keySet.leastSequenceCounter = dialogue.session?.peer.sequenceCounter
        file.operation?.pendingKeys = nil
        isProvingKeys = false
    }
}
