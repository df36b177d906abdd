/// The known words that a mistyped one may have meant, nearest first; at most three.
func suggestions(for word: String, among known: [String]) -> [String] {
    let limit = max(1, word.count / 3)
    let scored = known.compactMap { candidate -> (word: String, score: Int)? in
        // What is being typed, or was cut short, is nearer than any typing mistake.
        if word.count >= 2, candidate.hasPrefix(word) { return (candidate, 0) }
        let distance = editDistance(word, candidate)
        return distance <= limit && distance < candidate.count ? (candidate, distance) : nil
    }
    return scored.sorted { ($0.score, $0.word) < ($1.score, $1.word) }.prefix(3).map(\.word)
}

/// The number of insertions, deletions, replacements and swaps of neighbours that lead from one word to the other
/// (optimal string alignment).
func editDistance(_ first: String, _ second: String) -> Int {
    // No name is longer; a longer argument is not a mistyped name, and the work is the product of the lengths.
    let countMax = 64
    let a = Array(first.prefix(countMax))
    let b = Array(second.prefix(countMax))
    var beforeLast = [Int](repeating: 0, count: b.count + 1)
    var last = Array(0...b.count)
    for i in 0..<a.count {
        var row = [i + 1]
        for j in 0..<b.count {
            var cost = min(last[j + 1] + 1, row[j] + 1, last[j] + (a[i] == b[j] ? 0 : 1))
            if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { cost = min(cost, beforeLast[j - 1] + 1) }
            row.append(cost)
        }
        beforeLast = last
        last = row
    }
    return last[b.count]
}
