internal import CMicroHTTPD
internal import Synchronization
internal import Wire

/// Who may issue certificates for clients; others take their place while it serves. libmicrohttpd only asks for a
/// certificate: its list cannot change.
final class ClientAuthority: Sendable {
    private let library: GnuTLS
    private let isRequired: Bool
    private let trusted: Mutex<TrustedAuthorities>
    private static let chainMax = 8
    /// RFC 5280 §4.2.1.12: id-kp-clientAuth.
    private static let purpose = "1.3.6.1.5.5.7.3.2"

    /// `authorities` are PEM.
    init(_ authorities: [UInt8], _ library: GnuTLS, isRequired: Bool) throws(HTTPServerError) {
        self.library = library
        self.isRequired = isRequired
        trusted = Mutex(try TrustedAuthorities(authorities, library))
    }

    /// Counts for whoever comes from now on.
    func replace(with authorities: [UInt8]) throws(HTTPServerError) {
        let next = try TrustedAuthorities(authorities, library)
        trusted.withLock { $0 = next }
    }

    /// The client's certificate as DER; a chain is verified once for each connection.
    func certificate(
        of client: ClientConnection, _ connection: MicroHTTPD.Connection, _ server: MicroHTTPD
    ) throws(RequestRefusal) -> [UInt8]? {
        if case .unknown = client.certificate { client.certificate = look(connection, server) }
        switch client.certificate {
        case .verified(let der): return der
        case .refused(let why): throw RequestRefusal(.certificateRefused(why))
        case .none where isRequired:
            throw RequestRefusal(.certificateRefused("The client showed no certificate."))
        case .none, .unknown: return nil
        }
    }

    private func look(
        _ connection: MicroHTTPD.Connection, _ server: MicroHTTPD
    ) -> ClientConnection.ClientCertificate {
        guard let pointer = server.info(connection, .CONNECTION_INFO_GNUTLS_SESSION)?.tls_session else {
            return .none
        }
        let session = OpaquePointer(pointer)
        var count: UInt32 = 0
        guard let chain = library.peers(session, &count), count > 0, let data = chain.pointee.data else {
            return .none
        }
        let der = Array(UnsafeBufferPointer(start: data, count: Int(chain.pointee.size)))
        let shown = UnsafeBufferPointer(start: chain, count: min(Int(count), Self.chainMax))
        switch trusted.withLock({ $0 }).status(of: shown, for: Self.purpose) {
        case .failure(let failure): return .refused("It cannot be checked: \(failure.words).")
        case .success(0): return .verified(der)
        case .success(let status): return .refused(Self.words(status))
        }
    }

    private static func words(_ status: UInt32) -> String {
        if status & GNUTLS_CERT_EXPIRED.rawValue != 0 { return "It has expired." }
        if status & GNUTLS_CERT_NOT_ACTIVATED.rawValue != 0 { return "It is not valid yet." }
        if status & GNUTLS_CERT_REVOKED.rawValue != 0 { return "It was revoked." }
        if status & GNUTLS_CERT_SIGNER_NOT_FOUND.rawValue != 0 {
            return "No authority for clients issued it."
        }
        return "It or its chain is not valid for a client."
    }
}

/// A list of authorities as GnuTLS keeps it; it stays for as long as anybody checks with it.
private final class TrustedAuthorities: @unchecked Sendable {
    // Nothing changes in it once it is made, and GnuTLS lets many read at once.
    struct Failure: Error {
        let words: String
    }

    private let library: GnuTLS
    private let list: GnuTLS.TrustList

    init(_ pem: [UInt8], _ library: GnuTLS) throws(HTTPServerError) {
        var made: GnuTLS.TrustList?
        guard library.makeTrust(&made, 0) == 0, let made else {
            throw .certificate("no list of authorities can be made")
        }
        self.library = library
        list = made
        let count = pem.withUnsafeBytes { bytes in
            var data = gnutls_datum_t(bytes)
            return library.addTrust(made, &data, nil, GNUTLS_X509_FMT_PEM.rawValue, 0, 0)
        }
        guard count > 0 else {
            throw .certificate(
                "the authorities for clients cannot be read"
                    + (count < 0 ? ": \(library.words(count))" : ": there is no certificate in the file"))
        }
    }

    deinit { library.freeTrust(list, 1) }

    /// What GnuTLS finds wrong with a chain; 0 for nothing.
    func status(
        of chain: UnsafeBufferPointer<gnutls_datum_t>, for purpose: String
    ) -> Result<UInt32, Failure> {
        var links: [GnuTLS.Link?] = []
        defer { for link in links { library.freeLink(link) } }
        for der in chain {
            var link: GnuTLS.Link?
            var der = der
            guard library.makeLink(&link) == 0, let link else { return .failure(Failure(words: "no memory")) }
            links.append(link)
            let code = library.readLink(link, &der, GNUTLS_X509_FMT_DER.rawValue)
            guard code == 0 else { return .failure(Failure(words: library.words(code))) }
        }
        var status: UInt32 = 0
        let code = purpose.withCString { purpose in
            var wanted = gnutls_typed_vdata_st()
            wanted.type = GNUTLS_DT_KEY_PURPOSE_OID
            wanted.data = UnsafeMutablePointer(
                mutating: UnsafeRawPointer(purpose).assumingMemoryBound(to: UInt8.self))
            return library.verifyChain(list, &links, UInt32(links.count), &wanted, 1, 0, &status, nil)
        }
        return code == 0 ? .success(status) : .failure(Failure(words: library.words(code)))
    }
}
