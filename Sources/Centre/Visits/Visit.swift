package import CardCrypto
internal import CardManagement
internal import GlobalPlatform
package import SmartCard

/// One visit of a card at a terminal: from the first order to the last, over one secure channel.
///
/// It is kept in memory only and can be lost at any time; the next one asks the card what is true. A report is taken
/// on a
/// copy, and the copy counts only when what it caused is durable.
package struct Visit {
    package enum Reply {
        case order(Order)
        /// Nothing more to do; why, in words.
        case over(Ending)
    }

    package enum Ending: Hashable, Sendable {
        /// All that can be done now is done.
        case finished
        /// It broke off; the next visit goes on.
        case interrupted(Reason)
        /// This is not the card it was said to be, or it must not be served; a person looks at it.
        case stopped(Reason)
    }

    /// What a visit needs from around it; lent for one report.
    package struct Surroundings {
        package let vault: any KeyVault
        package let materials: any Materials
        package let entropy: any EntropySource
        package let flaws: Flaws

        package init(
            vault: any KeyVault, materials: any Materials, entropy: any EntropySource, flaws: Flaws = []
        ) {
            self.vault = vault
            self.materials = materials
            self.entropy = entropy
            self.flaws = flaws
        }
    }

    enum Phase: Hashable {
        case opening
        case surveying
        case working
        case over
    }

    /// No visit needs more orders; one that does goes round in circles.
    package static let ordersMax = 64

    package let id: [UInt8]
    package let cardID: CardID
    /// "i" of the card's secure channel, by its profile or recognition data.
    let channelOptions: UInt8
    package private(set) var number = 0
    var phase = Phase.opening
    var dialogue = Dialogue()
    /// What the outstanding order asked, in the order of its commands.
    var asked: [Ask] = []
    /// Commands as they were before they were protected: sealed answers are checked with them.
    var askedData: [[UInt8]] = []
    /// A registry that comes in pages, and the questions for the next.
    var reading: ReadContents?
    var pages: [CommandAPDU] = []
    var sight = Sight()
    /// How often a stay that nobody wants was set right in this visit.
    var houseAttempts: [CustodyKey: Int] = [:]
    /// An operation goes on in another way, about which the card has yet to be asked.
    var isSurveyDue = false
    /// The operation that the card was asked about last.
    var surveyed: RequestID?
    /// How often this visit tried to bring an upgrade to its end that nobody wants.
    var upgradeAttempts = 0
    /// Versions of code that upgrades are about, by the digest of its load file.
    var codeVersions: [HexBytes: [UInt8]] = [:]
    /// How often an instance was to be made anew, because it was told only a part of what it is to be told.
    var madeAnew: [AID: Int] = [:]
    /// Whether this visit made the list of applications prove something, or cleared up after another.
    var hasCalledWitness = false
    /// What PUT KEY must be answered with.
    var expectedKeys: KeyDelivery?
    /// This session is opened with keys that are not the card's yet.
    var isProvingKeys = false
    /// Whether keys that the card may have taken were tried in this visit.
    var hasTriedPendingKeys = false
    var sealKeys: ParkingSealKeys?
    /// Who else could be in the card's place while its answers are awaited that open the session.
    var keyHolder = KeyHolder.anyCard
    /// What a session that was computed ahead began with.
    var computedWish: Handshake.Wish?
    /// The counter that the card showed in place of the one a session was computed for.
    var unexpectedCounter: UInt32?

    package init(id: [UInt8], card: CardID, channelOptions: UInt8) {
        self.id = id
        cardID = card
        self.channelOptions = channelOptions
    }
}

/// What was seen of the card in this visit.
struct Sight {
    var contents: CardContents?
    /// Whether the list of applications came with a checked answer: only then its silence means absence.
    var isListProven = false
    /// Whether the list of code can be what the card said.
    var isFileListCredible = true
    /// The list shows the domain that was made to prove it.
    var hasWitness = false
    /// The last word of each instance that speaks the contract, in this visit.
    var parking: [AID: ParkingStatus] = [:]
    /// Instances that the domain does not know, or that do not speak.
    var silent: Set<AID> = []
    var pieces: [AID: [UInt8]] = [:]
    /// FREEZE was sent ahead to these, and its answer proves nothing, or has not come.
    var unheard: Set<AID> = []
    var free: Room?
    /// DELETE of these succeeded, with a checked answer, since the registry was read.
    var deleted: Set<AID> = []
    /// Steps whose own commands all succeeded in the last order.
    var succeeded: Set<Int> = []
    var refused: [Int: Reason] = [:]
    /// Why these instances stand where they were to be cleared away.
    var notCleared: [AID: Reason] = [:]
    /// Where an upgrade of code stands; `nil` where the card did not say.
    var upgrade: ELFUpgradeStatus?
    /// Versions of the key sets that the card says it has.
    var keyVersions: Set<UInt8>?
    /// Something that no program may resolve: a second copy of data that are in the vault.
    var contradiction: Contradiction?
    /// The card took the keys and showed their check values.
    var keysTaken = false
}

