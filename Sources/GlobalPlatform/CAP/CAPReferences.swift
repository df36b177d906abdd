/// The ReferenceLocation component (JCVM 3.1 §6.12): where methods name constants, as running distances.
struct CAPReferences {
    /// Bytes that are rewritten when a card links: one or two per location.
    let byteIndexCount: Int
    let shortIndexCount: Int

    init(
        _ component: CAPComponent, methods: CAPMethods, constantCount: Int, isExtended: Bool
    ) throws(CAPError) {
        var cursor = component.reader
        if isExtended {
            let count = try cursor.u1()
            guard count == methods.blocks.count else {
                throw cursor.fail(.countMismatch(declared: count, actual: methods.blocks.count), back: 1)
            }
        }
        var counts = (0, 0)
        for block in methods.blocks {
            counts.0 += try cursor.locations(in: methods, block, width: 1, constantCount: constantCount)
            counts.1 += try cursor.locations(in: methods, block, width: 2, constantCount: constantCount)
        }
        try cursor.finish()
        (byteIndexCount, shortIndexCount) = counts
    }
}

extension CAPCursor {
    /// Follows one list of distances and holds every constant index that it leads to.
    fileprivate mutating func locations(
        in methods: CAPMethods, _ block: CAPMethods.Block, width: Int, constantCount: Int
    ) throws(CAPError) -> Int {
        let list = try take(try u2())
        let code = methods.component.bytes
        var place = block.range.lowerBound
        var found = 0
        for index in list {
            place += Int(bytes[index])
            // 255 only bridges a gap that one byte cannot hold; no location stands there.
            if bytes[index] == 255 { continue }
            guard place + width <= block.range.upperBound else {
                let limit = block.range.count
                throw .broken(
                    kind, offset: index, .offsetOutOfRange(place - block.range.lowerBound, limit: limit))
            }
            let constant = width == 1 ? Int(code[place]) : Int(code[place]) << 8 | Int(code[place + 1])
            guard constant < constantCount else {
                throw .broken(kind, offset: index, .tokenOutOfRange(constant, count: constantCount))
            }
            found += 1
        }
        return found
    }
}
