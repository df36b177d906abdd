internal import Foundation
internal import Testing

/// The targets of a document's links to files of the project.
func localLinks(in text: String) -> [String] {
    text.matches(of: /\]\((?<target>[^)\s]+)\)/).map { String($0.target) }
        .filter { !$0.contains("://") && !$0.hasPrefix("#") && !$0.hasPrefix("mailto:") }
        .map { String($0.prefix { $0 != "#" }) }
}

@Suite("Documents")
struct DocumentTests {
    static let top = ["README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"]
    static let decisions = Project.files(under: "docs/decisions", ending: ".md")
        .filter { !$0.hasSuffix("README.md") }

    @Test("links lead to files that exist", arguments: top + Project.files(under: "docs", ending: ".md"))
    func linksResolve(path: String) throws {
        let folder = Project.root.appending(path: path).deletingLastPathComponent()
        for link in localLinks(in: try Project.text(path)) {
            let target = folder.appending(path: link).standardizedFileURL.path
            #expect(FileManager.default.fileExists(atPath: target), "\(path) links to \(link)")
        }
    }

    @Test("links are found, and links elsewhere are left alone")
    func linksAreFound() {
        let text = "[a](docs/a.md) [b](https://example.org) [c](#c) [d](d.md#part)"
        #expect(localLinks(in: text) == ["docs/a.md", "d.md"])
    }

    @Test("a decision has its three parts", arguments: decisions)
    func decisionParts(path: String) throws {
        let headings = try Project.text(path).split(separator: "\n").filter { $0.hasPrefix("#") }
        #expect(headings.first?.hasPrefix("# ") == true)
        #expect(headings.dropFirst().map(String.init) == ["## Context", "## Decision", "## Consequences"])
    }

    @Test("decisions are numbered without a gap")
    func decisionNumbers() {
        let names = Self.decisions.compactMap { $0.split(separator: "/").last }
        let numbers = names.compactMap { Int($0.prefix(4)) }
        #expect(!numbers.isEmpty)
        #expect(numbers == Array(1...max(1, numbers.count)))
    }

    @Test("the README gives the two commands that a newcomer needs")
    func readmeCommands() throws {
        let readme = try Project.text("README.md")
        for command in ["./scripts/test", "./scripts/demo"] {
            #expect(readme.contains(command))
            let path = String(command.dropFirst(2))
            #expect(FileManager.default.isExecutableFile(atPath: Project.root.appending(path: path).path))
        }
    }

    @Test("the changelog has a place for what comes next")
    func changelog() throws {
        #expect(try Project.text("CHANGELOG.md").contains("\n## [Unreleased]\n"))
    }

    @Test("the licence is the Apache License 2.0, whole")
    func licence() throws {
        let text = try Project.text("LICENSE")
        #expect(text.contains("Apache License") && text.contains("Version 2.0, January 2004"))
        #expect(text.contains("END OF TERMS AND CONDITIONS"))
    }
}
