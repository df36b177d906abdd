internal import CardCrypto
internal import GlobalPlatform
internal import SmartCard

/// One SCP02 session on the card's side, opened explicitly (GPCS 2.3.1 annex E).
struct SCP02CardChannel: CardSecureChannel {
    /// Bits of "i" (table E-1).
    private enum Option {
        static let threeKeys: UInt8 = 0x01
        static let unmodifiedMAC: UInt8 = 0x02
        static let explicitInitiation: UInt8 = 0x04
        static let encryptedICV: UInt8 = 0x10
        static let responseMAC: UInt8 = 0x20
        static let pseudoRandomChallenge: UInt8 = 0x40
    }

    private enum State {
        case opened(hostCryptogram: [UInt8])
        case active(SecurityLevel)
        case aborted
    }

    /// An R-MAC session: its running MAC, and whether every answer carries it.
    private struct ResponseSession {
        let mac: DESMAC
        var value: [UInt8]
        let isReturnedAlways: Bool
        /// The command to which the next answer belongs, stripped (§E.4.5).
        var command: [UInt8]?
    }

    /// Cards are not required to count further (§E.1.2); the counter has two bytes.
    private static let sequenceCounterMax: UInt32 = 0xFFFF

    private var state: State
    private let options: UInt8
    private let sequenceCounter: UInt32
    private let encryption: Cipher
    private let commandMAC: DESMAC
    /// The static key from which R-MAC session keys are derived.
    private let staticMAC: Secret
    private let dataEncryption: Cipher
    private var lastMAC: [UInt8]?
    private var responseSession: ResponseSession?
    private var sessionLevel: SecurityLevel = []
    /// The C-MAC of EXTERNAL AUTHENTICATE, from which every R-MAC session begins (§E.3.2).
    private var firstMAC = [UInt8](repeating: 0, count: 8)

    static func open(_ opening: ChannelOpening) throws(Refusal) -> OpenedChannel {
        let options = opening.keySet.channelProtocol?.options ?? 0
        let hostChallenge = opening.command.data
        guard opening.command.p2 == 0 else { throw .incorrectParameters }
        guard hostChallenge.count == 8 else { throw .wrongLength }
        guard options & Option.explicitInitiation != 0 else { throw .conditionsNotSatisfied }
        let counter = opening.keySet.sequenceCounter
        guard counter < sequenceCounterMax else { throw .conditionsNotSatisfied }
        let keys = try SessionKeys(opening.keySet, options: options, counter: counter)
        let cardChallenge =
            options & Option.pseudoRandomChallenge == 0
            ? opening.entropy.bytes(6)
            : try keys.mac { $0.retail(opening.requester.bytes) }.prefix(6).map { $0 }
        let counterBytes = UInt16(counter).bigEndianBytes
        let cryptogram = try keys.encryptionMAC(hostChallenge + counterBytes + cardChallenge)
        let hostCryptogram = try keys.encryptionMAC(counterBytes + cardChallenge + hostChallenge)
        let channel = try SCP02CardChannel(
            keys: keys, options: options, counter: counter, hostCryptogram: hostCryptogram)
        let answer =
            opening.diversificationData + [opening.keySet.version, 0x02] + counterBytes + cardChallenge
            + cryptogram
        return OpenedChannel(answer: answer, channel: channel, sequenceCounter: nil)
    }

    private init(
        keys: SessionKeys, options: UInt8, counter: UInt32, hostCryptogram: [UInt8]
    ) throws(Refusal) {
        self.options = options
        sequenceCounter = counter
        state = .opened(hostCryptogram: hostCryptogram)
        encryption = try SessionKeys.usable { () throws(CryptoError) in
            try Cipher(.tripleDES, key: keys.encryption)
        }
        commandMAC = try SessionKeys.usable { () throws(CryptoError) in try DESMAC(key: keys.commandMAC) }
        staticMAC = keys.staticMAC
        dataEncryption = try SessionKeys.usable { () throws(CryptoError) in
            try Cipher(.tripleDES, key: keys.dataEncryption)
        }
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
        guard command.data.count == 16 else { throw .wrongLength }
        guard isEqualInConstantTime(command.data.prefix(8), hostCryptogram) else {
            throw .authenticationFailed
        }
        guard verifyMAC(command, plainData: Array(command.data.dropLast(8))) else {
            throw .securityStatusNotSatisfied
        }
        firstMAC = lastMAC ?? firstMAC
        state = .active(level)
        sessionLevel = level
        if level.contains(.responseMAC) {
            try startResponseSession(isReturnedAlways: true, counter: sequenceCounter)
        }
        // Counted when the first C-MAC of a session is valid, and only then (§E.1.2).
        return sequenceCounter + 1
    }

