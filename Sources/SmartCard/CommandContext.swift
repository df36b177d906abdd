/// Which command a status word answers: the same two bytes mean different things after different commands.
package enum CommandContext: String, CaseIterable, Hashable, Sendable {
    case select = "SELECT"
    case initializeUpdate = "INITIALIZE UPDATE"
    case externalAuthenticate = "EXTERNAL AUTHENTICATE"
    case install = "INSTALL"
    case installForLoad = "INSTALL [for load]"
    case installForInstall = "INSTALL [for install]"
    case installForMakeSelectable = "INSTALL [for make selectable]"
    case installForExtradition = "INSTALL [for extradition]"
    case installForRegistryUpdate = "INSTALL [for registry update]"
    case installForPersonalization = "INSTALL [for personalization]"
    case load = "LOAD"
    case delete = "DELETE"
    case putKey = "PUT KEY"
    case getStatus = "GET STATUS"
    case setStatus = "SET STATUS"
    case storeData = "STORE DATA"
    case getData = "GET DATA"
    case manageChannel = "MANAGE CHANNEL"
    case beginRMACSession = "BEGIN R-MAC SESSION"
    case endRMACSession = "END R-MAC SESSION"
    case getResponse = "GET RESPONSE"
    case verifyPIN = "VERIFY PIN"
    case changePIN = "CHANGE PIN"
    case unblockPIN = "UNBLOCK PIN"
    case internalAuthenticate = "INTERNAL AUTHENTICATE"
    case performSecurityOperation = "PERFORM SECURITY OPERATION"
    case manageSecurityEnvironment = "MANAGE SECURITY ENVIRONMENT"
    case getChallenge = "GET CHALLENGE"
    case read = "READ"
    case update = "UPDATE"
    case envelope = "ENVELOPE"
    case fetch = "FETCH"
    case terminalResponse = "TERMINAL RESPONSE"

    /// The name as the specifications print it.
    package var name: String { rawValue }

    /// The command without its purpose: what holds for every INSTALL holds for each of them.
    package var general: CommandContext? {
        switch self {
        case .installForLoad, .installForInstall, .installForMakeSelectable, .installForExtradition,
            .installForRegistryUpdate, .installForPersonalization:
            .install
        case .changePIN, .unblockPIN: .verifyPIN
        case .select, .initializeUpdate, .externalAuthenticate, .install, .load, .delete, .putKey, .getStatus,
            .setStatus, .storeData, .getData, .manageChannel, .beginRMACSession, .endRMACSession,
            .getResponse,
            .verifyPIN, .internalAuthenticate, .performSecurityOperation, .manageSecurityEnvironment,
            .getChallenge, .read, .update, .envelope, .fetch, .terminalResponse:
            nil
        }
    }
}

// MARK: - By name

extension CommandContext {
    /// Finds a command by what people type: any case, with spaces, hyphens, brackets or none, "for" or not.
    package init?(name: some StringProtocol) {
        let wanted = Self.folded(name)
        if let context = Self.allCases.first(where: { Self.folded($0.name) == wanted })
            ?? Self.aliases[wanted]
        {
            self = context
        } else {
            return nil
        }
    }

    private static func folded(_ name: some StringProtocol) -> String {
        let words = name.uppercased().split { !$0.isLetter && !$0.isNumber }
        return words.filter { $0 != "FOR" }.joined()
    }

    // As `folded` writes them.
    private static let aliases: [String: CommandContext] = [
        "EXTAUTH": .externalAuthenticate, "EXTERNALAUTH": .externalAuthenticate,
        "INITUPDATE": .initializeUpdate,
        "INSTALLEXTRADITE": .installForExtradition, "INSTALLPERSONALISATION": .installForPersonalization,
        "INSTALLPERSONALISE": .installForPersonalization, "INSTALLPERSONALIZE": .installForPersonalization,
        "VERIFY": .verifyPIN, "VERIFYCHV": .verifyPIN, "CHANGEREFERENCEDATA": .changePIN,
        "CHANGECHV": .changePIN,
        "RESETRETRYCOUNTER": .unblockPIN, "UNBLOCKCHV": .unblockPIN, "PSO": .performSecurityOperation,
        "MSE": .manageSecurityEnvironment, "READBINARY": .read, "READRECORD": .read, "UPDATEBINARY": .update,
        "UPDATERECORD": .update, "PUTDATA": .update, "AUTHENTICATE": .internalAuthenticate,
        "LIST": .getStatus, "STATUS": .getStatus, "LOCK": .setStatus, "UNLOCK": .setStatus,
    ]
}

// MARK: - By command

extension CommandContext {
    /// The command that these bytes are; `nil` for one that has no explanations of its own.
    package init?(_ command: CommandAPDU) {
        let isInterindustry = command.cla & 0x80 == 0
        if command.ins == 0xE6, !isInterindustry {
            self = Self.install(p1: command.p1)
            return
        }
        let table = isInterindustry ? Self.interindustry : Self.globalPlatform
        guard let context = table[command.ins] ?? Self.common[command.ins] else { return nil }
        self = context
    }

    /// GPCS 2.3.1 table 11-41: one purpose a bit; bit 8 only says that more follows.
    private static func install(p1: UInt8) -> CommandContext {
        switch p1 & 0x7F {
        case 0x02: .installForLoad
        case 0x04, 0x0C: .installForInstall
        case 0x08: .installForMakeSelectable
        case 0x10: .installForExtradition
        case 0x20: .installForPersonalization
        case 0x40: .installForRegistryUpdate
        default: .install
        }
    }

    // GPCS 2.3.1 table 11-1 and annexes D and E: CLA 80...8F and C0...EF.
    private static let globalPlatform: [UInt8: CommandContext] = [
        0x50: .initializeUpdate, 0xE8: .load, 0xE4: .delete, 0xD8: .putKey, 0xF2: .getStatus,
        0xF0: .setStatus,
        0xE2: .storeData, 0x7A: .beginRMACSession, 0x78: .endRMACSession, 0xC2: .envelope, 0x12: .fetch,
        0x14: .terminalResponse,
    ]

    // ISO/IEC 7816-4:2013 table 5.
    private static let interindustry: [UInt8: CommandContext] = [
        0xB0: .read, 0xB1: .read, 0xB2: .read, 0xB3: .read, 0xD0: .update, 0xD1: .update, 0xD6: .update,
        0xD7: .update, 0xDC: .update, 0xDD: .update, 0xDA: .update, 0xDB: .update, 0xE2: .update,
        0xE4: .delete, 0xC2: .envelope,
    ]

    private static let common: [UInt8: CommandContext] = [
        0xA4: .select, 0x82: .externalAuthenticate, 0xCA: .getData, 0xCB: .getData, 0x70: .manageChannel,
        0xC0: .getResponse, 0x20: .verifyPIN, 0x21: .verifyPIN, 0x24: .changePIN, 0x2C: .unblockPIN,
        0x88: .internalAuthenticate, 0x86: .internalAuthenticate, 0x2A: .performSecurityOperation,
        0x22: .manageSecurityEnvironment, 0x84: .getChallenge,
    ]
}
