internal import CCurl
internal import Synchronization

/// How a client speaks with servers, the same for all its requests.
package struct HTTPClientOptions: Sendable {
    /// By what a server proves who it is.
    package enum Trust: Hashable, Sendable {
        /// The authorities that this machine trusts.
        case system
        /// Those in a file, in PEM.
        case authorities(file: String)
        /// SHA-256 of its public key, as SubjectPublicKeyInfo in DER (RFC 7469 §2.4): name and authority say nothing.
        case publicKey(sha256: [UInt8])
    }

    /// What the client shows of itself: a certificate and its key, in PEM files.
    package struct Identity: Hashable, Sendable {
        package var certificateFile: String
        package var keyFile: String

        package init(certificateFile: String, keyFile: String) {
            self.certificateFile = certificateFile
            self.keyFile = keyFile
        }
    }

    package var trust = Trust.system
    package var identity: Identity?
    package var connectTimeout = Duration.seconds(10)
    package var redirectsMax = 0
    /// By URL; without one the way is direct, whatever the environment says.
    package var proxy: String?
    package var agent = "berth"
    /// Asked before each connection with the address that will be used, after the name was resolved: there is nothing
    /// between this look and the connection. With a guard there is no proxy.
    package var allows: (@Sendable (ResolvedAddress) -> Bool)?
    /// Taken by the first request that goes where it leads.
    package var early: EarlyConnection?

    package init() {}
}

/// Ends requests from another thread, within about a second.
package final class Cancellation: Sendable {
    private let flag = Atomic<Bool>(false)

    package init() {}

    package func cancel() { flag.store(true, ordering: .releasing) }
    package var isCancelled: Bool { flag.load(ordering: .acquiring) }
}

