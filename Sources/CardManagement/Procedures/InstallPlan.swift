package import GlobalPlatform
package import SmartCard

/// What is to be put on a card: a load file, and the instances to make from it.
package struct InstallRequest: Hashable, Sendable {
    /// A package by its AID and version.
    package struct Package: Hashable, Sendable {
        package var aid: AID
        package var major: UInt8
        package var minor: UInt8

        package init(aid: AID, major: UInt8, minor: UInt8) {
            self.aid = aid
            self.major = major
            self.minor = minor
        }

        package var versionText: String { "\(major).\(minor)" }
    }

    package struct Instance: Hashable, Sendable {
        package var module: AID
        package var aid: AID
        package var privileges: Privileges
        package var parameters: InstallParameters

        package init(
            module: AID, aid: AID, privileges: Privileges = [], parameters: InstallParameters = .init()
        ) {
            self.module = module
            self.aid = aid
            self.privileges = privileges
            self.parameters = parameters
        }
    }

    package var package: Package
    package var imports: [Package]
    package var modules: [AID]
    package var instances: [Instance]
    /// Bytes of non-volatile memory that load file and instances take: at least, probably.
    package var nonVolatileLow: Int
    package var nonVolatileExpected: Int
    package var volatileExpected: Int
    /// Delete what stands in the way and load anew.
    package var replaces: Bool
    /// The domain that is to hold the load file, where it is another than the selected one.
    package var domain: AID?

    package init(
        package: Package, imports: [Package], modules: [AID], instances: [Instance], nonVolatileLow: Int,
        nonVolatileExpected: Int, volatileExpected: Int, replaces: Bool = false, domain: AID? = nil
    ) {
        self.package = package
        self.imports = imports
        self.modules = modules
        self.instances = instances
        self.nonVolatileLow = nonVolatileLow
        self.nonVolatileExpected = nonVolatileExpected
        self.volatileExpected = volatileExpected
        self.replaces = replaces
        self.domain = domain
    }
}

/// One thing to do on the card.
package enum InstallStep: Hashable, Sendable {
    case delete(AID, withRelated: Bool)
    case load
    case install(InstallRequest.Instance)
    /// The instance was made in an earlier attempt and never became selectable.
    case makeSelectable(AID)
}

/// Why a domain cannot hold content.
package enum DomainUnfitness: Hashable, Sendable {
    case isApplication
    /// Without keys it offers no service, and nothing can be associated with it (GPCS 2.3.1 §5.3.2.2).
    case hasNoKeys
    case isLocked
}

/// What the check found before anything was sent.
package enum InstallFinding: Hashable, Sendable {
    // What stands in the way.
    case importMissing(InstallRequest.Package)
    case importTooOld(InstallRequest.Package, onCard: String)
    case importNewerMajor(InstallRequest.Package, onCard: String)
    case otherVersionOnCard(AID, onCard: String, wanted: String)
    case loadFileNameTaken(AID, byApplication: AID)
    case instanceNameTaken(AID, byLoadFile: AID?)
    case moduleNotInFile(AID)
    case notEnoughRoom(needed: Int, free: Int)
    /// The domain that was named is an application, or has no keys yet, or is locked.
    case domainUnfit(AID, DomainUnfitness)
    // What is worth knowing.
    case importAssumed(InstallRequest.Package)
    case roomDoubtful(expected: Int, free: Int)
    case volatileRoomDoubtful(expected: Int, free: Int)
    case roomUnknown
    case alreadyLoaded(AID)
    case alreadyInstalled(AID)
    case continuesWith(AID)

    /// Whether the card would refuse, as far as can be known; the user may insist.
    package var isObstacle: Bool {
        switch self {
        case .importMissing, .importTooOld, .importNewerMajor, .otherVersionOnCard, .loadFileNameTaken,
            .instanceNameTaken, .moduleNotInFile, .notEnoughRoom, .domainUnfit:
            true
        case .importAssumed, .roomDoubtful, .volatileRoomDoubtful, .roomUnknown, .alreadyLoaded,
            .alreadyInstalled, .continuesWith:
            false
        }
    }
}

/// What an installation would do to this card, decided before the first byte is sent.
///
/// The same decision serves a first attempt and one after an interruption: what the card already has is not done again.
package struct InstallPlan: Hashable, Sendable {
    package let findings: [InstallFinding]
    package let steps: [InstallStep]

    package var obstacles: [InstallFinding] { findings.filter(\.isObstacle) }
    package var isDone: Bool { steps.isEmpty }

    /// `freedByReplacing` cannot be known; with `replaces` the room check therefore only warns.
    package init(_ request: InstallRequest, on contents: CardContents) {
        var planner = Planner(request: request, contents: contents)
        planner.plan()
        (findings, steps) = (planner.findings, planner.steps)
    }
}

