internal import CardCrypto
internal import GlobalPlatform
internal import SmartCard

/// Secure messaging of SCP03 (§6.2.4 to §6.2.7): the chaining value and the counter, and what they do to bytes.
///
/// Bytes are encrypted, decrypted and MACed where they stand: a session's cost is that of its cryptography.
struct SCP03Channel {
    /// The keys, which no command changes.
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
    private var chainingValue = AESBlock()
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
        protect(command, isEncrypted: false, onChannel: channel)
    }

    mutating func wrap(_ command: CommandAPDU, level: SecurityLevel, onChannel channel: Int) -> CommandAPDU {
        guard level.contains(.commandMAC) else { return command }
        if !(isEmptyCommandUncounted && command.data.isEmpty) { counter += 1 }
        let isEncrypted = level.contains(.commandEncryption) && !command.data.isEmpty
        return protect(command, isEncrypted: isEncrypted, onChannel: channel)
    }

    /// What the answer to the command just wrapped will be checked with.
    var answerContext: PendingAnswer.Context { .scp03(chainingValue: chainingValue, counter: counter) }

    func unwrap(
        _ response: ResponseAPDU, of pending: PendingAnswer
    ) throws(SecureMessagingError) -> ResponseAPDU {
        guard pending.level.contains(.responseMAC),
            case .scp03(let chainingValue, let counter) = pending.context
        else { return response }
        // §6.2.5: no protection is applied to a response with an error status.
        if !response.status.carriesResponseMAC && response.data.isEmpty { return response }
        let count = response.data.count - options.macBytes
        guard count >= 0 else { throw .responseMACMissing }
        guard isProved(response, bodyBytes: count, chainingValue) else { throw .responseMACWrong }
        guard pending.level.contains(.responseEncryption), count > 0 else {
            return ResponseAPDU(data: Array(response.data[..<count]), status: response.status)
        }
        guard count % AESBlock.byteCount == 0, let plain = decrypt(response.data, count, counter) else {
            throw .malformedEncryption
        }
        return ResponseAPDU(data: plain, status: response.status)
    }

    // MARK: Commands

    private mutating func protect(
        _ command: CommandAPDU, isEncrypted: Bool, onChannel channel: Int
    ) -> CommandAPDU {
        let (dataBytes, blockBytes) = (command.data.count, AESBlock.byteCount)
        // §6.2.6: padding method 2, at least one byte up to a whole block.
        let bodyBytes = isEncrypted ? (dataBytes / blockBytes + 1) * blockBytes : dataBytes
        let total = bodyBytes + options.macBytes
        let data = [UInt8](unsafeUninitializedCapacity: total) { buffer, initialized in
            let memory = UnsafeMutableRawBufferPointer(buffer)
            memory.copyBytes(from: command.data)
            let body = UnsafeMutableRawBufferPointer(rebasing: memory[..<bodyBytes])
            if isEncrypted {
                memory[dataBytes] = 0x80
                for index in dataBytes + 1..<bodyBytes { memory[index] = 0 }
                let iv = keys.encryption.encryptBlock(AESBlock(counter: counter))
                keys.encryption.encryptCBC(inPlace: body, iv: iv)
            }
            chain(command, UnsafeRawBufferPointer(body), total: total)
            chainingValue.withBytes { mac in
                for index in 0..<options.macBytes { memory[bodyBytes + index] = mac[index] }
            }
            initialized = total
        }
        var wrapped = command
        wrapped.cla = command.protectedClass(onChannel: channel)
        wrapped.data = data
        return wrapped
    }

    /// The next chaining value, whose front is the C-MAC (§6.2.3, §6.2.4).
    private mutating func chain(_ command: CommandAPDU, _ body: UnsafeRawBufferPointer, total: Int) {
        let isExtended = total > 255 || (command.expectedLength ?? 0) > 256
        // Header and Lc in the order of their bytes, Lc in its short or its extended form.
        let header = UInt32(bytes: command.macClass, command.ins, command.p1, command.p2)
        let length = isExtended ? UInt64(total) << 8 : UInt64(total) << 24
        let covered = (UInt64(header) << 32 | length).bigEndian
        withUnsafeBytes(of: covered) { bytes in
            let bytes = UnsafeRawBufferPointer(rebasing: bytes[..<(isExtended ? 7 : 5)])
            chainingValue = keys.commandMAC.mac(chainingValue, bytes, body)
        }
    }

    // MARK: Responses

    private func isProved(_ response: ResponseAPDU, bodyBytes: Int, _ chainingValue: AESBlock) -> Bool {
        response.data.withUnsafeBytes { data in
            let mac = withUnsafeBytes(of: response.status.rawValue.bigEndian) { status in
                keys.responseMAC.mac(
                    chainingValue, UnsafeRawBufferPointer(rebasing: data[..<bodyBytes]), status)
            }
            return mac.withBytes { mac in
                isEqualInConstantTime(
                    UnsafeRawBufferPointer(rebasing: mac[..<options.macBytes]),
                    UnsafeRawBufferPointer(rebasing: data[bodyBytes...]))
            }
        }
    }

    /// `nil` when there is no padding.
    private func decrypt(_ data: [UInt8], _ bodyBytes: Int, _ counter: UInt64) -> [UInt8]? {
        // §6.2.7: the top bit keeps the two directions apart.
        let iv = keys.encryption.encryptBlock(AESBlock(first: 0x80, counter: counter))
        var hasPadding = false
        let plain = [UInt8](unsafeUninitializedCapacity: bodyBytes) { buffer, initialized in
            data.withUnsafeBytes { bytes in
                keys.encryption.decryptCBC(
                    UnsafeRawBufferPointer(rebasing: bytes[..<bodyBytes]),
                    into: UnsafeMutableRawBufferPointer(buffer), iv: iv)
            }
            var end = bodyBytes
            while end > 0, buffer[end - 1] == 0 { end -= 1 }
            hasPadding = end > 0 && buffer[end - 1] == 0x80
            initialized = hasPadding ? end - 1 : 0
        }
        return hasPadding ? plain : nil
    }
}

extension UInt32 {
    fileprivate init(bytes first: UInt8, _ second: UInt8, _ third: UInt8, _ fourth: UInt8) {
        self = UInt32(first) << 24 | UInt32(second) << 16 | UInt32(third) << 8 | UInt32(fourth)
    }
}

extension StatusWord {
    /// SCP03 §6.2.5: all but 9000, 62xx and 63xx are errors, which carry no R-MAC.
    var carriesResponseMAC: Bool { self == .success || sw1 == 0x62 || sw1 == 0x63 }
}
