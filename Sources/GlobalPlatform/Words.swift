package import SmartCard

/// Tags of GlobalPlatform Card Specification 2.3.1, by the names printed there.
extension BERTag {
    package static let aid: BERTag = 0x4F
    package static let fileControlInformation: BERTag = 0x6F
    package static let dedicatedFileName: BERTag = 0x84
    package static let proprietaryData: BERTag = 0xA5
    package static let issuerIdentificationNumber: BERTag = 0x42
    package static let cardImageNumber: BERTag = 0x45
    package static let cardRecognitionTemplate: BERTag = 0x66
    package static let cardRecognitionData: BERTag = 0x73
    package static let cardCapabilityInformation: BERTag = 0x67
    package static let keyInformationTemplate: BERTag = 0xE0
    package static let keyInformation: BERTag = 0xC0
    package static let sequenceCounter: BERTag = 0xC1
    package static let confirmationCounter: BERTag = 0xC2
    package static let cardProductionLifeCycle: BERTag = 0x9F7F
    package static let extendedCardResources: BERTag = 0xFF21
    package static let applicationList: BERTag = 0x2F00

    package static let registryEntry: BERTag = 0xE3
    package static let lifeCycle: BERTag = 0x9F70
    package static let privileges: BERTag = 0xC5
    package static let executableLoadFile: BERTag = 0xC4
    package static let associatedSecurityDomain: BERTag = 0xCC
    package static let executableModule: BERTag = 0x84
    package static let loadFileVersion: BERTag = 0xCE
    package static let implicitSelection: BERTag = 0xCF

    package static let applicationParameters: BERTag = 0xC9
    package static let systemParameters: BERTag = 0xEF
    package static let loadFileDataBlock: BERTag = 0xC4
    package static let dapBlock: BERTag = 0xE2
    package static let dapSignature: BERTag = 0xC3
}

/// The INS bytes of GPCS 2.3.1 chapter 11 and of the secure channels.
package enum Instruction {
    package static let delete: UInt8 = 0xE4
    package static let getData: UInt8 = 0xCA
    package static let getStatus: UInt8 = 0xF2
    package static let install: UInt8 = 0xE6
    package static let load: UInt8 = 0xE8
    package static let manageChannel: UInt8 = 0x70
    /// Amendment H.
    package static let manageELFUpgrade: UInt8 = 0xEA
    package static let putKey: UInt8 = 0xD8
    package static let select: UInt8 = 0xA4
    package static let setStatus: UInt8 = 0xF0
    package static let storeData: UInt8 = 0xE2
    package static let initializeUpdate: UInt8 = 0x50
    package static let externalAuthenticate: UInt8 = 0x82
    package static let beginRMACSession: UInt8 = 0x7A
    package static let endRMACSession: UInt8 = 0x78
    package static let getResponse: UInt8 = 0xC0
}

/// Identifiers that GlobalPlatform itself registered.
package enum WellKnownAID {
    /// The usual AID of an issuer security domain.
    package static let issuerSecurityDomain = known([0xA0, 0, 0, 0x01, 0x51, 0, 0, 0])
    /// The package from which supplementary security domains are made on most Java Cards.
    package static let securityDomainPackage = known([0xA0, 0, 0, 0x01, 0x51, 0x53, 0x50])
    /// The module in that package.
    package static let securityDomainModule = known([0xA0, 0, 0, 0x01, 0x51, 0x53, 0x50, 0x41])

    /// The package that load files import whose applications hand their data over to a new version (Amendment H).
    package static let upgradeInterface = known([0xA0, 0, 0, 0x01, 0x51, 0x07])

    private static func known(_ bytes: [UInt8]) -> AID {
        guard let aid = try? AID(bytes) else { preconditionFailure("a constant of this file is no AID") }
        return aid
    }
}

/// A secure channel protocol with its options ("i").
package struct SecureChannelProtocol: Hashable, Sendable {
    package enum Version: UInt8, Sendable, CaseIterable {
        case scp01 = 0x01
        case scp02 = 0x02
        case scp03 = 0x03
        case scp10 = 0x10
        case scp11 = 0x11
        case scp21 = 0x21
        case scp22 = 0x22
        case scp80 = 0x80
        case scp81 = 0x81
    }

    package let version: Version
    package let options: UInt8

    package init(_ version: Version, options: UInt8) {
        self.version = version
        self.options = options
    }
}

/// The level of a secure channel session (GPCS 2.3.1 table 10-1), as P1 of EXTERNAL AUTHENTICATE carries it.
package struct SecurityLevel: OptionSet, Hashable, Sendable {
    package let rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    package static let commandMAC = SecurityLevel(rawValue: 0x01)
    package static let commandEncryption = SecurityLevel(rawValue: 0x02)
    package static let responseMAC = SecurityLevel(rawValue: 0x10)
    package static let responseEncryption = SecurityLevel(rawValue: 0x20)
    /// The card has proved itself and nothing more is protected.
    package static let authenticatedOnly: SecurityLevel = []
}
