internal import CardCrypto
internal import CardManagement
internal import Centre
internal import SmartCard

/// Writes the sealed part of a vault file in place: no copy of a key stands anywhere else.
struct VaultBodyWriter {
    private let memory: UnsafeMutableRawBufferPointer
    private var offset = 0

    static func body(of contents: VaultContents) -> Secret {
        Secret(count: byteCount(of: contents)) { memory in
            var writer = VaultBodyWriter(memory)
            writer.write(contents)
            precondition(writer.offset == memory.count, "the body is as long as it was counted")
        }
    }

    private init(_ memory: UnsafeMutableRawBufferPointer) { self.memory = memory }

    private static func byteCount(of contents: VaultContents) -> Int {
        let wrapping = contents.wrappingKeys.reduce(2) { $0 + 4 + 8 + 1 + $1.key.count }
        return contents.masters.reduce(wrapping + 2) { count, master in
            count + 1 + master.name.text.utf8.count + 2 + master.material.reduce(0) { $0 + 1 + $1.count }
                + 1 + master.diversification.utf8.count + 2 + master.note.utf8.count + 8
        }
    }

    private mutating func write(_ contents: VaultContents) {
        write(UInt16(contents.wrappingKeys.count))
        for key in contents.wrappingKeys {
            write(UInt32(key.number))
            write(key.createdAt.milliseconds)
            write(key.key)
        }
        write(UInt16(contents.masters.count))
        for master in contents.masters {
            write(UInt8(master.name.text.utf8.count))
            write(bytes: Array(master.name.text.utf8))
            write(UInt8(master.algorithm == .tripleDES ? 1 : 2))
            write(UInt8(master.material.count))
            for key in master.material { write(key) }
            write(UInt8(master.diversification.utf8.count))
            write(bytes: Array(master.diversification.utf8))
            write(UInt16(master.note.utf8.count))
            write(bytes: Array(master.note.utf8))
            write(master.createdAt.milliseconds)
        }
    }

    private mutating func write(_ secret: Secret) {
        write(UInt8(secret.count))
        secret.withBytes { bytes in
            UnsafeMutableRawBufferPointer(rebasing: memory[offset..<offset + bytes.count])
                .copyMemory(from: bytes)
        }
        offset += secret.count
    }

    private mutating func write(_ number: some FixedWidthInteger) { write(bytes: number.bigEndianBytes) }

    private mutating func write(bytes: [UInt8]) {
        for (index, byte) in bytes.enumerated() { memory[offset + index] = byte }
        offset += bytes.count
    }
}

/// Reads what `VaultBodyWriter` writes; every key goes from the opened bytes straight into a `Secret`.
struct VaultBodyReader {
    private let bytes: UnsafeRawBufferPointer
    private var offset = 0

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    mutating func contents() throws(VaultFormatError) -> VaultContents {
        var wrapping: [VaultContents.WrappingKey] = []
        for _ in 0..<Int(try number(UInt16.self)) {
            let number = Int(try number(UInt32.self))
            let createdAt = Instant(milliseconds: try self.number(Int64.self))
            wrapping.append(.init(number: number, createdAt: createdAt, key: try secret()))
        }
        var masters: [VaultContents.Master] = []
        for _ in 0..<Int(try number(UInt16.self)) { masters.append(try master()) }
        guard offset == bytes.count else { throw .malformed("bytes are left over") }
        do { return try VaultContents(wrappingKeys: wrapping, masters: masters) } catch {
            throw .contents(error)
        }
    }

    private mutating func master() throws(VaultFormatError) -> VaultContents.Master {
        let text = try self.text(count: Int(try number(UInt8.self)))
        let name: MasterKeyName
        do { name = try MasterKeyName(text) } catch { throw .malformed("the name of a master key") }
        let algorithm: CardKeys.Algorithm
        switch try number(UInt8.self) {
        case 1: algorithm = .tripleDES
        case 2: algorithm = .aes
        default: throw .malformed("the algorithm of a master key")
        }
        var material: [Secret] = []
        for _ in 0..<Int(try number(UInt8.self)) { material.append(try secret()) }
        let diversification = try self.text(count: Int(try number(UInt8.self)))
        let note = try self.text(count: Int(try number(UInt16.self)))
        let createdAt = Instant(milliseconds: try number(Int64.self))
        do {
            return try VaultContents.Master(
                name, algorithm, material: material, diversification: diversification, note: note,
                createdAt: createdAt)
        } catch {
            throw .contents(error)
        }
    }

    private mutating func secret() throws(VaultFormatError) -> Secret {
        Secret(try take(Int(try number(UInt8.self))))
    }

    private mutating func text(count: Int) throws(VaultFormatError) -> String {
        guard let text = String(validating: try take(count), as: UTF8.self) else {
            throw .malformed("text that is not UTF-8")
        }
        return text
    }

    private mutating func number<Number: FixedWidthInteger>(
        _ type: Number.Type
    ) throws(VaultFormatError) -> Number {
        Number(bigEndianBytes: try take(Number.bitWidth / 8))
    }

    private mutating func take(_ count: Int) throws(VaultFormatError) -> Slice<UnsafeRawBufferPointer> {
        guard count <= bytes.count - offset else { throw .malformed("bytes are missing") }
        defer { offset += count }
        return bytes[offset..<offset + count]
    }
}
