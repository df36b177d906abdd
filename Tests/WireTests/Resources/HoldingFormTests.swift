import Centre
import GlobalPlatform
import JSON
import SmartCard
import Testing
import Wire

@Suite("Berths, custody, tariffs and addresses as JSON")
struct HoldingFormTests {
    static let berths: [FormRow<Berth>] = [
        FormRow(
            "in a domain",
            Berth(
                card: name("45414D-0102"), provider: name("city"),
                reserved: Room(nonVolatile: 4_096, volatile: 64), quota: Room(nonVolatile: 8_192),
                means: .domain(aid("A000000151")), state: .ready(since: instant("2026-03-10T12:00:00Z")),
                resources: .init(
                    privileges: .cardReset, logicalChannels: 2, services: ["hotp"],
                    libraries: [aid("A000000062")])),
            #"{"card":"45414D-0102","provider":"city","state":"ready","since":"2026-03-10T12:00:00Z","#
                + #""reserved":{"nonVolatile":4096,"volatile":64},"quota":{"nonVolatile":8192,"volatile":0},"#
                + #""means":"domain","domain":"A000000151","resources":{"privileges":["CardReset"],"#
                + #""logicalChannels":2,"services":["hotp"],"libraries":["A000000062"]}}"#),
        FormRow(
            "in the ledger",
            Berth(
                card: name("0A"), provider: name("city"), reserved: Room(nonVolatile: 1), means: .ledger,
                state: .releasing),
            #"{"card":"0A","provider":"city","state":"releasing","reserved":{"nonVolatile":1,"volatile":0},"#
                + #""means":"ledger","resources":{"privileges":[],"logicalChannels":0,"services":[],"#
                + #""libraries":[]}}"#),
    ]

    @Test("a berth", arguments: berths)
    func berth(_ row: FormRow<Berth>) throws { try row.check() }

    @Test("a wish for room")
    func reservation() throws {
        let form = try ReservationForm(
            json: JSONValue(decoding: #"{"room":{"nonVolatile":100},"resources":{"services":["a"]}}"#))
        #expect(
            form.reservation(of: name("city"))
                == Reservation(provider: name("city"), room: Room(nonVolatile: 100), services: ["a"]))
        #expect(try ReservationForm(json: form.json) == form)
    }

    private static func stay(_ state: Custody.State, heldSince: Instant?) -> Custody {
        Custody(
            card: name("0A"), aid: aid("A000000151"), ordinal: 2,
            release: ReleaseID(name("purse"), name("1.2")), provider: name("city"), holder: name("10001"),
            parking: .contract, state: state, generation: 4_294_967_295, lineage: [1, 2], format: 1,
            imageBytes: 300, digest: [0xFF], room: Room(nonVolatile: 900, volatile: 10),
            openedAt: instant("2026-03-10T12:00:00Z"), heldSince: heldSince)
    }

    private static func text(_ state: String, _ held: String) -> String {
        #"{"card":"0A","aid":"A000000151","stay":2,"release":"purse@1.2","provider":"city","#
            + #""holder":"10001","parking":{"class":"contract"},\#(state),"#
            + #""openedAt":"2026-03-10T12:00:00Z",\#(held)"bytes":300,"digest":"FF","#
            + #""generation":4294967295,"lineage":"0102","format":1,"#
            + #""room":{"nonVolatile":900,"volatile":10}}"#
    }

    static let held = instant("2026-03-11T00:00:00Z")
    static let heldText = #""heldSince":"2026-03-11T00:00:00Z","#
    static let custodies: [FormRow<Custody>] = [
        FormRow("frozen", stay(.frozen, heldSince: nil), text(#""state":"frozen""#, "")),
        FormRow("provisional", stay(.provisional, heldSince: nil), text(#""state":"provisional""#, "")),
        FormRow("surrendering", stay(.surrendering, heldSince: nil), text(#""state":"surrendering""#, "")),
        FormRow(
            "held", stay(.held(since: held), heldSince: held),
            text(#""state":"held","since":"2026-03-11T00:00:00Z""#, heldText)),
        FormRow(
            "returning", stay(.returning(to: name("0B"), since: held), heldSince: held),
            text(#""state":"returning","since":"2026-03-11T00:00:00Z","destination":"0B""#, heldText)),
        FormRow(
            "returned", stay(.returned(to: name("0B"), at: held), heldSince: held),
            text(#""state":"returned","since":"2026-03-11T00:00:00Z","destination":"0B""#, heldText)),
        FormRow(
            "discarded", stay(.discarded(at: held, reason: "Given up."), heldSince: held),
            text(#""state":"discarded","since":"2026-03-11T00:00:00Z","reason":"Given up.""#, heldText)),
    ]

    @Test("a stay in custody, in every state", arguments: custodies)
    func custody(_ row: FormRow<Custody>) throws { try row.check() }

    static let tariffs: [FormRow<Tariff>] = [
        FormRow(
            "for one application",
            Tariff(
                provider: name("city"), application: name("purse"),
                validFrom: instant("2026-04-01T00:00:00Z"), basis: .kilobyteDay, rate: 250_000,
                terms: .init(currency: currency("EUR"), freeDays: 3, minimum: 5, cap: 900),
                recordedAt: instant("2026-03-10T12:00:00Z")),
            #"{"provider":"city","application":"purse","validFrom":"2026-04-01T00:00:00Z","#
                + #""basis":"kilobyte-day","rate":250000,"currency":"EUR","freeDays":3,"minimum":5,"cap":900,"#
                + #""recordedAt":"2026-03-10T12:00:00Z"}"#),
        FormRow(
            "for all of a provider",
            Tariff(
                provider: name("city"), validFrom: instant("2026-04-01T00:00:00Z"), basis: .day, rate: 0,
                terms: .init(currency: currency("JPY")), recordedAt: instant("2026-03-10T12:00:00Z")),
            #"{"provider":"city","validFrom":"2026-04-01T00:00:00Z","basis":"day","rate":0,"#
                + #""currency":"JPY","freeDays":0,"minimum":0,"recordedAt":"2026-03-10T12:00:00Z"}"#),
    ]

    @Test("a tariff", arguments: tariffs)
    func tariff(_ row: FormRow<Tariff>) throws { try row.check() }

    @Test("an amount is whole minor units and a currency")
    func money() throws {
        try FormRow("fee", Money(-1_205, currency("EUR")), #"{"minorUnits":-1205,"currency":"EUR"}"#).check()
    }

    static let addresses = [
        ("reader", "Virtual PCD 00 00"), ("terminal", "lobby-1"), ("sms", "+4915112345678"),
        ("https", "https://a.example/agent"),
    ]

    @Test("an address of every kind", arguments: addresses)
    func address(_ kind: String, _ address: String) throws {
        let bearer = try #require(Bearer(kind: kind, address: address))
        let since = instant("2026-03-10T12:00:00Z")
        try FormRow(
            kind, CardAddress(card: name("0A"), ordinal: 4, bearer: bearer, since: since, until: since),
            #"{"card":"0A","ordinal":4,"bearer":"\#(kind)","address":"\#(address)","#
                + #""since":"2026-03-10T12:00:00Z","until":"2026-03-10T12:00:00Z"}"#
        ).check()
    }

    static let broken = [
        #"{"card":"0A","ordinal":4,"bearer":"pigeon","address":"x","since":"2026-03-10T12:00:00Z"}"#,
        #"{"card":"0A","ordinal":4,"bearer":"sms","address":"0151","since":"2026-03-10T12:00:00Z"}"#,
        #"{"card":"0a","ordinal":4,"bearer":"terminal","address":"x","since":"2026-03-10T12:00:00Z"}"#,
        #"{"card":"0A","ordinal":"4","bearer":"terminal","address":"x","since":"2026-03-10T12:00:00Z"}"#,
        #"{"card":"0A","ordinal":4,"bearer":"terminal","address":"x","since":"2026-03-10 12:00"}"#,
    ]

    @Test("an address that is none is refused", arguments: broken)
    func refuses(_ text: String) throws {
        let value = try JSONValue(decoding: text)
        #expect(throws: FormProblem.self) { try CardAddress(json: value) }
    }
}
