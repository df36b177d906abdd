internal import SmartCard

// How much room things take, and how long they take to move.

extension Planner {
    /// Beyond what is declared: nobody has seen it on a card of this profile yet.
    static let declaredMarginPercent = 10

    func size(of file: Release.LoadFile, in release: Release) -> Picture.Size {
        if let learned = picture.learned[.init(release.id, file.aid)] { return learned }
        let bytes = max(file.declared.nonVolatile, file.byteCount) + picture.model.loadFileOverheadBytes
        return declared(Room(nonVolatile: bytes, volatile: file.declared.volatile))
    }

    func size(of instance: Release.Instance, in incoming: Incoming) -> Picture.Size {
        if let learned = picture.learned[.init(incoming.release.id, instance.aid)] { return learned }
        if let kept = incoming.rooms[instance.aid], !kept.isNone {
            return .init(picture.model.rounded(kept), origin: .learned)
        }
        let room = instance.declared + Room(nonVolatile: picture.model.instanceBytes)
        return declared(room)
    }

    private func declared(_ room: Room) -> Picture.Size {
        let rounded = picture.model.rounded(room)
        let margin = Room(
            nonVolatile: rounded.nonVolatile * Self.declaredMarginPercent / 100,
            volatile: rounded.volatile * Self.declaredMarginPercent / 100)
        return .init(rounded, spread: picture.model.rounded(margin), origin: .declared)
    }

    func imageBytes(of item: Picture.Installed) -> Int {
        item.imageBytes ?? max(0, item.size.room.nonVolatile - picture.model.instanceBytes)
    }

    func way(of release: Release?) -> PlanStep.Way {
        switch release?.parking {
        case .contract: .contract
        case .rePersonalised: .script
        case .stateless, .never, nil: .stateless
        }
    }

    // MARK: - Effort

    func effortOfParking(bytes: Int, way: PlanStep.Way) -> Plan.Effort {
        guard way == .contract else { return Plan.Effort() }
        // Ask, freeze, and read what there is.
        let reads = chunks(bytes)
        return commands(3 + reads, bytesSent: 30 * (3 + reads))
    }

    func effortOfRemoval(_ purpose: PlanStep.Purpose, way: PlanStep.Way) -> Plan.Effort {
        let surrender = purpose == .parked && way == .contract ? commands(2, bytesSent: 90) : Plan.Effort()
        return surrender
            + Plan.Effort(commandCount: 1, bytesSent: 20, milliseconds: picture.model.pace.perDelete)
    }

    var effortOfDeletion: Plan.Effort {
        Plan.Effort(commandCount: 1, bytesSent: 20, milliseconds: picture.model.pace.perDelete)
    }

    func effortOfLoading(_ byteCount: Int) -> Plan.Effort {
        let block = picture.model.loadBlockBytesMax
        let blocks = max(1, (byteCount + 4 + block - 1) / block)
        return Plan.Effort(
            commandCount: 1 + blocks, bytesSent: byteCount + 8 * blocks + 40,
            milliseconds: picture.model.pace.perCommand + blocks * picture.model.pace.perLoadBlock)
    }

    var effortOfInstall: Plan.Effort {
        Plan.Effort(commandCount: 1, bytesSent: 60, milliseconds: picture.model.pace.perInstall)
    }

    func effortOfRestoring(bytes: Int, way: PlanStep.Way, release: Release) -> Plan.Effort {
        switch way {
        case .stateless: return Plan.Effort()
        case .script: return effortOfPersonalising(release)
        case .contract:
            // Name the instance, begin, write, verify, commit.
            let writes = chunks(bytes)
            return commands(4 + writes, bytesSent: bytes + 30 * (4 + writes))
        }
    }

    func effortOfPersonalising(_ release: Release) -> Plan.Effort {
        guard !release.personalisation.isEmpty else { return Plan.Effort() }
        let bytes = release.personalisation.reduce(0) { $0 + $1.count + 8 }
        return commands(1 + release.personalisation.count, bytesSent: bytes + 20)
    }

    func commands(_ count: Int, bytesSent: Int) -> Plan.Effort {
        Plan.Effort(
            commandCount: count, bytesSent: bytesSent, milliseconds: count * picture.model.pace.perCommand)
    }

    private func chunks(_ bytes: Int) -> Int {
        max(1, (bytes + picture.model.parkingChunkBytes - 1) / picture.model.parkingChunkBytes)
    }

    /// To the vault and back: what the holder waits for, now or later.
    func moveMilliseconds(_ item: Picture.Installed, release: Release) -> Int {
        let way = way(of: release)
        let bytes = imageBytes(of: item)
        let out = effortOfParking(bytes: bytes, way: way) + effortOfRemoval(.parked, way: way)
        return (out + effortOfInstall + effortOfRestoring(bytes: bytes, way: way, release: release))
            .milliseconds
    }
}
