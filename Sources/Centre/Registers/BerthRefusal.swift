package import SmartCard

/// Why room is not made ready, used or released as asked.
package enum BerthRefusal: Refusal, Hashable {
    case providerUnknown(ProviderID)
    case providerSuspended(ProviderID, reason: String)
    case none(ProviderID)
    case pending(ProviderID)
    case alreadyReady(ProviderID)
    case releasing(ProviderID)
    case notReady(ProviderID)
    case notReleasing(ProviderID)
    /// Less than nothing, or more than any card has.
    case senseless(Room)
    case quotaBelowReserve(quota: Room, reserved: Room)
    case domainNameMissing
    case domainNameTaken(AID)
    case limit(ProviderID, wanted: Room, limit: Room)
    case cardLimit(ProviderID, max: Int)
    case notEnoughRoom(wanted: Room, free: Room, missing: Room)
    case belowUse(ProviderID, used: Room)
    case inUse(ProviderID, used: Room)
    case notChangeableOnCard(AID)
    case beyondAllowance(ProviderID, wanted: Room, left: Room, missing: Room)
    case notProven(String)
    case privilegesNotGrantable([String])
    case privilegeTaken(String, by: String)
    case channelsShort(wanted: Int, left: Int)
    case serviceName(String)
    case serviceTaken(String, by: ProviderID)
    case libraryMissing(AID)
    case libraryNeeded(AID, by: [ProviderID])
    case tooMany(what: String, max: Int)
    case drifting(String)

    package var code: String {
        switch self {
        case .providerUnknown: "provider-unknown"
        case .providerSuspended: "provider-suspended"
        case .none: "berth-missing"
        case .pending: "berth-pending"
        case .alreadyReady: "berth-ready"
        case .releasing: "berth-releasing"
        case .notReady: "berth-not-ready"
        case .notReleasing: "berth-not-releasing"
        case .senseless: "room-senseless"
        case .quotaBelowReserve: "quota-below-reserve"
        case .domainNameMissing: "domain-name-missing"
        case .domainNameTaken: "domain-name-taken"
        case .limit: "provider-limit"
        case .cardLimit: "provider-card-limit"
        case .notEnoughRoom: "not-enough-room"
        case .belowUse: "reserve-below-use"
        case .inUse: "berth-in-use"
        case .notChangeableOnCard: "berth-not-changeable"
        case .beyondAllowance: "quota-exceeded"
        case .notProven: "not-proven"
        case .privilegesNotGrantable: "privileges-not-grantable"
        case .privilegeTaken: "privilege-taken"
        case .channelsShort: "channels-short"
        case .serviceName: "service-name"
        case .serviceTaken: "service-taken"
        case .libraryMissing: "library-missing"
        case .libraryNeeded: "library-needed"
        case .tooMany: "too-many"
        case .drifting: "card-drifts"
        }
    }
}

// MARK: In words

extension BerthRefusal {
    package var reason: String {
        switch self {
        case .providerUnknown(let id): "There is no provider '\(id)'."
        case .providerSuspended(let id, let why): "Provider '\(id)' is suspended: \(why)"
        case .none(let id): "Provider '\(id)' has no room on this card."
        case .pending(let id): "Room for provider '\(id)' was asked for and is not confirmed yet."
        case .alreadyReady(let id): "Provider '\(id)' has room on this card already."
        case .releasing(let id): "The room of provider '\(id)' is being released."
        case .notReady(let id): "The room of provider '\(id)' is not ready."
        case .notReleasing(let id): "Nobody asked for the room of provider '\(id)' to be released."
        case .senseless(let room):
            "\(room.nonVolatile) and \(room.volatile) bytes are not an amount of memory."
        case .quotaBelowReserve(let quota, let reserved):
            "The quota of \(quota.words) is below the reserve of \(reserved.words) (GPCS 2.3.1 §9.7)."
        case .domainNameMissing: "This card keeps room in a domain, and the domain has no name."
        case .domainNameTaken(let aid): "The card already has something named \(aid)."
        case .limit(let id, let wanted, let limit):
            "Provider '\(id)' may have \(limit.words) per card, and asks for \(wanted.words)."
        case .cardLimit(let id, let max): "Provider '\(id)' has room on \(max) cards, and may have no more."
        case .notEnoughRoom(let wanted, let free, let missing):
            "\(wanted.words) are asked for and \(free.words) are free and nobody's: \(missing.words) are missing."
        case .belowUse(let id, let used): "Provider '\(id)' already uses \(used.words)."
        case .inUse(let id, let used): "Provider '\(id)' still uses \(used.words) of its room."
        case .notChangeableOnCard(let aid):
            "The card keeps the room in domain \(aid), and a domain's reserve cannot be changed."
        case .beyondAllowance(let id, let wanted, let left, let missing):
            "Provider '\(id)' may use \(left.words) more, and this takes \(wanted.words): \(missing.words) too much."
        case .notProven(let what): what
        case .privilegesNotGrantable(let names):
            "No provider of this card may have: \(names.joined(separator: ", "))."
        case .privilegeTaken(let name, let holder):
            "Only one on a card may have \(name), and \(holder) has it (GPCS 2.3.1 §6.6.2)."
        case .channelsShort(let wanted, let left):
            "\(wanted) logical channels are asked for, and \(left) are left to give."
        case .serviceName(let text): "'\(text)' cannot be the name of a service."
        case .serviceTaken(let name, let id):
            "Provider '\(id)' already offers the service '\(name)' on this card."
        case .libraryMissing(let aid): "The card has no load file \(aid)."
        case .libraryNeeded(let aid, let ids):
            "Load file \(aid) is needed by \(ids.map { "'\($0)'" }.joined(separator: ", "))."
        case .tooMany(let what, let max): "At most \(max) \(what) can be had."
        case .drifting(let why): "The card is not as it was left: \(why)"
        }
    }

    package var remedy: String {
        switch self {
        case .providerUnknown: "Register the provider first."
        case .providerSuspended: "Lift the suspension first."
        case .none: "Ask for room first."
        case .pending: "Wait until the card has confirmed, or release the room."
        case .alreadyReady: "Change the room that there is, or release it first."
        case .releasing: "Wait until the card has confirmed, then ask again."
        case .notReady: "Wait until the card has confirmed."
        case .notReleasing: "Ask for its release first."
        case .senseless: "Give bytes between 0 and \(Bounds.roomBytesMax)."
        case .quotaBelowReserve: "Raise the quota, or ask for less."
        case .domainNameMissing: "Name the domain to be made."
        case .domainNameTaken: "Choose another name for the domain."
        case .limit: "Ask for less, or have the provider's limit raised."
        case .cardLimit: "Release room on another card, or have the provider's limit raised."
        case .notEnoughRoom: "Ask for less, or plan what should leave to make room."
        case .belowUse: "Remove applications first, or keep at least that much."
        case .inUse: "Remove or park what is in it first."
        case .notChangeableOnCard: "Release the room and ask for it anew."
        case .beyondAllowance: "Remove something first, or ask for more room."
        case .notProven: "Read the card, and confirm what it shows."
        case .privilegesNotGrantable: "Ask for fewer privileges."
        case .privilegeTaken: "Have it given up first."
        case .channelsShort: "Ask for fewer channels, or have some given back."
        case .serviceName: "Use letters, digits and the signs . _ + - only."
        case .serviceTaken: "Use the service that there is, or offer one of another name."
        case .libraryMissing: "Load it first."
        case .libraryNeeded: "Keep it, or release that room first."
        case .tooMany: "Ask for fewer."
        case .drifting: "Accept what happened, or repair it."
        }
    }
}
