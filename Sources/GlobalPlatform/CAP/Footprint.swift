internal import SmartCard

/// How a card turns components into memory; declared per card model as far as it is known. docs/reference/footprint.md
/// says where the figures come from.
package struct FootprintModel: Hashable, Sendable {
    /// Memory is handed out in multiples of this.
    package var allocationUnit: Int
    /// What the card adds per load file: its registry entry and the package's own tables.
    package var loadFileOverhead: Int
    /// What the card adds per instance: its registry entry, context, channel bookkeeping.
    package var instanceOverhead: Int
    /// Header of every object and array on the heap.
    package var objectOverhead: Int
    /// Whether the constant pool and the import table stay after linking; nil when nobody knows.
    package var keepsConstantPool: Bool?
    /// What an applet's constructor typically allocates beyond its own fields: buffers, keys, PINs.
    package var constructorBytes: FootprintRange

    package init(
        allocationUnit: Int, loadFileOverhead: Int, instanceOverhead: Int, objectOverhead: Int,
        keepsConstantPool: Bool?, constructorBytes: FootprintRange
    ) {
        self.allocationUnit = allocationUnit
        self.loadFileOverhead = loadFileOverhead
        self.instanceOverhead = instanceOverhead
        self.objectOverhead = objectOverhead
        self.keepsConstantPool = keepsConstantPool
        self.constructorBytes = constructorBytes
    }

    /// For a card that nothing is known about: overheads fitted to published measurements of one JCOP 4 card.
    package static let typical = FootprintModel(
        allocationUnit: 4, loadFileOverhead: 160, instanceOverhead: 128, objectOverhead: 8,
        keepsConstantPool: nil,
        constructorBytes: FootprintRange(low: 0, expected: 256, high: 4096))

    func rounded(_ bytes: Int) -> Int {
        let unit = max(1, allocationUnit)
        return (bytes + unit - 1) / unit * unit
    }
}

/// A number that is not known exactly: at least, most likely, at most.
package struct FootprintRange: Hashable, Sendable {
    package let low: Int
    package let expected: Int
    package let high: Int

    package init(low: Int, expected: Int, high: Int) {
        precondition(low <= expected && expected <= high, "a range goes upwards")
        self.low = low
        self.expected = expected
        self.high = high
    }

    package static let zero = FootprintRange(low: 0, expected: 0, high: 0)

    package static func + (left: Self, right: Self) -> Self {
        Self(
            low: left.low + right.low, expected: left.expected + right.expected, high: left.high + right.high)
    }
}

/// What a CAP file will take on a card, before any card was asked.
package struct FootprintEstimate: Hashable, Sendable {
    /// Non-volatile bytes of the load file alone: gone with LOAD.
    package let code: FootprintRange
    /// Non-volatile bytes per applet instance: gone with INSTALL [for install].
    package let instances: [Instance]
    /// Where the weight lies: content bytes by component.
    package let parts: [Part]

    package struct Instance: Hashable, Sendable {
        package let applet: CAPApplet
        package let nonVolatile: FootprintRange
        /// Transient memory cannot be read from a CAP file: only running the constructor tells.
        package let volatile: FootprintRange
    }

    package struct Part: Hashable, Sendable {
        package let kind: CAPComponentKind
        package let byteCount: Int
        package let fate: Fate
    }

    /// What becomes of a component on the card.
    package enum Fate: Hashable, Sendable {
        case stays
        case maybeStays
        case goesAfterLoading
    }

    /// Everything installed once.
    package var nonVolatile: FootprintRange { instances.reduce(code) { $0 + $1.nonVolatile } }

    package init(_ file: CAPFile, on model: FootprintModel) {
        parts = file.loadedComponents(includesDescriptor: false).map { component in
            Part(kind: component.kind, byteCount: component.infoCount, fate: Self.fate(component.kind, model))
        }
        code = Self.code(file, parts, model)
        let stack = FootprintRange(low: 0, expected: 0, high: 1024)
        instances = file.applets.map { applet in
            Instance(applet: applet, nonVolatile: Self.instance(applet, file, model), volatile: stack)
        }
    }

    private static func fate(_ kind: CAPComponentKind, _ model: FootprintModel) -> Fate {
        switch kind {
        case .class, .method, .export, .staticResources: .stays
        case .constantPool, .import:
            switch model.keepsConstantPool {
            case true?: .stays
            case false?: .goesAfterLoading
            case nil: .maybeStays
            }
        case _ where kind.isCustom: .maybeStays
        default: .goesAfterLoading
        }
    }

    private static func code(_ file: CAPFile, _ parts: [Part], _ model: FootprintModel) -> FootprintRange {
        func sum(_ fates: [Fate]) -> Int {
            parts.reduce(0) { $0 + (fates.contains($1.fate) ? model.rounded($1.byteCount) : 0) }
        }
        let fields = file.staticFields
        let arrays = fields.arrays.reduce(0) { $0 + model.rounded($1.byteCount + model.objectOverhead) }
        let statics = model.rounded(fields.imageBytes) + arrays
        let identifiers = file.applets.reduce(file.loadFile.aid.bytes.count) { $0 + $1.aid.bytes.count }
        let registry = model.rounded(model.loadFileOverhead + identifiers)
        let low = sum([.stays]) + statics
        let expected = sum([.stays, .maybeStays]) + statics + registry
        // Some cards keep what they were sent, byte for byte, beside what they made of it at the end.
        let high = sum([.stays, .maybeStays, .goesAfterLoading]) + statics + 2 * registry
        return FootprintRange(low: low, expected: expected, high: max(high, expected))
    }

    private static func instance(_ applet: CAPApplet, _ file: CAPFile, _ model: FootprintModel)
        -> FootprintRange
    {
        let object = model.rounded(model.objectOverhead + 2 * file.instanceCells(of: applet))
        let registry = model.rounded(model.instanceOverhead + applet.aid.bytes.count)
        let made = model.constructorBytes
        return FootprintRange(
            low: object + made.low, expected: object + registry + made.expected,
            high: object + 2 * registry + made.high)
    }
}

extension CAPFile {
    /// Cells of two bytes in an instance of the applet, superclasses in this file included. Without a Descriptor
    /// nobody says which class the install method belongs to: then the largest class counts.
    func instanceCells(of applet: CAPApplet) -> Int {
        let owner = descriptor?.classes.first { described in
            described.methods.contains { $0.place == applet.installMethod }
        }
        guard let owner, let start = classes.class(at: owner.offset) else {
            return classes.classes.reduce(0) { max($0, $1.instanceCells) }
        }
        var cells = 0
        var current: CAPClasses.Class? = start
        // No chain of superclasses is longer than the list of classes.
        for _ in 0..<classes.classes.count {
            guard let step = current else { break }
            cells += step.instanceCells
            guard case .internal(let offset)? = step.superclass else { break }
            current = classes.class(at: offset)
        }
        return cells
    }
}
