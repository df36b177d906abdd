internal import GlobalPlatform
package import SmartCard

// Room that is kept for somebody, before and after everything that comes and leaves.
//
// A card charges a reserve to the domain that has it and to nobody else (GPCS 2.3.1 §9.7). So the domain of a berth
// stands empty and only keeps the room: it goes right before its owner's things come, and another is made for what is
// left (docs/decisions/0007-berths-are-kept-by-empty-domains.md).

extension Planner {
    /// What comes, at most, by whose it is.
    var comingByProvider: [ProviderID?: Room] {
        var rooms: [ProviderID?: Room] = [:]
        var counted: Set<AID> = []
        for item in incoming {
            var room = Room.none
            // A library that two wishes bring is loaded once.
            for file in item.files where counted.insert(file.loadFile.aid).inserted {
                rooms[owner(of: file), default: .none] += size(of: file).most
            }
            for instance in item.instances { room += size(of: instance, in: item).most }
            rooms[item.provider, default: .none] += room
        }
        return rooms
    }

    /// What of a provider leaves, at least.
    private func leaving(of provider: ProviderID) -> Room {
        var room = Room.none
        for item in outgoing {
            for file in item.loadFiles where owner(of: file) == provider { room += file.size.least }
            guard let application = item.application,
                picture.applications[application]?.provider == provider
            else { continue }
            for instance in item.instances { room += instance.size.least }
        }
        return room
    }

    /// What is kept for the owner of a berth once everything is done.
    func remainderAfter(_ held: Picture.HeldBerth, coming: Room) -> Room {
        let used = (held.used + coming).shortage(given: leaving(of: held.berth.provider))
        return held.berth.reserved.shortage(given: used)
    }

    /// What is to be kept of room that is asked for: what its owner has on the card by then is a part of it.
    func rest(of reservation: Reservation) -> Room {
        let used = picture.used[reservation.provider] ?? .none
        let coming = comingByProvider[reservation.provider] ?? .none
        return reservation.room.shortage(
            given: (used + coming).shortage(given: leaving(of: reservation.provider)))
    }

    // MARK: - Domains that keep room

    /// A domain that keeps room, and what is to be kept after this plan.
    struct Keeper {
        var held: Picture.HeldBerth
        var domain: AID
        var isOnCard: Bool
        var rest: Room
    }

    /// Those whose owner uses more or less of its room than before.
    var changingKeepers: [Keeper] {
        let coming = comingByProvider
        let released = Set(releasedBerths.map(\.berth.provider))
        return picture.berths.compactMap { held in
            guard case .domain(let aid) = held.berth.means, case .ready = held.berth.state,
                !released.contains(held.berth.provider)
            else { return nil }
            let rest = remainderAfter(held, coming: coming[held.berth.provider] ?? .none)
            let kept = picture.model.keepsOnCard(rest) ? picture.model.domainCost(rest) : .none
            guard rest != held.remainder || coming[held.berth.provider] != nil, kept != held.kept else {
                return nil
            }
            let isOnCard = picture.installed.contains { $0.entry.aid == aid }
            return Keeper(held: held, domain: aid, isOnCard: isOnCard, rest: rest)
        }
    }

    /// The domain that takes the place of one which went: under another name, so that both can be asked of the card.
    func successor(of keeper: Keeper) -> PlanStep.NewDomain? {
        guard picture.model.keepsOnCard(keeper.rest) else { return nil }
        var aid = keeper.domain
        if keeper.isOnCard, !picture.installed.contains(where: { $0.entry.aid == keeper.domain.twin }) {
            aid = keeper.domain.twin
        }
        let berth = keeper.held.berth
        return PlanStep.NewDomain(
            aid: aid,
            reservation: Reservation(
                provider: berth.provider, room: keeper.rest, domain: aid,
                privileges: berth.resources.privileges.rawValue))
    }
}

// MARK: - Domains of providers

extension Planner {
    /// What stands under a domain of its own and leaves with its data, and the domain: only the issuer's is spoken
    /// through.
    var extraditions: [PlanStep.Extradition] {
        let leaving = outgoing.filter { $0.purpose == .parked && way(of: $0.release) == .contract }
        return (leaving.flatMap(\.instances) + copied)
            .compactMap { instance in
                guard let domain = instance.entry.domain, domain != picture.card.issuerDomain else {
                    return nil
                }
                return .init(object: instance.entry.aid, from: domain, to: picture.card.issuerDomain)
            }
    }

    /// What came, and belongs under its provider's domain.
    var homecomings: [PlanStep.Extradition] {
        let staying = extraditions.filter { move in copied.contains { $0.entry.aid == move.object } }.map {
            PlanStep.Extradition(object: $0.object, from: $0.to, to: $0.from)
        }
        return staying
            + incoming.flatMap { item -> [PlanStep.Extradition] in
                guard let domain = item.domain else { return [] }
                let own = Set(item.instances.map(\.loadFile))
                let files = item.files.map(\.loadFile.aid).filter(own.contains)
                return (files + item.instances.map(\.aid)).map {
                    .init(object: $0, from: picture.card.issuerDomain, to: domain)
                }
            }
    }
}

extension AID {
    /// The other of the two names that a domain which keeps room has in turn.
    package var twin: AID {
        var bytes = bytes
        bytes[bytes.count - 1] ^= 0x80
        guard let twin = try? AID(bytes) else { preconditionFailure("an AID of the same length is one") }
        return twin
    }
}
