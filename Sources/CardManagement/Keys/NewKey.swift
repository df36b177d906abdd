package import CardCrypto
package import GlobalPlatform
internal import SmartCard

/// A key on its way to a card, as PUT KEY carries it (GPCS 2.3.1 §11.8.2.3).
package struct NewKey: Sendable {
    package enum Value: Sendable {
        case tripleDES(Secret)
        case aes(Secret)
        /// A secret of another type, which has no check value: for example a pre-shared key for TLS.
        case otherSecret(KeyType, Secret)
        case rsaPublic(RSAPublicKey)
        case ecPublic(ECPublicKey)
        case ecPrivate(scalar: Secret, EllipticCurve)
    }

    /// What the extended format says beside the value (tables 11-17 to 11-19).
    package struct Attributes: Hashable, Sendable {
        package var usageQualifier: [UInt8]
        package var access: [UInt8]

        package init(usageQualifier: [UInt8], access: [UInt8]) {
            precondition(usageQualifier.count <= 0x7F && access.count <= 0x7F, "one length byte below 80")
            self.usageQualifier = usageQualifier
            self.access = access
        }
    }

    package let value: Value
    /// With attributes the key travels in the extended format.
    package let attributes: Attributes?
    /// The card computes check values of AES keys over zeros, as some vendors do.
    package let hasZeroCheckBlock: Bool

    package init(_ value: Value, attributes: Attributes? = nil, hasZeroCheckBlock: Bool = false) {
        self.value = value
        self.attributes = attributes
        self.hasZeroCheckBlock = hasZeroCheckBlock
    }

    /// Empty where the standard defines none (RSA, ECC: §11.8.2.3.5, §11.8.2.3.6).
    package func checkValue() throws(CryptoError) -> [UInt8] {
        switch value {
        case .tripleDES(let key): try KeyCheckValue.tripleDES(key)
        case .aes(let key): try KeyCheckValue.aes(key, block: hasZeroCheckBlock ? 0x00 : 0x01)
        case .otherSecret, .rsaPublic, .ecPublic, .ecPrivate: []
        }
    }

    /// The key data field (tables 11-68 and 11-69), with secret components encrypted for the session's card.
    func dataField(for session: SecureSession) throws(PutKeyError) -> [UInt8] {
        var field: [UInt8] = []
        for component in try components(for: session) {
            if attributes != nil { field.append(KeyType.extended.rawValue) }
            field.append(component.type.rawValue)
            field += BERTLV.encodeLength(component.block.count) + component.block
        }
        let check: [UInt8]
        do { check = try checkValue() } catch { throw .crypto(error) }
        field += [UInt8(check.count)] + check
        if let attributes {
            field += [UInt8(attributes.usageQualifier.count)] + attributes.usageQualifier
            field += [UInt8(attributes.access.count)] + attributes.access
        }
        return field
    }

    private func components(
        for session: SecureSession
    ) throws(PutKeyError) -> [(type: KeyType, block: [UInt8])] {
        switch value {
        case .tripleDES(let key): [(.des, try encrypted(key, for: session, isLengthNeeded: false))]
        // SCP03 table 7-10 always tells the length of an AES key.
        case .aes(let key): [(.aes, try encrypted(key, for: session, isLengthNeeded: true))]
        case .otherSecret(let type, let key):
            [(type, try encrypted(key, for: session, isLengthNeeded: false))]
        // The order of table 11-75.
        case .rsaPublic(let key): [(.rsaPublicModulus, key.modulus), (.rsaPublicExponent, key.exponent)]
        case .ecPublic(let key):
            [(.eccPublic, key.point), (.eccParametersReference, [key.curve.keyParameterReference])]
        case .ecPrivate(let scalar, let curve):
            [
                (.eccPrivate, try encrypted(scalar, for: session, isLengthNeeded: false)),
                (.eccParametersReference, [curve.keyParameterReference]),
            ]
        }
    }

    /// A key component block: with the value's length in front where padding was needed (tables 11-70, 11-71).
    private func encrypted(
        _ key: Secret, for session: SecureSession, isLengthNeeded: Bool
    ) throws(PutKeyError) -> [UInt8] {
        guard (1...0xFFFF).contains(key.count) else { throw .keyLength(key.count) }
        let block = session.sensitiveBlockBytes
        let missing = (block - key.count % block) % block
        do {
            var padded = key.withBytes { Array($0) } + [UInt8](repeating: 0, count: missing)
            defer { _ = Secret(erasing: &padded) }
            let cipherText = try session.encryptSensitive(padded)
            let length = isLengthNeeded || missing > 0 ? BERTLV.encodeLength(key.count) : []
            return length + cipherText
        } catch {
            throw .session(error)
        }
    }
}
