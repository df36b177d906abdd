internal import GlobalPlatform
internal import SmartCard

// The steps in a safe order, and the plan as a value.

extension Planner {
    /// A step before it is known what is free then.
    private struct Draft {
        var step: PlanStep
        var effort: Plan.Effort
        /// What is free afterwards, more or less than before.
        var change = Room.none
    }

    func assemble() -> Plan {
        let ground = Plan.Ground(
            card: picture.card.id, revision: picture.card.revision,
            registryDigest: picture.card.inventory.map { HexBytes($0.digest) }, madeAt: picture.now)
        let isFeasible = !objections.contains(where: \.isObstacle)
        let drafts = isFeasible ? steps() : []
        var planned: [Plan.Planned] = []
        var free = picture.free
        for draft in drafts {
            let after = free + draft.change
            planned.append(.init(draft.step, effort: draft.effort, freeBefore: free, freeAfter: after))
            free = after
        }
        let roundTrips = roundTrips(drafts.map(\.step))
        return Plan(
            ground: ground, wishes: wishes, shortage: shortage, leaving: isFeasible ? leaving : [],
            steps: planned, freeBefore: picture.free, freeAfter: free,
            effort: total(drafts, roundTrips: roundTrips), roundTrips: roundTrips,
            custodyPerDay: isFeasible ? custodyPerDay : [], objections: objections, optimality: optimality)
    }

    private var leaving: [Plan.Leaving] {
        outgoing.map { item in
            let freed =
                item.instances.reduce(Room.none) { $0 + $1.size.room }
                + item.loadFiles.reduce(Room.none) { $0 + $1.size.room }
            return Plan.Leaving(
                application: item.application, release: item.release?.id,
                instances: item.instances.map(\.entry.aid), loadFiles: item.loadFiles.map(\.entry.aid),
                freed: freed, cause: item.cause, cost: item.points, feePerDay: fee(item),
                reasons: reasons(item, freed: freed))
        }
    }

    /// What is parked and replaced is back or given up at the end, and costs nothing, unless its data stay in custody.
    private func fee(_ item: Outgoing) -> DailyFee? {
        guard item.purpose == .parked else { return nil }
        if item.cause == .replaced {
            guard item.release?.parking == .contract else { return nil }
            let back = Set(incoming.flatMap(\.sources.keys))
            guard item.instances.contains(where: { !back.contains($0.entry.aid) }) else { return nil }
        }
        return item.application.flatMap { picture.fees[$0] }
    }

    private var custodyPerDay: [DailyFee] {
        DailyFee.sums(outgoing.compactMap(fee))
    }

    // MARK: - The order

    /// Data leave and are durable before the first deletion; code goes after its instances and comes before them.
    private func steps() -> [Draft] {
        moves(extraditions) + parkings() + copies() + removals() + codeRemovals() + berthSteps()
            + upgradeSteps() + loads() + installs()
            + identifications() + moves(homecomings) + keepers()
            + keySets.map { keys in
                Draft(
                    step: .putKeys(masterKey: keys.masterKey, version: keys.version),
                    effort: commands(1, bytesSent: 120))
            }
    }

    private func moves(_ extraditions: [PlanStep.Extradition]) -> [Draft] {
        extraditions.map { Draft(step: .extradite($0), effort: commands(1, bytesSent: 50)) }
    }

    private func identifications() -> [Draft] {
        identified.map { Draft(step: .identify(instance: $0), effort: commands(2, bytesSent: 120)) }
    }

    private func parkings() -> [Draft] {
        var result: [Draft] = []
        for item in outgoing where item.purpose == .parked {
            guard let release = item.release else { continue }
            for instance in item.instances {
                let way = way(of: release)
                let bytes = way == .contract ? imageBytes(of: instance) : 0
                result.append(
                    Draft(
                        step: .park(
                            .init(
                                instance: instance.entry.aid, release: release.id, imageBytes: bytes, way: way
                            )),
                        effort: effortOfParking(bytes: bytes, way: way)))
            }
        }
        return result
    }

