package import SmartCard

/// A conversation with a card as a value: it gives plain commands and takes plain answers, and owns no channel.
///
/// The commands of one order may be sent blind: each is harmless if an earlier one was refused. Whoever carries
/// the order may stop at the first refusal, so there may be fewer answers than commands.
package protocol Procedure {
    associatedtype Outcome

    /// Takes the answers to the order given last (none at first) and gives the next order or the outcome.
    mutating func next(after answers: [ResponseAPDU]) throws(ProcedureError) -> ProcedureStep<Outcome>
}

/// What a procedure wants.
package enum ProcedureStep<Outcome> {
    case send([CommandAPDU])
    case done(Outcome)
}

/// Why a procedure ended without its outcome.
package enum ProcedureError: Error, Hashable {
    /// The card refused a command that the outcome needs.
    case refused(CommandAPDU, StatusWord)
    /// The answer to a command could not be read.
    case malformed(CommandAPDU, reason: String)
    /// An order was answered with nothing at all.
    case unanswered
    /// The card pages without end.
    case endless(CommandAPDU)
}

extension Collection where Element == ResponseAPDU, Index == Int {
    /// The data of one answer if it succeeded.
    func successData(at index: Int) -> [UInt8]? {
        guard indices.contains(index), self[index].status.isSuccess else { return nil }
        return self[index].data
    }
}
