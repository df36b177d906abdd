import Centre
import Exchange
import Storage
import Testing

@Suite("Password verifiers from a file")
struct VerifierTests {
    private static let header = "number,name,password-verifier\n"
    /// Salt and outcome, in hex.
    private static let rest = String(repeating: "5A", count: 48)

    @Test(
        "one of another cost than the centre's own is refused, and the next row is taken",
        arguments: ["01140801", "010F0802", "01010101"])
    func otherCost(_ cost: String) throws {
        let bench = try Bench()
        let (progress, bad) = try bench.take(
            .holders, .csv, Self.header + "1,Ada,\(cost)\(Self.rest)\n2,Bob,010F0803\(Self.rest)\n")
        #expect(progress.added == 1 && bad.map(\.line) == [2])
        #expect(bad.first?.reason == "password-verifier is of another cost than berth's own.")
    }

    @Test(
        "whoever has no password yet costs as much to check as anybody, from an older export too",
        arguments: ["", "010F0801" + rest])
    func none(_ given: String) throws {
        let bench = try Bench()
        #expect(try bench.take(.holders, .csv, Self.header + "1,Ada,\(given)\n").bad == [])
        let holders = try bench.store.read { try $0.all(Holder.self, Query(Holder.table)) }
        #expect(holders.map { Array($0.passwordVerifier.prefix(4)) } == [[1, 15, 8, 3]])
    }
}

@Suite("Columns that say nothing without another one")
struct LoneColumnTests {
    @Test(
        "are refused, not left out",
        arguments: [
            ("issue-through", "2026-12-31", "issue-from is missing."),
            ("issue-from", "2026-12-31", "issue-through is missing."),
        ])
    func holders(_ column: String, value: String, reason: String) throws {
        let bench = try Bench()
        let (progress, bad) = try bench.take(.holders, .csv, "number,name,\(column)\n1,Ada,\(value)\n")
        #expect(progress.added == 0 && bad.map(\.reason) == [reason])
        #expect(try bench.count(Holder.self) == 0)
    }

    @Test("a reason is only of a card that is blocked or retired", arguments: ["", "active"])
    func cards(_ life: String) throws {
        let bench = try Bench()
        let (progress, bad) = try bench.take(
            .cards, .csv,
            "id,profile,issuer-domain,master-key,key-version,channel,life,reason\n"
                + "479001,javacard-80k,A000000151000000,fleet,1,scp03,\(life),It was lost.\n")
        #expect(progress.added == 0)
        #expect(bad.map(\.reason) == ["reason is only for a card that is blocked or retired."])
    }
}
