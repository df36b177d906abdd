import Centre
import SmartCard
import TestSupport
import Testing

/// Stays and tariffs at random, all on full hours so that a slow reference can walk through them hour by hour.
private struct World {
    static let hour: Int64 = 3_600_000
    var stays: [Stay] = []
    var tariffs: [Tariff] = []
    /// Hours since 2026-01-01.
    let start = 0
    let end: Int

    init(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        func pick(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }
        end = pick(24...1_500)
        for index in 0..<pick(0...8) {
            let since = pick(-800...1_600)
            let until = pick(0...3) == 0 ? nil : since + pick(-30...900)
            stays.append(
                Stay(
                    id: StayID(
                        card: name(pick(0...1) == 0 ? "0A" : "0B"), aid: aid("A000000321"), ordinal: index),
                    provider: name(pick(0...1) == 0 ? "city" : "rail"),
                    application: name(["loans", "pass", "purse"][pick(0...2)]), since: Self.at(since),
                    until: until.map(Self.at), byteCount: pick(0...50_000)))
        }
        var taken: Set<[String]> = []
        for _ in 0..<pick(0...8) {
            let minimum = pick(0...2) == 0 ? Int64(pick(1...500)) : 0
            let tariff = Tariff(
                provider: name(pick(0...1) == 0 ? "city" : "rail"),
                application: pick(0...1) == 0 ? nil : name(["loans", "pass", "purse"][pick(0...2)]),
                validFrom: Self.at(pick(-900...1_600)), basis: pick(0...1) == 0 ? .day : .kilobyteDay,
                rate: Int64(pick(0...500_000_000)),
                terms: .init(
                    currency: Currency(pick(0...3) == 0 ? "USD" : "EUR") ?? .init("EUR").unsafelyUnwrapped,
                    freeDays: pick(0...1) == 0 ? 0 : pick(0...20), minimum: minimum,
                    cap: pick(0...2) == 0 ? minimum + Int64(pick(0...20_000)) : nil),
                recordedAt: Self.at(-10_000))
            let key = [tariff.provider.text, tariff.application?.text ?? "", "\(tariff.validFrom)"]
            if taken.insert(key).inserted { tariffs.append(tariff) }
        }
    }

    static func at(_ hours: Int) -> Instant {
        day("2026-01-01").start.advanced(by: .seconds(3_600 * hours))
    }

    func statement(
        _ from: Int, _ to: Int, asOf: Int = 10_000, party: Statement.Party = .provider(name("city"))
    ) throws -> Statement {
        try Statement(
            for: party, Period(Self.at(from), Self.at(to)), stays: stays, tariffs: tariffs,
            asOf: Self.at(asOf))
    }
}

/// The rules of docs/reference/money.md once more, as slowly and plainly as can be: hour by hour, tariff by tariff.
private struct Reference {
    let stay: Stay
    let tariffs: [Tariff]

    init(_ stay: Stay, _ world: World) {
        self.stay = stay
        tariffs = world.tariffs.filter { $0.provider == stay.provider }
    }

    private func inForce(_ hour: Instant) -> Tariff? {
        let started = tariffs.filter { $0.validFrom <= hour }
        let own = started.filter { $0.application == stay.application }
        let candidates = own.isEmpty ? started.filter { $0.application == nil } : own
        return candidates.max { $0.validFrom < $1.validFrom }
    }

    private func next(_ hour: Instant) -> Instant { hour.advanced(by: .seconds(3_600)) }

    var terms: Tariff.Terms? {
        var hour = stay.since
        while hour < World.at(1_700) {
            if let tariff = inForce(hour) { return tariff.terms }
            hour = next(hour)
        }
        return nil
    }

    func amount(until end: Instant) -> Int64 {
        guard let terms else { return 0 }
        let free = stay.since.advanced(by: .seconds(86_400 * terms.freeDays))
        let last = min(end, stay.until ?? end)
        var (hour, sum, isCharged) = (stay.since, Int64(0), false)
        var current: Tariff?
        while hour < last {
            if let tariff = inForce(hour), tariff.terms.currency == terms.currency { current = tariff }
            if hour >= free, let current {
                isCharged = true
                sum += current.rate * (current.basis == .day ? 1_000 : Int64(stay.byteCount))
            }
            hour = next(hour)
        }
        guard isCharged else { return 0 }
        let unit: Int64 = 1_000_000 * 24 * 1_000
        let rounded = (sum + unit / 2) / unit
        return min(max(rounded, terms.minimum), terms.cap ?? .max)
    }
}

