import Centre
import Exchange
import SmartCard
import Storage
import Testing
import VirtualCard

/// A folder that comes from one provider, into a store that others have applications in.
@Suite("A folder against what is there")
struct FolderOwnerTests {
    private let bench: Bench

    init() throws {
        bench = try Bench()
        try bench.addApplications()
        try bench.act { act in
            try act.registerProvider(
                ProviderID("evil"), name: "Evil",
                limits: .init(roomPerCard: Room(nonVolatile: 1 << 20, volatile: 1 << 16), cardsMax: 1_000))
        }
    }

    private func take(_ manifest: String) throws -> ApplicationFolder.Outcome {
        let files = ["manifest.json": Array(manifest.utf8), "purse.cap": ExampleApplication.purse.capFile]
        return try bench.act { act in try ApplicationFolder.take(act) { try #require(files[$0], "\($0)") } }
    }

    @Test(
        "an application that is there stays its provider's, and keeps its name",
        arguments: [
            ("evil", "purse", "provider is 'city', not 'evil'"),
            ("city", "Money", "name is 'purse', not 'Money'"),
            ("evil", "Money", "provider is 'city', not 'evil'; name is 'purse', not 'Money'"),
        ])
    func others(_ provider: String, name: String, words: String) throws {
        let audits = try bench.count(AuditEntry.self)
        let problem = #expect(throws: ApplicationFolder.Problem.self) {
            _ = try take(
                #"{"provider":"\#(provider)","applications":[{"id":"new","name":"New","releases":[]},"#
                    + #"{"id":"purse","name":"\#(name)","releases":["#
                    + #"{"version":"6.6","files":["purse.cap"],"parking":"contract"}]}]}"#)
        }
        #expect(
            problem?.reason
                == "manifest.json: application 'purse': It is there already, and differs: \(words).")
        // Nothing of the folder is kept, and nothing is noted.
        #expect(try bench.count(Release.self) == 0)
        #expect(try bench.count(Application.self) == 2)
        #expect(try bench.count(AuditEntry.self) == audits)
    }

    @Test("its own provider adds a release, with the name or without", arguments: ["", #""name":"purse","#])
    func own(_ name: String) throws {
        let outcome = try take(
            #"{"provider":"city","applications":[{"id":"purse",\#(name)"releases":["#
                + #"{"version":"6.6","files":["purse.cap"],"parking":"contract"}]}]}"#)
        #expect(outcome.applications == 0 && outcome.releases == 1 && outcome.unchanged == 0)
    }

    @Test(
        "a value of another kind, or one that nothing would come of, is refused and not left out",
        arguments: [
            (#""privileges":"all""#, #""parking":"contract""#, "privileges is no number"),
            (#""privileges":16777216"#, #""parking":"contract""#, "privileges are no number of 24 bits"),
            (#""parameters":9"#, #""parking":"contract""#, "parameters is no text"),
            (#""nonVolatile":"300""#, #""parking":"contract""#, "nonVolatile is no number"),
            (#""volatile":true"#, #""parking":"contract""#, "volatile is no number"),
            (#""privileges":0"#, #""parking":"never","reason":9"#, "reason is no text"),
            (#""privileges":0"#, #""parking":"contract","reason":"A trial.""#, "reason is only"),
        ])
    func kinds(_ member: String, parking: String, words: String) throws {
        let module = ExampleApplication.purse.module.bytes.hex
        let problem = #expect(throws: ApplicationFolder.Problem.self) {
            _ = try take(
                #"{"provider":"city","applications":[{"id":"purse","releases":[{"version":"1","#
                    + #""files":["purse.cap"],\#(parking),"#
                    + #""instances":[{"module":"\#(module)",\#(member)}]}]}]}"#)
        }
        #expect(problem?.reason.contains(words) == true, "\(problem?.reason ?? "")")
    }

    @Test("that a service is stopped and that snapshots are permitted goes out and comes in")
    func wholeReleases() throws {
        _ = try take(
            #"{"provider":"city","applications":[{"id":"money","name":"Money","serviceStopped":"Recalled.","#
                + #""releases":[{"version":"1","files":["purse.cap"],"parking":"contract","#
                + #""permitsSnapshots":true}]}]}"#)
        let written = Written()
        _ = try bench.act { act in
            try ApplicationFolder.give(ProviderID("city"), act) { written.files[$0] = $1 }
        }
        let other = try Bench()
        try other.addApplications()
        _ = try other.act { act in
            try ApplicationFolder.take(act) { try #require(written.files[$0], "\($0)") }
        }
        for one in [bench, other] {
            let found = try one.store.read { transaction in
                (
                    try transaction.find(Application.self, key: .text("money")),
                    try transaction.all(Release.self, Query(Release.table))
                )
            }
            #expect(found.0?.service == .stopped(reason: "Recalled."))
            #expect(found.1.map(\.permitsSnapshots) == [true])
        }
    }

    @Test("of a provider who is not there nothing is written")
    func nobody() throws {
        let id = try ProviderID("nobody")
        #expect(throws: ProviderRefusal.unknown(id)) {
            _ = try bench.act { act in
                try ApplicationFolder.give(id, act) { name, _ in
                    Issue.record("\(name) was written")
                }
            }
        }
    }

    private final class Written {
        var files: [String: [UInt8]] = [:]
    }

    @Test("a release that is there twice is refused: one of them would be lost")
    func twice() throws {
        let release = #"{"version":"1","files":["purse.cap"],"parking":"contract"}"#
        let problem = #expect(throws: ApplicationFolder.Problem.self) {
            _ = try take(
                #"{"provider":"city","applications":[{"id":"purse","releases":[\#(release),\#(release)]}]}"#)
        }
        #expect(problem?.reason == "manifest.json: release purse@1 is there twice.")
        #expect(try bench.count(Release.self) == 0)
    }
}
