internal import Arguments
internal import CardCrypto
internal import CardManagement
internal import GlobalPlatform
internal import SmartCard

/// `berth gp key rotate`: other keys for a domain, in a way that locks nobody out.
enum KeyRotateVerb {
    static let generate = Option<String?>.optional(
        "generate", .file("FILE"), help: "Make new random keys, and keep them in this new file")
    static let bytes = Option<Int?>.optional(
        "new-key-bytes", .choice("N", [("16", 16, ""), ("24", 24, "AES only"), ("32", 32, "AES only")]),
        help: "The length of the keys to make; as long as an AES-128 key by default")
    static let inPlace = Option<Bool>.flag(
        "in-place", help: "Replace the old set in one command, for a card without room for two sets")
    static let keepOld = Option<Bool>.flag(
        "keep-old", help: "Leave the old set on the card beside the new one")
    static let oneWay = Option<Bool>.flag(
        "one-way", help: "Go on although this card gives no way back if the new keys do not work")

    static func verb(_ desks: DeskProvider) -> Command {
        Command(
            "rotate", "Give the domain other keys; the old ones go only after the new ones have worked",
            discussion: """
                The new set is put beside the old one, its check values are compared, a new session is opened with it, \
                and only then is the old set deleted. Initial keys (version FF) end with the first set of one's own: \
                there the old session stays open on one logical channel until the new keys have worked on another.

                Interrupted at any point and run again with the same keys, it goes on where it stopped; run again after \
                it has ended, it finds the new keys in force and does nothing.
                """,
            examples: [
                .init("new random keys", "berth gp key rotate --key file:old.key --generate new.key"),
                .init("what would happen", "berth gp key rotate --new-key file:new.key --dry-run"),
            ],
            options: [OptionGroup("Options", NewKeys.values + [generate, bytes, inPlace, keepOld, oneWay])]
                + ConnectionOptions.session + [ConnectionOptions.confirmedGroup]
        ) { parsed, terminal in
            guard parsed[generate] == nil || !NewKeys.areGiven(parsed) else {
                throw Problem.usage(
                    "--generate makes keys, and --new-key gives them", advice: "give one of them")
            }
            let desk = try desks.desk(parsed, terminal)
            try KeyRotator(desk).run()
        }
    }
}

/// Carries a rotation out on the card on the desk.
final class KeyRotator {
    private let desk: CardDesk
    private let parsed: ParsedCommand
    private let terminal: Terminal
    private let oldKeys = KeptKeys()
    private var memory: RotationMemory?
    /// The rotation ended in an earlier run: what stands beside the new keys since was not of its making.
    private var isRepeated = false

    private var link: CardLink { desk.link }

    init(_ desk: CardDesk) {
        self.desk = desk
        parsed = desk.parsed
        terminal = desk.terminal
    }

    func run() throws {
        try desk.selectDomain()
        memory = RotationMemory(card: try cardName(), domain: desk.securityDomain, terminal.environment)
        let earlier = try memory?.entry()
        let keys = try NewKeySet(parsed, after: try earlierThatCounts(earlier), on: terminal)
        let attempt = try lookAt(earlier, keys)
        if case .stands = attempt {} else { try Authentication(desk, onKeys: oldKeys.keep).open() }
        guard let peer = link.peer else { return }
        let template = try desk.keyTemplate()
        let plan = try plan(peer, keys, template, attempt)
        let set = try keys.set(peer, version: plan.new)
        let spare = plan.replacesBeforeVerifying ? try rehearse(peer) : nil
        // A card that was pulled has closed it already.
        defer { try? spare?.close() }
        let view = RotationView(plan, hasWayBack: spare != nil || !plan.replacesBeforeVerifying, keys.file)
        guard !desk.isDryRun else {
            return desk.show(
                (view.lines + ["nothing was changed"]).joined(separator: "\n"), view.json(changed: false))
        }
        try agree(view)
        let record = RotationMemory.Attempt(old: plan.old, new: plan.new)
        if !view.isDone {
            // First the record: keys in a file that nothing remembers would not be taken up again.
            try memory?.begin(record)
            do { try keys.keep() } catch {
                try memory?.forget()
                throw error
            }
        }
        for step in plan.steps {
            try terminal.checkInterrupted()
            try carryOut(step, plan, set, keys, spare)
        }
        try memory?.finish(record, check: keys.source.check)
        desk.show(view.done, view.json(changed: true))
    }

    // MARK: Before anything changes