/// Packages that belong to a card's platform: cards hold them in ROM and do not list them.
package enum PlatformPackages {
    /// Java Card, GlobalPlatform, ETSI, 3GPP, and Open Platform of Visa.
    private static let providers: [[UInt8]] = [
        [0xA0, 0, 0, 0, 0x62], [0xA0, 0, 0, 0x01, 0x51], [0xA0, 0, 0, 0, 0x09], [0xA0, 0, 0, 0, 0x87],
        [0xA0, 0, 0, 0, 0x03],
    ]

    package static func contains(_ aid: AID) -> Bool { providers.contains { aid.bytes.starts(with: $0) } }
}

private struct Planner {
    let request: InstallRequest
    let contents: CardContents
    var findings: [InstallFinding] = []
    var steps: [InstallStep] = []

    mutating func plan() {
        let name = request.package.aid
        for instance in request.instances where !request.modules.contains(instance.module) {
            findings.append(.moduleNotInFile(instance.module))
        }
        if contents.application(name) != nil {
            findings.append(.loadFileNameTaken(name, byApplication: name))
        }
        guard let present = contents.loadFile(name) else {
            checkImports()
            checkDomain()
            checkRoom()
            steps.append(.load)
            addInstances(present: nil)
            return
        }
        if request.replaces {
            steps.append(.delete(name, withRelated: true))
            checkImports()
            checkDomain()
            steps.append(.load)
            addInstances(present: present)
            return
        }
        if let version = versionText(present), version != request.package.versionText {
            findings.append(.otherVersionOnCard(name, onCard: version, wanted: request.package.versionText))
        }
        findings.append(.alreadyLoaded(name))
        addInstances(present: present)
    }

    private mutating func addInstances(present: RegistryEntry.LoadFile?) {
        for instance in request.instances {
            guard let existing = contents.application(instance.aid) else {
                if present != nil, !request.replaces { findings.append(.continuesWith(instance.aid)) }
                steps.append(.install(instance))
                continue
            }
            let isOurs = existing.loadFile.map { $0 == request.package.aid } ?? (present != nil)
            if !isOurs {
                findings.append(.instanceNameTaken(instance.aid, byLoadFile: existing.loadFile))
            } else if request.replaces {
                steps.append(.install(instance))
            } else if ApplicationLifeCycle(rawValue: existing.lifeCycle) == .installed {
                findings.append(.continuesWith(instance.aid))
                steps.append(.makeSelectable(instance.aid))
            } else {
                findings.append(.alreadyInstalled(instance.aid))
            }
        }
    }

    private mutating func checkImports() {
        for needed in request.imports {
            guard let file = contents.loadFile(needed.aid) else {
                let isPlatform = PlatformPackages.contains(needed.aid)
                findings.append(isPlatform ? .importAssumed(needed) : .importMissing(needed))
                continue
            }
            // A card can stand in with the same major version and no smaller minor one (JCVM 3.1 §4.5.2).
            guard let version = file.version, version.count == 2, let text = versionText(file) else {
                continue
            }
            if version[0] > needed.major {
                findings.append(.importNewerMajor(needed, onCard: text))
            } else if version[0] < needed.major || version[1] < needed.minor {
                findings.append(.importTooOld(needed, onCard: text))
            }
        }
    }

    /// A domain that the registry does not list may be the issuer's, or one that this session may not see.
    private mutating func checkDomain() {
        guard let name = request.domain, let domain = contents.application(name) else { return }
        let state = ApplicationLifeCycle(rawValue: domain.lifeCycle)
        if !domain.isSecurityDomain {
            findings.append(.domainUnfit(name, .isApplication))
        } else if state.isLocked {
            findings.append(.domainUnfit(name, .isLocked))
        } else if state == .installed || state == .selectable {
            findings.append(.domainUnfit(name, .hasNoKeys))
        }
    }

    private mutating func checkRoom() {
        guard let resources = contents.resources else {
            findings.append(.roomUnknown)
            return
        }
        if request.nonVolatileLow > resources.freeNonVolatile {
            findings.append(.notEnoughRoom(needed: request.nonVolatileLow, free: resources.freeNonVolatile))
        } else if request.nonVolatileExpected > resources.freeNonVolatile {
            findings.append(
                .roomDoubtful(expected: request.nonVolatileExpected, free: resources.freeNonVolatile))
        }
        if request.volatileExpected > resources.freeVolatile {
            findings.append(
                .volatileRoomDoubtful(expected: request.volatileExpected, free: resources.freeVolatile))
        }
    }

    private func versionText(_ file: RegistryEntry.LoadFile) -> String? {
        file.version.map { $0.map(String.init).joined(separator: ".") }
    }
}
