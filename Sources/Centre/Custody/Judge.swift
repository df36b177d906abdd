internal import CardManagement
internal import GlobalPlatform

extension Judgement {
    /// - Parameter stay: the one that the sighting is about; `nil` where there is none.
    package init(_ sighting: Sighting, stay: Custody?) {
        switch sighting.evidence {
        case .status(let status):
            self = Judge(sighting, stay, status).judgement
        case .installed, .personalised: self = Judge.present(sighting, stay)
        case .absent: self = Judge.absent(sighting, stay)
        }
    }
}

/// Where a stay says that the live copy is or was last.
private enum Standing {
    /// The card it left, as far as anybody knows.
    case onItsCard
    /// Nobody but its card can say.
    case surrendering
    case inVault
    case returning(to: CardID)
    case returned(to: CardID)
    case ended
}

/// One sighting of an instance that speaks the contract.
private struct Judge {
    private let sighting: Sighting
    private let stay: Custody?
    private let status: ParkingStatus

    init(_ sighting: Sighting, _ stay: Custody?, _ status: ParkingStatus) {
        self.sighting = sighting
        self.stay = stay
        self.status = status
    }

    var judgement: Judgement {
        if let other = sighting.activeElsewhere, other != sighting.card, status.state == .active {
            return Judgement(.contested, .askPerson(.clone(other)))
        }
        return switch status.state {
        case .active: active
        case .frozen: frozen
        case .vacant: vacant
        case .importing, .verified: importing
        }
    }

    // MARK: ACTIVE

    private var active: Judgement {
        guard let stay, stay.hasImage else { return Judgement(.here, .nothing) }
        guard status.lineage == stay.lineage else { return otherData(stay, .nothing) }
        let isHere = stay.card == sighting.card
        switch stay.standing {
        case .onItsCard, .surrendering:
            guard isHere else { return Judgement(.contested, .askPerson(.clone(stay.card))) }
            if stay.showsThaw(sighting.evidence) {
                return Judgement(.here, proves: .thawed(sighting.evidence), .nothing)
            }
            // The vault's copy is no use yet, so only the card has one; but it is not what was frozen.
            return outdated(stay, .contested)
        case .inVault:
            return status.generation > stay.generation
                ? Judgement(.contested, .askPerson(.aliveAgain)) : outdated(stay, .vault)
        case .returning(let card):
            guard card == sighting.card else {
                return status.generation > stay.generation
                    ? Judgement(.contested, .askPerson(.clone(card))) : outdated(stay, .vault)
            }
            return committed(stay, .nothing)
        case .returned(let card):
            guard card == sighting.card else { return Judgement(.contested, .askPerson(.clone(card))) }
            return status.generation > stay.generation
                ? Judgement(.here, .nothing) : outdated(stay, .contested)
        case .ended:
            guard isHere else { return Judgement(.contested, .askPerson(.clone(stay.card))) }
            return status.generation > stay.generation
                ? Judgement(.here, .nothing) : outdated(stay, .contested)
        }
    }

    private func committed(_ stay: Custody, _ next: Judgement.Next) -> Judgement {
        if stay.showsCommit(sighting.evidence) {
            return Judgement(.here, proves: .committed(sighting.evidence, on: sighting.card), next)
        }
        return status.generation > stay.generation
            ? Judgement(.contested, .askPerson(.unexplained)) : outdated(stay, .vault)
    }

    // MARK: FROZEN

    private var frozen: Judgement {
        guard let stay, stay.hasImage else { return Judgement(.here, .readOrThaw) }
        guard status.lineage == stay.lineage else { return otherData(stay, .readOrThaw) }
        if status.generation == stay.generation { return frozenAsKept(stay) }
        return status.generation > stay.generation ? frozenLater(stay) : frozenEarlier(stay)
    }