    /// As the card shows it to everybody: the same before and after a rotation.
    private func cardName() throws -> String {
        let answer = try link.send(.getData(.cardProductionLifeCycle))
        let serial = answer.status.isSuccess ? CardProductionLifeCycle(answer.data)?.serial.hex : nil
        return serial ?? "ATR" + link.channel.answerToReset.hex
    }

    /// The keys that open the session cannot be those that are to come: whoever names one file for both means a
    /// rotation that is still to begin.
    private func earlierThatCounts(_ earlier: RotationMemory.Entry?) throws -> RotationMemory.Entry? {
        guard case .done? = earlier, let file = parsed[KeyRotateVerb.generate],
            desk.connection[ConnectionOptions.key] == .file(file)
        else { return earlier }
        return nil
    }

    /// An earlier attempt says which keys may be in force: those are asked for, and no others. A card that shows
    /// another cryptogram was sent nothing that it counts.
    private func lookAt(
        _ earlier: RotationMemory.Entry?, _ keys: NewKeySet
    ) throws -> KeyRotation.Attempt {
        let attempt: RotationMemory.Attempt
        let unopened: KeyRotation.Attempt
        switch earlier {
        case nil: return .none
        case .unfinished(let begun):
            terminal.note("a rotation of these keys was interrupted; looking where it stopped")
            (attempt, unopened) = (begun, .unfinished(version: begun.new))
        case .done(let ended, let check):
            // Other keys begin another rotation, and cost the card no look.
            guard check == keys.source.check else { return .none }
            (attempt, unopened) = (ended, .none)
            isRepeated = true
        }
        do {
            try open(link, keys.source.provider, version: attempt.new)
            return .stands(version: attempt.new, old: attempt.old)
        } catch LinkError.handshake(let failure) {
            switch failure {
            case .initializationRefused, .cardCryptogramMismatch, .otherKeyVersion, .keys:
                // Keys that an ended rotation brought and that are gone since do not begin another one by themselves.
                if isRepeated, let file = keys.file { throw Problem.keyFileExists(file) }
                isRepeated = false
                try desk.selectDomain()
                return unopened
            case .authenticationRefused, .malformedAnswer, .unsupportedProtocol, .levelNotOffered,
                .threeKeysForBaseKey, .challengeLength, .unexpectedAnswer, .outOfOrder, .crypto:
                throw failure
            }
        }
    }

    private func plan(
        _ peer: ChannelPeer, _ keys: NewKeySet, _ template: [KeyInformation], _ attempt: KeyRotation.Attempt
    ) throws -> KeyRotation {
        let wish = KeyRotation.Wish(
            current: peer.keyVersion, newVersion: parsed[NewKeys.version],
            shape: try keys.set(peer, version: peer.keyVersion).shape,
            replacesInPlace: parsed[KeyRotateVerb.inPlace],
            keepsOld: parsed[KeyRotateVerb.keepOld] || isRepeated)
        return try KeyRotation(wish, keys: template, attempt: attempt)
    }

    private func agree(_ view: RotationView) throws {
        guard !view.isDone else { return }
        if !view.hasWayBack, !parsed[KeyRotateVerb.oneWay] { throw Problem.noWayBack(view) }
        if !terminal.isJSON { for line in view.lines { terminal.note(line) } }
        try desk.confirm("Rotate the keys in this way?")
    }

    /// Whether this card lets a second session live beside the first: tried with the keys that are known to work.
    private func rehearse(_ peer: ChannelPeer) throws -> SpareChannel? {
        guard let spare = try SpareChannel(desk) else { return nil }
        do {
            try open(spare.link, oldKeys.provider, version: peer.keyVersion, channel: spare.number)
            let isOldAlive = try link.send(.getData(.keyInformationTemplate)).status.isSuccess
            if isOldAlive { return spare }
        } catch LinkError.handshake, LinkError.secureMessaging {
            terminal.note("the card opens no second session")
        }
        try spare.close()
        try open(link, oldKeys.provider, version: peer.keyVersion)
        return nil
    }

    // MARK: Step by step

    private func carryOut(
        _ step: KeyRotation.Step, _ plan: KeyRotation, _ set: CardKeys, _ keys: NewKeySet,
        _ spare: SpareChannel?
    ) throws {
        switch step {
        case .put(_, let replaced): try put(set, replacing: replaced, plan)
        case .verify(let version): try verify(version, keys, plan, spare)
        case .delete(let version): try delete(version)
        }
    }

