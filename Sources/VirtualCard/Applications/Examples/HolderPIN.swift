internal import CardCrypto
internal import GlobalPlatform
internal import SmartCard

/// A PIN of the holder: VERIFY and CHANGE REFERENCE DATA (ISO/IEC 7816-4 §7.5.6, §7.5.7). Only a salted digest is kept.
struct HolderPIN: Sendable {
    static let byteCount = 42
    static let triesMax: UInt8 = 3
    static let lengths = 4...12

    /// Where the digest lies, and in transient memory whether the holder has shown the PIN.
    let object: ObjectNumber
    /// P2 of the commands.
    let reference: UInt8

    var stateObject: StateObject { StateObject(number: object, byteCount: Self.byteCount) }

    func install(in context: ApplicationContext) throws(Refusal) {
        try context.createTransient(object, byteCount: 1, clearing: .onDeselect)
    }

    func set(_ pin: [UInt8], in context: ApplicationContext) throws(Refusal) {
        guard Self.lengths.contains(pin.count) else { throw .incorrectData }
        let salt = context.randomBytes(8)
        let bytes = [1, Self.triesMax] + salt + Digest.sha256.hash(salt + pin)
        try context.write(bytes, to: object)
        try context.writeTransient([0], to: object)
    }

    func isSet(in context: ApplicationContext) -> Bool { context.read(object)?.first == 1 }
    func isVerified(in context: ApplicationContext) -> Bool { context.readTransient(object) == [1] }

    /// Answers the commands about the PIN; `nil` for any other command.
    func process(_ command: CommandAPDU, in context: ApplicationContext) throws(Refusal) -> ResponseAPDU? {
        guard command.ins == 0x20 || command.ins == 0x24 else { return nil }
        guard command.p2 == reference else { throw .incorrectParameters }
        guard isSet(in: context) else { throw .referencedDataNotFound }
        if command.ins == 0x20 {
            guard command.p1 == 0 else { throw .incorrectParameters }
            try verify(command.data, in: context)
        } else {
            // Only the new PIN comes; the old one was shown before.
            guard command.p1 == 1 else { throw .incorrectParameters }
            guard isVerified(in: context) else { throw .securityStatusNotSatisfied }
            guard Self.lengths.contains(command.data.count) else { throw .wrongLength }
            try set(command.data, in: context)
        }
        return ResponseAPDU()
    }

    private func verify(_ pin: [UInt8], in context: ApplicationContext) throws(Refusal) {
        let bytes = context.read(object) ?? []
        let tries = bytes[1]
        if pin.isEmpty {
            guard isVerified(in: context) else { throw Self.refusal(tries) }
            return
        }
        guard Self.lengths.contains(pin.count) else { throw .wrongLength }
        guard tries > 0 else { throw .authenticationMethodBlocked }
        try context.writeTransient([0], to: object)
        // Counted for good before the comparison, so that pulling the card wins nothing.
        try context.write([tries - 1], to: object, at: 1)
        context.checkpoint()
        let computed = Digest.sha256.hash(bytes[2..<10] + pin)
        guard isEqualInConstantTime(computed, bytes[10...]) else { throw Self.refusal(tries - 1) }
        try context.write([Self.triesMax], to: object, at: 1)
        try context.writeTransient([1], to: object)
    }

    private static func refusal(_ tries: UInt8) -> Refusal {
        tries == 0 ? .authenticationMethodBlocked : Refusal(StatusWord(0x63C0 | UInt16(tries)))
    }

    /// Whether bytes of an image are a PIN that this type has written, or none.
    static func accepts(_ bytes: ArraySlice<UInt8>) -> Bool {
        let (isSet, tries) = (bytes[bytes.startIndex], bytes[bytes.startIndex + 1])
        return bytes.count == byteCount && isSet <= 1 && tries <= triesMax
    }
}
