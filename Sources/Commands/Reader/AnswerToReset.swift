internal import Arguments
internal import JSON
internal import SmartCard

/// An answer to reset in words.
struct AnswerToReset {
    private let bytes: [UInt8]
    private let atr: Result<ATR, ATRError>

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        atr = Result { () throws(ATRError) in try ATR(parsing: bytes) }
    }

    /// Protocols, speed, and what the maker wrote.
    var summary: String {
        switch atr {
        case .failure: return "a card whose answer to reset breaks the standard"
        case .success(let atr):
            var parts = [atr.protocols.map { "T=\($0)" }.joined(separator: ", ")]
            if let speed = atr.speed { parts.append("\(speed.baudMax / 1000) kbit/s") }
            if let text = name(atr) { parts.append("\"\(text)\"") }
            return parts.joined(separator: ", ")
        }
    }

    var json: JSONValue {
        switch atr {
        case .failure(let error): return ["problem": .string("\(error)")]
        case .success(let atr):
            var object: JSONObject = [
                "protocols": .array(atr.protocols.map { .count($0) }),
                "convention": atr.convention == .direct ? "direct" : "inverse",
                "historicalBytes": .string(atr.historicalBytes.hex),
            ]
            object["baudMax"] = atr.speed.map { .count($0.baudMax) }
            object["text"] = name(atr).map { .string($0) }
            return .object(object)
        }
    }

    /// The name that the maker wrote: in one of the objects where there are such, else anywhere.
    private func name(_ atr: ATR) -> String? {
        guard case .compactTLV(let objects) = HistoricalBytes(atr.historicalBytes) else {
            return readable(atr.historicalBytes)
        }
        return objects.objects.lazy.compactMap { readable($0.value) }.first
    }

    /// Makers like to write a name; fewer letters than that are chance.
    private func readable(_ bytes: [UInt8]) -> String? {
        let runs = bytes.split { !(0x20...0x7E).contains($0) }
        guard let longest = runs.max(by: { $0.count < $1.count }), longest.count >= 4 else { return nil }
        return String(decoding: longest, as: UTF8.self)
    }
}
