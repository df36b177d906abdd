import Arguments
import JSON
import Terminal
import TestSupport
import Testing

@Suite("Words of a terminal")
struct MessageTests {
    @Test("every message fits 40 columns in every language", .mission(.c13), arguments: Language.allCases)
    func width(language: Language) {
        for message in Message.samples {
            let text = language.text(message)
            #expect(text.displayWidth <= Display.columns, "\(message): \(text)")
            #expect(!text.isEmpty)
            #expect(text == text.printable)
        }
    }

    @Test("the samples have every message, and every language says something else of its own")
    func samples() {
        #expect(Set(Message.samples).count == Message.samples.count)
        for language in [Language.japanese, .german] {
            let same = Message.samples.filter { language.text($0) == Language.english.text($0) }
            // Only the line that names the languages is the same in all.
            #expect(same == [.menu(.language)], "\(language)")
        }
    }

    @Test("a menu line with its number fits, too", arguments: Language.allCases)
    func menu(language: Language) {
        for item in Message.MenuItem.allCases {
            #expect("10  \(language.text(.menu(item)))".displayWidth <= Display.columns)
        }
    }

    @Test(
        "the environment's language is taken where there is one",
        arguments: [
            ("ja_JP.UTF-8", Language.japanese), ("de_AT", .german), ("en_GB.UTF-8", .english),
            ("DE", .german),
            ("fr_FR", nil), ("C", nil), ("", nil),
        ] as [(String, Language?)])
    func locales(locale: String, language: Language?) { #expect(Language(locale: locale) == language) }

    @Test("yes and no are never the same answer", arguments: Language.allCases)
    func answers(language: Language) {
        #expect(Set(language.yes).isDisjoint(with: language.no))
        #expect(language.yes.contains("yes") && language.no.contains("no"))
    }
}

@Suite("The display")
struct DisplayTests {
    private static let plan: JSONValue = [
        "isFeasible": true, "shortage": ["nonVolatile": 5_120, "volatile": 0],
        "leaving": [
            [
                "cause": "makes-room", "application": "a-rather-long-name-of-an-application-of-somebody",
                "freed": ["nonVolatile": 6_000, "volatile": 10],
                "reasons": ["It was last used 95 days ago, and it gives enough room by itself."],
                "feePerDay": ["minorUnits": 5, "currency": "EUR"],
            ]
        ],
        "steps": [
            ["step": ["kind": "park", "application": "loyalty"]],
            ["step": ["kind": "load", "application": "purse"]],
            ["step": ["kind": "install", "application": "purse"]],
        ],
        "freeBefore": ["nonVolatile": 900, "volatile": 0],
        "freeAfter": ["nonVolatile": 1_700, "volatile": 0],
        "effort": ["commandCount": 80, "bytesSent": 9_000, "milliseconds": 6_100],
        "custodyPerDay": [["minorUnits": 5, "currency": "EUR"]], "objections": [],
    ]

    private static let statement: JSONValue = [
        "holder": "1001", "from": "2026-11-01T00:00:00Z", "until": "2026-12-01T00:00:00Z",
        "lines": [
            [
                "application": "loyalty", "from": "2026-11-03T10:00:00Z", "until": "2026-11-20T10:00:00Z",
                "open": false, "amount": "0.85", "currency": "EUR",
            ]
        ],
        "totals": [["amount": "0.85", "currency": "EUR"]],
    ]

    private static let kept = CentreDesk.Kept(
        application: "loyalty", card: "0102", aid: "A000000151", stay: 1, since: "2026-11-03T10:00:00Z",
        cost: "0.85 EUR", isHeld: true)

    @Test(
        "a plan, a list, a bill and a memory fit 40 columns in every language, drawn and spoken",
        .mission(.b12), arguments: Language.allCases, [false, true])
    func width(language: Language, isSpoken: Bool) {
        let display = Display(language, isSpoken: isSpoken)
        let lines =
            display.plan(Self.plan) + display.bill(Self.statement)
            + display.list(applications: ["purse"], kept: [Self.kept])
            + display.list(applications: [], kept: [])
            + display.memory(.memoryBefore, used: 15_000, free: 1_384)
            + display.step(3, of: 12, action: "load", subject: "purse@1.0")
        for line in lines {
            // A name that is longer than a line stays whole.
            let isOneWord = !line.drop { $0 == " " }.contains(" ")
            #expect(line.displayWidth <= Display.columns || isOneWord, "\(line)")
            #expect(line == line.printable)
        }
        #expect(lines.contains { $0.contains("0.85 EUR") })
        #expect(lines.contains { $0.contains("0.05 EUR") })
        #expect(isSpoken == !lines.contains { $0.contains("###") })
    }

    @Test(
        "a plan tells the shortage, who leaves and why, what custody costs and how long it takes",
        .mission(.b4))
    func plan() {
        let text = Display(.english, isSpoken: false).plan(Self.plan).joined(separator: "\n")
        for part in [
            "Missing room:", "5120 bytes", "a-rather-long-name-of-an-application-of-somebody", "95 days ago",
            "Comes onto the card:", "purse", "0.05 EUR", "about 7 s", "900 -> 1700 bytes",
        ] {
            #expect(text.contains(part), "\(part) in\n\(text)")
        }
    }

