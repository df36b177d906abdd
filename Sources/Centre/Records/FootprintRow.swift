internal import SmartCard

extension Footprint.Part {
    /// As in the key of its row: `load-file/1A2B…`, `instance/purse@1.2/F0…`, `report`.
    package var text: String {
        switch self {
        case .loadFile(let digest): "load-file/\(digest.hex)"
        case .instance(let release, let aid): "instance/\(release)/\(aid)"
        case .report: "report"
        }
    }

    package init?(text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        switch (parts.first, parts.count) {
        case ("load-file", 2):
            guard let digest = try? Hex.decode(parts[1]), digest.count == 32 else { return nil }
            self = .loadFile(digest: digest)
        case ("instance", 3):
            let words = parts[1].split(separator: "@", omittingEmptySubsequences: false).map(String.init)
            guard words.count == 2, let application = try? ApplicationID(words[0]),
                let version = try? ReleaseVersion(words[1]), let aid = try? AID(hex: parts[2])
            else { return nil }
            self = .instance(ReleaseID(application, version), aid)
        case ("report", 1): self = .report
        default: return nil
        }
    }
}

extension Footprint: Record {
    package static let table = Table(
        "footprints", key: [.text("profile"), .text("part")],
        [
            .integer("count"), .integer("refused_count"), .text("samples_nv"), .text("samples_v"),
            .integer("changed_at"),
        ])

    package var row: [StoredValue] {
        [
            .word(profile), .text(part.text), .count(count), .count(refusedCount),
            .text(samples.map { String($0.nonVolatile) }.joined(separator: " ")),
            .text(samples.map { String($0.volatile) }.joined(separator: " ")), .instant(changedAt),
        ]
    }

    package init(row: inout RowReader) throws(RowError) {
        self.init(
            profile: try row.identifier(), part: try row.word(Part.init(text:)), count: try row.count(),
            refusedCount: try row.count(), samples: try row.samples(), changedAt: try row.instant())
    }
}

extension RowReader {
    /// Numbers with a blank between them, in two columns that must have as many.
    fileprivate mutating func samples() throws(RowError) -> [Room] {
        let nonVolatile = try numbers()
        let volatile = try numbers()
        guard nonVolatile.count == volatile.count else { throw failure("has another number of samples") }
        return zip(nonVolatile, volatile).map { Room(nonVolatile: $0, volatile: $1) }
    }

    private mutating func numbers() throws(RowError) -> [Int] {
        let words = try text().split(separator: " ")
        let numbers = words.compactMap { Int($0) }
        guard numbers.count == words.count, numbers.count <= Bounds.footprintSamplesMax else {
            throw failure("is not a list of samples")
        }
        return numbers
    }
}
