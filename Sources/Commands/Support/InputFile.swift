internal import Arguments
internal import FoundationEssentials
internal import GlobalPlatform

/// Files that a command is given to read.
enum InputFile {
    /// Far above any file that a card takes; more is a mistake.
    static let bytesMax = 16 << 20

    static func read(_ path: String) throws(Problem) -> [UInt8] {
        if let bytes = readFile(path, atMost: bytesMax) { return bytes }
        // Only now: attributes name the owner, and looking a name up takes longer than reading the file.
        let attributes = try? FileManager.default.attributesOfItem(atPath: path)
        if let size = attributes?[.size] as? Int, size > bytesMax {
            throw Problem(
                "file-too-large", exit: .badData, "\(path) is too large", why: "it has \(size) bytes")
        }
        let isThere = FileManager.default.fileExists(atPath: path)
        throw Problem(
            "file-unreadable", exit: .noInput, "\(path) cannot be read",
            why: isThere ? "there is no permission to read it, or it is a folder" : "there is no such file")
    }

    static func readCAP(_ path: String) throws(Problem) -> CAPFile {
        let bytes = try read(path)
        do {
            return try CAPFile(bytes)
        } catch {
            throw Problem(
                "cap-broken", exit: .badData, "\(path) is no CAP file that a card could load",
                why: "\(error)",
                advice: [
                    "build it again with the Java Card converter",
                    "look whether the file was cut off on its way",
                ])
        }
    }
}