    private func frozenAsKept(_ stay: Custody) -> Judgement {
        let isHere = stay.card == sighting.card
        guard status.digest == stay.digest else { return Judgement(.contested, .askPerson(.unexplained)) }
        switch stay.standing {
        case .onItsCard, .surrendering:
            guard isHere else { return Judgement(.contested, .askPerson(.clone(stay.card))) }
            return Judgement(.here, stay.state == .frozen ? .readOrThaw : .surrenderOrThaw)
        case .inVault, .returning: return Judgement(.vault, .surrenderAndDelete)
        case .returned(let card):
            return card == sighting.card
                ? outdated(stay, .contested) : Judgement(.otherCard(card), .surrenderAndDelete)
        case .ended:
            return isHere
                ? Judgement(.here, .readOrThaw) : Judgement(.contested, .askPerson(.clone(stay.card)))
        }
    }

    /// Thawed, or committed, and frozen anew.
    private func frozenLater(_ stay: Custody) -> Judgement {
        let isHere = stay.card == sighting.card
        switch stay.standing {
        case .onItsCard, .surrendering:
            return isHere
                ? Judgement(.here, proves: .thawed(sighting.evidence), .readOrThaw)
                : Judgement(.contested, .askPerson(.clone(stay.card)))
        case .inVault: return Judgement(.contested, .askPerson(.aliveAgain))
        case .returning(let card):
            return card == sighting.card
                ? committed(stay, .readOrThaw) : Judgement(.contested, .askPerson(.clone(card)))
        case .returned(let card):
            return card == sighting.card
                ? Judgement(.here, .readOrThaw) : Judgement(.contested, .askPerson(.clone(card)))
        case .ended:
            return isHere
                ? Judgement(.here, .readOrThaw) : Judgement(.contested, .askPerson(.clone(stay.card)))
        }
    }

    private func frozenEarlier(_ stay: Custody) -> Judgement {
        switch stay.standing {
        case .onItsCard, .surrendering, .ended: outdated(stay, .contested)
        case .inVault, .returning: outdated(stay, .vault)
        case .returned(let card):
            outdated(stay, card == sighting.card ? .contested : .otherCard(card))
        }
    }

    // MARK: VACANT

    private var vacant: Judgement {
        guard let stay, stay.hasImage else {
            return hasSurrendered
                ? Judgement(.nowhere, .askPerson(.surrenderedElsewhere))
                : Judgement(.nowhere, .deleteRemains)
        }
        let isHere = stay.card == sighting.card
        switch stay.standing {
        case .onItsCard, .surrendering:
            guard isHere else { return Judgement(.otherCard(stay.card), .deleteRemains) }
            // What the vault has does not count yet: nobody has the data for sure.
            if stay.state == .frozen { return Judgement(.nowhere, .askPerson(.surrenderedElsewhere)) }
            return stay.showsSurrender(sighting.evidence)
                ? Judgement(.vault, proves: .surrendered(sighting.evidence), .deleteOrImport)
                : Judgement(.nowhere, .askPerson(.unexplained))
        case .inVault: return Judgement(.vault, .deleteOrImport)
        case .returning(let card):
            return Judgement(.vault, card == sighting.card ? .beginImport : .deleteRemains)
        case .returned(let card):
            return card == sighting.card
                ? Judgement(.nowhere, .askPerson(.surrenderedElsewhere))
                : Judgement(.otherCard(card), .deleteRemains)
        case .ended:
            return hasSurrendered
                ? Judgement(.nowhere, .askPerson(.surrenderedElsewhere))
                : Judgement(.nowhere, .deleteRemains)
        }
    }

    /// An instance that was installed empty has given nothing up.
    private var hasSurrendered: Bool { status.digest.contains { $0 != 0 } }

    // MARK: IMPORTING, VERIFIED

