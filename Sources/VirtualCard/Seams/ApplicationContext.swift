package import GlobalPlatform
package import SmartCard

/// What a running program may ask of the card, in the name of one instance. Valid for one call; never kept.
package struct ApplicationContext {
    /// The instance in whose name the program runs.
    package let aid: AID
    /// The logical channel of the command; 0 where there is none (install, deletion).
    package let channel: Int
    let host: any ApplicationHost

    package init(aid: AID, channel: Int, host: any ApplicationHost) {
        self.aid = aid
        self.channel = channel
        self.host = host
    }

    // MARK: What the registry says

    /// The entry of this instance.
    package var entry: ApplicationEntry { host.entry(of: aid) }
    package var cardLifeCycle: CardLifeCycle { host.cardLifeCycle }

    /// Sets the application's own states: b4 to b7, over a SELECTABLE one (GPCS 2.3.1 §5.3.1.4). Refused
    /// otherwise.
    package func setLifeCycle(_ lifeCycle: ApplicationLifeCycle) throws(Refusal) {
        try host.setLifeCycle(lifeCycle, of: aid)
    }

    /// Locks the card; needs the Card Lock privilege and a SECURED card (GPCS 2.3.1 §9.6.3). Refused with
    /// 6985 otherwise.
    package func lockCard() throws(Refusal) { try host.setCardLifeCycle(.cardLocked, by: aid) }
    /// Ends the card's life; needs the Card Terminate privilege (§9.6.4). Refused with 6985 otherwise.
    package func terminateCard() throws(Refusal) { try host.setCardLifeCycle(.terminated, by: aid) }

    /// The code of a load file on this card: its own, or a library that it imports.
    package func loadFile(_ aid: AID) -> LoadFileCode? { host.loadFile(aid) }

    // MARK: Persistent memory

    /// Makes an object of zeros. Refuses with 6A84 when the memory or the quota does not hold it, 6985 when
    /// it exists.
    package func create(_ object: ObjectNumber, byteCount: Int) throws(Refusal) {
        try host.create(object, byteCount: byteCount, of: aid)
    }

    package func delete(_ object: ObjectNumber) { host.delete(object, of: aid) }

    /// `nil` when there is no such object.
    package func read(_ object: ObjectNumber) -> [UInt8]? { host.read(object, of: aid) }

    /// Overwrites a part; refuses with 6700 outside the object, 6A88 without one.
    package func write(_ bytes: [UInt8], to object: ObjectNumber, at offset: Int = 0) throws(Refusal) {
        try host.write(bytes, to: object, at: offset, of: aid)
    }

    /// Makes the object hold exactly these bytes, whatever was there; memory is asked for or given back.
    package func replace(_ object: ObjectNumber, with bytes: [UInt8]) throws(Refusal) {
        if read(object)?.count != bytes.count {
            delete(object)
            try create(object, byteCount: bytes.count)
        }
        try write(bytes, to: object)
    }

    package var objects: [ObjectNumber] { host.objects(of: aid) }

    /// The objects of a load file, for static fields: its own, or those of a library that it imports. `nil`
    /// for any other. Only the calls about persistent objects mean something there.
    package func statics(of loadFile: AID) -> ApplicationContext? {
        guard host.mayUse(loadFile, by: aid) else { return nil }
        return ApplicationContext(aid: loadFile, channel: channel, host: host)
    }

    // MARK: Transactions

    /// Makes all writes up to here durable at once, apart from how the command ends. Not inside a
    /// transaction.
    package func checkpoint() { host.checkpoint() }
    /// Refuses with 6985 inside a transaction (Java Card has one level).
    package func beginTransaction() throws(Refusal) { try host.beginTransaction() }
    package func commitTransaction() throws(Refusal) { try host.commitTransaction() }
    /// Undoes all writes since `beginTransaction`. A transaction still open when the command ends is undone
    /// too.
    package func abortTransaction() throws(Refusal) { try host.abortTransaction() }

    // MARK: Transient memory

    /// Allocates for the life of the instance; the contents are zeros after each clearing. Refuses with 6A84,
    /// 6985.
    package func createTransient(
        _ object: ObjectNumber, byteCount: Int, clearing: TransientClearing
    ) throws(Refusal) {
        try host.createTransient(object, byteCount: byteCount, clearing: clearing, of: aid)
    }

    package func readTransient(_ object: ObjectNumber) -> [UInt8]? { host.readTransient(object, of: aid) }

    package func writeTransient(
        _ bytes: [UInt8], to object: ObjectNumber, at offset: Int = 0
    ) throws(Refusal) {
        try host.writeTransient(bytes, to: object, at: offset, of: aid)
    }

    /// What the card would give now.
    package var memory: MemoryReport { host.memory }

    // MARK: Entropy

    package func randomBytes(_ count: Int) -> [UInt8] { host.randomBytes(count) }

    // MARK: The secure channel of the associated domain (GPCS 2.3.1 §7.3.1)

    /// The level on this logical channel; `nil` when nobody is authenticated.
    package var securityLevel: SecurityLevel? { host.securityLevel(channel: channel) }

    /// INITIALIZE UPDATE, EXTERNAL AUTHENTICATE, BEGIN and END R-MAC SESSION, with the keys of the associated
    /// domain.
    package func processSecurity(_ command: CommandAPDU) throws(Refusal) -> ResponseAPDU {
        try host.processSecurity(command, channel: channel, of: aid)
    }

    /// Verifies and decrypts a command; outside a session the command itself.
    package func unwrap(_ command: CommandAPDU) throws(Refusal) -> CommandAPDU {
        try host.unwrap(command, channel: channel)
    }

    /// Decrypts with the data encryption key of the session; the padding is left on.
    package func decryptData(_ data: [UInt8]) throws(Refusal) -> [UInt8] {
        try host.decryptData(data, channel: channel)
    }

    /// Ends the session. Answers are protected by the core as long as it stands.
    package func resetSecurity() { host.resetSecurity(channel: channel) }

    // MARK: Other applications

    /// Calls an object that another instance shares with this one; the server runs in its own context.
    /// Refuses with 6985 when the server is not there, has no program, or shares nothing with this client.
    package func invoke(
        _ method: UInt16, _ arguments: [UInt8], on server: AID, parameter: UInt8 = 0
    ) throws(Refusal) -> [UInt8] {
        try host.invoke(method, arguments, on: server, parameter: parameter, client: aid, channel: channel)
    }
}

