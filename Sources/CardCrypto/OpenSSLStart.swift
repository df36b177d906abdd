internal import COpenSSL

/// Makes OpenSSL ready before it is needed: of an installation over a quick reader, its start is a noticeable part.
package enum OpenSSLStart {
    /// Settles how it starts, for the whole process. What `openssl.cnf` or the environment ask of other programs does
    /// not change what is computed here, and what it holds at the end is left to the system.
    package static func settle() {
        let options = UInt64(OPENSSL_INIT_NO_LOAD_CONFIG) | UInt64(OPENSSL_INIT_NO_ATEXIT)
        // Fails where memory is used up; then the first cipher fails too, and says so.
        _ = OPENSSL_init_crypto(options, nil)
    }

    /// Uses what a session over SCP03 uses, with a key of zeros, so that OpenSSL has found it when one is opened.
    package static func warmUp() {
        let key = Secret([UInt8](repeating: 0, count: 16))
        _ = try? Cipher(.aes, key: key).encryptBlock(Block())
        _ = try? CMAC(aes: key).mac([])
    }
}
