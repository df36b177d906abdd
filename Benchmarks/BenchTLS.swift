/// TLS over a connection, by OpenSSL's own library, which only this part of the benchmarks needs: loaded when it is.
final class BenchTLS {
    /// Whom all connections trust: the certificate in one file.
    final class Trust: @unchecked Sendable {
        // Sendable because the library's contexts may be used by any thread, and this one is never changed again.
        fileprivate let library: Library
        fileprivate let context: OpaquePointer

        init(certificate path: String) throws {
            library = try Library()
            guard let context = library.makeContext(library.clientMethod()) else {
                throw BenchmarkError("no TLS")
            }
            self.context = context
            library.setVerification(context, 1, nil)
            guard library.loadAuthorities(context, path, nil) == 1 else {
                throw BenchmarkError("no certificate in \(path)")
            }
        }

        deinit { library.freeContext(context) }
    }

    private let library: Library
    private let connection: OpaquePointer

    /// The handshake is over when this returns, and the certificate is one that is trusted.
    init(_ descriptor: Int32, _ trust: Trust) throws {
        library = trust.library
        guard let connection = library.makeConnection(trust.context) else { throw BenchmarkError("no TLS") }
        self.connection = connection
        guard library.setDescriptor(connection, descriptor) == 1, library.connect(connection) == 1 else {
            library.freeConnection(connection)
            throw BenchmarkError("the server is not believed, or speaks no TLS")
        }
    }

    deinit { library.freeConnection(connection) }

    func write(_ bytes: UnsafeRawBufferPointer) -> Int {
        Int(library.write(connection, bytes.baseAddress, Int32(bytes.count)))
    }

    func read(_ buffer: UnsafeMutableRawBufferPointer) -> Int {
        Int(library.read(connection, buffer.baseAddress, Int32(buffer.count)))
    }
}

extension BenchTLS {
    fileprivate struct Library {
        let clientMethod: @convention(c) () -> OpaquePointer?
        let makeContext: @convention(c) (OpaquePointer?) -> OpaquePointer?
        let freeContext: @convention(c) (OpaquePointer) -> Void
        let setVerification: @convention(c) (OpaquePointer, Int32, UnsafeRawPointer?) -> Void
        let loadAuthorities:
            @convention(c) (OpaquePointer, UnsafePointer<CChar>?, UnsafePointer<CChar>?) -> Int32
        let makeConnection: @convention(c) (OpaquePointer) -> OpaquePointer?
        let freeConnection: @convention(c) (OpaquePointer) -> Void
        let setDescriptor: @convention(c) (OpaquePointer, Int32) -> Int32
        let connect: @convention(c) (OpaquePointer) -> Int32
        let read: @convention(c) (OpaquePointer, UnsafeMutableRawPointer?, Int32) -> Int32
        let write: @convention(c) (OpaquePointer, UnsafeRawPointer?, Int32) -> Int32

        init() throws {
            let library = try LoadedLibrary("libssl.so.3")
            clientMethod = try library.find("TLS_client_method")
            makeContext = try library.find("SSL_CTX_new")
            freeContext = try library.find("SSL_CTX_free")
            setVerification = try library.find("SSL_CTX_set_verify")
            loadAuthorities = try library.find("SSL_CTX_load_verify_locations")
            makeConnection = try library.find("SSL_new")
            freeConnection = try library.find("SSL_free")
            setDescriptor = try library.find("SSL_set_fd")
            connect = try library.find("SSL_connect")
            read = try library.find("SSL_read")
            write = try library.find("SSL_write")
        }
    }
}
