package import GlobalPlatform
package import SmartCard

/// A card model as data: what a user can write in a text file (docs: `profiles/`). One value is shared by all
/// cards of the model.
package final class CardProfile: Sendable {
    package struct Memory: Hashable, Sendable {
        package let nonVolatileBytes: Int
        package let volatileBytes: Int
        /// Persistent memory is given out in whole blocks of this size.
        package let blockBytes: Int
        /// What every persistent object takes beside its contents.
        package let objectOverheadBytes: Int
        /// Registry entry and fixed data of an application.
        package let instanceBytes: Int
        /// The same for a security domain.
        package let domainBytes: Int
        /// What of a load file data block stays on the card after linking, in percent.
        package let codePercent: Int
        /// Whether C7, C8, D7 and D8 are heeded (GPCS 2.3.1 §9.7 is optional).
        package let hasQuotas: Bool
        /// Whether FF21 is answered at all.
        package let hasReport: Bool
        /// What FF21 says, in percent of the truth, and at most.
        package let reportPercent: Int
        package let reportCeiling: Int
        /// 6A84, or 6581 on cards that say so.
        package let exhaustedStatus: StatusWord
    }

    package struct FactoryKeys: Sendable {
        package let version: UInt8
        package let type: KeyType
        package let value: [UInt8]
    }

    /// A package in read-only memory.
    package struct RomPackage: Hashable, Sendable {
        package let aid: AID
        package let major: UInt8
        package let minor: UInt8
        /// Listed by GET STATUS when it has modules; else a library, known for imports only.
        package let modules: [AID]
    }

    /// Milliseconds that the card takes for a command: what an edge may sleep.
    package struct Timing: Hashable, Sendable {
        package let perCommand: Double
        package let perKilobyte: Double
        package let perInstruction: [UInt8: Double]
    }

    package let name: String
    package let title: String
    package let text: String
    package let answerToReset: [UInt8]
    package let issuerDomain: AID
    package let lifeCycle: CardLifeCycle
    package let productionLifeCycle: [UInt8]
    package let issuerIdentificationNumber: [UInt8]
    /// `nil`: made from the card's serial number.
    package let cardImageNumber: [UInt8]?
    package let factoryKeys: FactoryKeys
    package let scp02Options: UInt8?
    package let scp03Options: UInt8?
    package let memory: Memory
    package let romPackages: [RomPackage]
    package let logicalChannelCount: Int
    package let hasExtendedLength: Bool
    package let hasLegacyStatus: Bool
    /// Failed authentications after which a key set is blocked; 0: never.
    package let authenticationTriesMax: Int
    package let statusUnresolvedImport: StatusWord
    /// GPCS 2.3.1 §11.1.5.1 computes security over the whole chain; older cards do it per command.
    package let isChainSecuredWhole: Bool
    /// Whether a load file can be upgraded with the data of its applications kept (Amendment H).
    package let upgradesLoadFiles: Bool
    package let timing: Timing
    /// Some cards refuse SELECT without a name, with 6A87 or 6A82.
    package let selectWithoutNameStatus: StatusWord?
    /// Some cards name themselves wrongly in the answer to SELECT.
    package let wrongFCIName: [UInt8]?

    init(_ fields: ProfileFields) throws(ProfileError) {
        text = fields.text
        name = try fields.text("name")
        title = try fields.text("title")
        answerToReset = try fields.bytes("atr")
        issuerDomain = try fields.aid("issuer-domain")
        lifeCycle = try fields.lifeCycle("life-cycle")
        productionLifeCycle = try fields.bytes("cplc", count: 42)
        issuerIdentificationNumber = try fields.bytes("iin")
        cardImageNumber = try fields.optionalBytes("cin")
        factoryKeys = try fields.factoryKeys()
        scp02Options = try fields.optionalByte("scp02")
        scp03Options = try fields.optionalByte("scp03")
        memory = try fields.memory()
        romPackages = try fields.romPackages()
        logicalChannelCount = try fields.number("logical-channels", in: 1...4)
        hasExtendedLength = try fields.flag("extended-length")
        hasLegacyStatus = try fields.flag("legacy-status")
        authenticationTriesMax = try fields.number("authentication-tries", in: 0...255)
        statusUnresolvedImport = try fields.status("unresolved-import")
        isChainSecuredWhole = try fields.flag("chain-secured-whole")
        upgradesLoadFiles = try fields.optionalFlag("elf-upgrade")
        timing = try fields.timing()
        selectWithoutNameStatus = try fields.optionalStatus("quirk-select-without-name")
        wrongFCIName = try fields.optionalBytes("quirk-fci-aid")
        try fields.refuseUnknown()
        guard scp02Options != nil || scp03Options != nil else { throw .missing("scp02 or scp03") }
        guard channelProtocol(for: factoryKeys.type) != nil else {
            throw .malformed(
                key: "key-type", value: try fields.text("key-type"),
                wanted: "of use: des goes with scp02, aes with scp03")
        }
    }

    /// Reads a profile file: lines of `key = value`, `#` begins a comment.
    package convenience init(text: String) throws(ProfileError) {
        try self.init(ProfileFields(parsing: text))
    }

    /// The protocol of the ATR's first TD byte: T=0 when there is none (ISO/IEC 7816-3 §8.2.3).
    package var isT0: Bool {
        guard answerToReset.count > 1 else { return true }
        var index = 2
        var indicator = answerToReset[1]
        for bit: UInt8 in [0x10, 0x20, 0x40] where indicator & bit != 0 { index += 1 }
        guard indicator & 0x80 != 0, index < answerToReset.count else { return true }
        indicator = answerToReset[index]
        return indicator & 0x0F == 0
    }

    func supports(_ version: SecureChannelProtocol.Version) -> Bool {
        switch version {
        case .scp02: scp02Options != nil
        case .scp03: scp03Options != nil
        case .scp01, .scp10, .scp11, .scp21, .scp22, .scp80, .scp81: false
        }
    }

    /// The secure channel that a set of ENC, MAC and DEK keys of this type opens.
    package func channelProtocol(for type: KeyType) -> SecureChannelProtocol? {
        switch type {
        case .des: scp02Options.map { SecureChannelProtocol(.scp02, options: $0) }
        case .aes: scp03Options.map { SecureChannelProtocol(.scp03, options: $0) }
        default: nil
        }
    }
}

/// Why a text is not a profile; every case names the line or the key to mend.
package enum ProfileError: Error, Hashable {
    case notKeyAndValue(line: Int)
    case duplicate(key: String, line: Int)
    case missing(String)
    case unknown(key: String)
    case malformed(key: String, value: String, wanted: String)
}

extension ProfileError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .notKeyAndValue(let line): "line \(line) is not \"key = value\""
        case .duplicate(let key, let line): "line \(line) gives \(key) a second time"
        case .missing(let key): "\(key) is missing"
        case .unknown(let key): "\(key) is not a key of a card profile"
        case .malformed(let key, let value, let wanted): "\(key) = \(value) is not \(wanted)"
        }
    }
}
