internal import COpenSSL

/// One key inside OpenSSL: the owner of the handle.
///
/// What is done with the key is in KeyOperations.swift.
final class KeyHandle: @unchecked Sendable {
    // Sendable because a key is never changed after init; OpenSSL locks its own caches.
    let handle: OpaquePointer

    enum Part {
        case publicKey
        case privateKey

        /// What the macros EVP_PKEY_PUBLIC_KEY and EVP_PKEY_KEYPAIR put together.
        var selection: Int32 {
            let parameters = OSSL_KEYMGMT_SELECT_DOMAIN_PARAMETERS | OSSL_KEYMGMT_SELECT_OTHER_PARAMETERS
            switch self {
            case .publicKey: return parameters | OSSL_KEYMGMT_SELECT_PUBLIC_KEY
            case .privateKey:
                return parameters | OSSL_KEYMGMT_SELECT_PUBLIC_KEY | OSSL_KEYMGMT_SELECT_PRIVATE_KEY
            }
        }
    }

    enum Encoding: String {
        case pem = "PEM"
        case der = "DER"
    }

    /// One number or byte string of a key that is put together from its parts.
    enum Component {
        case text(StaticString, String)
        case octets(StaticString, [UInt8])
        case number(StaticString, [UInt8])
        case secretNumber(StaticString, Secret)
    }

    /// Takes the handle over.
    private init(owning key: OpaquePointer) { handle = key }

    deinit { EVP_PKEY_free(handle) }

    var bits: Int { Int(EVP_PKEY_get_bits(handle)) }

    /// `RSA` or `EC`; `nil` for every other kind.
    var kind: Kind? {
        if EVP_PKEY_is_a(handle, "RSA") == 1 { return .rsa }
        if EVP_PKEY_is_a(handle, "EC") == 1 { return .ec }
        return nil
    }

    enum Kind: String {
        case rsa = "RSA"
        case ec = "EC"
    }
}

// MARK: - Coming to be

extension KeyHandle {
    /// Reads exactly one key; what follows it in DER is refused.
    convenience init(
        decoding bytes: UnsafeRawBufferPointer, as encoding: Encoding, _ part: Part, passphrase: Secret? = nil
    ) throws(CryptoError) {
        var read = try Self.read(bytes, as: encoding, part, passphrase)
        // Bounded: OpenSSL 3.0 goes through its list of decoders while another thread, which uses a kind of algorithm
        // for the first time, adds to it; so it may miss the right one, once.
        for _ in 0..<Self.furtherTries where read.key == nil && read.isUnsupported {
            read = try Self.read(bytes, as: encoding, part, passphrase)
        }
        guard let key = read.key else {
            throw passphrase == nil ? .malformedKey("not a key in \(encoding.rawValue)") : .wrongPassphrase
        }
        let left = read.left
        self.init(owning: key)
        guard encoding == .pem || left == 0 else { throw .malformedKey("\(left) bytes follow the key") }
    }

    private static let furtherTries = 3
    /// ERR_R_UNSUPPORTED, and what ERR_GET_REASON takes of an error (openssl/err.h): no decoder knows what it is.
    private static let unsupported: UInt = 0x8010C
    private static let reasonMask: UInt = 0x7FFFFF

    private static func read(
        _ bytes: UnsafeRawBufferPointer, as encoding: Encoding, _ part: Part, _ passphrase: Secret?
    ) throws(CryptoError) -> (key: OpaquePointer?, left: Int, isUnsupported: Bool) {
        var key: OpaquePointer?
        guard
            let context = OSSL_DECODER_CTX_new_for_pkey(
                &key, encoding.rawValue, nil, nil, part.selection, nil, nil)
        else { throw .openSSLFailure("OSSL_DECODER_CTX_new_for_pkey") }
        defer { OSSL_DECODER_CTX_free(context) }
        // Always set, so that OpenSSL never asks the terminal itself.
        let isSet = (passphrase ?? Secret([])).withBytes { phrase in
            OSSL_DECODER_CTX_set_passphrase(
                context, phrase.baseAddress?.assumingMemoryBound(to: UInt8.self), phrase.count)
        }
        guard isSet == 1 else { throw .openSSLFailure("OSSL_DECODER_CTX_set_passphrase") }
        var next = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
        var left = bytes.count
        guard OSSL_DECODER_from_data(context, &next, &left) == 1, let key else {
            let isUnsupported = UInt(ERR_peek_last_error()) & reasonMask == unsupported
            EVP_PKEY_free(key)
            ERR_clear_error()
            return (nil, left, isUnsupported)
        }
        return (key, left, false)
    }

