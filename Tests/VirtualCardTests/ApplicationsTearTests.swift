import GlobalPlatform
import SmartCard
import TestSupport
import Testing

@testable import VirtualCard

/// The power goes at every persistent write of every command of the contract; the instance then stands in the state
/// before or after that command, says so, and the same commands once more lead to the end.
@Suite("Parking contract under tears", .mission(.point1), .mission(.point5))
struct ApplicationsTearTests {
    /// All the way out and back, into the instance that was left.
    static func script(_ image: ParkedImage) -> [ParkingMessage] {
        let half = image.length / 2
        return [
            .query, .freeze(2), .read(2, offset: 0, 200), .thaw(2), .freeze(4),
            .read(image.generation, offset: 0, 200), .surrender(image.generation, image.digest),
            .begin(image),
            image.write(0, half), image.write(half, image.length - half),
            .verify(image.generation, image.digest), .commit(image.generation, image.digest), .freeze(6),
            .thaw(6),
        ]
    }

    /// An image of generation 4 that a card of this seed would give.
    static func image(of subject: ParkingSubject) throws -> ParkedImage {
        let bench = try subject.prepared()
        for command in [ParkingMessage.freeze(2), .thaw(2)] { try bench.park(subject.application, command) }
        return try bench.takeImage(subject.application)
    }

    @Test("is in the old state or in the new one, and goes on", arguments: ParkingSubject.all)
    func everyWrite(_ subject: ParkingSubject) throws {
        let application = subject.application
        let script = Self.script(try Self.image(of: subject))
        let reference = try subject.prepared()
        reference.manage()
        var writes: [Int] = []
        var states: [InstanceMemory?] = [reference.card.contents.memories[application.module]]
        for command in script {
            let before = reference.card.writeCount
            #expect(try reference.park(application, command).result.isSuccess)
            writes.append(reference.card.writeCount - before)
            states.append(reference.card.contents.memories[application.module])
        }
        let end = reference.ask(application, subject.probe)
        #expect(end.hasSuffix("9000"))

        var tears = 0
        for (index, count) in writes.enumerated() where count > 0 {
            for write in 1...count {
                for isAfter in [false, true] {
                    let bench = try subject.prepared()
                    for command in script[..<index] { try bench.park(application, command) }
                    try tear(bench, application, script[index], write: write, isAfter: isAfter)
                    let isCommitted = isAfter && write == count
                    let memory = bench.card.contents.memories[application.module]
                    #expect(memory == states[isCommitted ? index + 1 : index])
                    for (offset, command) in script[index...].enumerated() {
                        let result = try bench.park(application, command).result
                        #expect(offset == 0 && isCommitted ? result == .already : result == .done)
                    }
                    #expect(bench.ask(application, subject.probe) == end)
                    tears += 1
                }
            }
        }
        // Ten of the commands write: at least one record and a mark each, before and after.
        #expect(tears >= 40, "\(tears)")
    }

    /// Cuts at one write of the command, counted from 1.
    private func tear(
        _ bench: ApplicationsBench, _ application: ExampleApplication, _ command: ParkingMessage, write: Int,
        isAfter: Bool
    ) throws {
        bench.manage()
        bench.bench.must([Step.personalize(application.module.bytes.hex)])
        let first = bench.card.writeCount
        bench.card.onWrite = { step in
            switch step {
            case .before(let number): !isAfter && number - first == write ? .cut : .goOn
            case .after(let number): isAfter && number - first == write ? .cut : .goOn
            }
        }
        #expect(bench.bench.send("80E29100" + command.hex.counted + "00").isEmpty)
        #expect(!bench.card.isPowered)
        bench.card.onWrite = nil
        bench.powerOn()
    }

    @Test("a torn debit is done or not done, and the purse knows which")
    func debit() throws {
        let subject = ParkingSubject.all[0]
        for write in 1...4 {
            for isAfter in [false, true] {
                let bench = try subject.prepared()
                bench.select(.purse)
                let before = bench.bench.send("80360000")
                let first = bench.card.writeCount
                bench.card.onWrite = { step in
                    step == (isAfter ? .after(first + write) : .before(first + write)) ? .cut : .goOn
                }
                let answer = bench.bench.send("803400000400000064")
                bench.card.onWrite = nil
                bench.powerOn()
                let after = bench.ask(.purse, "80360000")
                // Kind, amount, balance, counter: 90.00 before, 1.00 debited.
                let done = "02" + "00000064" + "000022C4" + "00000003" + "9000"
                #expect(before == "02" + "000003E8" + "00002328" + "00000002" + "9000")
                #expect(after == before && answer.isEmpty || after == done)
            }
        }
    }

    @Test("pulling the card does not give back a try of the PIN")
    func pinTries() throws {
        let bench = try ParkingSubject.all[0].prepared()
        bench.select(.purse)
        let first = bench.card.writeCount
        // The count goes down in a commit of its own, before the comparison.
        bench.card.onWrite = { $0 == .after(first + 2) ? .cut : .goOn }
        #expect(bench.bench.send("002000820439393939").isEmpty)
        bench.card.onWrite = nil
        bench.powerOn()
        #expect(bench.ask(.purse, "00200082") == "63C2")
    }
}
