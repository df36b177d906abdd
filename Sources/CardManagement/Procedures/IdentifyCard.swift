package import GlobalPlatform
package import SmartCard

/// What a card tells of itself before anybody has authenticated.
package struct CardIdentity: Hashable, Sendable {
    /// The issuer domain, as selected.
    package var issuerDomain: AID?
    package var fileControl: FileControlInformation?
    /// The issuer domain is locked, or the card is (SELECT answered 6283).
    package var isLocked: Bool
    package var issuerIdentificationNumber: [UInt8]?
    package var cardImageNumber: [UInt8]?
    package var productionLifeCycle: CardProductionLifeCycle?
    package var recognition: RecognitionData?
    package var capabilities: CardCapabilityInformation?
    package var keys: [KeyInformation]
    package var sequenceCounter: [UInt8]?
    package var resources: CardResources?
    package var applications: [AID]?

    package init(
        issuerDomain: AID? = nil, fileControl: FileControlInformation? = nil, isLocked: Bool = false,
        keys: [KeyInformation] = []
    ) {
        self.issuerDomain = issuerDomain
        self.fileControl = fileControl
        self.isLocked = isLocked
        self.keys = keys
    }

    /// IIN and CIN where the card has both, else its production serial: one name for one card.
    package var cardID: String? {
        if let issuerIdentificationNumber, let cardImageNumber {
            return issuerIdentificationNumber.hex + "-" + cardImageNumber.hex
        }
        return productionLifeCycle?.serial.hex
    }

    /// The secure channels the card names, from its recognition data or its capabilities.
    package var secureChannels: [SecureChannelProtocol] {
        if let named = recognition?.secureChannels, !named.isEmpty { return named }
        if let named = fileControl?.recognition?.secureChannels, !named.isEmpty { return named }
        return (capabilities?.secureChannels ?? []).flatMap { channel in
            channel.version.map { version in
                channel.options.map { SecureChannelProtocol(version, options: $0) }
            }
                ?? []
        }
    }

    /// The card names its secure channels, and none of them makes its challenge from a counter.
    package var isChallengeRandom: Bool {
        !secureChannels.isEmpty && secureChannels.allSatisfy { !$0.isChallengePseudoRandom }
    }
}

/// Selects the issuer domain and asks it for everything it tells without a session: two orders.
package struct IdentifyCard: Procedure {
    private enum State {
        case start
        case selecting
        case trying(candidates: [AID])
        case reading
    }

    /// Issuer domains of common cards, for those that select nothing by default.
    package static let candidates: [AID] = [
        [0xA0, 0, 0, 0x01, 0x51, 0, 0, 0], [0xA0, 0, 0, 0, 0x03, 0, 0, 0],
        [0xA0, 0, 0, 0x00, 0x18, 0x43, 0x4D, 0],
        [0xA0, 0, 0, 0x01, 0x51, 0, 0],
    ].compactMap { try? AID($0) }

    private static let questions: [BERTag] = [
        .cardProductionLifeCycle, .issuerIdentificationNumber, .cardImageNumber, .cardRecognitionTemplate,
        .cardCapabilityInformation, .keyInformationTemplate, .sequenceCounter, .extendedCardResources,
        .applicationList,
    ]

    private let named: AID?
    private var state = State.start
    private var identity = CardIdentity()

    /// `issuerDomain` is selected by name where it is known, else what the card selects by default.
    package init(issuerDomain: AID? = nil) { named = issuerDomain }

    package mutating func next(
        after answers: [ResponseAPDU]
    ) throws(ProcedureError) -> ProcedureStep<CardIdentity> {
        switch state {
        case .start:
            state = .selecting
            return .send([.select(named)])
        case .selecting:
            guard let answer = answers.first else { throw .unanswered }
            if accept(answer, name: named) { return ask() }
            // 6A87 and 6A82 are what cards answer that have no default or know it by another name.
            guard named == nil, answer.status != 0x6E00 else { throw .refused(.select(named), answer.status) }
            return try tryNext(Self.candidates, last: answer)
        case .trying(let candidates):
            guard let answer = answers.first, let tried = candidates.first else { throw .unanswered }
            if accept(answer, name: tried) { return ask() }
            return try tryNext(Array(candidates.dropFirst()), last: answer)
        case .reading:
            read(answers)
            return .done(identity)
        }
    }

    private mutating func tryNext(
        _ candidates: [AID], last answer: ResponseAPDU
    ) throws(ProcedureError) -> ProcedureStep<CardIdentity> {
        guard let next = candidates.first else { throw .refused(.select(nil), answer.status) }
        state = .trying(candidates: candidates)
        return .send([.select(next)])
    }

    private mutating func accept(_ answer: ResponseAPDU, name: AID?) -> Bool {
        // 6283: selected, but the issuer domain is locked (GPCS 2.3.1 table 11-83).
        guard answer.status.isSuccess || answer.status == 0x6283 else { return false }
        identity.isLocked = answer.status == 0x6283
        identity.fileControl = try? FileControlInformation(answer.data)
        // An AID that was asked for by name is known better than the one in the answer, which can be wrong.
        identity.issuerDomain = name ?? identity.fileControl?.name.flatMap { try? AID($0) }
        return true
    }

    private mutating func ask() -> ProcedureStep<CardIdentity> {
        state = .reading
        return .send(Self.questions.map { .getData($0) })
    }

    /// What a card does not tell is simply not known: none of these answers is needed to go on.
    private mutating func read(_ answers: [ResponseAPDU]) {
        func answer(_ tag: BERTag) -> [UInt8]? {
            Self.questions.firstIndex(of: tag).flatMap { answers.successData(at: $0) }
        }
        func value(_ tag: BERTag) -> [UInt8]? {
            answer(tag).map { data in
                guard let object = try? BERTLV.readOne(data), object.tag == tag else { return data }
                return Array(object.value)
            }
        }
        identity.productionLifeCycle = answer(.cardProductionLifeCycle).flatMap {
            CardProductionLifeCycle($0)
        }
        identity.issuerIdentificationNumber = value(.issuerIdentificationNumber)
        identity.cardImageNumber = value(.cardImageNumber)
        identity.recognition = answer(.cardRecognitionTemplate).flatMap { try? RecognitionData($0) }
        identity.capabilities = answer(.cardCapabilityInformation).flatMap {
            try? CardCapabilityInformation($0)
        }
        identity.keys = answer(.keyInformationTemplate).flatMap { try? KeyTemplate.read($0) } ?? []
        identity.sequenceCounter = value(.sequenceCounter)
        identity.resources = value(.extendedCardResources).flatMap { try? CardResources(value: $0) }
        identity.applications = answer(.applicationList).flatMap { try? Self.applications($0) }
    }

    private static func applications(_ data: [UInt8]) throws(TLVError) -> [AID] {
        var aids: [AID] = []
        for template in try BERTLV.readAll(data) where template.tag == 0x61 {
            if let aid = try? AID(template.children().value(.aid)) { aids.append(aid) }
        }
        return aids
    }
}
