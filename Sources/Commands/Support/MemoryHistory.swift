internal import Arguments
internal import CardManagement
internal import GlobalPlatform
internal import SmartCard
internal import VirtualCard

/// What was learned of the memory of cards from run to run: the most that was ever free on each, and what load files
/// took when they were installed.
struct MemoryHistory {
    /// A desk sees fewer cards than this; the oldest are forgotten.
    private static let cardsMax = 10_000
    private static let loadFilesMax = 256

    private let file: StateFile?
    private let card: String?
    private let channel: any CardChannel
    private let produced: CardProductionLifeCycle?

    /// Asks the card for its name.
    init(_ desk: CardDesk) throws {
        file = StateFile("memory-seen", desk.terminal.environment)
        produced = try desk.productionLifeCycle()
        channel = desk.link.channel
        card = produced?.serial.hex
        // What cannot be read is told before anything is done.
        _ = try file?.read()
    }

    /// The card as it is now, for a memory bar.
    ///
    /// - Parameter contents: nothing where no session was opened.
    func view(_ resources: CardResources?, _ contents: CardContents?) throws -> MemoryView {
        guard let resources else { return MemoryView(nil) }
        let free = resources.freeNonVolatile
        let seen = try change { entry in
            if let contents { entry.keep(loadFiles: contents.loadFiles.map(\.aid)) }
            entry.mostFree = max(entry.mostFree, free + (contents == nil ? 0 : entry.measured))
        }
        let listed = contents?.loadFiles.map(\.aid)
        let unmeasured = listed.map { aids in aids.filter { seen.loadFiles[$0] == nil }.count }
        if let modelSize = modelSize(), modelSize >= free, !resources.isSaturated {
            return MemoryView(resources, used: modelSize - free, from: .model, unmeasured: 0)
        }
        let measured = contents == nil ? 0 : seen.measured
        let used = max(measured, seen.mostFree - free)
        let source: MemoryView.Source = used == 0 ? .free : used > measured ? .mostFree : .installed
        return MemoryView(resources, used: used, from: source, unmeasured: unmeasured)
    }

    /// An installation ended: what it took is the difference of what was free.
    func installed(
        _ loadFile: AID, _ plan: InstallPlan, before: CardContents, after: CardResources?
    ) throws {
        guard let free = before.resources?.freeNonVolatile, let after = after?.freeNonVolatile else { return }
        var isNew = false
        var isReplaced = false
        for step in plan.steps {
            switch step {
            case .load: isNew = true
            case .delete: isReplaced = true
            case .install, .makeSelectable: break
            }
        }
        let took = free - after
        _ = try change { entry in
            entry.mostFree = max(entry.mostFree, free, after)
            let earlier = isNew && !isReplaced ? 0 : entry.loadFiles[loadFile]
            // Without the size of what was replaced, or was there, the difference says nothing.
            entry.loadFiles[loadFile] = earlier.map { $0 + took }.flatMap { $0 > 0 ? $0 : nil }
        }
    }

    /// Objects were deleted, and this is free now.
    func deleted(_ aids: [AID], _ contents: CardContents, after: CardResources?) throws {
        guard !aids.isEmpty else { return }
        _ = try change { entry in
            for aid in aids where contents.loadFile(aid) != nil { entry.loadFiles[aid] = nil }
            guard let after = after?.freeNonVolatile else { return }
            entry.mostFree = max(entry.mostFree, after)
            guard let before = contents.resources?.freeNonVolatile else { return }
            // What instances gave back was measured with their load file.
            for aid in Set(aids.compactMap { contents.application($0)?.loadFile }) {
                entry.loadFiles[aid] = entry.loadFiles[aid].map { max(0, $0 - max(0, after - before)) }
            }
        }
    }

    // MARK: The record

    /// Bytes by load file. A list, since few are known, and a dictionary of its own costs every start more than it
    /// saves.
    private struct Sizes {
        var entries: [(aid: AID, bytes: Int)] = []

        subscript(aid: AID) -> Int? {
            get { entries.first { $0.aid == aid }?.bytes }
            set {
                entries.removeAll { $0.aid == aid }
                if let newValue { entries.append((aid, newValue)) }
            }
        }
    }

    /// What is known of one card.
    private struct Entry {
        var mostFree = 0
        var loadFiles = Sizes()

        var measured: Int { loadFiles.entries.reduce(0) { $0 + $1.bytes } }

        /// Load files that are gone took their room with them.
        mutating func keep(loadFiles present: [AID]) {
            let present = Set(present)
            loadFiles.entries.removeAll { !present.contains($0.aid) }
        }

        init() {}

        /// What cannot be read is not known: the record only ever helps to guess.
        init(_ fields: [Substring]) {
            mostFree = fields.first.flatMap { Int($0) } ?? 0
            for field in fields.dropFirst().prefix(loadFilesMax) {
                let parts = field.split(separator: "=")
                guard parts.count == 2, let aid = try? AID(hex: String(parts[0])), let bytes = Int(parts[1]),
                    (0...Int(UInt32.max)).contains(bytes)
                else { continue }
                loadFiles[aid] = bytes
            }
        }

        var text: String {
            ([String(mostFree)]
                + loadFiles.entries.map { "\($0.aid)=\($0.bytes)" }.sorted().prefix(loadFilesMax))
                .joined(separator: " ")
        }
    }

    /// Changes what is known of the card, and gives it. A card without a name is a new one every time.
    private func change(_ body: (inout Entry) -> Void) throws -> Entry {
        var entry = Entry()
        guard let file, let card else {
            body(&entry)
            return entry
        }
        // What is lost with the power is learned anew.
        try file.update(isDurable: false) { text in
            var lines = (text ?? "").split(separator: "\n").map(String.init)
            let index = lines.firstIndex { $0.hasPrefix(card + " ") }
            entry = index.map { Entry(Array(lines[$0].split(separator: " ").dropFirst())) } ?? Entry()
            let before = entry.text
            body(&entry)
            guard index == nil || entry.text != before else { return text ?? "" }
            if let index { lines.remove(at: index) }
            lines.append("\(card) \(entry.text)")
            return lines.suffix(Self.cardsMax).joined(separator: "\n") + "\n"
        }
        return entry
    }

    // MARK: Models

    /// A card file tells its model; one in a reader is known by how it answers and by whom it was made.
    /// Reading all models takes longer than opening a card, so it is done where it is shown.
    private func modelSize() -> Int? {
        if let own = channel as? VirtualCardChannel { return own.nonVolatileSize }
        guard let produced else { return nil }
        let sizes = CardProfile.builtInTexts.compactMap { CardProfile.builtIn($0.name) }.filter { profile in
            profile.answerToReset == channel.answerToReset
                && profile.productionLifeCycle.hasSameMaker(as: produced.bytes)
        }.map(\.memory.nonVolatileBytes)
        guard let size = sizes.first, sizes.allSatisfy({ $0 == size }) else { return nil }
        return size
    }
}

extension [UInt8] {
    /// Equal but for the serial number and the batch, which are each card's own.
    fileprivate func hasSameMaker(as other: [UInt8]) -> Bool {
        count == other.count && prefix(12) == other.prefix(12) && dropFirst(18) == other.dropFirst(18)
    }
}

extension CardResources {
    /// Cards whose counter is too small for their memory tell its highest value, of 15 or 16 bits.
    fileprivate var isSaturated: Bool { [0x7FFF, 0xFFFF].contains(freeNonVolatile) }
}
