internal import CardManagement
internal import GlobalPlatform
internal import SmartCard
internal import TestSupport
internal import Testing

private func aid(_ hex: String) -> AID {
    guard let aid = try? AID(hex: hex) else { preconditionFailure("\(hex) is no AID") }
    return aid
}

private let file = aid("F04265727468")
private let module = aid("F0426572746801")
private let instance = aid("F042657274680100")
private let framework = InstallRequest.Package(aid: aid("A0000000620101"), major: 1, minor: 6)
private let library = InstallRequest.Package(aid: aid("F0426572746C6962"), major: 1, minor: 2)

private func request(
    imports: [InstallRequest.Package] = [framework], replaces: Bool = false, module wanted: AID = module
) -> InstallRequest {
    InstallRequest(
        package: .init(aid: file, major: 1, minor: 0), imports: imports, modules: [module],
        instances: [.init(module: wanted, aid: instance)], nonVolatileLow: 4_000, nonVolatileExpected: 5_000,
        volatileExpected: 200, replaces: replaces)
}

private func contents(
    _ files: [RegistryEntry.LoadFile] = [], _ applications: [RegistryEntry.Application] = [],
    free: Int? = 10_000, volatile: Int = 1_000
) -> CardContents {
    CardContents(
        applications: applications, loadFiles: files,
        resources: free.map {
            CardResources(applicationCount: 1, freeNonVolatile: $0, freeVolatile: volatile)
        })
}

private func loadFile(_ aid: AID, version: [UInt8]?) -> RegistryEntry.LoadFile {
    .init(aid: aid, lifeCycle: 1, version: version, modules: [module])
}

private func application(_ aid: AID, lifeCycle: UInt8 = 0x07, from file: AID?) -> RegistryEntry.Application {
    .init(aid: aid, lifeCycle: lifeCycle, privileges: [], loadFile: file)
}

