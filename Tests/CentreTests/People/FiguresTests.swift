import Centre
import GlobalPlatform
import SmartCard
import Storage
import TestSupport
import Testing

@Suite("Who uses what, and what a holder has")
struct FiguresTests {
    @Test("figures are counts of holders, in every page", .mission(.c14))
    func counts() throws {
        let bench = try PeopleBench()
        try bench.addProvider("city")
        for id in ["a", "b", "c"] { try bench.addApplication(id, of: "city") }
        for number in 0..<30 { try bench.addHolder("\(number)") }
        for number in 0..<30 {
            try bench.act {
                try $0.setUse(of: name("a"), by: name("\(number)"), isUsed: number % 3 == 0)
                if number < 4 { try $0.setUse(of: name("b"), by: name("\(number)"), isUsed: true) }
            }
        }
        try bench.store.write { transaction in
            for ordinal in 1...3 {
                let until = ordinal == 1 ? bench.clock.now : nil
                transaction.insert(
                    Stay(
                        id: StayID(card: name("0A"), aid: aid("A000000321"), ordinal: ordinal),
                        provider: name("city"), application: name("b"), since: bench.clock.now, until: until,
                        byteCount: 10))
            }
        }
        try bench.act(as: .provider(name("city"))) { act in
            let figures = try act.figures(for: try act.viewer())
            #expect(figures.map(\.holdersUsing) == [10, 4, 0])
            #expect(figures.map(\.holdersNotUsing) == [20, 0, 0])
            #expect(figures.map(\.inCustody) == [0, 2, 0])
            let page = try act.figures(for: try act.viewer(), after: name("a"), limit: 1)
            #expect(page.map(\.application.text) == ["b"])
        }
        try bench.act { act in
            let first = try act.holders(using: name("a"), limit: 4)
            let rest = try act.holders(using: name("a"), after: first.last)
            #expect((first + rest).map(\.text) == (0..<30).filter { $0 % 3 == 0 }.map(String.init).sorted())
        }
        let code = try bench.refusal(as: .provider(name("city"))) { _ = try $0.holders(using: name("a")) }
        #expect(code == "not-permitted")
    }

    /// A holder with: a program as sent, one that somebody else loaded, one that differs, one without a name, the
    /// issuer's domain; and one in custody.
    private func holderBench() throws -> PeopleBench {
        let bench = try PeopleBench()
        try bench.addProvider("city")
        try bench.addApplication("purse", of: "city")
        try bench.addHolder("1")
        try bench.addHolder("2")
        try bench.addCard("0A")
        try bench.act { try $0.assignCard(name("0A"), to: name("1")) }
        let file = aid("A0000003210100")
        try bench.store.write { transaction in
            let release = Release(
                id: release("purse@1"), life: .published(at: bench.clock.now),
                loadFiles: [.init(aid: file, digest: [1], byteCount: 1, declared: .none)],
                instances: [], parking: .stateless)
            transaction.insert(release)
            for (index, digest) in [[1], nil, [2]].enumerated() as EnumeratedSequence<[[UInt8]?]> {
                var other = release
                let own = aid("A00000032102" + UInt8(index).hex)
                other.id = ReleaseID(name("purse"), name("1.\(index)"))
                other.loadFiles[0].aid = own
                transaction.insert(other)
                transaction.insert(
                    InstalledLoadFile(card: name("0A"), aid: own, lifeCycle: 1, digest: digest))
                transaction.insert(
                    InstalledApplication(
                        card: name("0A"), aid: aid("A00000032103" + UInt8(index).hex), lifeCycle: 7,
                        loadFile: own, release: other.id))
            }
            transaction.insert(InstalledApplication(card: name("0A"), aid: aid("A000000999"), lifeCycle: 7))
            transaction.insert(
                InstalledApplication(
                    card: name("0A"), aid: aid("A000000151000000"), lifeCycle: 15,
                    privileges: .issuerSecurityDomain))
        }
        try bench.act { try $0.setUse(of: name("purse"), by: name("1"), isUsed: true) }
        return bench
    }

    @Test("for every holder there is a view of programs, and whether the centre has the same", .mission(.c1))
    func programs() throws {
        let bench = try holderBench()
        let programs = try bench.act { try $0.programs(of: name("1")) }
        #expect(
            programs.map(\.aid.description) == [
                "A0000003210300", "A0000003210301", "A0000003210302", "A000000999",
            ])
        #expect(programs.map(\.copy) == [.same, .named, .different, .none])
        #expect(programs.map(\.isUsed) == [true, true, true, false])
        #expect(programs.allSatisfy { $0.place == .card(name("0A")) })
        #expect(try bench.act(as: .holder(name("1"))) { try $0.programs(of: name("1")) } == programs)
        #expect(try bench.act { try $0.programs(of: name("2")) }.isEmpty)
    }

    @Test("a program in custody is the holder's all the same", .mission(.c1))
    func custody() throws {
        let bench = try holderBench()
        let custody = Custody(
            card: name("0A"), aid: aid("A00000032104"), ordinal: 1, release: release("purse@1"),
            provider: name("city"), holder: name("1"), parking: .stateless,
            state: .held(since: bench.clock.now),
            room: .none, openedAt: bench.clock.now, heldSince: bench.clock.now)
        let stay = try #require(Stay(custody))
        try bench.store.write { transaction in
            transaction.insert(custody)
            transaction.insert(stay)
        }
        let program = try #require(try bench.act { try $0.programs(of: name("1")) }.last)
        #expect(program.place == .custody(stay.id) && program.release == release("purse@1"))
        #expect(program.copy == .same && program.isUsed)
    }

    @Test(
        "who else asks is refused",
        arguments: [
            (Act.Actor.holder(name("2")), "1", "not-permitted"),
            (.provider(name("city")), "1", "not-permitted"),
            (.terminal(name("t")), "1", "not-permitted"), (PeopleBench.root, "9", "holder-unknown"),
        ])
    func refused(_ actor: Act.Actor, _ number: String, _ code: String) throws {
        let found = try holderBench().refusal(as: actor) { _ = try $0.programs(of: name(number)) }
        #expect(found == code)
    }
}
