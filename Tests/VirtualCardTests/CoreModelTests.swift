import CardCrypto
import GlobalPlatform
import SmartCard
import TestSupport
import Testing

@testable import VirtualCard

/// A small picture of what a card should hold: no commands, no journal, only sets and sums.
struct CardModel {
    enum Package: String, CaseIterable {
        case library = "F042657274F0"
        case applets = "F04265727401"
        case user = "F04265727402"

        private static let blocks = Dictionary(
            uniqueKeysWithValues: allCases.map { ($0, $0.madeBlock) })

        var block: [UInt8] { Self.blocks[self] ?? [] }

        private var madeBlock: [UInt8] {
            switch self {
            case .library:
                SampleCAP.block(rawValue, applets: [], imports: [SampleCAP.framework], methodBytes: 22_000)
            case .applets:
                SampleCAP.block(
                    rawValue, applets: [Bench.appletAID], imports: [SampleCAP.framework],
                    methodBytes: 29_000)
            case .user:
                SampleCAP.block(
                    rawValue, applets: [module],
                    imports: [SampleCAP.package(Package.library.rawValue, major: 1, minor: 0)],
                    methodBytes: 17_000)
            }
        }

        var module: String {
            switch self {
            case .library: "F042657274F001"
            case .applets: Bench.appletAID
            case .user: "F0426572740201"
            }
        }
        var hasModule: Bool { self != .library }
        /// The native program makes one object of two bytes.
        var instanceBytes: Int { cost(160) + (self == .applets ? cost(2) : 0) }
        var bytes: Int { cost(block.count) + (hasModule ? cost(7) : 0) }
    }

    struct Instance {
        let package: Package
        let reserve: Int
        var lifeCycle: UInt8
        var isInDomain = false
        var bytes: Int { max(package.instanceBytes, reserve) }
    }

    enum Domain { case absent, keyless, keyed }

    static let total = 81_920
    /// Three factory keys, the IIN and the CIN.
    static let atBirth = 5 * cost(16)
    static func cost(_ bytes: Int) -> Int { (bytes + 8 + 31) / 32 * 32 }

    var packages: Set<Package> = []
    var instances: [Int: Instance] = [:]
    var domain = Domain.absent

    var free: Int {
        let inDomain = domain == .absent ? 0 : Self.cost(480) + (domain == .keyed ? 3 * Self.cost(16) : 0)
        return Self.total - Self.atBirth - inDomain - packages.reduce(0) { $0 + $1.bytes }
            - instances.values.reduce(0) { $0 + $1.bytes }
    }

    static func name(_ instance: Int) -> String { "F0426572740A0" + String(instance) }

    // MARK: What each wish should be answered with; granted wishes change the picture.

    mutating func load(_ package: Package) -> String {
        if packages.contains(package) { return "6985" }
        if Self.cost(package.block.count + 4) > free { return "6A84" }
        if package == .user, !packages.contains(.library) { return "6438" }
        if package.bytes > free { return "6A84" }
        packages.insert(package)
        return "9000"
    }

    mutating func install(_ number: Int, _ package: Package, reserve: Int, isSelectable: Bool) -> String {
        guard packages.contains(package), package.hasModule else { return "6A88" }
        if instances[number] != nil { return "6985" }
        let instance = Instance(
            package: package, reserve: reserve, lifeCycle: isSelectable ? 0x07 : 0x03)
        if instance.bytes > free { return "6A84" }
        instances[number] = instance
        return "9000"
    }

    mutating func makeSelectable(_ number: Int) -> String {
        guard let instance = instances[number] else { return "6A88" }
        guard instance.lifeCycle == 0x03 else { return "6985" }
        instances[number]?.lifeCycle = 0x07
        return "9000"
    }

    mutating func setLock(_ number: Int, _ isLocked: Bool) -> String {
        guard let instance = instances[number] else { return "6A88" }
        guard (instance.lifeCycle & 0x80 != 0) != isLocked else { return "6985" }
        instances[number]?.lifeCycle ^= 0x80
        return "9000"
    }

    mutating func delete(_ number: Int) -> String {
        instances.removeValue(forKey: number) == nil ? "6A88" : "9000"
    }

    mutating func delete(_ package: Package, withRelated: Bool) -> String {
        guard packages.contains(package) else { return "6A88" }
        let own = instances.filter { $0.value.package == package }.keys
        if !own.isEmpty && !withRelated { return "6985" }
        if package == .library, packages.contains(.user) { return "6985" }
        for number in own { instances[number] = nil }
        packages.remove(package)
        return "9000"
    }

    mutating func extradite(_ number: Int, toDomain: Bool) -> String {
        guard instances[number] != nil else { return "6A88" }
        if toDomain {
            switch domain {
            case .absent: return "6A88"
            case .keyless: return "6985"
            case .keyed: break
            }
        }
        instances[number]?.isInDomain = toDomain
        return "9000"
    }

    mutating func createDomain() -> String {
        if domain != .absent { return "6985" }
        if Self.cost(480) > free { return "6A84" }
        domain = .keyless
        return "9000"
    }

    mutating func putDomainKeys() -> String? {
        switch domain {
        case .absent: return nil
        case .keyed: return "6A80"
        case .keyless:
            if 3 * Self.cost(16) > free { return "6A84" }
            domain = .keyed
            return "9000"
        }
    }

    mutating func deleteDomain() -> String {
        if domain == .absent { return "6A88" }
        if instances.values.contains(where: \.isInDomain) { return "6985" }
        domain = .absent
        return "9000"
    }

