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

    // Byte by byte: these lists are read with every plan and every step.
    private mutating func numbers() throws(RowError) -> [Int] {
        var numbers: [Int] = []
        var text = try text()
        let isList = text.withUTF8 { bytes in
            for word in bytes.split(separator: UInt8(ascii: " ")) {
                guard let number = Self.number(word) else { return false }
                numbers.append(number)
            }
            return numbers.count <= Bounds.footprintSamplesMax
        }
        guard isList else { throw failure("is not a list of samples") }
        return numbers
    }

    /// Of a measurement, which may be less than nothing.
    private static func number(_ word: Slice<UnsafeBufferPointer<UInt8>>) -> Int? {
        let isNegative = word.first == UInt8(ascii: "-")
        let digits = isNegative ? word.dropFirst() : word
        // More digits than any memory has bytes are no measurement.
        guard (1...18).contains(digits.count) else { return nil }
        var number = 0
        for digit in digits {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
            number = number * 10 + Int(digit - UInt8(ascii: "0"))
        }
        return isNegative ? -number : number
    }
}
