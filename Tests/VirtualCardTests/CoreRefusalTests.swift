import SmartCard
import Testing
import VirtualCard

@Suite("Refusals")
struct CoreRefusalTests {
    @Test("carry the status words of ISO/IEC 7816-4 table 6")
    func statusWords() {
        #expect(Refusal.wrongLength.status == 0x6700)
        #expect(Refusal.conditionsNotSatisfied.status == 0x6985)
    }
}
