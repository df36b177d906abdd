package import CardCrypto
internal import GlobalPlatform
package import SmartCard

/// One domain's proof that it checked a load file (GPCS 2.3.1 §C.3).
package struct DAPBlock: Hashable, Sendable {
    package let domain: AID
    package let signature: [UInt8]

    package init(domain: AID, signature: [UInt8]) {
        self.domain = domain
        self.signature = signature
    }

    /// Signs the hash of a load file data block.
    package init(
        domain: AID, hash: [UInt8], signedBy key: ContentSigningKey
    ) throws(SignedLoadFileError) {
        guard key.acceptableHashes.contains(where: { $0.byteCount == hash.count }) else {
            throw .hashTooWeak(byteCount: hash.count)
        }
        self.domain = domain
        do { signature = try key.signature(of: hash) } catch { throw .crypto(error) }
    }

    package func proves(hash: [UInt8], with key: ContentVerificationKey) throws(CryptoError) -> Bool {
        try key.verifies(signature, of: hash)
    }

    package var encoded: [UInt8] {
        BERTLV.encode(
            .dapBlock, BERTLV.encode(.aid, domain.bytes) + BERTLV.encode(.dapSignature, signature))
    }
}

/// What LOAD carries (GPCS 2.3.1 table 11-58): signatures, then the data block in clear or ciphered.
package struct SignedLoadFile: Hashable, Sendable {
    package enum Content: Hashable, Sendable {
        case clear([UInt8])
        /// `initialVector` is empty where the card takes zeros.
        case ciphered([UInt8], initialVector: [UInt8])
    }

    package let signatures: [DAPBlock]
    package let content: Content

    package init(signatures: [DAPBlock] = [], dataBlock: [UInt8]) {
        self.signatures = signatures
        content = .clear(dataBlock)
    }

    /// Encrypts the data block (§C.6).
    package init(
        signatures: [DAPBlock] = [], dataBlock: [UInt8], key: Secret, algorithm: CardKeys.Algorithm,
        initialVector: [UInt8]
    ) throws(CryptoError) {
        let cipher = try Cipher(algorithm == .aes ? .aes : .tripleDES, key: key)
        let isGiven = !initialVector.isEmpty
        precondition(!isGiven || initialVector.count == cipher.blockSize, "an ICV is one block")
        let padded = Padding.method2(dataBlock, blockSize: cipher.blockSize)
        self.signatures = signatures
        content = .ciphered(
            cipher.encryptCBC(padded, iv: isGiven ? initialVector : nil), initialVector: initialVector)
    }

    package var encoded: [UInt8] {
        let blocks = signatures.flatMap(\.encoded)
        switch content {
        case .clear(let dataBlock): return blocks + BERTLV.encode(.loadFileDataBlock, dataBlock)
        case .ciphered(let dataBlock, let initialVector):
            let vector = initialVector.isEmpty ? [] : BERTLV.encode(0xD3, initialVector)
            return blocks + vector + BERTLV.encode(0xD4, dataBlock)
        }
    }
}

/// Why a load file was not signed.
package enum SignedLoadFileError: Error, Hashable {
    /// The hash is weaker than the key that signs it allows (table C-3).
    case hashTooWeak(byteCount: Int)
    case crypto(CryptoError)
}
