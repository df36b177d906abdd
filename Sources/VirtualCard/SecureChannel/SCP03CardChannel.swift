internal import CardCrypto
internal import GlobalPlatform
internal import SmartCard

/// One SCP03 session on the card's side (Amendment D 1.1.1; lengths of the S16 mode from version 1.2).
struct SCP03CardChannel: CardSecureChannel {
    /// Bits of "i" (Amendment D table 5-1, and b1 of version 1.2).
    private enum Option {
        static let sixteenByteMACs: UInt8 = 0x01
        static let pseudoRandomChallenge: UInt8 = 0x10
        static let responseMAC: UInt8 = 0x20
        static let responseEncryption: UInt8 = 0x60
    }

    /// Derivation constants (table 4-1).
    private enum Derivation {
        static let cardCryptogram: UInt8 = 0x00
        static let hostCryptogram: UInt8 = 0x01
        static let cardChallenge: UInt8 = 0x02
        static let encryptionKey: UInt8 = 0x04
        static let commandMACKey: UInt8 = 0x06
        static let responseMACKey: UInt8 = 0x07
    }

    private enum State {
        case opened(hostCryptogram: [UInt8])
        case active(SecurityLevel)
        case aborted
    }

    private static let sequenceCounterMax: UInt32 = 0xFF_FFFF

    private var state: State
    private let options: UInt8
    private let encryption: Cipher
    private let commandMAC: CMAC
    private let responseMAC: CMAC
    /// Made into a cipher when a key is put, which most sessions never do: kept ready, it would take a kilobyte.
    private let dataEncryption: Secret
    private var chainingValue = [UInt8](repeating: 0, count: 16)
    private var encryptionCounter: UInt64 = 0
    private var countsEmptyCommands = true
    /// The level of the session without what BEGIN R-MAC SESSION added.
    private var sessionLevel: SecurityLevel = []
    /// Takes effect behind the answer to the command that asked for it.
    private var levelAfterAnswer: SecurityLevel?
    private var isAnsweringAuthentication = false

    private var macCount: Int { options & Option.sixteenByteMACs == 0 ? 8 : 16 }

    static func open(
        _ opening: ChannelOpening, countsEmptyCommands: Bool = true
    ) throws(Refusal) -> OpenedChannel {
        let options = opening.keySet.channelProtocol?.options ?? 0
        let challengeCount = options & Option.sixteenByteMACs == 0 ? 8 : 16
        let hostChallenge = opening.command.data
        guard opening.command.p2 == 0 else { throw .incorrectParameters }
        guard hostChallenge.count == challengeCount else { throw .wrongLength }
        let keys = try StaticKeys(opening.keySet)
        let isPseudoRandom = options & Option.pseudoRandomChallenge != 0
        let counter = opening.keySet.sequenceCounter + 1
        if isPseudoRandom, counter > sequenceCounterMax { throw .conditionsNotSatisfied }
        let counterBytes = Array(counter.bigEndianBytes.suffix(3))
        let cardChallenge =
            isPseudoRandom
            ? try derive(
                keys.encryption, Derivation.cardChallenge, context: counterBytes + opening.requester.bytes,
                count: challengeCount)
            : opening.entropy.bytes(challengeCount)
        let context = hostChallenge + cardChallenge
        var channel = try SCP03CardChannel(keys: keys, options: options, context: context)
        channel.countsEmptyCommands = countsEmptyCommands
        let cardCryptogram = try derive(
            keys.sessionMAC(context), Derivation.cardCryptogram, context: context, count: challengeCount)
        let keyInformation = [opening.keySet.version, 0x03, options]
        let answer =
            opening.diversificationData + keyInformation + cardChallenge + cardCryptogram
            + (isPseudoRandom ? counterBytes : [])
        return OpenedChannel(
            answer: answer, channel: channel, sequenceCounter: isPseudoRandom ? counter : nil)
    }

    private init(keys: StaticKeys, options: UInt8, context: [UInt8]) throws(Refusal) {
        self.options = options
        let sessionMAC = try keys.sessionMAC(context)
        let count = options & Option.sixteenByteMACs == 0 ? 8 : 16
        let cryptogram = try Self.derive(
            sessionMAC, Derivation.hostCryptogram, context: context, count: count)
        state = .opened(hostCryptogram: cryptogram)
        encryption = try Self.usable { () throws(CryptoError) in
            try Cipher(.aes, key: try keys.session(keys.encryption, Derivation.encryptionKey, context))
        }
        commandMAC = try Self.usable { () throws(CryptoError) in try CMAC(aes: sessionMAC) }
        responseMAC = try Self.usable { () throws(CryptoError) in
            try CMAC(aes: try keys.session(keys.mac, Derivation.responseMACKey, context))
        }
        dataEncryption = keys.dataEncryption
    }

