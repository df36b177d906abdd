import CardManagement
import Centre
import GlobalPlatform
import SmartCard
import TestSupport
import Testing
import VirtualCard

@Suite("Data that were on their way back and did not arrive")
struct AskedAgainTests {
    private static let purse = VisitBench.id(.purse).application

    /// On a card that proves nothing by its answers, nobody knows afterwards whether half a copy stands there.
    @Test(
        "after the return was turned round at any command, they can be asked for again and come whole",
        .mission(.b10), arguments: ["small-16k", "javacard-80k"])
    func again(profile: String) throws {
        for point in stride(from: 0, to: 80, by: 3) {
            let bench = try DeskBench()
            let (card, id) = try bench.makeCard(profile)
            try bench.visit(card, id)
            try bench.wish("add", [.add(application: Self.purse)], on: id)
            try bench.visitUntilEnd(card, id, "add")
            _ = try DeskBench.ask(card, .purse, "803200000400002710")
            let balance = try DeskBench.ask(card, .purse, "8030000000")
            try bench.wish("park", [.park(application: Self.purse)], on: id)
            try bench.visitUntilEnd(card, id, "park")
            let key = try #require(try bench.stays(of: id).first).key
            bench.tear = (bench.exchanges + point, true)
            try bench.wish("restore", [.restore(key)], on: id)
            try bench.visit(card, id)
            let wasTorn = bench.tear == nil
            bench.tear = nil
            if try bench.operation("restore", on: id)?.isOpen == true {
                try bench.desk.cancel(RequestID("restore"), on: id)
                for _ in 0..<4 { try bench.visit(card, id) }
            }
            #expect(try bench.operation("restore", on: id)?.isOpen == false, "\(point)")
            if try bench.stays(of: id).contains(where: \.isOpen) {
                try bench.wish("again", [.restore(key)], on: id)
                try bench.visitUntilEnd(card, id, "again", "\(point)")
            }
            #expect(try DeskBench.ask(card, .purse, "8030000000") == balance, "\(point)")
            if !wasTorn { break }
        }
    }
}
