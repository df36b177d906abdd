package import SmartCard

/// What MANAGE ELF UPGRADE asks for, in P1 (Amendment H 1.1; docs/reference/elf-upgrade.md says who confirms what).
package enum ELFUpgradeAction: UInt8, CaseIterable, Hashable, Sendable {
    case start = 0x01
    case resume = 0x02
    /// Gives the new code up, so that a load file can come again: the old one, or a better one.
    case recovery = 0x03
    case abort = 0x04
    case status = 0x08
}

/// Where an upgrade stands: what the power or an application interrupted, or what the card waits for.
package enum ELFUpgradeState: UInt8, CaseIterable, Hashable, Sendable {
    case none = 0x00
    case completed = 0x01
    case waitingForLoadFile = 0x02
    case waitingForRestoration = 0x03
    /// The new code did not take the data; they are still kept.
    case restorationFailed = 0x04
    case interruptedSaving = 0x10
    case interruptedCleanup = 0x20
    case interruptedDeletion = 0x30
    case interruptedInstallation = 0x40
    case interruptedRestoration = 0x50
    case interruptedConsolidation = 0x60

    /// The applications of the load file stand still, and the card keeps their data.
    package var isOpen: Bool { self != .none && self != .completed }
}

/// What a card answers to MANAGE ELF UPGRADE: a confirmation and the state, each after its length.
package struct ELFUpgradeStatus: Hashable, Sendable {
    package var state: ELFUpgradeState
    /// `nil` where there is no session to tell of.
    package var loadFile: AID?

    package init(_ state: ELFUpgradeState, loadFile: AID? = nil) {
        self.state = state
        self.loadFile = loadFile
    }

    /// `nil` for anything but a state that is known, and the name that goes with it.
    package init?(answer: [UInt8]) {
        guard let confirmation = answer.first, answer.count > Int(confirmation) + 1 else { return nil }
        let rest = answer.dropFirst(Int(confirmation) + 1)
        guard let count = rest.first, rest.count == Int(count) + 1,
            let template = try? BERTLV.readOne(Array(rest.dropFirst())), template.tag == .elfUpgrade,
            let fields = try? template.children(), let value = fields.first(.elfUpgradeState)?.value,
            value.count == 1, let state = value.first.flatMap(ELFUpgradeState.init)
        else { return nil }
        self.state = state
        loadFile = fields.first(.aid).flatMap { try? AID(Array($0.value)) }
        guard loadFile != nil || !state.isOpen else { return nil }
    }

    /// As a card without anything to confirm answers it.
    package var answer: [UInt8] {
        let name = loadFile.map { BERTLV.encode(.aid, $0.bytes) } ?? []
        let template = BERTLV.encode(
            .elfUpgrade, BERTLV.encode(.elfUpgradeState, [state.rawValue]) + name)
        return [0x00, UInt8(template.count)] + template
    }
}

/// The data of MANAGE ELF UPGRADE [start].
package struct ELFUpgradeRequest: Hashable, Sendable {
    package var loadFile: AID
    package var options: UInt8

    package init(_ loadFile: AID, options: UInt8 = 0) {
        self.loadFile = loadFile
        self.options = options
    }

    package init?(_ data: [UInt8]) {
        guard let template = try? BERTLV.readOne(data), template.tag == .elfUpgrade,
            let fields = try? template.children(), let name = fields.first, name.tag == .aid,
            let aid = try? AID(Array(name.value))
        else { return nil }
        loadFile = aid
        switch fields.count {
        case 1: options = 0
        case 2:
            guard fields[1].tag == .elfUpgradeOptions, fields[1].value.count == 1,
                let value = fields[1].value.first
            else { return nil }
            options = value
        default: return nil
        }
    }

    package var data: [UInt8] {
        let options = options == 0 ? [] : BERTLV.encode(.elfUpgradeOptions, [options])
        return BERTLV.encode(.elfUpgrade, BERTLV.encode(.aid, loadFile.bytes) + options)
    }
}

extension BERTag {
    package static let elfUpgrade: BERTag = 0xA1
    package static let elfUpgradeOptions: BERTag = 0x80
    package static let elfUpgradeState: BERTag = 0x90
}