    // MARK: The seam

    var securityLevel: SecurityLevel? {
        guard case .active(let level) = state else { return nil }
        return level
    }

    var isAborted: Bool {
        guard case .aborted = state else { return false }
        return true
    }

    mutating func authenticate(_ command: CommandAPDU) throws(Refusal) -> UInt32? {
        guard case .opened(let hostCryptogram) = state else { throw .conditionsNotSatisfied }
        guard command.p2 == 0, let level = level(p1: command.p1) else { throw .incorrectParameters }
        guard command.data.count == hostCryptogram.count + macCount else { throw .wrongLength }
        let cryptogram = Array(command.data.prefix(hostCryptogram.count))
        guard isEqualInConstantTime(cryptogram, hostCryptogram) else { throw .authenticationFailed }
        guard verifyMAC(command) else { throw .securityStatusNotSatisfied }
        state = .active(level)
        sessionLevel = level
        isAnsweringAuthentication = true
        return nil
    }

    mutating func unwrap(_ command: CommandAPDU) throws(Refusal) -> CommandAPDU {
        isAnsweringAuthentication = false
        switch state {
        case .opened: return command
        case .aborted: throw .securityStatusNotSatisfied
        case .active(let level):
            guard SecuredHeader.isSecured(command) else {
                // A level without C-MAC asks for no secure messaging (table 7-3, P1 = 00).
                guard level.contains(.commandMAC) else { return command }
                return try abort()
            }
            return try unwrapSecured(command, level: level)
        }
    }

    mutating func wrap(_ response: ResponseAPDU) -> ResponseAPDU {
        defer {
            if let level = levelAfterAnswer { state = .active(level) }
            levelAfterAnswer = nil
            isAnsweringAuthentication = false
        }
        // EXTERNAL AUTHENTICATE returns no R-MAC, and an error is returned bare (§6.2.5).
        guard case .active(let level) = state, level.contains(.responseMAC), !isAnsweringAuthentication,
            response.status.isSuccess || [0x62, 0x63].contains(response.status.sw1)
        else { return response }
        var data = response.data
        if level.contains(.responseEncryption), !data.isEmpty {
            var counter = counterBlock
            counter[0] = 0x80
            data = encryption.encryptCBC(
                Padding.method2(data, blockSize: 16), iv: encryption.encryptECB(counter))
        }
        let mac = responseMAC.mac(chainingValue, data, response.status.rawValue.bigEndianBytes)
        return ResponseAPDU(data: data + mac.prefix(macCount), status: response.status)
    }

    mutating func beginResponseMAC(_ command: CommandAPDU) throws(Refusal) {
        guard case .active(let level) = state, options & Option.responseMAC != 0 else {
            throw .conditionsNotSatisfied
        }
        guard command.p2 == 0x01, [0x10, 0x30].contains(command.p1) else { throw .incorrectParameters }
        let asked = SecurityLevel(rawValue: command.p1)
        guard level.contains(.commandMAC), !level.isSuperset(of: asked), !level.contains(.responseEncryption),
            !asked.contains(.responseEncryption)
                || level.contains(.commandEncryption)
                    && options & Option.responseEncryption == Option.responseEncryption
        else { throw .conditionsNotSatisfied }
        levelAfterAnswer = level.union(asked)
    }

    mutating func endResponseMAC(_ command: CommandAPDU) throws(Refusal) -> [UInt8] {
        guard command.p1 == 0, command.p2 == 0x03 else { throw .incorrectParameters }
        guard case .active(let level) = state, level != sessionLevel else { throw .conditionsNotSatisfied }
        // The R-MAC that the answer carries is the one of the session that ends with it (§7.1.4.6).
        levelAfterAnswer = sessionLevel
        return []
    }

    func decryptSensitiveData(_ data: [UInt8]) throws(Refusal) -> [UInt8] {
        guard !data.isEmpty, data.count % 16 == 0 else { throw .incorrectData }
        let cipher = try Self.usable { () throws(CryptoError) in try Cipher(.aes, key: dataEncryption) }
        return cipher.decryptCBC(data)
    }

    // MARK: Commands

