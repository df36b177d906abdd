import CardCrypto
import Centre
import GlobalPlatform
import SmartCard
import Storage
import TestSupport
import Testing

@Suite("The catalogue", .mission(.b1), .mission(.c9))
struct CatalogueTests {
    static let library = aid("A00000032100")
    static let package = aid("A00000032101")
    static let module = aid("A0000003210101")
    static let instance = aid("A0000003210102")

    /// A CAP file of our own making, as it would come from a provider.
    static func cap(
        _ aid: AID, _ version: CAPVersion = CAPVersion(1, 0), modules: [AID] = [], imports: [CAPPackage] = [],
        codeBytes: Int = 100
    ) throws -> CAPImport {
        let blueprint = CAPBlueprint(
            aid: aid, version: version, packageName: "org.example.p" + aid.bytes.hex.lowercased(),
            applets: modules.map { .init(aid: $0, name: "Applet") }, libraryMethods: modules.isEmpty ? 2 : 0,
            imports: imports, codeBytes: codeBytes)
        return try CAPImport(try blueprint.build())
    }

    static func release(
        _ id: String, _ caps: [CAPImport], instance: AID? = nil, parameters: [UInt8] = []
    ) -> Release {
        let instances = caps.flatMap { cap in
            cap.modules.map { module in
                Release.Instance(
                    aid: instance ?? module.aid, module: module.aid, loadFile: cap.loadFile.aid,
                    parameters: parameters, declared: module.expected)
            }
        }
        return Release(
            id: ReleaseID(reading: id), loadFiles: caps.map(\.loadFile), instances: instances,
            parking: .stateless)
    }

    private func bench() throws -> PeopleBench {
        let bench = try PeopleBench()
        try bench.addProvider("city")
        try bench.addProvider("rail")
        for (application, provider) in [("purse", "city"), ("library", "city"), ("pass", "rail")] {
            try bench.addApplication(application, of: provider)
        }
        return bench
    }

    private func publish(_ bench: PeopleBench, _ release: Release, _ caps: [CAPImport]) throws {
        try bench.act { act in
            for cap in caps { try act.keep(cap, for: name("city")) }
            try act.draft(release)
            try act.publish(release.id)
        }
    }

    private func find(_ bench: PeopleBench, _ id: String) throws -> Release? {
        let id = ReleaseID(reading: id)
        return try bench.store.read {
            try $0.find(Release.self, key: .text(id.application.text), .text(id.version.text))
        }
    }

    // MARK: From the CAP file to the card

    @Test("a CAP file gives load file, modules and what they are expected to take")
    func importing() throws {
        let needed = CAPPackage(aid: Self.library, version: CAPVersion(1, 2))
        let cap = try Self.cap(Self.package, CAPVersion(1, 3), modules: [Self.module], imports: [needed])
        #expect(cap.loadFile.aid == Self.package && cap.loadFile.imports == [Self.library])
        #expect(cap.kept.package == CAPPackage(aid: Self.package, version: CAPVersion(1, 3)))
        #expect(cap.kept.imports == [needed])
        #expect(cap.modules.map(\.aid) == [Self.module])
        #expect(cap.loadFile.digest == Digest.sha256.hash(cap.blob.dataBlock))
        #expect(cap.loadFile.byteCount == cap.blob.dataBlock.count)
        #expect(cap.loadFile.declared.nonVolatile > 100 && cap.modules[0].expected.nonVolatile > 0)
    }

    @Test("what is no CAP file is refused, whatever it is", arguments: 0..<64)
    func notCAP(_ seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let bytes = random.bytes(Int.random(in: 0...200, using: &random))
        guard case .notCAP? = #expect(throws: CatalogueRefusal.self, performing: { try CAPImport(bytes) })
        else {
            Issue.record("seed \(seed)")
            return
        }
    }

