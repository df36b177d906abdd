internal import Arguments
internal import CardManagement

/// A habit of some cards that the text does not allow, and that only whoever has the card can know.
enum CardQuirk: CaseIterable {
    case uncountedEmpty

    var name: String {
        switch self {
        case .uncountedEmpty: "uncounted-empty"
        }
    }

    var summary: String {
        switch self {
        case .uncountedEmpty: "SCP03: commands without data are not counted"
        }
    }
}

extension [CardQuirk] {
    var channelQuirks: ChannelQuirks {
        ChannelQuirks(isEmptyCommandUncounted: contains(.uncountedEmpty))
    }
}

extension ArgumentValue where Value == CardQuirk {
    static let quirk: Self = .choice("QUIRK", CardQuirk.allCases.map { ($0.name, $0, $0.summary) })
}