extension Visit {
    /// The first order: in clear up to the card's challenge, or, where that is known, everything up to the survey.
    /// - Parameter greeted: a challenge of the centre's that is good for one session, and what the card said to it.
    package mutating func begin(
        _ file: inout CaseFile, _ around: Surroundings,
        greeted: (challenge: [UInt8], answers: [ResponseAPDU])? = nil
    ) -> Reply {
        guard phase == .opening, number == 0 else {
            return end(.interrupted(Reason(.reportLate, text: "The visit had begun already.")))
        }
        if let greeted, let reply = goOn(from: greeted.answers, to: greeted.challenge, &file, around) {
            return reply
        }
        return open(with: file.card.keySet, &file, around)
    }

    mutating func open(
        with keySet: Card.KeySet, _ file: inout CaseFile, _ around: Surroundings
    ) -> Reply {
        do {
            phase = .opening
            dialogue = Dialogue(flaws: around.flaws)
            let wish = handshakeWish(keySet, file, challenge: around.entropy.bytes(8))
            var commands = [CommandAPDU.select(file.card.issuerDomain)]
            asked = [.select]
            // A card that may have other keys by now counts a try with those it had.
            let isCertain = !isProvingKeys && file.operation?.pendingKeys == nil
            if isCertain, keySet.isChallengePredictable, keySet.nextSequenceCounter != nil {
                let computed = try around.vault.precomputedSession(
                    wish, with: keySet, options: channelOptions, application: file.card.issuerDomain)
                commands += dialogue.open(computed)
                computedWish = wish
                keyHolder = file.card.keyHolder(
                    derivedFrom: try around.vault.derivationData(of: keySet))
                // Whether the counter is spent nobody knows until the card answers: guessing again would cost a try.
                if !around.flaws.contains(.reusesSequenceCounter) {
                    file.card.keySet.nextSequenceCounter = nil
                }
                if around.flaws.contains(.forgetsLeastCounter) {
                    file.card.keySet.leastSequenceCounter = nil
                }
                sealKeys = needsSeals ? ParkingSealKeys(entropy: around.entropy) : nil
                phase = .surveying
                let draft = surveyDraft(&file)
                return send(commands, draft)
            }
            for tag in Self.identityTags {
                commands.append(.getData(tag))
                asked.append(.identity(tag))
            }
            commands.append(try dialogue.open(try around.vault.handshake(wish, with: keySet)))
            asked.append(.initializeUpdate)
            return send(commands, OrderDraft())
        } catch {
            return end(
                .stopped(
                    Reason(.keysNotAtHand, text: "The keys of the card are not at hand: \(error).")))
        }
    }

    /// Takes the answers to the last order and gives the next. `file` is changed by what the answers prove.
    package mutating func received(
        _ report: Report, _ file: inout CaseFile, _ around: Surroundings
    ) -> Reply {
        guard report.visit == id, phase != .over,
            report.number == number || around.flaws.contains(.takesOldReports)
        else { return .over(.interrupted(.reportLate)) }
        guard number < Self.ordersMax else {
            return end(
                .interrupted(Reason(.cardEndless, text: "The card keeps the centre busy without end.")))
        }
        switch phase {
        case .opening: return takeOpening(report.answers, &file, around)
        case .surveying: return takeSurvey(report.answers, &file, around)
        case .working: return takeWork(report.answers, &file, around)
        case .over: return end(.finished)
        }
    }

    mutating func end(_ ending: Ending) -> Reply {
        phase = .over
        dialogue.close()
        return .over(ending)
    }

