import Centre
import GlobalPlatform
import SmartCard
import TestSupport
import Testing
import VirtualCard

@Suite("Operations in visits")
struct VisitTests {
    private static let profiles = CardProfile.builtInTexts.map(\.name)

    @Test(
        "an application is added, on every built-in profile", .mission(.a8), .mission(.b8), .mission(.b9),
        arguments: profiles)
    func add(profile: String) throws {
        let bench = try VisitBench(profile)
        try bench.order(VisitBench.adding(.pass))
        #expect(bench.visitUntilEnd() == .done)
        #expect(bench.applications.contains(ExampleApplication.pass.module))
        #expect(try bench.ask(.pass, "8044000000").hasSuffix("9000"))
    }

    @Test("one leaves with its data, one comes, and the first comes back", arguments: profiles)
    func parkAndRestore(profile: String) throws {
        let bench = try VisitBench(profile)
        try bench.order(VisitBench.adding(.purse))
        #expect(bench.visitUntilEnd() == .done)
        #expect(try bench.ask(.purse, "803200000400002710").hasSuffix("9000"))
        let balance = try bench.ask(.purse, "8030000000")

        try bench.order(VisitBench.parking(.purse) + VisitBench.adding(.loyalty), name: "park")
        #expect(bench.visitUntilEnd() == .done)
        #expect(!bench.applications.contains(ExampleApplication.purse.module))
        #expect(bench.applications.contains(ExampleApplication.loyalty.module))
        guard case .held? = bench.file.stays.last?.state else {
            Issue.record("not held: \(String(describing: bench.file.stays.last))")
            return
        }
        try bench.order(bench.restoring(.purse), name: "restore")
        #expect(bench.visitUntilEnd() == .done)
        guard case .returned? = bench.file.stays.last?.state else {
            Issue.record("not returned: \(String(describing: bench.file.stays.last))")
            return
        }
        #expect(try bench.ask(.purse, "8030000000") == balance)
    }

    @Test(
        "adding one with one parked takes few round trips, all included",
        arguments: [
            ("javacard-80k", 6), ("javacard-80k-scp02", 6), ("small-16k", 6), ("javacard-80k-predictable", 4),
        ])
    func roundTrips(profile: String, most: Int) throws {
        let bench = try VisitBench(profile)
        try bench.order(VisitBench.adding(.purse))
        #expect(bench.visitUntilEnd() == .done)
        _ = try bench.ask(.purse, "803200000400002710")
        try bench.order(VisitBench.parking(.purse) + VisitBench.adding(.loyalty), name: "park")
        bench.visit()
        #expect(bench.file.operation?.state == .ended(.done))
        #expect(bench.roundTrips <= most, "\(bench.roundTrips) round trips")
    }

    /// An operation that is not over has begun to take it.
    private static func isToldToFreeze(_ example: ExampleApplication, by operation: Centre.Operation?) -> Bool
    {
        guard let operation, operation.isOpen else { return false }
        return operation.begun.subtracting(operation.done).contains { index in
            if case .park(let parking) = operation.steps[index] {
                parking.instance == example.module
            } else {
                false
            }
        }
    }

