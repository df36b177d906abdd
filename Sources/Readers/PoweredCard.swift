/// A card as a reader sees it: contacts for power and reset, and commands.
///
/// All calls come from the thread that runs the `VirtualReaderClient`.
package protocol PoweredCard: AnyObject {
    /// What the card says when it is powered; asked for at any time, and no reason to do anything.
    var answerToReset: [UInt8] { get }

    func powerOn()
    func powerOff()
    /// A reset without loss of power.
    func reset()

    /// Answers one command, status word included. An empty answer means that the card died in the middle of it.
    func process(_ command: [UInt8]) -> [UInt8]
}
