package import CardCrypto
package import Centre

/// What every part of one serving node works with. Nodes share nothing but the store.
package struct Node: Sendable {
    package let store: any Store
    package let vault: any KeyVault
    package let models: any CardModels
    package let desk: ExchangeDesk
    package let clock: any WallClock
    package let entropy: any EntropySource & Sendable
    package let bell: any Bell
    /// Sessions of agents that this node remembers; it may lose them.
    let sessions = SeramShelf()
    let eventStreams = EventStreamPlaces()

    package init(
        store: any Store, vault: any KeyVault, models: any CardModels, desk: ExchangeDesk,
        clock: any WallClock,
        entropy: any EntropySource & Sendable, bell: any Bell
    ) {
        self.store = store
        self.vault = vault
        self.models = models
        self.desk = desk
        self.clock = clock
        self.entropy = entropy
        self.bell = bell
    }

    /// One act in one transaction; the bell is rung by whoever knows what changed.
    ///
    /// - Parameter questions: that it will ask; all go to the store in one.
    package func act<Result: Sendable>(
        by actor: Act.Actor, request: RequestID? = nil, asking questions: [Query] = [],
        _ body: (Act) throws -> Result
    ) throws -> Result {
        try store.write { transaction in
            var transaction = transaction
            if !questions.isEmpty {
                let ahead = AskedAhead(transaction)
                try ahead.prepare(questions)
                transaction = ahead
            }
            return try body(
                Act(transaction, now: clock.now, actor: actor, request: request, entropy: entropy))
        }
    }
}
