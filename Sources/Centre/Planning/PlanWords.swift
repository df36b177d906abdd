internal import SmartCard

/// Sentences of a plan.
enum PlanWords {
    /// `1.2 kB`, `310 bytes`, and of which memory.
    static func amount(_ room: Room) -> String {
        var parts: [String] = []
        if room.nonVolatile > 0 { parts.append(bytes(room.nonVolatile) + " of non-volatile memory") }
        if room.volatile > 0 { parts.append(bytes(room.volatile) + " of volatile memory") }
        return parts.isEmpty ? "nothing" : parts.joined(separator: " and ")
    }

    static func bytes(_ count: Int) -> String {
        guard count >= 1_000 else { return count == 1 ? "1 byte" : "\(count) bytes" }
        let tenths = (count + 50) / 100
        return tenths % 10 == 0 ? "\(tenths / 10) kB" : "\(tenths / 10).\(tenths % 10) kB"
    }

    static func seconds(_ milliseconds: Int) -> String {
        let tenths = (milliseconds + 50) / 100
        return "\(tenths / 10).\(tenths % 10) s"
    }

    static func lastUse(_ lastUsedAt: Instant?, now: Instant) -> String {
        guard let lastUsedAt else { return "nobody knows when it was used last" }
        let days = (now.milliseconds - lastUsedAt.milliseconds) / Instant.millisecondsPerDay
        switch days {
        case ..<1: return "it was used within the last day"
        case 1: return "it was last used yesterday"
        default: return "it was last used \(days) days ago"
        }
    }
}

extension Planner {
    func reasons(_ item: Outgoing, freed: Room) -> [String] {
        switch item.cause {
        case .wished:
            return [item.purpose == .parked ? "You wished to park it." : "You wished to remove it for good."]
                + codeReasons(item)
        case .replaced: return ["Its new release takes its place."] + codeReasons(item)
        case .makesRoom: break
        }
        guard let application = item.application, let release = item.release else {
            return ["It is code that nothing on the card uses, and it gives \(PlanWords.amount(freed))."]
        }
        var result = ["It gives \(PlanWords.amount(freed)), and \(PlanWords.amount(shortage)) is missing."]
        let used = item.instances.compactMap(\.entry.lastUsedAt).max()
        result.append(capitalised(PlanWords.lastUse(used, now: picture.now)) + ".")
        let move = item.instances.reduce(0) { $0 + moveMilliseconds($1, release: release) }
        result.append("Its data leave and come back in about \(PlanWords.seconds(move)).")
        if item.points.preferredCount > 0 {
            result.append("The holder wants to keep it, but nothing less is enough.")
        }
        if let fee = picture.fees[application], fee.minorUnits > 0 {
            result.append("Keeping it costs \(fee) a day.")
        }
        return result + codeReasons(item)
    }

    private func codeReasons(_ item: Outgoing) -> [String] {
        let own = Set(item.instances.compactMap(\.entry.loadFile))
        let staying = own.subtracting(leavingFiles).intersection(picture.loaded.map(\.entry.aid))
        var result: [String] = []
        if !item.loadFiles.isEmpty, !item.instances.isEmpty {
            result.append("Its code leaves as well: nothing that stays needs it.")
        }
        if !staying.isEmpty, item.cause == .makesRoom {
            result.append("Its code stays: it is needed, or its room is not.")
        }
        return result
    }

    private func capitalised(_ text: String) -> String { text.prefix(1).uppercased() + text.dropFirst() }
}
