package import CardCrypto
internal import GlobalPlatform

/// Tokens, receipts, DAP and ciphered load files by the schemes of GPCS 2.3.1 tables C-1 and C-2.
package struct StandardAuthority: ContentAuthority {
    /// Key version numbers that Amendment A and the UICC configuration set aside; any other key that fits serves too.
    private enum Purpose: UInt8 {
        case token = 0x70
        case receipt = 0x71
        case dap = 0x73
        case cipheredLoadFile = 0x75

        /// GPCS 2.3.1 §11.1.9.
        var usage: UInt8? {
            switch self {
            case .token: 0x81
            case .receipt: 0x44
            case .dap: 0x84
            case .cipheredLoadFile: nil
            }
        }
    }

    /// A key in the form in which it signs, verifies or deciphers.
    private enum Scheme {
        case des(Secret)
        case aes(Secret)
        case rsaPublic(RSAPublicKey)
        case ecPublic(ECPublicKey)
        case ecPrivate(ECPrivateKey)
    }

    package init() {}

    package func hasTokenKey(_ keySets: [CardKeySet]) -> Bool { key(.token, in: keySets) != nil }

    package func verifyToken(_ token: [UInt8], over message: [UInt8], keySets: [CardKeySet]) -> Bool {
        key(.token, in: keySets).map { verifies(token, of: message, $0) } ?? false
    }

    package func verifyDAP(_ signature: [UInt8], overHash hash: [UInt8], keySets: [CardKeySet]) -> Bool {
        key(.dap, in: keySets).map { verifies(signature, of: hash, $0) } ?? false
    }

    /// ECDSA draws its nonce inside OpenSSL: the one place where a card of the same seed gives other bytes.
    package func receipt(
        over message: [UInt8], keySets: [CardKeySet], entropy: any EntropySource
    ) -> [UInt8]? {
        switch key(.receipt, in: keySets) {
        case .des(let secret): try? DESMAC(key: secret).retail(message)
        case .aes(let secret): try? CMAC(aes: secret).mac(message)
        case .ecPrivate(let key): try? key.signature(of: message)
        case .rsaPublic, .ecPublic, nil: nil
        }
    }

    package func decipherLoadFile(_ block: [UInt8], icv: [UInt8]?, keySets: [CardKeySet]) -> [UInt8]? {
        let cipher: Cipher?
        switch key(.cipheredLoadFile, in: keySets) {
        case .des(let secret): cipher = try? Cipher(.tripleDES, key: secret)
        case .aes(let secret): cipher = try? Cipher(.aes, key: secret)
        case .rsaPublic, .ecPublic, .ecPrivate, nil: cipher = nil
        }
        guard let cipher, !block.isEmpty, block.count % cipher.blockSize == 0,
            icv.map({ $0.count == cipher.blockSize }) ?? true
        else { return nil }
        return Padding.removeMethod2(cipher.decryptCBC(block, iv: icv))
    }

    private func verifies(_ signature: [UInt8], of message: [UInt8], _ scheme: Scheme) -> Bool {
        switch scheme {
        case .des(let secret):
            (try? DESMAC(key: secret)).map { isEqualInConstantTime($0.retail(message), signature) } ?? false
        case .aes(let secret):
            (try? CMAC(aes: secret)).map { isEqualInConstantTime($0.mac(message), signature) } ?? false
        case .rsaPublic(let key): key.verifies(signature, of: message, scheme: key.globalPlatformScheme)
        case .ecPublic(let key): key.verifies(signature, of: message)
        case .ecPrivate: false
        }
    }

    /// The key of the version set aside for the purpose, else one loaded with the purpose as its usage, else one
    /// outside the secure channel sets whose type fits.
    private func key(_ purpose: Purpose, in keySets: [CardKeySet]) -> Scheme? {
        let named = keySets.filter { $0.version == purpose.rawValue }.flatMap(\.keys)
        let used = keySets.flatMap(\.keys).filter { purpose.usage != nil && $0.usage == purpose.usage }
        let others = keySets.filter { $0.channelProtocol == nil && !(0x70...0x75).contains($0.version) }
        for key in named + used + others.flatMap(\.keys) where key.usage == nil || key.usage == purpose.usage
        {
            guard let scheme = Self.scheme(key) else { continue }
            if Self.fits(scheme, purpose) { return scheme }
        }
        return nil
    }

    private static func fits(_ scheme: Scheme, _ purpose: Purpose) -> Bool {
        switch (scheme, purpose) {
        case (.des, _), (.aes, _): true
        case (.rsaPublic, .token), (.rsaPublic, .dap), (.ecPublic, .token), (.ecPublic, .dap): true
        case (.ecPrivate, .receipt): true
        case (.rsaPublic, _), (.ecPublic, _), (.ecPrivate, _): false
        }
    }

    private static func scheme(_ key: CardKey) -> Scheme? {
        func value(_ type: KeyType) -> [UInt8]? {
            key.components.first { $0.type == type }.map { $0.value.withBytes { Array($0) } }
        }
        if let des = key.components.first(where: { $0.type == .des }) { return .des(des.value) }
        if let aes = key.components.first(where: { $0.type == .aes }) { return .aes(aes.value) }
        if let modulus = value(.rsaPublicModulus), let exponent = value(.rsaPublicExponent) {
            return (try? RSAPublicKey(modulus: modulus, exponent: exponent)).map { .rsaPublic($0) }
        }
        let reference = value(.eccParametersReference)?.last
        if let point = value(.eccPublic) {
            let curve =
                reference.flatMap { EllipticCurve(keyParameterReference: $0) }
                ?? curve { $0.pointBytes == point.count }
            return curve.flatMap { try? ECPublicKey($0, point: point) }.map { .ecPublic($0) }
        }
        if let secret = key.components.first(where: { $0.type == .eccPrivate })?.value {
            let curve =
                reference.flatMap { EllipticCurve(keyParameterReference: $0) }
                ?? curve { $0.fieldBytes == secret.count }
            return curve.flatMap { try? ECPrivateKey($0, scalar: secret) }.map { .ecPrivate($0) }
        }
        return nil
    }

    private static func curve(where fits: (EllipticCurve) -> Bool) -> EllipticCurve? {
        EllipticCurve.allCases.first(where: fits)
    }
}
