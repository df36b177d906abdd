internal import CCurl
internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// libcurl, loaded with the first client and never before: it brings two dozen other libraries with it, and most
/// commands need no network.
struct LibCurl: Sendable {
    typealias Handle = UnsafeMutableRawPointer
    typealias List = UnsafeMutablePointer<curl_slist>

    private let setOption: OneFunction
    private let getInformation: OneFunction
    let begin: @convention(c) () -> Handle?
    let perform: @convention(c) (Handle) -> CURLcode
    let end: @convention(c) (Handle) -> Void
    let clear: @convention(c) (Handle) -> Void
    let append: @convention(c) (List?, UnsafePointer<CChar>) -> List?
    let free: @convention(c) (List?) -> Void
    let text: @convention(c) (CURLcode) -> UnsafePointer<CChar>?

    init() throws(HTTPClientError) {
        // Never closed: other clients may use it.
        guard let library = Self.names.lazy.compactMap({ dlopen($0, RTLD_NOW | RTLD_LOCAL) }).first else {
            throw HTTPClientError(
                .libraryMissing, "libcurl is not installed; on Debian and Ubuntu: apt-get install libcurl4")
        }
        let table = Table(library: library)
        setOption = OneFunction(address: try table.find("curl_easy_setopt"))
        getInformation = OneFunction(address: try table.find("curl_easy_getinfo"))
        begin = try table.find("curl_easy_init")
        perform = try table.find("curl_easy_perform")
        end = try table.find("curl_easy_cleanup")
        clear = try table.find("curl_easy_reset")
        append = try table.find("curl_slist_append")
        free = try table.find("curl_slist_free_all")
        text = try table.find("curl_easy_strerror")
        let prepare: @convention(c) (Int) -> CURLcode = try table.find("curl_global_init")
        // It counts its calls, and older ones must not meet.
        let code = preparing.withLock { _ in prepare(Self.everything) }
        guard code == CURLE_OK else { throw HTTPClientError(.libraryMissing, "libcurl does not start") }
    }

    private static let everything = 3

    #if os(Linux)
        private static let names = ["libcurl.so.4"]
    #else
        private static let names = ["libcurl.4.dylib", "/usr/lib/libcurl.4.dylib"]
    #endif

    func set(_ handle: Handle, _ option: CURLoption, _ value: Int) {
        _ = berth_set_long(setOption.address, handle, option, value)
    }

    /// Whether the library knows the option.
    @discardableResult
    func set(_ handle: Handle, _ option: CURLoption, _ value: UnsafeRawPointer?) -> Bool {
        berth_set_pointer(setOption.address, handle, option, value) == CURLE_OK
    }

    /// Copied by the library.
    @discardableResult
    func set(_ handle: Handle, _ option: CURLoption, text: String) -> Bool {
        text.withCString { berth_set_pointer(setOption.address, handle, option, $0) == CURLE_OK }
    }

    func setBody(_ handle: Handle, _ bytes: [UInt8]) {
        _ = berth_set_size(
            setOption.address, handle, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(bytes.count))
        bytes.withUnsafeBytes { body in
            // An empty body is one that is there.
            let start = body.baseAddress ?? UnsafeRawPointer(bitPattern: 1)
            _ = berth_set_pointer(setOption.address, handle, CURLOPT_COPYPOSTFIELDS, start)
        }
    }

    func set(_ handle: Handle, _ option: CURLoption, receive: berth_receive) {
        _ = berth_set_receive(setOption.address, handle, option, receive)
    }

    func set(_ handle: Handle, progress: berth_progress) {
        _ = berth_set_progress(setOption.address, handle, CURLOPT_XFERINFOFUNCTION, progress)
    }

    func set(_ handle: Handle, openSocket: berth_open_socket) {
        _ = berth_set_open_socket(setOption.address, handle, CURLOPT_OPENSOCKETFUNCTION, openSocket)
    }

    func number(_ handle: Handle, _ information: CURLINFO) -> Int {
        var value = 0
        _ = berth_get_long(getInformation.address, handle, information, &value)
        return value
    }

    /// The first certificate that the server showed, in PEM, where the handle was told to keep it.
    func certificate(_ handle: Handle) -> String? {
        var pointer: UnsafeMutableRawPointer?
        guard berth_get_pointer(getInformation.address, handle, CURLINFO_CERTINFO, &pointer) == CURLE_OK,
            let kept = pointer?.assumingMemoryBound(to: curl_certinfo.self).pointee, kept.num_of_certs > 0
        else { return nil }
        // Lines of the form `Cert:-----BEGIN CERTIFICATE-----…`.
        var line = kept.certinfo[0]
        while let item = line {
            let text = String(cString: item.pointee.data)
            if text.hasPrefix("Cert:") { return String(text.dropFirst(5)) }
            line = item.pointee.next
        }
        return nil
    }

    func words(_ code: CURLcode) -> String {
        text(code).map { String(cString: $0) } ?? "code \(code.rawValue)"
    }

    private struct OneFunction: @unchecked Sendable {
        // Sendable because a loaded function stays where it is until the process ends.
        let address: UnsafeMutableRawPointer
    }

    private struct Table {
        let library: UnsafeMutableRawPointer

        func find<Function>(_ name: String) throws(HTTPClientError) -> Function {
            guard let symbol = dlsym(library, name) else {
                throw HTTPClientError(.libraryMissing, "libcurl has no \(name)")
            }
            return unsafeBitCast(symbol, to: Function.self)
        }
    }
}

private let preparing = Mutex<Void>(())
