internal import SmartCard

/// Writes classes and byte code (JCVM 3.1 chapters 6 and 7), and remembers what other components need of them.
struct CAPCodeWriter {
    /// One entry of the constant pool, and the type that the Descriptor gives for it.
    struct Constant: Hashable {
        let bytes: [UInt8]
        let type: CAPType?
    }

    struct Class {
        let offset: Int
        let superclass: [UInt8]
        let shortFields: Int
        var installOffset = 0
        var methods: [Method] = []
    }

    struct Method {
        let token: UInt8
        let flags: UInt8
        let offset: Int
        let type: CAPType
        let byteCodeCount: Int
    }

    private(set) var constants: [Constant] = []
    private(set) var classes: [Class] = []
    private(set) var classInfo: [UInt8]
    /// No exception handlers, then methods.
    private(set) var methodInfo: [UInt8] = [0]
    /// Where constant indices of two bytes stand in `methodInfo`.
    private var references: [Int] = []
    private let format: CAPVersion

    init(_ blueprint: CAPBlueprint) {
        format = blueprint.format
        // Since 2.2 the component begins with the size of a signature pool for remote methods: none.
        classInfo = format.minor >= 2 ? [0, 0] : []
    }

    /// Constructor, `install` and `process` of a class that extends `javacard.framework.Applet` (package token 0,
    /// class token 3). Tokens are those of the published export file: register 1, selectingApplet 3, process 7.
    mutating func addApplet(_ applet: CAPBlueprint.Applet) {
        let offset = classInfo.count
        let superConstructor = constant([6, 0x80, 3, 0], .procedure)
        let register = constant([3, 0x80, 3, 1], .procedure)
        let selecting = constant([3, 0x80, 3, 3], .predicate)
        // javacard.framework.ISOException (class token 7), static method throwIt (token 1).
        let throwIt = constant([6, 0x80, 7, 1], .shortProcedure)
        let itself = constant([1] + UInt16(offset).bigEndianBytes + [0], nil)
        let constructorOffset = methodInfo.count
        let constructor = constant([6, 0] + UInt16(constructorOffset).bigEndianBytes, .procedure)

        var written = Class(offset: offset, superclass: [0x80, 3], shortFields: Int(applet.shortFields))
        // aload_0, invokespecial, aload_0, invokevirtual, return
        written.methods.append(
            method(.privateConstructor, .procedure, stack: 1, arguments: 1) { writer in
                writer.emit(0x18, 0x8C, constant: superConstructor)
                writer.emit(0x18, 0x8B, constant: register)
                writer.emit(0x7A)
            })
        written.installOffset = methodInfo.count
        // new, dup, invokespecial, pop, return
        written.methods.append(
            method(.publicStatic(token: 0), .install, stack: 2, arguments: 3) { writer in
                writer.emit(0x8F, constant: itself)
                writer.emit(0x3D, 0x8C, constant: constructor)
                writer.emit(0x3B, 0x7A)
            })
        let processOffset = methodInfo.count
        // aload_0, invokevirtual, ifeq over the return, return, sspush 6D00, invokestatic, return
        written.methods.append(
            method(.publicVirtual(token: 7), .process, stack: 1, arguments: 2) { writer in
                writer.emit(0x18, 0x8B, constant: selecting)
                writer.emit(0x60, 0x03, 0x7A)
                writer.emit(0x11, 0x6D, 0x00, 0x8D, constant: throwIt)
                writer.emit(0x7A)
            })
        classes.append(written)
        classInfo += [0x00, 0x80, 3, applet.shortFields, 0xFF, 0, 7, 1, 0, 0]
        classInfo += UInt16(processOffset).bigEndianBytes
        addTokenMapping(methodCount: 8)
    }

    /// A public class of static methods that give back what they get.
    mutating func addLibrary(methods count: Int) {
        let superConstructor = constant([6, 0x80, 0, 0], .procedure)
        var written = Class(offset: classInfo.count, superclass: [0x80, 0], shortFields: 0)
        // aload_0, invokespecial, return
        written.methods.append(
            method(.privateConstructor, .procedure, stack: 1, arguments: 1) { writer in
                writer.emit(0x18, 0x8C, constant: superConstructor)
                writer.emit(0x7A)
            })
        for index in 0..<count {
            // sload_0, sreturn
            written.methods.append(
                method(.publicStatic(token: UInt8(index)), .shortFunction, stack: 1, arguments: 1) { writer in
                    writer.emit(0x1C, 0x78)
                })
        }
        classes.append(written)
        classInfo += [0x00, 0x80, 0, 0, 0xFF, 0, 1, 0, 0, 0]
        addTokenMapping(methodCount: 1)
    }

    /// Pairs of instructions in a filler method: 163 bytes, as methods of real applets have 80 to 240 on average. What
    /// the Descriptor holds grows with their number, and some tools load it.
    private static let fillerPairsMax = 40

    /// Adds private methods that push and drop numbers until the component is large enough.
    mutating func fill(to size: Int) throws(CAPBlueprintError) {
        guard size <= 0xFFFF else { throw .componentTooLarge(.method, bytes: size) }
        var seed: UInt32 = 0
        while methodInfo.count < size {
            // Header, return, and four bytes for each pair of sspush and pop.
            let pairs = min(Self.fillerPairsMax, max(1, (size - methodInfo.count - 3 + 3) / 4))
            let filler = method(.privateStatic, .procedure, stack: 1, arguments: 0) { writer in
                for _ in 0..<pairs {
                    // Numbers without a pattern, so that the file packs no better than real code.
                    seed = seed &* 1_664_525 &+ 1_013_904_223
                    writer.emit(0x11, UInt8(seed >> 24), UInt8(seed >> 16 & 0xFF), 0x3B)
                }
                writer.emit(0x7A)
            }
            classes[0].methods.append(filler)
        }
    }

