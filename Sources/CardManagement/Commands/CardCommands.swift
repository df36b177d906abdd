package import GlobalPlatform
package import SmartCard

/// The commands of GPCS 2.3.1 chapter 11 other than INSTALL and PUT KEY, in clear; a session secures them.
extension CommandAPDU {
    /// SELECT by name (§11.9); no AID selects whatever the card selects by default.
    package static func select(_ aid: AID?, isNext: Bool = false) -> CommandAPDU {
        CommandAPDU(
            0x00, Instruction.select, 0x04, isNext ? 0x02 : 0x00, data: aid?.bytes ?? [], expecting: 256)
    }

    /// GET DATA (§11.3). `2F00` needs its tag list, every other tag stands alone.
    package static func getData(_ tag: BERTag) -> CommandAPDU {
        let data: [UInt8] = tag == .applicationList ? [0x5C, 0x00] : []
        return CommandAPDU(
            0x80, Instruction.getData, UInt8(tag.rawValue >> 8 & 0xFF), UInt8(tag.rawValue & 0xFF),
            data: data,
            expecting: 256)
    }

    /// GET STATUS (§11.4) in the TLV form, over all entries or those whose AID begins with some bytes.
    package static func getStatus(
        _ scope: RegistryScope, matching partialAID: [UInt8] = [], format: RegistryFormat = .tlv,
        isNext: Bool = false
    ) -> CommandAPDU {
        let p2 = (format == .tlv ? 0x02 : 0x00) | (isNext ? 0x01 : 0x00) as UInt8
        return CommandAPDU(
            0x80, Instruction.getStatus, scope.rawValue, p2, data: BERTLV.encode(.aid, partialAID),
            expecting: 256)
    }

    /// DELETE [card content] (§11.2.2.3.1).
    package static func delete(_ aid: AID, withRelated: Bool, token: [UInt8] = []) -> CommandAPDU {
        let signature = token.isEmpty ? [] : BERTLV.encode(0x9E, token)
        return CommandAPDU(
            0x80, Instruction.delete, 0x00, withRelated ? 0x80 : 0x00,
            data: BERTLV.encode(.aid, aid.bytes) + signature, expecting: 256)
    }

    /// DELETE [key] (§11.2.2.3.2): one key, or all with the identifier or the version.
    package static func deleteKey(identifier: UInt8?, version: UInt8?) -> CommandAPDU {
        precondition(identifier != nil || version != nil, "DELETE [key] names an identifier or a version")
        let data =
            (identifier.map { BERTLV.encode(0xD0, [$0]) } ?? [])
            + (version.map { BERTLV.encode(0xD2, [$0]) } ?? [])
        return CommandAPDU(0x80, Instruction.delete, 0x00, 0x00, data: data, expecting: 256)
    }

    /// MANAGE ELF UPGRADE (Amendment H 1.1): what the upgrade of a load file begins with.
    package static func startELFUpgrade(of loadFile: AID) -> CommandAPDU {
        manageELFUpgrade(.start, data: ELFUpgradeRequest(loadFile).data)
    }

    /// MANAGE ELF UPGRADE, about the one session that the card has.
    package static func manageELFUpgrade(_ action: ELFUpgradeAction, data: [UInt8] = []) -> CommandAPDU {
        CommandAPDU(0x80, Instruction.manageELFUpgrade, action.rawValue, 0x00, data: data, expecting: 256)
    }

    /// SET STATUS (§11.10) of the card itself, through its issuer domain.
    package static func setStatus(card state: CardLifeCycle, issuer: AID?) -> CommandAPDU {
        CommandAPDU(0x80, Instruction.setStatus, 0x80, state.rawValue, data: issuer?.bytes ?? [])
    }

    /// SET STATUS (§11.10) of an application or domain; `0x80` locks and the state before it unlocks.
    package static func setStatus(application aid: AID, state: UInt8) -> CommandAPDU {
        CommandAPDU(0x80, Instruction.setStatus, 0x40, state, data: aid.bytes)
    }

    /// SET STATUS (§11.10) of a domain and everything associated with it.
    package static func setStatus(domainAndApplications aid: AID, state: UInt8) -> CommandAPDU {
        CommandAPDU(0x80, Instruction.setStatus, 0x60, state, data: aid.bytes)
    }

    /// MANAGE CHANNEL (§11.7): the card chooses the number and answers it.
    package static let openLogicalChannel = CommandAPDU(
        0x00, Instruction.manageChannel, 0x00, 0x00, expecting: 1)

    package static func closeLogicalChannel(_ number: Int) -> CommandAPDU {
        precondition((1...19).contains(number), "the basic channel is never closed")
        return CommandAPDU(0x00, Instruction.manageChannel, 0x80, UInt8(number))
    }
}

/// The structure of STORE DATA's data (GPCS 2.3.1 table 11-85, bits b5 and b4 of P1).
package enum StoreDataFormat: UInt8, CaseIterable, Hashable, Sendable {
    case unstructured = 0x00
    case dgi = 0x08
    case berTLV = 0x10
}

/// STORE DATA (GPCS 2.3.1 §11.11) split over as many commands as it needs.
package struct StoreData: Hashable, Sendable {
    package var format: StoreDataFormat
    /// Bit b7 and b6 of P1: the application defines what is encrypted (01), or all of it is (11).
    package var encryption: Encryption
    /// Whether response data may be returned (case 4, bit b1 of P1).
    package var expectsAnswer: Bool

    package enum Encryption: UInt8, CaseIterable, Hashable, Sendable {
        case none = 0x00
        case applicationDependent = 0x20
        case all = 0x60
    }

    package init(
        format: StoreDataFormat = .unstructured, encryption: Encryption = .none, expectsAnswer: Bool = false
    ) {
        self.format = format
        self.encryption = encryption
        self.expectsAnswer = expectsAnswer
    }

    /// One command per block, numbered from zero; the last one says so.
    ///
    /// The block number has one byte: more than 256 blocks are an error of the caller.
    package func commands(blocks: [[UInt8]]) -> [CommandAPDU] {
        precondition((1...256).contains(blocks.count), "STORE DATA numbers its blocks 00 to FF")
        return blocks.enumerated().map { index, block in
            let last: UInt8 = index == blocks.count - 1 ? 0x80 : 0x00
            let p1 = last | encryption.rawValue | format.rawValue | (expectsAnswer ? 0x01 : 0x00)
            return CommandAPDU(
                0x80, Instruction.storeData, p1, UInt8(index), data: block,
                expecting: expectsAnswer ? 256 : nil)
        }
    }

    package func commands(data: [UInt8], blockBytesMax: Int) -> [CommandAPDU] {
        commands(blocks: data.isEmpty ? [[]] : data.chunks(of: blockBytesMax))
    }
}

extension Array<UInt8> {
    /// Runs of at most `size` bytes, in order.
    package func chunks(of size: Int) -> [[UInt8]] {
        precondition(size > 0, "a chunk holds something")
        return stride(from: 0, to: count, by: size).map { Array(self[$0..<Swift.min($0 + size, count)]) }
    }
}
