/// Rows in aligned columns.
///
/// The text in the cells may come from a card: control characters are made visible.
package struct Table: Sendable {
    private let columns: [Column]
    private var rows: [[Cell]] = []

    package struct Column: Sendable {
        package let title: String
        package let alignment: Alignment

        package init(_ title: String, _ alignment: Alignment = .left) {
            self.title = title
            self.alignment = alignment
        }
    }

    package enum Alignment: Sendable {
        case left
        case right
    }

    /// A text and how it stands out.
    package struct Cell: Sendable, ExpressibleByStringLiteral, ExpressibleByStringInterpolation {
        package let text: String
        package let style: Style

        package init(_ text: String, _ style: Style = .plain) {
            self.text = text.printable.split(separator: "\n").joined(separator: " ")
            self.style = style
        }

        package init(stringLiteral value: String) { self.init(value) }
    }

    package init(_ columns: [Column]) { self.columns = columns }

    package var isEmpty: Bool { rows.isEmpty }

    /// Adds a row; cells that are missing at its end are empty.
    package mutating func add(_ cells: [Cell]) {
        precondition(cells.count <= columns.count, "a row has more cells than the table has columns")
        rows.append(cells + Array(repeating: "", count: columns.count - cells.count))
    }

    /// The lines, the titles first; if a width is given, the last column is cut to fit into it.
    package func lines(width: Int?, paint: (String, Style) -> String) -> [String] {
        let titles = columns.map { Cell($0.title, .bold) }
        let widths = columns.indices.map { index in
            ([titles] + rows).map { $0[index].text.displayWidth }.max() ?? 0
        }
        return ([titles] + rows).map { line($0, widths: widths, width: width, paint: paint) }
    }

    private func line(
        _ cells: [Cell], widths: [Int], width: Int?, paint: (String, Style) -> String
    ) -> String {
        let gap = 2
        var line = ""
        var used = 0
        // Empty cells at the end leave no spaces behind the line.
        let last = cells.lastIndex { !$0.text.isEmpty } ?? 0
        for (index, cell) in cells.enumerated() where index <= last {
            var text = cell.text
            if index == columns.count - 1, let width { text = text.truncated(to: max(width - used, 8)) }
            let padding = String(repeating: " ", count: max(0, widths[index] - text.displayWidth))
            let painted = paint(text, cell.style)
            switch columns[index].alignment {
            case .left: line += index == last ? painted : painted + padding
            case .right: line += padding + painted
            }
            if index < last { line += String(repeating: " ", count: gap) }
            used += widths[index] + gap
        }
        return line
    }
}

extension Terminal {
    /// Writes the table; only a person's terminal cuts it, a file gets everything.
    package func print(_ table: Table) {
        print(lines: table.lines(width: output.isTerminal ? width : nil, paint: paint))
    }
}
