package import SmartCard

/// An executable load file in the registry, with its modules (GPCS 2.3.1 §6.5.1).
package struct LoadFileEntry: Equatable, Sendable {
    /// A package that a load file needs (JCVM 3.0.5 §6.7).
    package struct Import: Hashable, Sendable {
        package let aid: AID
        package let major: UInt8
        package let minor: UInt8
    }

    package let aid: AID
    package let major: UInt8
    package let minor: UInt8
    package let modules: [AID]
    package let imports: [Import]
    package internal(set) var domain: AID
    /// `nil` for a package in read-only memory.
    package let code: LoadFileCode?
    /// The place in the order of loading, which GET STATUS follows.
    let serial: UInt32

    package var version: [UInt8] { [major, minor] }

    package static func == (left: LoadFileEntry, right: LoadFileEntry) -> Bool {
        left.aid == right.aid && left.serial == right.serial && left.domain == right.domain
            && left.code === right.code && left.modules == right.modules && left.imports == right.imports
            && left.major == right.major && left.minor == right.minor
    }
}
