package import SmartCard

/// The Directory component (JCVM 3.1 §6.5): how large everything else is.
package struct CAPDirectory: Hashable, Sendable {
    /// Content sizes by tag 1...13, without tag and size items; zero for what is absent.
    private let sizes: [Int]
    package let staticImageBytes: Int
    package let staticArrayCount: Int
    package let staticArrayBytes: Int
    package let importCount: Int
    package let appletCount: Int
    package let methodBlockCount: Int
    package let customComponents: [Custom]

    /// A component that a platform adds of its own (tag 128 and more).
    package struct Custom: Hashable, Sendable {
        package let tag: UInt8
        package let size: Int
        package let aid: AID
    }

    package func size(of kind: CAPComponentKind) -> Int {
        if kind.tag < sizes.count { return sizes[Int(kind.tag)] }
        return customComponents.first { $0.tag == kind.tag }?.size ?? 0
    }

    init(_ component: CAPComponent, header: CAPHeader) throws(CAPError) {
        var cursor = component.reader
        let isExtended = header.isExtended
        var sizes = [0]
        for tag in UInt8(1)...13 {
            switch CAPComponentKind(tag: tag) {
            case .debug where header.format.minor < 2, .staticResources where header.format.minor < 3:
                sizes.append(0)
            case .staticResources:
                sizes.append(try cursor.u4())
            case let kind where isExtended && kind.isLongWhenExtended:
                sizes.append(try cursor.u4())
            default:
                sizes.append(try cursor.u2())
            }
        }
        self.sizes = sizes
        staticImageBytes = try cursor.u2()
        staticArrayCount = try cursor.u2()
        staticArrayBytes = try cursor.u2()
        importCount = try cursor.u1()
        appletCount = try cursor.u1()
        methodBlockCount = isExtended ? try cursor.u1() : 1
        let customCount = try cursor.u1()
        var custom: [Custom] = []
        for _ in 0..<customCount { custom.append(try cursor.customComponent(isExtended: isExtended)) }
        customComponents = custom
        try cursor.finish()
    }
}

extension CAPComponentKind {
    /// Whether the component has a size item of four bytes in the extended format (JCVM 3.1 §6.2).
    var isLongWhenExtended: Bool {
        [.method, .referenceLocation, .descriptor, .debug].contains(self) || isCustom
    }

    /// Static resources always do: they came with the extended format and serve both.
    func isLong(isExtended: Bool) -> Bool {
        self == .staticResources || isExtended && isLongWhenExtended
    }
}

extension CAPCursor {
    fileprivate mutating func customComponent(isExtended: Bool) throws(CAPError) -> CAPDirectory.Custom {
        let tag = try byte()
        guard tag >= 128 else { throw fail(.customTag(tag), back: 1) }
        let size = isExtended ? try u4() : try u2()
        return CAPDirectory.Custom(tag: tag, size: size, aid: try aid())
    }
}

/// One applet of the Applet component (JCVM 3.1 §6.6): what INSTALL names as the module.
package struct CAPApplet: Hashable, Sendable {
    package let aid: AID
    package let installMethod: CAPMethodOffset
    /// The class name from the manifest, where there is one.
    package let name: String?
}

/// Where a method stands: an offset into a block of the Method component (compact files have one block).
package struct CAPMethodOffset: Hashable, Sendable {
    package let block: Int
    package let offset: Int

    package init(block: Int = 0, offset: Int) {
        self.block = block
        self.offset = offset
    }
}

struct CAPApplets {
    let applets: [CAPApplet]

    init(_ component: CAPComponent, methods: CAPMethods, isExtended: Bool) throws(CAPError) {
        var cursor = component.reader
        let count = try cursor.u1()
        guard count > 0 else { throw cursor.fail(.emptyTable, back: 1) }
        var applets: [CAPApplet] = []
        applets.reserveCapacity(count)
        for _ in 0..<count {
            let start = cursor.position
            let aid = try cursor.aid()
            if let first = applets.first, first.aid.rid != aid.rid {
                throw .broken(.applet, offset: start, .foreignProvider)
            }
            if applets.contains(where: { $0.aid == aid }) {
                throw .broken(.applet, offset: start, .duplicateAID)
            }
            let method = try cursor.methodOffset(in: methods, isExtended: isExtended)
            applets.append(CAPApplet(aid: aid, installMethod: method, name: nil))
        }
        try cursor.finish()
        self.applets = applets
    }
}