    /// Puts plain commands in front and secures the draft behind them.
    mutating func send(_ plain: [CommandAPDU], _ draft: OrderDraft) -> Reply {
        do {
            var commands = plain
            var stretches = [Order.Stretch(step: nil, bytes: Self.bytes(plain))]
            askedData = []
            for ((ask, command), step) in zip(draft.items, draft.steps) {
                let sent = try dialogue.secure(command)
                commands += sent
                if stretches[stretches.count - 1].step != step {
                    stretches.append(.init(step: step, bytes: 0))
                }
                stretches[stretches.count - 1].bytes += Self.bytes(sent)
                asked.append(ask)
                askedData.append(command.data)
            }
            number += 1
            return .order(Order(visit: id, number: number, commands: commands, stretches: stretches))
        } catch {
            return end(
                .interrupted(Reason(.channelFailed, text: "The secure channel ended: \(error).")))
        }
    }
}

// MARK: - Opening

extension Visit {
    private static func bytes(_ commands: [CommandAPDU]) -> Int { commands.reduce(0) { $0 + $1.bytes.count } }
}

extension Visit {
    /// What names a card: in clear to notice a wrong card early, and again under the session to believe it.
    static let identityTags: [BERTag] = [
        .issuerIdentificationNumber, .cardImageNumber, .cardProductionLifeCycle,
    ]

    func handshakeWish(
        _ keySet: Card.KeySet, _ file: CaseFile, challenge: [UInt8]
    ) -> Handshake.Wish {
        Handshake.Wish(
            hostChallenge: challenge, level: level(keySet.channel),
            keyVersion: keySet.version, scp02Options: SCP02Options(rawValue: channelOptions),
            application: file.card.issuerDomain)
    }

    /// The highest level that the card has.
    private func level(_ channel: Card.KeySet.Channel) -> SecurityLevel {
        let full: SecurityLevel = [.commandMAC, .commandEncryption]
        switch channel {
        case .scp02:
            return SCP02Options(rawValue: channelOptions).hasResponseMAC ? full.union(.responseMAC) : full
        case .scp03:
            let options = SCP03Options(rawValue: channelOptions)
            guard options.hasResponseMAC else { return full }
            return options.hasResponseEncryption
                ? full.union([.responseMAC, .responseEncryption]) : full.union(.responseMAC)
        }
    }

    /// Answers of the contract need secrecy: by the channel, or by a seal.
    var needsSeals: Bool { dialogue.session.map { !$0.level.contains(.responseEncryption) } ?? true }
    /// Whether answers carry a MAC. Where the card has none to give, only sealed answers prove anything.
    var isAnswerProven: Bool { dialogue.session?.level.contains(.responseMAC) ?? false }
    /// The registry as believable as this card can make it.
    var isRegistryCredible: Bool {
        guard let session = dialogue.session else { return false }
        return session.level.contains(.responseMAC) || !isResponseProofOffered(session.peer.secureChannel)
    }

    private func isResponseProofOffered(_ channel: SecureChannelProtocol) -> Bool {
        channel.version == .scp02
            ? SCP02Options(rawValue: channelOptions).hasResponseMAC
            : SCP03Options(rawValue: channelOptions).hasResponseMAC
    }

    private mutating func takeOpening(
        _ answers: [ResponseAPDU], _ file: inout CaseFile, _ around: Surroundings
    ) -> Reply {
        guard answers.count == asked.count, let challenge = answers.last else {
            return end(
                .interrupted(Reason(.cardGone, text: "The card was gone before its challenge came.")))
        }
        guard answers[0].status.isSuccess || answers[0].status == 0x6283 else {
            return end(
                .stopped(
                    Reason(
                        .domainUnknown, about: "\(answers[0].status)",
                        text: "The card does not know its issuer domain: \(answers[0].status).")))
        }
        if let seen = Self.identity(asked, answers), seen != cardID, !around.flaws.contains(.ignoresIdentity)
        {
            return end(
                .stopped(
                    Reason(
                        .anotherCard, about: "\(seen)",
                        text: "Another card is in the reader: \(seen) instead of \(cardID).")))
        }
        do {
            return survey(behind: try dialogue.proceed(challenge), &file, around)
        } catch {
            if case .handshake(.initializationRefused) = error, isProvingKeys {
                return goBackToOldKeys(&file, around)
            }
            // A card that took new keys may have dropped the old ones with the same command. It says so, or, asked for
            // whichever it has, shows the new ones.
            if file.operation?.pendingKeys != nil, !hasTriedPendingKeys, error.tellsOtherKeys {
                return restart(&file, around)
            }
            return end(Self.ending(of: error))
        }
    }

