internal import Arguments
package import JSON

// What a person sees of plans, custody and bills, in 40 columns.

extension Display {
    /// What would be done, why, what it costs and how long it takes.
    package func plan(_ plan: JSONValue, offline: Bool = false) -> [String] {
        let obstacles = (plan["objections"]?.arrayValue ?? []).filter { $0["isObstacle"]?.boolValue == true }
        guard plan["isFeasible"]?.boolValue == true else {
            return [text(.notPossible)] + obstacles.flatMap(objection)
        }
        var lines = [text(.plan)]
        let missing = Int(plan["shortage"]?["nonVolatile"]?.integerValue ?? 0)
        if missing > 0 { lines += pair(.missingRoom, text(.bytes(missing))) }
        let removed = (plan["wishes"]?.arrayValue ?? []).filter { $0["kind"] == "remove" }
            .compactMap { $0["application"]?.stringValue }
        for leaving in plan["leaving"]?.arrayValue ?? [] {
            lines += self.leaving(leaving, removed: removed)
        }
        for warning in plan["objections"]?.arrayValue ?? [] { lines += objection(warning) }
        var come: [String] = []
        for step in plan["steps"]?.arrayValue ?? [] {
            guard ["install", "restore"].contains(step["step"]?["kind"]?.stringValue ?? ""),
                let name = step["step"]?["application"]?.stringValue, !come.contains(name)
            else { continue }
            come.append(name)
        }
        for name in come { lines += pair(.comes, name) }
        for fee in plan["custodyPerDay"]?.arrayValue ?? [] {
            lines += pair(.custodyPerDay, CentreDesk.amount(fee) ?? "-")
        }
        if let before = room(plan["freeBefore"]), let after = room(plan["freeAfter"]) {
            lines += pair(.free, "\(before) -> \(text(.bytes(after)))")
        }
        let milliseconds = plan["effort"]?["milliseconds"]?.integerValue ?? 0
        lines.append(text(.takesAbout(seconds: Int((milliseconds + 999) / 1_000))))
        return lines
    }

    private func leaving(_ item: JSONValue, removed: [String]) -> [String] {
        guard let name = item["application"]?.stringValue else {
            return folded(text(.unusedCodeLeaves)) + gives(item)
        }
        // What leaves by wish needs no reason.
        switch item["cause"]?.stringValue {
        case "makes-room": break
        case "wished": return pair(removed.contains(name) ? .goesForGood : .leaves, name)
        default: return folded("- \(name)")
        }
        // The centre's own reasons say more, and are English.
        guard language != .english else {
            return pair(.leaves, name) + (item["reasons"]?.arrayValue ?? []).flatMap(sentence)
        }
        var reasons = gives(item) + folded("  " + text(.dataStayWhole))
        if (item["cost"]?["preferredCount"]?.integerValue ?? 0) > 0 {
            reasons += folded("  " + text(.wantedButNeeded))
        }
        return pair(.leaves, name) + reasons
    }

    private func gives(_ item: JSONValue) -> [String] {
        room(item["freed"]).map { folded("  " + text(.gives($0))) } ?? []
    }

    /// What stands in the way of a wish, or should be known before it is granted.
    private func objection(_ value: JSONValue) -> [String] {
        let subject = value["subject"]?.stringValue ?? ""
        return (subject.isEmpty ? [] : folded("- " + subject))
            + told(
                code: value["kind"]?.stringValue, value["reason"]?.stringValue ?? "",
                value["remedy"]?.stringValue, indent: "  ")
    }

    private func room(_ value: JSONValue?) -> Int? { value?["nonVolatile"]?.integerValue.map { Int($0) } }

    private func sentence(_ value: JSONValue?) -> [String] {
        value?.stringValue.map { folded("  " + $0, indent: 2) } ?? []
    }

    /// What is on the card and what is kept, with what that has cost so far; who has not signed in is not told what is.
    package func list(applications: [String], kept: [CentreDesk.Kept]?) -> [String] {
        var lines = [text(.onCard) + ":"]
        lines +=
            applications.isEmpty ? ["  " + text(.nothingThere)] : applications.flatMap { folded("  \($0)") }
        guard let kept else { return lines }
        lines.append(text(.inCustody) + ":")
        if kept.isEmpty { lines.append("  " + text(.nothingThere)) }
        for item in kept {
            lines += folded("  \(item.application)", indent: 2)
            if let since = item.since {
                lines += folded("    \(text(.since)) \(since.prefix(10))", indent: 4)
            }
            if let cost = item.cost { lines += folded("    \(text(.costUntilNow)): \(cost)", indent: 4) }
        }
        return lines
    }

    /// Row B12: what custody cost, application by application, and the sum.
    package func bill(_ statement: JSONValue) -> [String] {
        var lines = [text(.bill)]
        if let from = statement["from"]?.stringValue, let until = statement["until"]?.stringValue {
            lines += folded("\(from.prefix(10)) - \(until.prefix(10))")
        }
        let items = statement["lines"]?.arrayValue ?? []
        if items.isEmpty { lines.append("  " + text(.nothingThere)) }
        for item in items {
            let name = item["application"]?.stringValue ?? "?"
            lines += columns(name, CentreDesk.amount(item) ?? "-")
            lines += folded("  " + span(item), indent: 2)
        }
        lines.append(String(repeating: "-", count: isSpoken ? 0 : Self.columns))
        for total in statement["totals"]?.arrayValue ?? [] {
            lines += columns("=", CentreDesk.amount(total) ?? "-")
        }
        return lines.filter { !$0.isEmpty }
    }

    /// `2026-11-03 10:00 - 2026-11-20 10:00`, to the second within a day, in UTC.
    private func span(_ item: JSONValue) -> String {
        let from = item["from"]?.stringValue ?? ""
        let (day, time) = (from.prefix(10), from.dropFirst(11))
        guard item["open"]?.boolValue != true, let until = item["until"]?.stringValue else {
            return "\(text(.since)) \(day) \(time.prefix(8))"
        }
        guard until.prefix(10) == day else {
            return "\(day) \(time.prefix(5)) - \(until.prefix(10)) \(until.dropFirst(11).prefix(5))"
        }
        return "\(day) \(time.prefix(8)) - \(until.dropFirst(11).prefix(8))"
    }

    /// A name on the left and an amount on the right.
    private func columns(_ name: String, _ amount: String) -> [String] {
        let name = name.printable
        let room = Self.columns - name.displayWidth - amount.displayWidth
        guard room >= 1 else { return folded(name) + folded("  " + amount) }
        return [name + String(repeating: " ", count: room) + amount]
    }
}
