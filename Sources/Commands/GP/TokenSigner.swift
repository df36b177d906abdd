internal import Arguments
internal import CardCrypto
internal import CardManagement
internal import JSON
internal import SmartCard

/// The issuer's key where management is delegated: it signs what a domain may not do by its own right.
struct TokenSigner {
    private let issuer: ContentSigningKey?

    init(_ desk: CardDesk) throws {
        issuer = try desk.parsed[InstallOptions.tokenKey].map {
            try ContentKeyReading.signing($0, "token key", desk.terminal)
        }
    }

    var acceptableHashes: [Digest] { issuer?.acceptableHashes ?? [] }

    /// The token, or nothing where there is nobody to sign it.
    func token(_ operation: DelegatedOperation) throws(Problem) -> [UInt8] {
        guard let issuer else { return [] }
        do {
            return try operation.token(signedBy: issuer)
        } catch {
            throw Problem("token-not-signed", exit: .badData, "the token cannot be signed", why: "\(error)")
        }
    }
}

extension CardDesk {
    /// Carries out operations that may need tokens, and reads the receipts that the card gives for them.
    ///
    /// - Parameter operations: each with what its receipt is about; nothing where the card gives none.
    func carryOut(
        _ operations: [(operation: DelegatedOperation, subject: ReceiptSubject?)], done text: String,
        _ result: JSONObject
    ) throws {
        let tokens = try TokenSigner(self)
        try ReceiptBook(self).check()
        let commands = try operations.map { try $0.operation.command(token: tokens.token($0.operation)) }
        var result = result
        guard let answers = try change(commands) else { return showDryRun(commands, result) }
        let confirmed = zip(operations, answers).compactMap { operation, answer in
            // A single zero says that there is no confirmation (GPCS 2.3.1 §11.1.6).
            answer.data.count > 1
                ? operation.subject.map { ConfirmedOperation(subject: $0, data: answer.data) } : nil
        }
        let receipts = try ReceiptBook(self).enter(confirmed)
        result["changed"] = .bool(!commands.isEmpty)
        if !receipts.isEmpty { result["receipts"] = .array(receipts.map(\.json)) }
        show(([text] + receipts.map(\.text)).joined(separator: "\n"), .object(result))
    }
}