    mutating func unwrap(_ command: CommandAPDU) throws(Refusal) -> CommandAPDU {
        switch state {
        case .opened: return command
        case .aborted: throw .securityStatusNotSatisfied
        case .active(let level):
            var plain = command
            if SecuredHeader.isSecured(command) {
                plain = try unwrapSecured(command, level: level)
            } else if level.contains(.commandMAC) {
                return try abort()
            }
            remember(plain)
            return plain
        }
    }

    mutating func wrap(_ response: ResponseAPDU) -> ResponseAPDU {
        guard case .active = state, var session = responseSession, let command = session.command else {
            return response
        }
        let isAnswered = response.status.isSuccess || [0x62, 0x63].contains(response.status.sw1)
        let data = isAnswered ? response.data : []
        let block =
            command + [UInt8(truncatingIfNeeded: data.count)] + data + response.status.rawValue.bigEndianBytes
        session.value = session.mac.retail(block, iv: session.value)
        session.command = nil
        responseSession = session
        guard session.isReturnedAlways else { return response }
        return ResponseAPDU(data: data + session.value, status: response.status)
    }

    mutating func beginResponseMAC(_ command: CommandAPDU) throws(Refusal) {
        guard case .active = state, options & Option.responseMAC != 0, responseSession == nil else {
            throw .conditionsNotSatisfied
        }
        guard command.p2 == 0x01, [0x00, 0x10].contains(command.p1) else { throw .incorrectParameters }
        guard let count = command.data.first, command.data.count == Int(count) + 1, count <= 24 else {
            throw .incorrectData
        }
        // The counter as it now stands: EXTERNAL AUTHENTICATE has moved it (§E.4.1).
        try startResponseSession(isReturnedAlways: command.p1 == 0x10, counter: sequenceCounter + 1)
        // The R-MAC covers this pair too (§E.4.5).
        remember(command)
    }

    mutating func endResponseMAC(_ command: CommandAPDU) throws(Refusal) -> [UInt8] {
        guard command.p1 == 0, [0x01, 0x03].contains(command.p2) else { throw .incorrectParameters }
        guard case .active = state, var session = responseSession else { throw .conditionsNotSatisfied }
        // This command is not part of the R-MAC computation.
        session.command = nil
        let value = session.value
        let isEnding = command.p2 == 0x03 && !sessionLevel.contains(.responseMAC)
        responseSession = isEnding ? nil : session
        return value
    }

    func decryptSensitiveData(_ data: [UInt8]) throws(Refusal) -> [UInt8] {
        guard !data.isEmpty, data.count % 8 == 0 else { throw .incorrectData }
        return dataEncryption.decryptECB(data)
    }

    // MARK: Commands

    private mutating func unwrapSecured(
        _ command: CommandAPDU, level: SecurityLevel
    ) throws(Refusal) -> CommandAPDU {
        guard command.data.count >= 8 else { return try abort() }
        var data = Array(command.data.dropLast(8))
        if level.contains(.commandEncryption), !data.isEmpty {
            guard data.count % 8 == 0, let plain = Padding.removeMethod2(encryption.decryptCBC(data)) else {
                return try abort()
            }
            data = plain
        }
        guard verifyMAC(command, plainData: data) else { return try abort() }
        var plain = command
        plain.cla = SecuredHeader.withoutSecureMessaging(command.cla)
        plain.data = data
        return plain
    }

