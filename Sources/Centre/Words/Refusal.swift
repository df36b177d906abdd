/// Why the centre does not do what was asked: nothing has changed.
///
/// One small enum per family of transitions; its words are made here, because a refusal is shown to people by every
/// door of the centre alike.
package protocol Refusal: Error, Sendable {
    /// Stable, for programs: `holder-unknown`.
    var code: String { get }
    /// What is in the way, as a sentence.
    var reason: String { get }
    /// What to do about it, as a sentence.
    var remedy: String { get }
}
