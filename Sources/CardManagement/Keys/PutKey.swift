package import CardCrypto
internal import GlobalPlatform
package import SmartCard

/// PUT KEY (GPCS 2.3.1 §11.8): adds keys under a new version, or replaces all keys of one.
package struct PutKey: Sendable {
    /// The version to replace; `nil` adds.
    package let replacing: UInt8?
    package let version: UInt8
    /// Of the first key; the others follow.
    package let firstIdentifier: UInt8
    package let keys: [NewKey]

    package init(
        _ keys: [NewKey], version: UInt8, firstIdentifier: UInt8 = 1, replacing: UInt8? = nil
    ) throws(PutKeyError) {
        guard (0x01...0x7F).contains(version), replacing.map({ (0x01...0x7F).contains($0) }) ?? true else {
            throw .versionOutOfRange
        }
        guard (1...Self.keysMax).contains(keys.count), Int(firstIdentifier) + keys.count - 1 <= 0x7F else {
            throw .identifierOutOfRange
        }
        self.keys = keys
        self.version = version
        self.firstIdentifier = firstIdentifier
        self.replacing = replacing
    }

    /// A whole key set for a secure channel in one command, so that the card takes all or none (§11.8.2.3.3).
    package init(
        keySet: CardKeys, replacing: UInt8? = nil, hasZeroCheckBlock: Bool = false
    ) throws(PutKeyError) {
        let keys = [keySet.encryption, keySet.mac, keySet.dataEncryption].map { key in
            NewKey(
                keySet.algorithm == .aes ? .aes(key) : .tripleDES(key), hasZeroCheckBlock: hasZeroCheckBlock)
        }
        try self.init(keys, version: keySet.version, replacing: replacing)
    }

    /// More keys than this in one command are not defined by any profile.
    package static let keysMax = 16

    /// The command, not yet protected; longer than one APDU it goes through `SecureSession.wrapChained`.
    package func command(for session: SecureSession) throws(PutKeyError) -> CommandAPDU {
        var data = [version]
        for key in keys { data += try key.dataField(for: session) }
        let several: UInt8 = keys.count > 1 ? 0x80 : 0x00
        return CommandAPDU(
            0x80, Instruction.putKey, replacing ?? 0x00, several | firstIdentifier, data: data, expecting: 256
        )
    }

    /// What a card that took the keys answers: the version, and the check values without lengths (§11.8.3.1).
    package func expectedAnswer() throws(PutKeyError) -> [UInt8] {
        var answer = [version]
        do {
            for key in keys { answer += try key.checkValue() }
        } catch {
            throw .crypto(error)
        }
        return answer
    }

    package enum Confirmation: Hashable, Sendable {
        /// The card holds these very keys.
        case confirmed
        /// The card accepted the command and told no check values: only a session with the new keys can tell.
        case accepted
    }

    /// Compares the answer with the keys that were sent.
    package func check(_ answer: ResponseAPDU) throws(PutKeyError) -> Confirmation {
        guard answer.status.isSuccess else { throw .refused(answer.status) }
        let expected = try expectedAnswer()
        if answer.data == expected { return .confirmed }
        if answer.data.isEmpty || answer.data == [version] { return .accepted }
        throw .otherCheckValues
    }
}

/// Why keys were not put on a card.
package enum PutKeyError: Error, Hashable {
    case versionOutOfRange
    case identifierOutOfRange
    case keyLength(Int)
    case refused(StatusWord)
    /// The card holds other keys than were meant; do not close the session that still works.
    case otherCheckValues
    case session(SecureMessagingError)
    case crypto(CryptoError)
}
