internal import CZip

/// A ZIP archive in the making, in memory; the same entries give the same bytes.
enum ZIPWriter {
    /// Packs files in the given order. The contents must stay where they are until libzip has read them, so the
    /// whole archive is made in one call.
    static func archive(_ files: [(path: String, bytes: [UInt8])]) throws(ZIPError) -> [UInt8] {
        var error = zip_error_t()
        zip_error_init(&error)
        defer { zip_error_fini(&error) }
        guard let target = zip_source_buffer_create(nil, 0, 0, &error) else { throw .noMemory }
        // One reference for us: closing the archive gives up libzip's own.
        zip_source_keep(target)
        defer { zip_source_free(target) }
        guard let archive = zip_open_from_source(target, ZIP_TRUNCATE, &error) else {
            zip_source_free(target)
            throw .unreadable(code: zip_error_code_zip(&error))
        }
        let memory = files.map { file in
            let copy = UnsafeMutableRawBufferPointer.allocate(
                byteCount: max(1, file.bytes.count), alignment: 1)
            copy.copyBytes(from: file.bytes)
            return copy
        }
        defer { memory.forEach { $0.deallocate() } }
        do {
            for (file, bytes) in zip(files, memory) {
                try add(file.path, bytes, file.bytes.count, to: archive)
            }
        } catch {
            zip_discard(archive)
            throw error
        }
        guard zip_close(archive) == 0 else {
            let code = zip_error_code_zip(zip_get_error(archive))
            zip_discard(archive)
            throw .unreadable(code: code)
        }
        return try contents(of: target)
    }

    private static func add(
        _ path: String, _ memory: UnsafeMutableRawBufferPointer, _ count: Int, to archive: OpaquePointer
    ) throws(ZIPError) {
        guard let source = zip_source_buffer(archive, memory.baseAddress, UInt64(count), 0) else {
            throw .noMemory
        }
        let index = zip_file_add(archive, path, source, zip_flags_t(ZIP_FL_ENC_UTF_8))
        guard index >= 0 else {
            zip_source_free(source)
            throw .damaged(path, code: zip_error_code_zip(zip_get_error(archive)))
        }
        // 1980-01-01, the first day that the format knows: an archive tells nothing about when it was made.
        zip_file_set_dostime(archive, UInt64(index), 0, 0x21, 0)
    }

    private static func contents(of source: OpaquePointer) throws(ZIPError) -> [UInt8] {
        var stat = zip_stat_t()
        guard zip_source_stat(source, &stat) == 0, zip_source_open(source) == 0 else {
            throw .unreadable(code: zip_error_code_zip(zip_source_error(source)))
        }
        defer { zip_source_close(source) }
        let size = Int(stat.size)
        let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            count = max(0, Int(zip_source_read(source, buffer.baseAddress, UInt64(size))))
        }
        guard bytes.count == size else { throw .unreadable(code: ZIP_ER_READ) }
        return bytes
    }
}
