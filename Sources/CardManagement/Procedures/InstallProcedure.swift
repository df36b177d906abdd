package import GlobalPlatform
package import SmartCard

/// An operation, and what the card answered to prove it; to be read by `CardConfirmation`.
package struct ConfirmedOperation: Hashable, Sendable {
    package let subject: ReceiptSubject
    package let data: [UInt8]

    package init(subject: ReceiptSubject, data: [UInt8]) {
        self.subject = subject
        self.data = data
    }
}

/// Carries out an installation plan: one order for everything, one more to see what memory is left.
package struct InstallProcedure: Procedure {
    /// What goes into INSTALL [for load] and in front of the load file data block.
    package struct Load: Hashable, Sendable {
        package var securityDomain: AID?
        /// The whole load file: DAP blocks, then tag `C4`.
        package var loadFile: [UInt8]
        package var hash: [UInt8]
        package var parameters: LoadParameters

        package init(
            securityDomain: AID?, loadFile: [UInt8], hash: [UInt8] = [], parameters: LoadParameters = .init()
        ) {
            self.securityDomain = securityDomain
            self.loadFile = loadFile
            self.hash = hash
            self.parameters = parameters
        }
    }

    package struct Outcome: Hashable, Sendable {
        /// What the card tells of its memory afterwards.
        package let resources: CardResources?
        /// What the card confirmed, in the order in which it did.
        package let confirmations: [ConfirmedOperation]
    }

    private enum State {
        case start
        case working
        case measuring
    }

    private var state = State.start
    private let order: [CommandAPDU]
    /// What a command of the order does, for those that a card may confirm.
    private let subjects: [(place: Int, subject: ReceiptSubject)]
    private var confirmations: [ConfirmedOperation] = []

    /// Fails when the load file has more blocks than LOAD can number.
    ///
    /// - Parameters:
    ///   - domain: the domain that is selected, to which a load file belongs unless it names another.
    ///   - token: gives the token of an operation where management is delegated, else nothing.
    package init?(
        plan: InstallPlan, package: AID, load: Load, domain: AID?, blockBytesMax: Int,
        token: (DelegatedOperation) throws -> [UInt8]
    ) rethrows {
        var order: [CommandAPDU] = []
        var subjects: [(place: Int, subject: ReceiptSubject)] = []
        func add(_ operation: DelegatedOperation) throws {
            order.append(operation.command(token: try token(operation)))
        }
        for step in plan.steps {
            switch step {
            case .delete(let aid, let withRelated):
                subjects.append((order.count, .delete(aid)))
                try add(.delete(aid, withRelated: withRelated))
            case .load:
                let parameters = load.parameters.encoded
                try add(
                    .install(
                        .load(
                            .init(
                                loadFile: package, securityDomain: load.securityDomain, hash: load.hash,
                                parameters: parameters))))
                guard
                    let blocks = LoadCommand.commands(loadFile: load.loadFile, blockBytesMax: blockBytesMax)
                else { return nil }
                order += blocks
                if let domain = load.securityDomain ?? domain {
                    subjects.append((order.count - 1, .load(loadFile: package, domain: domain)))
                }
            case .install(let instance):
                let install = InstallCommand.Install(
                    loadFile: package, module: instance.module, instance: instance.aid,
                    privileges: instance.privileges, parameters: instance.parameters)
                subjects.append((order.count, .install(loadFile: package, instance: instance.aid)))
                try add(.install(.install(install, makeSelectable: true)))
            case .makeSelectable(let aid):
                subjects.append((order.count, .install(loadFile: package, instance: aid)))
                try add(.install(.makeSelectable(aid, privileges: [], parameters: [])))
            }
        }
        self.order = order
        self.subjects = subjects
    }

    /// The same without tokens: for a domain that manages content by its own right.
    package init?(plan: InstallPlan, package: AID, load: Load, domain: AID?, blockBytesMax: Int) {
        self.init(
            plan: plan, package: package, load: load, domain: domain, blockBytesMax: blockBytesMax,
            token: { _ in [] })
    }

    /// Bytes of data in the order: what a progress bar counts.
    package var byteCount: Int { order.reduce(0) { $0 + $1.data.count } }

    package mutating func next(after answers: [ResponseAPDU]) throws(ProcedureError) -> ProcedureStep<Outcome>
    {
        switch state {
        case .start:
            guard !order.isEmpty else { return measure() }
            state = .working
            return .send(order)
        case .working:
            try judge(answers)
            return measure()
        case .measuring:
            let object = answers.successData(at: 0).flatMap { try? BERTLV.readOne($0) }
            let resources = object.flatMap { try? CardResources(value: $0.value) }
            return .done(Outcome(resources: resources, confirmations: confirmations))
        }
    }

    private mutating func measure() -> ProcedureStep<Outcome> {
        state = .measuring
        return .send([.getData(.extendedCardResources)])
    }

    /// Every command must have succeeded: each one behind a refused one was refused too, and did no harm.
    private mutating func judge(_ answers: [ResponseAPDU]) throws(ProcedureError) {
        for (index, (command, answer)) in zip(order, answers).enumerated() {
            guard answer.status.isSuccess else { throw .refused(command, answer.status) }
            // A single zero says that there is no confirmation (§11.1.6).
            guard answer.data.count > 1 else { continue }
            if let subject = subjects.first(where: { $0.place == index })?.subject {
                confirmations.append(ConfirmedOperation(subject: subject, data: answer.data))
            }
        }
        guard answers.count == order.count else { throw .unanswered }
    }
}

