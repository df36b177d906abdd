/// The StaticField component (JCVM 3.1 §6.11): the image of static fields, and arrays that it begins with.
package struct CAPStaticFields: Hashable, Sendable {
    package let imageBytes: Int
    package let referenceCount: Int
    package let arrays: [InitialArray]
    package let zeroBytes: Int
    package let initialBytes: Int

    /// An array that exists from the start.
    package struct InitialArray: Hashable, Sendable {
        package let element: Element
        package let byteCount: Int
    }

    package enum Element: UInt8, Sendable {
        case boolean = 2
        case byte = 3
        case short = 4
        case int = 5

        var width: Int {
            switch self {
            case .boolean, .byte: 1
            case .short: 2
            case .int: 4
            }
        }
    }

    package var arrayBytes: Int { arrays.reduce(0) { $0 + $1.byteCount } }

    init(_ component: CAPComponent) throws(CAPError) {
        var cursor = component.reader
        imageBytes = try cursor.u2()
        referenceCount = try cursor.u2()
        let arrayCount = try cursor.u2()
        guard arrayCount <= referenceCount else {
            throw cursor.fail(.countMismatch(declared: arrayCount, actual: referenceCount), back: 2)
        }
        var arrays: [InitialArray] = []
        for _ in 0..<arrayCount { arrays.append(try cursor.initialArray()) }
        self.arrays = arrays
        zeroBytes = try cursor.u2()
        initialBytes = try cursor.u2()
        _ = try cursor.take(initialBytes)
        try cursor.finish()
        let sum = referenceCount * 2 + zeroBytes + initialBytes
        guard sum == imageBytes else {
            throw .broken(
                .staticField, offset: component.infoOffset, .countMismatch(declared: imageBytes, actual: sum))
        }
    }
}

extension CAPCursor {
    fileprivate mutating func initialArray() throws(CAPError) -> CAPStaticFields.InitialArray {
        let type = try byte()
        guard let element = CAPStaticFields.Element(rawValue: type) else {
            throw fail(.unknownArrayType(type), back: 1)
        }
        let count = try u2()
        guard count.isMultiple(of: element.width) else {
            throw fail(
                .countMismatch(declared: count, actual: count / element.width * element.width), back: 2)
        }
        _ = try take(count)
        return CAPStaticFields.InitialArray(element: element, byteCount: count)
    }
}
