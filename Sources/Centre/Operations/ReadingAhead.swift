internal import CardManagement
internal import GlobalPlatform
internal import SmartCard

// An application that leaves is frozen and read in the order that asks the card what is true: one round trip less.
//
// In a session that was computed before the card named itself another one may be in its place, and only the right card
// is changed. So there it is done where the card's keys are its own: with any other the session does not open, and
// what comes behind is refused.
//
// Nothing is given up by that, and whoever froze can thaw. FREEZE names the generation it makes: where the guess is
// wrong nothing happens, and what was read behind it is refused (docs/parking-contract.md, "Sending ahead"). What is
// in hand until the answer comes is that the step was begun; an operation that ends before leaves a stay that nobody
// has seen yet, so that the card is asked for ever after.

extension Visit {
    /// Longer images wait for the card's word: what is read in vain takes the card's time.
    private static let piecesAheadMax = 16

    /// FREEZE and READ of an instance that is to leave, if its generation can be guessed.
    mutating func readAhead(_ aid: AID, _ file: inout CaseFile, _ draft: inout OrderDraft) {
        guard !dialogue.isComputedAhead || keyHolder == .thisCard, let operation = file.operationToBegin,
            !operation.isUndoing,
            file.stay(of: aid) == nil,
            let index = operation.remaining.first(where: { operation.steps[$0].freezes(aid) }),
            let parking = operation.steps[index].parking
        else { return }
        let pieces = (max(1, parking.imageBytes) + pieceBytes - 1) / pieceBytes
        guard pieces <= Self.piecesAheadMax else { return }
        begin(index, &file)
        let generation = file.nextFrozenGeneration(of: aid)
        draft.park(aid, .freeze(generation: generation), keys: sealKeys)
        sight.unheard.insert(aid)
        readPieces(of: aid, generation: generation, byteCount: parking.imageBytes, &draft)
    }

    /// FREEZE went ahead in this operation, it is over now, and nobody heard what became of it.
    func keepUnseen(_ file: inout CaseFile, _ around: Surroundings) {
        for parking in file.operation?.perhapsFrozen ?? [] {
            let aid = parking.instance
            guard file.stay(of: aid) == nil, sight.parking[aid] == nil || sight.unheard.contains(aid),
                isOnCard(aid) != false || !isAnswerProven, !standsElsewhere(aid, file),
                let opening = try? opening(parking, file, around)
            else { continue }
            file.stays.append(
                .perhapsFrozen(opening, generation: file.nextFrozenGeneration(of: aid), at: file.now))
        }
    }

    /// The first word of the card about stays that nobody has seen: they are real, or never were.
    func seeStays(_ file: inout CaseFile) {
        for index in file.stays.indices where file.stays[index].isUnseen {
            let stay = file.stays[index]
            guard stay.card == file.card.id else { continue }
            let evidence = evidence(of: stay)
            guard evidence != nil || standsElsewhere(stay.aid, file) else { continue }
            if case .status(let status) = evidence, status.state == .frozen {
                file.stays[index].show(status)
            } else if let never = try? stay.after(.neverFrozen, at: file.now) {
                file.stays[index] = never
            }
        }
    }

    /// It never came under the issuer's domain, and only there it could have heard that it is to freeze; it leaves that
    /// domain only after it was heard to go on.
    private func standsElsewhere(_ aid: AID, _ file: CaseFile) -> Bool {
        guard isAnswerProven, let application = sight.contents?.application(aid) else { return false }
        guard let domain = application.securityDomain else { return false }
        return domain != file.card.issuerDomain
    }
}

extension CaseFile {
    /// The operation, where something new of it may be begun.
    var operationToBegin: Operation? {
        guard let operation, operation.isOpen, now <= operation.deadline,
            !operation.isCancelRequested || operation.isPastReturn
        else { return nil }
        return operation
    }

    /// What FREEZE makes of an instance that went on since its last stay as the centre knows, or that never left.
    fileprivate func nextFrozenGeneration(of aid: AID) -> UInt32 {
        let last = stays.filter { $0.card == card.id && $0.aid == aid }.max { $0.ordinal < $1.ordinal }
        return last.map { $0.generation &+ 2 } ?? 2
    }
}

extension PlanStep {
    fileprivate func freezes(_ aid: AID) -> Bool {
        guard case .park(let parking) = self else { return false }
        return parking.way == .contract && parking.instance == aid
    }
}

extension Operation {
    /// What leaves with its data, was told to freeze, and is not kept yet.
    var perhapsFrozen: [PlanStep.Parking] {
        begun.subtracting(done).sorted().compactMap { index in
            guard case .park(let parking)? = steps.indices.contains(index) ? steps[index] : nil,
                parking.way == .contract
            else { return nil }
            return parking
        }
    }
}

extension Custody {
    /// A stay that may have begun: the card has yet to say which data these are.
    static func perhapsFrozen(_ opening: CustodyOpening, generation: UInt32, at now: Instant) -> Custody {
        Custody(
            card: opening.card, aid: opening.aid, ordinal: opening.ordinal, release: opening.release,
            provider: opening.provider, holder: opening.holder, parking: opening.parking, state: .frozen,
            generation: generation, room: opening.room, openedAt: now)
    }

    var isUnseen: Bool { state == .frozen && hasImage && lineage.isEmpty }

    fileprivate mutating func show(_ status: ParkingStatus) {
        (generation, lineage, format) = (status.generation, status.lineage, status.format)
        (imageBytes, digest) = (status.byteCount, status.digest)
    }
}

extension Act {
    /// An operation ends while its card is away: what it may have frozen is asked for when the card is back.
    func keepUnseen(of operation: Operation) throws {
        for parking in operation.perhapsFrozen {
            let stays = try transaction.all(
                Custody.self, key: .word(operation.card), .aid(parking.instance))
            guard !stays.contains(where: \.isOpen),
                let release = try transaction.find(
                    Release.self, key: .word(parking.release.application), .word(parking.release.version)),
                let application = try transaction.find(
                    Application.self, key: .word(parking.release.application)),
                var card = try transaction.lock(Card.self, key: .word(operation.card))
            else { continue }
            let last = stays.max { $0.ordinal < $1.ordinal }
            let opening = CustodyOpening(
                card: card.id, aid: parking.instance, ordinal: (last?.ordinal ?? 0) + 1, release: release.id,
                provider: application.provider, holder: card.holder, parking: release.parking,
                room: release.instances.first { $0.aid == parking.instance }?.declared ?? .none)
            let generation = last.map { $0.generation &+ 2 } ?? 2
            try settle(.perhapsFrozen(opening, generation: generation, at: now), from: nil, on: &card)
            transaction.put(card)
        }
    }
}
