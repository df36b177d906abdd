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

    /// One series that was found once: whoever counts often makes no text for it and waits for nobody else's.
    package final class Counter: Sendable {
        private let amount = Mutex(0.0)

        package func add(_ more: Double = 1) { amount.withLock { $0 += more } }
        package var value: Double { amount.withLock { $0 } }
    }

    /// How long something took, each time.
    package final class Histogram: Sendable {
        fileprivate struct Seen {
            var counts = [UInt64](repeating: 0, count: Metrics.bounds.count)
            var count: UInt64 = 0
            var sum = 0.0
        }

        private let state = Mutex(Seen())

        package func add(seconds: Double) {
            let index = Metrics.bounds.firstIndex { seconds <= $0 }
            state.withLock { seen in
                if let index { seen.counts[index] += 1 }
                seen.count += 1
                seen.sum += seconds
            }
        }

        fileprivate var seen: Seen { state.withLock { $0 } }
    }

    fileprivate struct Family<Value: Sendable>: Sendable {
        let help: String
        var series: [Labels: Value] = [:]
    }

    private struct State {
        var counters: [String: Family<Counter>] = [:]
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

    package func counter(_ name: StaticString, _ labels: Labels = [:], help: StaticString) -> Counter {
        state.withLock { state in
            state.counters["\(name)", default: Family(help: "\(help)")].find(labels) { Counter() }
        }
    }

    package func histogram(_ name: StaticString, _ labels: Labels = [:], help: StaticString) -> Histogram {
        state.withLock { state in
            state.histograms["\(name)", default: Family(help: "\(help)")].find(labels) { Histogram() }
        }
    }

    package func count(
        _ name: StaticString, _ labels: Labels = [:], by amount: Double = 1, help: StaticString
    ) {
        counter(name, labels, help: help).add(amount)
    }

    package func observe(_ name: StaticString, _ labels: Labels = [:], seconds: Double, help: StaticString) {
        histogram(name, labels, help: help).add(seconds: seconds)
    }

    /// Value of a counter; for those who look from inside.
    package func value(_ name: String, _ labels: Labels = [:]) -> Double {
        state.withLock { $0.counters[name]?.series[labels] }?.value ?? 0
    }

    /// Everything, with what is only known at the moment of asking.
    package func text(_ gauges: [Gauge]) -> String {
        let (counters, histograms) = state.withLock { ($0.counters, $0.histograms) }
        var lines: [String] = []
        for (name, family) in counters.sorted(by: { $0.key < $1.key }) {
            lines += ["# HELP \(name) \(family.help)", "# TYPE \(name) counter"]
            lines += family.sorted.map { "\(name)\($0.key.text()) \(Self.number($0.value.value))" }
        }
        for (name, family) in histograms.sorted(by: { $0.key < $1.key }) {
            lines += ["# HELP \(name) \(family.help)", "# TYPE \(name) histogram"]
            lines += family.sorted.flatMap { $0.value.seen.lines(name, $0.key) }
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
    fileprivate mutating func find(_ labels: Metrics.Labels, orMake make: () -> Value) -> Value {
        let bounded = series[labels] != nil || series.count < Metrics.seriesMax ? labels : ["more": "true"]
        if let found = series[bounded] { return found }
        let made = make()
        series[bounded] = made
        return made
    }

    fileprivate var sorted: [(key: Metrics.Labels, value: Value)] {
        series.sorted { $0.key.text() < $1.key.text() }.map { ($0.key, $0.value) }
    }
}

extension Metrics.Histogram.Seen {
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
