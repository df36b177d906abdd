internal import CardCrypto
internal import GlobalPlatform
internal import SmartCard

/// Secure messaging of SCP03 (§6.2.4 to §6.2.7): the chaining value and the counter, and what they do to bytes.
struct SCP03Channel {
    /// One object for all keys: a session is passed around by value, and each reference in it would be counted.
    private final class Keys {
        let encryption: Cipher
        let commandMAC: CMAC
        let responseMAC: CMAC
        let dataEncryption: Cipher

        init(_ derivation: SCP03Derivation, dataEncryption: Cipher) {
            encryption = derivation.encryption
            commandMAC = derivation.commandMAC
            responseMAC = derivation.responseMAC
            self.dataEncryption = dataEncryption
        }
    }

    let options: SCP03Options
    private let keys: Keys
    private let isEmptyCommandUncounted: Bool
    private var chainingValue = Block()
    private var counter: UInt64 = 0

    init(
        _ derivation: SCP03Derivation, options: SCP03Options, dataEncryption: Cipher, quirks: ChannelQuirks
    ) {
        self.options = options
        keys = Keys(derivation, dataEncryption: dataEncryption)
        isEmptyCommandUncounted = quirks.isEmptyCommandUncounted
    }

    var dataEncryption: Cipher { keys.dataEncryption }

    /// EXTERNAL AUTHENTICATE carries a MAC at every level and is not counted.
    mutating func wrapAuthentication(_ command: CommandAPDU, onChannel channel: Int) -> CommandAPDU {
        var data = command.data
        return authenticate(command, &data, onChannel: channel)
    }

    mutating func wrap(_ command: CommandAPDU, level: SecurityLevel, onChannel channel: Int) -> CommandAPDU {
        guard level.contains(.commandMAC) else { return command }
        if !(isEmptyCommandUncounted && command.data.isEmpty) { counter += 1 }
        var data: [UInt8] = []
        // Room for a block of padding and the MAC.
        data.reserveCapacity(command.data.count + 32)
        data += command.data
        if level.contains(.commandEncryption), !command.data.isEmpty {
            data.append(0x80)
            while data.count % 16 != 0 { data.append(0x00) }
            keys.encryption.encryptCBC(inPlace: &data, iv: initialVector(counter, isResponse: false))
        }
        return authenticate(command, &data, onChannel: channel)
    }

    /// What the answer to the command just wrapped will be checked with.
    var answerContext: (chainingValue: Block, counter: UInt64) { (chainingValue, counter) }

    func unwrap(
        _ response: ResponseAPDU, of pending: PendingAnswer
    ) throws(SecureMessagingError) -> ResponseAPDU {
        guard pending.level.contains(.responseMAC) else { return response }
        // §6.2.5: no protection is applied to a response with an error status.
        if !response.status.carriesResponseMAC && response.data.isEmpty { return response }
        let count = response.data.count - options.macBytes
        guard count >= 0 else { throw .responseMACMissing }
        var status = FewBytes()
        status.append(response.status.rawValue)
        let mac = keys.responseMAC.mac(pending.chainingValue, response.data, count: count, tail: status)
        guard mac.isPrefix(of: response.data, at: count) else { throw .responseMACWrong }
        var data = response.data
        data.removeLast(options.macBytes)
        if pending.level.contains(.responseEncryption), count > 0 {
            guard count % 16 == 0 else { throw .malformedEncryption }
            keys.encryption.decryptCBC(
                inPlace: &data, iv: initialVector(pending.counter, isResponse: true))
            guard let length = data.lengthBeforePadding else { throw .malformedEncryption }
            data.removeLast(count - length)
        }
        return ResponseAPDU(data: data, status: response.status)
    }

    /// Appends the C-MAC to the data, which the command then carries.
    private mutating func authenticate(
        _ command: CommandAPDU, _ data: inout [UInt8], onChannel channel: Int
    ) -> CommandAPDU {
        let count = data.count
        let total = count + options.macBytes
        var header = FewBytes()
        header.append(command.macClass)
        header.append(command.ins)
        header.append(command.p1)
        header.append(command.p2)
        if total > 255 || (command.expectedLength ?? 0) > 256 {
            header.append(UInt8(0x00))
            header.append(UInt16(total))
        } else {
            header.append(UInt8(total))
        }
        chainingValue = keys.commandMAC.mac(chainingValue, head: header, data, count: count)
        for index in 0..<options.macBytes { data.append(chainingValue[index]) }
        return CommandAPDU(
            command.protectedClass(onChannel: channel), command.ins, command.p1, command.p2, data: data,
            expecting: command.expectedLength)
    }

    private func initialVector(_ counter: UInt64, isResponse: Bool) -> Block {
        var block = Block()
        // §6.2.7: the top bit keeps the two directions apart.
        if isResponse { block[0] = 0x80 }
        for index in 0..<8 { block[15 - index] = UInt8(truncatingIfNeeded: counter >> (8 * UInt64(index))) }
        return keys.encryption.encryptBlock(block)
    }
}

extension StatusWord {
    /// SCP03 §6.2.5: all but 9000, 62xx and 63xx are errors, which carry no R-MAC.
    var carriesResponseMAC: Bool { self == .success || sw1 == 0x62 || sw1 == 0x63 }
}

extension Block {
    /// Compares all that stands from the index on, in a time that depends on its length only.
    fileprivate func isPrefix(of bytes: [UInt8], at start: Int) -> Bool {
        var difference: UInt8 = 0
        for index in start..<bytes.count { difference |= bytes[index] ^ self[index - start] }
        return difference == 0
    }
}

extension [UInt8] {
    /// How much stands before the padding of the last block (§4.1.4); `nil` where there is none.
    fileprivate var lengthBeforePadding: Int? {
        var index = count - 1
        while index >= count - 16, self[index] == 0x00 { index -= 1 }
        return index >= count - 16 && self[index] == 0x80 ? index : nil
    }
}
