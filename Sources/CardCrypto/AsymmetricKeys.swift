/// A key that may be shown to everyone: for tokens, receipts and DAP signatures.
package enum PublicKey: Hashable, Sendable {
    case rsa(RSAPublicKey)
    case ec(ECPublicKey)

    /// Reads SubjectPublicKeyInfo or PKCS#1 as PEM (RFC 7468, RFC 8017 §A.1.1).
    package init(pem text: some StringProtocol) throws(CryptoError) {
        let handle = try Secret(text.utf8).withBytes { bytes throws(CryptoError) in
            let block = try PEM.keyBlock(in: bytes, isPrivate: false)
            return try KeyHandle(
                decoding: UnsafeRawBufferPointer(rebasing: bytes[block.range]), as: .pem, .publicKey)
        }
        try self.init(handle)
    }

    /// Reads SubjectPublicKeyInfo or PKCS#1 as DER.
    package init(der bytes: some Collection<UInt8>) throws(CryptoError) {
        let handle = try Secret(bytes).withBytes { bytes throws(CryptoError) in
            try KeyHandle(decoding: bytes, as: .der, .publicKey)
        }
        try self.init(handle)
    }

    private init(_ handle: KeyHandle) throws(CryptoError) {
        switch handle.kind {
        case .rsa: self = .rsa(try RSAPublicKey(handle))
        case .ec: self = .ec(try ECPublicKey(handle))
        case nil: throw .unsupportedKey("neither RSA nor EC")
        }
    }

    /// SubjectPublicKeyInfo (RFC 5280 §4.1) as DER.
    package func der() throws(CryptoError) -> [UInt8] {
        switch self {
        case .rsa(let key): try key.handle.subjectPublicKeyInfo()
        case .ec(let key): try key.handle.subjectPublicKeyInfo()
        }
    }

    /// Whether the signature was made by this key in the way that GPCS 2.3.1 §B.3 and §B.4.3 ask for its kind
    /// and length.
    package func verifies(_ signature: [UInt8], of message: [UInt8]) -> Bool {
        switch self {
        case .rsa(let key): key.verifies(signature, of: message, scheme: key.globalPlatformScheme)
        case .ec(let key): key.verifies(signature, of: message)
        }
    }
}

/// A key that is nobody else's: it can be used, and saved under a passphrase, but not printed or compared.
package enum PrivateKey: Sendable {
    case rsa(RSAPrivateKey)
    case ec(ECPrivateKey)

    /// Reads PKCS#8 (plain or encrypted), PKCS#1 or SEC1 as PEM (RFC 7468, RFC 5958, RFC 8017, RFC 5915).
    package init(pem text: Secret, passphrase: Secret? = nil) throws(CryptoError) {
        let handle = try text.withBytes { bytes throws(CryptoError) in
            let block = try PEM.keyBlock(in: bytes, isPrivate: true)
            if block.isEncrypted && passphrase == nil { throw .passphraseNeeded }
            return try KeyHandle(
                decoding: UnsafeRawBufferPointer(rebasing: bytes[block.range]), as: .pem, .privateKey,
                passphrase: block.isEncrypted ? passphrase : nil)
        }
        try self.init(handle)
    }

    /// Reads PKCS#8 (plain or encrypted), PKCS#1 or SEC1 as DER.
    package init(der: Secret, passphrase: Secret? = nil) throws(CryptoError) {
        let handle = try der.withBytes { bytes throws(CryptoError) in
            let isEncrypted = Self.isEncryptedPKCS8(bytes)
            if isEncrypted && passphrase == nil { throw .passphraseNeeded }
            return try KeyHandle(
                decoding: bytes, as: .der, .privateKey, passphrase: isEncrypted ? passphrase : nil)
        }
        try self.init(handle)
    }

    private init(_ handle: KeyHandle) throws(CryptoError) {
        switch handle.kind {
        case .rsa: self = .rsa(try RSAPrivateKey(handle))
        case .ec: self = .ec(try ECPrivateKey(handle))
        case nil: throw .unsupportedKey("neither RSA nor EC")
        }
    }

    package var publicKey: PublicKey {
        switch self {
        case .rsa(let key): .rsa(key.publicKey)
        case .ec(let key): .ec(key.publicKey)
        }
    }

    /// PKCS#8 as PEM: how a key is kept in a file.
    ///
    /// Without a passphrase the file is the key.
    package func pem(passphrase: Secret?) throws(CryptoError) -> Secret {
        if let passphrase, passphrase.count == 0 { throw .passphraseNeeded }
        switch self {
        case .rsa(let key): return try key.handle.privatePEM(passphrase: passphrase)
        case .ec(let key): return try key.handle.privatePEM(passphrase: passphrase)
        }
    }

    /// Signs in the way that GPCS 2.3.1 §B.3 and §B.4.3 ask for the key's kind and length.
    package func signature(of message: [UInt8]) throws(CryptoError) -> [UInt8] {
        switch self {
        case .rsa(let key):
            try key.signature(of: message, scheme: key.publicKey.globalPlatformScheme)
        case .ec(let key): try key.signature(of: message)
        }
    }

    /// EncryptedPrivateKeyInfo begins with a SEQUENCE, every plain form with a version number (RFC 5958 §3).
    private static func isEncryptedPKCS8(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard bytes.count > 2, bytes[0] == 0x30 else { return false }
        let first = bytes[1] < 0x80 ? 2 : 2 + Int(bytes[1] & 0x7F)
        return first < bytes.count && bytes[first] == 0x30
    }
}

extension PrivateKey: CustomStringConvertible, CustomReflectable {
    package var description: String {
        switch self {
        case .rsa(let key): key.description
        case .ec(let key): key.description
        }
    }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
