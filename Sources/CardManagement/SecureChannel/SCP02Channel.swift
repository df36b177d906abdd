internal import CardCrypto
internal import GlobalPlatform
internal import SmartCard

/// Secure messaging of SCP02 (GPCS 2.3.1 §E.4.4 to §E.4.6): the two MAC chains, and what they do to bytes.
struct SCP02Channel {
    let options: SCP02Options
    let dataEncryption: Cipher
    private let encryption: Cipher
    private let commandMAC: DESMAC
    private var responseMAC: DESMAC
    private let laterResponseMAC: DESMAC
    /// `nil` until the first C-MAC, whose ICV is zero and never encrypted.
    private var lastCommandMAC: [UInt8]?
    /// The C-MAC of EXTERNAL AUTHENTICATE, which starts every chain of R-MACs (§E.3.2).
    private var firstMAC = [UInt8](repeating: 0, count: 8)
    private var lastResponseMAC = [UInt8](repeating: 0, count: 8)

    init(_ derivation: SCP02Derivation, options: SCP02Options, quirks: ChannelQuirks) {
        self.options = options
        dataEncryption = derivation.dataEncryption
        encryption = derivation.encryption
        commandMAC = derivation.commandMAC
        responseMAC = derivation.responseMAC
        laterResponseMAC =
            quirks.isResponseKeyOfFirstCounter ? derivation.responseMAC : derivation.laterResponseMAC
    }

    mutating func wrapAuthentication(_ command: CommandAPDU, onChannel channel: Int) -> CommandAPDU {
        let wrapped = wrap(command, level: .commandMAC, onChannel: channel)
        firstMAC = lastCommandMAC ?? firstMAC
        lastResponseMAC = firstMAC
        return wrapped
    }

    mutating func wrap(_ command: CommandAPDU, level: SecurityLevel, onChannel channel: Int) -> CommandAPDU {
        guard level.contains(.commandMAC) else { return command }
        let mac = commandMAC.retail(macInput(command), iv: nextICV())
        lastCommandMAC = mac
        var wrapped = command
        wrapped.cla = command.protectedClass(onChannel: channel)
        if level.contains(.commandEncryption), !command.data.isEmpty {
            wrapped.data = encryption.encryptCBC(Padding.method2(command.data, blockSize: 8))
        }
        wrapped.data += mac
        return wrapped
    }

    /// The command as an R-MAC covers it: no C-MAC, the header unmodified, Lc always there (§E.4.5).
    func answerContext(_ command: CommandAPDU) -> [UInt8] {
        [command.plainClass, command.ins, command.p1, command.p2]
            + command.encodedLength(command.data.count, isExtended: command.data.count > 255) + command.data
    }

    mutating func beginResponseMAC() {
        responseMAC = laterResponseMAC
        lastResponseMAC = firstMAC
    }

    mutating func unwrap(
        _ response: ResponseAPDU, of pending: PendingAnswer
    ) throws(SecureMessagingError) -> ResponseAPDU {
        if case .endsResponseProtection = pending.role { return try end(response) }
        guard pending.isChained else { return response }
        guard pending.level.contains(.responseMAC) else {
            // Only the R-MAC of the whole session will be sent: take the exchange into the chain.
            lastResponseMAC = mac(pending.command, response.data, response.status)
            return response
        }
        if !response.status.carriesResponseMAC && response.data.isEmpty {
            // An error is part of the chain, and carries nothing (§E.4.5): the next R-MAC proves it.
            lastResponseMAC = mac(pending.command, [], response.status)
            return response
        }
        let count = response.data.count - 8
        guard count >= 0 else { throw .responseMACMissing }
        let body = Array(response.data[..<count])
        let expected = mac(pending.command, body, response.status)
        guard isEqualInConstantTime(expected, response.data[count...]) else { throw .responseMACWrong }
        lastResponseMAC = expected
        return ResponseAPDU(data: body, status: response.status)
    }

    /// END R-MAC SESSION is no part of the chain; a success must show the chain's last value.
    private func end(_ response: ResponseAPDU) throws(SecureMessagingError) -> ResponseAPDU {
        guard response.status.carriesResponseMAC else { return response }
        guard response.data.count == 8 else { throw .responseMACMissing }
        guard isEqualInConstantTime(lastResponseMAC, response.data) else { throw .responseMACWrong }
        return ResponseAPDU(status: response.status)
    }

    private func mac(_ command: [UInt8], _ data: [UInt8], _ status: StatusWord) -> [UInt8] {
        let message =
            command + [UInt8(truncatingIfNeeded: data.count)] + data + status.rawValue.bigEndianBytes
        return responseMAC.retail(message, iv: lastResponseMAC)
    }

    private func macInput(_ command: CommandAPDU) -> [UInt8] {
        let isModified = !options.isMACOnUnmodifiedAPDU
        let length = command.data.count + (isModified ? 8 : 0)
        let header = [
            isModified ? command.macClass : command.plainClass, command.ins, command.p1, command.p2,
        ]
        // Only a chained command is longer (GPCS 2.3.1 §11.1.5.1): then Lc counts on three bytes.
        return header + command.encodedLength(length, isExtended: length > 255) + command.data
    }

    private func nextICV() -> [UInt8]? {
        guard let lastCommandMAC else { return nil }
        return options.isICVEncrypted ? commandMAC.encryptICV(lastCommandMAC) : lastCommandMAC
    }
}