    /// The card has proved its keys: what opens the session, and every question behind it.
    mutating func survey(
        behind authenticate: CommandAPDU, _ file: inout CaseFile, _ around: Surroundings
    ) -> Reply {
        if let problem = takeCounter(&file, around) { return end(.stopped(problem)) }
        sealKeys = needsSeals ? ParkingSealKeys(entropy: around.entropy) : nil
        asked = []
        phase = .surveying
        let draft = surveyDraft(&file)
        return send([authenticate], draft)
    }

    /// A counter that went back is a copy of the card, or a card put back to an older state.
    private func takeCounter(_ file: inout CaseFile, _ around: Surroundings) -> Reason? {
        guard !isProvingKeys, let counter = dialogue.provenCounter else { return nil }
        let shown = min(counter, unexpectedCounter ?? counter)
        if let least = file.card.keySet.leastSequenceCounter, shown < least,
            !around.flaws.contains(.ignoresCounter)
        {
            let problem = Self.counterWentBack(from: least, to: shown)
            file.card.life = .blocked(reason: problem)
            return Reason(.cardCopied, text: problem)
        }
        // SCP03 counts with INITIALIZE UPDATE (§6.2.2.1), SCP02 with EXTERNAL AUTHENTICATE (GPCS 2.3.1 §E.1.2).
        keepCounter(file.card.keySet.channel == .scp02 ? counter : counter + 1, &file)
        return nil
    }

    /// A session that was computed ahead met another counter than it was computed for: the card is asked for it, and
    /// for its name. What it showed counts once it has named itself: another one with the same keys may be in its
    /// place.
    mutating func counterDiffers(
        _ answer: ResponseAPDU?, _ file: inout CaseFile, _ around: Surroundings
    ) -> Reply {
        if let answer, let computedWish {
            var proof = Dialogue()
            if (try? proof.open(around.vault.handshake(computedWish, with: file.card.keySet))) != nil,
                (try? proof.proceed(answer)) != nil
            {
                unexpectedCounter = proof.provenCounter
            }
        }
        file.card.keySet.nextSequenceCounter = nil
        sight = Sight()
        return open(with: file.card.keySet, &file, around)
    }

    func keepCounter(_ next: UInt32, _ file: inout CaseFile) {
        file.card.keySet.nextSequenceCounter = next
        file.card.keySet.leastSequenceCounter = max(next, file.card.keySet.leastSequenceCounter ?? 0)
        // SCP03 vouches for its counter only by a challenge that was made from it (§6.2.2.1): the next one can be
        // computed, and saves a round trip from then on.
        if file.card.keySet.channel == .scp03 { file.card.keySet.isChallengePredictable = true }
    }

    static func ending(of failure: DialogueFailure) -> Ending {
        switch failure {
        case .interrupted:
            .interrupted(Reason(.cardGone, text: "The card was gone before all answers came."))
        case .messaging(let error):
            .interrupted(
                Reason(.answersForged, text: "An answer was not protected as it must be: \(error)."))
        case .handshake(.cardCryptogramMismatch):
            .stopped(
                Reason(
                    .keysDiffer, text: "The card does not have the keys it should have. No attempt was spent."
                ))
        case .handshake(let failure) where failure.isCountedByCard:
            .stopped(Reason(.keysRefused, text: "The card refused the keys, and counted it: \(failure)."))
        case .handshake(let failure):
            .interrupted(Reason(.channelFailed, text: "The secure channel did not open: \(failure)."))
        }
    }

    /// The card's name out of the answers to `identity`; `nil` where it tells none of them.
    static func identity(_ asked: [Ask], _ answers: [ResponseAPDU]) -> CardID? {
        var identity = CardIdentity()
        for (ask, answer) in zip(asked, answers) {
            guard case .identity(let tag) = ask, answer.status.isSuccess else { continue }
            let object = try? BERTLV.readOne(answer.data)
            let value = object?.tag == tag ? Array(object?.value ?? []) : answer.data
            switch tag {
            case .issuerIdentificationNumber: identity.issuerIdentificationNumber = value
            case .cardImageNumber: identity.cardImageNumber = value
            default: identity.productionLifeCycle = CardProductionLifeCycle(answer.data)
            }
        }
        return identity.cardID.flatMap { try? CardID($0) }
    }
}

extension DialogueFailure {
    /// The card has not the keys that were asked for, and counted no try.
    fileprivate var tellsOtherKeys: Bool {
        switch self {
        case .handshake(.initializationRefused), .handshake(.cardCryptogramMismatch),
            .handshake(.otherKeyVersion):
            true
        case .handshake, .messaging, .interrupted: false
        }
    }
}
