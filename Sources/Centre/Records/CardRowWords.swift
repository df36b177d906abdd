package import GlobalPlatform
package import SmartCard

// Words that only tables of cards need, beside RowWords.swift.
extension StoredValue {
    package static func privileges(_ privileges: Privileges) -> StoredValue {
        .integer(Int64(privileges.rawValue))
    }
    /// One after the other, each after a byte with its length.
    package static func aids(_ aids: [AID]) -> StoredValue {
        .bytes(aids.flatMap { [UInt8($0.bytes.count)] + $0.bytes })
    }
    /// Two columns: non-volatile, volatile.
    package static func room(_ room: Room?) -> [StoredValue] {
        [.optional(room?.nonVolatile), .optional(room?.volatile)]
    }
    /// Two columns: application, version.
    package static func release(_ release: ReleaseID?) -> [StoredValue] {
        [.word(release?.application), .word(release?.version)]
    }
}

extension RowReader {
    package mutating func aids(max: Int) throws(RowError) -> [AID] {
        var rest = try bytes()[...]
        var aids: [AID] = []
        while let count = rest.popFirst() {
            guard aids.count < max, rest.count >= Int(count), let aid = try? AID(rest.prefix(Int(count)))
            else { throw failure("is not a list of AIDs") }
            aids.append(aid)
            rest = rest.dropFirst(Int(count))
        }
        return aids
    }

    package mutating func byte() throws(RowError) -> UInt8 {
        guard let byte = try optionalByte() else { throw failure("is empty") }
        return byte
    }

    package mutating func optionalByte() throws(RowError) -> UInt8? {
        guard let number = try optionalInteger() else { return nil }
        guard let byte = UInt8(exactly: number) else { throw failure("is not a byte") }
        return byte
    }

    package mutating func privileges() throws(RowError) -> Privileges {
        let number = try integer()
        guard (0...0xFF_FFFF).contains(number) else { throw failure("is not privileges") }
        return Privileges(rawValue: UInt32(number))
    }

    package mutating func room() throws(RowError) -> Room {
        guard let room = try optionalRoom() else { throw failure("is empty") }
        return room
    }

    /// Both columns, or neither.
    package mutating func optionalRoom() throws(RowError) -> Room? {
        let nonVolatile = try optionalInteger()
        let volatile = try optionalInteger()
        switch (nonVolatile, volatile) {
        case (let nonVolatile?, let volatile?):
            return Room(nonVolatile: Int(nonVolatile), volatile: Int(volatile))
        case (nil, nil): return nil
        default: throw failure("is half a room")
        }
    }

    /// Both columns, or neither.
    package mutating func optionalRelease() throws(RowError) -> ReleaseID? {
        let application: ApplicationID? = try optionalIdentifier()
        let version: ReleaseVersion? = try optionalIdentifier()
        switch (application, version) {
        case (let application?, let version?): return ReleaseID(application, version)
        case (nil, nil): return nil
        default: throw failure("is half a release")
        }
    }
}
