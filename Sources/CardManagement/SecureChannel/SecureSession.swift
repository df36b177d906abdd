internal import CardCrypto
package import GlobalPlatform
package import SmartCard

/// An open secure channel: protects commands, checks answers in the order of their commands, and never goes on
/// after a failure. Commands may run ahead of answers, so that many can travel in one message.
///
/// A copy would use the same chain twice: keep one, in one place.
package struct SecureSession {
    /// How many commands may be protected before the first answer is in.
    package static let aheadMax = 4_096

    enum Channel {
        case scp02(SCP02Channel)
        case scp03(SCP03Channel)
    }

    private enum State: Hashable {
        case open
        case ended(SecureMessagingError?)
    }

    /// What the card told when the session was opened.
    package let peer: ChannelPeer
    package let logicalChannel: Int
    /// The level of the next command; BEGIN and END R-MAC SESSION change its half for responses.
    package private(set) var level: SecurityLevel
    private let authenticatedLevel: SecurityLevel
    private var channel: Channel
    private var pending = PendingAnswers()
    private var state = State.open
    /// SCP02: whether exchanges go into the R-MAC chain, even where only END R-MAC SESSION will show it.
    private var isResponseChained: Bool

    init(_ channel: Channel, peer: ChannelPeer, level: SecurityLevel, logicalChannel: Int) {
        self.channel = channel
        self.peer = peer
        self.level = level
        self.logicalChannel = logicalChannel
        authenticatedLevel = level
        isResponseChained = level.contains(.responseMAC)
    }

    package var isOpen: Bool { state == .open }
    /// What ended the session; `nil` while it is open and after `close`.
    package var failure: SecureMessagingError? {
        switch state {
        case .open: nil
        case .ended(let failure): failure
        }
    }
    /// How many answers are still to come.
    package var awaitedAnswers: Int { pending.count }

    /// Ends the session on this side; the card ends it at the next SELECT, INITIALIZE UPDATE or reset.
    package mutating func close() {
        if isOpen { state = .ended(nil) }
    }

    /// Protects the next command. Its class byte names channel 0 or the session's own.
    package mutating func wrap(_ command: CommandAPDU) throws(SecureMessagingError) -> CommandAPDU {
        try wrap(command, role: .ordinary)
    }

    /// Checks the next answer and takes its protection off.
    package mutating func unwrap(_ response: ResponseAPDU) throws(SecureMessagingError) -> ResponseAPDU {
        guard isOpen else { throw .ended }
        guard let expected = pending.popFirst() else { throw fail(.noCommandAwaitsAnswer) }
        let plain: ResponseAPDU
        do {
            switch channel {
            case .scp02(var scp02):
                plain = try scp02.unwrap(response, of: expected)
                channel = .scp02(scp02)
            case .scp03(let scp03):
                plain = try scp03.unwrap(response, of: expected)
            }
        } catch {
            throw fail(error)
        }
        settle(expected.role, plain.status)
        return plain
    }

    private mutating func settle(_ role: PendingAnswer.Role, _ status: StatusWord) {
        guard !status.isSuccess else { return }
        switch role {
        case .ordinary, .endsResponseProtection: break
        case .beginsResponseProtection(let before):
            level = before
            isResponseChained = before.contains(.responseMAC)
        case .chainPart: state = .ended(.chainRefused(status))
        }
    }

    private mutating func fail(_ error: SecureMessagingError) -> SecureMessagingError {
        state = .ended(error)
        return error
    }
}

// MARK: - How much fits

extension SecureSession {
    /// The longest data that fit into a command of the session whose Lc is at most `lengthMax`: 255 short, up to
    /// 65,535 where card and reader take extended commands.
    package func maximumCommandData(lengthMax: Int = 255) -> Int {
        guard level.contains(.commandMAC) else { return lengthMax }
        let room = lengthMax - macBytes
        guard level.contains(.commandEncryption) else { return room }
        // At least one byte of padding, up to a whole block.
        return room / blockBytes * blockBytes - 1
    }

