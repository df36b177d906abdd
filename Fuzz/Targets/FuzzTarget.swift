/// One entry for bytes from outside, and what must hold for any bytes at all.
///
/// The same check runs in two ways: `swift test` feeds it inputs made from a seed, and `scripts/fuzz` lets
/// libFuzzer search. A crash or a hang is a finding by itself; a broken promise is one that the check throws.
package struct FuzzTarget: Sendable {
    package let name: String
    /// Valid inputs: what the mutations start from.
    package let seeds: [[UInt8]]
    package let check: @Sendable ([UInt8]) throws(FuzzFinding) -> Void

    package init(
        _ name: String, seeds: [[UInt8]], check: @escaping @Sendable ([UInt8]) throws(FuzzFinding) -> Void
    ) {
        self.name = name
        self.seeds = seeds
        self.check = check
    }

    /// Every target; a new one is added here and nowhere else.
    package static let all: [FuzzTarget] = [
        tlv, commandAPDU, responseAPDU, aid, atr, cap, loadFile, registry, answers, channelOpening,
        securedAnswer, confirmation, keyTexts, commandText,
        cardCommand, cardSession, cardLoadFile, cardFile, cardProfile,
        backup, parkingAnswer,
        seram,
    ]
}

/// A promise that some input broke.
package struct FuzzFinding: Error, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }

    /// Throws unless the promise held.
    package static func unless(_ holds: Bool, _ promise: @autoclosure () -> String) throws(FuzzFinding) {
        if !holds { throw FuzzFinding(promise()) }
    }
}
