package import CardCrypto
internal import CardManagement
internal import Centre
internal import SmartCard

/// The bytes of a vault file, version 1 (docs/operating/vault.md has the table).
///
/// Of every version to come the first fourteen bytes and the last thirty-two mean the same, so that a file that was
/// cut or damaged is told from one that a newer Berth wrote, without its key.
package struct VaultFormat: Sendable {
    static let magic = Array("BERTHVLT".utf8)
    package static let version: UInt16 = 1
    static let preludeBytes = 14
    static let headerBytes = 42
    static let saltBytes = 16
    static let vaultIDBytes = 8
    static let bytesMax = 1 << 20

    /// What of the file is not secret.
    package struct Header: Hashable, Sendable {
        package let vault: [UInt8]
        package let protection: VaultProtection
        package let salt: [UInt8]

        package init(vault: [UInt8], protection: VaultProtection, salt: [UInt8]) {
            self.vault = vault
            self.protection = protection
            self.salt = salt
        }
    }

    package let header: Header
    private let authenticated: [UInt8]
    private let box: SealedBox

    /// Checks everything that can be checked without the key.
    package init(parsing bytes: [UInt8]) throws(VaultFormatError) {
        guard bytes.prefix(Self.magic.count).elementsEqual(Self.magic.prefix(bytes.count)) else {
            throw .notAVault
        }
        guard bytes.count >= Self.preludeBytes else {
            throw .truncated(have: bytes.count, announced: nil)
        }
        let version = UInt16(bigEndianBytes: bytes[8..<10])
        let announced = Int(UInt32(bigEndianBytes: bytes[10..<14]))
        guard bytes.count >= announced else { throw .truncated(have: bytes.count, announced: announced) }
        let digestAt = bytes.count - Digest.sha256.byteCount
        guard bytes.count == announced, digestAt >= Self.preludeBytes,
            Digest.sha256.hash(bytes[..<digestAt]) == Array(bytes[digestAt...])
        else { throw .damaged }
        guard version <= Self.version else { throw .newerVersion(found: Int(version)) }
        guard version == Self.version, digestAt >= Self.headerBytes else { throw .damaged }
        header = try Self.readHeader(bytes[Self.preludeBytes..<Self.headerBytes])
        authenticated = Array(bytes[..<Self.headerBytes])
        do { box = try SealedBox(bytes: bytes[Self.headerBytes..<digestAt]) } catch { throw .damaged }
    }

    /// The contents, if the key is the right one.
    package func open(_ key: Secret) throws(VaultFormatError) -> VaultContents {
        let plain: Secret
        do {
            plain = try box.open(key: key, authenticating: authenticated)
        } catch .notAuthentic {
            throw .wrongKey
        } catch {
            throw .crypto(error)
        }
        return try plain.withBytes { bytes throws(VaultFormatError) in
            var reader = VaultBodyReader(bytes)
            return try reader.contents()
        }
    }

    /// - Parameter nonce: twelve bytes, never used before with this key.
    package static func encode(
        _ contents: VaultContents, _ header: Header, key: Secret, nonce: [UInt8]
    ) throws(VaultFormatError) -> [UInt8] {
        let body = VaultBodyWriter.body(of: contents)
        let total =
            headerBytes + SealedBox.nonceBytes + body.count + SealedBox.tagBytes + Digest.sha256.byteCount
        guard total <= bytesMax else { throw .tooLong }
        var bytes = magic + version.bigEndianBytes + UInt32(total).bigEndianBytes
        bytes += header.vault + header.protection.encoded + header.salt
        precondition(bytes.count == headerBytes, "the header has a fixed length")
        do {
            bytes += try SealedBox(sealing: body, key: key, authenticating: bytes, nonce: nonce).bytes
        } catch {
            throw .crypto(error)
        }
        return bytes + Digest.sha256.hash(bytes)
    }

    private static func readHeader(_ bytes: ArraySlice<UInt8>) throws(VaultFormatError) -> Header {
        let vault = Array(bytes.prefix(vaultIDBytes))
        let protection = try VaultProtection(encoded: Array(bytes.dropFirst(vaultIDBytes).prefix(4)))
        return Header(vault: vault, protection: protection, salt: Array(bytes.suffix(saltBytes)))
    }
}

/// What opens a vault file.
package enum VaultProtection: Hashable, Sendable {
    case passphrase(KeyDerivation.ScryptCost)
    case keyFile

    var encoded: [UInt8] {
        switch self {
        case .passphrase(let cost):
            [1, UInt8(cost.workExponent), UInt8(cost.blockSize), UInt8(cost.parallelism)]
        case .keyFile: [2, 0, 0, 0]
        }
    }

    init(encoded: [UInt8]) throws(VaultFormatError) {
        switch encoded[0] {
        case 1:
            do {
                self = .passphrase(
                    try .init(
                        workExponent: Int(encoded[1]), blockSize: Int(encoded[2]),
                        parallelism: Int(encoded[3])))
            } catch {
                throw .damaged
            }
        case 2 where encoded[1...].allSatisfy({ $0 == 0 }): self = .keyFile
        default: throw .damaged
        }
    }
}

/// Why bytes are no vault that can be opened. Never carries bytes of them.
package enum VaultFormatError: Error, Hashable {
    case notAVault
    case truncated(have: Int, announced: Int?)
    case damaged
    case newerVersion(found: Int)
    /// Every byte is as it was written, but this passphrase or key file is another one.
    case wrongKey
    /// It opened, and what is inside makes no sense.
    case malformed(String)
    case contents(VaultContentsError)
    case tooLong
    case crypto(CryptoError)
}
