import Centre
import CentreServer
import Foundation
import JSON
import SmartCard
import Testing
import Wire

@Suite("Types of problems")
struct ProblemTypeTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../..")

    private static func sources(under folder: String) throws -> [String] {
        let place = root.appending(path: folder)
        let files = FileManager.default.enumerator(at: place, includingPropertiesForKeys: nil)
        return try (files?.compactMap { $0 as? URL } ?? []).filter { $0.pathExtension == "swift" }
            .map { try String(contentsOf: $0, encoding: .utf8) }
    }

    @Test("each is there once, with a title and a status of the client's or the server's fault")
    func table() {
        let types = ProblemTypes.groups.flatMap(\.types)
        #expect(Set(types.map(\.code)).count == types.count)
        for type in types {
            #expect((400...599).contains(type.status) && !type.title.isEmpty, "\(type.code)")
            #expect(type.code.allSatisfy { $0.isLowercase || $0.isNumber || $0 == "-" })
        }
    }

    @Test("every refusal of the registers has a type")
    func refusals() throws {
        var codes: Set<String> = []
        for text in try Self.sources(under: "Sources/Centre") {
            let bodies = text.matches(
                of: /var code: String \{ (?<line>[^\n]*) \}|var code: String \{\n(?<body>(?:.|\n)*?)\n    \}/)
            for body in bodies {
                let words = (body.output.body ?? body.output.line ?? "").matches(of: /"([a-z0-9-]+)"/)
                codes.formUnion(words.map { String($0.output.1) })
            }
        }
        #expect(codes.count > 100)
        for code in codes.sorted() { #expect(ProblemTypes.all[code] != nil, "\(code)") }
    }

    @Test("every problem of the service has a type, and the status and title that the type says")
    func service() throws {
        let pattern = /Problem\(\s*(?<status>\d+),\s*"(?<code>[a-z-]+)",\s*title:\s*"(?<title>[^"]+)"/
        var count = 0
        for text in try Self.sources(under: "Sources/CentreServer") {
            for match in text.matches(of: /\.known\(\s*"(?<code>[a-z-]+)"/) {
                count += 1
                #expect(ProblemTypes.all[String(match.output.code)] != nil, "\(match.output.code)")
            }
            for match in text.matches(of: pattern) {
                let type = ProblemTypes.all[String(match.output.code)]
                #expect(type.map { "\($0.status)" } == String(match.output.status), "\(match.output.code)")
                #expect(type?.title == String(match.output.title))
            }
        }
        #expect(count > 20)
    }

    @Test("docs/reference/problems.md is what the program prints")
    func document() throws {
        let path = Self.root.appending(path: "docs/reference/problems.md")
        #expect(try String(contentsOf: path, encoding: .utf8) == ProblemTypes.markdown)
    }

    @Test(
        "what the store does not do is told with the right status",
        arguments: [
            (StoreFailure.contended, 503, "1"), (.unreachable("x"), 503, "5"), (.full("x"), 503, "30"),
            (.unknownOutcome("x"), 503, "1"), (.newerSchema(found: 2, known: 1), 503, "30"),
            (.duplicate(table: "cards"), 409, nil), (.reference(table: "cards"), 409, nil),
            (.damaged("/var/lib/secret"), 500, nil), (.other("secret"), 500, nil),
        ] as [(StoreFailure, Int, String?)])
    func store(failure: StoreFailure, status: Int, retry: String?) {
        let reply = Reply(response: Problem(explaining: failure).response(tag: "r1"))
        #expect((reply.status, reply.response.fields["Retry-After"]) == (status, retry))
        #expect(!reply.text.contains("secret"), "what is inside the machine is not told")
    }

    @Test("refusals keep their words, and get their status")
    func refusal() throws {
        let problem = Problem(explaining: CardRefusal.blocked(try CardID("42"), reason: "Lost."))
        #expect((problem.status, problem.code) == (409, "card-blocked"))
        #expect(problem.detail == "Card 42 is blocked: Lost.")
        #expect(problem.remedy == "Find out why, and lift the block.")
    }

    @Test("a status word is told with what it means and what to do")
    func statusWord() throws {
        var problem = Problem.known("operation-over", "The card refused.")
        problem.explain(0x6A84)
        let word = problem.json(tag: "r1")["statusWord"]
        #expect(word?["value"] == "6A84")
        #expect(word?["meaning"]?.stringValue?.isEmpty == false)
        #expect(word?["advice"]?.arrayValue?.isEmpty == false)
    }
}
