internal import Foundation

/// The project's own files, found from where this file was compiled.
enum Project {
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    static func text(_ path: String) throws -> String {
        try String(contentsOf: root.appending(path: path), encoding: .utf8)
    }

    static func exists(_ path: String) -> Bool {
        FileManager.default.fileExists(atPath: root.appending(path: path).path)
    }

    static func folders(in path: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: root.appending(path: path).path)
            .filter { name in
                var isFolder = false as ObjCBool
                let full = root.appending(path: "\(path)/\(name)").path
                return FileManager.default.fileExists(atPath: full, isDirectory: &isFolder)
                    && isFolder.boolValue
            }
            .sorted()
    }

    /// Every file under the folder whose name ends so, by its path from the root; none if there is no folder.
    static func files(under folder: String, ending: String) -> [String] {
        let names = FileManager.default.enumerator(atPath: root.appending(path: folder).path)
        return (names?.compactMap { $0 as? String } ?? [])
            .filter { $0.hasSuffix(ending) && !$0.split(separator: "/").contains { $0.hasPrefix(".") } }
            .map { "\(folder)/\($0)" }
            .sorted()
    }

    static func swiftFiles(under folders: [String]) throws -> [SourceFile] {
        try folders.flatMap { files(under: $0, ending: ".swift") }
            .map { SourceFile(path: $0, text: try text($0)) }
    }

    static let swiftFolders = ["Sources", "Tests", "Fuzz", "Benchmarks", "Examples"]
}

/// A Swift file as the rules see it: its path from the root, and its lines.
struct SourceFile {
    let path: String
    let lines: [String]

    init(path: String, text: String) {
        self.path = path
        lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }

    /// The target under `Sources` that the file belongs to.
    var target: String? {
        let parts = path.split(separator: "/")
        return parts.count > 2 && parts[0] == "Sources" ? String(parts[1]) : nil
    }

    /// What the file imports, whatever the access level, attribute or kind of import.
    var imports: [String] {
        lines.filter { $0.range(of: "import ", options: .literal) != nil }.compactMap { line in
            let pattern =
                /^\s*(?:@\w+(?:\([^)]*\))?\s+)*(?:\w+\s+)?import\s+(?:(?:struct|class|enum|protocol|func|var|let|typealias)\s+)?(?<name>\w+).*$/
            return line.wholeMatch(of: pattern).map { String($0.name) }
        }
    }
}

/// The rows of the Markdown tables in a text, each as the trimmed texts of its cells.
func tableRows(_ text: String) -> [[String]] {
    text.split(separator: "\n").filter { $0.hasPrefix("|") && !$0.hasPrefix("|--") }
        .map { line in
            line.dropFirst().split(separator: "|", omittingEmptySubsequences: false).dropLast()
                .map { $0.trimmingCharacters(in: .whitespaces) }
        }
}

/// The names in backticks in a table's cell.
func codeNames(_ cell: String) -> [String] {
    cell.matches(of: /`(\w+)`/).map { String($0.1) }
}
