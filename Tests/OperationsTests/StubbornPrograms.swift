import GlobalPlatform
import SmartCard
import VirtualCard

/// Finds the examples, and lets chosen versions of the purse, and a chosen one of all, refuse.
struct StubbornRuntime: ApplicationRuntime {
    var refusesSaving: UInt8?
    var refusesRestoring: UInt8?
    /// Its instances cannot be deleted.
    var stays: AID?

    func program(for module: ExecutableModule) -> (any CardProgram)? {
        guard let base = ExampleApplications.runtime.program(for: module) as? any UpgradableProgram else {
            return nil
        }
        let minor = module.loadFileVersion.last
        return StubbornProgram(
            base: base, refusesSaving: minor == refusesSaving, refusesRestoring: minor == refusesRestoring,
            stays: module.module == stays)
    }
}

struct StubbornProgram: UpgradableProgram {
    let base: any UpgradableProgram
    let refusesSaving: Bool
    let refusesRestoring: Bool
    let stays: Bool

    func install(_ request: InstallationRequest, in context: ApplicationContext) throws(Refusal) {
        try base.install(request, in: context)
    }
    func select(in context: ApplicationContext) throws(Refusal) -> [UInt8]? { try base.select(in: context) }
    func process(_ command: CommandAPDU, in context: ApplicationContext) throws(Refusal) -> ResponseAPDU {
        try base.process(command, in: context)
    }
    func storeData(_ command: CommandAPDU, in context: ApplicationContext) throws(Refusal) -> [UInt8] {
        try base.storeData(command, in: context)
    }
    func uninstall(in context: ApplicationContext) throws(Refusal) {
        if stays { throw .conditionsNotSatisfied }
        try base.uninstall(in: context)
    }
    func save(in context: ApplicationContext) throws(Refusal) -> [UInt8] {
        if refusesSaving { throw .conditionsNotSatisfied }
        return try base.save(in: context)
    }
    func restore(
        _ element: [UInt8], from version: [UInt8], in context: ApplicationContext
    ) throws(Refusal) {
        if refusesRestoring { throw .incorrectData }
        try base.restore(element, from: version, in: context)
    }
}
