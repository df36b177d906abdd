internal import CMicroHTTPD
package import CardCrypto
package import Centre
internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// An HTTP/1.1 server: libmicrohttpd reads and writes on one thread, and a pool of threads answers.
///
/// A request that waits holds its connection and a few hundred bytes, and no thread.
package final class HTTPServer: Sendable {
    package struct Configuration: Sendable {
        package struct Listener: Sendable {
            package var address: ListenAddress
            /// nil for plain HTTP, which only this machine and named proxies may speak.
            package var tls: TLSSettings?

            package init(_ address: ListenAddress, tls: TLSSettings? = nil) {
                self.address = address
                self.tls = tls
            }
        }

        package var listeners: [Listener]
        package var limits: HTTPLimits
        /// Whose word on where a request came from is taken.
        package var proxies: [NetworkAddress]

        package init(
            _ listeners: [Listener], limits: HTTPLimits = HTTPLimits(), proxies: [NetworkAddress] = []
        ) {
            self.listeners = listeners
            self.limits = limits
            self.proxies = proxies
        }
    }

    /// What is to be seen from outside at this moment.
    package struct Figures: Sendable {
        package var connections: Int
        package var waiting: Int
        package var queued: Int
        package var requests: Int
        package var streams: Int
    }

    private struct OpenDoor: @unchecked Sendable {
        // The daemon is a handle whose functions may be called from any thread; it is stopped once.
        let door: Door
        let daemon: MicroHTTPD.Daemon
        let address: ListenAddress
    }

    private struct State {
        var doors: [OpenDoor] = []
        var threads: [ServingThread] = []
        var ticker: ServingThread?
        var isStopped = false
    }

    private let core: ServerCore
    private let state = Mutex(State())
    private let tickerEnds = Atomic<Bool>(false)

    /// Listens, and answers from then on.
    package init(
        _ configuration: Configuration, service: any HTTPService, room: WaitingRoom, clock: any WallClock,
        entropy: any EntropySource, observer: any HTTPObserver
    ) throws(HTTPServerError) {
        core = try ServerCore(
            configuration, service: service, room: room, clock: clock, entropy: entropy, observer: observer)
        do throws(HTTPServerError) {
            try startThreads()
            for listener in configuration.listeners { try open(listener) }
        } catch {
            stop()
            throw error
        }
    }

    deinit { stop() }

    /// Where it listens, in the order of the listeners, with the ports that were free.
    package var addresses: [ListenAddress] { state.withLock { $0.doors.map(\.address) } }

    package var figures: Figures {
        Figures(
            connections: core.connections.count, waiting: core.room.count, queued: core.queue.count,
            requests: core.exchangeCount, streams: core.streamCount)
    }

    /// New connections see the new certificate; old ones go on as they are.
    package func replaceIdentity(_ identity: TLSIdentity) throws(HTTPServerError) {
        for open in state.withLock({ $0.doors }) { try open.door.certificates?.replace(with: identity) }
    }

    /// New connections are held to the new authorities; a client that was let in stays.
    package func replaceClientAuthorities(_ authorities: [UInt8]) throws(HTTPServerError) {
        for open in state.withLock({ $0.doors }) { try open.door.clients?.replace(with: authorities) }
    }

    /// Ends in order: nothing new is accepted, what waits is answered, streams end, and what is under way gets its
    /// time.
    package func stop() {
        let (doors, threads, ticker) = state.withLock { state in
            defer {
                state.isStopped = true
                state.doors = []
                state.threads = []
                state.ticker = nil
            }
            return (state.doors, state.threads, state.ticker)
        }
        core.beginStopping()
        for open in doors {
            let socket = core.library.quiesce(open.daemon)
            if socket >= 0 { _ = close(socket) }
        }
        core.room.wakeAll()
        let deadline = monotonicMilliseconds() + Int64(core.limits.stopSeconds) * 1_000
        while core.exchangeCount > 0, monotonicMilliseconds() < deadline { usleep(5_000) }
        core.queue.close()
        for thread in threads { thread.join() }
        for open in doors { core.library.stop(open.daemon) }
        tickerEnds.store(true, ordering: .releasing)
        ticker?.join()
    }

    private func startThreads() throws(HTTPServerError) {
        let core = core
        var threads: [ServingThread] = []
        for _ in 0..<max(1, core.limits.workers) {
            guard let thread = ServingThread({ core.work() }) else { break }
            threads.append(thread)
        }
        let ticker = ServingThread { [weak self] in
            var count = 0
            while let self, !self.tickerEnds.load(ordering: .acquiring) {
                count += 1
                core.tick(isSecond: count % Self.ticksPerSecond == 0)
                usleep(UInt32(1_000_000 / Self.ticksPerSecond))
            }
        }
        let hasThreads = !threads.isEmpty && ticker != nil
        state.withLock { [threads] state in
            state.threads = threads
            state.ticker = ticker
        }
        guard hasThreads else { throw .daemon("the system gives no threads") }
    }

    private static let ticksPerSecond = 50

    private func open(_ listener: Configuration.Listener) throws(HTTPServerError) {
        guard listener.tls != nil || listener.address.isLoopback || !core.proxies.isEmpty else {
            throw .plainAddress("\(listener.address)")
        }
        let door = Door(
            core, isForProxies: listener.tls == nil,
            certificates: try listener.tls.map { tls throws(HTTPServerError) in
                try ServerCertificates(tls.identity, GnuTLS())
            },
            clients: try listener.tls.flatMap { tls throws(HTTPServerError) in
                guard let authorities = tls.clientAuthorities else { return nil }
                return try ClientAuthority(
                    authorities, GnuTLS(), isRequired: tls.requiresClientCertificate)
            })
        let socket = try ListeningSocket(listener.address, hearsAtOnce: listener.tls != nil)
        guard let daemon = start(door, listener, on: socket.descriptor) else {
            _ = close(socket.descriptor)
            throw .daemon("libmicrohttpd does not start at \(listener.address)")
        }
        let address =
            listener.address.isEverywhere
            ? ListenAddress("*:\(socket.port)") : ListenAddress(listener.address.host, port: socket.port)
        state.withLock { state in
            state.doors.append(OpenDoor(door: door, daemon: daemon, address: address ?? listener.address))
        }
    }

    /// The door lives as long as the server, and so longer than the daemon.
    private func start(
        _ door: Door, _ listener: Configuration.Listener, on socket: Int32
    ) -> MicroHTTPD.Daemon? {
        let limits = core.limits
        let context = Unmanaged.passUnretained(door).toOpaque()
        var options = [
            MHD_OptionItem(.LISTEN_SOCKET, Int(socket)),
            MHD_OptionItem(.CONNECTION_LIMIT, limits.connectionsMax),
            MHD_OptionItem(.CONNECTION_MEMORY_LIMIT, limits.headBytesMax),
            MHD_OptionItem(.CONNECTION_TIMEOUT, limits.idleSeconds),
            // A request without a host is refused here, in JSON; the library would answer a page, with its head twice.
            MHD_OptionItem(.STRICT_FOR_CLIENT, 0),
            MHD_OptionItem(.URI_LOG_CALLBACK, address(of: noteTarget as TargetCallback), context),
            MHD_OptionItem(.UNESCAPE_CALLBACK, address(of: leaveEscaped as UnescapeCallback), nil),
            MHD_OptionItem(
                .NOTIFY_COMPLETED, address(of: noteCompletion as MHD_RequestCompletedCallback),
                context),
            MHD_OptionItem(
                .NOTIFY_CONNECTION, address(of: noteConnection as MHD_NotifyConnectionCallback),
                context),
        ]
        // The library copies none of these texts: they stay for as long as the process does, some kilobytes once.
        if let tls = listener.tls {
            options.append(MHD_OptionItem(.HTTPS_PRIORITIES, 0, strdup(Self.priorities)))
            options.append(
                MHD_OptionItem(
                    .HTTPS_CERT_CALLBACK, 0,
                    UnsafeMutableRawPointer(bitPattern: address(of: giveCertificate as CertificateCallback))))
            if let authorities = tls.clientAuthorities {
                let text = strdup(String(decoding: authorities, as: UTF8.self))
                options.append(MHD_OptionItem(.HTTPS_MEM_TRUST, 0, text))
            }
        }
        options.append(MHD_OptionItem(.END, 0))
        return berth_mhd_start(
            core.library.start.pointer, berth_mhd_flags(door.isEncrypted ? 1 : 0), acceptClient,
            handleRequest,
            context, &options)
    }

    /// TLS 1.2 and 1.3 with forward secrecy and authenticated encryption only.
    ///
    /// The group that clients guess comes first: another one would cost each connection a round trip more (RFC 8446
    /// §4.1.4).
    private static let priorities =
        "SECURE128:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-RSA:-CIPHER-ALL:+AES-256-GCM:+CHACHA20-POLY1305:+AES-128-GCM"
        + ":-GROUP-ALL:+GROUP-X25519:+GROUP-SECP256R1:+GROUP-SECP384R1:+GROUP-SECP521R1:%SERVER_PRECEDENCE"
}

private typealias TargetCallback =
    @convention(c) (UnsafeMutableRawPointer?, UnsafePointer<CChar>?, OpaquePointer?) ->
    UnsafeMutableRawPointer?
private typealias UnescapeCallback =
    @convention(c) (UnsafeMutableRawPointer?, OpaquePointer?, UnsafeMutablePointer<CChar>?) -> Int
private typealias CertificateCallback =
    @convention(c) (
        OpaquePointer?, UnsafePointer<gnutls_datum_t>?, Int32, UnsafePointer<gnutls_pk_algorithm_t>?, Int32,
        UnsafeMutablePointer<UnsafeMutablePointer<gnutls_pcert_st>?>?, UnsafeMutablePointer<UInt32>?,
        UnsafeMutablePointer<OpaquePointer?>?
    ) -> Int32

private func address<Function>(of function: Function) -> Int {
    unsafeBitCast(function, to: Int.self)
}

extension MHD_OptionItem {
    fileprivate init(_ option: MHD_OPTION, _ value: Int, _ pointer: UnsafeMutableRawPointer? = nil) {
        self.init(option: option, value: value, ptr_value: pointer)
    }
}
