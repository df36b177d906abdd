package import Centre

/// A store as those see it who look after it: its schema, its soundness.
package protocol Database: Store {
    /// In words for people, without anything secret: a path, or host and name.
    var place: String { get }
    var engine: String { get }
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