    private func copies() -> [Draft] {
        copied.compactMap { instance in
            instance.entry.release.map { release in
                let bytes = imageBytes(of: instance)
                return Draft(
                    step: .snapshot(
                        .init(
                            instance: instance.entry.aid, release: release, imageBytes: bytes, way: .contract)
                    ),
                    effort: effortOfParking(bytes: bytes, way: .contract) + commands(2, bytesSent: 40))
            }
        }
    }

    private func removals() -> [Draft] {
        outgoing.flatMap { item in
            item.instances.map { instance in
                Draft(
                    step: .removeInstance(.init(instance: instance.entry.aid, purpose: item.purpose)),
                    effort: effortOfRemoval(item.purpose, way: way(of: item.release)),
                    change: instance.size.room)
            }
        }
    }

    /// What imports goes before what it imports.
    private func codeRemovals() -> [Draft] {
        var open = picture.loaded.filter { leavingFiles.contains($0.entry.aid) }
        var result: [Draft] = []
        // Bounded: each round takes at least one, because imports make no circle; if they did, the rest follows as is.
        while !open.isEmpty {
            let next =
                open.firstIndex { file in !open.contains { $0.imports.contains(file.entry.aid) } }
                ?? open.startIndex
            let file = open.remove(at: next)
            result.append(
                Draft(
                    step: .removeLoadFile(aid: file.entry.aid), effort: effortOfDeletion,
                    change: file.size.room))
        }
        return result
    }

    private func berthSteps() -> [Draft] {
        var result: [Draft] = []
        for held in releasedBerths {
            if case .domain(let aid) = held.berth.means,
                picture.installed.contains(where: { $0.entry.aid == aid })
            {
                result.append(
                    Draft(step: .dropDomain(aid: aid), effort: effortOfDeletion, change: held.kept))
            } else {
                result.append(
                    Draft(step: .releaseInLedger(provider: held.berth.provider), effort: Plan.Effort()))
            }
        }
        for item in reservations {
            let rest = rest(of: item.reservation)
            if let aid = item.domain, picture.model.keepsOnCard(rest) {
                var reservation = item.reservation
                reservation.room = rest
                result.append(keeping(.init(aid: aid, reservation: reservation)))
            } else {
                result.append(Draft(step: .reserveInLedger(item.reservation), effort: Plan.Effort()))
            }
        }
        for keeper in changingKeepers where keeper.isOnCard {
            result.append(
                Draft(
                    step: .dropDomain(aid: keeper.domain), effort: effortOfDeletion, change: keeper.held.kept)
            )
        }
        return result
    }

    private func keeping(_ domain: PlanStep.NewDomain) -> Draft {
        Draft(
            step: .makeDomain(domain), effort: effortOfInstall,
            change: Room.none - picture.model.domainCost(domain.reservation.room))
    }

    /// What is left of room after its owner's things came or left.
    private func keepers() -> [Draft] { changingKeepers.compactMap(successor).map(keeping) }

    private func upgradeSteps() -> [Draft] {
        upgrades.map { upgrade in
            let made = upgrade.step.instances.count * picture.model.pace.perInstall
            return Draft(
                step: .upgrade(upgrade.step),
                effort: commands(2, bytesSent: 60) + effortOfDeletion
                    + effortOfLoading(upgrade.step.new.byteCount) + Plan.Effort(milliseconds: made),
                change: upgrade.change)
        }
    }

    private func loads() -> [Draft] {
        var result: [Draft] = []
        var isLoaded: Set<AID> = []
        for item in incoming {
            for needed in item.files.inLoadingOrder where isLoaded.insert(needed.loadFile.aid).inserted {
                let file = needed.loadFile
                result.append(
                    Draft(
                        step: .load(
                            .init(
                                release: needed.release, aid: file.aid, digest: HexBytes(file.digest),
                                byteCount: file.byteCount, domain: nil)),
                        effort: effortOfLoading(file.byteCount),
                        change: Room.none - size(of: needed).room))
            }
        }
        return result
    }

