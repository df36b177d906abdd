internal import GlobalPlatform
internal import SmartCard
internal import Testing

@Suite("GlobalPlatform words")
struct WordsTests {
    @Test("the issuer domain's first privileges are the bytes of GPCS 2.3.1 §6.6.2")
    func issuerPrivileges() {
        #expect(Privileges.issuerSecurityDomain.bytes == [0x9E, 0xFE, 0x80])
    }

    @Test(
        "privileges are named as in GPCS 2.3.1 tables 11-7 to 11-9",
        arguments: [
            ([0x80], ["SecurityDomain"]), ([0xA0], ["SecurityDomain", "DelegatedManagement"]),
            ([0xC0, 0, 0], ["SecurityDomain", "DAPVerification"]),
            ([0xC1, 0, 0], ["SecurityDomain", "DAPVerification", "MandatedDAPVerification"]),
            ([0x04], ["CardReset"]), ([0, 0x01, 0x10], ["GlobalService", "ContactlessSelfActivation"]),
        ] as [([UInt8], [String])])
    func names(bytes: [UInt8], names: [String]) {
        #expect(Privileges(bytes: bytes)?.names == names)
    }

    @Test("privileges of two or four bytes are no privileges")
    func wrongSizes() {
        #expect(Privileges(bytes: [0x80, 0]) == nil)
        #expect(Privileges(bytes: []) == nil)
        #expect(Privileges(bytes: [0x80, 0, 0, 0]) == nil)
    }

    @Test("memory is two bytes up to 32,767 and four above (GPCS 2.3.1 §11.5.2.3.7)")
    func memoryAmounts() {
        #expect(MemoryAmount.encode(32_767) == [0x7F, 0xFF])
        #expect(MemoryAmount.encode(32_768) == [0, 0, 0x80, 0])
        #expect(MemoryAmount.decode([0x01, 0x00]) == 256)
        #expect(MemoryAmount.decode([0x01]) == nil)
    }

    @Test("install parameters are laid out as in table 11-49")
    func installParameters() {
        let parameters = InstallParameters(
            application: [0xAB], nonVolatileQuota: 40_000, volatileReserved: 64, nonVolatileReserved: 1_024)
        #expect(parameters.encoded.hex == "C901ABEF0EC80400009C40D7020040D8020400")
        #expect(InstallParameters().encoded == [0xC9, 0x00])
    }

    @Test("the memory report reads and writes the same bytes")
    func resources() throws {
        let value = try Hex.decode("810200058204000186A083020400")
        let resources = try CardResources(value: value)
        #expect(
            resources == CardResources(applicationCount: 5, freeNonVolatile: 100_000, freeVolatile: 1_024))
        #expect(resources.encoded.hex == "810200058204000186A0830400000400")
        #expect(throws: TLVError.missing(0x83)) { try CardResources(value: value.prefix(10)) }
    }
}