    private func put(_ set: CardKeys, replacing replaced: UInt8?, _ plan: KeyRotation) throws {
        let put = try PutKey(keySet: set, replacing: replaced)
        let command = try desk.putKeyCommand(put)
        let answer = try link.send(command)
        do throws(PutKeyError) {
            _ = try put.check(answer)
        } catch .refused(let status) {
            // The command carries the whole set, so a card that refuses it has taken nothing.
            try memory?.forget()
            throw Problem.newKeysRefused(command, status, plan)
        } catch {
            try undo(plan)
            throw Problem.rotationUndone(error.problem)
        }
    }

    private func verify(
        _ version: UInt8, _ keys: NewKeySet, _ plan: KeyRotation, _ spare: SpareChannel?
    ) throws {
        if let spare {
            do {
                try open(spare.link, keys.source.provider, version: version, channel: spare.number)
            } catch LinkError.handshake(let failure) {
                try undo(plan)
                throw Problem.rotationUndone(failure.problem)
            }
            try spare.close()
        }
        do {
            try open(link, keys.source.provider, version: version)
        } catch LinkError.handshake(let failure) {
            guard plan.way == .beside else { throw failure }
            try open(link, oldKeys.provider, version: plan.old)
            try undo(plan)
            throw Problem.rotationUndone(failure.problem)
        }
    }

    /// Back to the old keys, in the session that they opened.
    private func undo(_ plan: KeyRotation) throws {
        if plan.replacesBeforeVerifying {
            guard let old = oldKeys.value else { return }
            let restored = try CardKeys(
                old.algorithm, version: plan.new, encryption: old.encryption, mac: old.mac,
                dataEncryption: old.dataEncryption)
            let put = try PutKey(keySet: restored, replacing: plan.new)
            _ = try put.check(try link.send(try desk.putKeyCommand(put)))
        } else {
            try desk.require(.deleteKey(identifier: nil, version: plan.new))
        }
        try memory?.forget()
    }

    private func delete(_ version: UInt8) throws {
        let command = CommandAPDU.deleteKey(identifier: nil, version: version)
        let answer = try link.send(command)
        // Gone already: the answer to an earlier attempt was lost.
        guard !answer.status.isSuccess, answer.status != 0x6A88 else { return }
        throw Problem.oldKeysStay(version, command, answer.status)
    }

    // MARK: Sessions

    private func open(
        _ link: CardLink, _ keys: @escaping KeyProvider, version: UInt8, channel: Int = 0
    ) throws {
        if channel == 0 { try desk.selectDomain() }
        do {
            try attempt(link, keys, version, channel, level: desk.connection[ConnectionOptions.mode])
        } catch LinkError.handshake(.levelNotOffered) {
            // Keys of another kind may open another protocol, which offers less.
            if channel == 0 { try desk.selectDomain() }
            try attempt(link, keys, version, channel, level: .commandMAC)
        }
    }

    private func attempt(
        _ link: CardLink, _ keys: @escaping KeyProvider, _ version: UInt8, _ channel: Int,
        level: SecurityLevel
    ) throws {
        let entropy = SystemEntropy()
        var wish = Handshake.Wish(
            hostChallenge: entropy.bytes(8), level: level,
            keyVersion: version, logicalChannel: channel,
            scp02Options: Authentication(desk).scp02Options(), application: desk.securityDomain)
        do {
            try authenticate(link, wish, keys)
        } catch LinkError.handshake(.challengeLength(wanted: let count)) {
            wish.hostChallenge = entropy.bytes(count)
            try authenticate(link, wish, keys)
        }
    }

    /// These keys are known to be new here, so that permission was given; what the card may count is booked all the
    /// same. A cryptogram that does not match only says which of two sets is in force.
    private func authenticate(
        _ link: CardLink, _ wish: Handshake.Wish, _ keys: @escaping KeyProvider
    ) throws {
        let gate = try AttemptGate(
            FailureMemory(terminal.environment), permission: .granted, card: link.channel.answerToReset.hex)
        do {
            try link.authenticate(wish, willProve: gate.begin) { (request) throws(KeySourceError) in
                try gate.pass(request)
                return try keys(request)
            }
            try gate.end(nil)
        } catch LinkError.handshake(let failure) {
            if let refusal = gate.refusal { throw refusal }
            if gate.isBegun { try gate.end(failure) }
            throw LinkError.handshake(failure)
        } catch LinkError.stopped {
            throw gate.refusal ?? .interrupted
        }
    }
}
