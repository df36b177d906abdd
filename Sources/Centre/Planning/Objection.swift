/// What cannot be done, or what should be known first; in words, with what to do about it.
package struct Objection: Hashable, Sendable, Codable {
    package enum Kind: String, Hashable, Sendable, Codable, CaseIterable {
        // Obstacles: the plan cannot be carried out.
        case cardBlocked = "card-blocked"
        case cardDrifts = "card-drifts"
        case inventoryMissing = "inventory-missing"
        case oldCardActive = "old-card-active"
        case applicationUnknown = "application-unknown"
        case releaseUnknown = "release-unknown"
        case releaseNotPublished = "release-not-published"
        case profileUnsuited = "profile-unsuited"
        case serviceStopped = "service-stopped"
        case notInstalled = "not-installed"
        case alreadyInstalled = "already-installed"
        case nameTaken = "name-taken"
        case importMissing = "import-missing"
        case loadFileTooLong = "load-file-too-long"
        case stillNeeded = "still-needed"
        case cannotPark = "cannot-park"
        case notHeld = "not-held"
        case berthMissing = "berth-missing"
        case berthTaken = "berth-taken"
        case berthInUse = "berth-in-use"
        case quotaExceeded = "quota-exceeded"
        case domainNameMissing = "domain-name-missing"
        case wishesContradict = "wishes-contradict"
        case tooManyApplications = "too-many-applications"
        case notEnoughRoom = "not-enough-room"
        // Worth knowing.
        case roomDoubtful = "room-doubtful"
        case dataLost = "data-lost"
        case dataOld = "data-old"
        case alreadySo = "already-so"
        case leftOut = "left-out"

        package var isObstacle: Bool {
            switch self {
            case .roomDoubtful, .dataLost, .dataOld, .alreadySo, .leftOut: false
            case .cardBlocked, .cardDrifts, .inventoryMissing, .oldCardActive, .applicationUnknown,
                .releaseUnknown,
                .releaseNotPublished, .profileUnsuited, .serviceStopped, .notInstalled, .alreadyInstalled,
                .nameTaken, .importMissing, .loadFileTooLong, .stillNeeded, .cannotPark, .notHeld,
                .berthMissing, .berthTaken, .berthInUse, .quotaExceeded, .domainNameMissing,
                .wishesContradict, .tooManyApplications, .notEnoughRoom:
                true
            }
        }
    }

    package var kind: Kind
    /// What it is about: an application, an instance, a provider.
    package var subject: String
    /// What is missing, where it is room.
    package var missing: Room?
    /// What is in the way, as a sentence.
    package var reason: String
    /// What to do about it, as a sentence.
    package var remedy: String

    package init(_ kind: Kind, _ subject: String, missing: Room? = nil, reason: String, remedy: String) {
        self.kind = kind
        self.subject = subject
        self.missing = missing
        self.reason = reason
        self.remedy = remedy
    }

    package var isObstacle: Bool { kind.isObstacle }
}