    /// Since 2.3: every public token as 2.2 would number it, and how many there are.
    private mutating func addTokenMapping(methodCount: UInt8) {
        guard format.minor >= 3 else { return }
        classInfo += Array(0..<methodCount) + [methodCount]
    }

    private mutating func constant(_ bytes: [UInt8], _ type: CAPType?) -> Int {
        let constant = Constant(bytes: bytes, type: type)
        if let index = constants.firstIndex(of: constant) { return index }
        constants.append(constant)
        return constants.count - 1
    }

    private mutating func method(
        _ access: Access, _ type: CAPType, stack: UInt8, arguments: UInt8, _ body: (inout Self) -> Void
    ) -> Method {
        let offset = methodInfo.count
        methodInfo += [stack, arguments << 4]
        body(&self)
        return Method(
            token: access.token, flags: access.flags, offset: offset, type: type,
            byteCodeCount: methodInfo.count - offset - 2)
    }

    private mutating func emit(_ bytes: UInt8..., constant: Int) {
        methodInfo += bytes
        references.append(methodInfo.count)
        methodInfo += UInt16(constant).bigEndianBytes
    }

    private mutating func emit(_ bytes: UInt8...) { methodInfo += bytes }

    /// Who may call a method, and its token.
    private enum Access {
        case privateConstructor
        case privateStatic
        case publicStatic(token: UInt8)
        case publicVirtual(token: UInt8)

        var token: UInt8 {
            switch self {
            case .privateConstructor, .privateStatic: 0xFF
            case .publicStatic(let token), .publicVirtual(let token): token
            }
        }

        var flags: UInt8 {
            switch self {
            case .privateConstructor: 0x82
            case .privateStatic: 0x0A
            case .publicStatic: 0x09
            case .publicVirtual: 0x01
            }
        }
    }
}

/// Types as the Descriptor writes them, in nibbles (JCVM 3.1 §6.9.1, table 6-9).
struct CAPType: Hashable {
    let nibbles: [UInt8]

    static let procedure = Self(nibbles: [1])
    static let predicate = Self(nibbles: [2])
    static let shortProcedure = Self(nibbles: [4, 1])
    static let shortFunction = Self(nibbles: [4, 4])
    /// `(byte[], short, byte)`
    static let install = Self(nibbles: [0xB, 4, 3, 1])
    /// `(javacard.framework.APDU)`: package token 0, class token 10.
    static let process = Self(nibbles: [6, 8, 0, 0, 0xA, 1])

    var bytes: [UInt8] {
        let padded = nibbles.count.isMultiple(of: 2) ? nibbles : nibbles + [0]
        return [UInt8(nibbles.count)]
            + stride(from: 0, to: padded.count, by: 2).map { padded[$0] << 4 | padded[$0 + 1] }
    }
}

extension CAPCodeWriter {
    /// One exported class; its static methods are all that has a token there.
    var exportInfo: [UInt8] {
        let exported = classes[0].methods.filter { $0.flags == 0x09 }
        let start = [1] + UInt16(classes[0].offset).bigEndianBytes + [0, UInt8(exported.count)]
        return start + exported.flatMap { UInt16($0.offset).bigEndianBytes }
    }

    /// No indices of one byte; distances between those of two.
    var referenceInfo: [UInt8] {
        var distances: [UInt8] = []
        var last = 0
        for place in references {
            var distance = place - last
            while distance >= 255 {
                distances.append(255)
                distance -= 255
            }
            distances.append(UInt8(distance))
            last = place
        }
        return [0, 0] + UInt16(distances.count).bigEndianBytes + distances
    }

    func descriptorInfo(staticByteCount: Int) -> [UInt8] {
        var types: [CAPType] = []
        for type in constants.compactMap(\.type) + classes.flatMap(\.methods).map(\.type)
        where !types.contains(type) { types.append(type) }
        var offsets: [CAPType: Int] = [:]
        var offset = 2 + constants.count * 2
        for type in types {
            offsets[type] = offset
            offset += type.bytes.count
        }
        var bytes = [UInt8(classes.count)]
        for (index, described) in classes.enumerated() {
            bytes += describe(
                described, token: index, offsets, staticByteCount: index == 0 ? staticByteCount : 0)
        }
        bytes += UInt16(constants.count).bigEndianBytes
        for constant in constants {
            bytes += UInt16(constant.type.flatMap { offsets[$0] } ?? 0xFFFF).bigEndianBytes
        }
        return bytes + types.flatMap(\.bytes)
    }

    private func describe(
        _ described: Class, token: Int, _ types: [CAPType: Int], staticByteCount: Int
    ) -> [UInt8] {
        let reference = UInt16(described.offset).bigEndianBytes
        // Public, no interfaces.
        var bytes = [UInt8(token), 0x01] + reference + [0]
        bytes += UInt16(staticByteCount + described.shortFields).bigEndianBytes
        bytes += UInt16(described.methods.count).bigEndianBytes
        for place in 0..<staticByteCount {
            bytes += [0xFF, 0x0A, 0x00] + UInt16(place).bigEndianBytes + [0x80, 0x03]
        }
        for field in 0..<described.shortFields {
            bytes += [UInt8(field), 0x02] + reference + [UInt8(field), 0x80, 0x04]
        }
        for method in described.methods {
            bytes += [method.token, method.flags] + UInt16(method.offset).bigEndianBytes
            bytes += UInt16(types[method.type] ?? 0).bigEndianBytes
            bytes += UInt16(method.byteCodeCount).bigEndianBytes + [0, 0, 0, 0]
        }
        return bytes
    }
}
