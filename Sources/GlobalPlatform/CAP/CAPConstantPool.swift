/// A class by where it stands (JCVM 3.1 §6.8.1.1): in this file, or in an imported package.
package enum CAPClassReference: Hashable, Sendable {
    case `internal`(offset: Int)
    case external(package: Int, class: Int)

    init(_ value: Int) {
        self =
            value & 0x8000 == 0
            ? .internal(offset: value) : .external(package: value >> 8 & 0x7F, class: value & 0xFF)
    }
}

/// One entry of the constant pool (JCVM 3.1 §6.8): what an instruction refers to.
package enum CAPConstant: Hashable, Sendable {
    case classReference(CAPClassReference)
    case instanceField(CAPClassReference, token: UInt8)
    case virtualMethod(CAPClassReference, token: UInt8)
    case superMethod(CAPClassReference, token: UInt8)
    case staticField(offset: Int)
    case importedStaticField(package: Int, class: Int, token: UInt8)
    case staticMethod(CAPMethodOffset)
    case importedStaticMethod(package: Int, class: Int, token: UInt8)
}

/// The ConstantPool component: entries of four bytes, decoded when asked for.
package struct CAPConstantPool: Hashable, Sendable {
    private let component: CAPComponent
    package let count: Int

    init(_ component: CAPComponent) throws(CAPError) {
        self.component = component
        var cursor = component.reader
        count = try cursor.u2()
        guard cursor.remaining == count * 4 else {
            throw cursor.fail(.countMismatch(declared: count, actual: cursor.remaining / 4), back: 2)
        }
        for offset in stride(from: cursor.position, to: component.bytes.count, by: 4) {
            let tag = component.bytes[offset]
            guard (1...6).contains(tag) else {
                throw .broken(.constantPool, offset: offset, .unknownConstant(tag))
            }
        }
    }

    /// The entry at an index below `count`.
    package subscript(index: Int) -> CAPConstant {
        let base = component.infoOffset + 2 + index * 4
        let bytes = component.bytes
        let (high, middle, low) = (Int(bytes[base + 1]), Int(bytes[base + 2]), bytes[base + 3])
        let reference = CAPClassReference(high << 8 | middle)
        return switch bytes[base] {
        case 1: .classReference(reference)
        case 2: .instanceField(reference, token: low)
        case 3: .virtualMethod(reference, token: low)
        case 4: .superMethod(reference, token: low)
        case 5 where high & 0x80 == 0: .staticField(offset: middle << 8 | Int(low))
        case 5: .importedStaticField(package: high & 0x7F, class: middle, token: low)
        case _ where high & 0x80 == 0:
            .staticMethod(CAPMethodOffset(block: high, offset: middle << 8 | Int(low)))
        default: .importedStaticMethod(package: high & 0x7F, class: middle, token: low)
        }
    }

    /// Holds every entry to what it refers to.
    func check(importCount: Int, classBytes: Int, imageBytes: Int, methods: CAPMethods) throws(CAPError) {
        for index in 0..<count {
            let fault: CAPFault?
            switch self[index] {
            case .classReference(let reference), .instanceField(let reference, _),
                .virtualMethod(let reference, _),
                .superMethod(let reference, _):
                fault = reference.fault(importCount: importCount, classBytes: classBytes)
            case .staticField(let offset):
                fault = offset < imageBytes ? nil : .offsetOutOfRange(offset, limit: imageBytes)
            case .importedStaticField(let package, _, _), .importedStaticMethod(let package, _, _):
                fault = package < importCount ? nil : .tokenOutOfRange(package, count: importCount)
            case .staticMethod(let method):
                let limit = methods.component.infoCount
                fault = methods.contains(method) ? nil : .offsetOutOfRange(method.offset, limit: limit)
            }
            if let fault {
                throw .broken(.constantPool, offset: component.infoOffset + 2 + index * 4, fault)
            }
        }
    }
}

extension CAPClassReference {
    /// What is wrong with it, if anything.
    func fault(importCount: Int, classBytes: Int) -> CAPFault? {
        switch self {
        case .internal(let offset): offset < classBytes ? nil : .offsetOutOfRange(offset, limit: classBytes)
        case .external(let package, _):
            package < importCount ? nil : .tokenOutOfRange(package, count: importCount)
        }
    }
}