@Suite("Statements", .mission(.b11))
struct StatementTests {
    @Test("agree with a slow reference, line by line", arguments: 0..<150)
    func reference(_ seed: UInt64) throws {
        let world = World(seed: seed)
        let asOf = seed % 3 == 0 ? world.end / 2 : 10_000
        let statement = try world.statement(world.start, world.end, asOf: asOf)
        let until = World.at(min(world.end, asOf))
        for line in statement.lines {
            let stay = try #require(world.stays.first { $0.id == line.stay })
            let reference = Reference(stay, world)
            let owed = reference.amount(until: until) - reference.amount(until: World.at(world.start))
            #expect(line.amount?.minorUnits ?? 0 == owed, "seed \(seed), stay \(stay)")
            if let amount = line.amount {
                #expect(amount.currency == reference.terms?.currency, "seed \(seed)")
            }
        }
        let listed = Set(statement.lines.map(\.stay))
        for stay in world.stays where stay.provider == name("city") && !listed.contains(stay.id) {
            let reference = Reference(stay, world)
            #expect(
                reference.amount(until: until) == reference.amount(until: World.at(world.start)),
                "seed \(seed), stay \(stay)")
        }
    }

    @Test("do not depend on the order of anything, to the byte", arguments: 0..<50)
    func permuted(_ seed: UInt64) throws {
        var world = World(seed: seed)
        let first = try world.statement(world.start, world.end)
        var random = SeededGenerator(seed: seed ^ 0xFF)
        for _ in 0..<3 {
            world.stays.shuffle(using: &random)
            world.tariffs.shuffle(using: &random)
            // What comes twice is there once.
            if let stay = world.stays.first, world.stays.count < 20 { world.stays.append(stay) }
            let again = try world.statement(world.start, world.end)
            #expect(again.json == first.json, "seed \(seed)")
            #expect(again.csv == first.csv && again.text == first.text, "seed \(seed)")
        }
    }

    @Test("of parts of a period put together are the statement of the whole, to the byte", arguments: 0..<100)
    func split(_ seed: UInt64) throws {
        let world = World(seed: seed)
        var random = SeededGenerator(seed: seed ^ 0xAA)
        let asOf = seed % 2 == 0 ? 10_000 : Int.random(in: 0...world.end, using: &random)
        let whole = try world.statement(0, world.end, asOf: asOf)
        var cuts = (0..<5).map { _ in Int.random(in: 1..<world.end, using: &random) }
        cuts = Set(cuts + [0, world.end]).sorted()
        let parts = try zip(cuts, cuts.dropFirst()).map { try world.statement($0, $1, asOf: asOf) }
        var sum = parts[0]
        for part in parts.dropFirst() { sum = try #require(try sum.followed(by: part)) }
        #expect(sum == whole, "seed \(seed)")
        #expect(sum.json == whole.json && sum.csv == whole.csv && sum.text == whole.text, "seed \(seed)")
    }

    @Test("of the past are not changed by any tariff that begins later", arguments: 0..<50)
    func past(_ seed: UInt64) throws {
        var world = World(seed: seed)
        let before = try world.statement(0, world.end)
        for (index, application) in [nil, "purse", "pass", "loans"].enumerated()
            as EnumeratedSequence<[String?]>
        {
            world.tariffs.append(
                Tariff(
                    provider: name("city"), application: application.map { name($0) },
                    validFrom: World.at(world.end + index), basis: .day, rate: 77_000_000,
                    terms: .init(currency: try #require(Currency("CHF")), minimum: 5),
                    recordedAt: World.at(world.end)))
        }
        #expect(try world.statement(0, world.end).json == before.json, "seed \(seed)")
    }

    @Test("owe nothing for others' stays", arguments: 0..<20)
    func parties(_ seed: UInt64) throws {
        let world = World(seed: seed)
        let all = try ["city", "rail"].map { try world.statement(0, world.end, party: .provider(name($0))) }
        for (statement, provider) in zip(all, ["city", "rail"]) {
            #expect(statement.lines.allSatisfy { $0.provider == name(provider) })
        }
        #expect(try world.statement(0, world.end, party: .holder(name("4711"))).lines.isEmpty)
    }

    @Test("are put together only where one follows the other")
    func notFollowing() throws {
        let world = World(seed: 3)
        let first = try world.statement(0, 10)
        #expect(try first.followed(by: try world.statement(11, 20)) == nil)
        #expect(try first.followed(by: try world.statement(5, 20)) == nil)
        #expect(try first.followed(by: first) == nil)
        #expect(try first.followed(by: try world.statement(10, 20, party: .provider(name("rail")))) == nil)
        #expect(try first.followed(by: try world.statement(10, 20)) != nil)
    }

    @Test("refuse two different records of one stay")
    func contradiction() throws {
        let stay = try MoneyWords.stay("2026-01-01..2026-01-11")
        var other = stay
        other.byteCount += 1
        #expect(throws: MoneyRefusal.stayTwice(stay.id)) {
            try Statement(
                for: .provider(MoneyWords.provider), MoneyWords.period("2026-01-01..2026-02-01"),
                stays: [stay, other], tariffs: [], asOf: MoneyWords.now)
        }
    }

    @Test("refuse amounts that cannot be written down", arguments: [Int.max, 1 << 62])
    func overflow(_ byteCount: Int) throws {
        let stay = try MoneyWords.stay("2026-01-01..2026-01-11", byteCount: byteCount)
        let tariffs = try MoneyWords.tariffs("1000000.00 EUR/kB-day")
        #expect(throws: MoneyRefusal.tooMuch) {
            try Statement(
                for: .provider(MoneyWords.provider), MoneyWords.period("2026-01-01..2026-02-01"),
                stays: [stay], tariffs: tariffs, asOf: MoneyWords.now)
        }
    }

    @Test("refuse totals that cannot be written down")
    func totalOverflow() throws {
        let euro = try #require(Currency("EUR"))
        #expect(throws: MoneyRefusal.tooMuch) { try Money(.max, euro).adding(Money(1, euro)) }
        #expect(throws: MoneyRefusal.tooMuch) { try Money(.min, euro).adding(Money(-1, euro)) }
        #expect(try Money(.max, euro).adding(Money(-1, euro)) == Money(.max - 1, euro))
        let dollar = try #require(Currency("USD"))
        #expect(throws: MoneyRefusal.currencies(euro, dollar)) { try Money(1, euro).adding(Money(1, dollar)) }
    }

    @Test("are for periods that have a length")
    func periods() throws {
        let moment = MoneyWords.now
        #expect(throws: MoneyRefusal.period(moment, moment)) { try Period(moment, moment) }
        let month = try #require(Period(year: 2026, month: 12))
        #expect(month.description == "2026-12-01T00:00:00Z/2027-01-01T00:00:00Z")
        #expect(Period(year: 2026, month: 13) == nil && Period(year: 2026, month: 0) == nil)
    }
}
