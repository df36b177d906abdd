/// How an RSA signature is made (PKCS #1 v2.2, RFC 8017).
package enum RSASignatureScheme: Hashable, Sendable {
    /// RSASSA-PKCS1-v1_5 (§8.2).
    case pkcs1(Digest)
    /// RSASSA-PSS (§8.1): MGF1 with the same hash, a salt of the hash's length, trailer `BC`.
    case pss(Digest)

    var digest: Digest {
        switch self {
        case .pkcs1(let digest), .pss(let digest): digest
        }
    }

    var padding: KeyHandle.Padding {
        switch self {
        case .pkcs1: .pkcs1
        case .pss: .pss
        }
    }

    /// The smallest key that has room for the padded hash (§9.1.1, §9.2).
    var modulusBitsMin: Int {
        switch self {
        case .pkcs1(let digest): 8 * (digest.byteCount + 19 + 11)
        case .pss(let digest): 8 * (2 * digest.byteCount + 2) + 1
        }
    }
}

/// An RSA public key whose numbers are plausible: an odd modulus of 1,024 to 8,192 bits and an odd exponent.
package struct RSAPublicKey: Sendable {
    /// Cards work with 1,024 bits and more (GPCS 2.3.1 §B.3); longer numbers only cost time.
    package static let modulusBits = 1_024...8_192
    /// FIPS 186-5 §5.1 ends here; beyond, an exponent is a way to keep the verifier busy.
    static let exponentBytesMax = 32

    /// Most significant byte first, no leading zero.
    package let modulus: [UInt8]
    package let exponent: [UInt8]
    let handle: KeyHandle

    package var bits: Int { modulus.count * 8 - (modulus.first?.leadingZeroBitCount ?? 0) }

    /// What GPCS 2.3.1 §B.3 asks: scheme 1 for 1,024 bits, scheme 2 for longer keys.
    package var globalPlatformScheme: RSASignatureScheme { bits > 1_024 ? .pss(.sha256) : .pkcs1(.sha1) }

    /// Numbers with the most significant byte first; leading zeros are dropped.
    package init(
        modulus: some Collection<UInt8>, exponent: some Collection<UInt8>
    ) throws(CryptoError) {
        let modulus = Array(modulus.drop { $0 == 0 })
        let exponent = Array(exponent.drop { $0 == 0 })
        try Self.check(modulus: modulus, exponent: exponent)
        self.modulus = modulus
        self.exponent = exponent
        handle = try KeyHandle(.rsa, .publicKey, [.number("n", modulus), .number("e", exponent)])
    }

    /// Reads the numbers out and builds a public key of its own, which holds nothing private.
    init(_ handle: KeyHandle) throws(CryptoError) {
        guard let modulus = handle.number("n"), let exponent = handle.number("e") else {
            throw .malformedKey("an RSA key without modulus or exponent")
        }
        try self.init(modulus: modulus, exponent: exponent)
    }

    /// Whether the private half of this key made the signature over exactly this message.
    package func verifies(_ signature: [UInt8], of message: [UInt8], scheme: RSASignatureScheme) -> Bool {
        guard signature.count == modulus.count, bits >= scheme.modulusBitsMin else { return false }
        return handle.verify(signature, of: message, scheme.digest, scheme.padding)
    }

    private static func check(modulus: [UInt8], exponent: [UInt8]) throws(CryptoError) {
        let bits = modulus.count * 8 - (modulus.first?.leadingZeroBitCount ?? 0)
        guard modulusBits.contains(bits) else { throw .unsupportedKey("an RSA modulus of \(bits) bits") }
        guard modulus.last.map({ $0 & 1 == 1 }) ?? false else { throw .malformedKey("an even RSA modulus") }
        guard let low = exponent.last, low & 1 == 1, exponent != [1] else {
            throw .malformedKey("an RSA exponent that is even or 1")
        }
        guard exponent.count <= exponentBytesMax else {
            throw .unsupportedKey("an RSA exponent of \(exponent.count) bytes")
        }
    }
}

extension RSAPublicKey: Hashable {
    package static func == (left: RSAPublicKey, right: RSAPublicKey) -> Bool {
        left.modulus == right.modulus && left.exponent == right.exponent
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(modulus)
        hasher.combine(exponent)
    }
}

extension RSAPublicKey: CustomStringConvertible {
    package var description: String { "RSA public key, \(bits) bits" }
}

/// An RSA private key; its numbers stay inside OpenSSL.
package struct RSAPrivateKey: Sendable {
    package let publicKey: RSAPublicKey
    let handle: KeyHandle

    init(_ handle: KeyHandle) throws(CryptoError) {
        publicKey = try RSAPublicKey(handle)
        guard handle.isConsistent(.privateKey) else {
            throw .malformedKey("the numbers of the RSA key do not fit together")
        }
        self.handle = handle
    }

    /// A new key with the public exponent 65,537.
    package static func generate(bits: Int) throws(CryptoError) -> RSAPrivateKey {
        guard RSAPublicKey.modulusBits.contains(bits) else {
            throw .unsupportedKey("an RSA modulus of \(bits) bits")
        }
        return try RSAPrivateKey(KeyHandle(generating: .rsa, bits: bits))
    }

    package func signature(
        of message: [UInt8], scheme: RSASignatureScheme
    ) throws(CryptoError) -> [UInt8] {
        guard publicKey.bits >= scheme.modulusBitsMin else { throw .keyTooShort(bits: publicKey.bits) }
        return try handle.sign(message, scheme.digest, scheme.padding)
    }
}

extension RSAPrivateKey: CustomStringConvertible, CustomReflectable {
    package var description: String { "RSA private key, \(publicKey.bits) bits" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
