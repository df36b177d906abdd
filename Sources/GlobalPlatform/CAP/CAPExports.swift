/// The Export component (JCVM 3.1 §6.13): what other packages can link to, by token.
package struct CAPExports: Hashable, Sendable {
    /// One list per public package (compact files have one package).
    package let packages: [[Class]]

    /// An exported class or interface; its place in the list is its token.
    package struct Class: Hashable, Sendable {
        package let offset: Int
        package let staticFieldOffsets: [Int]
        package let staticMethods: [CAPMethodOffset]
    }

    init(
        _ component: CAPComponent, header: CAPHeader, classes: CAPClasses, methods: CAPMethods,
        imageBytes: Int
    ) throws(CAPError) {
        var cursor = component.reader
        let packageCount = header.isExtended ? try cursor.u1() : 1
        guard packageCount == header.packages.count else {
            throw cursor.fail(.countMismatch(declared: packageCount, actual: header.packages.count), back: 1)
        }
        var packages: [[Class]] = []
        for _ in 0..<packageCount {
            let count = try cursor.u1()
            var exported: [Class] = []
            exported.reserveCapacity(count)
            for _ in 0..<count {
                exported.append(
                    try cursor.exportedClass(header.isExtended, classes, methods, imageBytes: imageBytes))
            }
            packages.append(exported)
        }
        try cursor.finish()
        self.packages = packages
    }
}

extension CAPCursor {
    fileprivate mutating func exportedClass(
        _ isExtended: Bool, _ classes: CAPClasses, _ methods: CAPMethods, imageBytes: Int
    ) throws(CAPError) -> CAPExports.Class {
        let offset = try u2()
        guard classes.begins(at: offset) else {
            throw fail(.offsetOutOfRange(offset, limit: classes.infoCount), back: 2)
        }
        let fieldCount = try u1()
        let methodCount = try u1()
        var fields: [Int] = []
        for _ in 0..<fieldCount {
            let field = try u2()
            guard field < imageBytes else { throw fail(.offsetOutOfRange(field, limit: imageBytes), back: 2) }
            fields.append(field)
        }
        var staticMethods: [CAPMethodOffset] = []
        for _ in 0..<methodCount {
            staticMethods.append(try methodOffset(in: methods, isExtended: isExtended))
        }
        return CAPExports.Class(offset: offset, staticFieldOffsets: fields, staticMethods: staticMethods)
    }
}

/// The StaticResources component (JCVM 3.1 §6.16): bytes by number that come with the code.
package struct CAPStaticResources: Hashable, Sendable {
    package let resources: [Resource]

    package struct Resource: Hashable, Sendable {
        package let id: Int
        /// Where the bytes stand in the component.
        package let range: Range<Int>
    }

    init(_ component: CAPComponent) throws(CAPError) {
        var cursor = component.reader
        let count = try cursor.u2()
        guard count > 0 else { throw cursor.fail(.emptyTable, back: 2) }
        guard count * 6 <= cursor.remaining else { throw cursor.fail(.truncated, back: 2) }
        var place = cursor.position + count * 6
        var resources: [Resource] = []
        resources.reserveCapacity(count)
        for _ in 0..<count {
            let id = try cursor.u2()
            let size = try cursor.u4()
            guard size <= 0x7FFF, place + size <= component.bytes.count else {
                throw cursor.fail(.offsetOutOfRange(size, limit: component.bytes.count - place), back: 4)
            }
            resources.append(Resource(id: id, range: place..<place + size))
            place += size
        }
        guard place == component.bytes.count else {
            throw .broken(.staticResources, offset: place, .trailingBytes(component.bytes.count - place))
        }
        self.resources = resources
    }
}
