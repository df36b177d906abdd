internal import Arguments
internal import JSON

/// One measured value; with a target, whether it holds.
struct Figure {
    let name: String
    let value: Double
    let unit: String
    /// The most that the value may be; `nil` where nothing is promised.
    let target: Double?

    init(_ name: String, _ value: Double, _ unit: String, target: Double? = nil) {
        self.name = name
        self.value = value
        self.unit = unit
        self.target = target
    }

    var line: String {
        let json: JSONValue = [
            "name": .string(name), "value": Self.number(value), "unit": .string(unit),
            "target": target.map(Self.number) ?? .null, "holds": target.map { .bool(value <= $0) } ?? .null,
        ]
        return json.text
    }

    /// Four digits: no measurement on a busy machine is worth more.
    private static func number(_ value: Double) -> JSONValue {
        guard value != 0, value.isFinite else { return .number(value) }
        var scale = 1.0
        while abs(value) * scale < 1_000 { scale *= 10 }
        let rounded = (value * scale).rounded() / scale
        return Int64(exactly: rounded).map { .integer($0) } ?? .number(rounded)
    }
}
