internal import CardCrypto
internal import Synchronization

/// The bytes of a load file data block: one copy for all the cards of a process that hold it.
package final class LoadFileCode: Sendable {
    package let bytes: [UInt8]
    /// SHA-256 of the bytes.
    package let digest: [UInt8]

    /// What its components say; `nil` when no card could link it. Read once, and shared like the bytes.
    let package: LinkedPackage?

    init(bytes: [UInt8], digest: [UInt8]) {
        self.bytes = bytes
        self.digest = digest
        package = LoadFileParser.parse(bytes)
    }
}

/// Keeps one copy of every load file that the cards of a process hold; let go when the last card deletes it.
package final class LoadFileLibrary: Sendable {
    private struct Shelf: Sendable {
        weak var code: LoadFileCode?
    }

    private let shelves = Mutex<[[UInt8]: Shelf]>([:])

    package init() {}

    package func code(_ bytes: [UInt8]) -> LoadFileCode {
        let digest = Digest.sha256.hash(bytes)
        return shelves.withLock { shelves in
            if let code = shelves[digest]?.code { return code }
            let code = LoadFileCode(bytes: bytes, digest: digest)
            // Entries of vanished load files are swept when a new one comes: the table stays as small as what
            // lives.
            shelves = shelves.filter { $0.value.code != nil }
            shelves[digest] = Shelf(code: code)
            return code
        }
    }
}
