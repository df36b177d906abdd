/// What all cards of a process share: the protocols they speak, the programs they run, the load files they
/// hold.
package final class CardEnvironment: Sendable {
    let channels: any SecureChannelProtocols
    let authority: any ContentAuthority
    let runtimes: [any ApplicationRuntime]
    let library: LoadFileLibrary

    package init(
        channels: any SecureChannelProtocols, authority: any ContentAuthority,
        runtimes: [any ApplicationRuntime] = [], library: LoadFileLibrary = LoadFileLibrary()
    ) {
        self.channels = channels
        self.authority = authority
        self.runtimes = runtimes
        self.library = library
    }

    func program(for module: ExecutableModule) -> (any CardProgram)? {
        for runtime in runtimes {
            if let program = runtime.program(for: module) { return program }
        }
        return nil
    }
}
