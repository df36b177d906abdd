import Centre
import GlobalPlatform
import SmartCard
import TestSupport
import Testing
import VirtualCard

@Suite("Updates in place (Amendment H)", .mission(.point1), .mission(.point2), .mission(.point5))
struct UpgradeOperationTests {
    private static let purse = VisitBench.id(.purse).application
    private static let profile = "javacard-80k-upgrade"
    /// Beyond what any update needs; a sweep ends where its point does not come any more.
    private static let pointsMax = 400

    /// A card with an upgradable purse that has money in it; the next version is in the catalogue.
    private struct Ground {
        let bench: DeskBench
        let card: VirtualCard
        let id: CardID
        let balance: String
        let lineage: [UInt8]
        let (old, new): (ReleaseID, ReleaseID)

        init(_ runtime: StubbornRuntime = StubbornRuntime()) throws {
            bench = try DeskBench()
            old = ReleaseID(purse, try ReleaseVersion("2.0"))
            new = ReleaseID(purse, try ReleaseVersion("2.1"))
            try bench.publishUpgradable(.purse, "2.0", minor: 0)
            try bench.publishUpgradable(.purse, "2.1", minor: 1)
            (card, id) = try bench.makeCard(profile, runtimes: [runtime])
            try bench.visit(card, id)
            try bench.wish("add", [.addRelease(old)], on: id)
            try bench.visitUntilEnd(card, id, "add")
            let credit = try DeskBench.ask(card, .purse, "803200000400002710")
            #expect(credit.hasSuffix("9000"), "\(credit)")
            balance = try DeskBench.ask(card, .purse, "8030000000")
            lineage = try #require(card.parking(of: ExampleApplication.purse.module)).lineage
        }

        func update(hours: Int64 = 24) throws {
            try bench.wish("update", [.update(to: new)], on: id, hours: hours)
        }

        /// One live copy, wherever the code is, and none in the vault.
        func checkAlive(_ point: String) throws {
            let sight = card.parking(of: ExampleApplication.purse.module)
            #expect(
                sight?.lineage == lineage && sight?.state == .active, "\(point): \(String(describing: sight))"
            )
            #expect(try bench.stays(of: id).isEmpty, "\(point)")
        }

