import Centre
import GlobalPlatform
import SmartCard
import TestSupport
import Testing
import VirtualCard

/// That nothing is on a card comes as an error, and errors carry no MAC: anybody on the way can say so.
@Suite("Lists that somebody empties on their way", .mission(.point1))
struct EmptyListTests {
    private static let purse = ExampleApplication.purse

    /// Applications, code, or both.
    private static let lists: [Set<UInt8>] = [[0x40], [0x10, 0x20], [0x10, 0x20, 0x40]]

    @Test(
        "a removal is not done because somebody says that nothing is there, in whichever reading",
        arguments: lists, [1, 2])
    func removal(lists: Set<UInt8>, reading: Int) throws {
        let bench = try DeskBench()
        let (card, id) = try bench.makeCard("javacard-80k")
        try bench.visit(card, id)
        let application = VisitBench.id(.purse).application
        try bench.wish("add", [.add(application: application)], on: id)
        try bench.visitUntilEnd(card, id, "add")
        try bench.wish("remove", [.remove(application: application)], on: id)
        var asked: [UInt8: Int] = [:]
        var lies = 0
        bench.distort = { command, answer in
            guard command.ins == Instruction.getStatus, lists.contains(command.p1) else { return answer }
            asked[command.p1, default: 0] += 1
            guard asked[command.p1] == reading else { return answer }
            lies += 1
            return ResponseAPDU(status: 0x6A88)
        }
        try bench.visitUntilEnd(card, id, "remove")
        #expect(lies > 0)
        #expect(card.contents.application(Self.purse.module) == nil)
        #expect(card.contents.loadFile(Self.purse.loadFile) == nil)
        try bench.visit(card, id)
        let findings = try bench.record(id).findings
        #expect(findings.isEmpty, "\(findings)")
    }
}
