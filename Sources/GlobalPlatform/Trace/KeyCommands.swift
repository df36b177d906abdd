internal import SmartCard

/// Opening a session and putting keys: never a byte of a key, and no cryptogram.
extension CommandWords {
    static let initializeUpdate = CommandWords(
        "INITIALIZE UPDATE",
        header: { command, text in
            text.say(command.p1 == 0 ? "the first keys" : "key version \(command.p1.hex)")
            if command.p2 != 0 { text.say("key \(command.p2.hex)") }
        },
        data: { command, text in
            // 8 bytes, or 16 in the S16 mode of SCP03.
            let isChallenge = [8, 16].contains(command.data.count)
            text.say(
                isChallenge
                    ? "host challenge \(command.data.hex)"
                    : "malformed: a host challenge of \(TraceText.bytes(command.data.count))")
        })

    static let externalAuthenticate = CommandWords(
        "EXTERNAL AUTHENTICATE",
        header: { command, text in
            text.say("level \(command.p1.hex): \(TraceWords.level(SecurityLevel(rawValue: command.p1)))")
        },
        data: { command, text in
            text.say("cryptogram and MAC of \(TraceText.bytes(command.data.count))")
        })

    /// GPCS 2.3.1 table E-14; SCP03 table 7-5.
    static let beginRMACSession = CommandWords(
        "BEGIN R-MAC SESSION",
        header: { command, text in
            text.say("level \(command.p1.hex): \(TraceWords.level(SecurityLevel(rawValue: command.p1)))")
        })

    static let endRMACSession = CommandWords("END R-MAC SESSION")
}

extension CommandWords {
    static let putKey = CommandWords(
        "PUT KEY",
        header: { command, text in
            let version = command.p1 & 0x7F
            text.say(version == 0 ? "new keys" : "replaces version \(version.hex)")
            if command.p1 & 0x80 != 0 { text.say("more of it follows") }
        },
        data: { command, text in
            let first = command.p2 & 0x7F
            // The parts of a chained command are cut anywhere.
            guard command.p1 & 0x80 == 0 else { return text.say(TraceText.bytes(command.data.count)) }
            do throws(TLVError) {
                let keys = try KeyField.readAll(command.data[...].dropFirst())
                guard keys.allSatisfy(\.isStandard) else {
                    text.say(TraceText.bytes(command.data.count))
                    return text.add("malformed: a key of no known type")
                }
                text.say("version \((command.data.first ?? 0).hex)")
                text.say("keys from identifier \(first.hex)")
                for (index, key) in keys.enumerated() { text.add(key.words(identifier: Int(first) + index)) }
            } catch {
                text.say(TraceText.bytes(command.data.count))
                text.add(TraceText.malformed(error))
            }
        })
}

/// A key data field of PUT KEY without the key (GPCS 2.3.1 tables 11-68 and 11-69).
private struct KeyField {
    var components: [(type: KeyType, size: Int)] = []
    var checkValue: ArraySlice<UInt8> = []
    var usage: ArraySlice<UInt8>?
    var access: ArraySlice<UInt8>?

    /// All or nothing: a field that does not end where it should might show bytes of a key as something else.
    static func readAll(_ data: ArraySlice<UInt8>) throws(TLVError) -> [KeyField] {
        var rest = data
        guard !rest.isEmpty else { throw .truncated(at: rest.endIndex) }
        var keys: [KeyField] = []
        while !rest.isEmpty { keys.append(try KeyField(&rest)) }
        return keys
    }

    private init(_ rest: inout ArraySlice<UInt8>) throws(TLVError) {
        var isExtended = false
        repeat {
            guard var type = rest.popFirst() else { throw .truncated(at: rest.endIndex) }
            if type == KeyType.extended.rawValue {
                isExtended = true
                guard let second = rest.popFirst() else { throw .truncated(at: rest.endIndex) }
                type = second
            }
            let block = try FieldReader.value(&rest)
            components.append((KeyType(rawValue: type), Self.size(of: block, type: KeyType(rawValue: type))))
            // Types begin at 80 and the length of a check value ends at 7F.
        } while (rest.first ?? 0) >= 0x80
        checkValue = try Self.short(&rest)
        if isExtended {
            usage = try Self.short(&rest)
            access = try Self.short(&rest)
        }
    }

    /// Types below 80 are private; more likely, something else was taken for a type.
    var isStandard: Bool { components.allSatisfy { $0.type.rawValue >= 0x80 } }

    /// An AES key tells its length in front of the encrypted bytes (SCP03 table 7-10).
    private static func size(of block: ArraySlice<UInt8>, type: KeyType) -> Int {
        guard type == .aes, block.count % 16 == 1, let length = block.first, length < block.count else {
            return block.count
        }
        return Int(length)
    }

    private static func short(_ rest: inout ArraySlice<UInt8>) throws(TLVError) -> ArraySlice<UInt8> {
        guard let length = rest.first else { throw .truncated(at: rest.endIndex) }
        guard length < 0x80 else { throw .lengthTooLong(at: rest.startIndex) }
        guard rest.count > Int(length) else { throw .truncated(at: rest.endIndex) }
        defer { rest = rest.dropFirst(1 + Int(length)) }
        return rest.dropFirst().prefix(Int(length))
    }

    func words(identifier: Int) -> String {
        let parts = components.map { "\($0.type.name) of \(TraceText.bytes($0.size))" }
        var words = "key \(UInt8(truncatingIfNeeded: identifier).hex): \(parts.joined(separator: " with "))"
        // A check value has three bytes (§B.5); more of them would say too much of the key.
        switch checkValue.count {
        case 0: words += ", no check value"
        case 1...3: words += ", check value \(checkValue.hex)"
        case let count: words += ", check value of \(TraceText.bytes(count))"
        }
        if let usage, !usage.isEmpty { words += ", usage \(TraceText.hex(usage.prefix(2)))" }
        if let access, !access.isEmpty { words += ", access \(TraceText.hex(access.prefix(2)))" }
        return words
    }
}
