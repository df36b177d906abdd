internal import GlobalPlatform
internal import SmartCard

/// INITIALIZE UPDATE, EXTERNAL AUTHENTICATE, BEGIN and END R-MAC SESSION: finding keys, and keeping counters.
/// What the bytes mean is the channel's business.
extension VirtualCard {
    func initializeUpdate(
        _ command: CommandAPDU, _ entry: ApplicationEntry, _ channel: Int
    ) throws(Refusal) -> ResponseAPDU {
        session?.channels[channel]?.secure = nil
        session?.channels[channel]?.storing = StoreProcess()
        guard let owner = state.keyOwner(for: entry), let data = state.domains[owner],
            offersServices(owner), entry.isSecurityDomain || offersServices(entry.domain)
        else { throw .conditionsNotSatisfied }
        let named =
            command.p1 == 0 ? data.defaultKeySet : data.channelKeySets.first { $0.version == command.p1 }
        guard let keySet = named else { throw .referencedDataNotFound }
        guard keySet.mayBeUsed(byOwner: owner == entry.aid) else { throw .conditionsNotSatisfied }
        guard !isBlocked(keySet) else { throw .authenticationMethodBlocked }
        let opened = try environment.channels.open(
            ChannelOpening(
                command: command, keySet: keySet, requester: entry.aid,
                diversificationData: state.card.diversificationData, entropy: entropy))
        if let counter = opened.sequenceCounter { store(counter, owner, keySet.version) }
        session?.channels[channel]?.secure = OpenSession(
            channel: opened.channel, keyOwner: owner, keyVersion: keySet.version)
        return ResponseAPDU(data: opened.answer)
    }

    func externalAuthenticate(_ command: CommandAPDU, _ channel: Int) throws(Refusal) -> ResponseAPDU {
        guard var secure = session?.channels[channel]?.secure, secure.channel.securityLevel == nil,
            !secure.channel.isAborted
        else {
            session?.channels[channel]?.secure = nil
            throw .conditionsNotSatisfied
        }
        session?.channels[channel]?.secure = nil
        let counter: UInt32?
        do throws(Refusal) { counter = try secure.channel.authenticate(command) } catch {
            if error == .authenticationFailed { try countFailure(secure) }
            throw error
        }
        changeKeySet(secure.keyOwner, secure.keyVersion) { $0.failedAuthentications = 0 }
        if let counter { store(counter, secure.keyOwner, secure.keyVersion) }
        session?.channels[channel]?.secure = secure
        return ResponseAPDU()
    }

    func responseMACSession(_ command: CommandAPDU, _ channel: Int) throws(Refusal) -> ResponseAPDU {
        guard var secure = session?.channels[channel]?.secure, secure.channel.securityLevel != nil else {
            throw .conditionsNotSatisfied
        }
        defer { session?.channels[channel]?.secure = secure }
        if command.ins == Instruction.beginRMACSession {
            try secure.channel.beginResponseMAC(command)
            return ResponseAPDU()
        }
        return ResponseAPDU(data: try secure.channel.endResponseMAC(command))
    }

    func unwrapSecured(_ command: CommandAPDU, _ channel: Int) throws(Refusal) -> CommandAPDU {
        guard var secure = session?.channels[channel]?.secure else { return command }
        guard secure.channel.securityLevel != nil || secure.channel.isAborted else {
            // Only EXTERNAL AUTHENTICATE may follow INITIALIZE UPDATE (GPCS 2.3.1 §E.1.2.1).
            session?.channels[channel]?.secure = nil
            if command.hasSecureMessaging { throw .securityStatusNotSatisfied }
            return command
        }
        defer {
            session?.channels[channel]?.secure = secure
            if secure.channel.isAborted { session?.channels[channel]?.storing = StoreProcess() }
        }
        let plain = try secure.channel.unwrap(command)
        if command.hasSecureMessaging { plainExchange = (plain, nil) }
        return plain
    }

    /// A locked domain serves nobody (§5.3.2.4).
    private func offersServices(_ domain: AID) -> Bool {
        state.application(domain)?.lifeCycle.isLocked == false
    }

    private func isBlocked(_ keySet: CardKeySet) -> Bool {
        profile.authenticationTriesMax > 0
            && keySet.failedAuthentications >= profile.authenticationTriesMax
    }

    /// The count must outlive the refusal, or it would be undone with it.
    private func countFailure(_ secure: OpenSession) throws(Refusal) {
        guard profile.authenticationTriesMax > 0 else { return }
        changeKeySet(secure.keyOwner, secure.keyVersion) { set in
            if set.failedAuthentications < .max { set.failedAuthentications += 1 }
        }
        guard commit() else { throw .memoryFailure }
    }

    private func store(_ counter: UInt32, _ owner: AID, _ version: UInt8) {
        changeKeySet(owner, version) { $0.sequenceCounter = counter }
    }

    private func changeKeySet(_ owner: AID, _ version: UInt8, _ change: (inout CardKeySet) -> Void) {
        guard let index = state.domains[owner]?.keySets.firstIndex(where: { $0.version == version }) else {
            return
        }
        if var set = state.domains[owner]?.keySets[index] {
            change(&set)
            state.domains[owner]?.keySets[index] = set
        }
    }
}

extension CardKeySet {
    /// GPCS 2.3.1 §7.5.2: 00 is anybody authorised, 01 the owner only, 02 others only.
    fileprivate func mayBeUsed(byOwner isOwner: Bool) -> Bool {
        keys.allSatisfy { key in
            switch key.access {
            case nil, 0x00: true
            case 0x01: isOwner
            case 0x02: !isOwner
            default: false
            }
        }
    }
}

extension CommandAPDU {
    /// Secure messaging in the CLA, in GlobalPlatform's or ISO's form (GPCS 2.3.1 tables 11-11 and 11-12).
    var hasSecureMessaging: Bool { cla & 0x40 == 0 ? cla & 0x0C != 0 : cla & 0x20 != 0 }
}
