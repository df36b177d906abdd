package import CardCrypto

/// A key that signs tokens, receipts or load files (GPCS 2.3.1 table C-1).
package enum ContentSigningKey: Sendable {
    /// Retail MAC (§B.1.2.2).
    case tripleDES(Secret)
    /// CMAC of sixteen bytes (§B.2.2).
    case aes(Secret)
    /// RSA by its length (§B.3), or ECDSA (§B.4.3).
    case asymmetric(PrivateKey)

    package func signature(of message: [UInt8]) throws(CryptoError) -> [UInt8] {
        switch self {
        case .tripleDES(let key): try DESMAC(key: key).retail(message)
        case .aes(let key): try CMAC(aes: key).mac(message)
        case .asymmetric(let key): try key.signature(of: message)
        }
    }

    /// The hashes that a load file may be named by when this key signs it (table C-3, SCP03 table 8-1).
    package var acceptableHashes: [Digest] {
        switch self {
        case .tripleDES: Digest.allCases
        case .aes(let key): Digest.atLeast(key.count == 16 ? .sha256 : key.count == 24 ? .sha384 : .sha512)
        case .asymmetric(let key): Digest.atLeast(key.publicKey.signatureHash)
        }
    }

    package var verificationKey: ContentVerificationKey {
        switch self {
        case .tripleDES(let key): .tripleDES(key)
        case .aes(let key): .aes(key)
        case .asymmetric(let key): .asymmetric(key.publicKey)
        }
    }
}

/// The key that checks what a `ContentSigningKey` made.
package enum ContentVerificationKey: Sendable {
    case tripleDES(Secret)
    case aes(Secret)
    case asymmetric(PublicKey)

    package func verifies(_ signature: [UInt8], of message: [UInt8]) throws(CryptoError) -> Bool {
        switch self {
        case .tripleDES(let key): isEqualInConstantTime(try DESMAC(key: key).retail(message), signature)
        case .aes(let key): isEqualInConstantTime(try CMAC(aes: key).mac(message), signature)
        case .asymmetric(let key): key.verifies(signature, of: message)
        }
    }
}

extension PublicKey {
    /// The hash inside the signature scheme that the key's kind and length ask for.
    fileprivate var signatureHash: Digest {
        switch self {
        case .rsa(let key):
            switch key.globalPlatformScheme {
            case .pkcs1(let digest), .pss(let digest): digest
            }
        case .ec(let key): key.curve.digest
        }
    }
}

extension Digest {
    fileprivate static func atLeast(_ weakest: Digest) -> [Digest] {
        allCases.filter { $0.byteCount >= weakest.byteCount }
    }
}
