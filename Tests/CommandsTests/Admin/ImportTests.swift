import Arguments
import Commands
import JSON
import TestSupport
import Testing

@Suite("Bringing in many at once")
struct ImportVerbTests {
    private let bench: CommandBench

    init() throws { bench = try CommandBench() }

    @Test("bad rows are told by their line and cost no good one")
    func badRows() async throws {
        try bench.write(
            "providers.csv",
            """
            id,name,limits-room-per-card-non-volatile,limits-room-per-card-volatile,limits-cards-max,domains
            city,City Transit,100,10,7,A000000151 A000000152
            Rail,Wrong name,100,10,7,
            bank,"Bank, and more",many,10,7,
            shop,Shop,1,1,1,
            pub,"Pub
            """)
        let outcome = await bench.run("providers import @providers.csv --dry-run --rejects @bad.csv --json")
        #expect(outcome.exit == .badData, "\(outcome.output)\(outcome.errors)")
        let lines = outcome.output.split(separator: "\n").compactMap { try? JSONValue(decoding: String($0)) }
        #expect(lines.compactMap { $0["line"]?.integerValue } == [3, 4, 6])
        #expect(lines.contains { $0["done"] == 2 && $0["refused"] == 3 })
        let rejects = try bench.read("bad.csv").split(separator: "\n")
        #expect(rejects.count == 4)
        #expect(rejects[0].hasPrefix("id,name,"))
        #expect(rejects[2] == "bank,\"Bank, and more\",many,10,7,")
    }

    @Test("lines of JSON are rows too, and a column that nobody knows is refused")
    func jsonLines() async throws {
        try bench.write(
            "a.jsonl",
            """
            {"id":"purse","name":"Purse","provider":"city"}
            {"id":"pass","name":"Pass"}
            [1]

            {"id":"x","name":"X","provider":"city","more":1}
            """)
        let outcome = await bench.run("applications import @a.jsonl --dry-run --json")
        let lines = outcome.output.split(separator: "\n").compactMap { try? JSONValue(decoding: String($0)) }
        #expect(lines.compactMap { $0["line"]?.integerValue } == [2, 3, 5])
        try bench.write("b.csv", "id,name,provider,colour\npurse,Purse,city,red\n")
        #expect(await bench.run("applications import @b.csv --dry-run").exit == .badData)
    }

    @Test("a way to the centre that is cut is no bad row: the run stops, and goes on there")
    func resumes() async throws {
        try bench.write("c.csv", "id,name,provider\npurse,Purse,city\n")
        let variables = ["BERTH_SERVER": "http://127.0.0.1:1"]
        let outcome = await bench.run("applications import @c.csv", variables: variables)
        #expect(outcome.exit == .unavailable, "\(outcome.output)\(outcome.errors)")
        #expect(await bench.run("applications import @missing.csv", variables: variables).exit == .noInput)
    }
}
