internal import Testing

@Suite("SELECT with the options of ISO 7816-4")
struct CoreSelectOptionsTests {
    @Test(
        "P2 says whether a domain's file control information comes back (GPCS 2.3.1 §11.9.2.2)",
        arguments: [("00", false), ("04", false), ("08", false), ("0C", true)])
    func fileControl(p2: String, isSilent: Bool) throws {
        let bench = try Bench("javacard-80k")
        let answer = bench.send("00A404" + p2 + "08A00000015100000000")
        #expect(answer == (isSilent ? "9000" : "6F108408A000000151000000A5049F6501FF9000"))
        #expect(bench.send("80CA004200").hasSuffix("9000"))
    }
}
