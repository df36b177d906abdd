internal import JSON
package import SmartCard

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// What the centre said should be sent to the next card, whichever that is, so that its answers can be brought along.
/// Each such word is good for one visit; where none is there, the visit takes a round trip more.
package struct GreetingFile: Sendable {
    private let path: String

    /// The folder is there already.
    package init(folder: String) { path = folder + "/greeting.json" }

    /// Nothing is lost with it, so nobody waits for the disk.
    package func keep(_ commands: [CommandAPDU]) {
        let text = JSONValue.array(commands.map { .string($0.bytes.hex) })
        guard ReportQueue.write(text.encoded(), to: path + ".new", syncs: false) else { return }
        _ = rename(path + ".new", path)
    }

    /// Given once.
    package func take() -> [CommandAPDU]? {
        guard let bytes = ReportQueue.bytes(of: path), unlink(path) == 0 else { return nil }
        return (try? JSONValue(decoding: bytes)).flatMap(Self.commands)
    }

    /// `nil` where it is no list of commands.
    static func commands(_ value: JSONValue) -> [CommandAPDU]? {
        try? value.arrayValue?.map { try CommandAPDU(parsing: Hex.decode($0.stringValue ?? "")) }
    }
}
