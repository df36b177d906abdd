package import GlobalPlatform
package import SmartCard

/// The example applications by name (docs/reference/example-applications.md).
package enum ExampleApplication: String, CaseIterable, Sendable {
    case identity
    case purse
    case pass
    case loyalty
    case loans
    /// Code that `loyalty` and `loans` share; nothing to install.
    case library

    /// The AID of the load file: RID F0 "Bert", then "h" and a number.
    package var loadFile: AID { Self.aid([0x68, number]) }

    /// The AID of the module, and by convention of its one instance; `library` has none.
    package var module: AID { Self.aid([0x68, number, 0x01]) }

    package var isLibrary: Bool { self == .library }

    /// Load files that must be on the card before this one.
    package var dependencies: [ExampleApplication] {
        switch self {
        case .loyalty, .loans: [.library]
        case .identity, .purse, .pass, .library: []
        }
    }

    private var number: UInt8 {
        switch self {
        case .identity: 0x01
        case .purse: 0x02
        case .pass: 0x03
        case .loyalty: 0x04
        case .loans: 0x05
        case .library: 0x0F
        }
    }

    /// What the methods take: enough for the whole load file to have the size that the documentation gives.
    private var codeBytes: Int {
        switch self {
        case .identity: 2200
        case .purse: 4850
        case .pass: 2750
        case .loyalty: 4000
        case .loans: 3200
        case .library: 1900
        }
    }

    private static func aid(_ suffix: [UInt8]) -> AID {
        guard let aid = try? AID([0xF0, 0x42, 0x65, 0x72, 0x74] + suffix) else {
            preconditionFailure("an RID and a suffix of at least one byte are an AID")
        }
        return aid
    }

    package var blueprint: CAPBlueprint { blueprint(version: CAPVersion(1, 0)) }

    /// - Parameter isUpgradable: imports the interface by which its data go over to a new version (Amendment H); only
    ///   cards that have it can load this.
    private func blueprint(version: CAPVersion, isUpgradable: Bool = false) -> CAPBlueprint {
        var blueprint = CAPBlueprint(
            aid: loadFile, version: version, packageName: "berth." + rawValue, codeBytes: codeBytes)
        if isLibrary {
            blueprint.libraryMethods = 3
        } else {
            blueprint.applets = [
                .init(aid: module, name: rawValue.prefix(1).uppercased() + rawValue.dropFirst())
            ]
        }
        blueprint.imports = dependencies.map { CAPPackage(aid: $0.loadFile, version: CAPVersion(1, 0)) }
        if isUpgradable, !isLibrary {
            blueprint.imports.append(
                CAPPackage(aid: WellKnownAID.upgradeInterface, version: CAPVersion(1, 1)))
        }
        return blueprint
    }

    /// The CAP file; the same bytes every time.
    package var capFile: [UInt8] { Self.built(blueprint, of: self) }

    /// The same application in a version that keeps its data when the code is upgraded.
    package func upgradableCAPFile(minorVersion: UInt8) -> [UInt8] {
        Self.built(blueprint(version: CAPVersion(1, minorVersion), isUpgradable: true), of: self)
    }

    private static func built(_ blueprint: CAPBlueprint, of application: ExampleApplication) -> [UInt8] {
        do { return try blueprint.build() } catch {
            preconditionFailure("the blueprint of \(application.rawValue) is wrong: \(error)")
        }
    }
}

/// All example applications together: their CAP files, and the runtime that executes what is loaded from them.
package enum ExampleApplications {
    /// `nil` for a name that none of them has.
    package static func capFile(named name: String) -> [UInt8]? {
        ExampleApplication(rawValue: name)?.capFile
    }

    package static let runtime = NativeRuntime([
        name(.identity): ParkableProgram(Identity()),
        name(.purse): ParkableProgram(Purse()),
        name(.pass): ParkableProgram(TransitPass()),
        name(.loyalty): ParkableProgram(Loyalty()),
        name(.loans): ParkableProgram(Loans()),
    ])

    private static func name(_ application: ExampleApplication) -> NativeRuntime.Name {
        NativeRuntime.Name(loadFile: application.loadFile, module: application.module)
    }
}