/// Memory that is free, in bytes.
package struct MemoryReport: Hashable, Sendable {
    package var nonVolatile: Int
    package var volatile: Int

    package init(nonVolatile: Int, volatile: Int) {
        self.nonVolatile = nonVolatile
        self.volatile = volatile
    }
}

/// The card behind an `ApplicationContext`: the core, or a test's own.
package protocol ApplicationHost: AnyObject {
    var cardLifeCycle: CardLifeCycle { get }
    var memory: MemoryReport { get }

    func entry(of aid: AID) -> ApplicationEntry
    func setLifeCycle(_ lifeCycle: ApplicationLifeCycle, of aid: AID) throws(Refusal)
    func setCardLifeCycle(_ lifeCycle: CardLifeCycle, by aid: AID) throws(Refusal)
    func loadFile(_ aid: AID) -> LoadFileCode?

    /// Whether the instance was made from the load file, or from one that imports it.
    func mayUse(_ loadFile: AID, by aid: AID) -> Bool

    func create(_ object: ObjectNumber, byteCount: Int, of aid: AID) throws(Refusal)
    func delete(_ object: ObjectNumber, of aid: AID)
    func read(_ object: ObjectNumber, of aid: AID) -> [UInt8]?
    func write(_ bytes: [UInt8], to object: ObjectNumber, at offset: Int, of aid: AID) throws(Refusal)
    func objects(of aid: AID) -> [ObjectNumber]

    func checkpoint()
    func beginTransaction() throws(Refusal)
    func commitTransaction() throws(Refusal)
    func abortTransaction() throws(Refusal)

    func createTransient(
        _ object: ObjectNumber, byteCount: Int, clearing: TransientClearing, of aid: AID) throws(Refusal)
    func readTransient(_ object: ObjectNumber, of aid: AID) -> [UInt8]?
    func writeTransient(_ bytes: [UInt8], to object: ObjectNumber, at offset: Int, of aid: AID)
        throws(Refusal)

    func randomBytes(_ count: Int) -> [UInt8]

    func securityLevel(channel: Int) -> SecurityLevel?
    func processSecurity(_ command: CommandAPDU, channel: Int, of aid: AID) throws(Refusal) -> ResponseAPDU
    func unwrap(_ command: CommandAPDU, channel: Int) throws(Refusal) -> CommandAPDU
    func decryptData(_ data: [UInt8], channel: Int) throws(Refusal) -> [UInt8]
    func resetSecurity(channel: Int)

    func invoke(
        _ method: UInt16, _ arguments: [UInt8], on server: AID, parameter: UInt8, client: AID, channel: Int
    ) throws(Refusal) -> [UInt8]
}
