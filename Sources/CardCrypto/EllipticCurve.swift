internal import SmartCard

/// The curves that GlobalPlatform recommends (GPCS 2.3.1 table B-1) and that cards have.
///
/// The twisted Brainpool curves are left out: the r1 curve of the same length is as strong, and is what cards
/// offer.
package enum EllipticCurve: String, CaseIterable, Hashable, Sendable {
    case p256 = "P-256"
    case p384 = "P-384"
    case p521 = "P-521"
    case brainpoolP256r1
    case brainpoolP384r1
    case brainpoolP512r1

    /// How PUT KEY and key information name the curve (GPCS 2.3.1 table B-2).
    package var keyParameterReference: UInt8 {
        switch self {
        case .p256: 0x00
        case .p384: 0x01
        case .p521: 0x02
        case .brainpoolP256r1: 0x03
        case .brainpoolP384r1: 0x05
        case .brainpoolP512r1: 0x07
        }
    }

    package init?(keyParameterReference reference: UInt8) {
        guard let curve = Self.allCases.first(where: { $0.keyParameterReference == reference }) else {
            return nil
        }
        self = curve
    }

    package var bits: Int {
        switch self {
        case .p256, .brainpoolP256r1: 256
        case .p384, .brainpoolP384r1: 384
        case .p521: 521
        case .brainpoolP512r1: 512
        }
    }

    /// Bytes of a coordinate, and of a number modulo the order: for these curves they are the same.
    package var fieldBytes: Int { (bits + 7) / 8 }
    /// `04`, x, y.
    package var pointBytes: Int { 1 + 2 * fieldBytes }
    /// r and s in plain format.
    package var signatureBytes: Int { 2 * fieldBytes }

    /// The hash that ECDSA takes on this curve (GPCS 2.3.1 table B-3).
    package var digest: Digest {
        switch self {
        case .p256, .brainpoolP256r1: .sha256
        case .p384, .brainpoolP384r1: .sha384
        case .p521, .brainpoolP512r1: .sha512
        }
    }

    /// OpenSSL's name.
    var groupName: String {
        switch self {
        case .p256: "prime256v1"
        case .p384: "secp384r1"
        case .p521: "secp521r1"
        case .brainpoolP256r1, .brainpoolP384r1, .brainpoolP512r1: rawValue
        }
    }
}

/// A point that was checked to be on its curve.
package struct ECPublicKey: Sendable {
    package let curve: EllipticCurve
    /// Uncompressed: `04`, x, y (BSI TR-03111 §3.2.1).
    package let point: [UInt8]
    let handle: KeyHandle

    /// Refuses compressed points, as cards do (GPCS 2.3.1 §B.4.4).
    package init(_ curve: EllipticCurve, point: some Collection<UInt8>) throws(CryptoError) {
        let point = Array(point)
        guard point.count == curve.pointBytes else {
            throw .malformedKey("a point of \(point.count) bytes; \(curve.rawValue) has \(curve.pointBytes)")
        }
        guard point[0] == 0x04 else { throw .malformedKey("a point that does not begin with 04") }
        let handle = try KeyHandle(
            .ec, .publicKey, [.text("group", curve.groupName), .octets("pub", point)])
        guard handle.isConsistent(.publicKey) else { throw .malformedKey("a point that is not on the curve") }
        self.curve = curve
        self.point = point
        self.handle = handle
    }

    /// Reads curve and point out and builds a public key of its own, which holds nothing private.
    init(_ handle: KeyHandle) throws(CryptoError) {
        // Parameters spelled out in a key have been used to smuggle in a weak generator (CVE-2020-0601).
        guard handle.flag("decoded-from-explicit") != true else {
            throw .unsupportedKey("an EC key with explicit curve parameters")
        }
        let name = handle.text("group") ?? "an unnamed curve"
        guard let curve = EllipticCurve.allCases.first(where: { $0.groupName == name }) else {
            throw .unsupportedKey("an EC key on \(name)")
        }
        guard let x = handle.number("qx"), let y = handle.number("qy") else {
            throw .malformedKey("an EC key without its point")
        }
        let coordinates = [x, y].flatMap { [UInt8](repeating: 0, count: curve.fieldBytes - $0.count) + $0 }
        try self.init(curve, point: [0x04] + coordinates)
    }

    /// Whether the private half of this key made the signature (r and s in plain format) over this message.
    package func verifies(
        _ signature: [UInt8], of message: [UInt8], digest: Digest? = nil
    ) -> Bool {
        guard signature.count == curve.signatureBytes, let der = ECDSASignature.der(plain: signature) else {
            return false
        }
        return handle.verify(der, of: message, digest ?? curve.digest, .none)
    }
}

extension ECPublicKey: Hashable {
    package static func == (left: ECPublicKey, right: ECPublicKey) -> Bool {
        left.curve == right.curve && left.point == right.point
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(curve)
        hasher.combine(point)
    }
}

extension ECPublicKey: CustomStringConvertible {
    package var description: String { "\(curve.rawValue) public key \(point.hex)" }
}

/// A private number on a curve; it stays inside OpenSSL.
package struct ECPrivateKey: Sendable {
    package let publicKey: ECPublicKey
    let handle: KeyHandle
    package var curve: EllipticCurve { publicKey.curve }

    /// The number as long as the curve's field, most significant byte first; the public point is computed.
    package init(_ curve: EllipticCurve, scalar: Secret) throws(CryptoError) {
        guard scalar.count == curve.fieldBytes else { throw .keyLength(scalar.count) }
        guard
            let point = publicPoint(group: curve.groupName, scalar: scalar, pointBytes: curve.pointBytes)
        else { throw .malformedKey("a private number outside 1...n-1") }
        try self.init(
            KeyHandle(
                .ec, .privateKey,
                [.text("group", curve.groupName), .octets("pub", point), .secretNumber("priv", scalar)]))
    }

    init(_ handle: KeyHandle) throws(CryptoError) {
        publicKey = try ECPublicKey(handle)
        guard handle.isConsistent(.privateKey) else {
            throw .malformedKey("the private number does not belong to the point")
        }
        self.handle = handle
    }

    package static func generate(_ curve: EllipticCurve) throws(CryptoError) -> ECPrivateKey {
        try ECPrivateKey(KeyHandle(generating: .ec, group: curve.groupName))
    }

    /// ECDSA with r and s in plain format (GPCS 2.3.1 §B.4.3, BSI TR-03111 §5.2.1).
    package func signature(of message: [UInt8], digest: Digest? = nil) throws(CryptoError) -> [UInt8] {
        let der = try handle.sign(message, digest ?? curve.digest, .none)
        guard let plain = ECDSASignature.plain(der: der, orderBytes: curve.fieldBytes) else {
            throw .openSSLFailure("d2i_ECDSA_SIG")
        }
        return plain
    }

    /// ECKA-EG (GPCS 2.3.1 §B.4.4): the shared secret is the x coordinate.
    ///
    /// Never a key by itself: derive with X9.63.
    package func sharedSecret(with peer: ECPublicKey) throws(CryptoError) -> Secret {
        guard peer.curve == curve else { throw .unsupportedKey("the keys are on different curves") }
        return try handle.agree(with: peer.handle)
    }
}

extension ECPrivateKey: CustomStringConvertible, CustomReflectable {
    package var description: String { "\(curve.rawValue) private key" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