    private var importing: Judgement {
        guard let stay, stay.hasImage else { return Judgement(.nowhere, .deleteRemains) }
        switch stay.standing {
        case .onItsCard, .surrendering:
            return stay.card == sighting.card
                ? Judgement(.nowhere, .askPerson(.unexplained))
                : Judgement(.otherCard(stay.card), .deleteRemains)
        case .inVault: return Judgement(.vault, .deleteRemains)
        case .returning(let card):
            guard card == sighting.card else { return Judgement(.vault, .deleteRemains) }
            return Judgement(
                .vault,
                status.image == stay.image ? .continueImport(received: status.received) : .beginImport)
        case .returned(let card):
            return card == sighting.card
                ? Judgement(.nowhere, .askPerson(.unexplained))
                : Judgement(.otherCard(card), .deleteRemains)
        case .ended: return Judgement(.nowhere, .deleteRemains)
        }
    }

    // MARK: What is the same everywhere

    /// An older copy than what is known; no program resolves that.
    private func outdated(_ stay: Custody, _ liveCopy: Judgement.LiveCopy) -> Judgement {
        Judgement(liveCopy, .askPerson(.oldCopy(shown: status.generation, known: stay.generation)))
    }

    /// The instance has data of its own; the stay's are where the stay says, unless this was their place.
    private func otherData(_ stay: Custody, _ next: Judgement.Next) -> Judgement {
        let isHere = stay.card == sighting.card
        return switch stay.standing {
        case .onItsCard, .surrendering:
            isHere ? Judgement(.nowhere, .askPerson(.otherLineage)) : Judgement(.here, next)
        case .returning(let card):
            card == sighting.card ? Judgement(.vault, .askPerson(.otherLineage)) : Judgement(.here, next)
        case .inVault, .returned, .ended: Judgement(.here, next)
        }
    }
}

extension Judge {
    // MARK: Not there, or without the contract

    static func absent(_ sighting: Sighting, _ stay: Custody?) -> Judgement {
        let lost = Judgement(.nowhere, .askPerson(.deletedBehindOurBack))
        let unknown = sighting.isExpected ? lost : Judgement(.nowhere, .nothing)
        guard let stay else { return unknown }
        let isHere = stay.card == sighting.card
        switch stay.standing {
        case .onItsCard: return isHere ? lost : Judgement(.otherCard(stay.card), .nothing)
        case .surrendering:
            return isHere
                ? Judgement(.vault, proves: .surrendered(.absent), .nothing)
                : Judgement(.otherCard(stay.card), .nothing)
        case .inVault: return Judgement(.vault, .nothing)
        case .returning(let card):
            return Judgement(.vault, card == sighting.card ? .beginImport : .nothing)
        case .returned(let card):
            return card == sighting.card ? unknown : Judgement(.otherCard(card), .nothing)
        case .ended: return unknown
        }
    }

    static func present(_ sighting: Sighting, _ stay: Custody?) -> Judgement {
        guard let stay else { return Judgement(.here, .nothing) }
        guard !stay.hasImage else { return Judgement(.here, .askStatus) }
        let isHere = stay.card == sighting.card
        switch stay.standing {
        case .onItsCard, .surrendering: return Judgement(.here, isHere ? .surrenderOrThaw : .nothing)
        case .inVault:
            return isHere ? Judgement(.contested, .askPerson(.aliveAgain)) : Judgement(.here, .nothing)
        case .returning(let card):
            guard card == sighting.card else { return Judgement(.here, .nothing) }
            return stay.showsCommit(sighting.evidence)
                ? Judgement(.here, proves: .committed(sighting.evidence, on: card), .nothing)
                : Judgement(.vault, .beginImport)
        case .returned, .ended: return Judgement(.here, .nothing)
        }
    }
}

extension Custody {
    fileprivate var standing: Standing {
        switch state {
        case .frozen, .provisional: .onItsCard
        case .surrendering: .surrendering
        case .held: .inVault
        case .returning(let card, _): .returning(to: card)
        case .returned(let card, _): .returned(to: card)
        case .discarded: .ended
        }
    }
}
