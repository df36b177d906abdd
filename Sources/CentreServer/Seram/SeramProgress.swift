internal import Centre
internal import SmartCard
internal import Wire

// What a terminal is told of the work: from the operation as it stands in the store.

extension SeramNotice {
    /// What the commands that are about to be sent are for.
    static func progress(_ card: CardID, _ operation: Centre.Operation?, _ model: CardModel?, _ order: Order)
        -> Self
    {
        var notice = SeramNotice(.progress, card: card.text)
        notice.bytes = order.commands.reduce(0) { $0 + $1.bytes.count }
        notice.action = "check"
        guard let operation, operation.isOpen else { return notice }
        notice.operation = operation.id.text
        notice.steps = operation.steps.count
        guard let next = operation.remaining.first else { return notice }
        notice.step = next + 1
        // The first order of a visit opens the channel and asks the card what is true; only what leaves goes with it.
        let isWork = order.number > 1 || operation.begun.contains(next)
        if isWork {
            notice.action = operation.steps[next].action
            notice.subject = operation.steps[next].subject
        }
        let pace = model?.pace ?? CardModel.Pace()
        func milliseconds(_ step: Int) -> Int {
            operation.steps[step].milliseconds(pace, chunk: model?.parkingChunkBytes ?? 200)
        }
        let left = operation.remaining.reduce(0) { $0 + milliseconds($1) } + pace.perRoundTrip
        notice.secondsLeft = (left + 999) / 1_000
        notice.millisecondsLeft = left
        guard isWork else { return notice }
        for stretch in order.stretches where stretch.bytes > 0 {
            // What belongs to no step prepares the next one, or reads what it is about.
            let index = stretch.step.flatMap { operation.steps.indices.contains($0) ? $0 : nil } ?? next
            guard notice.parts.last?.step != index + 1 else {
                notice.parts[notice.parts.count - 1].bytes += stretch.bytes
                continue
            }
            notice.parts.append(
                Part(
                    step: index + 1, action: operation.steps[index].action,
                    subject: operation.steps[index].subject, bytes: stretch.bytes,
                    milliseconds: milliseconds(index)))
        }
        return notice
    }

    /// How an operation ended; `nil` where it has not.
    static func end(of operation: Centre.Operation) -> Self? {
        guard case .ended(let end) = operation.state else { return nil }
        var notice = SeramNotice(.failed, card: operation.card.text)
        switch end {
        case .done: notice.event = .done
        case .failed(let reason, let next), .needsPerson(let reason, let next):
            notice.say(reason)
            notice.nextStep = next
        case .cancelled(let reason): notice.say(reason)
        }
        notice.operation = operation.id.text
        notice.steps = operation.steps.count
        return notice
    }
}

extension SeramNotice {
    mutating func say(_ reason: Reason) {
        message = reason.text
        code = reason.code.rawValue
        subjects = reason.subjects
    }
}

extension SeramNotice.Memory {
    init(_ account: RoomAccount) {
        self.init(
            used: account.used.nonVolatile + account.reserved.nonVolatile, free: account.free.nonVolatile)
    }
}

extension PlanStep {
    /// One stable word for programs.
    fileprivate var action: String {
        switch self {
        case .park: "park"
        case .snapshot: "copy"
        case .extradite: "move"
        case .identify: "identify"
        case .removeInstance, .removeLoadFile, .dropDomain: "remove"
        case .makeDomain, .reserveInLedger, .releaseInLedger: "room"
        case .load: "load"
        case .install: "install"
        case .personalise: "personalise"
        case .restore: "restore"
        case .putKeys: "keys"
        case .upgrade: "upgrade"
        }
    }

    fileprivate var subject: String {
        switch self {
        case .park(let parking), .snapshot(let parking): parking.release.description
        case .extradite(let move): move.object.description
        case .identify(let instance): instance.description
        case .removeInstance(let removal): removal.instance.description
        case .removeLoadFile(let aid), .dropDomain(let aid): aid.description
        case .makeDomain(let domain): domain.reservation.provider.text
        case .reserveInLedger(let reservation): reservation.provider.text
        case .releaseInLedger(let provider): provider.text
        case .load(let load): load.release.description
        case .install(let install): install.release.description
        case .personalise(let task): task.release.description
        case .restore(let task): task.release.description
        case .putKeys(let name, _): name.text
        case .upgrade(let task): task.new.release.description
        }
    }

    /// As the planner reckons, without the round trips.
    fileprivate func milliseconds(_ pace: CardModel.Pace, chunk: Int) -> Int {
        switch self {
        case .extradite: pace.perCommand
        case .identify: pace.perCommand * 2
        case .park(let parking), .snapshot(let parking):
            pace.perCommand * (3 + parking.imageBytes / max(1, chunk))
        case .removeInstance, .removeLoadFile, .dropDomain: pace.perDelete
        case .reserveInLedger, .releaseInLedger: 0
        case .makeDomain, .install: pace.perInstall
        case .load(let load): pace.perCommand + pace.perLoadBlock * (load.byteCount / 223 + 1)
        case .personalise(let task): pace.perCommand * (1 + task.commandCount)
        case .restore(let task): pace.perCommand * (4 + task.imageBytes / max(1, chunk))
        case .putKeys: pace.perInstall
        case .upgrade(let task):
            pace.perCommand + pace.perDelete + pace.perLoadBlock * (task.new.byteCount / 223 + 1)
                + pace.perInstall * task.instances.count
        }
    }
}
