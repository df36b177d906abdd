internal import SmartCard
internal import VirtualCard

/// What berth keeps in a card's file beside the card: lines of `key = value`.
struct CardSettings: Equatable {
    /// Cuts the power at a persistent write, counted from 1 each time the file is opened.
    struct Tear: Equatable {
        enum Moment: String, CaseIterable, Sendable {
            case before
            case after
        }

        var moment: Moment
        var write: Int
        /// How many times it still happens.
        var times: Int
    }

    /// Where a card's random bytes come from, when they are to be the same every time.
    var seed: [UInt8]?
    /// How often the card was put to use: with the seed, this gives each use random bytes of its own.
    var openings: UInt64 = 0
    var tear: Tear?
    var keepsLog = true

    init() {}

    /// `nil` when the note is not what this program writes.
    init?(_ note: [UInt8]) {
        for line in String(decoding: note, as: UTF8.self).split(separator: "\n") {
            let words = line.split(separator: " ").map(String.init)
            guard words.count > 2, words[1] == "=" else { return nil }
            switch words[0] {
            case "seed":
                guard let seed = try? Hex.decode(words[2]) else { return nil }
                self.seed = seed
            case "openings":
                guard let openings = UInt64(words[2]) else { return nil }
                self.openings = openings
            case "tear":
                guard words.count == 5, let moment = Tear.Moment(rawValue: words[2]),
                    let write = Int(words[3]), let times = Int(words[4])
                else { return nil }
                tear = Tear(moment: moment, write: write, times: times)
            case "log": keepsLog = words[2] != "no"
            default: return nil
            }
        }
    }

    var note: [UInt8] {
        var lines: [String] = []
        if let seed { lines += ["seed = \(seed.hex)", "openings = \(openings)"] }
        if let tear { lines.append("tear = \(tear.moment.rawValue) \(tear.write) \(tear.times)") }
        if !keepsLog { lines.append("log = no") }
        return Array(lines.map { $0 + "\n" }.joined().utf8)
    }
}

extension VirtualCard {
    /// What berth keeps beside the card.
    func settings() throws(CardFileError) -> CardSettings {
        guard let settings = CardSettings(note) else { throw .damaged }
        return settings
    }

    func keep(_ settings: CardSettings) throws(CardFileError) { try keep(note: settings.note) }
}
