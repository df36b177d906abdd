internal import SmartCard

extension DriftFinding: Record {
    package static let table = Table(
        "drift_findings", key: [.text("card"), .integer("number")],
        [
            .text("kind"), .bytes("aid").optional, .text("application").optional, .text("version").optional,
            .integer("nv").optional, .integer("v").optional, .integer("found_at"), .text("words"),
        ])

    package var row: [StoredValue] {
        let columns: [[StoredValue]] = [
            [.word(card), .count(number), .text(kind.word), .aid(aid)], StoredValue.release(kind.release),
            StoredValue.room(kind.room), [.instant(foundAt), .text(words)],
        ]
        return columns.flatMap { $0 }
    }

    package init(row: inout RowReader) throws(RowError) {
        let card: CardID = try row.identifier()
        let number = try row.count()
        let word = try row.text()
        let aid = try row.optionalAID()
        let release = try row.optionalRelease()
        let room = try row.optionalRoom()
        guard let kind = Kind(word: word, release: release, room: room), (aid == nil) == (room != nil) else {
            throw row.failure("does not go with the finding '\(word)'")
        }
        self.init(
            card: card, number: number, kind: kind, aid: aid, foundAt: try row.instant(),
            words: try row.text())
    }
}

extension DriftFinding.Kind {
    package var word: String {
        switch self {
        case .applicationAppeared: "application-appeared"
        case .applicationVanished: "application-vanished"
        case .applicationChanged: "application-changed"
        case .loadFileAppeared: "load-file-appeared"
        case .loadFileVanished: "load-file-vanished"
        case .loadFileChanged: "load-file-changed"
        case .roomChanged: "room-changed"
        case .roomPromisedTwice: "room-promised-twice"
        }
    }

    fileprivate var release: ReleaseID? {
        if case .applicationVanished(let release) = self { release } else { nil }
    }

    fileprivate var room: Room? {
        switch self {
        case .roomChanged(let room), .roomPromisedTwice(let room): room
        case .applicationAppeared, .applicationVanished, .applicationChanged, .loadFileAppeared,
            .loadFileVanished, .loadFileChanged:
            nil
        }
    }

    fileprivate init?(word: String, release: ReleaseID?, room: Room?) {
        switch (word, release, room) {
        case ("application-appeared", nil, nil): self = .applicationAppeared
        case ("application-vanished", _, nil): self = .applicationVanished(release)
        case ("application-changed", nil, nil): self = .applicationChanged
        case ("load-file-appeared", nil, nil): self = .loadFileAppeared
        case ("load-file-vanished", nil, nil): self = .loadFileVanished
        case ("load-file-changed", nil, nil): self = .loadFileChanged
        case ("room-changed", nil, let room?): self = .roomChanged(room)
        case ("room-promised-twice", nil, let room?): self = .roomPromisedTwice(room)
        default: return nil
        }
    }
}