    private func installs() -> [Draft] {
        var result: [Draft] = []
        for item in incoming {
            let way = way(of: item.release)
            for instance in item.instances {
                let room = size(of: instance, in: item).room
                let isVacant = item.sources[instance.aid] != nil && way == .contract
                result.append(
                    Draft(
                        step: .install(
                            .init(
                                release: item.release.id, aid: instance.aid, module: instance.module,
                                loadFile: instance.loadFile, privileges: instance.privileges.rawValue,
                                parameters: HexBytes(instance.parameters), domain: nil,
                                isVacant: isVacant)),
                        effort: effortOfInstall,
                        change: Room.none - room))
            }
            result += dataSteps(item, way: way)
        }
        return result
    }

    /// Data come after all instances of the release stand.
    private func dataSteps(_ item: Incoming, way: PlanStep.Way) -> [Draft] {
        var result: [Draft] = []
        // The script is for the release's first instance; one that brings it back is the personalisation itself.
        if !item.release.personalisation.isEmpty, let first = item.release.instances.first,
            item.instances.contains(where: { $0.aid == first.aid }),
            way == .stateless || item.sources[first.aid] == nil
        {
            result.append(
                Draft(
                    step: .personalise(
                        .init(
                            release: item.release.id, instance: first.aid,
                            commandCount: item.release.personalisation.count,
                            byteCount: item.release.personalisation.reduce(0) { $0 + $1.count })),
                    effort: effortOfPersonalising(item.release)))
        }
        for instance in item.instances {
            guard let source = item.sources[instance.aid] else { continue }
            let bytes = way == .contract ? item.imageBytes[instance.aid] ?? 0 : 0
            let isFirst = instance.aid == item.release.instances.first?.aid
            let way: PlanStep.Way = way == .script && !isFirst ? .stateless : way
            let effort = effortOfRestoring(bytes: bytes, way: way, release: item.release)
            result.append(
                Draft(
                    step: .restore(
                        .init(
                            instance: instance.aid, release: item.release.id, imageBytes: bytes, way: way,
                            source: source)),
                    effort: effort))
        }
        return result
    }

    // MARK: - Effort

    /// Opening, one order of reading, one of giving up, one of everything that needs no answer, one to verify.
    private func roundTrips(_ steps: [PlanStep]) -> Int {
        guard !steps.isEmpty else { return 0 }
        var reads = false
        var comesHome = false
        var isOnCard = false
        var isUpgrading = false
        var waits = 0
        for step in steps {
            switch step {
            case .park(let parking): reads = reads || parking.way == .contract
            case .restore: break
            case .snapshot: reads = true
            case .extradite(let move): comesHome = comesHome || move.to != picture.card.issuerDomain
            case .reserveInLedger, .releaseInLedger: continue
            case .removeInstance, .removeLoadFile, .dropDomain, .makeDomain, .load, .install, .personalise,
                .identify, .putKeys, .upgrade:
                break
            }
            // What comes behind an upgrade waits until it is over.
            if isUpgrading { waits += 1 }
            if case .upgrade = step { isUpgrading = true } else { isUpgrading = false }
            isOnCard = true
        }
        guard isOnCard else { return 0 }
        // Known challenges open the session and read the card in one; such cards have MACs on their answers, where
        // others
        // may have to give up what leaves in an order of its own. The last order brings the final reading with it.
        let opening = picture.model.isChallengePredictable ? 1 : 2
        let givingUp = reads && !picture.model.isChallengePredictable ? 1 : 0
        // What takes the place of something under its name waits until that is seen to be gone.
        let gone = Set(steps.compactMap(\.deletedAID))
        let replaces = steps.contains { $0.madeAID.map(gone.contains) ?? false }
        return opening + givingUp + (reads ? 1 : 0) + (replaces ? 1 : 0) + 1 + (comesHome ? 1 : 0) + waits
    }

    private func total(_ drafts: [Draft], roundTrips: Int) -> Plan.Effort {
        guard roundTrips > 0 else { return Plan.Effort() }
        // Select, open, and at the end read the registry and the memory again.
        let frame = commands(7, bytesSent: 160)
        let trips = Plan.Effort(milliseconds: roundTrips * picture.model.pace.perRoundTrip)
        return drafts.reduce(frame + trips) { $0 + $1.effort }
    }
}
