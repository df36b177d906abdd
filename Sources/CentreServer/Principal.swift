package import Centre

/// Who asks, once that is proved. Roles and names are one value: nobody has a role without a name.
package enum Principal: Hashable, Sendable {
    case admin(OperatorID)
    case `operator`(OperatorID)
    case auditor(OperatorID)
    case provider(ProviderID)
    /// Publishes releases for a provider, and sees nothing of its cards.
    case supplier(ProviderID)
    case terminal(TerminalID)
    /// A holder who signed in, at a terminal or by a page.
    case holder(HolderNumber, at: TerminalID?)

    /// Whose act it is in the registers.
    package var actor: Act.Actor {
        switch self {
        case .admin(let id), .operator(let id), .auditor(let id): .operator(id)
        case .provider(let id), .supplier(let id): .provider(id)
        case .terminal(let id): .terminal(id)
        case .holder(let number, _): .holder(number)
        }
    }
}
