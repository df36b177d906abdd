import Arguments
import Foundation
import Testing

@Suite("Exit codes")
struct ExitCodeTests {
    /// The rows of the table whose first cell is a number.
    static let documented: [[String]] = {
        let root = URL(fileURLWithPath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let path = root.appendingPathComponent("docs/reference/exit-codes.md")
        let text = (try? String(contentsOf: path, encoding: .utf8)) ?? ""
        return text.split(separator: "\n").compactMap { line in
            let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            return cells.first.flatMap { Int($0) } == nil ? nil : cells
        }
    }()

    @Test("the documentation has every code with its class and meaning, and no other")
    func agrees() {
        let real = ExitCode.allCases.map { ["\($0.rawValue)", "`\($0.name)`", $0.summary] }
        #expect(Self.documented.map { Array($0.prefix(3)) } == real)
        #expect(Self.documented.allSatisfy { $0.count == 4 && !$0[3].isEmpty })
    }

    @Test(
        "codes that sysexits.h defines have its numbers",
        arguments: [
            (ExitCode.usage, 64), (.badData, 65), (.noInput, 66), (.unavailable, 69), (.internalError, 70),
            (.cannotCreate, 73), (.inputOutput, 74), (.tryAgain, 75), (.protocolViolation, 76),
            (.notAuthenticated, 77), (.configuration, 78),
        ] as [(ExitCode, Int32)])
    func sysexits(_ code: ExitCode, _ number: Int32) { #expect(code.rawValue == number) }

    @Test("names are unique words, and numbers fit what a shell can tell apart")
    func names() {
        #expect(Set(ExitCode.allCases.map(\.name)).count == ExitCode.allCases.count)
        for code in ExitCode.allCases {
            #expect(code.name.allSatisfy { $0.isLowercase || $0 == "-" })
            #expect((0...255).contains(code.rawValue))
        }
    }
}
