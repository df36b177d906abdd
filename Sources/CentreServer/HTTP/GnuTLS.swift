internal import CMicroHTTPD
internal import CardCrypto
internal import Synchronization
internal import Wire

/// The part of GnuTLS that is needed beside what libmicrohttpd does with it: certificates that change while it serves,
/// and those that clients show.
final class GnuTLS: Sendable {
    typealias Session = OpaquePointer
    typealias Key = OpaquePointer
    typealias Credentials = OpaquePointer
    typealias TrustList = OpaquePointer
    /// A certificate of a chain.
    typealias Link = OpaquePointer

    let sessionContext: @convention(c) (Session?) -> UnsafeMutableRawPointer?
    let errorText: @convention(c) (Int32) -> UnsafePointer<CChar>?
    let makeCredentials: @convention(c) (UnsafeMutablePointer<Credentials?>) -> Int32
    let freeCredentials: @convention(c) (Credentials?) -> Void
    let setIdentity:
        @convention(c) (
            Credentials?, UnsafePointer<gnutls_datum_t>, UnsafePointer<gnutls_datum_t>, UInt32,
            UnsafePointer<CChar>?, UInt32
        ) -> Int32
    let readCertificates:
        @convention(c) (
            UnsafeMutablePointer<gnutls_pcert_st>, UnsafeMutablePointer<UInt32>,
            UnsafePointer<gnutls_datum_t>,
            UInt32, UInt32
        ) -> Int32
    let freeCertificate: @convention(c) (UnsafeMutablePointer<gnutls_pcert_st>) -> Void
    let makeKey: @convention(c) (UnsafeMutablePointer<Key?>) -> Int32
    let readKey:
        @convention(c) (
            Key?, UnsafePointer<gnutls_datum_t>, UInt32, UnsafePointer<CChar>?, UInt32
        ) -> Int32
    let freeKey: @convention(c) (Key?) -> Void
    let peers: @convention(c) (Session?, UnsafeMutablePointer<UInt32>) -> UnsafePointer<gnutls_datum_t>?
    let makeTrust: @convention(c) (UnsafeMutablePointer<TrustList?>, UInt32) -> Int32
    let addTrust:
        @convention(c) (
            TrustList?, UnsafePointer<gnutls_datum_t>?, UnsafePointer<gnutls_datum_t>?, UInt32, UInt32, UInt32
        ) -> Int32
    let freeTrust: @convention(c) (TrustList?, UInt32) -> Void
    let makeLink: @convention(c) (UnsafeMutablePointer<Link?>) -> Int32
    let readLink: @convention(c) (Link?, UnsafePointer<gnutls_datum_t>, UInt32) -> Int32
    let freeLink: @convention(c) (Link?) -> Void
    let verifyChain:
        @convention(c) (
            TrustList?, UnsafeMutablePointer<Link?>, UInt32, UnsafeMutablePointer<gnutls_typed_vdata_st>?,
            UInt32,
            UInt32, UnsafeMutablePointer<UInt32>, OpaquePointer?
        ) -> Int32
    let hideAuthorities: @convention(c) (Session?, Int32) -> Void

    init() throws(HTTPServerError) {
        #if os(Linux)
            let names = ["libgnutls.so.30"]
        #else
            let names = [
                "libgnutls.30.dylib", "/opt/homebrew/opt/gnutls/lib/libgnutls.30.dylib",
                "/usr/local/opt/gnutls/lib/libgnutls.30.dylib",
            ]
        #endif
        let library = try DynamicLibrary(
            names, missing: "GnuTLS is not installed; on Debian and Ubuntu: apt-get install libgnutls30")
        sessionContext = try library.find("gnutls_session_get_ptr")
        errorText = try library.find("gnutls_strerror")
        makeCredentials = try library.find("gnutls_certificate_allocate_credentials")
        freeCredentials = try library.find("gnutls_certificate_free_credentials")
        setIdentity = try library.find("gnutls_certificate_set_x509_key_mem2")
        readCertificates = try library.find("gnutls_pcert_list_import_x509_raw")
        freeCertificate = try library.find("gnutls_pcert_deinit")
        makeKey = try library.find("gnutls_privkey_init")
        readKey = try library.find("gnutls_privkey_import_x509_raw")
        freeKey = try library.find("gnutls_privkey_deinit")
        peers = try library.find("gnutls_certificate_get_peers")
        makeTrust = try library.find("gnutls_x509_trust_list_init")
        addTrust = try library.find("gnutls_x509_trust_list_add_trust_mem")
        freeTrust = try library.find("gnutls_x509_trust_list_deinit")
        makeLink = try library.find("gnutls_x509_crt_init")
        readLink = try library.find("gnutls_x509_crt_import")
        freeLink = try library.find("gnutls_x509_crt_deinit")
        verifyChain = try library.find("gnutls_x509_trust_list_verify_crt2")
        hideAuthorities = try library.find("gnutls_certificate_send_x509_rdn_sequence")
    }

    func words(_ code: Int32) -> String { errorText(code).map { String(cString: $0) } ?? "code \(code)" }
}

/// The certificates of one door; new ones are taken for new connections while old connections go on.
final class ServerCertificates: Sendable {
    /// A chain that belongs to its key, in memory that stays where it is.
    private struct Generation: @unchecked Sendable {
        // Read only by GnuTLS once it is made, until it is freed, when no handshake can use it any more.
        let chain: UnsafeMutablePointer<gnutls_pcert_st>
        let count: UInt32
        let key: GnuTLS.Key
    }

