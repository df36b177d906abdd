internal import GlobalPlatform
internal import SmartCard

/// MANAGE CHANNEL (GPCS 2.3.1 §6.4.2.2, §6.4.3.2, §11.7).
extension VirtualCard {
    func manageChannel(_ command: CommandAPDU) throws(Refusal) -> ResponseAPDU {
        guard command.cla & 0x0C == 0 else { throw .secureMessagingNotSupported }
        guard profile.logicalChannelCount > 1 else { throw .logicalChannelNotSupported }
        guard command.data.isEmpty else { throw .wrongLength }
        switch (command.p1, command.p2) {
        case (0x00, 0x00): return try openChannel(from: command.cla.logicalChannel)
        case (0x80, 0x01...0x13): return try closeChannel(Int(command.p2))
        default: throw .incorrectParameters
        }
    }

    private func openChannel(from origin: Int) throws(Refusal) -> ResponseAPDU {
        switch state.card.lifeCycle {
        case .cardLocked, .terminated: throw .functionNotSupported
        case .opReady, .initialized, .secured: break
        }
        guard let number = session?.channels.firstIndex(where: { $0 == nil }) else {
            throw .functionNotSupported
        }
        let entry =
            origin == 0
            ? entryImplicitlySelected(onChannel: number) : selectedEntry(origin) ?? state.issuerDomain
        guard !isTakenElsewhere(entry, number) else { throw .conditionsNotSatisfied }
        do throws(Refusal) {
            _ = try enter(entry, number, isByName: false)
        } catch {
            session?.channels[number] = nil
            throw .conditionsNotSatisfied
        }
        return ResponseAPDU(data: [UInt8(number)])
    }

    private func closeChannel(_ number: Int) throws(Refusal) -> ResponseAPDU {
        guard number < profile.logicalChannelCount else { throw .incorrectParameters }
        guard session?.channels[number] != nil else { return ResponseAPDU(status: 0x6200) }
        close(number)
        return ResponseAPDU()
    }
}
