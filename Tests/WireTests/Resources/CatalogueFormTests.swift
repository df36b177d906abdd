import Centre
import GlobalPlatform
import JSON
import SmartCard
import Testing
import Wire

@Suite("Providers, applications and releases as JSON")
struct CatalogueFormTests {
    static let limits = Provider.Limits(roomPerCard: Room(nonVolatile: 20_000, volatile: 512), cardsMax: 7)
    static let limitsText = #"{"roomPerCard":{"nonVolatile":20000,"volatile":512},"cardsMax":7}"#

    static let providers: [FormRow<Provider>] = [
        FormRow(
            "active", Provider(id: name("city"), name: "City \"Card\"", limits: limits),
            #"{"id":"city","name":"City \"Card\"","life":"active","limits":\#(limitsText),"domains":[],"#
                + #""seesAlso":[]}"#),
        FormRow(
            "suspended",
            Provider(
                id: name("city"), name: "City", life: .suspended(reason: "Unpaid."), limits: limits,
                domains: [aid("A000000151")], sight: .also([name("bank"), name("shop")])),
            #"{"id":"city","name":"City","life":"suspended","reason":"Unpaid.","limits":\#(limitsText),"#
                + #""domains":["A000000151"],"seesAlso":["bank","shop"]}"#),
    ]

    @Test("a provider", arguments: providers)
    func provider(_ row: FormRow<Provider>) throws { try row.check() }

    static let applications: [FormRow<Application>] = [
        FormRow(
            "running", Application(id: name("purse"), name: "Purse", provider: name("city")),
            #"{"id":"purse","name":"Purse","provider":"city","service":"running"}"#),
        FormRow(
            "stopped",
            Application(
                id: name("purse"), name: "Purse", provider: name("city"), service: .stopped(reason: "Old.")),
            #"{"id":"purse","name":"Purse","provider":"city","service":"stopped","reason":"Old."}"#),
    ]

    @Test("an application", arguments: applications)
    func application(_ row: FormRow<Application>) throws { try row.check() }

    static let digest = [UInt8](repeating: 0xAB, count: 32)
    static let loadFile = Release.LoadFile(
        aid: aid("A00000000101"), digest: digest, byteCount: 1_234, imports: [aid("A00000000102")],
        declared: Room(nonVolatile: 1_500))
    static let loadFileText =
        #"{"aid":"A00000000101","digest":"\#(String(repeating: "AB", count: 32))","bytes":1234,"#
        + #""imports":["A00000000102"],"declared":{"nonVolatile":1500,"volatile":0}}"#
    static let instance = Release.Instance(
        aid: aid("A0000000010101"), module: aid("A0000000010102"), loadFile: aid("A00000000101"),
        privileges: [.securityDomain, .delegatedManagement], parameters: [0x81, 0x00],
        declared: Room(nonVolatile: 300, volatile: 40))
    static let instanceText =
        #"{"aid":"A0000000010101","module":"A0000000010102","loadFile":"A00000000101","#
        + #""privileges":["SecurityDomain","DelegatedManagement"],"parameters":"8100","#
        + #""declared":{"nonVolatile":300,"volatile":40}}"#

    static let releases: [FormRow<Release>] = [
        FormRow(
            "draft",
            Release(
                id: ReleaseID(name("purse"), name("1.2")), loadFiles: [loadFile], instances: [instance],
                personalisation: [[0xDE, 0xAD]], parking: .contract),
            #"{"id":"purse@1.2","application":"purse","version":"1.2","life":"draft","#
                + #""loadFiles":[\#(loadFileText)],"instances":[\#(instanceText)],"#
                + #""personalisation":["DEAD"],"parking":{"class":"contract"},"permitsSnapshots":false}"#),
        FormRow(
            "withdrawn",
            Release(
                id: ReleaseID(name("purse"), name("1.2")),
                life: .withdrawn(at: instant("2026-03-10T12:00:00.250Z"), reason: "Recalled."),
                loadFiles: [loadFile], instances: [], parking: .never(reason: "It is an identity."),
                compatibility: .only([name("jc-a"), name("jc-b")]), permitsSnapshots: true),
            #"{"id":"purse@1.2","application":"purse","version":"1.2","life":"withdrawn","#
                + #""since":"2026-03-10T12:00:00.250Z","reason":"Recalled.","loadFiles":[\#(loadFileText)],"#
                + #""instances":[],"personalisation":[],"#
                + #""parking":{"class":"never","reason":"It is an identity."},"profiles":["jc-a","jc-b"],"#
                + #""permitsSnapshots":true}"#),
    ]

    @Test("a release", arguments: releases)
    func release(_ row: FormRow<Release>) throws { try row.check() }

    @Test("a draft says everything but its name and its life")
    func draft() throws {
        let row = Self.releases[0]
        let draft = try Release(draft: row.value.id, JSONValue(decoding: row.text))
        #expect(draft == row.value)
        var published = try JSONValue(decoding: Self.releases[1].text).objectValue ?? [:]
        published["life"] = "published"
        #expect(try Release(draft: row.value.id, .object(published)).life == .draft)
    }

    @Test("every privilege comes back by its name", arguments: Privileges.named.map(\.name))
    func privileges(_ privilege: String) throws {
        let known = try #require(Privileges.named.first { $0.name == privilege }).privilege
        var instance = Self.instance
        instance.privileges = known
        #expect(try Release.Instance(json: instance.json).privileges == known)
    }

    @Test("a load file of the catalogue")
    func loadFileForm() throws {
        let form = LoadFileForm(
            loadFile: Self.loadFile, version: "1.0",
            modules: [.init(aid: aid("A0000000010102"), name: "Purse", expected: Room(nonVolatile: 9))])
        let text =
            Self.loadFileText.dropLast()
            + #","version":"1.0","modules":[{"aid":"A0000000010102","name":"Purse","#
            + #""expected":{"nonVolatile":9,"volatile":0}}]}"#
        try FormRow("load file", form, String(text)).check()
    }

    static let refused: [(String, String, String)] = [
        (#"{}"#, "/application", "is missing"),
        (#"{"application":"Purse"}"#, "/application", "is not the name of a application"),
        (
            #"{"application":"p","version":"1","life":"gone"}"#, "/life",
            "does not go with the time and the reason beside it"
        ),
        (
            #"{"application":"p","version":"1","life":"draft","parking":{"class":"never"}}"#,
            "/parking/class", "is not one of contract, stateless, re-personalised, or never with a reason"
        ),
        (
            #"{"application":"p","version":"1","life":"draft","loadFiles":[{"aid":"A0"}]}"#,
            "/loadFiles/0/digest", "is missing"
        ),
        (
            #"{"application":"p","version":"1","life":"draft","loadFiles":[{"digest":"AB"}]}"#,
            "/loadFiles/0/digest", "is not a SHA-256"
        ),
        (
            #"{"application":"p","version":"1","life":"draft","instances":7}"#, "/instances",
            "is not a list"
        ),
        (#"[]"#, "", "is not an object"),
    ]

    @Test("what is wrong is told with its place", arguments: refused)
    func refuses(_ text: String, _ pointer: String, _ problem: String) throws {
        let value = try JSONValue(decoding: text)
        do throws(FormProblem) {
            _ = try Release(json: value)
            Issue.record("\(text) was taken")
        } catch {
            #expect(error.pointer == pointer)
            #expect(error.problem.hasPrefix(problem), "\(error.problem)")
        }
    }
}
