internal import CMicroHTTPD

// What libmicrohttpd calls, always on its one thread. Free functions: a closure would belong to whoever made it.

func acceptClient(
    _ context: UnsafeMutableRawPointer?, _ address: UnsafePointer<sockaddr>?, _ length: socklen_t
) -> MHD_Result {
    guard let context, let address = NetworkAddress(address) else { return .NO }
    return Unmanaged<Door>.fromOpaque(context).takeUnretainedValue().admits(address) ? .YES : .NO
}

func noteConnection(
    _ context: UnsafeMutableRawPointer?, _ connection: MicroHTTPD.Connection?,
    _ socketContext: UnsafeMutablePointer<UnsafeMutableRawPointer?>?, _ code: MHD_ConnectionNotificationCode
) {
    guard let context, let connection, let socketContext else { return }
    let door = Unmanaged<Door>.fromOpaque(context).takeUnretainedValue()
    switch code {
    case .CONNECTION_NOTIFY_STARTED:
        let library = door.core.library
        guard let descriptor = library.info(connection, .CONNECTION_INFO_CONNECTION_FD)?.connect_fd,
            let address = library.info(connection, .CONNECTION_INFO_CLIENT_ADDRESS)
                .flatMap({ NetworkAddress($0.client_addr) })
        else { return }
        let client = ClientConnection(
            descriptor: descriptor, address: address, door: door,
            deadline: monotonicMilliseconds() + Int64(door.core.limits.headSeconds) * 1_000)
        door.core.connections.add(client)
        door.core.addresses.opened(address)
        socketContext.pointee = Unmanaged.passRetained(client).toOpaque()
    case .CONNECTION_NOTIFY_CLOSED:
        guard let pointer = socketContext.pointee else { return }
        socketContext.pointee = nil
        let client = Unmanaged<ClientConnection>.fromOpaque(pointer).takeRetainedValue()
        door.core.connections.remove(client)
        door.core.addresses.closed(client.address)
    @unknown default: return
    }
}

/// The request line has come; what is given back goes along with the request.
func noteTarget(
    _ context: UnsafeMutableRawPointer?, _ target: UnsafePointer<CChar>?,
    _ connection: MicroHTTPD.Connection?
) -> UnsafeMutableRawPointer? {
    guard let context, let target, let connection else { return nil }
    let door = Unmanaged<Door>.fromOpaque(context).takeUnretainedValue()
    guard let pointer = door.core.library.info(connection, .CONNECTION_INFO_SOCKET_CONTEXT)?.socket_context
    else { return nil }
    let client = Unmanaged<ClientConnection>.fromOpaque(pointer).takeUnretainedValue()
    client.expect(by: monotonicMilliseconds() + Int64(door.core.limits.headSeconds) * 1_000)
    return Unmanaged.passRetained(Exchange(client, connection, target: String(cString: target))).toOpaque()
}

func handleRequest(
    _ context: UnsafeMutableRawPointer?, _ connection: MicroHTTPD.Connection?, _ url: UnsafePointer<CChar>?,
    _ method: UnsafePointer<CChar>?, _ version: UnsafePointer<CChar>?, _ data: UnsafePointer<CChar>?,
    _ dataCount: UnsafeMutablePointer<Int>?,
    _ requestContext: UnsafeMutablePointer<UnsafeMutableRawPointer?>?
) -> MHD_Result {
    guard let pointer = requestContext?.pointee, let method, let version, let dataCount else { return .NO }
    let exchange = Unmanaged<Exchange>.fromOpaque(pointer).takeUnretainedValue()
    let bytes = UnsafeRawBufferPointer(start: data, count: dataCount.pointee)
    dataCount.pointee = 0
    return exchange.proceed(
        method: String(cString: method), version: String(cString: version), data: bytes) ? .YES : .NO
}

func noteCompletion(
    _ context: UnsafeMutableRawPointer?, _ connection: MicroHTTPD.Connection?,
    _ requestContext: UnsafeMutablePointer<UnsafeMutableRawPointer?>?, _ code: MHD_RequestTerminationCode
) {
    guard let requestContext, let pointer = requestContext.pointee else { return }
    requestContext.pointee = nil
    Unmanaged<Exchange>.fromOpaque(pointer).takeRetainedValue().completed()
}

/// Leaves addresses as they came: what they mean is decided in one place.
func leaveEscaped(
    _ context: UnsafeMutableRawPointer?, _ connection: MicroHTTPD.Connection?,
    _ text: UnsafeMutablePointer<CChar>?
) -> Int {
    guard let text else { return 0 }
    var count = 0
    while text[count] != 0 { count += 1 }
    return count
}

/// The fields of a request as bytes, in the order in which they came.
struct RawFields {
    var fields: [(name: [UInt8], value: [UInt8])] = []

    init(_ library: MicroHTTPD, _ connection: MicroHTTPD.Connection) {
        withUnsafeMutablePointer(to: &fields) { fields in
            _ = library.values(connection, .HEADER_KIND, noteField, UnsafeMutableRawPointer(fields))
        }
    }
}

private func noteField(
    _ context: UnsafeMutableRawPointer?, _ kind: MHD_ValueKind, _ name: UnsafePointer<CChar>?,
    _ nameCount: Int, _ value: UnsafePointer<CChar>?, _ valueCount: Int
) -> MHD_Result {
    guard let context else { return .NO }
    context.assumingMemoryBound(to: [(name: [UInt8], value: [UInt8])].self).pointee
        .append(
            (
                Array(UnsafeRawBufferPointer(start: name, count: nameCount)),
                Array(UnsafeRawBufferPointer(start: value, count: value == nil ? 0 : valueCount))
            ))
    return .YES
}
