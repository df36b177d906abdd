internal import Arguments
internal import CardCrypto
internal import CardManagement

/// Keys that sign or verify card content: PEM for RSA and EC, hex for AES.
enum ContentKeyReading {
    static func signing(
        _ source: SecretSource, _ label: String, _ terminal: Terminal
    ) throws -> ContentSigningKey {
        if let pem = try pem(source, label, terminal) {
            do {
                return .asymmetric(try PrivateKey(pem: pem))
            } catch {
                throw malformed(label, error)
            }
        }
        return .aes(try KeyReading.read(source, label: label, on: terminal))
    }

    static func verifying(
        _ source: SecretSource, _ label: String, _ terminal: Terminal
    ) throws -> ContentVerificationKey {
        if let pem = try pem(source, label, terminal) {
            do {
                return .asymmetric(
                    try pem.withBytes { try PublicKey(pem: String(decoding: $0, as: UTF8.self)) })
            } catch {
                throw malformed(label, error)
            }
        }
        return .aes(try KeyReading.read(source, label: label, on: terminal))
    }

    private static func pem(_ source: SecretSource, _ label: String, _ terminal: Terminal) throws -> Secret? {
        // A prompt or a pipe gives its secret once: only what can be read again is looked at first.
        guard case .file = source else { return nil }
        return try terminal.withSecret(source, label: label) { bytes in
            bytes.starts(with: "-----".utf8) ? Secret(bytes) : nil
        }
    }

    private static func malformed(_ label: String, _ error: any Error) -> Problem {
        Problem(
            "key-malformed", exit: .badData, "the \(label) cannot be used", why: "\(error)",
            advice: ["give a PEM file with file:PATH, or an AES key in hex"])
    }
}
