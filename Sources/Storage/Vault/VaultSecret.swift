package import CardCrypto

/// What somebody gives to open a vault.
package enum VaultSecret: Sendable {
    case passphrase(Secret)
    case keyFile(Secret)

    package static let passphraseBytesMin = 12
    /// As many as the key that is made of it.
    package static let keyFileBytesMin = 32

    /// 128 MiB and a part of a second: a vault is opened once per start, not once per sign-in.
    package static func usualCost() throws(CryptoError) -> KeyDerivation.ScryptCost {
        try .init(workExponent: 17, blockSize: 8, parallelism: 1)
    }

    package enum Kind: Hashable, Sendable {
        case passphrase
        case keyFile
    }

    package var kind: Kind {
        switch self {
        case .passphrase: .passphrase
        case .keyFile: .keyFile
        }
    }

    /// A new vault wants more than a few letters.
    package func checkStrength() throws(VaultFileError) {
        switch self {
        case .passphrase(let secret):
            guard secret.count >= Self.passphraseBytesMin else {
                throw .tooWeak(.passphrase, byteCount: secret.count, least: Self.passphraseBytesMin)
            }
        case .keyFile(let secret):
            guard secret.count >= Self.keyFileBytesMin else {
                throw .tooWeak(.keyFile, byteCount: secret.count, least: Self.keyFileBytesMin)
            }
        }
    }

    /// The key of the file, as its header asks for it.
    func key(for header: VaultFormat.Header) throws(VaultFileError) -> Secret {
        do {
            switch (self, header.protection) {
            case (.passphrase(let secret), .passphrase(let cost)):
                return try KeyDerivation.scrypt(
                    secret, salt: header.salt, cost: cost, count: SealedBox.keyBytes)
            case (.keyFile(let secret), .keyFile):
                return try KeyDerivation.x963(
                    secret, sharedInfo: Array("berth vault key file".utf8) + header.salt, digest: .sha256,
                    count: SealedBox.keyBytes)
            case (.keyFile, .passphrase): throw VaultFileError.otherKind(wanted: .passphrase)
            case (.passphrase, .keyFile): throw VaultFileError.otherKind(wanted: .keyFile)
            }
        } catch let error as VaultFileError {
            throw error
        } catch let error as CryptoError {
            throw .format(.crypto(error))
        } catch {
            preconditionFailure("only the two kinds of errors above are thrown")
        }
    }
}

/// Why a vault file was not read, or not written. Never carries a secret.
package enum VaultFileError: Error, Hashable {
    case missing
    case exists
    case unreadable(String)
    /// The file there is as it was before.
    case unwritable(String)
    /// Another program is changing it at this moment.
    case busy
    case tooLarge
    case otherKind(wanted: VaultSecret.Kind)
    case tooWeak(VaultSecret.Kind, byteCount: Int, least: Int)
    case format(VaultFormatError)
    case contents(VaultContentsError)
}
