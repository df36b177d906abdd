package import Centre

/// A store as those see it who look after it: its schema, its soundness.
package protocol Database: Store {
    /// In words for people, without anything secret: a path, or host and name.
    var place: String { get }
    var engine: String { get }
    /// Of a store on a server.
    var effort: StoreEffort? { get }
    /// Why nothing can be done with it any more, until it is opened anew.
    var end: StoreFailure? { get }
    /// Does what is missing, all or nothing; the numbers of the steps it did. Many may do this at the same time.
    @discardableResult
    func migrate(to schema: Schema) throws(StoreFailure) -> [Int]
    /// The steps that would be done; a store that was never used has none behind it.
    func pendingSteps(of schema: Schema) throws(StoreFailure) -> [Int]
    /// The tables as they are, without those of the engine and the schema's own, in the order they were made.
    func tables() throws(StoreFailure) -> [Table]
    /// One statement outside of any transaction of ours, in the engine's own words: for those who look after it.
    @discardableResult
    func perform(_ statement: String) throws(StoreFailure) -> [[StoredValue]]
    /// Does a little of what can wait, beside those who work: to be called every second or so by one who serves.
    func tidy() throws(StoreFailure)
    /// What the engine itself finds wrong.
    func flaws() throws(StoreFailure) -> [String]
}

/// What it took to do what was asked of a store on a server.
package struct StoreEffort: Hashable, Sendable {
    /// Those that were begun, looks and attempts that came to nothing included.
    package var transactions = 0
    /// Question and answer: what a far server makes one wait for.
    package var trips = 0
    /// Begun again because the server refused them: others were in the way.
    package var refused = 0
    /// Begun again because the connection broke.
    package var lost = 0
    /// Begun again to run alone, because they came to something that nobody else may change meanwhile.
    package var widened = 0
    /// Those that ran alone.
    package var alone = 0

    package init() {}
}
