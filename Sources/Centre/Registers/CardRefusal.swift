package import GlobalPlatform
package import SmartCard

/// Why the register of cards does not do what was asked.
package enum CardRefusal: Refusal, Hashable {
    case unknown(CardID)
    /// The card tells neither IIN and CIN nor its production data, and nobody named it.
    case nameless
    case unusableName(String)
    case issuerDomainUnknown
    case channelNotOffered(Card.KeySet.Channel, offered: [SecureChannelProtocol.Version])
    case keyVersionNotOnCard(UInt8, versions: [UInt8])
    case alreadyRegistered(CardID, at: Instant)
    case otherCardWithID(CardID, known: [UInt8], seen: [UInt8])
    case terminated(CardID)
    case blocked(CardID, reason: String)
    case retired(CardID, reason: String)
    case notBlocked(CardID)
    case expired(CardID, CalendarDay)
    case expiryPassed(CalendarDay)
    case reason(TextProblem)
    case applicationUnknown(CardID, AID)

    package var code: String {
        switch self {
        case .unknown: "card-unknown"
        case .nameless: "card-nameless"
        case .unusableName: "card-name"
        case .issuerDomainUnknown: "issuer-domain-unknown"
        case .channelNotOffered: "channel-not-offered"
        case .keyVersionNotOnCard: "key-version-not-on-card"
        case .alreadyRegistered: "card-registered"
        case .otherCardWithID: "card-id-taken"
        case .terminated: "card-terminated"
        case .blocked: "card-blocked"
        case .retired: "card-retired"
        case .notBlocked: "card-not-blocked"
        case .expired: "card-expired"
        case .expiryPassed: "expiry-passed"
        case .reason: "reason"
        case .applicationUnknown: "not-installed"
        }
    }

    package var reason: String {
        switch self {
        case .unknown(let id): "Card \(id) is not registered."
        case .nameless:
            "The card tells neither its issuer and image numbers nor its production data: it has no name."
        case .unusableName(let text): "'\(text)' cannot be the name of a card."
        case .issuerDomainUnknown: "The card did not tell the name of its issuer domain."
        case .channelNotOffered(let channel, let offered):
            "The key set is for \(channel.title), and the card offers \(list(offered.map(\.title)))."
        case .keyVersionNotOnCard(let version, let versions):
            "The key set has version \(hex(version)), and the card has \(list(versions.map(hex)))."
        case .alreadyRegistered(let id, let at): "Card \(id) has been registered since \(at)."
        case .otherCardWithID(let id, let known, let seen):
            "Another card is registered as \(id): its chip is \(known.hex), this one's is \(seen.hex)."
        case .terminated(let id): "Card \(id) says that it is terminated; it will never do anything again."
        case .blocked(let id, let why): "Card \(id) is blocked: \(why)"
        case .retired(let id, let why): "Card \(id) is retired: \(why)"
        case .notBlocked(let id): "Card \(id) is not blocked."
        case .expired(let id, let day): "Card \(id) could be used through \(day) only."
        case .expiryPassed(let day): "\(day) is over."
        case .reason(let problem): "The reason \(problem.words)."
        case .applicationUnknown(let id, let aid): "Card \(id) has no application \(aid)."
        }
    }

    package var remedy: String {
        switch self {
        case .unknown: "Register the card first."
        case .nameless: "Give the card's ICCID, or another name that is printed on it."
        case .unusableName: "A card's name is made of upper-case hex digits."
        case .issuerDomainUnknown: "Read the card again and name its issuer domain."
        case .channelNotOffered, .keyVersionNotOnCard: "Choose the key set that is on the card."
        case .alreadyRegistered:
            "Nothing needs to be done; read the register, or give the request its old id."
        case .otherCardWithID:
            "One of the two was personalised with the other's name. Give this one its own IIN and CIN, or register it by another name."
        case .terminated: "Retire it, and take another card."
        case .blocked: "Find out why, and lift the block."
        case .retired: "Take another card: a retired one stays so."
        case .notBlocked: "Nothing needs to be done."
        case .expired: "Issue a new card to its holder."
        case .expiryPassed: "Give today or a later day."
        case .reason: "Give a reason on one line, of at most \(Bounds.reasonBytesMax) bytes."
        case .applicationUnknown: "Read the card again, or check the AID."
        }
    }
}

private func list(_ words: [String]) -> String { words.isEmpty ? "none" : words.joined(separator: ", ") }
private func hex(_ byte: UInt8) -> String { [byte].hex }

extension Card.KeySet.Channel {
    var version: SecureChannelProtocol.Version {
        switch self {
        case .scp02: .scp02
        case .scp03: .scp03
        }
    }
    var title: String { version.title }
}

extension SecureChannelProtocol.Version {
    fileprivate var title: String { "SCP" + [rawValue].hex }
}
