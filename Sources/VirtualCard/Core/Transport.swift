internal import SmartCard

/// How answers travel: whole over T=1, announced by 61xx over T=0 (ISO/IEC 7816-3 §12.2, 7816-4 §5.3.4).
extension VirtualCard {
    func answer(_ bytes: [UInt8]) -> ResponseAPDU {
        guard let command = parse(bytes) else {
            session?.pending = nil
            return ResponseAPDU(status: 0x6700)
        }
        let repeatable = session?.repeatable
        session?.repeatable = nil
        // Hosts send GET RESPONSE with the class of the command, or with ISO's.
        if command.ins == 0xC0, command.cla & 0x80 == 0 || session?.pending != nil {
            return continueAnswer(command)
        }
        session?.pending = nil
        if let repeatable, repeatable.header == command.header, repeatable.data == command.data {
            return deliver(repeatable.answer, to: command)
        }
        let answer = respond(to: command)
        // A power cut inside the command left no session to answer in.
        guard isPowered, !answer.data.isEmpty else { return answer }
        return deliver(answer, to: command)
    }

    private func parse(_ bytes: [UInt8]) -> CommandAPDU? {
        guard let command = try? CommandAPDU(parsing: bytes) else { return nil }
        guard profile.hasExtendedLength || !isExtended(bytes) else { return nil }
        return command
    }

    /// Told from the bytes, not from the values: an extended form may hold small numbers.
    private func isExtended(_ bytes: [UInt8]) -> Bool { bytes.count > 5 && bytes[4] == 0 }

    private func deliver(_ answer: ResponseAPDU, to command: CommandAPDU) -> ResponseAPDU {
        let channel = command.cla.logicalChannel
        if profile.isT0 {
            // Case 4 always: the command went in this direction, so the data must be fetched.
            if !command.data.isEmpty { return announce(answer, channel: channel) }
            // Case 2 must name the exact length; a case 1 command named none.
            let wanted = command.expectedLength ?? 256
            if answer.data.count > 256 { return portion(answer, wanted: wanted, channel: channel) }
            return wanted == answer.data.count ? answer : correctLength(answer, command)
        }
        let wanted = command.expectedLength ?? (profile.hasExtendedLength ? 65_536 : 256)
        if wanted < min(answer.data.count, 256) { return correctLength(answer, command) }
        return portion(answer, wanted: wanted, channel: channel)
    }

    private func correctLength(_ answer: ResponseAPDU, _ command: CommandAPDU) -> ResponseAPDU {
        session?.repeatable = (command.header, command.data, answer)
        return ResponseAPDU(status: StatusWord(0x6C00 | UInt16(min(answer.data.count, 256) & 0xFF)))
    }

    private func announce(_ answer: ResponseAPDU, channel: Int) -> ResponseAPDU {
        session?.pending = (answer.data, answer.status, channel)
        return ResponseAPDU(status: StatusWord(0x6100 | UInt16(min(answer.data.count, 256) & 0xFF)))
    }

    private func portion(_ answer: ResponseAPDU, wanted: Int, channel: Int) -> ResponseAPDU {
        guard answer.data.count > wanted else { return answer }
        let rest = Array(answer.data.dropFirst(wanted))
        session?.pending = (rest, answer.status, channel)
        return ResponseAPDU(
            data: Array(answer.data.prefix(wanted)),
            status: StatusWord(0x6100 | UInt16(min(rest.count, 256) & 0xFF)))
    }

    private func continueAnswer(_ command: CommandAPDU) -> ResponseAPDU {
        guard let pending = session?.pending, pending.channel == command.cla.logicalChannel else {
            return ResponseAPDU(status: Refusal.conditionsNotSatisfied.status)
        }
        guard command.p1 == 0, command.p2 == 0 else {
            return ResponseAPDU(status: Refusal.incorrectParameters.status)
        }
        guard command.data.isEmpty else { return ResponseAPDU(status: Refusal.wrongLength.status) }
        let wanted = command.expectedLength ?? 256
        if wanted > pending.data.count, wanted != 256 {
            // More than there is; nothing is lost, and the exact length may be asked for.
            return ResponseAPDU(status: StatusWord(0x6C00 | UInt16(min(pending.data.count, 256) & 0xFF)))
        }
        session?.pending = nil
        return portion(
            ResponseAPDU(data: pending.data, status: pending.status), wanted: wanted,
            channel: pending.channel)
    }
}

extension CommandAPDU {
    fileprivate var header: [UInt8] { [cla, ins, p1, p2] }
}
