internal import Arguments
internal import GlobalPlatform
internal import JSON

/// What a card says of its memory, and what is known beside: cards tell what is free, and none of how much.
struct MemoryView {
    /// Where the size of the memory comes from.
    enum Source: String {
        /// The card is a virtual one of a model whose size is known.
        case model
        /// More was free on this card before.
        case mostFree = "most-free"
        /// What is on the card was measured when it was installed from here.
        case installed
        /// Nothing but what is free now.
        case free
    }

    private let resources: CardResources?
    private let used: Int
    private let source: Source
    /// Load files whose sizes nobody measured; nil where the card's contents are not known.
    private let unmeasured: Int?

    init(_ resources: CardResources?, used: Int = 0, from source: Source = .free, unmeasured: Int? = nil) {
        self.resources = resources
        self.used = max(0, used)
        self.source = source
        self.unmeasured = unmeasured
    }

    func show(on terminal: Terminal) {
        guard let resources else {
            terminal.print("Memory: the card does not tell (GET DATA FF21)")
            return
        }
        let free = resources.freeNonVolatile
        let capacity: MemoryBar.Capacity = isWhole ? .total(used + free) : .atLeast(free: free)
        terminal.print(MemoryBar([.init("used", bytes: used)], capacity))
        terminal.print(" Measured: the card says what is free. \(inference)")
        terminal.print("Free: \(free) bytes non-volatile, \(resources.freeVolatile) bytes volatile")
    }

    private var isWhole: Bool {
        switch source {
        case .model: true
        case .mostFree, .installed, .free: false
        }
    }

    private var inference: String {
        let rest =
            unmeasured.map { $0 == 0 ? "" : " \($0) load file\($0 == 1 ? "" : "s") of unknown size." } ?? ""
        switch source {
        case .model: return "Inferred: its size, from its model."
        case .mostFree: return "Inferred: what is used, from the most that was ever free here." + rest
        case .installed: return "Inferred: what is used, from what was measured when it was installed." + rest
        case .free: return "Not known: how much is used." + rest
        }
    }

    var json: JSONValue {
        guard let resources else { return .null }
        return [
            "freeNonVolatile": .count(resources.freeNonVolatile),
            "freeVolatile": .count(resources.freeVolatile),
            "applications": .count(resources.applicationCount),
            "used": .count(used), "size": .count(used + resources.freeNonVolatile),
            "sizeFrom": .string(source.rawValue), "isSizeExact": .bool(isWhole),
            "unmeasuredLoadFiles": unmeasured.map { .count($0) } ?? .null,
        ]
    }
}