@Suite("The check before an installation", .mission(.point3), .mission(.point5))
struct InstallPlanTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let situation: String
        let request: InstallRequest
        let contents: CardContents
        let findings: [InstallFinding]
        let steps: [InstallStep]
        var testDescription: String { situation }
    }

    private static let install = InstallStep.install(.init(module: module, aid: instance))

    static let rows: [Row] = [
        .init(
            situation: "an empty card with room", request: request(), contents: contents(),
            findings: [.importAssumed(framework)], steps: [.load, install]),
        .init(
            situation: "less room than it takes at least", request: request(),
            contents: contents(free: 3_999),
            findings: [.importAssumed(framework), .notEnoughRoom(needed: 4_000, free: 3_999)],
            steps: [.load, install]),
        .init(
            situation: "room for the least, not for the expected", request: request(),
            contents: contents(free: 4_500, volatile: 100),
            findings: [
                .importAssumed(framework), .roomDoubtful(expected: 5_000, free: 4_500),
                .volatileRoomDoubtful(expected: 200, free: 100),
            ], steps: [.load, install]),
        .init(
            situation: "a card that does not tell its memory", request: request(),
            contents: contents(free: nil),
            findings: [.importAssumed(framework), .roomUnknown], steps: [.load, install]),
        .init(
            situation: "a library that is not there", request: request(imports: [library]),
            contents: contents(),
            findings: [.importMissing(library)], steps: [.load, install]),
        .init(
            situation: "a library that is too old", request: request(imports: [library]),
            contents: contents([loadFile(library.aid, version: [1, 1])]),
            findings: [.importTooOld(library, onCard: "1.1")], steps: [.load, install]),
        .init(
            situation: "a library of another major version", request: request(imports: [library]),
            contents: contents([loadFile(library.aid, version: [2, 0])]),
            findings: [.importNewerMajor(library, onCard: "2.0")], steps: [.load, install]),
        .init(
            situation: "a library that serves", request: request(imports: [library]),
            contents: contents([loadFile(library.aid, version: [1, 3])]), findings: [],
            steps: [.load, install]),
        .init(
            situation: "interrupted after the last LOAD", request: request(),
            contents: contents([loadFile(file, version: [1, 0])], free: 10),
            findings: [.alreadyLoaded(file), .continuesWith(instance)], steps: [install]),
        .init(
            situation: "interrupted before it became selectable", request: request(),
            contents: contents(
                [loadFile(file, version: [1, 0])], [application(instance, lifeCycle: 0x03, from: file)]),
            findings: [.alreadyLoaded(file), .continuesWith(instance)], steps: [.makeSelectable(instance)]),
        .init(
            situation: "everything is there", request: request(),
            contents: contents([loadFile(file, version: nil)], [application(instance, from: nil)]),
            findings: [.alreadyLoaded(file), .alreadyInstalled(instance)], steps: []),
        .init(
            situation: "another version is there", request: request(),
            contents: contents([loadFile(file, version: [0, 9])]),
            findings: [
                .otherVersionOnCard(file, onCard: "0.9", wanted: "1.0"), .alreadyLoaded(file),
                .continuesWith(instance),
            ], steps: [install]),
        .init(
            situation: "another version is there, to be replaced", request: request(replaces: true),
            contents: contents([loadFile(file, version: [0, 9])], [application(instance, from: file)]),
            findings: [.importAssumed(framework)],
            steps: [.delete(file, withRelated: true), .load, install]),
        .init(
            situation: "the instance name belongs to another load file", request: request(),
            contents: contents([], [application(instance, from: library.aid)]),
            findings: [
                .importAssumed(framework), .instanceNameTaken(instance, byLoadFile: library.aid),
            ], steps: [.load]),
        .init(
            situation: "the load file name belongs to an application", request: request(),
            contents: contents([], [application(file, from: library.aid)]),
            findings: [.loadFileNameTaken(file, byApplication: file), .importAssumed(framework)],
            steps: [.load, install]),
        .init(
            situation: "a module that the file does not have", request: request(module: library.aid),
            contents: contents(), findings: [.moduleNotInFile(library.aid), .importAssumed(framework)],
            steps: [.load, .install(.init(module: library.aid, aid: instance))]),
    ]

    @Test("finds what the situation holds and does only what is missing", arguments: rows)
    func plans(_ row: Row) {
        let plan = InstallPlan(row.request, on: row.contents)
        #expect(plan.findings == row.findings)
        #expect(plan.steps == row.steps)
        #expect(plan.obstacles == row.findings.filter(\.isObstacle))
    }

    @Test("a plan becomes one order, whatever it holds")
    func oneOrder() throws {
        let plan = InstallPlan(request(replaces: true), on: contents([loadFile(file, version: [0, 9])]))
        let load = InstallProcedure.Load(securityDomain: nil, loadFile: .init(repeating: 0xC4, count: 500))
        var procedure = try #require(
            InstallProcedure(plan: plan, package: file, load: load, domain: nil, blockBytesMax: 200))
        guard case .send(let order) = try procedure.next(after: []) else {
            Issue.record("nothing to send")
            return
        }
        #expect(order.map(\.ins) == [0xE4, 0xE6, 0xE8, 0xE8, 0xE8, 0xE6])
        #expect(throws: ProcedureError.refused(order[2], 0x6A84)) {
            let answers = order.enumerated().map { ResponseAPDU(status: $0.offset < 2 ? .success : 0x6A84) }
            _ = try procedure.next(after: answers)
        }
    }

    @Test("a load file of more than 256 blocks is no procedure")
    func tooLarge() {
        let plan = InstallPlan(request(), on: contents())
        let load = InstallProcedure.Load(securityDomain: nil, loadFile: .init(repeating: 0, count: 257))
        #expect(InstallProcedure(plan: plan, package: file, load: load, domain: nil, blockBytesMax: 1) == nil)
    }
}

@Suite("Delete", .mission(.b7))
struct DeleteProcedureTests {
    private let card = contents([loadFile(file, version: nil)], [application(instance, from: file)])

    @Test("one command deletes a load file with its instances")
    func together() throws {
        var procedure = DeleteProcedure(file, withRelated: true, contents: card)
        guard case .send(let order) = try procedure.next(after: []) else {
            Issue.record("nothing sent"); return
        }
        #expect(order == [.delete(file, withRelated: true)])
        guard case .done(let outcome) = try procedure.next(after: [ResponseAPDU(data: [0])]) else {
            Issue.record("not done"); return
        }
        #expect(outcome.deleted == [instance, file])
    }

    @Test(
        "a card that knows no related objects is helped", arguments: [0x6A86, 0x6A80, 0x6985] as [StatusWord])
    func oneByOne(status: StatusWord) throws {
        var procedure = DeleteProcedure(file, withRelated: true, contents: card)
        _ = try procedure.next(after: [])
        guard case .send(let order) = try procedure.next(after: [ResponseAPDU(status: status)]) else {
            Issue.record("nothing sent"); return
        }
        #expect(order == [.delete(instance, withRelated: false), .delete(file, withRelated: false)])
        #expect(throws: ProcedureError.refused(order[1], 0x6985)) {
            _ = try procedure.next(after: [ResponseAPDU(), ResponseAPDU(status: 0x6985)])
        }
    }

    @Test("without related objects a refusal is a refusal")
    func refused() throws {
        var procedure = DeleteProcedure(file, withRelated: false, contents: card)
        _ = try procedure.next(after: [])
        #expect(throws: ProcedureError.refused(.delete(file, withRelated: false), 0x6985)) {
            _ = try procedure.next(after: [ResponseAPDU(status: 0x6985)])
        }
    }
}
