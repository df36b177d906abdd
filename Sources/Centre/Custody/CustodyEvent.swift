package import CardManagement
internal import GlobalPlatform
package import SmartCard

/// What a card shows of one instance, after the protection of its answer was verified.
package enum InstanceEvidence: Hashable, Sendable {
    /// It speaks the parking contract and said this.
    case status(ParkingStatus)
    /// It is in the registry; whether it has its data, the registry does not tell.
    case installed
    /// The release's personalisation was carried out on it to its last command.
    case personalised
    /// The registry was read to its end and has no such instance.
    case absent
}

/// What happens to a stay in custody.
package enum CustodyEvent: Hashable, Sendable {
    /// The image is in the vault, and in the same transaction it was read back: its digest as computed by the centre.
    case imageKept(digest: [UInt8], byteCount: Int)
    /// The card is about to be told to give up its copy.
    case surrenderIntended
    /// The card it left shows that it gave up its copy.
    case surrendered(InstanceEvidence)
    /// The card it was to leave shows that it has gone on: its copy is the live one again.
    case thawed(InstanceEvidence)
    /// This card, and no other, is about to get it.
    case returnIntended(to: CardID)
    /// The card shows that it has the live copy.
    case committed(InstanceEvidence, on: CardID)
    /// The card that was to get it shows that it has nothing of it.
    case returnAbandoned(InstanceEvidence, on: CardID)
    /// A person says that this card is lost, and what is left on it is never thawed.
    case cardLost(CardID, reason: String)
    /// The command that was to freeze it never arrived, and cannot any more.
    case neverFrozen
    /// What was frozen does not stand on its card any more: it was removed there for good, or other data have its name.
    case removed
    /// A person gives up the vault's copy.
    case dismissed(reason: String)
}

/// What a stay needs to begin with, beside the card's own words.
package struct CustodyOpening: Hashable, Sendable {
    package var card: CardID
    package var aid: AID
    package var ordinal: Int
    package var release: ReleaseID
    package var provider: ProviderID
    package var holder: HolderNumber?
    package var parking: Release.Parking
    package var room: Room

    package init(
        card: CardID, aid: AID, ordinal: Int, release: ReleaseID, provider: ProviderID,
        holder: HolderNumber? = nil, parking: Release.Parking, room: Room
    ) {
        self.card = card
        self.aid = aid
        self.ordinal = ordinal
        self.release = release
        self.provider = provider
        self.holder = holder
        self.parking = parking
        self.room = room
    }
}

extension Custody {
    /// A stay begins: the card said, in a verified answer, that the instance is frozen.
    package static func open(
        _ opening: CustodyOpening, frozen status: ParkingStatus, at now: Instant
    ) throws(CustodyRefusal) -> Custody {
        guard case .contract = opening.parking else { throw .notParked(opening.parking) }
        guard status.state == .frozen else { throw .notFrozen(status.state) }
        let image = status.image
        guard (1...Bounds.parkedImageBytesMax).contains(image.byteCount) else {
            throw .imageTooLong(byteCount: image.byteCount)
        }
        return Custody(
            card: opening.card, aid: opening.aid, ordinal: opening.ordinal, release: opening.release,
            provider: opening.provider, holder: opening.holder, parking: opening.parking, state: .frozen,
            generation: image.generation, lineage: image.lineage, format: image.format,
            imageBytes: image.byteCount, digest: image.digest, room: opening.room, openedAt: now)
    }

    /// A stay without data begins: what the application needs to come back is known beforehand.
    package static func open(
        withoutData opening: CustodyOpening, at now: Instant
    ) throws(CustodyRefusal) -> Custody {
        switch opening.parking {
        case .stateless, .rePersonalised: break
        case .contract, .never: throw .notParked(opening.parking)
        }
        return Custody(
            card: opening.card, aid: opening.aid, ordinal: opening.ordinal, release: opening.release,
            provider: opening.provider, holder: opening.holder, parking: opening.parking,
            state: .provisional, room: opening.room, openedAt: now)
    }

    /// A stay that can still change: the instance's next one must wait for its end.
    package var isOpen: Bool {
        switch state {
        case .frozen, .provisional, .surrendering, .held, .returning: true
        case .returned, .discarded: false
        }
    }

    /// The image as the parking contract names it.
    package var image: ParkingImage {
        ParkingImage(
            generation: generation, lineage: lineage, format: format, byteCount: imageBytes, digest: digest)
    }

    /// Whether the vault may hold bytes of it.
    package var hasImage: Bool { parking == .contract }
}
