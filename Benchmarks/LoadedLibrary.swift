#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// A library that only a part of the benchmarks needs, loaded when it does.
struct LoadedLibrary {
    private let handle: UnsafeMutableRawPointer

    init(_ name: String) throws {
        guard let handle = dlopen(name, RTLD_NOW) else { throw BenchmarkError("no \(name)") }
        self.handle = handle
    }

    func find<Function>(_ name: String) throws -> Function {
        guard let symbol = dlsym(handle, name) else { throw BenchmarkError("no \(name)") }
        return unsafeBitCast(symbol, to: Function.self)
    }
}