    /// Puts a key together from its numbers.
    convenience init(_ kind: Kind, _ part: Part, _ components: [Component]) throws(CryptoError) {
        guard let builder = OSSL_PARAM_BLD_new() else { throw .openSSLFailure("OSSL_PARAM_BLD_new") }
        defer { OSSL_PARAM_BLD_free(builder) }
        var kept = Kept()
        defer { kept.free() }
        for component in components {
            guard Self.push(component, to: builder, keeping: &kept) else {
                throw .openSSLFailure("OSSL_PARAM_BLD_push")
            }
        }
        guard let parameters = OSSL_PARAM_BLD_to_param(builder) else {
            throw .openSSLFailure("OSSL_PARAM_BLD_to_param")
        }
        defer { OSSL_PARAM_free(parameters) }
        guard let context = EVP_PKEY_CTX_new_from_name(nil, kind.rawValue, nil) else {
            throw .openSSLFailure("EVP_PKEY_CTX_new_from_name")
        }
        defer { EVP_PKEY_CTX_free(context) }
        var key: OpaquePointer?
        guard EVP_PKEY_fromdata_init(context) == 1,
            EVP_PKEY_fromdata(context, &key, part.selection, parameters) == 1, let key
        else {
            ERR_clear_error()
            throw .malformedKey("the numbers are not a key of kind \(kind.rawValue)")
        }
        self.init(owning: key)
    }

    /// A fresh key from the system's random numbers.
    convenience init(generating kind: Kind, bits: Int? = nil, group: String? = nil) throws(CryptoError) {
        guard let context = EVP_PKEY_CTX_new_from_name(nil, kind.rawValue, nil) else {
            throw .openSSLFailure("EVP_PKEY_CTX_new_from_name")
        }
        defer { EVP_PKEY_CTX_free(context) }
        var isSet = EVP_PKEY_keygen_init(context) == 1
        if let bits { isSet = isSet && EVP_PKEY_CTX_set_rsa_keygen_bits(context, Int32(bits)) == 1 }
        if let group { isSet = isSet && EVP_PKEY_CTX_set_group_name(context, group) == 1 }
        var key: OpaquePointer?
        guard isSet, EVP_PKEY_generate(context, &key) == 1, let key else {
            throw .openSSLFailure("EVP_PKEY_generate")
        }
        self.init(owning: key)
    }

    private static func push(
        _ component: Component, to builder: OpaquePointer, keeping kept: inout Kept
    ) -> Bool {
        switch component {
        case .text(let name, let text):
            let copy = kept.copy(Array(text.utf8) + [0]).assumingMemoryBound(to: CChar.self)
            return OSSL_PARAM_BLD_push_utf8_string(builder, name.cString, copy, 0) == 1
        case .octets(let name, let bytes):
            return OSSL_PARAM_BLD_push_octet_string(builder, name.cString, kept.copy(bytes), bytes.count) == 1
        case .number(let name, let bytes):
            guard let number = BN_bin2bn(bytes, Int32(bytes.count), nil) else { return false }
            kept.numbers.append(number)
            return OSSL_PARAM_BLD_push_BN(builder, name.cString, number) == 1
        case .secretNumber(let name, let secret):
            // In secure memory where OpenSSL has some: the builder then erases its copy as well.
            guard let number = BN_secure_new() else { return false }
            kept.numbers.append(number)
            let isRead = secret.withBytes { bytes in
                BN_bin2bn(bytes.bytePointer, Int32(bytes.count), number) != nil
            }
            return isRead && OSSL_PARAM_BLD_push_BN(builder, name.cString, number) == 1
        }
    }
}

/// What a parameter builder points to until it has built: it copies neither names nor values before.
private struct Kept {
    var numbers: [OpaquePointer] = []
    private var buffers: [UnsafeMutableRawPointer] = []

    mutating func copy(_ bytes: [UInt8]) -> UnsafeMutableRawPointer {
        let buffer = UnsafeMutableRawPointer.allocate(byteCount: bytes.count, alignment: 8)
        bytes.withUnsafeBytes {
            UnsafeMutableRawBufferPointer(start: buffer, count: $0.count).copyMemory(from: $0)
        }
        buffers.append(buffer)
        return buffer
    }

    func free() {
        numbers.forEach { BN_clear_free($0) }
        buffers.forEach { $0.deallocate() }
    }
}

extension StaticString {
    /// A pointer that stays good: OpenSSL's parameters keep the pointers to their names.
    var cString: UnsafePointer<CChar> { UnsafeRawPointer(utf8Start).assumingMemoryBound(to: CChar.self) }
}

