import CardCrypto
import Centre
import Exchange
import JSON
import SmartCard
import Storage
import Testing
import VirtualCard

/// A store in memory, and files that go in and out.
final class Bench {
    let store: SQLiteStore
    let clock = ManualClock(Instant(milliseconds: 1_795_255_216_000))
    private let entropy = SeededEntropy(seed: [1])

    init() throws {
        store = try SQLiteStore(.memory, mode: .direct)
        try store.migrate(to: .current)
    }

    func act<Result: Sendable>(_ body: (Act) throws -> Result) throws -> Result {
        try store.write { try body(Act($0, now: clock.now, actor: .centre, entropy: entropy)) }
    }

    func take(
        _ kind: ExchangeKind, _ format: ExchangeFormat, _ text: String, isTrial: Bool = false,
        doneThrough: Int = 0, piece: Int = 4_096
    ) throws -> (progress: Import.Progress, bad: [BadRow]) {
        let rows = Rows()
        var job = Import(
            of: kind, format, into: store, by: .centre, clock: clock, entropy: entropy, isTrial: isTrial,
            doneThrough: doneThrough, onBad: rows.append)
        let bytes = Array(text.utf8)
        for start in stride(from: 0, to: bytes.count, by: piece) {
            try job.feed(bytes[start..<min(start + piece, bytes.count)])
        }
        try job.finish()
        return (job.progress, rows.bad)
    }

    func give(_ kind: ExchangeKind, _ format: ExchangeFormat, _ options: ExportOptions = .init()) throws
        -> String
    {
        var bytes: [UInt8] = []
        _ = try Export(of: kind, format, options).run(from: store) { bytes += $0 }
        return String(decoding: bytes, as: UTF8.self)
    }

    func count<R: Record>(_ type: R.Type) throws -> Int { try store.read { try $0.count(Query(R.table)) } }

    func addApplications() throws {
        try act { act in
            try act.registerProvider(
                ProviderID("city"), name: "City",
                limits: .init(roomPerCard: Room(nonVolatile: 1 << 20, volatile: 1 << 16), cardsMax: 1_000))
            for name in ["purse", "pass"] {
                try act.registerApplication(ApplicationID(name), name: name, provider: ProviderID("city"))
            }
        }
    }

    private final class Rows {
        var bad: [BadRow] = []
        func append(_ row: BadRow) { bad.append(row) }
    }
}

@Suite("Registers from and to files")
struct ExchangeTests {
    private static let cardHeader = "id,profile,issuer-domain,master-key,key-version,channel,expiry\n"

    private static func card(_ number: Int) -> String {
        "47900\(10_000_000 + number),javacard-80k,A000000151000000,fleet,1,scp03,2030-12-31\n"
    }

    @Test("good rows are taken, bad ones told by line", arguments: [1, 100, 4_096])
    func badRows(piece: Int) throws {
        let bench = try Bench()
        var text = Self.cardHeader
        for number in 0..<1_200 { text += Self.card(number) }
        // Lines 1202 to 1208.
        text += "4790099,javacard-80k,A000000151000000,fleet,1,scp09,\n"
        text += "4790098,javacard-80k,A0,fleet,1,scp03,\n"
        text += "4790097,javacard-80k,A000000151000000,fleet,256,scp03,\n"
        text += "4790096,javacard-80k,A000000151000000,fleet,1,scp03,2030-02-30\n"
        text += "4790095,javacard-80k,A000000151000000,fleet,1,scp03,2020-01-01\n"
        text += ",javacard-80k,A000000151000000,fleet,1,scp03,\n"
        text += "4790094,javacard-80k\n"
        text += Self.card(9_999)
        let (progress, bad) = try bench.take(.cards, .csv, text, piece: piece)
        #expect(progress.added == 1_201 && progress.unchanged == 0 && progress.bad == 7)
        #expect(bad.map(\.line).sorted() == Array(1_202...1_208))
        #expect(bad.allSatisfy { $0.reason.hasSuffix(".") }, "\(bad)")
        #expect(try bench.count(Card.self) == 1_201)
    }

