/// The Descriptor component (JCVM 3.1 §6.14): what a verifier, or a byte-code interpreter, needs to know about
/// every class, field and method.
package struct CAPDescriptor: Hashable, Sendable {
    package let classes: [Class]

    package struct Class: Hashable, Sendable {
        package let flags: Flags
        /// Where it stands in the Class component.
        package let offset: Int
        package let fieldCount: Int
        package let methods: [Method]
    }

    /// A method with code; those of interfaces are declared only.
    package struct Method: Hashable, Sendable {
        package let token: UInt8
        package let flags: Flags
        package let place: CAPMethodOffset
        package let byteCodeCount: Int
    }

    /// Access flags as in tables 6-17 and 6-20.
    package struct Flags: OptionSet, Hashable, Sendable {
        package let rawValue: UInt8

        package init(rawValue: UInt8) { self.rawValue = rawValue }

        package static let isPublic = Self(rawValue: 0x01)
        package static let isPrivate = Self(rawValue: 0x02)
        package static let isStatic = Self(rawValue: 0x08)
        package static let isFinal = Self(rawValue: 0x10)
        package static let isInterface = Self(rawValue: 0x40)
        /// Of a class; on a method the same bit marks a constructor.
        package static let isAbstractClass = Self(rawValue: 0x80)
        package static let isAbstractMethod = Self(rawValue: 0x40)
        package static let isConstructor = Self(rawValue: 0x80)
    }

    struct Context {
        let header: CAPHeader
        let importCount: Int
        let classes: CAPClasses
        let methods: CAPMethods
        let imageBytes: Int
        let constantCount: Int
    }

    init(_ component: CAPComponent, _ context: Context) throws(CAPError) {
        var cursor = component.reader
        let packageCount = context.header.isExtended ? try cursor.u1() : 1
        var classes: [Class] = []
        for _ in 0..<packageCount {
            let classCount = try cursor.u1()
            for _ in 0..<classCount { classes.append(try cursor.describedClass(context)) }
        }
        self.classes = classes
        try cursor.types(context.constantCount)
    }
}

extension CAPCursor {
    fileprivate mutating func describedClass(_ context: CAPDescriptor.Context) throws(CAPError)
        -> CAPDescriptor.Class
    {
        _ = try take(1)
        let flags = CAPDescriptor.Flags(rawValue: try byte())
        let offset = try u2()
        guard context.classes.begins(at: offset) else {
            throw fail(.offsetOutOfRange(offset, limit: context.classes.infoCount), back: 2)
        }
        let interfaceCount = try u1()
        let fieldCount = try u2()
        let methodCount = try u2()
        _ = try classReferences(interfaceCount, context.importCount, context.classes.infoCount)
        for _ in 0..<fieldCount { try field(context) }
        var methods: [CAPDescriptor.Method] = []
        let width = context.header.isExtended ? 13 : 12
        guard methodCount * width <= remaining else { throw fail(.truncated) }
        methods.reserveCapacity(methodCount)
        for _ in 0..<methodCount {
            if let method = try method(context, isInterface: flags.contains(.isInterface)) {
                methods.append(method)
            }
        }
        return CAPDescriptor.Class(flags: flags, offset: offset, fieldCount: fieldCount, methods: methods)
    }

    private mutating func field(_ context: CAPDescriptor.Context) throws(CAPError) {
        _ = try take(1)
        let flags = CAPDescriptor.Flags(rawValue: try byte())
        if flags.contains(.isStatic) {
            _ = try take(1)
            let offset = try u2()
            guard offset < context.imageBytes else {
                throw fail(.offsetOutOfRange(offset, limit: context.imageBytes), back: 2)
            }
        } else {
            _ = try classReferences(1, context.importCount, context.classes.infoCount)
            _ = try take(1)
        }
        _ = try take(2)
    }

    private mutating func method(
        _ context: CAPDescriptor.Context, isInterface: Bool
    ) throws(CAPError) -> CAPDescriptor.Method? {
        let token = try byte()
        let flags = CAPDescriptor.Flags(rawValue: try byte())
        guard !isInterface else {
            _ = try take(context.header.isExtended ? 11 : 10)
            return nil
        }
        let place = try methodOffset(in: context.methods, isExtended: context.header.isExtended)
        _ = try take(2)
        let byteCodeCount = try u2()
        let handlerCount = try u2()
        let handlerIndex = try u2()
        let block = context.methods.blocks[place.block]
        guard place.offset + 2 + byteCodeCount <= block.range.count else {
            throw fail(.offsetOutOfRange(place.offset + 2 + byteCodeCount, limit: block.range.count), back: 6)
        }
        guard handlerCount == 0 || handlerIndex + handlerCount <= block.handlerCount else {
            throw fail(.tokenOutOfRange(handlerIndex + handlerCount, count: block.handlerCount), back: 4)
        }
        return CAPDescriptor.Method(token: token, flags: flags, place: place, byteCodeCount: byteCodeCount)
    }

    /// The type of every constant, and the types themselves, which offsets count from the start of.
    fileprivate mutating func types(_ constantCount: Int) throws(CAPError) {
        let start = position
        let count = try u2()
        guard count == constantCount else {
            throw fail(.countMismatch(declared: count, actual: constantCount), back: 2)
        }
        for _ in 0..<count {
            let offset = try u2()
            guard offset == 0xFFFF || start + offset < bytes.count else {
                throw fail(.offsetOutOfRange(offset, limit: bytes.count - start), back: 2)
            }
        }
        while remaining > 0 {
            let nibbles = try u1()
            _ = try take((nibbles + 1) / 2)
        }
    }
}
