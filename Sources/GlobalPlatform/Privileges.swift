/// The privileges of an application or domain (GPCS 2.3.1 §6.6.1, tables 11-7 to 11-9), three bytes.
package struct Privileges: OptionSet, Hashable, Sendable {
    /// Bit 23 is bit b8 of byte 1.
    package let rawValue: UInt32
    package init(rawValue: UInt32) { self.rawValue = rawValue & 0xFF_FFFF }

    /// The one of all option sets searches its way at run time, which every start of the program would pay for.
    package init(arrayLiteral elements: Privileges...) {
        self.init(rawValue: elements.reduce(0) { $0 | $1.rawValue })
    }

    package static let securityDomain = Privileges(rawValue: 0x80_0000)
    package static let dapVerification = Privileges(rawValue: 0xC0_0000)
    package static let delegatedManagement = Privileges(rawValue: 0xA0_0000)
    package static let cardLock = Privileges(rawValue: 0x10_0000)
    package static let cardTerminate = Privileges(rawValue: 0x08_0000)
    package static let cardReset = Privileges(rawValue: 0x04_0000)
    package static let cvmManagement = Privileges(rawValue: 0x02_0000)
    package static let mandatedDAPVerification = Privileges(rawValue: 0xC1_0000)
    package static let trustedPath = Privileges(rawValue: 0x00_8000)
    package static let authorizedManagement = Privileges(rawValue: 0x00_4000)
    package static let tokenVerification = Privileges(rawValue: 0x00_2000)
    package static let globalDelete = Privileges(rawValue: 0x00_1000)
    package static let globalLock = Privileges(rawValue: 0x00_0800)
    package static let globalRegistry = Privileges(rawValue: 0x00_0400)
    package static let finalApplication = Privileges(rawValue: 0x00_0200)
    package static let globalService = Privileges(rawValue: 0x00_0100)
    package static let receiptGeneration = Privileges(rawValue: 0x00_0080)
    package static let cipheredLoadFileDataBlock = Privileges(rawValue: 0x00_0040)
    package static let contactlessActivation = Privileges(rawValue: 0x00_0020)
    package static let contactlessSelfActivation = Privileges(rawValue: 0x00_0010)

    /// What an issuer domain starts with (GPCS 2.3.1 §6.6.2).
    package static let issuerSecurityDomain: Privileges = [
        .securityDomain, .authorizedManagement, .globalRegistry, .globalLock, .globalDelete,
        .tokenVerification,
        .cardLock, .cardTerminate, .trustedPath, .cvmManagement, .cardReset, .finalApplication,
        .receiptGeneration,
    ]

    /// Every privilege with its place in the specification's list and its name, in that order.
    package static let named: [(privilege: Privileges, number: Int, name: String)] = [
        (.securityDomain, 0, "SecurityDomain"), (.dapVerification, 1, "DAPVerification"),
        (.delegatedManagement, 2, "DelegatedManagement"), (.cardLock, 3, "CardLock"),
        (.cardTerminate, 4, "CardTerminate"), (.cardReset, 5, "CardReset"),
        (.cvmManagement, 6, "CVMManagement"), (.mandatedDAPVerification, 7, "MandatedDAPVerification"),
        (.trustedPath, 8, "TrustedPath"), (.authorizedManagement, 9, "AuthorizedManagement"),
        (.tokenVerification, 10, "TokenVerification"), (.globalDelete, 11, "GlobalDelete"),
        (.globalLock, 12, "GlobalLock"), (.globalRegistry, 13, "GlobalRegistry"),
        (.finalApplication, 14, "FinalApplication"), (.globalService, 15, "GlobalService"),
        (.receiptGeneration, 16, "ReceiptGeneration"),
        (.cipheredLoadFileDataBlock, 17, "CipheredLoadFileDataBlock"),
        (.contactlessActivation, 18, "ContactlessActivation"),
        (.contactlessSelfActivation, 19, "ContactlessSelfActivation"),
    ]

    /// One byte (privileges 0 to 7 only) or three.
    package init?(bytes: some Collection<UInt8>) {
        switch bytes.count {
        case 1: self.init(rawValue: bytes.reduce(0) { $0 << 8 | UInt32($1) } << 16)
        case 3: self.init(rawValue: bytes.reduce(0) { $0 << 8 | UInt32($1) })
        default: return nil
        }
    }

    package var bytes: [UInt8] {
        [UInt8(rawValue >> 16 & 0xFF), UInt8(rawValue >> 8 & 0xFF), UInt8(rawValue & 0xFF)]
    }

    /// Bytes of one or three, the shorter where it says everything: old cards know one byte only.
    package var shortestBytes: [UInt8] { rawValue & 0xFFFF == 0 ? [bytes[0]] : bytes }

    /// The names of what is set, in the order of the specification.
    package var names: [String] {
        Self.named.filter { has($0.privilege) }.map(\.name)
    }

    /// Whether the privilege is set; 1 and 7 share their bits with 0, so `contains` alone answers for them.
    package func has(_ privilege: Privileges) -> Bool { contains(privilege) }
}
