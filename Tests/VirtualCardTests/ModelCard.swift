/// What a card should hold and refuse, in sets and sums: no bytes, no commands, no journal.
///
/// The specification does not order its checks, so a refusal may bring the status word of any reason that applies; with
/// no reason, the command must be carried out.
struct ModelCard {
    /// A security domain: the issuer's, or one of two others.
    enum Owner: Int, CaseIterable { case issuer, first, second }

    enum Package: Int, CaseIterable {
        case library, applets, user

        var hasModule: Bool { self != .library }
        /// The one object that the program of this package makes.
        var objectBytes: Int? { self == .applets ? 16 : nil }
        var methodBytes: Int { [900, 1500, 700][rawValue] }
    }

    struct App {
        let package: Package
        let reserve: Int?
        let quota: Int?
        var domain: Owner
        var lifeCycle: UInt8
        /// Objects beside the first, by number.
        var objects: [UInt8: Int] = [:]

        var allocated: Int {
            cost(160) + (package.objectBytes.map { cost($0) } ?? 0)
                + objects.values.reduce(0) { $0 + cost($1) }
        }
        var charged: Int { max(allocated, reserve ?? 0) }
        var isWithinQuota: Bool { allocated <= quota ?? .max }
    }

    struct Domain {
        var parent: Owner
        var hasKeys = false
        var isLocked = false
        var lifeCycle: UInt8 { (hasKeys ? 0x0F : 0x07) | (isLocked ? 0x80 : 0) }
    }

    /// Why a command may be refused; none means that it is carried out.
    typealias Reasons = Set<String>

    static let total = 8192

    let blockBytes: [Package: Int]
    var card: UInt8 = 0x01
    var packages: [Package: Owner] = [:]
    var apps: [Int: App] = [:]
    var domains: [Owner: Domain] = [:]
    /// Whose session is open.
    var actor = Owner.issuer

    // MARK: Sums

    func bytes(_ package: Package) -> Int {
        cost(blockBytes[package] ?? 0) + (package.hasModule ? cost(7) : 0)
    }

    var free: Int {
        let keys = 3 * cost(16)
        // Three factory keys, IIN, CIN.
        var free = Self.total - 5 * cost(16)
        for package in packages.keys { free -= bytes(package) }
        for app in apps.values { free -= app.charged }
        for domain in domains.values { free -= cost(480) + (domain.hasKeys ? keys : 0) }
        return free
    }

    // MARK: Who stands where

    var isOpen: Bool { card != 0x7F }

    func isOperational(_ owner: Owner) -> Bool {
        owner == .issuer || domains[owner].map { $0.hasKeys && !$0.isLocked } ?? false
    }

    func exists(_ owner: Owner) -> Bool { owner == .issuer || domains[owner] != nil }

    func ancestors(_ owner: Owner) -> [Owner] {
        var chain: [Owner] = []
        var next = owner
        while !chain.contains(next) {
            chain.append(next)
            next = domains[next]?.parent ?? .issuer
        }
        return chain
    }

    func isAbove(_ owner: Owner) -> Bool { ancestors(owner).contains(actor) }
    func isRelated(_ owner: Owner) -> Bool { isAbove(owner) || ancestors(actor).contains(owner) }

    /// What every command of content management asks of the one that carries it out.
    private var manager: Reasons { isOpen && isOperational(actor) ? [] : ["6985"] }

    private static func unless(_ holds: Bool, _ status: String) -> Reasons { holds ? [] : [status] }

    // MARK: Commands

    mutating func load(_ package: Package, for target: Owner) -> Reasons {
        var reasons = manager.union(Self.unless(packages[package] == nil, "6985"))
        if target != actor {
            reasons.formUnion(Self.unless(exists(target), "6A88"))
            if exists(target) {
                reasons.formUnion(Self.unless(isOperational(target) && isRelated(target), "6985"))
            }
        }
        if package == .user { reasons.formUnion(Self.unless(packages[.library] != nil, "6438")) }
        // While it comes, the wrapping of the file counts too; then its modules do.
        let loading = cost((blockBytes[package] ?? 0) + 4)
        reasons.formUnion(Self.unless(max(loading, bytes(package)) <= free, "6A84"))
        if reasons.isEmpty { packages[package] = target }
        return reasons
    }

    mutating func install(
        _ number: Int, of package: Package, reserve: Int?, quota: Int?, isSelectable: Bool
    ) -> Reasons {
        var reasons = manager.union(Self.unless(apps[number] == nil, "6985"))
        guard let owner = packages[package], package.hasModule else { return reasons.union(["6A88"]) }
        reasons.formUnion(Self.unless(isRelated(owner) && isOperational(owner), "6985"))
        if let reserve, let quota { reasons.formUnion(Self.unless(quota >= reserve, "6A80")) }
        let app = App(
            package: package, reserve: reserve, quota: quota, domain: owner,
            lifeCycle: isSelectable ? 0x07 : 0x03)
        reasons.formUnion(Self.unless(app.charged <= free && app.isWithinQuota, "6A84"))
        if reasons.isEmpty { apps[number] = app }
        return reasons
    }

    mutating func makeSelectable(_ number: Int) -> Reasons {
        guard let app = apps[number] else { return manager.union(["6A88"]) }
        let reasons = manager.union(
            Self.unless(
                isRelated(app.domain) && isOperational(app.domain) && app.lifeCycle == 0x03, "6985"))
        if reasons.isEmpty { apps[number]?.lifeCycle = 0x07 }
        return reasons
    }

