internal import CPostgreSQL
internal import Centre

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// PostgreSQL's own client library, loaded when a store on PostgreSQL is opened and never before: it brings two dozen
/// others with it, and who keeps the registers in a file does not need it installed.
final class LibPQ: Sendable {
    typealias Connection = OpaquePointer
    typealias Answer = OpaquePointer
    typealias Text = UnsafePointer<CChar>
    typealias Number = Int32

    let connect: @convention(c) (UnsafePointer<Text?>, UnsafePointer<Text?>, Number) -> Connection?
    let ping: @convention(c) (UnsafePointer<Text?>, UnsafePointer<Text?>, Number) -> UInt32
    let status: @convention(c) (Connection) -> UInt32
    let finish: @convention(c) (Connection) -> Void
    let errorMessage: @convention(c) (Connection) -> Text?
    let socket: @convention(c) (Connection) -> Number
    let consumeInput: @convention(c) (Connection) -> Number
    let serverVersion: @convention(c) (Connection) -> Number
    let setNoticeProcessor:
        @convention(c) (
            Connection, (@convention(c) (UnsafeMutableRawPointer?, Text?) -> Void)?, UnsafeMutableRawPointer?
        ) -> UnsafeMutableRawPointer?
    let isEncrypted: @convention(c) (Connection) -> Number
    let hostAddress: @convention(c) (Connection) -> Text?
    let settings: @convention(c) (Connection) -> UnsafeMutablePointer<PQconninfoOption>?
    let freeSettings: @convention(c) (UnsafeMutablePointer<PQconninfoOption>) -> Void
    let enterPipelineMode: @convention(c) (Connection) -> Number
    let pipelineSync: @convention(c) (Connection) -> Number
    let sendPrepare: @convention(c) (Connection, Text, Text, Number, UnsafePointer<UInt32>?) -> Number
    let sendQueryPrepared:
        @convention(c) (
            Connection, Text, Number, UnsafePointer<Text?>?, UnsafePointer<Number>?, UnsafePointer<Number>?,
            Number
        ) -> Number
    let sendQueryParams:
        @convention(c) (
            Connection, Text, Number, UnsafePointer<UInt32>?, UnsafePointer<Text?>?, UnsafePointer<Number>?,
            UnsafePointer<Number>?, Number
        ) -> Number
    let getResult: @convention(c) (Connection) -> Answer?
    let resultStatus: @convention(c) (Answer) -> UInt32
    let resultErrorField: @convention(c) (Answer, Number) -> Text?
    let resultErrorMessage: @convention(c) (Answer) -> Text?
    let clear: @convention(c) (Answer) -> Void
    let rowCount: @convention(c) (Answer) -> Number
    let columnCount: @convention(c) (Answer) -> Number
    let columnType: @convention(c) (Answer, Number) -> UInt32
    let value: @convention(c) (Answer, Number, Number) -> UnsafePointer<UInt8>?
    let valueLength: @convention(c) (Answer, Number, Number) -> Number
    let isNull: @convention(c) (Answer, Number, Number) -> Number

    init() throws(StoreFailure) {
        // Never closed: connections of other stores may use it.
        guard let library = Self.names.lazy.compactMap({ dlopen($0, RTLD_NOW | RTLD_LOCAL) }).first else {
            throw .unreachable(
                "PostgreSQL's client library is not installed; on Debian and Ubuntu: apt-get install libpq5")
        }
        let table = Table(library: library)
        connect = try table.find("PQconnectdbParams")
        ping = try table.find("PQpingParams")
        status = try table.find("PQstatus")
        finish = try table.find("PQfinish")
        errorMessage = try table.find("PQerrorMessage")
        socket = try table.find("PQsocket")
        consumeInput = try table.find("PQconsumeInput")
        serverVersion = try table.find("PQserverVersion")
        setNoticeProcessor = try table.find("PQsetNoticeProcessor")
        isEncrypted = try table.find("PQsslInUse")
        hostAddress = try table.find("PQhostaddr")
        settings = try table.find("PQconninfo")
        freeSettings = try table.find("PQconninfoFree")
        enterPipelineMode = try table.find("PQenterPipelineMode")
        pipelineSync = try table.find("PQpipelineSync")
        sendPrepare = try table.find("PQsendPrepare")
        sendQueryPrepared = try table.find("PQsendQueryPrepared")
        sendQueryParams = try table.find("PQsendQueryParams")
        getResult = try table.find("PQgetResult")
        resultStatus = try table.find("PQresultStatus")
        resultErrorField = try table.find("PQresultErrorField")
        resultErrorMessage = try table.find("PQresultErrorMessage")
        clear = try table.find("PQclear")
        rowCount = try table.find("PQntuples")
        columnCount = try table.find("PQnfields")
        columnType = try table.find("PQftype")
        value = try table.find("PQgetvalue")
        valueLength = try table.find("PQgetlength")
        isNull = try table.find("PQgetisnull")
    }

    #if os(Linux)
        private static let names = ["libpq.so.5"]
    #else
        private static let names = [
            "libpq.5.dylib", "/opt/homebrew/opt/libpq/lib/libpq.5.dylib",
            "/usr/local/opt/libpq/lib/libpq.5.dylib",
        ]
    #endif

    private struct Table {
        let library: UnsafeMutableRawPointer

        func find<Function>(_ name: String) throws(StoreFailure) -> Function {
            guard let symbol = dlsym(library, name) else {
                throw .unreachable("PostgreSQL's client library is older than version 14: it has no \(name)")
            }
            return unsafeBitCast(symbol, to: Function.self)
        }
    }
}