extension UnsafeRawBufferPointer {
    var bytePointer: UnsafePointer<UInt8>? { baseAddress?.assumingMemoryBound(to: UInt8.self) }
}

// MARK: - What a key shows and proves

extension KeyHandle {
    /// A public number, most significant byte first, without leading zeros.
    func number(_ name: String) -> [UInt8]? {
        var number: OpaquePointer?
        guard EVP_PKEY_get_bn_param(handle, name, &number) == 1, let number else {
            ERR_clear_error()
            return nil
        }
        defer { BN_clear_free(number) }
        let count = Int(BN_num_bits(number) + 7) / 8
        return [UInt8](unsafeUninitializedCapacity: count) { buffer, written in
            written = Int(BN_bn2bin(number, buffer.baseAddress))
        }
    }

    func text(_ name: String) -> String? {
        var buffer = [CChar](repeating: 0, count: 80)
        var count = 0
        guard EVP_PKEY_get_utf8_string_param(handle, name, &buffer, buffer.count, &count) == 1 else {
            ERR_clear_error()
            return nil
        }
        return String(decoding: buffer.prefix(count).map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    func flag(_ name: String) -> Bool? {
        var value: Int32 = 0
        guard EVP_PKEY_get_int_param(handle, name, &value) == 1 else {
            ERR_clear_error()
            return nil
        }
        return value != 0
    }

    /// Whether the numbers fit together: a point on its curve, a private key that belongs to its public key.
    func isConsistent(_ part: Part) -> Bool {
        guard let context = EVP_PKEY_CTX_new(handle, nil) else { return false }
        defer { EVP_PKEY_CTX_free(context) }
        defer { ERR_clear_error() }
        switch part {
        case .publicKey: return EVP_PKEY_public_check(context) == 1
        case .privateKey: return EVP_PKEY_check(context) == 1
        }
    }

    /// SubjectPublicKeyInfo (RFC 5280 §4.1).
    func subjectPublicKeyInfo() throws(CryptoError) -> [UInt8] {
        var buffer: UnsafeMutablePointer<UInt8>?
        let count = i2d_PUBKEY(handle, &buffer)
        guard count > 0, let buffer else { throw .openSSLFailure("i2d_PUBKEY") }
        // Owned by OpenSSL's allocator; CRYPTO_free is what the macro OPENSSL_free calls.
        defer { CRYPTO_free(buffer, nil, 0) }
        return Array(UnsafeBufferPointer(start: buffer, count: Int(count)))
    }

    /// PKCS#8 as PEM; with a passphrase, encrypted with AES-256 under a key by scrypt (RFC 5958, RFC 7914).
    func privatePEM(passphrase: Secret?) throws(CryptoError) -> Secret {
        guard let sink = BIO_new(BIO_s_mem()) else { throw .openSSLFailure("BIO_new") }
        defer { BIO_free(sink) }
        guard let plain = EVP_PKEY2PKCS8(handle) else { throw .openSSLFailure("EVP_PKEY2PKCS8") }
        defer { PKCS8_PRIV_KEY_INFO_free(plain) }
        if let passphrase {
            let encrypted = try Self.encrypt(plain, passphrase)
            defer { X509_SIG_free(encrypted) }
            guard PEM_write_bio_PKCS8(sink, encrypted) == 1 else {
                throw .openSSLFailure("PEM_write_bio_PKCS8")
            }
        } else {
            guard PEM_write_bio_PKCS8_PRIV_KEY_INFO(sink, plain) == 1 else {
                throw .openSSLFailure("PEM_write_bio_PKCS8_PRIV_KEY_INFO")
            }
        }
        return try Secret(count: Int(BIO_ctrl_pending(sink))) { memory throws(CryptoError) in
            guard BIO_read(sink, memory.baseAddress, Int32(memory.count)) == Int32(memory.count) else {
                throw .openSSLFailure("BIO_read")
            }
        }
    }

    private static func encrypt(_ plain: OpaquePointer, _ passphrase: Secret) throws(CryptoError)
        -> OpaquePointer
    {
        // The costs of `openssl pkcs8 -scrypt`: more would pass the memory bound of OpenSSL's own reader.
        guard let scheme = PKCS5_pbe2_set_scrypt(EVP_aes_256_cbc(), nil, 0, nil, 16_384, 8, 1) else {
            throw .openSSLFailure("PKCS5_pbe2_set_scrypt")
        }
        let encrypted = passphrase.withBytes { phrase in
            PKCS8_set0_pbe(
                phrase.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(phrase.count), plain, scheme)
        }
        guard let encrypted else {
            X509_ALGOR_free(scheme)
            throw .openSSLFailure("PKCS8_set0_pbe")
        }
        return encrypted
    }
}
