internal import GlobalPlatform
internal import SmartCard

/// SCP02 (GPCS 2.3.1 annex E) and SCP03 (Amendment D 1.1.1), on the card's side.
package struct StandardChannels: SecureChannelProtocols {
    private let countsEmptyCommands: Bool

    /// - Parameter countsEmptyCommands: false for a card that leaves commands without data out of the counter of
    ///   SCP03, which Amendment D §6.2.6 does not allow and some cards do.
    package init(countsEmptyCommands: Bool = true) { self.countsEmptyCommands = countsEmptyCommands }

    package func open(_ opening: ChannelOpening) throws(Refusal) -> OpenedChannel {
        switch opening.keySet.channelProtocol?.version {
        case .scp02: try SCP02CardChannel.open(opening)
        case .scp03: try SCP03CardChannel.open(opening, countsEmptyCommands: countsEmptyCommands)
        case .scp01, .scp10, .scp11, .scp21, .scp22, .scp80, .scp81, nil: throw .referencedDataNotFound
        }
    }
}

/// How secure messaging shows in a CLA byte (GPCS 2.3.1 §11.1.4).
struct SecuredHeader {
    let bytes: [UInt8]

    /// Whether the CLA announces secure messaging.
    static func isSecured(_ command: CommandAPDU) -> Bool {
        command.cla & 0x40 == 0 ? command.cla & 0x0C != 0 : command.cla & 0x20 != 0
    }

    /// The CLA with neither channel nor secure messaging: what an R-MAC of SCP02 is computed over.
    static func plainCLA(_ cla: UInt8) -> UInt8 { cla & 0x80 }

    /// The CLA as the application sees it: secure messaging gone, the channel left.
    static func withoutSecureMessaging(_ cla: UInt8) -> UInt8 { cla & 0x40 == 0 ? cla & ~0x0C : cla & ~0x20 }

    /// The header a C-MAC covers: proprietary secure messaging on channel zero, and Lc with the MAC counted in.
    init(securing command: CommandAPDU, dataCount: Int) {
        let cla = Self.plainCLA(command.cla) | 0x04
        let lc = command.isExtended ? [0] + UInt16(dataCount).bigEndianBytes : [UInt8(dataCount)]
        bytes = [cla, command.ins, command.p1, command.p2] + lc
    }

    /// The header before securing, as SCP02 with i bit b2 covers it.
    init(plain command: CommandAPDU, dataCount: Int) {
        let lc = command.isExtended ? [0] + UInt16(dataCount).bigEndianBytes : [UInt8(dataCount)]
        bytes = [Self.plainCLA(command.cla), command.ins, command.p1, command.p2] + lc
    }
}