    private var macBytes: Int {
        switch channel {
        case .scp02: 8
        case .scp03(let scp03): scp03.options.macBytes
        }
    }

    private var blockBytes: Int {
        switch channel {
        case .scp02: 8
        case .scp03: 16
        }
    }

    /// SCP02 knows no extended commands; SCP03 carries Lc in either form.
    package var longestCommandData: Int {
        switch channel {
        case .scp02: maximumCommandData()
        case .scp03: maximumCommandData(lengthMax: CommandAPDU.dataBytesMax)
        }
    }
}

// MARK: - Protecting

extension SecureSession {
    private mutating func wrap(
        _ command: CommandAPDU, role: PendingAnswer.Role
    ) throws(SecureMessagingError) -> CommandAPDU {
        let longest = longestCommandData
        guard command.data.count <= longest else { throw .commandTooLong(maximum: longest) }
        return try secure(command, role: role, partsBefore: 0)
    }

    /// Protects the command as a whole and remembers what its answers will be checked with.
    private mutating func secure(
        _ command: CommandAPDU, role: PendingAnswer.Role, partsBefore: Int
    ) throws(SecureMessagingError) -> CommandAPDU {
        guard isOpen else { throw .ended }
        let named = command.cla.logicalChannel
        guard named == 0 || named == logicalChannel else { throw .otherChannel(named) }
        guard pending.count + partsBefore < Self.aheadMax else {
            throw fail(.tooManyAhead(maximum: Self.aheadMax))
        }
        for _ in 0..<partsBefore {
            pending.append(
                PendingAnswer(level: [], role: .chainPart))
        }
        var wrapped: CommandAPDU
        var awaited = PendingAnswer(level: level, role: role)
        switch channel {
        case .scp02(var scp02):
            wrapped = scp02.wrap(command, level: level, onChannel: logicalChannel)
            awaited.isChained = isResponseChained
            if isResponseChained { awaited.command = scp02.answerContext(command) }
            channel = .scp02(scp02)
        case .scp03(var scp03):
            wrapped = scp03.wrap(command, level: level, onChannel: logicalChannel)
            (awaited.chainingValue, awaited.counter) = scp03.answerContext
            channel = .scp03(scp03)
        }
        pending.append(awaited)
        if !level.contains(.commandMAC) { wrapped.cla = command.cla.onLogicalChannel(logicalChannel) }
        // What protects the answer makes it longer than the caller reckons with.
        if level.contains(.responseMAC), let length = wrapped.expectedLength {
            wrapped.expectedLength = length <= 256 ? 256 : CommandAPDU.expectedLengthMax
        }
        return wrapped
    }
}

// MARK: - Chained commands

extension SecureSession {
    /// Protects a command that may be longer than one APDU, as GPCS 2.3.1 §11.1.5.1 wants it of DELETE, INSTALL
    /// and PUT KEY: secured whole, then cut, with b8 of P1 saying that more follows.
    ///
    /// The parts must follow each other, and each has its answer.
    package mutating func wrapChained(
        _ command: CommandAPDU
    ) throws(SecureMessagingError) -> [CommandAPDU] {
        guard command.data.count > maximumCommandData() else { return [try wrap(command)] }
        let longest = maximumCommandData(lengthMax: CommandAPDU.dataBytesMax)
        guard command.data.count <= longest else { throw .commandTooLong(maximum: longest) }
        let parts = protectedLength(command.data.count).dividedRoundingUp(by: 255)
        let whole = try secure(command, role: .ordinary, partsBefore: parts - 1)
        return whole.data.chunks(of: 255).enumerated().map { index, piece in
            var part = whole
            part.data = piece
            if index < parts - 1 { part.p1 |= 0x80 }
            return part
        }
    }

