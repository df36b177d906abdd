import JSON
import Testing
import Wire

@Suite("Problem")
struct ProblemTests {
    @Test("has the members of RFC 9457 §3.1, what to do, and its own")
    func members() {
        let problem = Problem(
            404, "card-unknown", title: "No such card", detail: "The card '00' is not registered.",
            remedy: "Register it first.", members: ["card": .string("00")])
        #expect(
            problem.json(tag: "r1").text == """
                {"type":"https://berth.dev/problems/card-unknown","title":"No such card","status":404,\
                "detail":"The card '00' is not registered.","code":"card-unknown","remedy":"Register it first.",\
                "request":"r1","card":"00"}
                """)
    }
}
