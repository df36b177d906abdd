internal import GlobalPlatform
package import SmartCard

/// How many holders use an application (row C14): counts, and nobody's name.
package struct ApplicationFigures: Hashable, Sendable {
    package let application: ApplicationID
    package let provider: ProviderID
    package let holdersUsing: Int
    /// They used it once, or it was offered to them.
    package let holdersNotUsing: Int
    /// How many stand in the centre's custody now.
    package let inCustody: Int

    package init(
        application: ApplicationID, provider: ProviderID, holdersUsing: Int, holdersNotUsing: Int,
        inCustody: Int
    ) {
        self.application = application
        self.provider = provider
        self.holdersUsing = holdersUsing
        self.holdersNotUsing = holdersNotUsing
        self.inCustody = inCustody
    }
}

extension Act {
    /// Another provider's application is not found.
    package func figures(of id: ApplicationID, for viewer: Viewer) throws -> ApplicationFigures {
        let application = try application(id, for: viewer)
        func flags(_ isUsed: Bool) -> Query {
            Query(UseFlag.table, [.init("application", .word(id)), .init("is_used", .bool(isUsed))])
        }
        let kept = Query(Stay.table, [.init("application", .word(id)), .init("end_month", .null)])
        return ApplicationFigures(
            application: id, provider: application.provider,
            holdersUsing: try transaction.count(flags(true)),
            holdersNotUsing: try transaction.count(flags(false)), inCustody: try transaction.count(kept))
    }

    /// Of every application that this viewer may see, in the order of names; a page at a time.
    package func figures(
        for viewer: Viewer, after: ApplicationID? = nil, limit: Int = 100
    ) throws -> [ApplicationFigures] {
        try applications(for: viewer, after: after, limit: limit).map { try figures(of: $0.id, for: viewer) }
    }

    /// Who uses an application, by user number: for operators, because it says something about persons.
    package func holders(
        using id: ApplicationID, after: HolderNumber? = nil, limit: Int = Query.rowsMax
    ) throws -> [HolderNumber] {
        try requireOperator(to: "see who uses '\(id)'")
        let query = Query(
            UseFlag.table, [.init("application", .word(id)), .init("is_used", .bool(true))],
            after: after.map { [.word($0), .word(id)] }, limit: limit)
        return try transaction.all(UseFlag.self, query).map(\.holder)
    }
}

/// A program of a holder, wherever it lives (row C1).
package struct HolderProgram: Hashable, Sendable {
    package enum Place: Hashable, Sendable {
        case card(CardID)
        /// Parked: it left the card of this stay.
        case custody(StayID)
    }

    /// Whether the centre keeps the same program as the holder has.
    package enum Copy: Hashable, Sendable {
        /// Byte for byte: the load file on the card is the one that the centre sent and still has.
        case same
        /// The centre has the release that it is said to be; somebody else loaded it, and no card gives code back.
        case named
        /// What is on the card is not what the release says.
        case different
        /// The centre has no such program.
        case none
    }

    package let aid: AID
    /// `nil` for what is on the card and has no name in the catalogue.
    package let release: ReleaseID?
    package let place: Place
    package let copy: Copy
    package let isUsed: Bool
}

extension Act {
    /// The programs of a holder: on the card first, then in custody; each in the order of AIDs. A holder sees the own
    /// ones, an operator everybody's.
    package func programs(of number: HolderNumber) throws -> [HolderProgram] {
        if actor != .holder(number) { try requireOperator(to: "see a holder's programs") }
        guard let holder = try transaction.find(Holder.self, key: .word(number)) else {
            throw HolderRefusal.unknown(number)
        }
        let used = Set(try useFlags(of: number).filter(\.isUsed).map(\.application))
        let kept = Query(Stay.table, [.init("holder", .word(number)), .init("end_month", .null)])
        let stays = try transaction.all(Stay.self, kept)
        let custody = try stays.map { stay in
            let release = try transaction.find(
                Custody.self, key: .word(stay.id.card), .aid(stay.id.aid),
                .count(stay.id.ordinal))?.release
            return HolderProgram(
                aid: stay.id.aid, release: release, place: .custody(stay.id),
                copy: try release.flatMap(find) == nil ? .none : .same,
                isUsed: used.contains(stay.application))
        }
        let onCard = try holder.card.map { try programs(on: $0, used: used) } ?? []
        return onCard + custody
    }

    private func programs(on card: CardID, used: Set<ApplicationID>) throws -> [HolderProgram] {
        let key = [StoredValue.word(card)]
        let answers = try transaction.ask([
            Query(InstalledApplication.table, key: key, limit: Bounds.applicationsPerCardMax),
            Query(InstalledLoadFile.table, key: key, limit: Bounds.loadFilesPerCardMax),
        ])
        let applications = try transaction.decode(InstalledApplication.self, answers[0])
            .filter { !$0.privileges.contains(.securityDomain) }
        let loadFiles = Dictionary(
            try transaction.decode(InstalledLoadFile.self, answers[1]).map { ($0.aid, $0) }
        ) { first, _ in first }
        let ids = Set(applications.compactMap(\.release))
        let releases = Dictionary(
            try ids.sorted().compactMap { id in try find(id).map { (id, $0) } }
        ) { first, _ in first }
        return applications.map { application in
            HolderProgram(
                aid: application.aid, release: application.release, place: .card(card),
                copy: Self.copy(
                    of: application, loadFile: application.loadFile.flatMap { loadFiles[$0] },
                    release: application.release.flatMap { releases[$0] }),
                isUsed: application.release.map { used.contains($0.application) } ?? false)
        }
    }

    private static func copy(
        of application: InstalledApplication, loadFile: InstalledLoadFile?, release: Release?
    ) -> HolderProgram.Copy {
        guard let release else { return .none }
        guard let wanted = release.loadFiles.first(where: { $0.aid == application.loadFile }) else {
            return .different
        }
        guard let digest = loadFile?.digest else { return .named }
        return digest == wanted.digest ? .same : .different
    }
}
