internal import SmartCard
internal import Synchronization
internal import VirtualCard

/// A fault in the memory of a chip: what it reads of a frozen image comes out wrong, once.
final class Flake: Sendable {
    private let isArmed = Mutex(false)

    func arm() { isArmed.withLock { $0 = true } }
    func disarm() { isArmed.withLock { $0 = false } }

    /// Whether it happens now; then it has happened.
    func strike() -> Bool {
        isArmed.withLock { armed in
            defer { armed = false }
            return armed
        }
    }
}

/// The example applications on a chip whose memory can fail.
struct FlakyRuntime: ApplicationRuntime {
    let flake: Flake

    func program(for module: ExecutableModule) -> (any CardProgram)? {
        guard let program = ExampleApplications.runtime.program(for: module) as? any UpgradableProgram else {
            return nil
        }
        return FlakyProgram(program: program, flake: flake)
    }
}

private struct FlakyProgram: UpgradableProgram {
    let program: any UpgradableProgram
    let flake: Flake

    /// An answer to READ: version, then the instruction, behind the template and its length.
    private static let readHead: [UInt8] = [0x80, 0x02, 0x01, 0x04]

    var isMultiSelectable: Bool { program.isMultiSelectable }
    func install(_ request: InstallationRequest, in context: ApplicationContext) throws(Refusal) {
        try program.install(request, in: context)
    }
    func select(in context: ApplicationContext) throws(Refusal) -> [UInt8]? {
        try program.select(in: context)
    }
    func deselect(in context: ApplicationContext) { program.deselect(in: context) }
    func process(_ command: CommandAPDU, in context: ApplicationContext) throws(Refusal) -> ResponseAPDU {
        try program.process(command, in: context)
    }
    func uninstall(in context: ApplicationContext) throws(Refusal) { try program.uninstall(in: context) }
    func shareable(
        _ parameter: UInt8, for client: AID, in context: ApplicationContext
    ) -> (any ShareableObject)? { program.shareable(parameter, for: client, in: context) }

    func save(in context: ApplicationContext) throws(Refusal) -> [UInt8] { try program.save(in: context) }
    func cleanUp(in context: ApplicationContext) throws(Refusal) { try program.cleanUp(in: context) }
    func restore(
        _ element: [UInt8], from version: [UInt8], in context: ApplicationContext
    ) throws(Refusal) { try program.restore(element, from: version, in: context) }
    func consolidate(in context: ApplicationContext) throws(Refusal) { try program.consolidate(in: context) }

    func storeData(_ command: CommandAPDU, in context: ApplicationContext) throws(Refusal) -> [UInt8] {
        var answer = try program.storeData(command, in: context)
        // Only an answer in clear can be changed so that nobody but the digest notices.
        let isReading =
            answer.starts(with: [0xFF, 0x71])
            && command.data.dropFirst(3).starts(with: Self.readHead)
        if isReading, answer.count > 30, flake.strike() { answer[answer.count - 1] ^= 0x10 }
        return answer
    }
}
