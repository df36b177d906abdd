package import CardCrypto
internal import GlobalPlatform
package import SmartCard

/// An operation that a domain without Authorized Management may do with a token (GPCS 2.3.1 §C.4).
package enum DelegatedOperation: Hashable, Sendable {
    /// INSTALL [for load], [for install], [for make selectable], [for extradition], [for registry update]
    /// (§C.4.1 to §C.4.5).
    case install(InstallCommand)
    /// DELETE of an application or load file (§C.4.6).
    case delete(AID, withRelated: Bool, TokenReference = TokenReference())
    /// The combined process, whose token covers its first and its last INSTALL (§C.4.7).
    case combined(InstallCommand.Load, InstallCommand.Install)

    /// What a token signs.
    package var tokenInput: [UInt8] {
        switch self {
        case .install(let command): Self.input(command.p1, command.p2, command.fields)
        case .delete(_, let withRelated, _): Self.input(0x00, withRelated ? 0x80 : 0x00, deleteFields)
        case .combined(let load, let install):
            Self.input(InstallCommand.combinedBegin(load)) + Self.input(InstallCommand.combinedEnd(install))
        }
    }

    package func token(signedBy key: ContentSigningKey) throws(CryptoError) -> [UInt8] {
        try key.signature(of: tokenInput)
    }

    package func isProved(by token: [UInt8], with key: ContentVerificationKey) throws(CryptoError) -> Bool {
        try key.verifies(token, of: tokenInput)
    }

    /// The command that carries the token, not yet protected; for the combined process its last command.
    package func command(token: [UInt8]) -> CommandAPDU {
        switch self {
        case .install(let command): Self.command(command, token)
        case .delete(_, let withRelated, _):
            CommandAPDU(
                0x80, Instruction.delete, 0x00, withRelated ? 0x80 : 0x00,
                data: deleteFields + (token.isEmpty ? [] : BERTLV.encode(0x9E, token)), expecting: 256)
        case .combined(_, let install): Self.command(.combinedEnd(install), token)
        }
    }

    private var deleteFields: [UInt8] {
        guard case .delete(let aid, _, let reference) = self else { return [] }
        return BERTLV.encode(.aid, aid.bytes) + reference.encoded
    }

    private static func command(_ command: InstallCommand, _ token: [UInt8]) -> CommandAPDU {
        CommandAPDU(
            0x80, Instruction.install, command.p1, command.p2,
            data: command.fields + BERTLV.encodeLength(token.count) + token, expecting: 256)
    }

    private static func input(_ command: InstallCommand) -> [UInt8] {
        input(command.p1, command.p2, command.fields)
    }

    /// The length is Lc before the token is added: one byte, or three above 255, which is not BER.
    private static func input(_ p1: UInt8, _ p2: UInt8, _ fields: [UInt8]) -> [UInt8] {
        let length =
            fields.count <= 0xFF ? [UInt8(fields.count)] : [0x00] + UInt16(fields.count).bigEndianBytes
        return [p1, p2] + length + fields
    }
}
