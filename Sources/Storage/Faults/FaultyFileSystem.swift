internal import CSQLite

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// A `FaultyDisk` as SQLite sees it: a file system of its own (SQLite, "The OS Interface").
///
/// One connection at a time: there are no locks and no shared memory, so the connection holds the file exclusively.
final class FaultyFileSystem {
    private let vfs = UnsafeMutablePointer<sqlite3_vfs>.allocate(capacity: 1)
    private let nameText: UnsafeMutablePointer<CChar>
    fileprivate let disk: FaultyDisk
    fileprivate let methods = UnsafeMutablePointer<sqlite3_io_methods>.allocate(capacity: 1)

    /// Registered names are of the whole process; the address makes this one's its own.
    var name: String { String(cString: nameText) }

    init(_ disk: FaultyDisk) {
        self.disk = disk
        let name = Array("faulty-\(UInt(bitPattern: vfs))".utf8CString)
        nameText = .allocate(capacity: name.count)
        nameText.initialize(from: name, count: name.count)
        methods.initialize(to: FaultyFile.methods())
        vfs.initialize(to: sqlite3_vfs())
        vfs.pointee.iVersion = 2
        vfs.pointee.szOsFile = Int32(MemoryLayout<FaultyFile>.stride)
        vfs.pointee.mxPathname = 64
        vfs.pointee.zName = UnsafePointer(nameText)
        vfs.pointee.pAppData = Unmanaged.passUnretained(self).toOpaque()
        setCalls()
        sqlite3_vfs_register(vfs, 0)
    }

    deinit {
        sqlite3_vfs_unregister(vfs)
        vfs.deallocate()
        methods.deallocate()
        nameText.deallocate()
    }

    private func setCalls() {
        vfs.pointee.xOpen = { vfs, name, file, flags, outFlags in
            guard let system = FaultyFileSystem.from(vfs), let file else { return SQLITE_CANTOPEN }
            let path = name.map { String(cString: $0) } ?? "temporary"
            if flags & SQLITE_OPEN_CREATE != 0 { system.disk.create(path) }
            guard system.disk.exists(path) else { return SQLITE_CANTOPEN }
            FaultyFile.open(file, path, on: system)
            outFlags?.pointee = flags
            return SQLITE_OK
        }
        vfs.pointee.xDelete = { vfs, name, _ in
            guard let system = FaultyFileSystem.from(vfs), let name else { return SQLITE_IOERR }
            system.disk.remove(String(cString: name))
            return SQLITE_OK
        }
        vfs.pointee.xAccess = { vfs, name, _, result in
            guard let system = FaultyFileSystem.from(vfs), let name else { return SQLITE_IOERR }
            result?.pointee = system.disk.exists(String(cString: name)) ? 1 : 0
            return SQLITE_OK
        }
        vfs.pointee.xFullPathname = { _, name, size, full in
            guard let full, let name, strlen(name) < size else { return SQLITE_CANTOPEN }
            strcpy(full, name)
            return SQLITE_OK
        }
        // The same bytes in every run; only names of temporary files and marks in the log are made of them.
        vfs.pointee.xRandomness = { _, count, bytes in
            for index in 0..<Int(count) { bytes?[index] = CChar(truncatingIfNeeded: index &* 37 &+ 11) }
            return count
        }
        vfs.pointee.xSleep = { _, microseconds in microseconds }
        vfs.pointee.xCurrentTimeInt64 = { _, milliseconds in
            milliseconds?.pointee = 0
            return SQLITE_OK
        }
        vfs.pointee.xGetLastError = { _, _, _ in 0 }
    }

    private static func from(_ vfs: UnsafeMutablePointer<sqlite3_vfs>?) -> FaultyFileSystem? {
        vfs?.pointee.pAppData.map { Unmanaged<FaultyFileSystem>.fromOpaque($0).takeUnretainedValue() }
    }
}

/// One open file: what SQLite allocates for it begins with its own structure.
private struct FaultyFile {
    var base: sqlite3_file
    /// Owned; given up when the file is closed.
    var handle: UnsafeMutableRawPointer?

