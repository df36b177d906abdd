internal import CZip
internal import Glibc
internal import SmartCard

/// How much an archive may ask for. A CAP file is a few hundred kilobytes at most, and the length field of a load
/// file ends at 16 MB.
package struct ZIPLimits: Hashable, Sendable {
    package var archiveBytesMax: Int
    package var entriesMax: Int
    package var entryBytesMax: Int
    package var totalBytesMax: Int
    /// Uncompressed against compressed size, for entries above `ratioFloorBytes`.
    package var ratioMax: Int
    /// Small entries compress as well as they like: even a bomb's ratio is harmless here.
    package var ratioFloorBytes: Int
    package var nameBytesMax: Int

    package static let capFile = ZIPLimits(
        archiveBytesMax: 8 << 20, entriesMax: 4096, entryBytesMax: 8 << 20, totalBytesMax: 12 << 20,
        ratioMax: 200, ratioFloorBytes: 128 << 10, nameBytesMax: 1024)
}

/// Why an archive is refused.
package enum ZIPError: Error, Hashable {
    case tooLarge(bytes: Int)
    /// libzip's own error code: not an archive, cut off, inconsistent.
    case unreadable(code: Int32)
    case tooManyEntries(Int)
    case entryTooLarge(String, bytes: Int)
    case totalTooLarge(bytes: Int)
    case ratioTooHigh(String, ratio: Int)
    case unsafePath(String)
    /// A name that is no text, as hex.
    case unreadableName(String)
    case duplicate(String)
    case encrypted(String)
    case unsupportedCompression(String, method: Int)
    /// The bytes do not unpack to the size and checksum that the archive gives.
    case damaged(String, code: Int32)
    case noMemory
}

extension ZIPError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .tooLarge(let bytes): "\(bytes) bytes are more than a CAP file has"
        case .unreadable(let code):
            code == ZIP_ER_NOZIP ? "not a ZIP archive, or cut off" : "damaged (libzip \(code))"
        case .tooManyEntries(let count): "\(count) entries"
        case .entryTooLarge(let name, let bytes): "\(name) unpacks to \(bytes) bytes"
        case .totalTooLarge(let bytes): "it unpacks to \(bytes) bytes"
        case .ratioTooHigh(let name, let ratio): "\(name) unpacks to \(ratio) times its size"
        case .unsafePath(let name): "\(name) is not a plain relative path"
        case .unreadableName(let hex): "an entry's name is not text (\(hex))"
        case .duplicate(let name): "\(name) is there twice"
        case .encrypted(let name): "\(name) is encrypted"
        case .unsupportedCompression(let name, let method): "\(name) has compression method \(method)"
        case .damaged(let name, let code): "\(name) is damaged (libzip \(code))"
        case .noMemory: "no memory"
        }
    }
}

/// What is in an archive, as its directory says; nothing is unpacked yet.
package struct ZIPEntry: Hashable, Sendable {
    package let path: String
    package let byteCount: Int
    let index: UInt64

    package var isDirectory: Bool { path.hasSuffix("/") }
}