    @Test("what is there already, just so, changes nothing; what differs is told")
    func again() throws {
        let bench = try Bench()
        let text = Self.cardHeader + Self.card(1) + Self.card(2)
        _ = try bench.take(.cards, .csv, text)
        let audits = try bench.count(AuditEntry.self)
        let (progress, _) = try bench.take(.cards, .csv, text)
        #expect(progress.added == 0 && progress.unchanged == 2)
        #expect(try bench.count(AuditEntry.self) == audits)
        let other = text.replacing("2030-12-31", with: "2031-12-31")
        let (differing, bad) = try bench.take(.cards, .csv, other)
        #expect(differing.bad == 2 && bad.map(\.line) == [2, 3], "\(bad)")
        #expect(
            bad.first?.reason
                == "It is there already, and differs: expiry is '2030-12-31', not '2031-12-31'.")
    }

    @Test("of what became of a card since, a row is held to what it says")
    func cardsSince() throws {
        let bench = try Bench()
        let text = Self.cardHeader + Self.card(1)
        _ = try bench.take(.cards, .csv, text)
        try bench.act { act in try act.blockCard(CardID("4790010000001"), reason: "It was lost.") }
        #expect(try bench.take(.cards, .csv, text).progress.unchanged == 1)
        let columns = "expiry,life,diversification-data\n"
        let said = text.replacing("expiry\n", with: columns).replacing("12-31\n", with: "12-31,active,01\n")
        let (_, bad) = try bench.take(.cards, .csv, said)
        #expect(
            bad.map(\.reason) == [
                "It is there already, and differs: diversification-data is empty, not '01'; "
                    + "life is 'blocked', not 'active'."
            ])
        let exported = try bench.give(.cards, .csv)
        #expect(try bench.take(.cards, .csv, exported).progress.unchanged == 1)
    }

    @Test("a holder who is there is known by what the row says; a number for two is told")
    func holdersAgain() throws {
        let bench = try Bench()
        try bench.addApplications()
        let header = "number,name,uses\n"
        let (first, twice) = try bench.take(.holders, .csv, header + "1,Ada,purse pass\n1,Bob,\n")
        #expect(first.added == 1 && twice.map(\.line) == [3])
        #expect(twice.first?.reason == "It is there already, and differs: name is 'Ada', not 'Bob'.")
        for row in ["1,Ada,pass purse\n", "1,Ada,\n"] {
            #expect(try bench.take(.holders, .csv, header + row).progress.unchanged == 1, "\(row)")
        }
        let (_, bad) = try bench.take(.holders, .csv, header + "1,Ada,pass\n")
        #expect(bad.first?.reason == "It is there already, and differs: uses is 'pass purse', not 'pass'.")
    }

    @Test("tariffs that are in force come in where nothing was ever kept for them")
    func tariffsInForce() throws {
        let bench = try Bench()
        try bench.addApplications()
        let header = "provider,application,basis,rate,currency,free-days,minimum,cap,valid-from\n"
        let text =
            header + "city,,day,5000000,EUR,3,10,500,1695255216000\n"
            + "city,purse,kilobyte-day,250000,EUR,,,,1695255217000\n"
        let (taken, bad) = try bench.take(.tariffs, .csv, text)
        #expect(bad == [] && taken.added == 2)
        let exported = try bench.give(.tariffs, .csv)
        try bench.act { act in
            try act.transaction.insert(
                Stay(
                    id: StayID(card: CardID("0A"), aid: AID(hex: "A000000321"), ordinal: 1),
                    provider: ProviderID("city"), application: ApplicationID("purse"), since: act.now,
                    byteCount: 100))
        }
        #expect(try bench.take(.tariffs, .csv, exported).progress.unchanged == 2)
        let (_, other) = try bench.take(.tariffs, .csv, text.replacing("5000000", with: "6000000"))
        #expect(
            other.map(\.reason) == ["It is there already, and differs: rate is '5000000', not '6000000'."])
        let (later, refused) = try bench.take(
            .tariffs, .csv,
            header + "city,,day,1,EUR,,,,1695255218000\ncity,purse,day,1,EUR,,,,1695255218000\n"
                + "city,pass,day,1,EUR,,,,1695255218000\n")
        #expect(later.added == 1 && refused.map(\.line) == [2, 3])
        #expect(refused.allSatisfy { $0.reason.contains("would change what was owed") }, "\(refused)")
    }

    @Test("without a moment, a tariff row is known while it is what is in force")
    func tariffsFromNow() throws {
        let bench = try Bench()
        try bench.addApplications()
        func take(_ rate: Int) throws -> Import.Progress {
            bench.clock.advance(by: .seconds(60))
            return try bench.take(
                .tariffs, .csv, "provider,basis,rate,currency\ncity,day,\(rate),EUR\n"
            ).progress
        }
        #expect(try take(1).added == 1 && take(1).unchanged == 1)
        #expect(try take(2).added == 1 && take(1).added == 1)
    }

    @Test("an import that broke off goes on behind the line that was done")
    func resume() throws {
        let bench = try Bench()
        var text = Self.cardHeader
        for number in 0..<1_000 { text += Self.card(number) }
        let first = String(text.split(separator: "\n").prefix(601).joined(separator: "\n") + "\n")
        let (done, _) = try bench.take(.cards, .csv, first)
        #expect(done.line == 601 && done.added == 600)
        let (rest, _) = try bench.take(.cards, .csv, text, doneThrough: done.line)
        #expect(rest.added == 400 && rest.unchanged == 0)
        #expect(try bench.count(Card.self) == 1_000)
    }

    @Test("a trial keeps nothing, and finds the same bad rows")
    func trial() throws {
        let bench = try Bench()
        let text = Self.cardHeader + Self.card(1) + "x\n" + Self.card(2)
        let (progress, bad) = try bench.take(.cards, .csv, text, isTrial: true)
        #expect(progress.added == 2 && bad.map(\.line) == [3])
        #expect(try bench.count(Card.self) == 0 && bench.count(AuditEntry.self) == 0)
    }

    @Test("columns that nobody knows are refused before any row; keys above all")
    func columns() throws {
        let bench = try Bench()
        for (column, words) in [
            ("colour", "no column"), ("kenc-key", "never taken"), ("password", "never taken"),
        ] {
            let error = #expect(throws: Import.WrongColumns.self) {
                _ = try bench.take(.cards, .csv, "id,\(column)\n1,2\n")
            }
            #expect(error?.reason.contains(words) == true, "\(column): \(error?.reason ?? "")")
            let (_, bad) = try bench.take(.cards, .json, "{\"id\":\"1\",\"\(column)\":\"2\"}\n")
            #expect(bad.first?.reason.contains(words) == true, "\(column)")
        }
        #expect(try bench.count(Card.self) == 0)
    }

    @Test("what is written is read again, in both formats", arguments: ExchangeFormat.allCases)
    func roundTrip(_ format: ExchangeFormat) throws {
        let bench = try Bench()
        try bench.addApplications()
        let holders = """
            number,name,birth-date,address,issue-from,issue-through,uses
            1,"Ada, ""the"" first",1990-02-28,"1 Street, Town",2026-12-01,2026-12-31,purse pass
            2,Bob,,,,,
            """
        #expect(try bench.take(.holders, .csv, holders).bad == [])
        let cards =
            "id,profile,issuer-domain,master-key,key-version,channel,diversification-data,predictable-challenge,"
            + "expiry,holder,life,reason\n"
            + "479001,javacard-80k,A000000151000000,fleet,1,scp03,0102,true,2030-12-31,1,,\n"
            + "479002,small-16k,A000000151000000,fleet,2,scp02,,,,,blocked,It was lost.\n"
        #expect(try bench.take(.cards, .csv, cards).bad == [])
        let tariffs =
            "provider,application,basis,rate,currency,free-days,minimum,cap,valid-from\n"
            + "city,,day,5000000,EUR,3,10,500,1795255216000\n"
            + "city,purse,kilobyte-day,250000,EUR,,,,1795255217000\n"
        #expect(try bench.take(.tariffs, .csv, tariffs).bad == [])
        let other = try Bench()
        try other.addApplications()
        for kind in [ExchangeKind.holders, .cards, .tariffs] {
            let text = try bench.give(kind, format, .init(hasPasswordVerifiers: true))
            let (progress, bad) = try other.take(kind, format, text)
            #expect(bad == [] && progress.added == 2, "\(kind): \(text)")
            #expect(try other.give(kind, format, .init(hasPasswordVerifiers: true)) == text, "\(kind)")
        }
        #expect(try !bench.give(.holders, format).contains("010F0803"))
        let flags = try other.store.read { try $0.all(UseFlag.self, Query(UseFlag.table)) }
        #expect(flags.count == 2)
    }

    @Test("an export of more than a page is whole")
    func pages() throws {
        let bench = try Bench()
        var text = Self.cardHeader
        for number in 0..<2_500 { text += Self.card(number) }
        _ = try bench.take(.cards, .csv, text)
        let lines = try bench.give(.cards, .csv).split(separator: "\n")
        #expect(lines.count == 2_501 && Set(lines).count == 2_501)
    }

    @Test("applications come from a folder and go into one, and come back from it")
    func folder() throws {
        let bench = try Bench()
        try bench.addApplications()
        let example = ExampleApplication.purse
        let manifest = """
            {"provider": "city", "applications": [{"id": "money", "name": "Money", "releases": [
              {"version": "1.0", "files": ["purse.cap"], "parking": "contract", "profiles": ["javacard-80k"]},
              {"version": "1.1", "files": ["purse.cap"], "parking": "never", "reason": "A trial.", "life": "draft",
               "instances": [{"module": "\(example.module.bytes.hex)", "parameters": "C900", "nonVolatile": 300}]}
            ]}]}
            """
        let files = [
            "manifest.json": Array(manifest.utf8), "purse.cap": example.capFile,
        ]
        let outcome = try bench.act { act in
            try ApplicationFolder.take(act) { try #require(files[$0], "\($0)") }
        }
        #expect(outcome.applications == 1 && outcome.releases == 2 && outcome.unchanged == 0)
        let written = Written()
        _ = try bench.store.read { transaction in
            let act = Act(
                transaction, now: bench.clock.now, actor: .centre, entropy: SeededEntropy(seed: [2]))
            return try ApplicationFolder.give(ProviderID("city"), act) { written.files[$0] = $1 }
        }
        let other = try Bench()
        try other.act { act in
            try act.registerProvider(
                ProviderID("city"), name: "City",
                limits: .init(roomPerCard: Room(nonVolatile: 1 << 20, volatile: 1 << 16), cardsMax: 1_000))
            _ = try ApplicationFolder.take(act) { try #require(written.files[$0], "\($0)") }
        }
        func releases(_ bench: Bench) throws -> [Release] {
            try bench.store.read { try $0.all(Release.self, Query(Release.table)) }
        }
        #expect(try releases(other) == releases(bench))
        // Once more: nothing changes.
        let again = try bench.act { act in
            try ApplicationFolder.take(act) { try #require(files[$0], "\($0)") }
        }
        #expect(again.applications == 0 && again.unchanged == 1)
    }

    @Test("a withdrawn release arrives withdrawn, for the same reason")
    func withdrawn() throws {
        let manifest = """
            {"provider": "city", "applications": [
              {"id": "base", "name": "Base", "releases": [
                {"version": "1", "files": ["library.cap"], "parking": "stateless", "life": "withdrawn",
                 "withdrawalReason": "It was replaced."}]},
              {"id": "loyalty", "name": "Points", "releases": [
                {"version": "1", "files": ["loyalty.cap"], "parking": "stateless", "life": "published"}]}]}
            """
        let files = [
            "manifest.json": Array(manifest.utf8), "library.cap": ExampleApplication.library.capFile,
            "loyalty.cap": ExampleApplication.loyalty.capFile,
        ]
        let (bench, other) = (try Bench(), try Bench())
        for bench in [bench, other] { try bench.addApplications() }
        // The library was withdrawn after the other one was published.
        _ = try bench.act { act in try ApplicationFolder.take(act) { try #require(files[$0], "\($0)") } }
        let written = Written()
        _ = try bench.store.read { transaction in
            let act = Act(
                transaction, now: bench.clock.now, actor: .centre, entropy: SeededEntropy(seed: [2]))
            return try ApplicationFolder.give(ProviderID("city"), act) { written.files[$0] = $1 }
        }
        _ = try other.act { act in
            try ApplicationFolder.take(act) { try #require(written.files[$0], "\($0)") }
        }
        let releases = try other.store.read { try $0.all(Release.self, Query(Release.table)) }
        #expect(
            releases.map(\.life) == [
                .withdrawn(at: other.clock.now, reason: "It was replaced."), .published(at: other.clock.now),
            ])
    }

    @Test("a library may stand behind what needs it, and one that nobody brings is told")
    func libraryBehind() throws {
        func manifest(_ more: String) -> String {
            """
            {"provider": "city", "applications": [
              {"id": "loyalty", "name": "Points", "releases": [
                {"version": "1", "files": ["loyalty.cap"], "parking": "stateless"}]}\(more)]}
            """
        }
        let library = """
            , {"id": "points-base", "name": "Base", "releases": [
                {"version": "1", "files": ["library.cap"], "parking": "stateless"}]}
            """
        func take(_ text: String, into bench: Bench) throws {
            let files = [
                "manifest.json": Array(text.utf8), "library.cap": ExampleApplication.library.capFile,
                "loyalty.cap": ExampleApplication.loyalty.capFile,
            ]
            _ = try bench.act { act in try ApplicationFolder.take(act) { try #require(files[$0], "\($0)") } }
        }
        let bench = try Bench()
        try bench.addApplications()
        let refusal = #expect(throws: CatalogueRefusal.self) { try take(manifest(""), into: bench) }
        #expect(refusal?.code == "dependency-missing")
        #expect(try bench.count(Release.self) == 0)
        try take(manifest(library), into: bench)
        let releases = try bench.store.read { try $0.all(Release.self, Query(Release.table)) }
        #expect(releases.count == 2)
        #expect(releases.allSatisfy { $0.life == .published(at: bench.clock.now) })
    }

    @Test(
        "a withdrawn release of an older export needs no reason",
        arguments: ["", #","withdrawalReason":"""#])
    func withdrawnWithoutReason(_ reason: String) throws {
        let bench = try Bench()
        try bench.addApplications()
        let manifest =
            #"{"provider":"city","applications":[{"id":"base","releases":[{"version":"1","#
            + #""files":["library.cap"],"parking":"stateless","life":"withdrawn"\#(reason)}]}]}"#
        let files = [
            "manifest.json": Array(manifest.utf8), "library.cap": ExampleApplication.library.capFile,
        ]
        _ = try bench.act { act in try ApplicationFolder.take(act) { try #require(files[$0], "\($0)") } }
        let releases = try bench.store.read { try $0.all(Release.self, Query(Release.table)) }
        #expect(
            releases.map(\.life) == [.withdrawn(at: bench.clock.now, reason: "No reason was given.")])
    }

    private final class Written {
        var files: [String: [UInt8]] = [:]
    }

    @Test(
        "a folder that is wrong is refused whole",
        arguments: [
            ("no JSON", "not JSON"), ("{}", "provider"), (#"{"provider":"city"}"#, "applications"),
            (
                #"{"provider":"city","applications":[{"id":"a","releases":[{"version":"1","files":["../x"],"parking":"contract"}]}]}"#,
                "no name of a file"
            ),
            (
                #"{"provider":"city","applications":[{"id":"a","releases":[{"version":"1","files":[],"parking":"perhaps"}]}]}"#,
                "parking"
            ),
            (
                #"{"provider":"city","applications":[{"id":"a","releases":[{"version":"1","files":[],"parking":"stateless","life":"Draft"}]}]}"#,
                "none of draft, published and withdrawn"
            ),
            (
                #"{"provider":"city","applications":[{"id":"a","releases":[{"version":"1","files":[],"parking":"stateless","life":null}]}]}"#,
                "none of draft, published and withdrawn"
            ),
            (
                #"{"provider":"city","applications":[{"id":"a","releases":[{"version":"1","files":[],"parking":"stateless","life":"withdrawn","withdrawalReason":7}]}]}"#,
                "withdrawalReason is no text"
            ),
            (
                #"{"provider":"city","applications":[{"id":"a","releases":[{"version":"1","files":[],"parking":"stateless","withdrawalReason":"x"}]}]}"#,
                "withdrawalReason is only"
            ),
            (#"{"provider":"city","applications":[],"more":1}"#, "no member 'more'"),
            (
                #"{"provider":"city","applications":[{"id":"a","label":"A","releases":[]}]}"#,
                "no member 'label'"
            ),
            (
                #"{"provider":"city","applications":[{"id":"a","releases":[{"version":"1","file":[],"parking":"stateless"}]}]}"#,
                "no member 'file'"
            ),
            (
                #"{"provider":"city","applications":[{"id":"a","releases":[{"version":"1","files":[],"parking":"stateless","instances":[{"module":"F042657274680201","size":1}]}]}]}"#,
                "no member 'size'"
            ),
        ])
    func badFolder(_ manifest: String, words: String) throws {
        let bench = try Bench()
        try bench.addApplications()
        let before = try bench.count(Application.self)
        let problem = #expect(throws: ApplicationFolder.Problem.self) {
            _ = try bench.act { act in try ApplicationFolder.take(act) { _ in Array(manifest.utf8) } }
        }
        #expect(problem?.reason.contains(words) == true, "\(problem?.reason ?? "")")
        #expect(try bench.count(Application.self) == before)
    }
}
