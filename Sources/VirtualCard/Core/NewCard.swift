internal import CardCrypto
internal import GlobalPlatform
internal import SmartCard

extension CardProfile {
    /// A card as it leaves the factory: the issuer domain with its first keys, a serial number, nothing else.
    func newState(entropy: any EntropySource) -> CardState {
        let serial = entropy.bytes(6)
        var production = productionLifeCycle
        // ICC serial number and batch identifier of the CPLC (GPCS 2.1.1 and EMV CPS: offsets 12 and 16).
        production.replaceSubrange(12..<18, with: serial)
        let issuer = issuerEntry()
        return CardState(
            card: CardWideData(
                lifeCycle: lifeCycle, productionLifeCycle: production,
                diversificationData: issuerDomain.bytes.suffix(2) + production[0..<2] + serial,
                restrictions: 0, nextSerial: UInt32(romPackages.count) + 1),
            applications: [issuer], loadFiles: romEntries(), domains: [issuer.aid: issuerData(serial)],
            memories: [:])
    }

    private func issuerEntry() -> ApplicationEntry {
        ApplicationEntry(
            aid: issuerDomain, loadFile: nil, module: nil, lifeCycle: .personalized,
            privileges: .issuerSecurityDomain, domain: issuerDomain, serial: 0)
    }

    private func romEntries() -> [LoadFileEntry] {
        romPackages.enumerated().map { index, package in
            LoadFileEntry(
                aid: package.aid, major: package.major, minor: package.minor, modules: package.modules,
                imports: [], domain: issuerDomain, code: nil, serial: UInt32(index) + 1)
        }
    }

    private func issuerData(_ serial: [UInt8]) -> DomainData {
        var data = DomainData()
        data.set(.issuerIdentificationNumber, issuerIdentificationNumber)
        data.set(.cardImageNumber, cardImageNumber ?? serial)
        let value = Secret(factoryKeys.value)
        let keys = (UInt8(1)...3).map { identifier in
            CardKey(
                identifier: identifier,
                components: [CardKey.Component(type: factoryKeys.type, value: value)])
        }
        data.keySets = [
            CardKeySet(
                version: factoryKeys.version, keys: keys,
                channelProtocol: channelProtocol(for: factoryKeys.type))
        ]
        return data
    }
}
