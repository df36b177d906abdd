import Centre
import Simulation
import TestSupport
import Testing

@Suite("Simulation")
struct SimulationTests {
    @Test("the invariants hold in worlds of all kinds", arguments: 1...12)
    func sound(seed: Int) throws {
        let simulation = Simulation(try Ground())
        let outcome = simulation.run(UInt64(seed))
        let said = outcome.violation.map { "\($0)" } ?? outcome.error ?? ""
        #expect(outcome.isSound, "seed \(seed): \(said)\n\(outcome.story.joined(separator: "\n"))")
    }
}