/// Deletes an object, with everything that depends on it where that is asked for.
package struct DeleteProcedure: Procedure {
    package struct Outcome: Hashable, Sendable {
        package let deleted: [AID]
        package let confirmations: [ConfirmedOperation]
    }

    private enum State {
        case start
        case together
        case oneByOne
    }

    private let aid: AID
    private let dependents: [AID]
    private let withRelated: Bool
    private let token: (AID, Bool) -> [UInt8]
    private var state = State.start

    /// - Parameters:
    ///   - contents: what the card holds, so that a card that cannot delete related objects is helped.
    ///   - token: gives the token for an object, with related ones or without, where management is delegated.
    package init(
        _ aid: AID, withRelated: Bool, contents: CardContents,
        token: @escaping (AID, Bool) -> [UInt8] = { _, _ in [] }
    ) {
        self.aid = aid
        self.withRelated = withRelated
        self.token = token
        dependents = contents.loadFile(aid).map { contents.instances(of: $0).map(\.aid) } ?? []
    }

    package mutating func next(after answers: [ResponseAPDU]) throws(ProcedureError) -> ProcedureStep<Outcome>
    {
        let whole = CommandAPDU.delete(aid, withRelated: withRelated, token: token(aid, withRelated))
        switch state {
        case .start:
            state = .together
            return .send([whole])
        case .together:
            guard let answer = answers.first else { throw .unanswered }
            if answer.status.isSuccess {
                return .done(outcome(withRelated ? dependents + [aid] : [aid], confirmed: [aid], answers))
            }
            // Cards without "related objects" refuse P2 = 80 in different ways.
            guard withRelated, [0x6A86, 0x6A80, 0x6985, 0x6A81].contains(answer.status) else {
                throw .refused(whole, answer.status)
            }
            state = .oneByOne
            return .send(single)
        case .oneByOne:
            for (command, answer) in zip(single, answers) where !answer.status.isSuccess {
                throw .refused(command, answer.status)
            }
            guard answers.count == single.count else { throw .unanswered }
            return .done(outcome(dependents + [aid], confirmed: dependents + [aid], answers))
        }
    }

    private var single: [CommandAPDU] {
        (dependents + [aid]).map { .delete($0, withRelated: false, token: token($0, false)) }
    }

    private func outcome(_ deleted: [AID], confirmed: [AID], _ answers: [ResponseAPDU]) -> Outcome {
        let confirmations = zip(confirmed, answers).filter { $0.1.data.count > 1 }
        return Outcome(
            deleted: deleted,
            confirmations: confirmations.map { ConfirmedOperation(subject: .delete($0), data: $1.data) })
    }
}
