import Foundation
import HTTPClient
import TestSupport
import Testing

/// `openssl s_server` with a key and a certificate that were made for the test.
private final class TLSServer {
    let folder: URL
    let port: Int
    private let process = Process()

    init(asksForCertificate: Bool = false) throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "berth-tls-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        for name in ["server", "client"] {
            try Self.openssl(
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days",
                "2",
                "-subj", "/CN=\(name)", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout",
                folder.appending(path: "\(name).key").path, "-out",
                folder.appending(path: "\(name).pem").path)
        }
        port = LoopbackServer.freePort()
        process.executableURL = URL(filePath: "/usr/bin/openssl")
        process.arguments =
            [
                "s_server", "-accept", "127.0.0.1:\(port)", "-cert", file("server.pem"), "-key",
                file("server.key"), "-www", "-quiet",
            ]
            + (asksForCertificate
                ? ["-Verify", "1", "-CAfile", file("client.pem"), "-verify_return_error"] : [])
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        process.standardInput = FileHandle.nullDevice
        try process.run()
        for _ in 0..<100 {
            let attempt = Result { try HTTPClient().send(ClientRequest("GET", url)) }
            if case .failure(let error as HTTPClientError) = attempt, error.code != .unreachable { return }
            Thread.sleep(forTimeInterval: 0.05)
        }
    }

    deinit {
        // A child has the signal mask of the thread that made it, so only this is sure to end it.
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        try? FileManager.default.removeItem(at: folder)
    }

    var url: String { "https://127.0.0.1:\(port)/" }
    func file(_ name: String) -> String { folder.appending(path: name).path }

    /// SHA-256 of the public key, as the other program computes it.
    func keyDigest(_ name: String = "server") throws -> [UInt8] {
        let (key, digest) = (file("\(name).spki"), file("\(name).sha256"))
        try Self.openssl("pkey", "-in", file("\(name).key"), "-pubout", "-outform", "DER", "-out", key)
        try Self.openssl("dgst", "-sha256", "-binary", "-out", digest, key)
        return Array(try Data(contentsOf: URL(filePath: digest)))
    }

    static func openssl(_ arguments: String...) throws {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/openssl")
        process.arguments = arguments
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0)
    }
}

@Suite("TLS as a client", .serialized, .mission(.c11))
struct TLSTests {
    private func outcome(_ server: TLSServer, _ set: (inout HTTPClientOptions) -> Void) -> String {
        var options = HTTPClientOptions()
        set(&options)
        do {
            return
                "\(try HTTPClient(options).send(ClientRequest("GET", server.url, timeout: .seconds(5))).status)"
        } catch {
            return error.code.rawValue
        }
    }

    @Test("a server is believed by its authority or by its key, and otherwise nothing is sent")
    func trust() throws {
        let server = try TLSServer()
        let digest = try server.keyDigest()
        #expect(outcome(server) { _ in } == "not-trusted")
        #expect(outcome(server) { $0.trust = .authorities(file: server.file("server.pem")) } == "200")
        #expect(outcome(server) { $0.trust = .authorities(file: server.file("client.pem")) } == "not-trusted")
        #expect(outcome(server) { $0.trust = .publicKey(sha256: digest) } == "200")
        for bit in [0, 255] {
            var other = digest
            other[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(outcome(server) { $0.trust = .publicKey(sha256: other) } == "not-trusted")
        }
    }

    @Test("the client shows its certificate where one is asked for")
    func identity() throws {
        let server = try TLSServer(asksForCertificate: true)
        let digest = try server.keyDigest()
        let own = HTTPClientOptions.Identity(
            certificateFile: server.file("client.pem"), keyFile: server.file("client.key"))
        #expect(
            outcome(server) {
                $0.trust = .publicKey(sha256: digest)
                $0.identity = own
            } == "200")
        #expect(outcome(server) { $0.trust = .publicKey(sha256: digest) } != "200")
        #expect(
            outcome(server) {
                $0.trust = .publicKey(sha256: digest)
                $0.identity = .init(certificateFile: "/nonexistent", keyFile: "/nonexistent")
            } == "own-certificate")
    }

    @Test("the certificate that a server shows can be looked at before anything is sent")
    func certificate() throws {
        let server = try TLSServer()
        let shown = try HTTPClient.certificate(of: server.url)
        let kept = try String(contentsOfFile: server.file("server.pem"), encoding: .utf8)
        #expect(shown.filter { !$0.isWhitespace } == kept.filter { !$0.isWhitespace })
        #expect(throws: HTTPClientError.self) { try HTTPClient.certificate(of: "https://127.0.0.1:1/") }
    }
}
