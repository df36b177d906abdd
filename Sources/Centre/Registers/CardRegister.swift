package import CardManagement
internal import GlobalPlatform
package import SmartCard

/// A card that is to be registered: what it said of itself, and what only its owner can say.
package struct CardRegistration: Hashable, Sendable {
    package var identity: CardIdentity
    package var profile: ProfileName
    package var keySet: Card.KeySet
    /// Where the card has no name of its own, or not one that tells it from others.
    package var name: CardID?
    package var expiry: CalendarDay?

    package init(
        identity: CardIdentity, profile: ProfileName, keySet: Card.KeySet, name: CardID? = nil,
        expiry: CalendarDay? = nil
    ) {
        self.identity = identity
        self.profile = profile
        self.keySet = keySet
        self.name = name
        self.expiry = expiry
    }

    /// The name by which it will be known.
    package func cardID() throws(CardRefusal) -> CardID {
        if let name { return name }
        guard let text = identity.cardID else { throw .nameless }
        guard let id = try? CardID(text) else { throw .unusableName(text) }
        return id
    }

    /// For `Act.once`.
    package var canonicalBytes: CanonicalBytes {
        var bytes = CanonicalBytes()
        bytes.append("register card")
        bytes.append(name?.text ?? identity.cardID)
        bytes.append(profile.text)
        bytes.append(keySet.masterKey.text)
        bytes.append(Int64(keySet.version))
        bytes.append(keySet.channel.word)
        bytes.append(keySet.diversificationData)
        bytes.append(Int64(expiry?.daysSinceEpoch ?? -1))
        return bytes
    }

    func check() throws(CardRefusal) {
        guard identity.issuerDomain != nil else { throw .issuerDomainUnknown }
        // What a card does not tell cannot contradict.
        let offered = identity.secureChannels.map(\.version)
        guard offered.isEmpty || offered.contains(keySet.channel.version) else {
            throw .channelNotOffered(keySet.channel, offered: offered)
        }
        let versions = Set(identity.keys.map(\.version)).sorted()
        // Version FF is what factory keys are called on some cards, 00 asks for whatever comes first.
        guard versions.isEmpty || versions.contains(keySet.version) || keySet.version == 0 else {
            throw .keyVersionNotOnCard(keySet.version, versions: versions)
        }
    }
}

/// What registering answers: the card's name, also when the request comes twice.
package struct RegisteredCard: KeptAnswer, Hashable {
    package let id: CardID

    package init(id: CardID) { self.id = id }

    package var keptBytes: [UInt8] { Array(id.text.utf8) }
    package init?(keptBytes: [UInt8]) {
        guard let id = try? CardID(String(decoding: keptBytes, as: UTF8.self)) else { return nil }
        self.id = id
    }
}

// MARK: The register of cards (row B2)

extension Act {
    /// A request that is repeated gets the same answer; another request for the same card is refused.
    package func registerCard(_ registration: CardRegistration) throws -> RegisteredCard {
        try once(registration.canonicalBytes) {
            try requireOperator(to: "register a card")
            if let expiry = registration.expiry, expiry < now.day { throw CardRefusal.expiryPassed(expiry) }
            return try registerKnownCard(registration)
        }
    }

    /// A card that another register had: its last day may be over.
    package func registerKnownCard(_ registration: CardRegistration) throws -> RegisteredCard {
        try requireOperator(to: "register a card")
        let id = try registration.cardID()
        try registration.check()
        guard let issuerDomain = registration.identity.issuerDomain else {
            throw CardRefusal.issuerDomainUnknown
        }
        let serial = registration.identity.productionLifeCycle?.serial
        if let known = try transaction.lock(Card.self, key: .word(id)) {
            if let one = known.serial, let other = serial, one != other {
                throw CardRefusal.otherCardWithID(id, known: one, seen: other)
            }
            throw CardRefusal.alreadyRegistered(id, at: known.registeredAt)
        }
        var card = Card(
            id: id, profile: registration.profile, issuerDomain: issuerDomain, keySet: registration.keySet,
            expiry: registration.expiry, issueNumber: 0, registeredAt: now, serial: serial)
        note(
            Note(
                "card.registered", .card(id),
                facts: [.name("profile", card.profile), .name("master-key", card.keySet.masterKey)]),
            on: &card)
        transaction.insert(card)
        return RegisteredCard(id: id)
    }

