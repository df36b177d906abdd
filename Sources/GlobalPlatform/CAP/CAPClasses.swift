/// The Class component (JCVM 3.1 §6.9): interfaces, then classes.
package struct CAPClasses: Hashable, Sendable {
    package let interfaces: [Interface]
    package let classes: [Class]
    /// The content size, which bounds every reference to a class.
    let infoCount: Int

    package struct Interface: Hashable, Sendable {
        /// From the start of the content, as references give it.
        package let offset: Int
        package let isShareable: Bool
        package let supers: [CAPClassReference]
    }

    package struct Class: Hashable, Sendable {
        package let offset: Int
        package let isShareable: Bool
        /// None for `java.lang.Object` alone.
        package let superclass: CAPClassReference?
        /// Fields that the class itself adds, in cells of two bytes.
        package let instanceCells: Int
        package let publicMethods: MethodTable
        package let packageMethods: MethodTable
        package let interfaces: [CAPClassReference]
    }

    /// Virtual methods by token; those that another package defines have no place here.
    package struct MethodTable: Hashable, Sendable {
        package let base: Int
        package let methods: [CAPMethodOffset?]
    }

    /// What the checks inside the component need to know about the others.
    struct Context {
        let header: CAPHeader
        let importCount: Int
        let methods: CAPMethods
    }

    init(_ component: CAPComponent, _ context: Context) throws(CAPError) {
        infoCount = component.infoCount
        var cursor = component.reader
        if context.header.format.minor >= 2 { _ = try cursor.take(try cursor.u2()) }
        var interfaces: [Interface] = []
        var classes: [Class] = []
        while cursor.remaining > 0 {
            let offset = cursor.position - component.infoOffset
            let bitfield = try cursor.u1()
            if bitfield & 0x80 != 0 {
                interfaces.append(try cursor.interface(bitfield, offset: offset, infoCount, context))
            } else {
                classes.append(try cursor.class(bitfield, offset: offset, infoCount, context))
            }
        }
        self.interfaces = interfaces
        self.classes = classes
    }

    package func `class`(at offset: Int) -> Class? { classes.first { $0.offset == offset } }

    /// Whether an interface or a class begins at the offset.
    func begins(at offset: Int) -> Bool {
        interfaces.contains { $0.offset == offset } || classes.contains { $0.offset == offset }
    }
}

extension CAPCursor {
    /// Flags of both kinds of entries: interface 8, shareable 4, remote 2.
    fileprivate mutating func interface(
        _ bitfield: Int, offset: Int, _ infoCount: Int, _ context: CAPClasses.Context
    ) throws(CAPError) -> CAPClasses.Interface {
        let supers = try classReferences(bitfield & 0x0F, context.importCount, infoCount)
        if bitfield & 0x20 != 0 { _ = try take(try u1()) }
        return CAPClasses.Interface(offset: offset, isShareable: bitfield & 0x40 != 0, supers: supers)
    }

    fileprivate mutating func `class`(
        _ bitfield: Int, offset: Int, _ infoCount: Int, _ context: CAPClasses.Context
    ) throws(CAPError) -> CAPClasses.Class {
        let superclass = try superclass(context.importCount, infoCount)
        let cells = try u1()
        _ = try take(2)
        let bases = (public: try u1(), publicCount: try u1())
        let packageBases = (base: try u1(), count: try u1())
        let publicMethods = try methodTable(base: bases.public, count: bases.publicCount, context)
        let packageMethods = try methodTable(base: packageBases.base, count: packageBases.count, context)
        var interfaces: [CAPClassReference] = []
        for _ in 0..<(bitfield & 0x0F) {
            interfaces += try classReferences(1, context.importCount, infoCount)
            _ = try take(try u1())
        }
        if bitfield & 0x20 != 0 { try remoteInterfaces(context.importCount, infoCount) }
        if context.header.format.minor >= 3 {
            // One token per public method, and how many of them a 2.2 file would inherit.
            _ = try take(bases.public + bases.publicCount + 1)
        }
        return CAPClasses.Class(
            offset: offset, isShareable: bitfield & 0x40 != 0, superclass: superclass, instanceCells: cells,
            publicMethods: publicMethods, packageMethods: packageMethods, interfaces: interfaces)
    }

    private mutating func superclass(_ importCount: Int, _ infoCount: Int) throws(CAPError)
        -> CAPClassReference?
    {
        let value = try u2()
        if value == 0xFFFF { return nil }
        let reference = CAPClassReference(value)
        if let fault = reference.fault(importCount: importCount, classBytes: infoCount) {
            throw fail(fault, back: 2)
        }
        return reference
    }

    /// Reads class references and holds each to the imports and the classes.
    mutating func classReferences(
        _ count: Int, _ importCount: Int, _ infoCount: Int
    ) throws(CAPError) -> [CAPClassReference] {
        var references: [CAPClassReference] = []
        references.reserveCapacity(count)
        for _ in 0..<count {
            let reference = CAPClassReference(try u2())
            if let fault = reference.fault(importCount: importCount, classBytes: infoCount) {
                throw fail(fault, back: 2)
            }
            references.append(reference)
        }
        return references
    }

    private mutating func methodTable(
        base: Int, count: Int, _ context: CAPClasses.Context
    ) throws(CAPError) -> CAPClasses.MethodTable {
        let isExtended = context.header.isExtended
        var methods: [CAPMethodOffset?] = []
        methods.reserveCapacity(count)
        for _ in 0..<count {
            var ahead = self
            let block = isExtended ? try ahead.u1() : 0
            // FFFF stands for a method that a superclass in another package defines (JCVM 3.1 §6.9.2).
            if try ahead.u2() == 0xFFFF, block == 0 || block == 0xFF {
                self = ahead
                methods.append(nil)
            } else {
                methods.append(try methodOffset(in: context.methods, isExtended: isExtended))
            }
        }
        return CAPClasses.MethodTable(base: base, methods: methods)
    }

    private mutating func remoteInterfaces(_ importCount: Int, _ infoCount: Int) throws(CAPError) {
        _ = try take((try u1()) * 5)
        _ = try take(try u1())
        _ = try take(try u1())
        _ = try classReferences(try u1(), importCount, infoCount)
    }
}