    private struct State {
        var current: Generation
        var retired: [(generation: Generation, at: Int64)] = []
    }

    private static let chainMax = 8
    /// A handshake is over by then, or its connection is.
    private static let retiredMilliseconds: Int64 = 600_000

    private let library: GnuTLS
    private let state: Mutex<State>

    init(_ identity: TLSIdentity, _ library: GnuTLS) throws(HTTPServerError) {
        self.library = library
        state = Mutex(State(current: try Self.read(identity, library)))
    }

    deinit {
        state.withLock { state in
            for generation in [state.current] + state.retired.map(\.generation) { free(generation) }
        }
    }

    func replace(with identity: TLSIdentity) throws(HTTPServerError) {
        let next = try Self.read(identity, library)
        let now = monotonicMilliseconds()
        state.withLock { state in
            state.retired.append((state.current, now))
            state.current = next
            for old in state.retired where old.at + Self.retiredMilliseconds < now { free(old.generation) }
            state.retired.removeAll { $0.at + Self.retiredMilliseconds < now }
        }
    }

    fileprivate func give(
        _ chain: UnsafeMutablePointer<UnsafeMutablePointer<gnutls_pcert_st>?>,
        _ count: UnsafeMutablePointer<UInt32>, _ key: UnsafeMutablePointer<GnuTLS.Key?>
    ) {
        let current = state.withLock { $0.current }
        chain.pointee = current.chain
        count.pointee = current.count
        key.pointee = current.key
    }

    private func free(_ generation: Generation) {
        for index in 0..<Int(generation.count) { library.freeCertificate(generation.chain + index) }
        generation.chain.deallocate()
        library.freeKey(generation.key)
    }

    private static func read(
        _ identity: TLSIdentity, _ library: GnuTLS
    ) throws(HTTPServerError) -> Generation {
        let result: Result<Generation, HTTPServerError> = identity.certificates.withUnsafeBytes { chain in
            identity.key.withBytes { key in
                Result { () throws(HTTPServerError) in
                    try read(gnutls_datum_t(chain), gnutls_datum_t(key), library)
                }
            }
        }
        return try result.get()
    }

    private static func read(
        _ chain: gnutls_datum_t, _ key: gnutls_datum_t, _ library: GnuTLS
    ) throws(HTTPServerError) -> Generation {
        func check(_ code: Int32, _ what: String) throws(HTTPServerError) {
            guard code >= 0 else { throw .certificate("\(what): \(library.words(code))") }
        }
        var (chain, key) = (chain, key)
        // Tells whether both belong together, which reading them one by one does not.
        var credentials: GnuTLS.Credentials?
        try check(library.makeCredentials(&credentials), "no credentials can be made")
        defer { library.freeCredentials(credentials) }
        try check(
            library.setIdentity(credentials, &chain, &key, GNUTLS_X509_FMT_PEM.rawValue, nil, 0),
            "certificate and key cannot be used")
        let list = UnsafeMutablePointer<gnutls_pcert_st>.allocate(capacity: chainMax)
        var count = UInt32(chainMax)
        do throws(HTTPServerError) {
            try check(
                library.readCertificates(list, &count, &chain, GNUTLS_X509_FMT_PEM.rawValue, 0),
                "the certificates cannot be read")
            var made: GnuTLS.Key?
            try check(library.makeKey(&made), "no key can be made")
            guard let made else { throw .certificate("no key can be made") }
            try check(
                library.readKey(made, &key, GNUTLS_X509_FMT_PEM.rawValue, nil, 0), "the key cannot be read")
            return Generation(chain: list, count: count, key: made)
        } catch {
            list.deallocate()
            throw error
        }
    }
}

extension gnutls_datum_t {
    init(_ bytes: UnsafeRawBufferPointer) {
        let start = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
        self.init(data: UnsafeMutablePointer(mutating: start), size: UInt32(bytes.count))
    }
}

/// GnuTLS asks without any context of ours, so that the way to it begins at a constant: the libraries, loaded once.
private let callbackLibraries: (server: MicroHTTPD, tls: GnuTLS)? = {
    guard let server = try? MicroHTTPD(), let tls = try? GnuTLS() else { return nil }
    return (server, tls)
}()

/// Called by GnuTLS in each handshake.
func giveCertificate(
    _ session: OpaquePointer?, _ authorities: UnsafePointer<gnutls_datum_t>?, _ authorityCount: Int32,
    _ algorithms: UnsafePointer<gnutls_pk_algorithm_t>?, _ algorithmCount: Int32,
    _ chain: UnsafeMutablePointer<UnsafeMutablePointer<gnutls_pcert_st>?>?,
    _ count: UnsafeMutablePointer<UInt32>?, _ key: UnsafeMutablePointer<OpaquePointer?>?
) -> Int32 {
    guard let libraries = callbackLibraries, let chain, let count, let key,
        let connection = libraries.tls.sessionContext(session),
        let pointer = libraries.server.info(OpaquePointer(connection), .CONNECTION_INFO_SOCKET_CONTEXT)?
            .socket_context
    else { return -1 }
    let client = Unmanaged<ClientConnection>.fromOpaque(pointer).takeUnretainedValue()
    guard let certificates = client.door.certificates else { return -1 }
    certificates.give(chain, count, key)
    // The names that libmicrohttpd knows are those of its start; a client shows what it has without being told.
    libraries.tls.hideAuthorities(session, 1)
    return 0
}