    /// What an open file is of.
    final class Handle {
        let disk: FaultyDisk
        let path: String
        init(_ disk: FaultyDisk, _ path: String) {
            self.disk = disk
            self.path = path
        }
    }

    static func open(_ file: UnsafeMutablePointer<sqlite3_file>, _ path: String, on system: FaultyFileSystem)
    {
        let handle = Handle(system.disk, path)
        UnsafeMutableRawPointer(file).initializeMemory(
            as: FaultyFile.self,
            to: FaultyFile(
                base: sqlite3_file(pMethods: UnsafePointer(system.methods)),
                handle: Unmanaged.passRetained(handle).toOpaque()))
    }

    private static func handle(_ file: UnsafeMutablePointer<sqlite3_file>?) -> Handle? {
        guard let file else { return nil }
        return UnsafeMutableRawPointer(file).assumingMemoryBound(to: FaultyFile.self).pointee.handle.map {
            Unmanaged<Handle>.fromOpaque($0).takeUnretainedValue()
        }
    }

    private static func code(_ fault: FaultyDisk.Fault?, _ failure: Int32) -> Int32 {
        switch fault {
        case .none: SQLITE_OK
        case .isFull: SQLITE_FULL
        case .fails, .tears, .losesPower: failure
        }
    }

    static func methods() -> sqlite3_io_methods {
        var methods = sqlite3_io_methods()
        methods.iVersion = 1
        setTransfers(&methods)
        setManners(&methods)
        return methods
    }

    private static func setTransfers(_ methods: inout sqlite3_io_methods) {
        methods.xClose = { file in
            guard let file else { return SQLITE_OK }
            let own = UnsafeMutableRawPointer(file).assumingMemoryBound(to: FaultyFile.self)
            own.pointee.handle.map { Unmanaged<Handle>.fromOpaque($0).release() }
            own.pointee.handle = nil
            return SQLITE_OK
        }
        methods.xRead = { file, buffer, count, offset in
            guard let handle = FaultyFile.handle(file) else { return SQLITE_IOERR }
            let target = UnsafeMutableRawBufferPointer(start: buffer, count: Int(count))
            let read = handle.disk.read(handle.path, offset: Int(offset), into: target)
            guard read < target.count else { return SQLITE_OK }
            // What lies beyond the end reads as zeros (SQLite, "xRead").
            for index in read..<target.count { target[index] = 0 }
            return SQLite.ioErrorShortRead
        }
        methods.xWrite = { file, data, count, offset in
            guard let handle = FaultyFile.handle(file) else { return SQLITE_IOERR }
            let bytes = Array(UnsafeRawBufferPointer(start: data, count: Int(count)))
            return FaultyFile.code(
                handle.disk.write(handle.path, offset: Int(offset), bytes), SQLite.ioErrorWrite)
        }
        methods.xTruncate = { file, size in
            guard let handle = FaultyFile.handle(file) else { return SQLITE_IOERR }
            return FaultyFile.code(handle.disk.truncate(handle.path, to: Int(size)), SQLITE_IOERR)
        }
        methods.xSync = { file, _ in
            guard let handle = FaultyFile.handle(file) else { return SQLITE_IOERR }
            // The system's own file system says so whatever the reason.
            return handle.disk.sync(handle.path) == nil ? SQLITE_OK : SQLite.ioErrorFsync
        }
        methods.xFileSize = { file, size in
            guard let handle = FaultyFile.handle(file) else { return SQLITE_IOERR }
            size?.pointee = Int64(handle.disk.size(of: handle.path))
            return SQLITE_OK
        }
    }

    private static func setManners(_ methods: inout sqlite3_io_methods) {
        methods.xLock = { _, _ in SQLITE_OK }
        methods.xUnlock = { _, _ in SQLITE_OK }
        methods.xCheckReservedLock = { _, result in
            result?.pointee = 0
            return SQLITE_OK
        }
        methods.xFileControl = { _, _, _ in SQLITE_NOTFOUND }
        methods.xSectorSize = { _ in Int32(FaultyDisk.sectorBytes) }
        // Writes beside it never hurt what was there: what disks of today promise, and what the real file system says.
        methods.xDeviceCharacteristics = { _ in SQLITE_IOCAP_POWERSAFE_OVERWRITE }
    }
}
