internal import Foundation
internal import TestSupport
internal import Testing

/// The tables of docs/mission.md.
struct MissionTable {
    enum Status: String { case done, open }

    struct Row {
        let name: String
        let status: Status?
    }

    let rows: [Row]

    init(document: String) {
        rows = tableRows(document).filter { $0.count == 3 }.compactMap { cells in
            guard cells[0].wholeMatch(of: /[ABC]?\d+/) != nil else { return nil }
            let name = cells[0].first?.isNumber == true ? "point\(cells[0])" : cells[0].lowercased()
            return Row(name: name, status: Status(rawValue: cells[2]))
        }
    }

    /// The rows that say done although no test carries them.
    func unproved(by traits: Set<String>) -> [String] {
        rows.filter { $0.status == .done && !traits.contains($0.name) }.map(\.name)
    }
}

/// The rows that the test sources name in `.mission(.row)`.
func missionTraits(in files: [SourceFile]) -> Set<String> {
    Set(
        files.flatMap(\.lines)
            .filter { $0.range(of: ".mission(", options: .literal) != nil && !$0.contains(/^\s*\/\//) }
            .flatMap { $0.matches(of: /\.mission\(\.(\w+)\)/).map { String($0.1) } })
}

@Suite("Mission")
struct MissionTests {
    @Test("the table has every row once, in order, each done or open")
    func tableIsComplete() throws {
        let table = MissionTable(document: try Project.text("docs/mission.md"))
        #expect(table.rows.map(\.name) == MissionRow.allCases.map(\.rawValue))
        #expect(table.rows.allSatisfy { $0.status != nil })
    }

    @Test("every row that says done has a test that carries it")
    func doneIsProved() throws {
        let files = try Project.swiftFiles(under: ["Tests"]).filter { !$0.path.hasPrefix("Tests/TidyTests/") }
        let traits = missionTraits(in: files)
        let table = MissionTable(document: try Project.text("docs/mission.md"))
        #expect(table.unproved(by: traits).isEmpty)
        #expect(traits.allSatisfy { MissionRow(rawValue: $0) != nil })
    }

    @Test("a row that says done and has no test is found out")
    func unprovedIsFound() {
        let table = MissionTable(document: "| A1 | x | done |\n| A2 | x | done |\n| 3 | x | open |")
        let text = "@Test(\"x\", .mission(.a1), .mission(.b2))\n// .mission(.a2)"
        let file = SourceFile(path: "x", text: text)
        #expect(missionTraits(in: [file]) == ["a1", "b2"])
        #expect(table.unproved(by: missionTraits(in: [file])) == ["a2"])
        #expect(table.rows.map(\.name) == ["a1", "a2", "point3"])
    }
}
