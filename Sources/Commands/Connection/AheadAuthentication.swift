internal import Arguments
internal import CardCrypto
internal import CardManagement
internal import GlobalPlatform
internal import SmartCard

/// Opens a session that was computed ahead: the card is asked for its counter, and everything from INITIALIZE UPDATE
/// on goes out in one message with what the verb sends first.
///
/// EXTERNAL AUTHENTICATE leaves before the card has proved itself, so that a wrong key is counted by the card: it is
/// done on demand only, and never on a card against which anything is booked.
struct AheadAuthentication {
    private let desk: CardDesk
    private let memory: FailureMemory?
    private var connection: ParsedCommand { desk.connection }

    init(_ desk: CardDesk) {
        self.desk = desk
        memory = FailureMemory(desk.terminal.environment)
    }

    /// - Returns: false where the card must be asked step by step; a note says why.
    func open() throws -> Bool {
        let facts: CardFacts
        switch try lookAt() {
        case .computable(let told): facts = told
        case .not(let reason):
            desk.terminal.note("not computed ahead: \(reason)")
            return false
        }
        let reading = try KeyReading(connection, on: desk.terminal, isOwnCard: desk.isOwnCard)
        let source = KeySource(
            reading.material, diversification: try Diversification(parsing: connection[ConnectionOptions.kdf])
        )
        do {
            let keys = try source.keys(for: facts.request)
            let session = try PrecomputedSession(
                .init(
                    keys: keys, secureChannel: facts.channel, sequenceCounter: facts.counter,
                    application: facts.application),
                Handshake.Wish(
                    hostChallenge: SystemEntropy().bytes(facts.challengeBytes),
                    level: connection[ConnectionOptions.mode], keyVersion: facts.request.version,
                    application: facts.application,
                    quirks: desk.parsed[ConnectionOptions.quirk].channelQuirks))
            let book = AheadBook(memory, card: desk.link.channel.answerToReset.hex, facts)
            desk.link.open(ahead: session, willSend: book.begin, settled: book.end)
            return true
        } catch let failure as HandshakeFailure {
            throw LinkError.handshake(failure)
        }
    }

    /// One message: the selection, and every question on which the computation depends.
    private func lookAt() throws -> Verdict {
        let wanted = connection[ConnectionOptions.domain]
        let questions: [BERTag] = [
            .cardRecognitionTemplate, .sequenceCounter, .keyInformationTemplate,
            CardFacts.diversificationData,
            .cardProductionLifeCycle,
        ]
        let answers = try desk.link.send(message: [.select(wanted)] + questions.map { .getData($0) })
        guard answers.count == questions.count + 1, answers[0].isSelected else {
            return .not(because: "the domain was not selected at once")
        }
        func data(_ tag: BERTag) -> [UInt8]? {
            questions.firstIndex(of: tag).flatMap { index in
                answers[index + 1].status.isSuccess ? answers[index + 1].data : nil
            }
        }
        desk.shared.productionLifeCycle = .some(
            data(.cardProductionLifeCycle).flatMap(CardProductionLifeCycle.init))
        let named = CardDesk.name(in: answers[0])
        guard let application = named ?? wanted, wanted == nil || wanted == application else {
            return .not(because: "the card gives its domain another name")
        }
        desk.shared.securityDomain = application
        let told =
            (try? RecognitionData(data(.cardRecognitionTemplate) ?? []))
            ?? (try? FileControlInformation(answers[0].data))?.recognition
        return try judge(
            told?.secureChannels ?? [], application, counter: data(.sequenceCounter),
            keys: (try? KeyTemplate.read(data(.keyInformationTemplate) ?? [])) ?? [],
            diversificationData: data(CardFacts.diversificationData))
    }

    private enum Verdict {
        case computable(CardFacts)
        case not(because: String)
    }

