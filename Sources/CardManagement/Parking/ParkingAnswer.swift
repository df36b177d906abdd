package import GlobalPlatform
internal import SmartCard

/// What an instance says after a command of the parking contract; it holds for the moment after that command.
package struct ParkingStatus: Hashable, Sendable {
    package var result: ParkingResult
    package var state: ParkingState
    package var generation: UInt32
    package var lineage: [UInt8]
    package var format: UInt32
    package var byteCount: Int
    package var received: Int
    /// Zeros where there is none.
    package var digest: [UInt8]
    /// A sentence of the application for people.
    package var text: String?

    package init(
        result: ParkingResult, state: ParkingState, generation: UInt32, lineage: [UInt8], format: UInt32,
        byteCount: Int, received: Int, digest: [UInt8], text: String? = nil
    ) {
        self.result = result
        self.state = state
        self.generation = generation
        self.lineage = lineage
        self.format = format
        self.byteCount = byteCount
        self.received = received
        self.digest = digest
        self.text = text
    }

    /// The image that is meant, in the states that have one.
    package var image: ParkingImage {
        ParkingImage(
            generation: generation, lineage: lineage, format: format, byteCount: byteCount, digest: digest)
    }
}

/// An answer of the contract, read strictly.
package enum ParkingAnswer: Hashable, Sendable {
    case status(ParkingStatus)
    /// To READ: the bytes from an offset.
    case piece(ParkingResult, generation: UInt32, offset: Int, bytes: [UInt8])

    /// Reads the data of a successful STORE DATA; `command` is what was sent, from `FF70` to its end.
    package init(
        _ data: [UInt8], to order: ParkingOrder, command: [UInt8], keys: ParkingSealKeys? = nil
    ) throws(ParkingAnswerError) {
        var data = data
        if let keys {
            let box = try Self.wrap { () throws(TLVError) in try BERTLV.readOne(data) }
            guard box.tag == .parkingSealed else { throw .notSealed }
            data = try keys.open(box.value, command: command)
        }
        let template = try Self.wrap { () throws(TLVError) in try BERTLV.readOne(data) }
        guard template.tag == .parkingAnswer else { throw .malformed("tag \(template.tag)") }
        var objects = Objects(
            rest: try Self.wrap { () throws(TLVError) in try template.children() }[...])
        let head = try objects.bytes(.parkingInstruction, 2)
        guard head == [ParkingContract.version, order.instruction.rawValue] else {
            throw .malformed("an answer to another command: \(head.hex)")
        }
        let result = ParkingResult(rawValue: try objects.bytes(.parkingResult, 1)[0])
        if case .read = order {
            self = .piece(
                result, generation: try objects.number(.parkingGeneration),
                offset: Int(try objects.number(.parkingOffset)), bytes: try objects.chunk())
        } else {
            self = .status(try objects.status(result))
        }
        guard objects.rest.isEmpty else { throw .malformed("more objects than belong there") }
    }

    fileprivate static func wrap<Value>(
        _ body: () throws(TLVError) -> Value
    ) throws(ParkingAnswerError) -> Value {
        do { return try body() } catch { throw .malformed("\(error)") }
    }
}

package enum ParkingAnswerError: Error, Hashable {
    case malformed(String)
    /// Keys were sent, and the answer came in clear.
    case notSealed
    case notAuthentic
}

/// Objects in exactly the order of the contract.
private struct Objects {
    var rest: ArraySlice<BERTLV>

    mutating func bytes(_ tag: BERTag, _ count: Int) throws(ParkingAnswerError) -> [UInt8] {
        guard let next = rest.first, next.tag == tag, next.value.count == count else {
            throw .malformed("\(tag) with \(count) bytes is missing")
        }
        rest.removeFirst()
        return Array(next.value)
    }

    mutating func number(_ tag: BERTag) throws(ParkingAnswerError) -> UInt32 {
        try bytes(tag, 4).reduce(0) { $0 << 8 | UInt32($1) }
    }

    mutating func chunk() throws(ParkingAnswerError) -> [UInt8] {
        guard let next = rest.first, next.tag == .parkingChunk,
            next.value.count <= ParkingContract.chunkBytesMax
        else { throw .malformed("\(BERTag.parkingChunk) is missing or too long") }
        rest.removeFirst()
        return Array(next.value)
    }

    mutating func status(_ result: ParkingResult) throws(ParkingAnswerError) -> ParkingStatus {
        let code = try bytes(.parkingStateCode, 1)[0]
        guard let state = ParkingState(rawValue: code) else { throw .malformed("state \([code].hex)") }
        var status = ParkingStatus(
            result: result, state: state, generation: try number(.parkingGeneration),
            lineage: try bytes(.parkingLineage, ParkingContract.lineageBytes),
            format: try number(.parkingFormat),
            byteCount: Int(try number(.parkingLength)), received: Int(try number(.parkingReceived)),
            digest: try bytes(.parkingDigest, ParkingContract.digestBytes))
        if let text = rest.first, text.tag == .parkingText {
            guard (1...ParkingContract.textBytesMax).contains(text.value.count) else {
                throw .malformed("a text of \(text.value.count) bytes")
            }
            rest.removeFirst()
            status.text = String(decoding: text.value, as: UTF8.self)
        }
        return status
    }
}
