/// What kind of world it is, drawn from the seed: which cards, which faults and how often, what people do. A world in
/// which few things go wrong, again and again, gets deeper than one in which everything goes wrong once.
package struct Shape: Sendable {
    package var mood: Mood
    /// Of each card.
    var profiles: [String]
    var kinds: [(kind: Event.Kind, weight: Int)]
    var faults: [FaultKind]
    /// Of 100 visits, how many have faults.
    var faultPercent: Int
    /// Of 100 faults at a command, how many are aimed at an instruction instead of a number.
    var aimPercent: Int
    /// Plans come from the planner and the registers, not from somebody who knows the steps.
    var isPlanned: Bool
    /// Cards have something on them before it begins.
    var hasPrelude: Bool
    /// Cards confirm everything with a signed receipt.
    var hasReceipts: Bool
    /// The centre is mistaken about the keys of the last card.
    var hasWrongKeys: Bool
    /// Of 100 wishes, how many are for what is still on its way somewhere.
    var strangePercent: Int
    /// What people wish for again and again.
    var focus: WishKind?
    /// Providers have room kept for them.
    var hasBerths: Bool
    /// One of the providers has a domain of its own on every card.
    var hasOwnDomain: Bool
    /// The first card is somebody's, who loses it and gets another.
    var hasHolder: Bool
    /// Of 100 visits that broke off, how many are not made up for before the deadline.
    var drawerPercent: Int
    /// How many nodes the centre has.
    var nodeCount: Int
    /// Hours until an operation's deadline: at least two, and up to so many more.
    var deadlineHours: Int
    /// What the catalogue has.
    var assortment = Assortment.plain

    static let profiles = [
        "javacard-80k", "small-16k", "javacard-80k-predictable", "javacard-80k-scp02",
        "javacard-80k-misleading", WorldProfiles.silent, WorldProfiles.tight,
    ]
    /// On these everything that is wished fits.
    static let roomyProfiles = ["javacard-80k", "javacard-80k-predictable", "javacard-80k-scp02"]
    /// On these it fits where the planner says so.
    static let honestProfiles = roomyProfiles + [WorldProfiles.tight]

    /// One that is as plain as can be: for operations that are torn one by one.
    init(plain profiles: [String], _ assortment: Assortment) {
        self.assortment = assortment
        mood = .interruptions
        self.profiles = profiles
        kinds = []
        faults = []
        faultPercent = 0
        aimPercent = 0
        isPlanned = false
        hasPrelude = false
        hasReceipts = false
        hasWrongKeys = false
        strangePercent = 0
        hasBerths = true
        hasOwnDomain = false
        hasHolder = true
        drawerPercent = 0
        nodeCount = 1
        deadlineHours = 1_000
    }

    /// Whether cards are asked for their challenge before their visits.
    private(set) var greets = false
    /// Whether applications are added anew while their data are in custody.
    private(set) var addsBeside = false

    /// - Parameter isPlain: with one release of each application, and nothing else that came later.
    init(seed: UInt64, cardCount: Int, isPlain: Bool = false) {
        var chance = Chance(seed: seed &+ 0x5EED)
        mood = chance.percent(35) ? .interruptions : .malice
        isPlanned = chance.percent(50)
        hasPrelude = chance.percent(75)
        hasReceipts = chance.percent(25)
        hasWrongKeys = mood == .malice && chance.percent(8)
        strangePercent = mood == .malice ? [0, 20, 60][chance.below(3)] : 0
        let hasSecondNode = chance.percent(25)
        let names =
            mood == .malice ? Self.profiles : isPlanned ? Self.honestProfiles : Self.roomyProfiles
        // Cards of one kind can be taken for each other.
        let only = chance.percent(30) ? chance.pick(names) : nil
        var profiles: [String] = []
        for _ in 0..<cardCount { profiles.append(only ?? chance.pick(names) ?? names[0]) }
        self.profiles = profiles
        let possible = mood == .malice ? FaultKind.allCases : FaultKind.interruptions
        let wanted = 1 + chance.below(5)
        faults = chance.percent(25) ? possible : (0..<wanted).compactMap { _ in chance.pick(possible) }
        nodeCount = hasSecondNode || faults.contains(.otherNode) ? 2 : 1
        faultPercent = [25, 50, 75][chance.below(3)]
        aimPercent = [0, 60, 90][chance.below(3)]
        deadlineHours = mood == .interruptions ? 1_000 : [10, 100, 1_000][chance.below(3)]
        focus = chance.percent(50) ? chance.pick(WishKind.focusable) : nil
        // Who works the steps out without the planner does not know of anybody's room.
        hasBerths = isPlanned && (focus == .reserve || chance.percent(50))
        hasOwnDomain = isPlanned && chance.percent(30)
        hasHolder = chance.percent(40)
        drawerPercent = mood == .malice && chance.percent(40) ? 30 : 0
        kinds = Self.kinds(mood, &chance)
        if hasHolder { kinds.append((.renewal, [2, 6][chance.below(2)])) }
        if isPlain { return }
        addVariety(Chance(seed: seed &+ Self.varietySalt))
        // None of these is kept as a world in which something broke.
        greets = [0, 1, 5].contains(seed % 7)
        var besideChance = Chance(seed: seed &+ Self.besideSalt)
        addsBeside = besideChance.percent(20)
    }

    /// What came later has a source of chance of its own: worlds that it is not in stay as they were.
    private static let varietySalt: UInt64 = 0x6607
    private static let besideSalt: UInt64 = 0xBE51DE

    private mutating func addVariety(_ source: Chance) {
        var chance = source
        if chance.percent(40) {
            assortment = .varied
            for index in profiles.indices where chance.percent(60) {
                profiles[index] = WorldProfiles.upgrading
            }
            // Code changes more often, the fewer things else do.
            if chance.percent(40) { focus = .update }
        }
        guard mood == .malice else { return }
        if chance.percent(20) { kinds.append((.denial, [3, 9][chance.below(2)])) }
        if hasBerths, chance.percent(40) { kinds.append((.secondThoughts, [3, 9][chance.below(2)])) }
        if isPlanned, chance.percent(30) { kinds.append((.acceptance, [3, 9][chance.below(2)])) }
    }

    private static func kinds(_ mood: Mood, _ chance: inout Chance) -> [(kind: Event.Kind, weight: Int)] {
        var kinds: [(kind: Event.Kind, weight: Int)] = [(.wish, 24), (.visit, 44), (.use, 10)]
        kinds += some(of: [.repeatedWish, .time, .lateReport, .rivals, .oldPlan], &chance)
        guard mood == .malice else { return kinds }
        return kinds + some(of: [.cancel, .service, .clone, .outsider], &chance)
    }

    /// What is wished for, and how often.
    var wishes: [(kind: WishKind, weight: Int)] {
        WishKind.allCases.map { kind in
            switch kind {
            case .reserve where !hasBerths, .release where !hasBerths: (kind, 0)
            case .remove where mood == .interruptions: (kind, 0)
            default: (kind, kind.weight + (kind == focus ? 24 : 0))
            }
        }
    }

    /// Some not at all, some now and then, some often.
    private static func some(
        of kinds: [Event.Kind], _ chance: inout Chance
    ) -> [(kind: Event.Kind, weight: Int)] {
        kinds.flatMap { kind -> [(kind: Event.Kind, weight: Int)] in
            let weight = [0, 3, 9][chance.below(3)]
            return kind == .clone ? [(.clone, weight), (.cloneVisit, 2 * weight)] : [(kind, weight)]
        }
    }

    func events(_ chance: inout Chance, steps: Int) -> [Event] {
        let total = kinds.reduce(0) { $0 + $1.weight }
        return (0..<steps).map { _ in
            var draw = chance.below(total)
            let kind =
                kinds.first { entry in
                    draw -= entry.weight
                    return draw < 0
                }?.kind ?? .visit
            return Event(kind: kind, card: chance.below(profiles.count), number: chance.next())
        }
    }

    func drawFaults(_ chance: inout Chance) -> [Fault] {
        guard chance.percent(faultPercent) else { return [] }
        let count = chance.percent(20) ? 2 : 1
        return (0..<count).compactMap { _ in chance.pick(faults)?.fault(&chance, self) }
    }
}

extension Shape {
    /// What there is in such a world, by name: for those who look for one that has something.
    package var traits: Set<String> {
        var traits: Set<String> = [mood.rawValue]
        traits.formUnion(faults.map(\.rawValue))
        traits.formUnion(kinds.filter { $0.weight > 0 }.map(\.kind.rawValue))
        traits.insert(isPlanned ? "planned" : "by-hand")
        if hasReceipts { traits.insert("receipts") }
        if strangePercent > 20 { traits.insert("strange") }
        if aimPercent > 0 { traits.insert("aimed") }
        if deadlineHours < 50 { traits.insert("short") }
        if drawerPercent > 0 { traits.insert("drawer") }
        if addsBeside { traits.insert("beside") }
        if hasBerths { traits.insert("berths") }
        if hasOwnDomain { traits.insert("own-domain") }
        if assortment == .varied { traits.insert("varied") }
        if let focus { traits.insert("much-" + focus.rawValue) }
        traits.formUnion(profiles)
        if Set(profiles).count < profiles.count { traits.insert("twins") }
        return traits
    }
}
