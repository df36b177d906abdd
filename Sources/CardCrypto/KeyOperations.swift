internal import COpenSSL

extension KeyHandle {
    /// The padding of an RSA signature; EC keys have none.
    enum Padding {
        case none
        case pkcs1
        /// MGF1 with the signature's own hash, and a salt of the hash's length.
        case pss
    }

    func sign(_ message: [UInt8], _ digest: Digest, _ padding: Padding) throws(CryptoError) -> [UInt8] {
        guard let context = EVP_MD_CTX_new() else { throw .openSSLFailure("EVP_MD_CTX_new") }
        defer { EVP_MD_CTX_free(context) }
        var options: OpaquePointer?
        var count = 0
        guard EVP_DigestSignInit(context, &options, digest.algorithm, nil, handle) == 1,
            Self.set(padding, digest, on: options),
            EVP_DigestSign(context, nil, &count, message, message.count) == 1
        else { throw .openSSLFailure("EVP_DigestSignInit") }
        var isDone = false
        let signature = [UInt8](unsafeUninitializedCapacity: count) { buffer, written in
            isDone = EVP_DigestSign(context, buffer.baseAddress, &count, message, message.count) == 1
            written = isDone ? count : 0
        }
        guard isDone else { throw .openSSLFailure("EVP_DigestSign") }
        return signature
    }

    func verify(
        _ signature: [UInt8], of message: [UInt8], _ digest: Digest, _ padding: Padding
    ) -> Bool {
        guard let context = EVP_MD_CTX_new() else { return false }
        defer { EVP_MD_CTX_free(context) }
        defer { ERR_clear_error() }
        var options: OpaquePointer?
        guard EVP_DigestVerifyInit(context, &options, digest.algorithm, nil, handle) == 1,
            Self.set(padding, digest, on: options)
        else { return false }
        return EVP_DigestVerify(context, signature, signature.count, message, message.count) == 1
    }

    /// The x coordinate of the shared point, as long as the curve's field.
    func agree(with peer: KeyHandle) throws(CryptoError) -> Secret {
        guard let context = EVP_PKEY_CTX_new(handle, nil) else { throw .openSSLFailure("EVP_PKEY_CTX_new") }
        defer { EVP_PKEY_CTX_free(context) }
        var count = 0
        guard EVP_PKEY_derive_init(context) == 1, EVP_PKEY_derive_set_peer(context, peer.handle) == 1,
            EVP_PKEY_derive(context, nil, &count) == 1
        else { throw .openSSLFailure("EVP_PKEY_derive_set_peer") }
        return try Secret(count: count) { memory throws(CryptoError) in
            let bytes = memory.baseAddress?.assumingMemoryBound(to: UInt8.self)
            guard EVP_PKEY_derive(context, bytes, &count) == 1, count == memory.count else {
                throw .openSSLFailure("EVP_PKEY_derive")
            }
        }
    }

    private static func set(_ padding: Padding, _ digest: Digest, on options: OpaquePointer?) -> Bool {
        switch padding {
        case .none: true
        case .pkcs1: EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PADDING) == 1
        case .pss:
            EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING) == 1
                && EVP_PKEY_CTX_set_rsa_pss_saltlen(options, Int32(digest.byteCount)) == 1
                && EVP_PKEY_CTX_set_rsa_mgf1_md(options, digest.algorithm) == 1
        }
    }
}

/// The two encodings of an ECDSA signature.
enum ECDSASignature {
    /// Plain format (BSI TR-03111 §5.2.1) to the ASN.1 that OpenSSL reads.
    static func der(plain: [UInt8]) -> [UInt8]? {
        let half = plain.count / 2
        guard let signature = ECDSA_SIG_new() else { return nil }
        defer { ECDSA_SIG_free(signature) }
        let r = plain.withUnsafeBufferPointer { BN_bin2bn($0.baseAddress, Int32(half), nil) }
        let s = plain[half...].withUnsafeBufferPointer { BN_bin2bn($0.baseAddress, Int32(half), nil) }
        guard ECDSA_SIG_set0(signature, r, s) == 1 else {
            BN_free(r)
            BN_free(s)
            return nil
        }
        var buffer: UnsafeMutablePointer<UInt8>?
        let count = i2d_ECDSA_SIG(signature, &buffer)
        guard count > 0, let buffer else { return nil }
        defer { CRYPTO_free(buffer, nil, 0) }
        return Array(UnsafeBufferPointer(start: buffer, count: Int(count)))
    }

    /// The two numbers, each as long as the order of the curve.
    static func plain(der: [UInt8], orderBytes: Int) -> [UInt8]? {
        let signature = der.withUnsafeBufferPointer { buffer in
            var next = buffer.baseAddress
            return d2i_ECDSA_SIG(nil, &next, buffer.count)
        }
        guard let signature else { return nil }
        defer { ECDSA_SIG_free(signature) }
        var plain = [UInt8](repeating: 0, count: 2 * orderBytes)
        let isDone = plain.withUnsafeMutableBufferPointer { buffer in
            let (first, second) = (buffer.baseAddress, buffer.baseAddress.map { $0 + orderBytes })
            return BN_bn2binpad(ECDSA_SIG_get0_r(signature), first, Int32(orderBytes)) == orderBytes
                && BN_bn2binpad(ECDSA_SIG_get0_s(signature), second, Int32(orderBytes)) == orderBytes
        }
        return isDone ? plain : nil
    }
}

/// The public point of a private number: scalar times generator.
func publicPoint(group name: String, scalar: Secret, pointBytes: Int) -> [UInt8]? {
    defer { ERR_clear_error() }
    guard let group = EC_GROUP_new_by_curve_name(OBJ_txt2nid(name)) else { return nil }
    defer { EC_GROUP_free(group) }
    guard let point = EC_POINT_new(group), let number = BN_secure_new() else { return nil }
    defer { EC_POINT_free(point) }
    defer { BN_clear_free(number) }
    let isRead = scalar.withBytes { bytes in
        BN_bin2bn(bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), Int32(bytes.count), number) != nil
    }
    // A private number is 1...n-1 (SEC 1 §3.2.1).
    guard isRead, BN_is_zero(number) == 0, BN_cmp(number, EC_GROUP_get0_order(group)) < 0,
        EC_POINT_mul(group, point, number, nil, nil, nil) == 1
    else { return nil }
    let encoded = [UInt8](unsafeUninitializedCapacity: pointBytes) { buffer, written in
        written = EC_POINT_point2oct(
            group, point, POINT_CONVERSION_UNCOMPRESSED, buffer.baseAddress, pointBytes, nil)
    }
    return encoded.count == pointBytes ? encoded : nil
}