    private func judge(
        _ channels: [SecureChannelProtocol], _ application: AID, counter: [UInt8]?, keys: [KeyInformation],
        diversificationData: [UInt8]?
    ) throws -> Verdict {
        guard let key = keys.first, let type = key.components.first?.type else {
            return .not(because: "the card does not tell its keys")
        }
        let wanted = connection[ConnectionOptions.keyVersion]
        guard wanted == 0 || wanted == key.version else {
            return .not(
                because: "the counter that the card tells is not that of key version \(wanted.versionText)")
        }
        let version: SecureChannelProtocol.Version = type == .aes ? .scp03 : .scp02
        guard let channel = channels.first(where: { $0.version == version }), channel.isChallengePseudoRandom
        else {
            return .not(because: "the card's challenge is random")
        }
        guard let counter = counter.flatMap(CardFacts.counter) else {
            return .not(because: "the card does not tell its counter")
        }
        let kdf = connection[ConnectionOptions.kdf]
        guard kdf == "none" || (kdf != "auto" && diversificationData != nil) else {
            return .not(because: "the card does not tell beforehand what its keys are derived from")
        }
        let prefix = AttemptGate.name(card: desk.link.channel.answerToReset.hex, [])
        guard try memory?.load().holdsAnything(ofCardsBeginning: prefix, keyVersion: key.version) != true
        else {
            return .not(because: "an authentication with a card of this kind failed before")
        }
        return .computable(
            CardFacts(
                channel: channel, application: application,
                // SCP03 counts first and then uses the number; SCP02 uses it and then counts.
                counter: version == .scp03 ? counter + 1 : counter,
                request: KeyRequest(
                    algorithm: version == .scp03 ? .aes : .tripleDES, version: key.version,
                    diversificationData: diversificationData.flatMap(CardFacts.value) ?? []),
                serial: (desk.shared.productionLifeCycle ?? nil)?.serial ?? []))
    }
}

/// What must be known of a card to compute its session ahead.
private struct CardFacts {
    static let diversificationData: BERTag = 0xCF

    let channel: SecureChannelProtocol
    let application: AID
    /// What the card will show next.
    let counter: UInt32
    let request: KeyRequest
    let serial: [UInt8]

    var challengeBytes: Int {
        channel.version == .scp03 && SCP03Options(rawValue: channel.options).isS16 ? 16 : 8
    }

    /// The value of C1, with its tag or as it is.
    static func counter(_ answer: [UInt8]) -> UInt32? {
        let bytes = value(answer)
        return (2...3).contains(bytes.count) ? UInt32(bigEndianBytes: bytes) : nil
    }

    static func value(_ answer: [UInt8]) -> [UInt8] {
        (try? BERTLV.readOne(answer)).map { Array($0.value) } ?? answer
    }
}

/// Books a try whose card is known for certain only by its answer: until then under the chip's serial number.
private struct AheadBook {
    private let memory: FailureMemory?
    private let card: String
    private let provisional: AuthenticationBudget.Key?

    init(_ memory: FailureMemory?, card: String, _ facts: CardFacts) {
        self.memory = memory
        self.card = card
        provisional = AuthenticationBudget.Key(
            card: AttemptGate.name(card: card, facts.serial), keyVersion: facts.request.version)
    }

    /// Without a record nothing is sent.
    func begin() -> Bool {
        guard let provisional, let memory else { return true }
        return (try? memory.update { $0.recordAttempt(for: provisional) }) != nil
    }

    /// A record that cannot be changed now goes on counting the try, which harms nobody.
    func end(_ outcome: AheadOutcome) {
        try? memory?.update { budget in
            if let provisional { budget.endAttempt(for: provisional) }
            switch outcome {
            case .opened(let answer):
                if let key = key(of: answer) { budget.recordSuccess(for: key) }
            case .failed(let failure, let answer):
                if let key = key(of: answer) ?? provisional { budget.record(failure, for: key) }
            }
        }
    }

    /// The answer to INITIALIZE UPDATE begins with ten bytes of diversification data and the key version.
    private func key(of answer: ResponseAPDU) -> AuthenticationBudget.Key? {
        guard answer.status.isSuccess, answer.data.count > 10 else { return nil }
        return AuthenticationBudget.Key(
            card: AttemptGate.name(card: card, Array(answer.data.prefix(10))), keyVersion: answer.data[10])
    }
}
