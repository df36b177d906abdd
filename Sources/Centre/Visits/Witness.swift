internal import CardManagement
internal import GlobalPlatform
internal import SmartCard

// An empty list of applications comes as an error, and errors carry no MAC (SCP03 §6.2.5): on a card whose memory
// report does not count its applications either, nothing proves that the last one is gone. So something is put on the
// list: what is not beside it is not there.

extension Visit {
    /// The domain that is made for one reading and deleted behind it.
    static let witness: AID = {
        guard let aid = try? AID([0xF0] + Array("BerthWitness".utf8)) else {
            preconditionFailure("a constant of this file is no AID")
        }
        return aid
    }()

    /// Something that should be on the card is not on its list, and the list proves nothing.
    func needsWitness(_ file: CaseFile) -> Bool {
        guard !hasCalledWitness, isAnswerProven, !sight.isListProven, sight.upgrade?.state.isOpen != true
        else {
            return false
        }
        let begun = file.operation.map { operation in
            operation.begun.subtracting(operation.done).map { operation.steps[$0] }
        }
        // What was made in an order that was not answered may stand there: it is not made a second time.
        for case .install(let install) in begun ?? [] where isOnCard(install.aid) == nil { return true }
        return file.installed.contains { isOnCard($0.aid) == nil }
            || file.stays.contains { $0.isOpen && $0.concerns(file.card.id) && isOnCard($0.aid) == nil }
    }

    mutating func callWitness() -> Reply {
        hasCalledWitness = true
        let install = InstallCommand.Install(
            loadFile: securityDomainOrigin, module: WellKnownAID.securityDomainModule,
            instance: Self.witness, privileges: .securityDomain)
        var draft = OrderDraft()
        draft.add(
            .witness(.install(loadFile: install.loadFile, instance: Self.witness)),
            InstallCommand.install(install, makeSelectable: true).command())
        draft.readRegistry()
        deleteWitness(&draft)
        return send([], draft)
    }

    /// One that was left behind by a visit that broke off.
    func dismissWitness(_ draft: inout OrderDraft) {
        guard sight.hasWitness, !hasCalledWitness else { return }
        deleteWitness(&draft)
    }

    private func deleteWitness(_ draft: inout OrderDraft) {
        draft.add(.witness(.delete(Self.witness)), .delete(Self.witness, withRelated: false))
    }

    /// Where the card makes its domains from.
    var securityDomainOrigin: AID {
        sight.contents?.loadFiles.first { $0.modules.contains(WellKnownAID.securityDomainModule) }?.aid
            ?? WellKnownAID.securityDomainPackage
    }
}

extension Ask {
    var isWitness: Bool {
        if case .witness = self { true } else { false }
    }
}

extension Custody {
    /// Its instance stands on this card, or may.
    fileprivate func concerns(_ card: CardID) -> Bool {
        switch state {
        case .frozen, .provisional, .surrendering: self.card == card
        case .returning(let target, _): target == card
        case .held, .returned, .discarded: false
        }
    }
}