    @Test("a plan that is not possible says why, and what helps")
    func notPossible() {
        let plan: JSONValue = [
            "isFeasible": false,
            "objections": [
                ["isObstacle": false, "reason": "not of interest"],
                ["isObstacle": true, "reason": "The card is blocked.", "remedy": "Ask an operator."],
            ],
        ]
        #expect(
            Display(.english, isSpoken: false).plan(plan)
                == ["This is not possible:", "  The card is blocked.", "  Ask an operator."])
    }

    @Test("what the centre tells with a known code is told in the holder's language, else in its words")
    func told() {
        let german = Display(.german, isSpoken: false)
        #expect(
            german.told(code: "card-blocked", "The card is blocked.", "Ask.") == ["Diese Karte ist gesperrt."]
        )
        #expect(german.told(code: "berth-taken", "Somebody has it.", nil) == ["  Somebody has it."])
        #expect(
            Display(.english, isSpoken: false).told(code: "card-blocked", "It is said to be lost.", "Ask.")
                == ["This card is blocked.", "  It is said to be lost.", "  Ask."])
        let plan: JSONValue = [
            "isFeasible": false,
            "objections": [
                [
                    "isObstacle": true, "kind": "not-enough-room", "subject": "purse",
                    "reason": "There is too little room.",
                ]
            ],
        ]
        #expect(
            german.plan(plan) == [
                "Das ist nicht möglich:", "- purse", "  Der Platz reicht nicht.",
            ])
    }

    @Test("no code belongs to two troubles")
    func codes() {
        let codes = Trouble.allCases.flatMap(\.codes)
        #expect(Set(codes).count == codes.count)
        for trouble in Trouble.allCases {
            for code in trouble.codes { #expect(Trouble(code: code) == trouble) }
        }
    }

    @Test("in another language than the centre's, who leaves and why is told from the figures")
    func reasons() {
        let text = Display(.german, isSpoken: false).plan(Self.plan).joined(separator: "\n")
        for part in ["Das gibt 6000 Bytes.", "Die Daten bleiben ganz", "0.05 EUR"] {
            #expect(text.contains(part), "\(part) in\n\(text)")
        }
        #expect(!text.contains("last used"))
    }

    @Test("who has not signed in is not told that nothing is in custody")
    func unknownCustody() {
        let display = Display(.english, isSpoken: false)
        #expect(display.list(applications: ["purse"], kept: nil) == ["On the card:", "  purse"])
        #expect(display.list(applications: [], kept: []).last == "  nothing")
    }

    @Test("what goes for good is not said to go into custody", arguments: ["remove", "park"])
    func forGood(wish: String) {
        let plan: JSONValue = [
            "isFeasible": true, "wishes": [["kind": .string(wish), "application": "purse"]],
            "leaving": [["cause": "wished", "application": "purse"]],
        ]
        let label: Message = wish == "remove" ? .goesForGood : .leaves
        let display = Display(.english, isSpoken: false)
        #expect(display.plan(plan)[1] == display.pair(label, "purse")[0])
    }

    @Test("a bill says from when until when: to the second within a day, since when it lasts")
    func spans() {
        func line(_ until: String?, open: Bool) -> String {
            var item: JSONObject = [
                "application": "purse", "from": "2026-11-03T10:00:05Z", "open": .bool(open), "amount": "0.10",
                "currency": "EUR",
            ]
            item["until"] = until.map { .string($0) }
            return Display(.english, isSpoken: false).bill(["lines": [.object(item)]])[2]
        }
        #expect(line("2026-11-03T10:00:15.250Z", open: false) == "  2026-11-03 10:00:05 - 10:00:15")
        #expect(line("2026-11-20T10:00:15Z", open: false) == "  2026-11-03 10:00 - 2026-11-20 10:00")
        #expect(line("2026-11-20T10:00:15Z", open: true) == "  since 2026-11-03 10:00:05")
    }

    @Test("a bar with its time is as wide as the display", arguments: [0, 9, 12_345])
    func timedBar(seconds: Int) {
        let bar = Display(.english, isSpoken: false).bar(50, of: 100, secondsLeft: seconds)
        #expect(bar.count == Display.columns && bar.hasSuffix(" \(seconds) s"))
    }

    @Test(
        "a bar is full only when everything is done",
        arguments: [(0, 0), (1, 0), (50, 19), (99, 37), (100, 38)])
    func bar(done: Int, cells: Int) {
        let bar = Display(.english, isSpoken: false).bar(done, of: 100)
        #expect(bar.count == Display.columns)
        #expect(bar.filter { $0 == "#" }.count == cells)
    }

    @Test("amounts come in minor units or as decimal text")
    func amounts() {
        #expect(CentreDesk.amount(["minorUnits": 5, "currency": "EUR"]) == "0.05 EUR")
        #expect(CentreDesk.amount(["minorUnits": 5, "currency": "JPY"]) == "5 JPY")
        #expect(CentreDesk.amount(["amount": "1.20", "currency": "EUR"]) == "1.20 EUR")
        #expect(CentreDesk.amount(["amount": "1.20"]) == nil)
        #expect(CentreDesk.amount(nil) == nil)
    }
}