/// A synchronous HTTP/1.1 client; connections stay open for the next request. Any thread may use it.
package final class HTTPClient: Sendable {
    /// Connections that wait for the next request are a courtesy, not a store.
    private static let idleMax = 16

    private let curl: LibCurl
    private let options: HTTPClientOptions
    private let idle = Mutex<[IdleHandle]>([])

    package init(_ options: HTTPClientOptions = HTTPClientOptions()) throws(HTTPClientError) {
        curl = try LibCurl()
        self.options = options
    }

    deinit {
        let handles = idle.withLock { $0 }
        for handle in handles { curl.end(handle.pointer) }
    }

    /// One request and its answer, whole.
    package func send(
        _ request: ClientRequest, until cancellation: Cancellation? = nil
    ) throws(HTTPClientError) -> ClientResponse {
        try perform(request, Exchange(request, cancellation, options))
    }

    /// Gives the lines of a body while they come, without their ends, until `take` returns false or the server ends.
    /// Only a body that follows the status 200 is taken apart; any other is in the answer.
    ///
    /// `request.timeout` is how long the server may be silent.
    @discardableResult
    package func lines(
        _ request: ClientRequest, until cancellation: Cancellation? = nil,
        _ take: @escaping (String) -> Bool
    ) throws(HTTPClientError) -> ClientResponse {
        try perform(request, Exchange(request, cancellation, options, onLine: take))
    }

    /// The certificate that a server shows, in PEM, whoever it is: for somebody who compares it. Nothing is sent.
    package static func certificate(of url: String) throws(HTTPClientError) -> String {
        var options = HTTPClientOptions()
        // Every key is believed for as long as it takes to look at it.
        options.trust = .publicKey(sha256: [])
        let client = try HTTPClient(options)
        let handle = try client.takeHandle()
        defer { client.curl.end(handle) }
        let request = ClientRequest("GET", url)
        try client.set(request, on: handle, isStream: false)
        client.curl.set(handle, CURLOPT_PINNEDPUBLICKEY, nil)
        client.curl.set(handle, CURLOPT_CONNECT_ONLY, 1)
        client.curl.set(handle, CURLOPT_CERTINFO, 1)
        let code = client.curl.perform(handle)
        guard code == CURLE_OK else {
            throw client.error(code, isUnsent: true, Exchange(request, nil, options))
        }
        guard let certificate = client.curl.certificate(handle) else {
            throw HTTPClientError(.tls, "The server shows no certificate.")
        }
        return certificate
    }

    // MARK: One exchange

    private func perform(
        _ request: ClientRequest, _ exchange: Exchange
    ) throws(HTTPClientError) -> ClientResponse {
        let handle = try takeHandle()
        var list: LibCurl.List?
        defer {
            curl.clear(handle)
            curl.free(list)
            giveBack(handle)
        }
        try set(request, on: handle, isStream: exchange.onLine != nil)
        // Without this field curl waits a second for permission before it sends a long body.
        for field in request.fields + [("Expect", "")] {
            guard Self.isField(field) else {
                throw HTTPClientError(
                    .malformed, "The field '\(field.name)' has characters that it cannot have.")
            }
            list = curl.append(list, field.value.isEmpty ? "\(field.name):" : "\(field.name): \(field.value)")
        }
        curl.set(handle, CURLOPT_HTTPHEADER, UnsafeRawPointer(list))
        let code = withExtendedLifetime(exchange) {
            let context = UnsafeRawPointer(Unmanaged.passUnretained(exchange).toOpaque())
            setCallbacks(on: handle, context)
            return curl.perform(handle)
        }
        if let failure = exchange.failure { throw failure }
        guard code == CURLE_OK || exchange.isDone else {
            throw error(code, isUnsent: curl.number(handle, CURLINFO_REQUEST_SIZE) == 0, exchange)
        }
        exchange.endLines()
        return ClientResponse(status: exchange.status, fields: exchange.fields, body: exchange.body)
    }

    private static func isField(_ field: (name: String, value: String)) -> Bool {
        !field.name.isEmpty
            && field.name.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: ":") }
            && field.value.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F }
    }

    private func set(
        _ request: ClientRequest, on handle: LibCurl.Handle, isStream: Bool
    ) throws(HTTPClientError) {
        guard curl.set(handle, CURLOPT_URL, text: request.url) else {
            throw HTTPClientError(.badAddress, "'\(request.url)' is no address.")
        }
        curl.set(handle, CURLOPT_NOSIGNAL, 1)
        // HTTP and HTTPS, and nothing that a redirect could turn them into; by number, as newer headers rename them.
        curl.set(handle, CURLoption(rawValue: 181), 3)
        curl.set(handle, CURLoption(rawValue: 182), 3)
        // HTTP/1.1.
        curl.set(handle, CURLOPT_HTTP_VERSION, 2)
        curl.set(handle, CURLOPT_USERAGENT, text: options.agent)
        curl.set(handle, CURLOPT_PROXY, text: options.allows == nil ? options.proxy ?? "" : "")
        curl.set(handle, CURLOPT_CONNECTTIMEOUT_MS, options.connectTimeout.milliseconds)
        if isStream {
            curl.set(handle, CURLOPT_LOW_SPEED_LIMIT, 1)
            curl.set(handle, CURLOPT_LOW_SPEED_TIME, max(1, request.timeout.milliseconds / 1_000))
        } else {
            curl.set(handle, CURLOPT_TIMEOUT_MS, request.timeout.milliseconds)
        }
        if let body = request.body {
            curl.setBody(handle, body)
        } else if request.method == "HEAD" {
            curl.set(handle, CURLOPT_NOBODY, 1)
        }
        curl.set(handle, CURLOPT_CUSTOMREQUEST, text: request.method)
        curl.set(handle, CURLOPT_FOLLOWLOCATION, options.redirectsMax > 0 ? 1 : 0)
        curl.set(handle, CURLOPT_MAXREDIRS, options.redirectsMax)
        try setTrust(on: handle)
    }

    private func setTrust(on handle: LibCurl.Handle) throws(HTTPClientError) {
        // TLS 1.2 and later.
        curl.set(handle, CURLOPT_SSLVERSION, 6)
        var isSet = true
        switch options.trust {
        case .system: break
        case .authorities(let file): isSet = curl.set(handle, CURLOPT_CAINFO, text: file)
        case .publicKey(let digest):
            curl.set(handle, CURLOPT_SSL_VERIFYPEER, 0)
            curl.set(handle, CURLOPT_SSL_VERIFYHOST, 0)
            isSet = curl.set(handle, CURLOPT_PINNEDPUBLICKEY, text: "sha256//" + Base64.encode(digest))
        }
        // A library that cannot do this would trust anybody.
        guard isSet else { throw HTTPClientError(.tls, "This libcurl cannot check the server as it should.") }
        if let identity = options.identity {
            curl.set(handle, CURLOPT_SSLCERT, text: identity.certificateFile)
            curl.set(handle, CURLOPT_SSLKEY, text: identity.keyFile)
        }
    }

    private func setCallbacks(on handle: LibCurl.Handle, _ context: UnsafeRawPointer) {
        curl.set(handle, CURLOPT_WRITEFUNCTION, receive: Exchange.takeBody)
        curl.set(handle, CURLOPT_WRITEDATA, context)
        curl.set(handle, CURLOPT_HEADERFUNCTION, receive: Exchange.takeField)
        curl.set(handle, CURLOPT_HEADERDATA, context)
        curl.set(handle, CURLOPT_NOPROGRESS, 0)
        curl.set(handle, progress: Exchange.goesOn)
        curl.set(handle, CURLOPT_XFERINFODATA, context)
        guard options.allows != nil || options.early != nil else { return }
        // Where it is not known, it is not used.
        if options.early != nil { curl.set(handle, CURLOPT_TCP_FASTOPEN, 1) }
        curl.set(handle, openSocket: Exchange.openSocket)
        curl.set(handle, CURLOPT_OPENSOCKETDATA, context)
    }

    private func error(_ code: CURLcode, isUnsent: Bool, _ exchange: Exchange) -> HTTPClientError {
        let word: HTTPClientError.Code =
            switch code {
            case CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL: .badAddress
            case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_CONNECT, CURLE_SEND_ERROR, CURLE_RECV_ERROR,
                CURLE_GOT_NOTHING, CURLE_PARTIAL_FILE, CURLE_COULDNT_RESOLVE_PROXY:
                .unreachable
            case CURLE_OPERATION_TIMEDOUT: .timedOut
            case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_PINNEDPUBKEYNOTMATCH, CURLE_SSL_CACERT_BADFILE,
                CURLE_SSL_ISSUER_ERROR:
                .notTrusted
            case CURLE_SSL_CERTPROBLEM: .ownCertificate
            case CURLE_SSL_CONNECT_ERROR, CURLE_SSL_CIPHER: .tls
            case CURLE_ABORTED_BY_CALLBACK: .cancelled
            case CURLE_WEIRD_SERVER_REPLY, CURLE_TOO_MANY_REDIRECTS, CURLE_HTTP2: .malformed
            default: .failure
            }
        return HTTPClientError(word, curl.words(code), isUnsent: isUnsent)
    }

    // MARK: Handles

    private func takeHandle() throws(HTTPClientError) -> LibCurl.Handle {
        if let handle = idle.withLock({ $0.popLast() }) { return handle.pointer }
        guard let handle = curl.begin() else { throw HTTPClientError(.failure, "There is no memory left.") }
        return handle
    }

    private func giveBack(_ handle: LibCurl.Handle) {
        let kept = IdleHandle(pointer: handle)
        let isKept = idle.withLock { idle in
            guard idle.count < Self.idleMax else { return false }
            idle.append(kept)
            return true
        }
        if !isKept { curl.end(handle) }
    }

    private struct IdleHandle: @unchecked Sendable {
        // Sendable because whoever takes it out of the list is the only one who has it.
        let pointer: LibCurl.Handle
    }
}

extension Duration {
    fileprivate var milliseconds: Int {
        let (seconds, attoseconds) = components
        return Int(seconds) * 1_000 + Int(attoseconds / 1_000_000_000_000_000)
    }
}

/// RFC 4648 §4.
enum Base64 {
    private static let letters = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    static func encode(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            let value = group.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - group.count))
            for index in 0..<4 {
                text.append(
                    index <= group.count ? letters[value >> (18 - 6 * index) & 63] : UInt8(ascii: "="))
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}