/// A ZIP archive in memory, opened for the length of one call.
package struct ZIPArchive: ~Copyable {
    package let entries: [ZIPEntry]
    private let handle: OpaquePointer

    /// Opens an archive, holds every entry to the limits, and lends it to the body. The bytes are not copied.
    package static func read<R>(
        _ bytes: [UInt8], limits: ZIPLimits = .capFile, _ body: (borrowing ZIPArchive) throws(CAPError) -> R
    ) throws(CAPError) -> R {
        guard bytes.count <= limits.archiveBytesMax else { throw .archive(.tooLarge(bytes: bytes.count)) }
        let result = bytes.withUnsafeBytes { memory in
            Result { () throws(CAPError) in
                let archive = try ZIPArchive(memory, limits: limits)
                return try body(archive)
            }
        }
        return try result.get()
    }

    private init(_ memory: UnsafeRawBufferPointer, limits: ZIPLimits) throws(CAPError) {
        let (opened, mayRepeat) = try Self.open(memory, ZIP_RDONLY | ZIP_CHECKCONS)
        do {
            entries = try Self.list(opened, limits, mayRepeat: mayRepeat)
            handle = opened
        } catch {
            zip_discard(opened)
            throw .archive(error)
        }
    }

    deinit { zip_discard(handle) }

    private static func open(
        _ memory: UnsafeRawBufferPointer, _ flags: Int32
    ) throws(CAPError) -> (OpaquePointer, mayRepeat: Bool) {
        var error = zip_error_t()
        zip_error_init(&error)
        defer { zip_error_fini(&error) }
        guard let source = zip_source_buffer_create(memory.baseAddress, UInt64(memory.count), 0, &error)
        else {
            throw .archive(.noMemory)
        }
        if let opened = zip_open_from_source(source, flags, &error) {
            return (opened, flags & ZIP_CHECKCONS == 0)
        }
        zip_source_free(source)
        let code = zip_error_code_zip(&error)
        // libzip does not say which name is there twice; read without its checks, our own list does.
        guard code == ZIP_ER_EXISTS, flags & ZIP_CHECKCONS != 0 else {
            throw .archive(.unreadable(code: code))
        }
        return try open(memory, flags & ~ZIP_CHECKCONS)
    }

    /// Unpacks one entry; its checksum and its size must be what the directory says.
    package borrowing func contents(of entry: ZIPEntry) throws(CAPError) -> [UInt8] {
        guard let file = zip_fopen_index(handle, entry.index, 0) else {
            throw .archive(.damaged(entry.path, code: zip_error_code_zip(zip_get_error(handle))))
        }
        defer { zip_fclose(file) }
        let bytes = [UInt8](unsafeUninitializedCapacity: entry.byteCount) { buffer, count in
            while count < entry.byteCount, let start = buffer.baseAddress {
                let read = zip_fread(file, start + count, UInt64(entry.byteCount - count))
                guard read > 0 else { break }
                count += Int(read)
            }
        }
        // One more read reaches the end, where the checksum is compared; a byte there is one too many.
        var extra: UInt8 = 0
        guard bytes.count == entry.byteCount, zip_fread(file, &extra, 1) == 0 else {
            throw .archive(.damaged(entry.path, code: zip_error_code_zip(zip_file_get_error(file))))
        }
        return bytes
    }

    private static func list(
        _ handle: OpaquePointer, _ limits: ZIPLimits, mayRepeat: Bool
    ) throws(ZIPError) -> [ZIPEntry] {
        let count = Int(zip_get_num_entries(handle, 0))
        guard count <= limits.entriesMax else { throw .tooManyEntries(count) }
        var entries: [ZIPEntry] = []
        entries.reserveCapacity(count)
        var names = Set<String>()
        var total = 0
        for index in 0..<count {
            let entry = try stat(handle, UInt64(index), limits)
            // Where libzip made its checks, it has seen to this.
            if mayRepeat { guard names.insert(entry.path).inserted else { throw .duplicate(entry.path) } }
            total += entry.byteCount
            guard total <= limits.totalBytesMax else { throw .totalTooLarge(bytes: total) }
            entries.append(entry)
        }
        return entries
    }

    private static func stat(_ handle: OpaquePointer, _ index: UInt64, _ limits: ZIPLimits) throws(ZIPError)
        -> ZIPEntry
    {
        var stat = zip_stat_t()
        zip_stat_init(&stat)
        let flags = zip_flags_t(ZIP_FL_ENC_RAW)
        guard zip_stat_index(handle, index, flags, &stat) == 0, let text = stat.name else {
            throw .unreadable(code: zip_error_code_zip(zip_get_error(handle)))
        }
        guard strnlen(text, limits.nameBytesMax + 1) <= limits.nameBytesMax,
            let path = String(validatingCString: text)
        else {
            let start = UnsafeRawBufferPointer(start: text, count: strnlen(text, 32))
            throw .unreadableName(start.hex)
        }
        guard isPlain(path) else { throw .unsafePath(path) }
        guard stat.encryption_method == ZIP_EM_NONE else { throw .encrypted(path) }
        guard [ZIP_CM_STORE, ZIP_CM_DEFLATE].contains(Int32(stat.comp_method)) else {
            throw .unsupportedCompression(path, method: Int(stat.comp_method))
        }
        let size = Int(clamping: stat.size)
        guard size <= limits.entryBytesMax else { throw .entryTooLarge(path, bytes: size) }
        let ratio = size / max(1, Int(clamping: stat.comp_size))
        guard size <= limits.ratioFloorBytes || ratio <= limits.ratioMax else {
            throw .ratioTooHigh(path, ratio: ratio)
        }
        return ZIPEntry(path: path, byteCount: size, index: index)
    }

    /// A relative path of ordinary names; only a directory may end in a slash.
    static func isPlain(_ path: String) -> Bool {
        var nameCount = 0
        var isDots = true
        for byte in path.utf8 {
            if byte == UInt8(ascii: "/") {
                // An empty name, or one of dots alone, leads somewhere else.
                guard nameCount > 0, !(isDots && nameCount <= 2) else { return false }
                (nameCount, isDots) = (0, true)
                continue
            }
            guard byte >= 0x20, byte != UInt8(ascii: "\\"), byte != UInt8(ascii: ":") else { return false }
            nameCount += 1
            isDots = isDots && byte == UInt8(ascii: ".")
        }
        return !path.isEmpty && !(isDots && (1...2).contains(nameCount))
    }
}
