internal import CardManagement
internal import SmartCard

// How much room things take, and how long they take to move.

extension Planner {
    func size(of file: NeededLoadFile) -> Picture.Size {
        picture.learned[.init(file.release, file.loadFile.aid)]
            ?? SizeBook(model: picture.model).size(of: file.loadFile)
    }

    func size(of instance: Release.Instance, in incoming: Incoming) -> Picture.Size {
        if let learned = picture.learned[.init(incoming.release.id, instance.aid)] { return learned }
        if let kept = incoming.rooms[instance.aid], !kept.isNone {
            return .init(picture.model.rounded(kept), origin: .learned)
        }
        return SizeBook(model: picture.model).size(of: instance, of: incoming.release.id)
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

    /// Data bytes of each LOAD for a load file data block of so many; `nil` where they are more than can be numbered.
    func loadBlockBytes(_ byteCount: Int) -> Int? {
        // SCP02 protects short commands only. What protection adds to a longer one does not matter: no load file is
        // so long that its blocks come near the end of what a command can carry.
        let isExtended = picture.model.hasExtendedLength && picture.card.keySet.channel == .scp03
        return LoadCommand.blockBytes(
            for: Self.loadFileBytes(byteCount), short: picture.model.loadBlockBytesMax,
            extended: isExtended ? CommandAPDU.dataBytesMax / 2 : nil)
    }

    /// With the tag C4 and its length in front (GPCS 2.3.1 table 11-58).
    static func loadFileBytes(_ byteCount: Int) -> Int {
        1 + BERTLV.encodeLength(byteCount).count + byteCount
    }

    func effortOfLoading(_ byteCount: Int) -> Plan.Effort {
        let block = loadBlockBytes(byteCount) ?? picture.model.loadBlockBytesMax
        let blocks = max(1, (Self.loadFileBytes(byteCount) + block - 1) / block)
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