    /// What must hold after every visit, whatever happened in it.
    static func checkOneLiveCopy(_ bench: VisitBench, balance: String, at point: String) throws {
        let isActive = try bench.ask(.purse, "8030000000") == balance
        let held = bench.file.stays.filter { $0.aid == ExampleApplication.purse.module }.contains { stay in
            switch stay.state {
            case .held, .returning: bench.images[stay.key] != nil
            case .frozen, .provisional, .surrendering, .returned, .discarded: false
            }
        }
        // FREEZE goes ahead of the card's first word: that it was sent stands in the operation, until there is a stay.
        let isLimbo =
            isToldToFreeze(.purse, by: bench.file.operation)
            || bench.file.stays.contains { stay in
                switch stay.state {
                case .frozen, .provisional, .surrendering, .returning: true
                case .held, .returned, .discarded: false
                }
            }
        if !isLimbo { #expect(isActive != held, "\(point): active \(isActive), held \(held)") }
        let onCard = bench.card.contents.application(ExampleApplication.purse.module) != nil
        #expect(isActive || onCard || held || isLimbo, "\(point): the purse is nowhere")
    }

    @Test(
        "torn at every command, before and after it was carried out, nothing is lost and the work goes on",
        arguments: ["javacard-80k", "javacard-80k-predictable", DeskBench.ownKeys, "javacard-80k-scp02"])
    func tears(profile: String) throws {
        var points = 0
        for isCarriedOut in [false, true] {
            var point = 0
            while true {
                let bench = try VisitBench(profile)
                try bench.order(VisitBench.adding(.purse))
                #expect(bench.visitUntilEnd() == .done)
                _ = try bench.ask(.purse, "803200000400002710")
                let balance = try bench.ask(.purse, "8030000000")
                bench.tear = (bench.exchanges + point, isCarriedOut)
                try bench.order(VisitBench.parking(.purse) + VisitBench.adding(.loyalty), name: "park")
                for _ in 0..<4 {
                    bench.visit()
                    try Self.checkOneLiveCopy(bench, balance: balance, at: "park, \(point), \(isCarriedOut)")
                }
                #expect(
                    bench.file.operation?.state == .ended(.done),
                    "park, \(point), \(isCarriedOut): \(bench.story.joined(separator: "\n"))")
                guard bench.file.operation?.state == .ended(.done) else { return }
                try bench.order(bench.restoring(.purse), name: "restore")
                for _ in 0..<4 {
                    bench.visit()
                    try Self.checkOneLiveCopy(
                        bench, balance: balance, at: "restore, \(point), \(isCarriedOut)")
                }
                #expect(bench.file.operation?.state == .ended(.done), "restore, \(point), \(isCarriedOut)")
                #expect(try bench.ask(.purse, "8030000000") == balance, "restore, \(point), \(isCarriedOut)")
                if bench.tear != nil { break }
                point += 1
            }
            points += point
        }
        #expect(points > 200)
    }

    @Test("an application that refuses to leave ends the operation with its own words, and nothing changed")
    func refusal() throws {
        let bench = try VisitBench()
        try bench.order(VisitBench.adding(.pass))
        #expect(bench.visitUntilEnd() == .done)
        #expect(try bench.ask(.pass, "804000000600120000000A").hasSuffix("9000"))
        try bench.order(VisitBench.parking(.pass) + VisitBench.adding(.loyalty), name: "park")
        guard case .failed(let reason, _)? = bench.visitUntilEnd() else {
            Issue.record("\(String(describing: bench.file.operation?.state))")
            return
        }
        #expect(reason.text.contains("Checked in at station 0012"))
        #expect(try bench.ask(.pass, "8044000000").hasSuffix("9000"))
        #expect(bench.file.stays.isEmpty)
    }

    @Test(
        "what cannot be finished is undone: the parked one is back with its data, and half of the new one is gone"
    )
    func undo() throws {
        let bench = try VisitBench("small-16k")
        try bench.order(VisitBench.adding(.purse))
        #expect(bench.visitUntilEnd() == .done)
        _ = try bench.ask(.purse, "803200000400002710")
        let balance = try bench.ask(.purse, "8030000000")
        let free = bench.card.freeMemory
        // More than the card has, whatever leaves.
        let steps =
            try VisitBench.parking(.purse) + VisitBench.adding(.loyalty) + VisitBench.adding(.loans)
            + VisitBench.adding(.pass) + VisitBench.adding(.identity)
        try bench.order(steps, name: "too-much")
        guard case .failed(let reason, let next)? = bench.visitUntilEnd() else {
            Issue.record("\(String(describing: bench.file.operation))")
            return
        }
        #expect(reason.text.contains("refused"))
        #expect(next.contains("as it was before"))
        #expect(try bench.ask(.purse, "8030000000") == balance)
        #expect(bench.card.freeMemory == free)
    }

