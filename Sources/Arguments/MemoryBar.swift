/// How full a memory is, readable without colours: `[########....]  12.4 kB of 16 kB used`.
package struct MemoryBar: Sendable {
    private let segments: [Segment]
    private let capacity: Capacity

    /// A part of the memory that is in use, and the mark that stands for it in the bar.
    package struct Segment: Hashable, Sendable {
        package let label: String
        package let bytes: Int
        package let mark: Character
        package let style: Style

        package init(_ label: String, bytes: Int, mark: Character = "#", style: Style = .green) {
            self.label = label
            self.bytes = max(0, bytes)
            self.mark = mark
            self.style = style
        }
    }

    /// What a card tells of its memory; many tell only what is free.
    package enum Capacity: Hashable, Sendable {
        case total(Int)
        case free(Int)
        /// Free bytes, and the parts that are known: what else is in use nobody knows.
        case atLeast(free: Int)
        case unknown
    }

    package init(_ segments: [Segment], _ capacity: Capacity) {
        self.segments = segments
        self.capacity = capacity
    }

    private var used: Int { segments.reduce(0) { $0 + $1.bytes } }

    /// The bar and, if it has several parts, what each mark means.
    package func lines(width: Int, paint: (String, Style) -> String) -> [String] {
        switch capacity {
        case .unknown: return ["\(ByteCount(used)) used (the card does not tell how much is free)"]
        case .atLeast(let free):
            return lines(total: used + max(0, free), isWhole: false, width: width, paint: paint)
        case .total(let total): return lines(total: max(total, used), width: width, paint: paint)
        case .free(let free): return lines(total: used + max(0, free), width: width, paint: paint)
        }
    }

    private func lines(
        total: Int, isWhole: Bool = true, width: Int, paint: (String, Style) -> String
    ) -> [String] {
        let text = (isWhole ? "  " : "  at least ") + "\(ByteCount(used)) of \(ByteCount(total)) used"
        // What nobody knows has one cell, whatever it takes.
        let cells = min(max(width - text.count - 2, 10), 40) - (isWhole ? 0 : 1)
        let counts = cellCounts(total: total, cells: cells)
        var bar = ""
        for (segment, count) in zip(segments, counts) {
            bar += paint(String(repeating: segment.mark, count: count), segment.style)
        }
        bar += (isWhole ? "" : "?") + String(repeating: ".", count: cells - counts.reduce(0, +))
        let first = "[\(bar)]\(text)"
        guard segments.count > 1 || !isWhole else { return [first] }
        let legend =
            segments.map { "\($0.mark) \($0.label.printable) \(ByteCount($0.bytes))" }
            + (isWhole ? [] : ["? not known"])
        let parts = (legend + [". free \(ByteCount(total - used))"]).map { part in
            String(part.map { $0 == " " ? noBreakSpace : $0 })
        }
        let separator = "\(noBreakSpace)\(noBreakSpace) "
        return [first] + wrap(" " + parts.joined(separator: separator), width: width, indent: 1)
    }

    /// The cells of each segment: its share, at least one if it has any byte, and a free cell while any byte is free.
    func cellCounts(total: Int, cells: Int) -> [Int] {
        guard total > 0 else { return segments.map { _ in 0 } }
        var counts = segments.map { segment in
            segment.bytes == 0
                ? 0 : max(1, Int((Double(segment.bytes) / Double(total) * Double(cells)).rounded()))
        }
        let available = used < total ? cells - 1 : cells
        var excess = counts.reduce(0, +) - available
        // Whoever has most gives; with more segments than cells the small ones vanish at last.
        while excess > 0, let largest = counts.indices.max(by: { counts[$0] < counts[$1] }),
            counts[largest] > 0
        {
            counts[largest] -= 1
            excess -= 1
        }
        if used == total, excess < 0, let largest = counts.indices.max(by: { counts[$0] < counts[$1] }) {
            counts[largest] -= excess
        }
        return counts
    }
}

extension Terminal {
    package func print(_ bar: MemoryBar) { print(lines: bar.lines(width: width, paint: paint)) }
}
