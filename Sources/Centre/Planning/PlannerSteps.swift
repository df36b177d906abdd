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

    /// What is parked and replaced is back at the end, and costs nothing.
    private func fee(_ item: Outgoing) -> DailyFee? {
        guard item.purpose == .parked, item.cause != .replaced else { return nil }
        return item.application.flatMap { picture.fees[$0] }
    }

    private var custodyPerDay: [DailyFee] {
        var sums: [String: Int] = [:]
        for fee in outgoing.compactMap(fee) { sums[fee.currency, default: 0] += fee.minorUnits }
        return sums.keys.sorted().map { DailyFee(minorUnits: sums[$0] ?? 0, currency: $0) }
    }

    // MARK: - The order

    /// Data leave and are durable before the first deletion; code goes after its instances and comes before them.
    private func steps() -> [Draft] {
        parkings() + removals() + codeRemovals() + berthSteps() + loads() + installs()
            + keySets.map { keys in
                Draft(
                    step: .putKeys(masterKey: keys.masterKey, version: keys.version),
                    effort: commands(1, bytesSent: 120))
            }
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
            switch held.berth.means {
            case .domain(let aid):
                let domain = picture.installed.first { $0.entry.aid == aid }
                result.append(
                    Draft(
                        step: .dropDomain(aid: aid), effort: effortOfDeletion,
                        change: held.remainder + (domain?.size.room ?? .none)))
            case .ledger:
                result.append(
                    Draft(step: .releaseInLedger(provider: held.berth.provider), effort: Plan.Effort()))
            }
        }
        for item in reservations {
            guard let aid = item.domain else {
                result.append(Draft(step: .reserveInLedger(item.reservation), effort: Plan.Effort()))
                continue
            }
            let room =
                picture.model.rounded(item.reservation.room)
                + picture.model.rounded(Room(nonVolatile: picture.model.domainBytes))
            result.append(
                Draft(
                    step: .makeDomain(.init(aid: aid, reservation: item.reservation)),
                    effort: effortOfInstall, change: Room.none - room))
        }
        return result
    }

    private func loads() -> [Draft] {
        var result: [Draft] = []
        var isLoaded: Set<AID> = []
        var remainders = remainders
        for item in incoming {
            for file in inOrder(filesToLoad(item)) where isLoaded.insert(file.aid).inserted {
                let room = size(of: file, in: item.release).room
                result.append(
                    Draft(
                        step: .load(
                            .init(
                                release: item.release.id, aid: file.aid, digest: HexBytes(file.digest),
                                byteCount: file.byteCount, domain: item.domain)),
                        effort: effortOfLoading(file.byteCount),
                        change: Room.none - fromCommon(room, item.domain, &remainders)))
            }
        }
        return result
    }

    private func inOrder(_ files: [Release.LoadFile]) -> [Release.LoadFile] {
        var open = files
        var result: [Release.LoadFile] = []
        // Bounded: each round takes one.
        while !open.isEmpty {
            let next =
                open.firstIndex { file in !open.contains { file.imports.contains($0.aid) } }
                ?? open.startIndex
            result.append(open.remove(at: next))
        }
        return result
    }

    private func installs() -> [Draft] {
        var result: [Draft] = []
        var remainders = remainders
        for item in incoming {
            for file in filesToLoad(item) {
                _ = fromCommon(size(of: file, in: item.release).room, item.domain, &remainders)
            }
        }
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
                                parameters: HexBytes(instance.parameters), domain: item.domain,
                                isVacant: isVacant)),
                        effort: effortOfInstall,
                        change: Room.none - fromCommon(room, item.domain, &remainders)))
            }
            result += dataSteps(item, way: way)
        }
        return result
    }

    /// Data come after all instances of the release stand.
    private func dataSteps(_ item: Incoming, way: PlanStep.Way) -> [Draft] {
        var result: [Draft] = []
        let isFresh = way != .contract || item.sources.isEmpty
        if isFresh, !item.release.personalisation.isEmpty, let first = item.instances.first {
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
            let effort =
                way == .contract
                ? effortOfRestoring(bytes: bytes, way: way, release: item.release) : Plan.Effort()
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

    /// What is still reserved in the domains of berths.
    private var remainders: [AID: Room] {
        var result: [AID: Room] = [:]
        for held in picture.berths {
            if case .domain(let aid) = held.berth.means { result[aid] = held.remainder }
        }
        return result
    }

    /// What something takes from the common room after its domain's reservation gave what it had.
    private func fromCommon(_ room: Room, _ domain: AID?, _ remainders: inout [AID: Room]) -> Room {
        guard let domain, let left = remainders[domain] else { return room }
        remainders[domain] = left.shortage(given: room)
        return room.shortage(given: left)
    }

    // MARK: - Effort

    /// Opening, one order of reading, one of giving up, one of everything that needs no answer, one to verify.
    private func roundTrips(_ steps: [PlanStep]) -> Int {
        guard !steps.isEmpty else { return 0 }
        var reads = false
        var imports = false
        var isOnCard = false
        for step in steps {
            switch step {
            case .park(let parking): reads = reads || parking.way == .contract
            case .restore(let restoration): imports = imports || restoration.way == .contract
            case .reserveInLedger, .releaseInLedger: continue
            case .removeInstance, .removeLoadFile, .dropDomain, .makeDomain, .load, .install, .personalise,
                .putKeys:
                break
            }
            isOnCard = true
        }
        guard isOnCard else { return 0 }
        let opening = picture.model.isChallengePredictable ? 1 : 2
        return opening + (reads ? 1 : 0) + (imports ? 1 : 0) + 2
    }

    private func total(_ drafts: [Draft], roundTrips: Int) -> Plan.Effort {
        guard roundTrips > 0 else { return Plan.Effort() }
        // Select, open, and at the end read the registry and the memory again.
        let frame = commands(7, bytesSent: 160)
        let trips = Plan.Effort(milliseconds: roundTrips * picture.model.pace.perRoundTrip)
        return drafts.reduce(frame + trips) { $0 + $1.effort }
    }
}
