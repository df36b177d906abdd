internal import CMicroHTTPD

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// Why a server did not start. Said at start-up, to the person who started it.
package enum HTTPServerError: Error, Hashable {
    /// A library is missing or too old; what to install.
    case library(String)
    case address(String, reason: String)
    /// Without TLS only loopback and named proxies may be served.
    case plainAddress(String)
    case certificate(String)
    case daemon(String)
}

/// libmicrohttpd, which reads and writes HTTP, loaded when a server starts and never before: it brings a dozen other
/// libraries with it, and no other command needs them.
final class MicroHTTPD: Sendable {
    typealias Connection = OpaquePointer
    typealias Daemon = OpaquePointer
    typealias Response = OpaquePointer

    /// Called through the shim, as it takes any number of arguments.
    let start: FunctionAddress
    let connectionInfo: FunctionAddress
    let stop: @convention(c) (Daemon) -> Void
    let quiesce: @convention(c) (Daemon) -> Int32
    let suspend: @convention(c) (Connection) -> Void
    let resume: @convention(c) (Connection) -> Void
    let values:
        @convention(c) (Connection, MHD_ValueKind, MHD_KeyValueIteratorN, UnsafeMutableRawPointer?) -> Int32
    let responseFromBuffer:
        @convention(c) (Int, UnsafeMutableRawPointer?, MHD_ResponseMemoryMode) -> Response?
    let responseFromCallback:
        @convention(c) (
            UInt64, Int, MHD_ContentReaderCallback, UnsafeMutableRawPointer?, MHD_ContentReaderFreeCallback
        ) -> Response?
    let addHeader: @convention(c) (Response, UnsafePointer<CChar>, UnsafePointer<CChar>) -> MHD_Result
    let queue: @convention(c) (Connection, UInt32, Response) -> MHD_Result
    let destroy: @convention(c) (Response) -> Void

    init() throws(HTTPServerError) {
        let library = try DynamicLibrary(
            Self.names,
            missing: "libmicrohttpd is not installed; on Debian and Ubuntu: apt-get install libmicrohttpd12")
        start = FunctionAddress(pointer: try library.symbol("MHD_start_daemon"))
        connectionInfo = FunctionAddress(pointer: try library.symbol("MHD_get_connection_info"))
        stop = try library.find("MHD_stop_daemon")
        quiesce = try library.find("MHD_quiesce_daemon")
        suspend = try library.find("MHD_suspend_connection")
        resume = try library.find("MHD_resume_connection")
        values = try library.find("MHD_get_connection_values_n")
        responseFromBuffer = try library.find("MHD_create_response_from_buffer")
        responseFromCallback = try library.find("MHD_create_response_from_callback")
        addHeader = try library.find("MHD_add_response_header")
        queue = try library.find("MHD_queue_response")
        destroy = try library.find("MHD_destroy_response")
    }

    /// nil where the library knows nothing of the kind.
    func info(_ connection: Connection, _ type: MHD_ConnectionInfoType) -> MHD_ConnectionInfo? {
        berth_mhd_info(connectionInfo.pointer, connection, type)?.pointee
    }

    #if os(Linux)
        private static let names = ["libmicrohttpd.so.12"]
    #else
        private static let names = [
            "libmicrohttpd.12.dylib", "/opt/homebrew/opt/libmicrohttpd/lib/libmicrohttpd.12.dylib",
            "/usr/local/opt/libmicrohttpd/lib/libmicrohttpd.12.dylib",
        ]
    #endif
}

/// Where a function is; it stays there for as long as the process runs.
struct FunctionAddress: @unchecked Sendable {
    // Never written after init, and code is never written at all.
    let pointer: UnsafeMutableRawPointer
}

/// A library that is loaded once and never closed.
struct DynamicLibrary {
    private let handle: UnsafeMutableRawPointer
    private let name: String

    init(_ names: [String], missing: String) throws(HTTPServerError) {
        for name in names {
            guard let handle = dlopen(name, RTLD_NOW | RTLD_LOCAL) else { continue }
            self.handle = handle
            self.name = name
            return
        }
        throw .library(missing)
    }

    func symbol(_ symbol: String) throws(HTTPServerError) -> UnsafeMutableRawPointer {
        guard let address = dlsym(handle, symbol) else {
            throw .library("\(name) is too old: it has no \(symbol)")
        }
        return address
    }

    func find<Function>(_ symbol: String) throws(HTTPServerError) -> Function {
        unsafeBitCast(try self.symbol(symbol), to: Function.self)
    }
}
