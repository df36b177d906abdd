import Centre
import CentreServer
import Testing

@Suite("What is kept by day and forgotten")
struct ForgottenDaysTests {
    @Test("old days are emptied one after another, each until nothing is left, and then rest")
    func turns() throws {
        let today = try #require(CalendarDay("2026-11-21"))
        let days = ForgottenDays(keeping: 2)
        var left = ["2026-11-01": 3, "2026-11-19": 1, "2026-11-20": 5]
        var turns = 0
        while try days.turn(
            at: today,
            { day in
                let count = min(left[day.description] ?? 0, 2)
                left[day.description, default: 0] -= count
                return count
            })
        {
            turns += 1
            try #require(turns < 200)
        }
        #expect(left["2026-11-01"] == 0 && left["2026-11-19"] == 0 && left["2026-11-20"] == 5)
        let tomorrow = try #require(CalendarDay("2026-11-22"))
        var asked: [String] = []
        while try days.turn(
            at: tomorrow,
            { day in
                asked.append(day.description)
                return 0
            })
        {}
        #expect(asked == ["2026-11-20"])
    }

    @Test("doors of the day before yesterday are forgotten, those that may still be closed are not")
    func doors() throws {
        let bench = try RestBench()
        try bench.node.act(by: .centre) { try $0.countWrong(at: "operator/olga") }
        let day = bench.clock.now.day
        let forget = { try bench.node.act(by: .centre) { try $0.forgetDoors(of: day) } }
        #expect(try forget() == 0)
        bench.clock.advance(by: .seconds(86_400))
        #expect(try forget() == 0)
        bench.clock.advance(by: .seconds(86_400))
        #expect(try forget() == 1 && forget() == 0)
    }
}
