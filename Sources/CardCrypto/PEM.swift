/// The textual envelope of keys (RFC 7468): finds the block that holds a key and says what else is there.
enum PEM {
    /// A file of keys is some kilobytes; more is not a key.
    static let bytesMax = 65_536

    enum Label: String, CaseIterable {
        case publicKey = "PUBLIC KEY"
        case rsaPublicKey = "RSA PUBLIC KEY"
        case privateKey = "PRIVATE KEY"
        case encryptedPrivateKey = "ENCRYPTED PRIVATE KEY"
        case rsaPrivateKey = "RSA PRIVATE KEY"
        case ecPrivateKey = "EC PRIVATE KEY"

        var isPrivate: Bool {
            switch self {
            case .publicKey, .rsaPublicKey: false
            case .privateKey, .encryptedPrivateKey, .rsaPrivateKey, .ecPrivateKey: true
            }
        }
    }

    struct Block {
        let label: Label
        let range: Range<Int>
        let isEncrypted: Bool
    }

    /// The one key block of the wanted kind.
    ///
    /// Parameters and certificates beside it are passed over. Works on lent bytes, so that no copy of a
    /// private key is left behind.
    static func keyBlock(
        in text: UnsafeRawBufferPointer, isPrivate: Bool
    ) throws(CryptoError) -> Block {
        guard text.count <= bytesMax else { throw .malformedKey("more than \(bytesMax) bytes") }
        let found = Label.allCases.compactMap { block($0, in: text) }
        guard let block = found.first(where: { $0.label.isPrivate == isPrivate }) else {
            throw .malformedKey(complaint(found, isPrivate: isPrivate))
        }
        return block
    }

    private static func complaint(_ found: [Block], isPrivate: Bool) -> String {
        let wanted = isPrivate ? "a private key" : "a public key"
        guard let other = found.first else { return "there is no PEM block with \(wanted)" }
        return "there is a PEM block \(other.label.rawValue), but \(wanted) is needed"
    }

    private static func block(_ label: Label, in text: UnsafeRawBufferPointer) -> Block? {
        let begin = Array("-----BEGIN \(label.rawValue)-----".utf8)
        let end = Array("-----END \(label.rawValue)-----".utf8)
        guard let start = position(of: begin, in: text[...]),
            let last = position(of: end, in: text[(start + begin.count)...])
        else { return nil }
        let isTraditional = position(of: Array("Proc-Type: 4,ENCRYPTED".utf8), in: text[start..<last]) != nil
        return Block(
            label: label, range: start..<last + end.count,
            isEncrypted: label == .encryptedPrivateKey || isTraditional)
    }

    private static func position(of pattern: [UInt8], in text: Slice<UnsafeRawBufferPointer>) -> Int? {
        guard text.count >= pattern.count else { return nil }
        return (text.startIndex...(text.endIndex - pattern.count)).first { start in
            text[start] == pattern[0] && text[start...].starts(with: pattern)
        }
    }
}
