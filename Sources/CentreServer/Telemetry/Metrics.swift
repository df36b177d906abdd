internal import Synchronization

/// What is counted and measured while the centre serves, in the text format of Prometheus (exposition format 0.0.4).
package final class Metrics: Sendable {
    /// Names and values of the labels of one series.
    package struct Labels: Hashable, Sendable, ExpressibleByDictionaryLiteral {
        fileprivate let text: String

        package init(dictionaryLiteral elements: (String, String)...) {
            text = elements.map { "\($0)=\"\(Metrics.escaped($1))\"" }.joined(separator: ",")
        }

        fileprivate func text(with more: String = "") -> String {
            let all = [text, more].filter { !$0.isEmpty }.joined(separator: ",")
            return all.isEmpty ? "" : "{\(all)}"
        }
    }

    fileprivate struct Histogram {
        var counts = [UInt64](repeating: 0, count: Metrics.bounds.count)
        var count: UInt64 = 0
        var sum = 0.0
    }

    fileprivate struct Family<Value: Sendable>: Sendable {
        let help: String
        var series: [Labels: Value] = [:]
    }

    private struct State {
        var counters: [String: Family<Double>] = [:]
        var histograms: [String: Family<Histogram>] = [:]
    }

    /// Seconds; the promise of five milliseconds is one of them.
    fileprivate static let bounds = [
        0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
    ]
    /// Series of one name; what comes beyond goes together under one, so that nobody can fill the memory with names.
    fileprivate static let seriesMax = 500

    private let state = Mutex(State())

    package init() {}

    package func count(
        _ name: StaticString, _ labels: Labels = [:], by amount: Double = 1, help: StaticString
    ) {
        state.withLock { state in
            var family = state.counters["\(name)"] ?? Family(help: "\(help)")
            family.series[family.bounded(labels), default: 0] += amount
            state.counters["\(name)"] = family
        }
    }

    package func observe(_ name: StaticString, _ labels: Labels = [:], seconds: Double, help: StaticString) {
        state.withLock { state in
            var family = state.histograms["\(name)"] ?? Family(help: "\(help)")
            family.series[family.bounded(labels), default: Histogram()].add(seconds)
            state.histograms["\(name)"] = family
        }
    }

    /// Value of a counter; for those who look from inside.
    package func value(_ name: String, _ labels: Labels = [:]) -> Double {
        state.withLock { $0.counters[name]?.series[labels] ?? 0 }
    }

    /// Everything, with what is only known at the moment of asking.
    package func text(_ gauges: [Gauge]) -> String {
        let (counters, histograms) = state.withLock { ($0.counters, $0.histograms) }
        var lines: [String] = []
        for (name, family) in counters.sorted(by: { $0.key < $1.key }) {
            lines += ["# HELP \(name) \(family.help)", "# TYPE \(name) counter"]
            lines += family.sorted.map { "\(name)\($0.key.text()) \(Self.number($0.value))" }
        }
        for (name, family) in histograms.sorted(by: { $0.key < $1.key }) {
            lines += ["# HELP \(name) \(family.help)", "# TYPE \(name) histogram"]
            lines += family.sorted.flatMap { $0.value.lines(name, $0.key) }
        }
        var lastName: String?
        for gauge in gauges {
            if gauge.name != lastName {
                lines += ["# HELP \(gauge.name) \(gauge.help)", "# TYPE \(gauge.name) \(gauge.kind)"]
            }
            lastName = gauge.name
            lines.append("\(gauge.name)\(gauge.labels.text()) \(Self.number(gauge.value))")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// One value that is looked up when it is asked for. Those of one name follow each other.
    package struct Gauge: Sendable {
        package let name: String
        package let help: String
        package let labels: Labels
        package let value: Double
        /// `gauge`, or `counter` for what never goes down.
        package let kind: String

        package init(
            _ name: String, _ value: Double, _ labels: Labels = [:], help: String, isCounter: Bool = false
        ) {
            self.name = name
            self.value = value
            self.labels = labels
            self.help = help
            kind = isCounter ? "counter" : "gauge"
        }
    }

    fileprivate static func escaped(_ value: String) -> String {
        var text = ""
        for character in value {
            switch character {
            case "\\": text += "\\\\"
            case "\"": text += "\\\""
            case "\n": text += "\\n"
            default: text.append(character)
            }
        }
        return text
    }

    /// Whole numbers without a point.
    fileprivate static func number(_ value: Double) -> String {
        value == value.rounded() && value.magnitude < 1e15 ? String(Int64(value)) : String(value)
    }
}

extension Metrics.Family {
    fileprivate func bounded(_ labels: Metrics.Labels) -> Metrics.Labels {
        series[labels] != nil || series.count < Metrics.seriesMax ? labels : ["more": "true"]
    }

    fileprivate var sorted: [(key: Metrics.Labels, value: Value)] {
        series.sorted { $0.key.text() < $1.key.text() }.map { ($0.key, $0.value) }
    }
}

extension Metrics.Histogram {
    fileprivate mutating func add(_ seconds: Double) {
        if let index = Metrics.bounds.firstIndex(where: { seconds <= $0 }) { counts[index] += 1 }
        count += 1
        sum += seconds
    }

    fileprivate func lines(_ name: String, _ labels: Metrics.Labels) -> [String] {
        var lines: [String] = []
        var total: UInt64 = 0
        for (bound, count) in zip(Metrics.bounds, counts) {
            total += count
            lines.append("\(name)_bucket\(labels.text(with: "le=\"\(Metrics.number(bound))\"")) \(total)")
        }
        lines.append("\(name)_bucket\(labels.text(with: "le=\"+Inf\"")) \(count)")
        lines.append("\(name)_sum\(labels.text()) \(sum)")
        lines.append("\(name)_count\(labels.text()) \(count)")
        return lines
    }
}