    /// Nothing is done with it until somebody lifts this; what it holds stays as it is.
    package func blockCard(_ id: CardID, reason: String) throws {
        try requireOperator(to: "block a card")
        try Self.check(reason: reason)
        var dossier = try dossier(of: id)
        let earlier = dossier
        switch dossier.card.life {
        case .blocked(reason): return
        case .active, .blocked: dossier.card.life = .blocked(reason: reason)
        case .retired(let why): throw CardRefusal.retired(id, reason: why)
        }
        save(dossier, since: earlier, [Note("card.blocked", .card(id))])
    }

    package func unblockCard(_ id: CardID) throws {
        try requireOperator(to: "lift the block of a card")
        var dossier = try dossier(of: id)
        let earlier = dossier
        switch dossier.card.life {
        case .blocked: dossier.card.life = .active
        case .active: throw CardRefusal.notBlocked(id)
        case .retired(let why): throw CardRefusal.retired(id, reason: why)
        }
        save(dossier, since: earlier, [Note("card.unblocked", .card(id))])
    }

    /// Lost, broken or replaced: it is never served again. What is in custody for it stays in custody.
    package func retireCard(_ id: CardID, reason: String) throws {
        try requireOperator(to: "retire a card")
        try Self.check(reason: reason)
        var dossier = try dossier(of: id)
        let earlier = dossier
        switch dossier.card.life {
        case .retired: return
        case .active, .blocked: dossier.card.life = .retired(reason: reason)
        }
        try giveUp(&dossier.card, reason: reason)
        save(dossier, since: earlier, [Note("card.retired", .card(id))])
    }

    /// The last day on which the card may be used; `nil` for a card that never expires.
    package func setExpiry(of id: CardID, to expiry: CalendarDay?) throws {
        try requireOperator(to: "change when a card expires")
        if let expiry, expiry < now.day { throw CardRefusal.expiryPassed(expiry) }
        var dossier = try dossier(of: id)
        let earlier = dossier
        if case .retired(let why) = dossier.card.life { throw CardRefusal.retired(id, reason: why) }
        guard dossier.card.expiry != expiry else { return }
        dossier.card.expiry = expiry
        let facts: [Fact] = expiry.map { [.instant("expiry", $0.start)] } ?? []
        save(dossier, since: earlier, [Note("card.expiry-changed", .card(id), facts: facts)])
    }

    /// What its owner wants of an application when room is needed.
    package func setStay(of aid: AID, on id: CardID, to stay: InstalledApplication.Stay) throws {
        var dossier = try dossier(of: id)
        let earlier = dossier
        if case .pinned(let reason) = stay {
            try requireOperator(to: "pin an application")
            try Self.check(reason: reason)
        } else if dossier.card.holder.map({ actor != .holder($0) }) ?? true {
            try requireOperator(to: "say what stays on a card")
        }
        guard var application = dossier.application(aid) else {
            throw CardRefusal.applicationUnknown(id, aid)
        }
        guard application.stay != stay else { return }
        application.stay = stay
        dossier.put(application)
        save(dossier, since: earlier, [Note("application.stay-changed", .instance(id, aid))])
    }

    /// Whether the card may be worked on today; an operation asks this before it begins.
    package static func check(_ card: Card, today: CalendarDay) throws(CardRefusal) {
        switch card.life {
        case .active: break
        case .blocked(let reason): throw .blocked(card.id, reason: reason)
        case .retired(let reason): throw .retired(card.id, reason: reason)
        }
        if card.inventory?.lifeCycle == CardLifeCycle.terminated.rawValue { throw .terminated(card.id) }
        if let expiry = card.expiry, expiry < today { throw .expired(card.id, expiry) }
    }

    static func check(reason: String) throws(CardRefusal) {
        if let problem = FreeText.problem(in: reason, bytesMax: Bounds.reasonBytesMax) {
            throw .reason(problem)
        }
    }
}
