internal import CardManagement
internal import GlobalPlatform
package import SmartCard
internal import Synchronization

/// What a card said before its terminal had a word with the centre about it: the answers to commands that the terminal
/// was given at an earlier visit, for whichever card would come next. It saves the round trip of a challenge.
///
/// The last command is INITIALIZE UPDATE with a challenge of the centre's, which is good for one session: answers of an
/// earlier one prove nothing in a later one, whoever keeps them. Those before it ask the card for its name.
package struct Greeting: Hashable, Sendable {
    package static let commandsMax = 8

    /// What is sent to the issuer domain once it is selected.
    package let commands: [CommandAPDU]
    package let answers: [ResponseAPDU]

    package init(commands: [CommandAPDU], answers: [ResponseAPDU]) {
        self.commands = commands
        self.answers = answers
    }

    /// Nobody knows the next card, so it chooses the keys; with others than it should it is asked again.
    static func commands(_ challenge: [UInt8]) -> [CommandAPDU] {
        Visit.identityTags.map { .getData($0) }
            + [CommandAPDU(0x80, Instruction.initializeUpdate, 0, 0, data: challenge, expecting: 256)]
    }
}

/// Challenges that terminals have in hand. They are kept in memory only: one that is lost with its node is refused, and
/// the visit goes the longer way.
final class GreetingShelf: Sendable {
    /// An answer may have been lost, so that the terminal has the one before it.
    static let perTerminalMax = 2
    static let terminalsMax = 100_000
    static let life = Duration.seconds(7 * 86_400)

    private struct Challenge {
        let bytes: [UInt8]
        let givenAt: Instant
    }

    private let challenges = Mutex<[TerminalID: [Challenge]]>([:])

    /// The commands for the next card at the terminal.
    func give(_ challenge: [UInt8], to terminal: TerminalID, at now: Instant) -> [CommandAPDU] {
        challenges.withLock { all in
            if all.count >= Self.terminalsMax, all[terminal] == nil, let other = all.keys.first {
                all[other] = nil
            }
            let kept = all[terminal, default: []].suffix(Self.perTerminalMax - 1)
            all[terminal] = kept + [Challenge(bytes: challenge, givenAt: now)]
        }
        return Greeting.commands(challenge)
    }

    /// The challenge, once.
    func take(_ greeting: Greeting, of terminal: TerminalID, at now: Instant) -> [UInt8]? {
        challenges.withLock { all in
            let own = all[terminal, default: []]
            guard let index = own.firstIndex(where: { Greeting.commands($0.bytes) == greeting.commands })
            else { return nil }
            all[terminal]?.remove(at: index)
            let age = own[index].givenAt.duration(to: now)
            return age >= .zero && age <= Self.life ? own[index].bytes : nil
        }
    }
}

extension Visit {
    /// The first order where the card has answered a challenge already: EXTERNAL AUTHENTICATE and the survey. `nil`
    /// where its answers are of no use; then nothing was spent, and the card is asked anew.
    mutating func goOn(
        from answers: [ResponseAPDU], to challenge: [UInt8], _ file: inout CaseFile, _ around: Surroundings
    ) -> Reply? {
        let asked = Self.identityTags.map(Ask.identity)
        guard answers.count == asked.count + 1, let answer = answers.last,
            Self.identity(asked, answers) == cardID
        else { return nil }
        let wish = handshakeWish(file.card.keySet, file, challenge: challenge)
        var begun = Dialogue(flaws: around.flaws)
        guard let handshake = try? around.vault.handshake(wish, with: file.card.keySet),
            (try? begun.open(handshake)) != nil, let authenticate = try? begun.proceed(answer)
        else { return nil }
        dialogue = begun
        return survey(behind: authenticate, &file, around)
    }
}