    private func protectedLength(_ count: Int) -> Int {
        guard level.contains(.commandMAC) else { return count }
        guard level.contains(.commandEncryption) else { return count + macBytes }
        return (count / blockBytes + 1) * blockBytes + macBytes
    }
}

extension Int {
    fileprivate func dividedRoundingUp(by divisor: Int) -> Int { (self + divisor - 1) / divisor }
}

// MARK: - More protection for responses

extension SecureSession {
    /// BEGIN R-MAC SESSION (GPCS 2.3.1 §E.5.3, SCP03 §7.1.3). `data` may hold a challenge of up to 24 bytes.
    ///
    /// SCP02 with no level: only END R-MAC SESSION will carry an R-MAC, over all exchanges between the two.
    package mutating func beginResponseProtection(
        _ wanted: SecurityLevel = .responseMAC, data: [UInt8] = []
    ) throws(SecureMessagingError) -> CommandAPDU {
        guard isOffered(wanted), data.count <= 24 else { throw .notOffered(wanted) }
        let before = level
        let body = [UInt8(data.count)] + data
        let command = CommandAPDU(0x80, Instruction.beginRMACSession, wanted.rawValue, 0x01, data: body)
        if case .scp02(var scp02) = channel {
            // §E.4.5: the chain takes this very exchange in, and its answer has no R-MAC yet.
            scp02.beginResponseMAC()
            channel = .scp02(scp02)
            isResponseChained = true
        }
        let wrapped = try wrap(command, role: .beginsResponseProtection(before: before))
        level.formUnion(wanted)
        return wrapped
    }

    /// END R-MAC SESSION (GPCS 2.3.1 §E.5.4, SCP03 §7.1.4): back to the level of EXTERNAL AUTHENTICATE.
    package mutating func endResponseProtection() throws(SecureMessagingError) -> CommandAPDU {
        let command = CommandAPDU(0x80, Instruction.endRMACSession, 0x00, 0x03, expecting: 256)
        switch channel {
        case .scp02:
            guard isResponseChained, !authenticatedLevel.contains(.responseMAC) else {
                throw .notOffered(authenticatedLevel)
            }
            let wrapped = try wrap(command, role: .endsResponseProtection)
            isResponseChained = false
            level = authenticatedLevel
            return wrapped
        case .scp03:
            guard level != authenticatedLevel else { throw .notOffered(authenticatedLevel) }
            let wrapped = try wrap(command, role: .ordinary)
            level = authenticatedLevel
            return wrapped
        }
    }

    /// The rules of SCP03 §7.1.3.7 and GPCS 2.3.1 table E-14.
    private func isOffered(_ wanted: SecurityLevel) -> Bool {
        switch channel {
        case .scp02(let scp02):
            return scp02.options.hasResponseMAC && !isResponseChained && wanted.isSubset(of: .responseMAC)
        case .scp03(let scp03):
            switch wanted {
            case .responseMAC:
                return scp03.options.hasResponseMAC && level.contains(.commandMAC)
                    && !level.contains(.responseMAC)
            case [.responseMAC, .responseEncryption]:
                return scp03.options.hasResponseEncryption
                    && level.contains([.commandMAC, .commandEncryption])
                    && !level.contains(.responseEncryption)
            default: return false
            }
        }
    }
}

// MARK: - Keys and other sensitive data

extension SecureSession {
    /// Encrypts whole blocks under the data encryption key: SCP02 with the session's (§E.4.7), SCP03 with the
    /// static one (§6.2.8).
    package func encryptSensitive(_ data: [UInt8]) throws(SecureMessagingError) -> [UInt8] {
        guard !data.isEmpty, data.count % blockBytes == 0 else {
            throw .wholeBlocksOnly(blockBytes: blockBytes)
        }
        switch channel {
        case .scp02(let scp02): return scp02.dataEncryption.encryptECB(data)
        case .scp03(let scp03): return scp03.dataEncryption.encryptCBC(data)
        }
    }

    package var sensitiveBlockBytes: Int { blockBytes }
}
