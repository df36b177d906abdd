package import CardCrypto

/// What a server proves itself with: a chain of certificates, its own first, and the key, both as PEM.
package struct TLSIdentity: Sendable {
    package let certificates: [UInt8]
    package let key: Secret

    package init(certificates: [UInt8], key: Secret) {
        self.certificates = certificates
        self.key = key
    }
}

/// How a door is locked.
package struct TLSSettings: Sendable {
    package var identity: TLSIdentity
    /// Authorities, as PEM, whose certificates clients may show; nil where clients are not asked for one.
    package var clientAuthorities: [UInt8]?
    package var requiresClientCertificate: Bool

    package init(
        _ identity: TLSIdentity, clientAuthorities: [UInt8]? = nil, requiresClientCertificate: Bool = false
    ) {
        self.identity = identity
        self.clientAuthorities = clientAuthorities
        self.requiresClientCertificate = requiresClientCertificate
    }
}
