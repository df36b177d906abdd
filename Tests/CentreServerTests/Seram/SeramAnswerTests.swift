internal import SmartCard
internal import TestSupport
internal import Testing
internal import Wire

@testable import CentreServer

@Suite("Answers of a report")
struct SeramAnswerTests {
    private static func answers(_ responses: [[[UInt8]]], selects: [Bool]) -> [ResponseAPDU] {
        SeramSession.Outstanding(index: 0, visit: [], number: 1, selects: selects)
            .answers(SeramReport(SeramStatus(.processed), responses: responses))
    }

    @Test("stand in the order of the commands, over all responses, and never more than there were commands")
    func order() {
        let responses: [[[UInt8]]] = [[[1, 2, 0x61, 0x10]], [], [[0x90, 0], [0x6A, 0x82]]]
        let all = [
            ResponseAPDU(data: [1, 2], status: 0x6110), ResponseAPDU(), ResponseAPDU(status: 0x6A82),
        ]
        for count in 0...4 {
            let selects = Array(repeating: false, count: count)
            #expect(Self.answers(responses, selects: selects) == Array(all.prefix(count)))
        }
    }

    @Test("an empty one is success where a SELECT was sent and something came behind it, else the end")
    func empty() {
        let success = ResponseAPDU(status: 0x9000)
        let status = ResponseAPDU(status: 0x6A82)
        let rows: [([[UInt8]], [Bool], [ResponseAPDU])] = [
            ([[], [0x6A, 0x82]], [true, false], [success, status]),
            ([[], [0x6A, 0x82]], [false, false], []),
            ([[], [], [0x6A, 0x82]], [true, true, false], [success, success, status]),
            ([[], [], [0x6A, 0x82]], [true, false, false], [success]),
            ([[0x6A, 0x82], []], [true, true], [status]),
            ([[0x6A, 0x82], [], []], [true, true, true], [status]),
            // What came behind it answers no command of the order.
            ([[], [0x6A, 0x82]], [true], []),
            // What is too short to have a status is the end, but came.
            ([[], [0x6A], [0x90, 0]], [true, false, false], [success]),
            ([[], [], []], [true, true, true], []),
        ]
        for (answers, selects, expected) in rows {
            #expect(Self.answers([answers], selects: selects) == expected, "\(answers) \(selects)")
            #expect(Self.answers(answers.map { [$0] }, selects: selects) == expected, "\(answers) \(selects)")
        }
    }
}
