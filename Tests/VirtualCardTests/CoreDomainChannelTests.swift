import GlobalPlatform
import SmartCard
import Testing

@testable import VirtualCard

@Suite("The secure channel a domain is installed with")
struct CoreDomainChannelTests {
    @Test(
        "options that cannot be opened are refused, and none are the card's own (GPCS 2.3.1 §E.1.1)",
        arguments: [("0215", 0x15), ("0255", 0x55), ("0200", 0x15), ("0211", nil), ("0251", nil)])
    func options(parameter: String, kept: UInt8?) throws {
        let bench = try Bench("javacard-80k")
        for step in Step.issuer { #expect(bench.send(step).hasSuffix("9000")) }
        let answer = bench.send(
            Step.forInstall(
                Bench.domainPackage, Bench.domainModule, CoreRules.other, privileges: "80",
                parameters: "C9048102" + parameter))
        #expect(answer.hasSuffix(kept == nil ? "6A80" : "9000"))
        let domain = bench.card.contents.domains[try AID(hex: CoreRules.other)]
        #expect(domain?.channelProtocols.map(\.options) == kept.map { [$0] })
    }
}
