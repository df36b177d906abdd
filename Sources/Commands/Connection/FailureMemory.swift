internal import Arguments
internal import CardManagement

/// Remembers failed authentications between runs, because cards lock and never say how many tries are left.
struct FailureMemory: Sendable {
    private let file: StateFile

    init?(_ environment: Environment) {
        guard let file = StateFile("authentication-failures", environment) else { return nil }
        self.file = file
    }

    func load() throws -> AuthenticationBudget { try parse(file.read()) }

    /// Changes the record, durably, before anything is sent to a card again.
    func update(_ change: (inout AuthenticationBudget) -> Void) throws {
        try file.update { try changed($0, change) }
    }

    /// The same beside the session.
    func updateAside(
        _ change: @escaping @Sendable (inout AuthenticationBudget) -> Void
    ) throws -> WorkBeside<Void> {
        try file.updateAside { try changed($0, change) }
    }

    private func changed(
        _ text: String?, _ change: (inout AuthenticationBudget) -> Void
    ) throws -> String {
        var budget = try parse(text)
        change(&budget)
        return budget.text
    }

    /// A damaged record is not taken for an empty one: that would spend a card's last tries.
    private func parse(_ text: String?) throws -> AuthenticationBudget {
        guard let text else { return AuthenticationBudget() }
        do {
            return try AuthenticationBudget(parsing: text)
        } catch {
            throw Problem(
                "failure-memory-damaged", exit: .configuration,
                "the record of failed authentications cannot be read", why: "\(file.path): \(error)",
                advice: [
                    "look at the file; remove it only if no card in use has failed authentications behind it"
                ])
        }
    }
}
