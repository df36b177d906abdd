internal import Arguments
internal import CardCrypto
internal import CardManagement
internal import GlobalPlatform
internal import SmartCard

/// The keys by which an issuer or a provider vouches for what is loaded.
struct SigningKeys {
    private let desk: CardDesk
    private let dap: ContentSigningKey?
    let issuer: TokenSigner

    init(_ desk: CardDesk) throws {
        self.desk = desk
        dap = try desk.parsed[InstallOptions.dapKey].map {
            try ContentKeyReading.signing($0, "DAP key", desk.terminal)
        }
        issuer = try TokenSigner(desk)
    }

    /// The load file with its signature and hash, as far as they are asked for.
    func load(_ dataBlock: [UInt8]) throws -> InstallProcedure.Load {
        let parsed = desk.parsed
        let digest =
            parsed[InstallOptions.hash] ?? dap?.acceptableHashes.first ?? issuer.acceptableHashes.first
        let hash = digest.map { $0.hash(dataBlock) } ?? []
        let domain = parsed[InstallOptions.into] ?? desk.securityDomain
        var signatures: [DAPBlock] = []
        if let dap {
            guard let verifier = parsed[InstallOptions.dapDomain] ?? domain else {
                throw Problem.usage(
                    "--dap-domain is missing", why: "the card did not tell which domain is selected")
            }
            signatures.append(try DAPBlock(domain: verifier, hash: hash, signedBy: dap))
        }
        return InstallProcedure.Load(
            securityDomain: parsed[InstallOptions.into],
            loadFile: SignedLoadFile(signatures: signatures, dataBlock: dataBlock).encoded, hash: hash,
            parameters: LoadParameters(
                nonVolatileCode: parsed[InstallOptions.codeMemory],
                volatileData: parsed[InstallOptions.volatileDataMemory],
                nonVolatileData: parsed[InstallOptions.dataMemory]))
    }
}