    func select(_ number: Int) -> String { instances[number]?.lifeCycle == 0x07 ? "9000" : "6A82" }
}

private func cost(_ bytes: Int) -> Int { CardModel.cost(bytes) }

@Suite("A card and a small model of it")
struct CoreModelTests {
    private static let loads: [CardModel.Package: [String]] = Dictionary(
        uniqueKeysWithValues: CardModel.Package.allCases.map {
            ($0, Step.loads(Step.loadFile($0.block)))
        })

    @Test(
        "agree on every answer, entry, life cycle and byte", .mission(.point3),
        arguments: 1...12 as ClosedRange<UInt64>)
    func agreement(_ seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let bench = try Bench(seed: UInt8(seed))
        var model = CardModel()
        bench.must(Step.issuer)
        var seen: [String: Int] = [:]
        for number in 0..<250 {
            let (expected, answer, wish) = step(&model, bench, &random)
            let comment = "seed \(seed), wish \(number): \(wish)"
            #expect(answer == expected, "\(comment)")
            seen[answer, default: 0] += 1
            try compare(model, bench, comment)
            guard answer == expected else { return }
        }
        // A run that meets only one kind of answer shows nothing.
        #expect(seen.count >= 4, "seed \(seed): \(seen)")
    }

    private func step(
        _ model: inout CardModel, _ bench: Bench, _ random: inout SeededGenerator
    ) -> (expected: String, answer: String, wish: String) {
        let number = Int.random(in: 1...5, using: &random)
        let name = CardModel.name(number)
        let package = CardModel.Package.allCases.randomElement(using: &random) ?? .library
        let flag = Bool.random(using: &random)
        switch Int.random(in: 0..<16, using: &random) {
        case 0...2: return (model.load(package), load(package, bench), "load \(package)")
        case 3...5:
            let reserve = flag ? 0 : Int.random(in: 1...12, using: &random) * 1024
            let parameters = "C900" + (reserve == 0 ? "" : "EF04D802" + UInt16(reserve).bigEndianBytes.hex)
            let answer = bench.status(
                Step.forInstall(
                    package.rawValue, package.module, name, parameters: parameters, p1: flag ? "0C" : "04"))
            return (
                model.install(number, package, reserve: reserve, isSelectable: flag), answer,
                "install \(number) of \(package), reserving \(reserve)"
            )
        case 6:
            return (
                model.makeSelectable(number), bench.status(Step.makeSelectable(name)), "selectable \(number)"
            )
        case 7, 8:
            let answer = bench.status(Step.setStatus("40", flag ? "80" : "00", name))
            return (model.setLock(number, flag), answer, "lock \(number): \(flag)")
        case 9: return (model.delete(number), bench.status(Step.delete(name)), "delete \(number)")
        case 10, 11:
            let answer = bench.status(Step.delete(package.rawValue, related: flag))
            return (model.delete(package, withRelated: flag), answer, "delete \(package), related: \(flag)")
        case 12:
            let target = flag ? CoreRules.domainA : Bench.issuer
            let answer = bench.status(Step.extradite(name, to: target))
            return (model.extradite(number, toDomain: flag), answer, "extradite \(number): \(flag)")
        case 13: return domainStep(&model, bench, flag)
        case 14:
            let answer = bench.status(Step.select(name))
            bench.must(Step.issuer)
            return (model.select(number), answer, "select \(number)")
        default:
            bench.card.reset()
            bench.must(Step.issuer)
            return ("9000", "9000", "reset")
        }
    }

    private func domainStep(
        _ model: inout CardModel, _ bench: Bench, _ flag: Bool
    ) -> (expected: String, answer: String, wish: String) {
        if !flag, model.domain != .keyless {
            return (model.deleteDomain(), bench.status(Step.delete(CoreRules.domainA)), "delete domain")
        }
        guard let expected = model.putDomainKeys() else {
            return (model.createDomain(), bench.status(Step.domain(CoreRules.domainA)), "create domain")
        }
        bench.must([Step.select(CoreRules.domainA)] + Step.session)
        let answer = bench.status(Step.putKeys(version: 0x31))
        bench.must(Step.issuer)
        return (expected, answer, "keys for the domain")
    }

    private func load(_ package: CardModel.Package, _ bench: Bench) -> String {
        var answer = bench.status(Step.forLoad(package.rawValue))
        for step in Self.loads[package] ?? [] where answer == "9000" { answer = bench.status(step) }
        return answer
    }

    private func compare(_ model: CardModel, _ bench: Bench, _ comment: String) throws {
        #expect(bench.card.freeMemory.nonVolatile == model.free, "\(comment)")
        let report = try CardResources(
            value: try BERTLV.readOne(try Hex.decode(bench.send("80CAFF2100")).dropLast(2)).value)
        #expect(report.freeNonVolatile == model.free, "\(comment)")
        #expect(
            report.applicationCount == model.instances.count + (model.domain == .absent ? 0 : 1), "\(comment)"
        )
        let state = bench.card.contents
        let loaded = Set(state.loadFiles.filter { $0.code != nil }.map(\.aid.bytes.hex))
        #expect(loaded == Set(model.packages.map(\.rawValue)), "\(comment)")
        let entries = state.applications.dropFirst().filter { !$0.isSecurityDomain }
        let found = Dictionary(
            uniqueKeysWithValues: entries.map { ($0.aid.bytes.hex, $0.lifeCycle.rawValue) })
        let wanted = Dictionary(
            uniqueKeysWithValues: model.instances.map { (CardModel.name($0.key), $0.value.lifeCycle) })
        #expect(found == wanted, "\(comment)")
    }
}
