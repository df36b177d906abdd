internal import SmartCard

// An exchange asks for all that is known of a card at once, and for the rest as it comes to it. What an outstanding
// order asked of the card tells most of that rest beforehand: then it is asked along, and a server far away is waited
// for once. Nothing depends on it: what was not foreseen is asked later, what was foreseen wrongly is not looked at.

extension Visit {
    /// What the exchange that takes the answers to the outstanding order is likely to ask the store.
    func questionsToCome(_ file: CaseFile) -> [Query] {
        let profile = file.card.profile
        var queries: [Query] = []
        if asked.contains(.registry) { queries.append(Footprint.query(.report, on: profile)) }
        guard let operation = file.operation, operation.isOpen else { return queries }
        for case .measure(after: let step?) in asked where operation.steps.indices.contains(step) {
            if let part = operation.steps[step].learnedPart {
                queries.append(Footprint.query(part, on: profile))
            }
        }
        for case .restore(let task) in operation.remainingSteps {
            guard case .held(let key) = task.source else { continue }
            queries.append(Custody.query(key))
        }
        for stay in file.stays where stay.isOpen && operation.isAbout(stay) {
            queries += stay.key.questions + [DataKey.query(of: stay.card)]
            if stay.card == cardID { queries.append(WrappingKeyRow.query) }
        }
        for step in operation.begun.subtracting(operation.done) {
            guard case .removeInstance(let removal) = operation.steps[step], removal.purpose == .forGood
            else {
                continue
            }
            queries.append(Snapshot.query(of: removal.instance, on: cardID))
        }
        // Nothing is left to begin: the registry is read to end it.
        if asked.contains(.registry), operation.begun.union(operation.done).count == operation.steps.count {
            queries += operation.useQuestions(file.card.holder)
        }
        return queries.uniqued
    }
}

extension Operation {
    /// Whether one of its steps reads the data of the stay, or brings them back. A card has many others.
    fileprivate func isAbout(_ stay: Custody) -> Bool {
        steps.contains { step in
            switch step {
            case .park(let task), .snapshot(let task): stay.card == card && stay.aid == task.instance
            case .restore(let task):
                switch task.source {
                case .held(let key): stay.key == key
                case .parkedByThisPlan(let instance): stay.card == card && stay.aid == instance
                }
            case .removeInstance, .removeLoadFile, .dropDomain, .makeDomain, .reserveInLedger,
                .releaseInLedger, .extradite, .load, .install, .personalise, .identify, .upgrade, .putKeys:
                false
            }
        }
    }
}

extension PlanStep {
    /// What footprints are learned of when it is done.
    var learnedPart: Footprint.Part? {
        switch self {
        case .load(let load): .loadFile(digest: load.digest.bytes)
        case .install(let install): .instance(install.release, install.aid)
        case .makeDomain, .extradite, .removeInstance, .removeLoadFile, .dropDomain, .personalise, .identify,
            .restore, .upgrade, .park, .snapshot, .reserveInLedger, .releaseInLedger, .putKeys:
            nil
        }
    }
}