    @Test("a release goes from draft to published to withdrawn, and each is noted")
    func life() throws {
        let bench = try bench()
        let cap = try Self.cap(Self.package, modules: [Self.module])
        let release = Self.release("purse@1.0", [cap], instance: Self.instance)
        try publish(bench, release, [cap])
        #expect(try find(bench, "purse@1.0")?.life == .published(at: bench.clock.now))
        try bench.act { act in
            let found = try act.installable(release.id, on: name("jcop"))
            #expect(found.loadFiles == release.loadFiles && found.instances == release.instances)
            #expect(try act.dataBlock(of: found.loadFiles[0]) == cap.blob.dataBlock)
        }
        let before = try bench.dump()
        try bench.act { try $0.publish(release.id) }
        #expect(try bench.dump() == before)
        bench.clock.advance(by: .seconds(1))
        try bench.act { try $0.withdraw(release.id, reason: "A fault.") }
        #expect(try find(bench, "purse@1.0")?.life == .withdrawn(at: bench.clock.now, reason: "A fault."))
        #expect(
            try bench.all(AuditEntry.self).suffix(4).map(\.kind) == [
                "catalogue.load-file-kept", "release.drafted", "release.published", "release.withdrawn",
            ])
    }

    @Test("load files are kept once, however often they come and however many releases use them")
    func once() throws {
        let bench = try bench()
        let cap = try Self.cap(Self.package, modules: [Self.module])
        let first = Self.release("purse@1.0", [cap], instance: Self.instance)
        var second = first
        second.id = ReleaseID(reading: "purse@1.1")
        try publish(bench, first, [cap])
        try publish(bench, second, [cap, cap])
        #expect(try bench.all(LoadFileBlob.self).count == 1)
        #expect(try bench.all(KeptLoadFile.self).count == 1)
    }

    @Test("load files that no release names are found and forgotten; all others stay")
    func unused() throws {
        let bench = try bench()
        let named = try Self.cap(Self.package, modules: [Self.module])
        let release = Self.release("purse@1.0", [named], instance: Self.instance)
        try publish(bench, release, [named])
        let other = try Self.cap(Self.library, modules: [])
        let drafted = Self.release("purse@1.1", [other], instance: Self.instance)
        try bench.act { try $0.keep(other, for: name("city")) }
        // A draft names it.
        try bench.act { try $0.draft(drafted) }
        #expect(try bench.act { try $0.unusedLoadFiles() } == UnusedLoadFiles())
        try bench.act { try $0.discardDraft(drafted.id) }
        let unused = try bench.act { try $0.unusedLoadFiles() }
        #expect(unused.digests == [other.kept.digest] && unused.byteCount == other.loadFile.byteCount)
        // Named again before it could be forgotten.
        try bench.act { try $0.draft(drafted) }
        #expect(try bench.act { try $0.forgetLoadFiles(unused.digests) } == 0)
        try bench.act { try $0.discardDraft(drafted.id) }
        // Withdrawn is not forgotten: cards have it.
        try bench.act { try $0.withdraw(release.id, reason: "A fault.") }
        let both = [named.kept.digest, other.kept.digest, other.kept.digest]
        #expect(try bench.act { try $0.forgetLoadFiles(both) } == 1)
        #expect(try bench.all(LoadFileBlob.self).map(\.digest) == [named.kept.digest])
        #expect(try bench.all(KeptLoadFile.self).map(\.digest) == [named.kept.digest])
        #expect(try bench.all(AuditEntry.self).last?.kind == "catalogue.load-file-forgotten")
        #expect(
            try bench.refusal(as: .provider(name("city"))) { _ = try $0.unusedLoadFiles() } == "not-permitted"
        )
    }

    @Test("a stopped service installs nothing, and goes on when it is started")
    func service() throws {
        let bench = try bench()
        let cap = try Self.cap(Self.package, modules: [Self.module])
        let release = Self.release("purse@1.0", [cap], instance: Self.instance)
        try publish(bench, release, [cap])
        try bench.act(as: .provider(name("city"))) {
            try $0.stopService(of: name("purse"), reason: "Maintenance.")
        }
        let stopped = try bench.refusal { _ = try $0.installable(release.id, on: name("jcop")) }
        #expect(stopped == "service-stopped")
        #expect(
            try bench.refusal { try $0.stopService(of: name("purse"), reason: "Again.") } == "service-stopped"
        )
        try bench.act { try $0.startService(of: name("purse")) }
        try bench.act { _ = try $0.installable(release.id, on: name("jcop")) }
        #expect(try bench.refusal { try $0.startService(of: name("purse")) } == "service-runs")
    }

    /// Every event in every state of a release.
    @Test(
        "what can be done in which state",
        arguments: [
            (
                "nothing",
                [
                    "draft": nil, "publish": "release-unknown", "withdraw": "release-unknown",
                    "discard": "release-unknown", "install": "release-unknown",
                ]
            ),
            (
                "draft",
                [
                    "draft": nil, "publish": nil, "withdraw": "release-not-published", "discard": nil,
                    "install": "release-not-published",
                ]
            ),
            (
                "published",
                [
                    "draft": "release-published", "publish": nil, "withdraw": nil,
                    "discard": "release-published", "install": nil,
                ]
            ),
            (
                "withdrawn",
                [
                    "draft": "release-published", "publish": "release-withdrawn",
                    "withdraw": "release-withdrawn", "discard": "release-published",
                    "install": "release-withdrawn",
                ]
            ),
        ] as [(String, [String: String?])])
    func states(_ state: String, _ expected: [String: String?]) throws {
        let cap = try Self.cap(Self.package, modules: [Self.module])
        let release = Self.release("purse@1.0", [cap], instance: Self.instance)
        let events: [String: (Act) throws -> Void] = [
            "draft": { act in
                var other = release
                other.parking = .never(reason: "Because.")
                try act.draft(other)
            },
            "publish": { try $0.publish(release.id) },
            "withdraw": { try $0.withdraw(release.id, reason: "A fault.") },
            "discard": { try $0.discardDraft(release.id) },
            "install": { _ = try $0.installable(release.id, on: name("jcop")) },
        ]
        #expect(Set(events.keys) == Set(expected.keys))
        for (event, body) in events {
            let bench = try bench()
            try bench.act { try $0.keep(cap, for: name("city")) }
            if state != "nothing" { try bench.act { try $0.draft(release) } }
            if state == "published" || state == "withdrawn" { try bench.act { try $0.publish(release.id) } }
            if state == "withdrawn" { try bench.act { try $0.withdraw(release.id, reason: "Old.") } }
            #expect(try bench.refusal(body) == expected[event] ?? "", "\(event) when \(state)")
        }
    }

    @Test("a release is for some profiles, or for all")
    func profiles() throws {
        let bench = try bench()
        let cap = try Self.cap(Self.package, modules: [Self.module])
        var release = Self.release("purse@1.0", [cap], instance: Self.instance)
        release.compatibility = .only([name("jcop")])
        try publish(bench, release, [cap])
        try bench.act { _ = try $0.installable(release.id, on: name("jcop")) }
        let code = try bench.refusal { _ = try $0.installable(release.id, on: name("sim")) }
        #expect(code == "profile-not-compatible")
    }

    // MARK: What cannot be drafted or published

    struct Flaw: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let code: String
        let change: @Sendable (inout Release) -> Void
    }

    static let flaws: [Flaw] = [
        Flaw(testDescription: "nothing inside", code: "release-empty") {
            ($0.loadFiles, $0.instances) = ([], [])
        },
        Flaw(testDescription: "an instance of a load file that is not there", code: "load-file-not-listed") {
            $0.instances[0].loadFile = library
        },
        Flaw(testDescription: "a load file twice", code: "aid-twice") {
            $0.loadFiles.append($0.loadFiles[0])
        },
        Flaw(testDescription: "an instance named like the load file", code: "aid-twice") {
            $0.instances[0].aid = package
        },
        Flaw(testDescription: "an instance twice", code: "aid-twice") {
            $0.instances.append($0.instances[0])
        },
        Flaw(testDescription: "too many instances", code: "release-too-many") { release in
            release.instances = (0..<33).map { index in
                var instance = release.instances[0]
                instance.aid = aid("A00000032109" + UInt8(index).hex)
                return instance
            }
        },
        Flaw(testDescription: "long parameters", code: "release-too-long") {
            $0.instances[0].parameters = [UInt8](repeating: 0, count: 201)
        },
        Flaw(testDescription: "a long block of personalisation", code: "release-too-long") {
            $0.personalisation = [[UInt8](repeating: 0, count: 256)]
        },
        Flaw(testDescription: "too much personalisation", code: "release-too-many") {
            $0.personalisation = [[UInt8]](repeating: [1], count: 129)
        },
        Flaw(testDescription: "negative room", code: "release-room") {
            $0.instances[0].declared = Room(nonVolatile: -1)
        },
        Flaw(testDescription: "more room than any card has", code: "release-room") {
            $0.loadFiles[0].declared = Room(nonVolatile: 0, volatile: 1 << 30 + 1)
        },
        Flaw(testDescription: "for no profile", code: "release-no-profile") { $0.compatibility = .only([]) },
        Flaw(testDescription: "for a profile twice", code: "release-no-profile") {
            $0.compatibility = .only([name("jcop"), name("jcop")])
        },
        Flaw(testDescription: "never leaving, without a reason", code: "catalogue-text") {
            $0.parking = .never(reason: "")
        },
    ]

    @Test("such a release is not even drafted", arguments: flaws)
    func flawed(_ flaw: Flaw) throws {
        let bench = try bench()
        let cap = try Self.cap(Self.package, modules: [Self.module])
        var release = Self.release("purse@1.0", [cap], instance: Self.instance)
        flaw.change(&release)
        #expect(try bench.refusal { try $0.draft(release) } == flaw.code)
    }

    static let lies: [Flaw] = [
        Flaw(testDescription: "a load file that nobody brought", code: "load-file-missing") {
            $0.loadFiles[0].digest = [UInt8](repeating: 7, count: 32)
        },
        Flaw(testDescription: "a load file of another name", code: "load-file-differs") {
            $0.loadFiles[0].aid = library
            $0.instances[0].loadFile = library
        },
        Flaw(testDescription: "a load file of another size", code: "load-file-differs") {
            $0.loadFiles[0].byteCount += 1
        },
        Flaw(testDescription: "other imports", code: "load-file-differs") {
            $0.loadFiles[0].imports = [library]
        },
        Flaw(testDescription: "a module that is not in it", code: "module-missing") {
            $0.instances[0].module = instance
        },
    ]

    @Test("such a release can be drafted, and not published", arguments: lies)
    func lying(_ lie: Flaw) throws {
        let bench = try bench()
        let cap = try Self.cap(Self.package, modules: [Self.module])
        var release = Self.release("purse@1.0", [cap], instance: Self.instance)
        lie.change(&release)
        try bench.act {
            try $0.keep(cap, for: name("city"))
            try $0.draft(release)
        }
        #expect(try bench.refusal { try $0.publish(release.id) } == lie.code)
    }

    @Test("an AID belongs to one application; a load file is shared only byte for byte")
    func owners() throws {
        let bench = try bench()
        let shared = try Self.cap(Self.library)
        let mine = try Self.cap(Self.package, modules: [Self.module])
        let release = Self.release("purse@1.0", [shared, mine], instance: Self.instance)
        try publish(bench, release, [shared, mine])

        let theirs = try Self.cap(aid("A00000032102"), modules: [aid("A0000003210201")])
        let changed = try Self.cap(Self.library, CAPVersion(1, 1), codeBytes: 300)
        let attempts: [(String, [CAPImport], AID, String?)] = [
            ("2.0", [shared, theirs], aid("A0000003210202"), nil),
            ("2.1", [changed, theirs], aid("A0000003210202"), "aid-taken"),
            ("2.2", [theirs], Self.instance, "aid-taken"), ("2.3", [theirs], Self.library, "aid-taken"),
        ]
        for (version, caps, instance, code) in attempts {
            let other = Self.release("pass@\(version)", caps, instance: instance)
            try bench.act { act in
                for cap in caps { try act.keep(cap, for: name("rail")) }
                try act.draft(other)
            }
            #expect(try bench.refusal { try $0.publish(other.id) } == code, "\(version)")
        }
        // The application that had it first may go on to another version, whoever shares the old one; who shares it may
        // follow, and no more than that.
        let next = Self.release("purse@1.1", [changed, mine], instance: Self.instance)
        try publish(bench, next, [changed, mine])
        let follow = Self.release("pass@2.4", [changed, theirs], instance: aid("A0000003210202"))
        try bench.act {
            try $0.draft(follow)
            try $0.publish(follow.id)
        }
        let third = try Self.cap(Self.library, CAPVersion(1, 2), codeBytes: 500)
        let ahead = Self.release("pass@2.5", [third, theirs], instance: aid("A0000003210202"))
        try bench.act {
            try $0.keep(third, for: name("rail"))
            try $0.draft(ahead)
        }
        #expect(try bench.refusal { try $0.publish(ahead.id) } == "aid-taken")
        // Withdrawn, it still holds its AIDs: cards have it.
        try bench.act { try $0.withdraw(release.id, reason: "Old.") }
        let late = Self.release("pass@3.0", [theirs], instance: Self.instance)
        try bench.act { try $0.draft(late) }
        #expect(try bench.refusal { try $0.publish(late.id) } == "aid-taken")
    }

    // MARK: Who may

    @Test("a provider keeps its own catalogue, and nobody else's")
    func permissions() throws {
        let bench = try bench()
        let cap = try Self.cap(Self.package, modules: [Self.module])
        let release = Self.release("purse@1.0", [cap], instance: Self.instance)
        let attempts: [(String, (Act) throws -> Void)] = [
            ("not-permitted", { try $0.registerApplication(name("x"), name: "X", provider: name("city")) }),
            ("not-permitted", { try $0.keep(cap, for: name("city")) }),
            ("application-unknown", { try $0.draft(release) }),
            ("application-unknown", { try $0.publish(release.id) }),
            ("application-unknown", { try $0.withdraw(release.id, reason: "No.") }),
            ("application-unknown", { try $0.discardDraft(release.id) }),
            ("application-unknown", { try $0.renameApplication(name("purse"), to: "Mine") }),
            ("application-unknown", { try $0.stopService(of: name("purse"), reason: "No.") }),
            ("application-unknown", { try $0.startService(of: name("purse")) }),
        ]
        for (code, body) in attempts {
            #expect(try bench.refusal(as: .provider(name("rail")), body) == code)
        }
        try bench.act(as: .provider(name("city"))) { act in
            try act.keep(cap, for: name("city"))
            try act.draft(release)
            try act.publish(release.id)
        }
        for actor in [Act.Actor.holder(name("1")), .terminal(name("t"))] {
            #expect(try bench.refusal(as: actor) { try $0.publish(release.id) } == "not-permitted")
        }
    }

    @Test("texts are held to one line, names to being new")
    func texts() throws {
        let bench = try bench()
        let attempts: [(String, (Act) throws -> Void)] = [
            (
                "application-exists",
                { try $0.registerApplication(name("purse"), name: "P", provider: name("city")) }
            ),
            ("catalogue-text", { try $0.registerApplication(name("x"), name: "", provider: name("city")) }),
            ("catalogue-text", { try $0.renameApplication(name("purse"), to: "a\u{7}") }),
            ("catalogue-text", { try $0.stopService(of: name("purse"), reason: "") }),
            ("provider-unknown", { try $0.registerApplication(name("x"), name: "X", provider: name("z")) }),
            ("application-unknown", { try $0.renameApplication(name("nothing"), to: "N") }),
        ]
        for (code, body) in attempts { #expect(try bench.refusal(body) == code) }
    }

    @Test("the list of applications comes in pages, for operators and for providers alike")
    func pages() throws {
        let bench = try bench()
        try bench.act { act in
            for actor in [Viewer.everything, .providers([name("city"), name("rail")])] {
                let first = try act.applications(for: actor, limit: 2)
                let rest = try act.applications(for: actor, after: first.last?.id)
                #expect((first + rest).map(\.id.text) == ["library", "pass", "purse"])
            }
        }
    }
}
