package import CardCrypto
package import GlobalPlatform
package import SmartCard

// What the card core asks of a secure channel implementation.
//
// The core dispatches commands, owns all persistent state and knows no cryptography. It finds the key set,
// calls `SecureChannelProtocols.open` for INITIALIZE UPDATE, keeps the value it gets for the logical channel,
// and drops it when the application is deselected, the channel closed, or the power lost. A channel changes
// only itself; what must outlive the power (a sequence counter) it returns, and the core writes it through
// the journal BEFORE the answer leaves the card.

/// What INITIALIZE UPDATE brings.
package struct ChannelOpening {
    /// As received, with the logical channel in the CLA: P2 is the key identifier, the data the host
    /// challenge.
    package let command: CommandAPDU
    /// The set that P1 names, or the domain's default one when P1 is zero; its `channelProtocol` is not nil.
    package let keySet: CardKeySet
    /// Who asks for the channel: the selected entry, also where the keys belong to the domain above it (GPCS
    /// 2.3.1 §7.5). The pseudo-random challenge takes it as context (§E.4.2.3; SCP03 §6.2.2.1).
    package let requester: AID
    /// The ten bytes that lead the answer (GPCS 2.3.1 §E.5.1.6): what the profile says.
    package let diversificationData: [UInt8]
    package let entropy: any EntropySource

    package init(
        command: CommandAPDU, keySet: CardKeySet, requester: AID, diversificationData: [UInt8],
        entropy: any EntropySource
    ) {
        self.command = command
        self.keySet = keySet
        self.requester = requester
        self.diversificationData = diversificationData
        self.entropy = entropy
    }
}

/// An answered INITIALIZE UPDATE.
package struct OpenedChannel {
    /// The data of the answer; the core adds 9000.
    package let answer: [UInt8]
    package let channel: any CardSecureChannel
    /// The counter to store in the key set, when this step moves it.
    package let sequenceCounter: UInt32?

    package init(answer: [UInt8], channel: any CardSecureChannel, sequenceCounter: UInt32?) {
        self.answer = answer
        self.channel = channel
        self.sequenceCounter = sequenceCounter
    }
}

/// The protocols that a card speaks; one value for all cards of a process.
package protocol SecureChannelProtocols: Sendable {
    /// INITIALIZE UPDATE. Refuses with 6700 for a wrong length, 6A86 for P2, 6A88 for keys that do not fit.
    func open(_ opening: ChannelOpening) throws(Refusal) -> OpenedChannel
}

/// One session on one logical channel, on the card's side; a value that knows no I/O.
package protocol CardSecureChannel {
    /// `nil` until EXTERNAL AUTHENTICATE succeeded, and again after the session was aborted.
    var securityLevel: SecurityLevel? { get }
    /// After an abort (GPCS 2.3.1 §10.2.3) the session still stands, but every secured command is refused.
    var isAborted: Bool { get }

    /// EXTERNAL AUTHENTICATE as received (the C-MAC still in the data). A refusal ends the session; the core
    /// counts 6300 as a failed authentication. Returns the sequence counter to store, when this step moves
    /// it.
    mutating func authenticate(_ command: CommandAPDU) throws(Refusal) -> UInt32?

    /// Verifies and decrypts one command, which then carries the plain data, with the secure messaging bit of
    /// the CLA cleared and the logical channel left in. Also called for a command WITHOUT secure messaging:
    /// the channel decides by its level whether that is allowed (GPCS 2.3.1 §E.1.6, Amendment D §5.6). A
    /// refusal aborts the session when the protocol says so (`isAborted`).
    ///
    /// The data of a chained command (GPCS 2.3.1 §11.1.5.1) come here in one piece, with P1 of the last
    /// command: Lc in the MAC is then written in three bytes, `00` and the count, when the data exceed 255
    /// bytes.
    mutating func unwrap(_ command: CommandAPDU) throws(Refusal) -> CommandAPDU

    /// Protects one answer to the last unwrapped command, as the level asks; also an answer without data, and
    /// errors as the protocol rules them. Called for every answer while the session is open,
    /// but for those of EXTERNAL AUTHENTICATE and of a chain that goes on.
    mutating func wrap(_ response: ResponseAPDU) -> ResponseAPDU

    /// BEGIN R-MAC SESSION (GPCS 2.3.1 §E.5.3, Amendment D §7.1.3), unwrapped.
    mutating func beginResponseMAC(_ command: CommandAPDU) throws(Refusal)
    /// END R-MAC SESSION; returns the data of the answer (SCP02: the R-MAC).
    mutating func endResponseMAC(_ command: CommandAPDU) throws(Refusal) -> [UInt8]

    /// Decrypts key components of PUT KEY and sensitive data of STORE DATA with the data encryption key. The
    /// padding, where the data had any, is left on: the caller knows the lengths.
    func decryptSensitiveData(_ data: [UInt8]) throws(Refusal) -> [UInt8]
}

/// The cryptography by which a domain authorises content: tokens, receipts, DAP, ciphered load files. The
/// core finds the domain with the privilege, builds the bytes (GPCS 2.3.1 §C.3 to §C.6) and passes all the
/// key sets of that domain; the implementation finds the key (version 70 tokens, 71 receipts, 73 DAP, 75
/// ciphered load file; else any of a fitting type and usage) and the scheme from its type.
package protocol ContentAuthority: Sendable {
    /// Whether the card also confirms what its issuer does itself, and not only what was delegated.
    var confirmsIssuer: Bool { get }
    /// Whether the domain has a key with which it could verify at all.
    func hasTokenKey(_ keySets: [CardKeySet]) -> Bool
    func verifyToken(_ token: [UInt8], over message: [UInt8], keySets: [CardKeySet]) -> Bool
    /// `nil` when the domain has no receipt key: then the card answers without a receipt.
    func receipt(over message: [UInt8], keySets: [CardKeySet], entropy: any EntropySource) -> [UInt8]?
    /// Verifies a DAP signature over the load file data block hash.
    func verifyDAP(_ signature: [UInt8], overHash hash: [UInt8], keySets: [CardKeySet]) -> Bool
    /// Deciphers a load file data block (tag `D4`, ICV in tag `D3` where given); `nil` when it cannot.
    func decipherLoadFile(_ block: [UInt8], icv: [UInt8]?, keySets: [CardKeySet]) -> [UInt8]?
}

extension ContentAuthority {
    package var confirmsIssuer: Bool { false }
}
