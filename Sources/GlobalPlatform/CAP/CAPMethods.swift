/// The Method component (JCVM 3.1 §6.10): blocks of methods behind tables of exception handlers. Compact files
/// have one block, which is the whole content.
package struct CAPMethods: Hashable, Sendable {
    package let component: CAPComponent
    package let blocks: [Block]

    /// One block; offsets to methods count from its first byte.
    package struct Block: Hashable, Sendable {
        /// Where it stands in the component's bytes.
        package let range: Range<Int>
        package let handlerCount: Int

        /// Where methods begin: after the count and the handlers of eight bytes each.
        package var methodsOffset: Int { 1 + handlerCount * 8 }
    }

    /// The bytes of methods, headers included, tables not.
    package var codeBytes: Int { blocks.reduce(0) { $0 + $1.range.count - $1.methodsOffset } }

    init(_ component: CAPComponent, isExtended: Bool) throws(CAPError) {
        self.component = component
        var cursor = component.reader
        guard isExtended else {
            blocks = [try cursor.methodBlock(end: component.bytes.count)]
            return
        }
        let count = try cursor.u1()
        guard (1...127).contains(count) else {
            throw cursor.fail(.tokenOutOfRange(count, count: 128), back: 1)
        }
        var starts: [Int] = []
        for _ in 0..<count { starts.append(component.infoOffset + (try cursor.u4())) }
        starts.append(component.bytes.count)
        var blocks: [Block] = []
        for index in 0..<count {
            // Blocks follow one another without a gap: each begins where the one before it ends.
            let (start, end) = (starts[index], starts[index + 1])
            let isInOrder = index == 0 ? start == cursor.position : start > starts[index - 1]
            guard isInOrder, start < end else {
                let place = component.infoOffset + 1 + index * 4
                let limit = component.infoCount
                throw .broken(
                    .method, offset: place, .offsetOutOfRange(start - component.infoOffset, limit: limit))
            }
            var reader = CAPCursor(bytes: component.bytes, kind: .method, position: start)
            blocks.append(try reader.methodBlock(end: end))
        }
        self.blocks = blocks
    }

    /// Whether a method header can stand there.
    func contains(_ method: CAPMethodOffset) -> Bool {
        guard blocks.indices.contains(method.block) else { return false }
        let block = blocks[method.block]
        return method.offset >= block.methodsOffset && method.offset + 2 <= block.range.count
    }

    /// Holds that handlers catch types that the constant pool has.
    func check(constantCount: Int) throws(CAPError) {
        for block in blocks {
            for index in 0..<block.handlerCount {
                let place = block.range.lowerBound + 1 + index * 8 + 6
                let type = Int(component.bytes[place]) << 8 | Int(component.bytes[place + 1])
                // Zero means a finally block; a catch type is never the first constant (JCVM 3.1 §6.10.1).
                guard type == 0 || type < constantCount else {
                    throw .broken(.method, offset: place, .tokenOutOfRange(type, count: constantCount))
                }
            }
        }
    }
}

extension CAPCursor {
    fileprivate mutating func methodBlock(end: Int) throws(CAPError) -> CAPMethods.Block {
        let start = position
        let handlerCount = try u1()
        guard start + 1 + handlerCount * 8 <= end else { throw fail(.truncated, back: 1) }
        for _ in 0..<handlerCount {
            let begin = try u2()
            let length = (try u2()) & 0x7FFF
            let handler = try u2()
            _ = try u2()
            guard begin + length <= end - start, handler < end - start else {
                throw fail(.offsetOutOfRange(max(begin + length, handler), limit: end - start), back: 8)
            }
        }
        return CAPMethods.Block(range: start..<end, handlerCount: handlerCount)
    }

    /// Reads a method offset, with the block's index before it in the extended format, and holds it to the table.
    mutating func methodOffset(in methods: CAPMethods, isExtended: Bool) throws(CAPError) -> CAPMethodOffset {
        let start = position
        let block = isExtended ? try u1() : 0
        let method = CAPMethodOffset(block: block, offset: try u2())
        guard methods.contains(method) else {
            let limit = methods.blocks.indices.contains(block) ? methods.blocks[block].range.count : 0
            throw .broken(kind, offset: start, .offsetOutOfRange(method.offset, limit: limit))
        }
        return method
    }
}
