#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Darwin)
    internal import Darwin
#endif

extension Environment {
    /// The variables of this process.
    ///
    /// Only a composition root takes it.
    package static let process = Self { name in getenv(name).map { String(cString: $0) } }
}

extension Terminal {
    /// The standard descriptors of this process.
    ///
    /// Only a composition root makes it.
    package static func live(clock: any Clock<Duration>) -> Self {
        ignoreBrokenPipes()
        return Self(
            output: DescriptorSink(descriptor: STDOUT_FILENO, goesOnWhereFull: false),
            errors: DescriptorSink(descriptor: STDERR_FILENO, goesOnWhereFull: true),
            input: DescriptorInput(descriptor: STDIN_FILENO), environment: .process, clock: clock,
            interrupts: .process)
    }
}
