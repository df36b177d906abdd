import Centre
import GlobalPlatform
import SmartCard
import Storage
import TestSupport
import Testing

/// Libraries of libraries: what must be on the card before a release works.
@Suite("What a release draws in", .mission(.b1))
struct DependencyTests {
    /// Package number n: `A0000003210n`, all in one provider's space.
    private static func package(_ number: UInt8) -> AID { aid("A000000321" + number.hex) }

    private func cap(
        _ number: UInt8, needs: [UInt8] = [], version: CAPVersion = CAPVersion(1, 0),
        wants: CAPVersion = CAPVersion(1, 0)
    ) throws -> CAPImport {
        try CatalogueTests.cap(
            Self.package(number), version,
            imports: needs.map { CAPPackage(aid: Self.package($0), version: wants) })
    }

    private func bench() throws -> PeopleBench {
        let bench = try PeopleBench()
        try bench.addProvider("city")
        for number in 1...9 { try bench.addApplication("a\(number)", of: "city") }
        return bench
    }

    private func draft(_ bench: PeopleBench, _ id: String, _ caps: [CAPImport]) throws {
        try bench.act { act in
            for cap in caps { try act.keep(cap, for: name("city")) }
            try act.draft(CatalogueTests.release(id, caps))
        }
    }

    private func publish(_ bench: PeopleBench, _ id: String, _ caps: [CAPImport]) throws -> String? {
        try draft(bench, id, caps)
        return try bench.refusal { try $0.publish(release(id)) }
    }

    /// As numbers of packages and the releases that they come from.
    private func closure(_ bench: PeopleBench, _ id: String) throws -> [String] {
        try bench.act { act in
            let found = try #require(
                try act.transaction.find(
                    Release.self, key: .text(release(id).application.text), .text(release(id).version.text)))
            return try act.closure(of: found).map { "\($0.loadFile.aid.bytes[5]) \($0.release)" }
        }
    }

    @Test("libraries come first, each once, whoever needs them")
    func order() throws {
        let bench = try bench()
        #expect(try publish(bench, "a1@1", [cap(1)]) == nil)
        #expect(try publish(bench, "a2@1", [cap(2, needs: [1])]) == nil)
        #expect(try publish(bench, "a3@1", [cap(3, needs: [1])]) == nil)
        #expect(try publish(bench, "a4@1", [cap(5), cap(4, needs: [3, 5, 2, 1])]) == nil)
        #expect(try closure(bench, "a4@1") == ["5 a4@1", "1 a1@1", "3 a3@1", "2 a2@1", "4 a4@1"])
        #expect(try closure(bench, "a1@1") == ["1 a1@1"])
    }

    @Test("what nobody published is missing: not drafts, not what was withdrawn")
    func missing() throws {
        let bench = try bench()
        #expect(try publish(bench, "a2@1", [cap(2, needs: [1])]) == "dependency-missing")
        try draft(bench, "a1@1", [cap(1)])
        #expect(try publish(bench, "a2@1", [cap(2, needs: [1])]) == "dependency-missing")
        try bench.act { try $0.publish(release("a1@1")) }
        #expect(try publish(bench, "a2@1", [cap(2, needs: [1])]) == nil)
        try bench.act { try $0.withdraw(release("a1@1"), reason: "A fault.") }
        #expect(try publish(bench, "a3@1", [cap(3, needs: [1])]) == "dependency-missing")
    }

    @Test("packages of the card itself are not looked for")
    func platform() throws {
        let bench = try bench()
        let framework = CAPPackage(aid: aid("A0000000620201"), version: CAPVersion(1, 2))
        let cap = try CatalogueTests.cap(Self.package(1), imports: [framework])
        #expect(cap.loadFile.imports.isEmpty)
        #expect(try publish(bench, "a1@1", [cap]) == nil)
    }

    @Test(
        "a library stands in for an import of the same major and no greater minor version (JCVM 3.1 §4.5)",
        arguments: [
            (CAPVersion(1, 2), CAPVersion(1, 2), true), (CAPVersion(1, 3), CAPVersion(1, 2), true),
            (CAPVersion(1, 1), CAPVersion(1, 2), false), (CAPVersion(2, 2), CAPVersion(1, 2), false),
        ])
    func versions(_ published: CAPVersion, _ wanted: CAPVersion, _ fits: Bool) throws {
        let bench = try bench()
        #expect(try publish(bench, "a1@1", [cap(1, version: published)]) == nil)
        let code = try publish(bench, "a2@1", [cap(2, needs: [1], wants: wanted)])
        #expect(code == (fits ? nil : "dependency-version"))
        // The same inside one release: the load file is shared, byte for byte.
        let own = try publish(
            bench, "a3@1", [cap(1, version: published), cap(3, needs: [1], wants: wanted)])
        #expect(own == (fits ? nil : "dependency-version"))
    }

    @Test("of several that fit the newest is taken, whatever its name")
    func newest() throws {
        let bench = try bench()
        for version in ["2", "1", "3"] {
            bench.clock.advance(by: .seconds(1))
            let minor = UInt8(version) ?? 0
            #expect(try publish(bench, "a1@\(version)", [cap(1, version: CAPVersion(1, minor))]) == nil)
        }
        #expect(try publish(bench, "a2@1", [cap(2, needs: [1])]) == nil)
        #expect(try closure(bench, "a2@1") == ["1 a1@3", "2 a2@1"])
        try bench.act { try $0.withdraw(release("a1@3"), reason: "A fault.") }
        #expect(try closure(bench, "a2@1") == ["1 a1@1", "2 a2@1"])
    }

    @Test("in a release, libraries stand before what needs them")
    func later() throws {
        let bench = try bench()
        #expect(try publish(bench, "a1@1", [cap(1, needs: [2]), cap(2)]) == "dependency-order")
        #expect(try publish(bench, "a1@1", [cap(2), cap(1, needs: [2])]) == nil)
    }

    @Test("a circle is refused, however long")
    func circles() throws {
        let bench = try bench()
        #expect(try publish(bench, "a1@1", [cap(1)]) == nil)
        #expect(try publish(bench, "a2@1", [cap(2, needs: [1])]) == nil)
        #expect(try publish(bench, "a3@1", [cap(3, needs: [2])]) == nil)
        bench.clock.advance(by: .seconds(1))
        #expect(try publish(bench, "a1@2", [cap(1, needs: [3])]) == "dependency-cycle")
        #expect(try publish(bench, "a1@2", [cap(1, needs: [1])]) == "dependency-cycle")
        #expect(try publish(bench, "a5@1", [cap(5, needs: [6]), cap(6, needs: [5])]) == "dependency-order")
    }

    @Test("two versions of one library cannot be on one card")
    func conflict() throws {
        let bench = try bench()
        #expect(try publish(bench, "a1@1", [cap(1)]) == nil)
        #expect(try publish(bench, "a2@1", [cap(2, needs: [1])]) == nil)
        // Its own copy of the library is another one than that which package 2 needs.
        let code = try publish(bench, "a1@2", [cap(1, version: CAPVersion(1, 1)), cap(3, needs: [1, 2])])
        #expect(code == "dependency-conflict")
    }

    @Test("a chain of libraries has an end")
    func depth() throws {
        let bench = try bench()
        for number in 1...UInt8(Bounds.closureDepthMax + 1) {
            bench.clock.advance(by: .seconds(1))
            let next = try cap(number, needs: number == 1 ? [] : [number - 1])
            let code = try publish(bench, "a1@\(number)", [next])
            #expect(code == (number > Bounds.closureDepthMax ? "release-too-many" : nil))
        }
    }
}