    /// Verifies the C-MAC at the end of the data, over the plain data (§E.4.4, §E.4.6).
    private mutating func verifyMAC(_ command: CommandAPDU, plainData: [UInt8]) -> Bool {
        let header =
            options & Option.unmodifiedMAC != 0
            ? SecuredHeader(plain: command, dataCount: plainData.count)
            : SecuredHeader(securing: command, dataCount: plainData.count + 8)
        var icv = lastMAC
        // The first ICV of a session is not encrypted (§E.3.4).
        if options & Option.encryptedICV != 0, let last = lastMAC { icv = commandMAC.encryptICV(last) }
        let mac = commandMAC.retail(header.bytes + plainData, iv: icv)
        guard isEqualInConstantTime(mac, command.data.suffix(8)) else { return false }
        lastMAC = mac
        return true
    }

    private mutating func abort() throws(Refusal) -> CommandAPDU {
        state = .aborted
        responseSession = nil
        throw .securityStatusNotSatisfied
    }

    /// Table E-11, limited to what "i" says the card can do.
    private func level(p1: UInt8) -> SecurityLevel? {
        switch p1 {
        case 0x00, 0x01, 0x03: break
        case 0x10, 0x11, 0x13: guard options & Option.responseMAC != 0 else { return nil }
        default: return nil
        }
        return SecurityLevel(rawValue: p1)
    }

    private mutating func startResponseSession(isReturnedAlways: Bool, counter: UInt32) throws(Refusal) {
        let key = try SessionKeys.derive(staticMAC, SessionKeys.responseMACConstant, counter: counter)
        let mac = try SessionKeys.usable { () throws(CryptoError) in try DESMAC(key: key) }
        responseSession = ResponseSession(mac: mac, value: firstMAC, isReturnedAlways: isReturnedAlways)
    }

    /// The command as an R-MAC sees it: no secure messaging, no channel, Lc always there (§E.4.5).
    private mutating func remember(_ command: CommandAPDU) {
        guard responseSession != nil else { return }
        let cla = SecuredHeader.plainCLA(command.cla)
        responseSession?.command =
            [cla, command.ins, command.p1, command.p2, UInt8(truncatingIfNeeded: command.data.count)]
            + command.data
    }

    // MARK: Keys

    /// Session keys from the static keys and the sequence counter (§E.4.1).
    private struct SessionKeys {
        let encryption: Secret
        let commandMAC: Secret
        let dataEncryption: Secret
        let staticMAC: Secret

        static let responseMACConstant: UInt16 = 0x0102

        init(_ keySet: CardKeySet, options: UInt8, counter: UInt32) throws(Refusal) {
            let identifiers: [UInt8] = options & Option.threeKeys != 0 ? [1, 2, 3] : [1, 1, 1]
            let components = identifiers.compactMap { keySet.key($0)?.components.first }
            guard components.count == 3,
                components.allSatisfy({ $0.type == .des && $0.value.count == 16 })
            else { throw .referencedDataNotFound }
            encryption = try Self.derive(components[0].value, 0x0182, counter: counter)
            commandMAC = try Self.derive(components[1].value, 0x0101, counter: counter)
            dataEncryption = try Self.derive(components[2].value, 0x0181, counter: counter)
            staticMAC = components[1].value
        }

        static func derive(_ key: Secret, _ constant: UInt16, counter: UInt32) throws(Refusal) -> Secret {
            let data =
                constant.bigEndianBytes + UInt16(truncatingIfNeeded: counter).bigEndianBytes
                + [UInt8](repeating: 0, count: 12)
            let cipher = try usable { () throws(CryptoError) in try Cipher(.tripleDES, key: key) }
            return Secret(cipher.encryptCBC(data))
        }

        /// Full triple DES MAC with the encryption session key: the cryptograms (§E.4.2).
        func encryptionMAC(_ message: [UInt8]) throws(Refusal) -> [UInt8] {
            try Self.usable { () throws(CryptoError) in try DESMAC(key: encryption).full(message) }
        }

        func mac(_ body: (DESMAC) -> [UInt8]) throws(Refusal) -> [UInt8] {
            body(try Self.usable { () throws(CryptoError) in try DESMAC(key: commandMAC) })
        }

        static func usable<Value>(_ body: () throws(CryptoError) -> Value) throws(Refusal) -> Value {
            do { return try body() } catch { throw .referencedDataNotFound }
        }
    }
}