    private mutating func unwrapSecured(
        _ command: CommandAPDU, level: SecurityLevel
    ) throws(Refusal) -> CommandAPDU {
        guard command.data.count >= macCount, verifyMAC(command) else { return try abort() }
        var plain = command
        plain.cla = SecuredHeader.withoutSecureMessaging(command.cla)
        plain.data.removeLast(macCount)
        guard level.contains(.commandEncryption) else { return plain }
        // Counted also for a command without data (§6.2.6).
        if countsEmptyCommands || !plain.data.isEmpty { encryptionCounter += 1 }
        guard !plain.data.isEmpty else { return plain }
        guard plain.data.count % 16 == 0 else { return try abort() }
        let padded = encryption.decryptCBC(plain.data, iv: encryption.encryptECB(counterBlock))
        guard let data = Padding.removeMethod2(padded) else { return try abort() }
        plain.data = data
        return plain
    }

    /// Verifies the C-MAC at the end of the data and makes it the next chaining value (§6.2.3, §6.2.4).
    private mutating func verifyMAC(_ command: CommandAPDU) -> Bool {
        let header = SecuredHeader(securing: command, dataCount: command.data.count)
        // A slice, since `dropLast` of an array is one element after the other.
        let covered = Array(command.data[..<(command.data.count - macCount)])
        let mac = commandMAC.mac(chainingValue, header.bytes, covered)
        guard isEqualInConstantTime(mac.prefix(macCount), command.data.suffix(macCount)) else { return false }
        chainingValue = mac
        return true
    }

    private mutating func abort() throws(Refusal) -> CommandAPDU {
        state = .aborted
        throw .securityStatusNotSatisfied
    }

    private var counterBlock: [UInt8] { [UInt8](repeating: 0, count: 8) + encryptionCounter.bigEndianBytes }

    /// Table 7-3, limited to what "i" says the card can do.
    private func level(p1: UInt8) -> SecurityLevel? {
        switch p1 {
        case 0x00, 0x01, 0x03: break
        case 0x11, 0x13: guard options & Option.responseMAC != 0 else { return nil }
        case 0x33: guard options & Option.responseEncryption == Option.responseEncryption else { return nil }
        default: return nil
        }
        return SecurityLevel(rawValue: p1)
    }

    // MARK: Keys

    /// The three static keys of a set: AES, of one length.
    private struct StaticKeys {
        let encryption: Secret
        let mac: Secret
        let dataEncryption: Secret

        init(_ keySet: CardKeySet) throws(Refusal) {
            let components = [1, 2, 3].compactMap { keySet.key($0)?.components.first }
            guard components.count == 3, components.allSatisfy({ $0.type == .aes }),
                [16, 24, 32].contains(components[0].value.count),
                components.allSatisfy({ $0.value.count == components[0].value.count })
            else { throw .referencedDataNotFound }
            (encryption, mac, dataEncryption) = (
                components[0].value, components[1].value, components[2].value
            )
        }

        func sessionMAC(_ context: [UInt8]) throws(Refusal) -> Secret {
            try SCP03CardChannel.usable { () throws(CryptoError) in
                try session(mac, Derivation.commandMACKey, context)
            }
        }

        func session(_ key: Secret, _ constant: UInt8, _ context: [UInt8]) throws(CryptoError) -> Secret {
            Secret(try SCP03CardChannel.kdf(key, constant, context: context, count: key.count))
        }
    }

    private static func derive(
        _ key: Secret, _ constant: UInt8, context: [UInt8], count: Int
    ) throws(Refusal) -> [UInt8] {
        try usable { () throws(CryptoError) in try kdf(key, constant, context: context, count: count) }
    }

    /// NIST SP 800-108 in counter mode with CMAC, laid out as in §4.1.5.
    private static func kdf(
        _ key: Secret, _ constant: UInt8, context: [UInt8], count: Int
    ) throws(CryptoError) -> [UInt8] {
        let prf = try CMAC(aes: key)
        let label = [UInt8](repeating: 0, count: 11) + [constant, 0x00] + UInt16(count * 8).bigEndianBytes
        var output: [UInt8] = []
        for counter in UInt8(1)...2 where output.count < count {
            output += prf.mac(label, [counter], context)
        }
        return Array(output.prefix(count))
    }

    private static func usable<Value>(_ body: () throws(CryptoError) -> Value) throws(Refusal) -> Value {
        do { return try body() } catch { throw .referencedDataNotFound }
    }
}
