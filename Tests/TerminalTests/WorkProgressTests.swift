import Terminal
import TestSupport
import Testing
import Wire

@Suite("How far the work is")
struct WorkProgressTests {
    private static var notice: SeramNotice {
        var notice = SeramNotice(.progress, card: "0102")
        notice.operation = "op"
        (notice.step, notice.steps, notice.action, notice.subject) = (2, 6, "remove", "F042")
        (notice.bytes, notice.secondsLeft) = (1_000, 4)
        notice.parts = [
            .init(step: 2, action: "remove", subject: "F042", bytes: 100, milliseconds: 500),
            .init(step: 3, action: "load", subject: "pass@1.0", bytes: 800, milliseconds: 2_000),
            .init(step: 4, action: "install", subject: "pass@1.0", bytes: 100, milliseconds: 500),
        ]
        return notice
    }

    @Test("each step of an order has its turn, and the time goes down to what other orders still take")
    func steps() {
        var progress = WorkProgress()
        progress.begin(Self.notice)
        #expect(
            progress.part?.action == "remove" && progress.secondsLeft == 4 && progress.doneMilliseconds == 0)
        progress.carried(100)
        #expect(progress.part?.action == "load" && progress.doneMilliseconds == 500)
        progress.carried(500)
        #expect(progress.part?.subject == "pass@1.0" && progress.doneMilliseconds == 1_500)
        progress.carried(900)
        #expect(progress.part?.action == "install" && progress.secondsLeft == 2)
        progress.carried(1_000)
        #expect(progress.part?.action == "install" && progress.secondsLeft == 1)
        // The next order of the same operation goes on where this one was; another operation begins anew.
        var next = Self.notice
        (next.secondsLeft, next.parts) = (1, [])
        progress.begin(next)
        #expect(
            progress.secondsLeft == 1 && progress.doneMilliseconds == 3_000
                && progress.totalMilliseconds == 4_000)
        (next.operation, next.millisecondsLeft) = ("other", 1_000)
        progress.begin(next)
        #expect(progress.doneMilliseconds == 0 && progress.totalMilliseconds == 1_000)
    }

    @Test("a question to the card is no work, and what a centre of another make leaves out is not needed")
    func bare() {
        var progress = WorkProgress()
        progress.carried(10)
        #expect(progress.part == nil && !progress.isWork)
        var notice = SeramNotice(.progress)
        notice.action = "check"
        progress.begin(notice)
        progress.carried(10)
        #expect(progress.part?.action == "check" && !progress.isWork && progress.secondsLeft == 0)
    }

    @Test("what a notice says reads the same, and nonsense in it is passed over")
    func notice() throws {
        var notice = Self.notice
        notice.code = "card-blocked"
        #expect(SeramNotice(notice.text) == notice)
        let text =
            #"{"berth":1,"event":"progress","parts":[{"step":-1},7,{"step":1,"action":"load","bytes":1,"milliseconds":2}]}"#
        #expect(try #require(SeramNotice(text)).parts.map(\.action) == ["load"])
    }
}
