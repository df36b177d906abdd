internal import CardCrypto
internal import CardManagement
internal import SmartCard

/// What protecting a full block both ways costs beside the OpenSSL calls that it needs: the longest data of a short
/// APDU, there and back.
enum SecureChannelFigures {
    /// What is promised for SCP03.
    static let ratioMax = 1.6
    /// Exchanges that follow each other in one session before it is rewound.
    private static let chainLength = 64

    private struct Exchange {
        let command: CommandAPDU
        let response: ResponseAPDU
    }

    static func all(_ effort: Effort) throws -> [Figure] {
        try scp03(keyBytes: 16, effort) + scp03(keyBytes: 32, effort) + scp02(effort)
    }

    // MARK: SCP03

    private static func scp03(keyBytes: Int, _ effort: Effort) throws -> [Figure] {
        let keys = try SCP03Fixture.sessionKeys(byteCount: keyBytes)
        let opened = try SCP03Fixture.open(keys)
        let chainingValue = try SCP03Fixture.chainingValue(keys, opened.authenticate)
        let dataBytes = opened.session.maximumCommandData()
        let bare = BareSCP03(keys, chainingValue: chainingValue, dataBytesMax: dataBytes + 1)
        let exchanges = try scp03Exchanges(opened.session, bare, dataBytes: dataBytes)
        let header = BareBuffer([0x84, 0xE2, 0x80, 0x00, UInt8(dataBytes + 1 + 8)])
        let status = BareBuffer([0x90, 0x00])
        let padded = exchanges.map {
            BareBuffer(Padding.method2($0.command.data, blockSize: 16))
        }
        let answers = exchanges.map { BareBuffer($0.response.data) }
        let times = try effort.compare {
            try run(opened.session, exchanges)
        } with: {
            bare.rewind()
            for index in 0..<padded.count {
                header.bytes[3] = UInt8(index)
                bare.wrap(header: header.bytes, padded: padded[index].bytes, count: padded[index].count)
                let isGood = bare.unwrap(
                    answers[index].bytes, count: answers[index].count, status: status.bytes)
                precondition(isGood, "the bare side must take the same answers")
            }
        }
        return figures("scp03-aes\(8 * keyBytes)", times, target: ratioMax)
    }

    /// Commands with the longest data, and the card's answers with the longest data, made by the bare side; the host's
    /// side must agree with every byte of it.
    private static func scp03Exchanges(
        _ session: SecureSession, _ bare: BareSCP03, dataBytes: Int
    ) throws -> [Exchange] {
        var session = session
        return try (0..<chainLength).map { index in
            let plain = filler(dataBytes, seed: UInt8(index))
            let command = CommandAPDU(0x80, 0xE2, 0x80, UInt8(index), data: plain, expecting: 256)
            let padded = Padding.method2(plain, blockSize: 16)
            bare.wrap(
                header: [0x84, 0xE2, 0x80, UInt8(index), UInt8(padded.count + 8)], padded: padded,
                count: padded.count)
            let answer = filler(dataBytes, seed: UInt8(index + chainLength))
            let paddedAnswer = Padding.method2(answer, blockSize: 16)
            let response = ResponseAPDU(data: bare.answerData(padded: paddedAnswer, status: [0x90, 0x00]))
            guard try session.wrap(command).data == bare.wrappedData(count: padded.count),
                try session.unwrap(response).data == answer,
                bare.unwrap(response.data, count: response.data.count, status: [0x90, 0x00]),
                bare.plainData(count: dataBytes) == answer
            else { throw BenchmarkError("the bare calls and the session do different work") }
            return Exchange(command: command, response: response)
        }
    }

    // MARK: SCP02

    private static func scp02(_ effort: Effort) throws -> [Figure] {
        let keys = try SCP02Fixture.sessionKeys()
        let opened = try SCP02Fixture.open(keys)
        let dataBytes = opened.session.maximumCommandData()
        let bare = BareSCP02(
            keys, firstMAC: Array(opened.authenticate.data.suffix(8)), dataBytesMax: dataBytes + 1)
        let exchanges = try scp02Exchanges(opened.session, bare, dataBytes: dataBytes)
        let padded = exchanges.map { BareBuffer(Padding.method2($0.command.data, blockSize: 8)) }
        let messages = exchanges.map { BareBuffer(scp02Message($0.command)) }
        let answers = exchanges.map { BareBuffer($0.response.data) }
        let answerMessages = exchanges.map {
            BareBuffer(scp02AnswerMessage($0.command, Array($0.response.data.dropLast(8))))
        }
        let times = try effort.compare {
            try run(opened.session, exchanges)
        } with: {
            bare.rewind()
            for index in 0..<padded.count {
                bare.wrap(messages[index], padded: padded[index])
                let isGood = bare.unwrap(
                    answerMessages[index], mac: answers[index].bytes + answers[index].count - 8)
                precondition(isGood, "the bare side must take the same answers")
            }
        }
        return figures("scp02", times, target: nil)
    }

    private static func scp02Exchanges(
        _ session: SecureSession, _ bare: BareSCP02, dataBytes: Int
    ) throws -> [Exchange] {
        var session = session
        return try (0..<chainLength).map { index in
            let plain = filler(dataBytes, seed: UInt8(index))
            let command = CommandAPDU(0x80, 0xE2, 0x80, UInt8(index), data: plain, expecting: 256)
            let padded = Padding.method2(plain, blockSize: 8)
            bare.wrap(BareBuffer(scp02Message(command)), padded: BareBuffer(padded))
            let wrapped = bare.wrappedData(count: padded.count)
            // An R-MAC session leaves 248 bytes to the answer.
            let answer = filler(248, seed: UInt8(index + chainLength))
            let mac = bare.answerMAC(BareBuffer(scp02AnswerMessage(command, answer)))
            let response = ResponseAPDU(data: answer + mac)
            guard try session.wrap(command).data == wrapped, try session.unwrap(response).data == answer
            else { throw BenchmarkError("the bare calls and the session do different work") }
            return Exchange(command: command, response: response)
        }
    }

    /// What the C-MAC covers (§E.4.4), padded.
    private static func scp02Message(_ command: CommandAPDU) -> [UInt8] {
        Padding.method2(
            [0x84, command.ins, command.p1, command.p2, UInt8(command.data.count + 8)] + command.data,
            blockSize: 8)
    }

    /// What the R-MAC covers (§E.4.5), padded.
    private static func scp02AnswerMessage(_ command: CommandAPDU, _ answer: [UInt8]) -> [UInt8] {
        let sent = [0x80, command.ins, command.p1, command.p2, UInt8(command.data.count)] + command.data
        return Padding.method2(sent + [UInt8(answer.count)] + answer + [0x90, 0x00], blockSize: 8)
    }

    // MARK: Both

    private static func run(_ opened: SecureSession, _ exchanges: [Exchange]) throws {
        var session = opened
        for exchange in exchanges {
            consume(try session.wrap(exchange.command))
            consume(try session.unwrap(exchange.response))
        }
    }

    private static func figures(
        _ name: String, _ times: (ours: Double, bare: Double, ratio: Double), target: Double?
    ) -> [Figure] {
        [
            Figure("\(name)-ratio", times.ratio, "× bare OpenSSL", target: target),
            Figure("\(name)-exchange", times.ours / Double(chainLength) / 1e3, "µs"),
            Figure("\(name)-bare-exchange", times.bare / Double(chainLength) / 1e3, "µs"),
        ]
    }
}
