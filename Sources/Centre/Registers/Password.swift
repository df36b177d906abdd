package import CardCrypto

/// What a holder's password is checked against: scrypt's cost, salt and outcome, never the password.
package struct PasswordVerifier: Hashable, Sendable {
    /// A byte of version (1), three of cost, 16 of salt, 32 of outcome.
    package let bytes: [UInt8]
    private let cost: KeyDerivation.ScryptCost

    private static let saltCount = 16
    private static let outcomeCount = 32

    /// Fails when the bytes are not a verifier.
    package init?(bytes: [UInt8]) {
        guard bytes.count == 4 + Self.saltCount + Self.outcomeCount, bytes[0] == 1,
            let cost = try? KeyDerivation.ScryptCost(
                workExponent: Int(bytes[1]), blockSize: Int(bytes[2]), parallelism: Int(bytes[3]))
        else { return nil }
        self.bytes = bytes
        self.cost = cost
    }

    /// Of a new password. It takes as long as the cost says: never inside a transaction.
    package init(
        _ password: Secret, entropy: any EntropySource, cost: KeyDerivation.ScryptCost = .interactive
    ) throws {
        guard Bounds.passwordBytes.contains(password.count) else { throw PasswordRefusal.length }
        let salt = entropy.bytes(Self.saltCount)
        let outcome = try KeyDerivation.scrypt(password, salt: salt, cost: cost, count: Self.outcomeCount)
        self.cost = cost
        let costBytes = [cost.workExponent, cost.blockSize, cost.parallelism].map { UInt8($0) }
        bytes = [1] + costBytes + salt + outcome.withBytes { Array($0) }
    }

    /// The work of a check: password, salt, cost, and how many bytes it gives.
    package typealias Work =
        @Sendable (Secret, [UInt8], KeyDerivation.ScryptCost, Int) throws(CryptoError) -> Secret

    package static let scrypt: Work = { password, salt, cost, count throws(CryptoError) in
        try KeyDerivation.scrypt(password, salt: salt, cost: cost, count: count)
    }

    /// Takes as long as the cost says, whatever the password.
    package func matches(_ password: Secret, by work: Work = scrypt) throws(CryptoError) -> Bool {
        let outcome = try work(password, Array(bytes[4..<20]), cost, Self.outcomeCount)
        return outcome.withBytes { isEqualInConstantTime($0, bytes[20...]) }
    }

    /// Whether a check is as much work as for any other holder: one that is dearer takes the node's memory, and whose
    /// work differs is told apart by time.
    package var isOfUsualCost: Bool { cost == .interactive }

    /// For a user number that nobody has: as much work, and no password fits.
    static let decoy = PasswordVerifier(rest: [UInt8](repeating: 0, count: saltCount + outcomeCount))

    /// For a holder who has no password yet: the same.
    package static func fittingNone(_ entropy: any EntropySource) -> PasswordVerifier {
        PasswordVerifier(rest: entropy.bytes(saltCount + outcomeCount))
    }

    private init(rest: [UInt8]) {
        cost = .interactive
        let costBytes = [cost.workExponent, cost.blockSize, cost.parallelism].map { UInt8($0) }
        bytes = [1] + costBytes + rest
    }
}

package enum PasswordRefusal: Refusal, Hashable {
    case length

    package var code: String { "password-length" }
    package var reason: String {
        "A password has \(Bounds.passwordBytes.lowerBound) to \(Bounds.passwordBytes.upperBound) bytes."
    }
    package var remedy: String { "Choose one of that length; several words are easy to remember." }
}

/// A password to be checked: read in one transaction, computed outside of any, and judged in another.
package struct PasswordQuestion: Sendable {
    package let holder: HolderNumber
    private let verifier: PasswordVerifier?

    /// What the register says now; it does not tell whether there is such a holder.
    package init(_ holder: HolderNumber, _ transaction: any Transaction) throws(StoreFailure) {
        self.holder = holder
        verifier = try transaction.find(Holder.self, key: .word(holder)).flatMap {
            PasswordVerifier(bytes: $0.passwordVerifier)
        }
    }

    /// The same work for a holder that exists, one that does not, and a password of impossible length.
    package func answer(
        _ password: Secret, by work: PasswordVerifier.Work = PasswordVerifier.scrypt
    ) throws(CryptoError) -> PasswordAnswer {
        let isRight = try (verifier ?? .decoy).matches(password, by: work)
        return PasswordAnswer(
            holder: holder, verifier: verifier?.bytes ?? [], isRight: verifier != nil && isRight)
    }
}

/// Whether a password was right for a verifier.
package struct PasswordAnswer: Hashable, Sendable {
    package let holder: HolderNumber
    fileprivate let verifier: [UInt8]
    package let isRight: Bool
}

extension Holder {
    package enum PasswordVerdict: Hashable, Sendable {
        case right
        case wrong
        /// Nothing was judged and nothing counted: too many were wrong before, or the password has just changed.
        case notTaken
    }

    /// Judges an answer and counts: the caller puts the holder, whatever the verdict.
    package mutating func judge(_ answer: PasswordAnswer, now: Instant) -> PasswordVerdict {
        guard answer.holder == number, answer.verifier == passwordVerifier, !isClosed(at: now) else {
            return .notTaken
        }
        guard answer.isRight else {
            throttle.wrongCount += 1
            throttle.closedUntil = Self.wait(after: throttle.wrongCount).map { now.advanced(by: $0) }
            return .wrong
        }
        throttle = Throttle()
        return .right
    }

    package func isClosed(at now: Instant) -> Bool {
        guard let until = throttle.closedUntil, now < until else { return false }
        // A clock that was set back must not keep anybody out for longer than any rule says.
        return now.duration(to: until) <= Bounds.passwordWaitMax
    }

    /// One minute after the fifth wrong password in a row, and twice as long after each one more, to a day.
    static func wait(after wrongCount: Int) -> Duration? {
        guard wrongCount >= Bounds.wrongPasswordsMax else { return nil }
        let doublings = min(wrongCount - Bounds.wrongPasswordsMax, 16)
        return min(.seconds(60 << doublings), Bounds.passwordWaitMax)
    }
}

extension PasswordVerifier {
    /// As much work whether there is something to check against or not.
    package static func check(
        _ password: Secret, against bytes: [UInt8]?, by work: Work = scrypt
    ) throws(CryptoError) -> Bool {
        let verifier = bytes.flatMap { PasswordVerifier(bytes: $0) }
        let isRight = try (verifier ?? decoy).matches(password, by: work)
        return verifier != nil && isRight
    }
}
