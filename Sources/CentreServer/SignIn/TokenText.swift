package import CardCrypto
package import Centre

/// A secret that a program signs in with: `berth_`, its public name, `_`, 32 random bytes. The name finds the row, and
/// leaked tokens are found by the first word.
package struct TokenText {
    package static let prefix = "berth_"
    private static let idBytes = 9
    private static let secretBytes = 32

    package let id: CredentialID
    private let secret: String

    package init(_ entropy: any EntropySource) {
        // Base 64 has no other characters than a name may have, but `_` divides the parts here.
        var name = Base64URL.encode(entropy.bytes(Self.idBytes)).replacing("_", with: ".")
        // On a command line a word that begins with a hyphen is an option.
        if name.hasPrefix("-") { name = "." + String(name.dropFirst()) }
        guard let id = try? CredentialID(name) else { preconditionFailure("base 64 makes a name") }
        self.id = id
        secret = Base64URL.encode(entropy.bytes(Self.secretBytes))
    }

    /// `nil` where the text is no token.
    init?(_ text: some StringProtocol) {
        guard text.hasPrefix(Self.prefix), text.utf8.count <= 128 else { return nil }
        let parts = text.dropFirst(Self.prefix.count).split(
            separator: "_", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, let id = try? CredentialID(String(parts[0])),
            Base64URL.decode(parts[1])?.count == Self.secretBytes
        else { return nil }
        (self.id, secret) = (id, String(parts[1]))
    }

    package var text: String { "\(Self.prefix)\(id)_\(secret)" }
    /// The secret is 256 random bits: one round of a hash hides it as well as many.
    package var digest: [UInt8] { Digest.sha256.hash(Array(text.utf8)) }
}

/// What a person types once into a terminal: twenty characters that cannot be taken for one another, 99 bits.
struct EnrolmentCode {
    private static let alphabet = Array("23456789ABCDEFGHJKLMNPQRSTUVWXYZ".utf8)

    let text: String

    init(_ entropy: any EntropySource) {
        let letters = entropy.bytes(20).map { Self.alphabet[Int($0) & 31] }
        text = stride(from: 0, to: 20, by: 5)
            .map { String(decoding: letters[$0..<$0 + 5], as: UTF8.self) }.joined(separator: "-")
    }

    /// Of what somebody typed: small letters and blanks do not matter.
    static func digest(_ text: String) -> [UInt8] {
        let plain = text.uppercased().utf8.filter { alphabet.contains($0) }
        return Digest.sha256.hash(Array("enrolment ".utf8) + plain)
    }

    var digest: [UInt8] { Self.digest(text) }
}