    @Test("cancelled before anything was given up, it is undone; after, it goes on to the end")
    func cancel() throws {
        let bench = try VisitBench()
        try bench.order(VisitBench.adding(.purse))
        #expect(bench.visitUntilEnd() == .done)
        let balance = try bench.ask(.purse, "8030000000")
        // The third order is the one that gives up; two orders are the opening and the reading.
        for cut in 1...60 {
            try bench.order(VisitBench.parking(.purse), name: "park\(cut)")
            bench.tear = (bench.exchanges + cut, true)
            bench.visit()
            bench.file.operation?.isCancelRequested = true
            let isPast = bench.file.operation?.isPastReturn == true
            let end = bench.visitUntilEnd()
            if isPast {
                #expect(end == .done)
                break
            }
            guard case .cancelled? = end else {
                Issue.record("\(cut): \(String(describing: end))")
                return
            }
            #expect(try bench.ask(.purse, "8030000000") == balance)
            if bench.tear != nil { break }
        }
    }

    @Test("a service that was stopped meanwhile is not installed", .mission(.c7))
    func stoppedService() throws {
        let bench = try VisitBench()
        bench.stopped = [VisitBench.id(.pass).application]
        try bench.order(VisitBench.adding(.pass))
        guard case .failed(let reason, _)? = bench.visitUntilEnd() else {
            Issue.record("\(String(describing: bench.file.operation))")
            return
        }
        #expect(reason.text.contains("maintenance"))
        #expect(!bench.applications.contains(ExampleApplication.pass.module))
    }

    @Test(
        "new keys, torn at every command: the card ends with keys that open it, and the old ones are gone",
        arguments: ["javacard-80k", "javacard-80k-scp02", "javacard-80k-predictable"], [true, false])
    func rotation(profile: String, isVersionKnown: Bool) throws {
        for isCarriedOut in [false, true] {
            for point in 0..<60 {
                let bench = try VisitBench(profile)
                let version: UInt8 = bench.file.card.keySet.channel == .scp03 ? 0x32 : 0x22
                // 0: whichever the card takes first.
                if !isVersionKnown { bench.file.card.keySet.version = 0 }
                try bench.order(
                    [.putKeys(masterKey: MasterKeyName("next"), version: version)], name: "rotate")
                bench.tear = (bench.exchanges + point, isCarriedOut)
                #expect(bench.visitUntilEnd() == .done, "\(point), \(isCarriedOut): \(bench.story)")
                #expect(bench.file.card.keySet.version == version)
                #expect(bench.file.card.keySet.masterKey.text == "next")
                let isTorn = bench.tear == nil
                bench.tear = nil
                #expect(bench.visit() == .finished, "\(point), \(isCarriedOut)")
                if !isTorn { break }
            }
        }
    }

    @Test(
        "derived keys follow derived keys also where the card was registered without what they are derived from"
    )
    func derivedRotation() throws {
        let bench = try VisitBench()
        let update: [UInt8] = [0x80, 0x50, 0, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8, 0]
        let shown = Array(try TestChannel(bench.card).transmit(update).prefix(10))
        // From keys that are the same for all cards, what the card shows proves nothing.
        try bench.order([.putKeys(masterKey: MasterKeyName("derived"), version: 0x31)], name: "unproven")
        guard case .failed(let reason, _)? = bench.visitUntilEnd() else {
            Issue.record("\(String(describing: bench.file.operation))")
            return
        }
        #expect(reason.text.contains("diversificationData"), "\(reason.text)")
        bench.file.card.keySet.diversificationData = shown
        try bench.order([.putKeys(masterKey: MasterKeyName("derived"), version: 0x31)], name: "first")
        #expect(bench.visitUntilEnd() == .done, "\(bench.story)")
        bench.file.card.keySet.diversificationData = []
        try bench.order([.putKeys(masterKey: MasterKeyName("derived-next"), version: 0x32)], name: "second")
        #expect(bench.visitUntilEnd() == .done, "\(bench.story)")
        #expect(bench.file.card.keySet.masterKey.text == "derived-next")
        #expect(bench.visit() == .finished)
    }
}
