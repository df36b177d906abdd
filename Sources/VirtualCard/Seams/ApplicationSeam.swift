package import SmartCard

// What the card core calls on an application, and what a program may ask of the card (`ApplicationContext`).
//
// A program is code and nothing else: one `Sendable` value serves all instances on all cards. All state of an
// instance lives in objects of the card's memory, numbered by the program, which the core accounts, journals,
// and removes. So a program needs no code for tears: the card is either before or after it.
//
// A byte-code interpreter fits behind the same seam:
// - package: the load file; its `code` is the whole load file data block, shared by all cards that hold it.
// - class: found in `code`; static fields live in objects of the load file (`context.statics`).
// - instance: an `AID` in the registry; its heap is its objects. An interpreter numbers them as references.
// - shareable objects: `CardProgram.shareable` answers a client; calls run in the SERVER's context
//   (firewall).
// - transient memory: `createTransient`, allocated for good and cleared on reset or deselection.
// - transactions: without one, a command's writes become durable together when it ends. An interpreter, whose
//   writes must be durable one by one, calls `checkpoint()` after each; between `beginTransaction` and
//   `commitTransaction` it does not. `checkpoint()` is also how a try counter is written before the
//   comparison.

/// One module of a load file, as the registry knows it.
package struct ExecutableModule: Sendable {
    package let loadFile: AID
    package let loadFileVersion: [UInt8]
    package let module: AID
    package let code: LoadFileCode
}

/// Finds programs for modules; a card has a list of runtimes and asks them in order.
package protocol ApplicationRuntime: Sendable {
    /// `nil` when this runtime does not execute the module. An instance that nobody executes is selected,
    /// listed, locked and deleted as any other, and answers 6D00 to commands of its own.
    func program(for module: ExecutableModule) -> (any CardProgram)?
}

/// What INSTALL [for install] tells an application (Java Card `Applet.install`, `bArray`).
package struct InstallationRequest: Hashable, Sendable {
    package let instance: AID
    package let privileges: [UInt8]
    /// The value of `C9`.
    package let parameters: [UInt8]
}

/// The code of one application module. A thrown refusal undoes everything the call wrote since the last
/// checkpoint.
package protocol CardProgram: Sendable {
    /// Whether an instance may be selected on several logical channels at once (Java Card `MultiSelectable`).
    var isMultiSelectable: Bool { get }
    func install(_ request: InstallationRequest, in context: ApplicationContext) throws(Refusal)
    /// Returns the data of the answer to SELECT, a whole FCI; `nil` sends none. A refusal means 6999
    /// whatever it says, and the application is not selected (Java Card: `select()` returned false).
    func select(in context: ApplicationContext) throws(Refusal) -> [UInt8]?
    func deselect(in context: ApplicationContext)
    /// Commands of the application's own, as received (with secure messaging still on: see `unwrap`).
    func process(_ command: CommandAPDU, in context: ApplicationContext) throws(Refusal) -> ResponseAPDU
    /// STORE DATA through the associated domain after INSTALL [for personalization], already unwrapped (GPCS
    /// 2.3.1 §7.3.2); returned data travel back as a case 4 answer (§11.11.3).
    func storeData(_ command: CommandAPDU, in context: ApplicationContext) throws(Refusal) -> [UInt8]
    /// Called before DELETE; a refusal keeps the instance.
    func uninstall(in context: ApplicationContext) throws(Refusal)
    /// An object for another application, or `nil` to refuse it (Java Card `getShareableInterfaceObject`).
    func shareable(_ parameter: UInt8, for client: AID, in context: ApplicationContext)
        -> (any ShareableObject)?
}

extension CardProgram {
    package var isMultiSelectable: Bool { false }
    package func select(in context: ApplicationContext) throws(Refusal) -> [UInt8]? { nil }
    package func deselect(in context: ApplicationContext) {}
    package func storeData(
        _ command: CommandAPDU, in context: ApplicationContext
    ) throws(Refusal) -> [UInt8] { throw .conditionsNotSatisfied }
    package func uninstall(in context: ApplicationContext) throws(Refusal) {}
    package func shareable(
        _ parameter: UInt8, for client: AID, in context: ApplicationContext
    ) -> (any ShareableObject)? { nil }
}

/// Code that hands the data of its instances over to a new version of itself (Amendment H, `OnUpgradeListener`).
package protocol UpgradableProgram: CardProgram {
    /// What the new version needs. Called on the old code; a refusal ends the upgrade before anything happened.
    func save(in context: ApplicationContext) throws(Refusal) -> [UInt8]
    /// Lets go of what others hold, on the old code; what it refuses is ignored. It may be called a second time.
    func cleanUp(in context: ApplicationContext) throws(Refusal)
    /// Takes the data over, on the new code, after `install`. A refusal keeps them with the card, for other code.
    func restore(_ element: [UInt8], from version: [UInt8], in context: ApplicationContext) throws(Refusal)
    /// Finds its neighbours again, once all have their data; what it refuses is ignored.
    func consolidate(in context: ApplicationContext) throws(Refusal)
}

extension UpgradableProgram {
    package func cleanUp(in context: ApplicationContext) throws(Refusal) {}
    package func consolidate(in context: ApplicationContext) throws(Refusal) {}
}

/// What one application lets another call. `context` is that of the application that owns the object.
package protocol ShareableObject {
    func invoke(
        _ method: UInt16, _ arguments: [UInt8], in context: ApplicationContext
    ) throws(Refusal) -> [UInt8]
}

/// When the contents of transient memory are cleared (Java Card `JCSystem`).
package enum TransientClearing: UInt8, Hashable, Sendable {
    case onReset = 1
    case onDeselect = 2
}

/// A number by which a program names one of its objects.
package typealias ObjectNumber = UInt16

/// Native programs, each by the AIDs of its load file and module.
package struct NativeRuntime: ApplicationRuntime {
    package struct Name: Hashable, Sendable {
        package let loadFile: AID
        package let module: AID
        package init(loadFile: AID, module: AID) {
            self.loadFile = loadFile
            self.module = module
        }
    }

    private let programs: [Name: any CardProgram]

    package init(_ programs: [Name: any CardProgram]) { self.programs = programs }

    package func program(for module: ExecutableModule) -> (any CardProgram)? {
        programs[Name(loadFile: module.loadFile, module: module.module)]
    }
}
