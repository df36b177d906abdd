internal import CardCrypto
internal import GlobalPlatform
internal import SmartCard

/// Secure messaging of SCP03 (§6.2.4 to §6.2.7): the chaining value and the counter, and what they do to bytes.
struct SCP03Channel {
    let options: SCP03Options
    let dataEncryption: Cipher
    private let encryption: Cipher
    private let commandMAC: CMAC
    private let responseMAC: CMAC
    private let isEmptyCommandUncounted: Bool
    private var chainingValue = [UInt8](repeating: 0, count: 16)
    private var counter: UInt64 = 0

    init(
        _ derivation: SCP03Derivation, options: SCP03Options, dataEncryption: Cipher, quirks: ChannelQuirks
    ) {
        self.options = options
        self.dataEncryption = dataEncryption
        encryption = derivation.encryption
        commandMAC = derivation.commandMAC
        responseMAC = derivation.responseMAC
        isEmptyCommandUncounted = quirks.isEmptyCommandUncounted
    }

    /// EXTERNAL AUTHENTICATE carries a MAC at every level and is not counted.
    mutating func wrapAuthentication(_ command: CommandAPDU, onChannel channel: Int) -> CommandAPDU {
        authenticate(command, data: command.data, onChannel: channel)
    }

    mutating func wrap(_ command: CommandAPDU, level: SecurityLevel, onChannel channel: Int) -> CommandAPDU {
        guard level.contains(.commandMAC) else { return command }
        if !(isEmptyCommandUncounted && command.data.isEmpty) { counter += 1 }
        guard level.contains(.commandEncryption), !command.data.isEmpty else {
            return authenticate(command, data: command.data, onChannel: channel)
        }
        let padded = Padding.method2(command.data, blockSize: 16)
        let encrypted = encryption.encryptCBC(padded, iv: initialVector(counter, isResponse: false))
        return authenticate(command, data: encrypted, onChannel: channel)
    }

    /// What the answer to the command just wrapped will be checked with.
    var answerContext: (chainingValue: [UInt8], counter: UInt64) { (chainingValue, counter) }

    func unwrap(
        _ response: ResponseAPDU, of pending: PendingAnswer
    ) throws(SecureMessagingError) -> ResponseAPDU {
        guard pending.level.contains(.responseMAC) else { return response }
        // §6.2.5: no protection is applied to a response with an error status.
        if !response.status.carriesResponseMAC && response.data.isEmpty { return response }
        let count = response.data.count - options.macBytes
        guard count >= 0 else { throw .responseMACMissing }
        let body = Array(response.data[..<count])
        let mac = responseMAC.mac(pending.context, body, response.status.rawValue.bigEndianBytes)
        guard isEqualInConstantTime(mac[..<options.macBytes], response.data[count...]) else {
            throw .responseMACWrong
        }
        guard pending.level.contains(.responseEncryption), !body.isEmpty else {
            return ResponseAPDU(data: body, status: response.status)
        }
        guard body.count % 16 == 0 else { throw .malformedEncryption }
        let padded = encryption.decryptCBC(body, iv: initialVector(pending.counter, isResponse: true))
        guard let plain = Padding.removeMethod2(padded) else { throw .malformedEncryption }
        return ResponseAPDU(data: plain, status: response.status)
    }

    private mutating func authenticate(
        _ command: CommandAPDU, data: [UInt8], onChannel channel: Int
    ) -> CommandAPDU {
        let total = data.count + options.macBytes
        let isExtended = total > 255 || (command.expectedLength ?? 0) > 256
        let header =
            [command.macClass, command.ins, command.p1, command.p2]
            + command.encodedLength(total, isExtended: isExtended)
        chainingValue = commandMAC.mac(chainingValue, header, data)
        var wrapped = command
        wrapped.cla = command.protectedClass(onChannel: channel)
        wrapped.data = data
        wrapped.data += chainingValue[..<options.macBytes]
        return wrapped
    }

    private func initialVector(_ counter: UInt64, isResponse: Bool) -> [UInt8] {
        var block = [UInt8](repeating: 0, count: 8) + counter.bigEndianBytes
        // §6.2.7: the top bit keeps the two directions apart.
        if isResponse { block[0] = 0x80 }
        return encryption.encryptECB(block)
    }
}

extension StatusWord {
    /// SCP03 §6.2.5: all but 9000, 62xx and 63xx are errors, which carry no R-MAC.
    var carriesResponseMAC: Bool { self == .success || sw1 == 0x62 || sw1 == 0x63 }
}
