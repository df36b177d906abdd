internal import Arguments
internal import CardCrypto
internal import CardManagement
internal import GlobalPlatform
internal import SmartCard

/// Opens a session, and spends no try of the card by guessing: the keys come from the user, the derivation from the
/// user or from what the card shows, and a card on which it failed before is not tried again without being told to.
struct Authentication {
    private let desk: CardDesk
    private let memory: FailureMemory?
    private let onKeys: @Sendable (CardKeys) -> Void

    /// - Parameter onKeys: told the keys that the card was shown, for who must be able to come back to them.
    init(_ desk: CardDesk, onKeys: @escaping @Sendable (CardKeys) -> Void = { _ in }) {
        self.desk = desk
        self.onKeys = onKeys
        memory = FailureMemory(desk.terminal.environment)
    }

    func open() throws {
        let parsed = desk.connection
        let reading = try KeyReading(parsed, on: desk.terminal, isOwnCard: desk.isOwnCard)
        if reading.isTestKey {
            desk.terminal.note("no key given: using the test key 404142434445464748494A4B4C4D4E4F")
        }
        try open(
            material: reading.material, keyVersion: parsed[ConnectionOptions.keyVersion],
            diversification: try diversification(), level: parsed[ConnectionOptions.mode],
            isKeyNamed: !reading.isTestKey)
    }

    /// - Parameter diversification: `nil` decides from the evidence once the card has shown it.
    func open(
        material: KeySource.Material, keyVersion: UInt8, diversification: Diversification?,
        level: SecurityLevel, isKeyNamed: Bool
    ) throws {
        let entropy = SystemEntropy()
        var wish = Handshake.Wish(
            hostChallenge: entropy.bytes(8), level: level, keyVersion: keyVersion,
            scp02Options: scp02Options(),
            application: desk.securityDomain, quirks: desk.parsed[ConnectionOptions.quirk].channelQuirks)
        do {
            try attempt(wish, material, diversification, isKeyNamed)
        } catch LinkError.handshake(.challengeLength(wanted: let count)) {
            // A card in S16 mode: nothing was authenticated, so asking again with the right length costs no try.
            wish.hostChallenge = entropy.bytes(count)
            try attempt(wish, material, diversification, isKeyNamed)
        } catch LinkError.handshake(.initializationRefused(0x6700)) {
            // Some cards in S16 mode refuse the length before they answer anything.
            wish.hostChallenge = entropy.bytes(16)
            try attempt(wish, material, diversification, isKeyNamed)
        }
    }

    private func attempt(
        _ wish: Handshake.Wish, _ material: KeySource.Material, _ diversification: Diversification?,
        _ isKeyNamed: Bool
    ) throws {
        let gate = try AttemptGate(
            memory, permission: desk.connection[ConnectionOptions.allowRetry] ? .byFlag : .needed,
            card: desk.link.channel.answerToReset.hex)
        let evidence = evidence()
        let onKeys = onKeys
        let provider: KeyProvider = { (request) throws(KeySourceError) -> CardKeys in
            try gate.pass(request)
            guard let scheme = diversification ?? Self.conclude(evidence, request) else {
                throw gate.refuse(.derivationUndecided, request)
            }
            let keys = try KeySource(material, diversification: scheme).keys(for: request)
            onKeys(keys)
            return keys
        }
        do {
            try desk.link.authenticate(wish, willProve: gate.begin, keys: provider)
            if let update = try gate.endedWithSession() { finish(update) }
        } catch LinkError.handshake(let failure) {
            if let refusal = gate.refusal { throw refusal }
            // A virtual card that was asked with the test key and has others counts nothing, and nobody gave that key.
            if !isKeyNamed, case .cardCryptogramMismatch(let version) = failure {
                throw Problem.keyMissing(cardHasOthersOfVersion: version)
            }
            try gate.end(failure)
            throw LinkError.handshake(failure)
        } catch LinkError.stopped {
            throw gate.refusal ?? .interrupted
        }
    }

    /// The end of the session waits for the record.
    private func finish(_ update: WorkBeside<Void>) {
        let terminal = desk.terminal
        desk.shared.atEnd {
            do throws(Problem) {
                try update.value()
            } catch {
                terminal.warn(
                    "\(error.what), so a session that was opened goes on counting as a try without an answer")
            }
        }
    }

    /// "i" of SCP02 stands only in the recognition data: those of SELECT, or else the card is asked for them. A card
    /// that tells neither has the usual 15, from which 55 differs in nothing here.
    func scp02Options() -> SCP02Options {
        var channels = desk.identity?.secureChannels ?? desk.shared.told?.secureChannels ?? []
        if channels.isEmpty {
            let answer = try? desk.link.send(.getData(.cardRecognitionTemplate))
            channels = (try? RecognitionData(answer?.data ?? []))?.secureChannels ?? []
        }
        return SCP02Options(rawValue: channels.first { $0.version == .scp02 }?.options ?? 0x15)
    }

    private func diversification() throws -> Diversification? {
        let text = desk.connection[ConnectionOptions.kdf]
        guard text != "auto" else { return nil }
        return try Diversification(parsing: text)
    }

    private func evidence() -> DiversificationEvidence? {
        guard desk.connection[ConnectionOptions.kdf] == "auto" else { return nil }
        let cplc = try? desk.link.send(.getData(.cardProductionLifeCycle))
        let keyData = try? desk.link.send(.getData(0xCF))
        return DiversificationEvidence(
            diversificationData: [], algorithm: .tripleDES, securityDomain: desk.securityDomain?.bytes,
            productionLifeCycle: cplc.flatMap { CardProductionLifeCycle($0.data)?.bytes },
            keyData: keyData.flatMap { answer in
                answer.status.isSuccess ? (try? BERTLV.readOne(answer.data)).map { Array($0.value) } : nil
            })
    }

    private static func conclude(
        _ evidence: DiversificationEvidence?, _ request: KeyRequest
    ) -> Diversification? {
        guard var evidence else { return nil }
        evidence.diversificationData = request.diversificationData
        evidence.algorithm = request.algorithm
        switch evidence.conclusion {
        case .scheme(let scheme, because: _): return scheme
        case .undecided: return nil
        }
    }
}