    /// What a locked domain, or a locked card, asks of SET STATUS.
    private var speaker: Reasons { Self.unless(isOpen && domains[actor]?.isLocked != true, "6985") }
    /// The issuer domain has Global Lock and Global Delete.
    private func rules(_ owner: Owner) -> Bool { actor == .issuer || isAbove(owner) }

    mutating func setLock(_ number: Int, _ isLocking: Bool) -> Reasons {
        guard let app = apps[number] else { return speaker.union(["6A88"]) }
        let isLocked = app.lifeCycle & 0x80 != 0
        let reasons = speaker.union(Self.unless(rules(app.domain) && isLocked != isLocking, "6985"))
        if reasons.isEmpty { apps[number]?.lifeCycle ^= 0x80 }
        return reasons
    }

    mutating func setLock(_ owner: Owner, _ isLocking: Bool) -> Reasons {
        guard let domain = domains[owner] else { return speaker.union(["6A88"]) }
        var reasons = speaker.union(Self.unless(domain.isLocked != isLocking, "6985"))
        if owner != actor { reasons.formUnion(Self.unless(rules(domain.parent), "6985")) }
        // A domain asks only for PERSONALIZED or LOCKED of itself.
        if owner == actor, !isLocking { reasons.insert("6A86") }
        if reasons.isEmpty { domains[owner]?.isLocked = isLocking }
        return reasons
    }

    mutating func setCard(_ state: UInt8) -> Reasons {
        var reasons = Self.unless(domains[actor]?.isLocked != true && actor == .issuer, "6985")
        let next: [UInt8: UInt8] = [0x01: 0x07, 0x07: 0x0F, 0x0F: 0x7F, 0x7F: 0x0F]
        reasons.formUnion(Self.unless(next[card] == state, "6985"))
        if reasons.isEmpty { card = state }
        return reasons
    }

    mutating func delete(_ number: Int) -> Reasons {
        guard let app = apps[number] else { return manager.union(["6A88"]) }
        let reasons = manager.union(Self.unless(rules(app.domain), "6985"))
        if reasons.isEmpty { apps[number] = nil }
        return reasons
    }

    mutating func delete(_ package: Package, withRelated: Bool) -> Reasons {
        guard let owner = packages[package] else { return manager.union(["6A88"]) }
        let own = apps.filter { $0.value.package == package }
        let isImported = package == .library && packages[.user] != nil
        let reasons = manager.union(
            Self.unless(
                rules(owner) && !isImported && (own.isEmpty || withRelated)
                    && own.values.allSatisfy { rules($0.domain) }, "6985"))
        if reasons.isEmpty {
            for number in own.keys { apps[number] = nil }
            packages[package] = nil
        }
        return reasons
    }

    mutating func delete(_ owner: Owner) -> Reasons {
        guard let domain = domains[owner] else { return manager.union(["6A88"]) }
        let hasContent =
            apps.values.contains { $0.domain == owner } || packages.values.contains(owner)
            || domains.contains { $0.key != owner && $0.value.parent == owner }
        let reasons = manager.union(
            Self.unless(owner != actor && rules(domain.parent) && !hasContent, "6985"))
        if reasons.isEmpty { domains[owner] = nil }
        return reasons
    }

    private func extradition(from old: Owner, to target: Owner) -> Reasons {
        guard exists(target) else { return manager.union(["6A88"]) }
        return manager.union(
            Self.unless(isOperational(target) && isOperational(old) && isAbove(old), "6985"))
    }

    mutating func extradite(_ number: Int, to target: Owner) -> Reasons {
        guard let app = apps[number] else { return manager.union(["6A88"]) }
        let reasons = extradition(from: app.domain, to: target)
        if reasons.isEmpty { apps[number]?.domain = target }
        return reasons
    }

    mutating func extradite(_ package: Package, to target: Owner) -> Reasons {
        guard let owner = packages[package] else { return manager.union(["6A88"]) }
        let reasons = extradition(from: owner, to: target)
        if reasons.isEmpty { packages[package] = target }
        return reasons
    }

    mutating func extradite(_ owner: Owner, to target: Owner) -> Reasons {
        guard let domain = domains[owner] else { return manager.union(["6A88"]) }
        let isRing = owner != target && ancestors(target).contains(owner)
        let reasons = extradition(from: domain.parent, to: target).union(Self.unless(!isRing, "6985"))
        if reasons.isEmpty { domains[owner]?.parent = target }
        return reasons
    }

    mutating func create(_ owner: Owner) -> Reasons {
        let reasons = manager.union(
            Self.unless(domains[owner] == nil && isRelated(.issuer), "6985")
        ).union(Self.unless(cost(480) <= free, "6A84"))
        if reasons.isEmpty { domains[owner] = Domain(parent: actor) }
        return reasons
    }

    /// Keys for a domain that is selected, and whose session those above it opened.
    mutating func putKeys(_ owner: Owner) -> Reasons {
        let reasons = Self.unless(3 * cost(16) <= free, "6A84")
        if reasons.isEmpty { domains[owner]?.hasKeys = true }
        return reasons
    }

    mutating func grow(_ number: Int, _ object: UInt8, by bytes: Int) -> Reasons {
        guard var app = apps[number] else { return ["6A82"] }
        if app.objects[object] != nil { return ["6985"] }
        let before = app.charged
        app.objects[object] = bytes
        let reasons = Self.unless(app.charged - before <= free && app.isWithinQuota, "6A84")
        if reasons.isEmpty { apps[number] = app }
        return reasons
    }
}

/// Blocks of 32 bytes, 8 bytes beside the contents (profile javacard-80k).
private func cost(_ bytes: Int) -> Int { (bytes + 8 + 31) / 32 * 32 }
