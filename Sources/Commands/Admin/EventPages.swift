internal import CentreServer
internal import JSON

/// Reads events, whose list goes on by positions. The centre looks at a bounded number of them for one answer, so an
/// answer that holds few, or none, is not the end while its position is before the newest.
struct EventPages {
    private let client: CentreClient
    private let view: AdminView

    init(_ client: CentreClient, _ view: AdminView) {
        self.client = client
        self.view = view
    }

    /// - Parameter isWhole: all there are; else as many as one page takes.
    func read(_ first: CentreCall, isWhole: Bool) throws {
        var call = first
        let limit = Self.number("limit", of: first).map { Int($0) } ?? Page.limitDefault
        var position = Self.number("after", of: first) ?? 0
        var items: [JSONValue] = []
        while true {
            let answer = try client.send(call)
            guard let json = answer.json, let reached = json["position"]?.integerValue,
                let newest = json["newest"]?.integerValue
            else { return view.show(answer) }
            items += json["items"]?.arrayValue ?? []
            let isFull = !isWhole && items.count >= limit
            // Every answer looks further; a position that stands still would be asked for without end.
            guard !isFull, reached < newest, reached > position else {
                return view.show([
                    "items": .array(items), "position": .integer(reached), "newest": .integer(newest),
                ])
            }
            position = reached
            call.set(query: "after", to: String(reached))
            if !isWhole { call.set(query: "limit", to: String(limit - items.count)) }
        }
    }

    private static func number(_ name: String, of call: CentreCall) -> Int64? {
        call.query.first { $0.name == name }.flatMap { Int64($0.value) }
    }
}