        func check(_ release: ReleaseID, minor: UInt8, _ point: String) throws {
            try checkAlive(point)
            #expect(try DeskBench.ask(card, .purse, "8030000000") == balance, "\(point)")
            #expect(
                card.contents.loadFile(ExampleApplication.purse.loadFile)?.version == [1, minor], "\(point)")
            let dossier = try bench.record(id)
            #expect(dossier.application(ExampleApplication.purse.module)?.release == release, "\(point)")
            #expect(dossier.card.inventory?.drift == nil, "\(point)")
            #expect(dossier.findings.isEmpty, "\(point)")
        }
    }

    @Test("card and releases allow it: one step, nothing leaves, nothing is paid, and fewer round trips")
    func plan() throws {
        let ground = try Ground()
        let plan = try ground.bench.plan(for: [.update(to: ground.new)], on: ground.id)
        guard case .upgrade(let task)? = plan.steps.first?.step, plan.steps.count == 1 else {
            Issue.record("\(plan.steps.map(\.step.words))")
            return
        }
        #expect(task.old.release == ground.old && task.new.release == ground.new)
        #expect(plan.leaving.isEmpty && plan.custodyPerDay.isEmpty && plan.objections.isEmpty)
        try ground.update()
        try ground.bench.visitUntilEnd(ground.card, ground.id, "update")
        #expect(ground.bench.roundTrips == plan.roundTrips && plan.roundTrips == 3)
        try ground.check(ground.new, minor: 1, "update")
    }

    @Test("a card or a release that does not know it parks, replaces and restores")
    func fallsBack() throws {
        let ground = try Ground()
        try ground.bench.publish(.purse, "3.0")
        let plain = ReleaseID(Self.purse, try ReleaseVersion("3.0"))
        let plan = try ground.bench.plan(for: [.update(to: plain)], on: ground.id)
        #expect(plan.leaving.map(\.cause) == [.replaced])
        let (card, other) = try ground.bench.makeCard("javacard-80k", seed: 2)
        try ground.bench.visit(card, other)
        let unsuited = try ground.bench.plan(for: [.addRelease(ground.new)], on: other)
        #expect(unsuited.objections.map(\.kind) == [.profileUnsuited])
        try ground.bench.wish("plain", [.update(to: plain)], on: ground.id)
        try ground.bench.visitUntilEnd(ground.card, ground.id, "plain")
        #expect(try DeskBench.ask(ground.card, .purse, "8030000000") == ground.balance)
    }

    @Test(
        "torn at every command, with the node dying as well, the data stay and the update comes to its end",
        arguments: [false, true])
    func tears(isCarriedOut: Bool) throws {
        for point in 0..<Self.pointsMax {
            let ground = try Ground()
            let name = "\(point), \(isCarriedOut)"
            try ground.update()
            ground.bench.tear = (ground.bench.exchanges + point, isCarriedOut)
            try ground.bench.visit(ground.card, ground.id)
            try ground.checkAlive(name)
            if point.isMultiple(of: 2) { ground.bench.restart() }
            let isTorn = ground.bench.tear == nil
            try ground.bench.visitUntilEnd(ground.card, ground.id, "update", name)
            try ground.check(ground.new, minor: 1, name)
            guard isTorn else { return }
        }
        Issue.record("no end")
    }

    @Test("torn at every write of the card, before and after", arguments: [false, true])
    func writes(isAfter: Bool) throws {
        for point in 1..<Self.pointsMax {
            let ground = try Ground()
            let name = "write \(point), \(isAfter)"
            try ground.update()
            let wanted = ground.card.writeCount + point
            ground.card.onWrite = { $0 == (isAfter ? .after(wanted) : .before(wanted)) ? .cut : .goOn }
            try ground.bench.visit(ground.card, ground.id)
            let isTorn = !ground.card.isPowered
            ground.card.onWrite = nil
            try ground.checkAlive(name)
            try ground.bench.visitUntilEnd(ground.card, ground.id, "update", name)
            try ground.check(ground.new, minor: 1, name)
            guard isTorn else { return }
        }
        Issue.record("no end")
    }

    @Test("new code that does not take the data is given up, torn anywhere, and the old code has them again")
    func refusedData() throws {
        for point in [-1] + Array(stride(from: 0, to: Self.pointsMax, by: 3)) {
            let ground = try Ground(StubbornRuntime(refusesRestoring: 1))
            try ground.update()
            if point >= 0 { ground.bench.tear = (ground.bench.exchanges + point, point.isMultiple(of: 2)) }
            for _ in 0..<4 where try ground.bench.operation("update", on: ground.id)?.isOpen == true {
                try ground.bench.visit(ground.card, ground.id)
                try ground.checkAlive("\(point)")
            }
            guard
                case .ended(.failed(let reason, _))? = try ground.bench.operation("update", on: ground.id)?
                    .state
            else {
                Issue.record(
                    "\(point): \(String(describing: try ground.bench.operation("update", on: ground.id)))")
                return
            }
            #expect(reason.text.contains("did not take over"), "\(reason)")
            try ground.check(ground.old, minor: 0, "\(point)")
            if point >= 0, ground.bench.tear != nil { return }
        }
        Issue.record("no end")
    }

    @Test("code that does not hand its data over is parked and replaced instead")
    func refusedSaving() throws {
        let ground = try Ground(StubbornRuntime(refusesSaving: 0))
        try ground.update()
        try ground.bench.visitUntilEnd(ground.card, ground.id, "update")
        #expect(try DeskBench.ask(ground.card, .purse, "8030000000") == ground.balance)
        #expect(
            try ground.bench.record(ground.id).application(ExampleApplication.purse.module)?.release
                == ground.new)
        guard case .returned? = try ground.bench.stays(of: ground.id).last?.state else {
            Issue.record("\(try ground.bench.stays(of: ground.id))")
            return
        }
        #expect(
            try ground.bench.journal("update", on: ground.id).contains {
                $0.text.contains("park and restore instead")
            })
    }

    @Test("a deadline or a cancellation in the middle brings the old code back", arguments: [false, true])
    func givenUp(isCancelled: Bool) throws {
        var open = 0
        for point in stride(from: 0, to: Self.pointsMax, by: 2) {
            let ground = try Ground()
            try ground.update(hours: 1)
            ground.bench.tear = (ground.bench.exchanges + point, true)
            try ground.bench.visit(ground.card, ground.id)
            guard ground.bench.tear == nil else { break }
            guard try ground.bench.operation("update", on: ground.id)?.isOpen == true else { break }
            if ground.card.contents.upgrade.map(\.state.isOpen) == true { open += 1 }
            if isCancelled {
                try ground.bench.cancel("update", on: ground.id)
            } else {
                ground.bench.clock.advance(by: .seconds(7_200))
            }
            for _ in 0..<3 { try ground.bench.visit(ground.card, ground.id) }
            guard case .ended(let end)? = try ground.bench.operation("update", on: ground.id)?.state else {
                Issue.record("\(point): not over")
                return
            }
            // What had come to its end by then is done.
            let isDone = end == .done
            try ground.check(isDone ? ground.new : ground.old, minor: isDone ? 1 : 0, "\(point): \(end)")
        }
        #expect(open > 10, "\(open)")
    }

    @Test("what was finished when its deadline passed unseen is the new release, and no drift")
    func finishedUnseen() throws {
        var finished = 0
        for point in 0..<Self.pointsMax {
            let ground = try Ground()
            try ground.update(hours: 1)
            ground.bench.tear = (ground.bench.exchanges + point, true)
            try ground.bench.visit(ground.card, ground.id)
            guard ground.bench.tear == nil,
                try ground.bench.operation("update", on: ground.id)?.isOpen == true
            else { break }
            ground.bench.clock.advance(by: .seconds(7_200))
            #expect(try ground.bench.desk.expire() == 1)
            for _ in 0..<2 { try ground.bench.visit(ground.card, ground.id) }
            let isNew =
                ground.card.contents.loadFile(ExampleApplication.purse.loadFile)?.version == [1, 1]
            try ground.check(isNew ? ground.new : ground.old, minor: isNew ? 1 : 0, "\(point)")
            guard isNew else { continue }
            finished += 1
            let journal = try ground.bench.journal("update", on: ground.id)
            #expect(journal.last?.text.hasPrefix("done before its end") == true, "\(point): \(journal)")
        }
        #expect(finished > 0)
    }
}
