internal import COpenSSL
internal import SmartCard

/// A certificate as it stands in a file (RFC 5280, RFC 7468): what people compare and what runs out.
package struct X509Certificate: Sendable {
    package let der: [UInt8]
    /// SubjectPublicKeyInfo in DER.
    package let publicKey: [UInt8]
    /// Seconds since 1970 at which it stops being valid.
    package let notAfter: Int64

    /// SHA-256 of the whole certificate: what terminals that know no authority recognise a centre by.
    package var fingerprint: [UInt8] { Digest.sha256.hash(der) }
    /// SHA-256 of the public key alone (RFC 7469 §2.4): the same after the certificate was renewed with it.
    package var publicKeyFingerprint: [UInt8] { Digest.sha256.hash(publicKey) }

    /// The first certificate of a file in PEM.
    package init(pem: [UInt8]) throws(CryptoError) {
        guard let memory = BIO_new_mem_buf(pem, Int32(clamping: pem.count)) else {
            throw .openSSLFailure("BIO_new_mem_buf")
        }
        defer { BIO_free(memory) }
        guard let certificate = PEM_read_bio_X509(memory, nil, nil, nil) else {
            ERR_clear_error()
            throw .malformedKey("there is no certificate in PEM")
        }
        defer { X509_free(certificate) }
        try self.init(certificate)
    }

    fileprivate init(_ certificate: OpaquePointer) throws(CryptoError) {
        let count = i2d_X509(certificate, nil)
        guard count > 0 else { throw .openSSLFailure("i2d_X509") }
        der = [UInt8](unsafeUninitializedCapacity: Int(count)) { buffer, written in
            var next = buffer.baseAddress
            written = Int(i2d_X509(certificate, &next))
        }
        let key = X509_get_X509_PUBKEY(certificate)
        let keyCount = i2d_X509_PUBKEY(key, nil)
        guard keyCount > 0 else { throw .openSSLFailure("i2d_X509_PUBKEY") }
        publicKey = [UInt8](unsafeUninitializedCapacity: Int(keyCount)) { buffer, written in
            var next = buffer.baseAddress
            written = Int(i2d_X509_PUBKEY(key, &next))
        }
        guard let epoch = ASN1_TIME_set(nil, 0) else { throw .openSSLFailure("ASN1_TIME_set") }
        defer { ASN1_TIME_free(epoch) }
        var (days, seconds): (Int32, Int32) = (0, 0)
        guard ASN1_TIME_diff(&days, &seconds, epoch, X509_get0_notAfter(certificate)) == 1 else {
            throw .openSSLFailure("ASN1_TIME_diff")
        }
        notAfter = Int64(days) * 86_400 + Int64(seconds)
    }
}

/// A certificate that nobody but its own key vouches for: enough where clients know its fingerprint.
package enum SelfSignedCertificate {
    /// - Parameters:
    ///   - names: host names and addresses; the first is the subject's name as well.
    ///   - now: seconds since 1970.
    /// - Returns: PEM.
    package static func make(
        names: [String], key: ECPrivateKey, now: Int64, days: Int, entropy: any EntropySource
    ) throws(CryptoError) -> [UInt8] {
        guard let certificate = X509_new() else { throw .openSSLFailure("X509_new") }
        defer { X509_free(certificate) }
        let names = names.filter(isName)
        guard let first = names.first else { throw .malformedKey("a certificate needs a name") }
        // Positive and 64 bits of randomness, as RFC 5280 §4.1.2.2 and the CA/Browser Forum ask.
        let serial = [0x40 | entropy.bytes(1)[0] & 0x3F] + entropy.bytes(15)
        let steps: [(String, () -> Bool)] = [
            ("X509_set_version", { X509_set_version(certificate, 2) == 1 }),
            ("X509_set_serialNumber", { setSerial(serial, certificate) }),
            // Clocks of terminals may go a little after ours.
            ("ASN1_TIME_set", { ASN1_TIME_set(X509_getm_notBefore(certificate), Int(now) - 3_600) != nil }),
            (
                "ASN1_TIME_set",
                { ASN1_TIME_set(X509_getm_notAfter(certificate), Int(now) + days * 86_400) != nil }
            ),
            ("X509_set_pubkey", { X509_set_pubkey(certificate, key.handle.handle) == 1 }),
            ("X509_NAME_add_entry_by_txt", { setName(first, certificate) }),
            ("basicConstraints", { add(NID_basic_constraints, "critical,CA:FALSE", certificate) }),
            ("keyUsage", { add(NID_key_usage, "critical,digitalSignature", certificate) }),
            ("extendedKeyUsage", { add(NID_ext_key_usage, "serverAuth", certificate) }),
            ("subjectAltName", { add(NID_subject_alt_name, alternativeNames(names), certificate) }),
            ("X509_sign", { X509_sign(certificate, key.handle.handle, EVP_sha256()) > 0 }),
        ]
        for (name, step) in steps {
            guard step() else {
                ERR_clear_error()
                throw .openSSLFailure(name)
            }
        }
        return try pem(certificate)
    }

    /// Nothing that could say more than a name in OpenSSL's notation of extensions.
    private static func isName(_ name: String) -> Bool {
        (1...253).contains(name.utf8.count)
            && name.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"),
                    UInt8(ascii: ":"):
                    true
                default: false
                }
            }
    }

    private static func alternativeNames(_ names: [String]) -> String {
        names.map { name in
            let isAddress =
                name.contains(":")
                || name.utf8.allSatisfy { $0 == UInt8(ascii: ".") || (0x30...0x39).contains($0) }
            return (isAddress ? "IP:" : "DNS:") + name
        }.joined(separator: ",")
    }

    private static func setSerial(_ serial: [UInt8], _ certificate: OpaquePointer) -> Bool {
        guard let number = BN_bin2bn(serial, Int32(serial.count), nil) else { return false }
        defer { BN_free(number) }
        return BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != nil
    }

    private static func setName(_ name: String, _ certificate: OpaquePointer) -> Bool {
        guard let subject = X509_get_subject_name(certificate) else { return false }
        // 64 characters is what the attribute may have (RFC 5280 appendix A.1); the whole stands among the
        // alternatives.
        let bytes = Array(name.utf8.prefix(64))
        return X509_NAME_add_entry_by_txt(subject, "CN", utf8String, bytes, Int32(bytes.count), -1, 0) == 1
            && X509_set_issuer_name(certificate, subject) == 1
    }

    /// MBSTRING_UTF8 of OpenSSL, a macro of macros.
    private static let utf8String: Int32 = 0x1000

    private static func add(_ extensionID: Int32, _ value: String, _ certificate: OpaquePointer) -> Bool {
        guard let made = X509V3_EXT_conf_nid(nil, nil, extensionID, value) else { return false }
        defer { X509_EXTENSION_free(made) }
        return X509_add_ext(certificate, made, -1) == 1
    }

    private static func pem(_ certificate: OpaquePointer) throws(CryptoError) -> [UInt8] {
        guard let memory = BIO_new(BIO_s_mem()) else { throw .openSSLFailure("BIO_new") }
        defer { BIO_free(memory) }
        guard PEM_write_bio_X509(memory, certificate) == 1 else {
            throw .openSSLFailure("PEM_write_bio_X509")
        }
        return [UInt8](unsafeUninitializedCapacity: BIO_ctrl_pending(memory)) { buffer, written in
            written = Int(max(0, BIO_read(memory, buffer.baseAddress, Int32(buffer.count))))
        }
    }
}
