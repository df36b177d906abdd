internal import SmartCard

/// Memory asked for, in bytes: two bytes up to 32,767 and four above (GPCS 2.3.1 §11.5.2.3.7).
package enum MemoryAmount {
    package static func encode(_ bytes: Int) -> [UInt8] {
        bytes <= 0x7FFF ? UInt16(bytes).bigEndianBytes : UInt32(bytes).bigEndianBytes
    }

    package static func decode(_ value: some Collection<UInt8>) -> Int? {
        guard value.count == 2 || value.count == 4 else { return nil }
        return Int(bigEndianBytes: value)
    }
}

/// Load parameters (GPCS 2.3.1 table 11-48).
package struct LoadParameters: Hashable, Sendable {
    /// `C6`: room for the code.
    package var nonVolatileCode: Int?
    /// `C7`: volatile data of the instances to come.
    package var volatileData: Int?
    /// `C8`: non-volatile data of the instances to come.
    package var nonVolatileData: Int?

    package init(nonVolatileCode: Int? = nil, volatileData: Int? = nil, nonVolatileData: Int? = nil) {
        self.nonVolatileCode = nonVolatileCode
        self.volatileData = volatileData
        self.nonVolatileData = nonVolatileData
    }

    package var encoded: [UInt8] {
        let inner =
            nonVolatileCode.tlv(0xC6) + volatileData.tlv(0xC7) + nonVolatileData.tlv(0xC8)
        return inner.isEmpty ? [] : BERTLV.encode(.systemParameters, inner)
    }
}

/// Install parameters (GPCS 2.3.1 table 11-49).
package struct InstallParameters: Hashable, Sendable {
    /// `C9`: what the application itself is given.
    package var application: [UInt8]
    /// `C7`: the most volatile memory it may ever take.
    package var volatileQuota: Int?
    /// `C8`: the most non-volatile memory it may ever take.
    package var nonVolatileQuota: Int?
    /// `D7`: volatile memory kept for it alone.
    package var volatileReserved: Int?
    /// `D8`: non-volatile memory kept for it alone.
    package var nonVolatileReserved: Int?
    /// `CF`: where the application is selected without being named; may stand several times.
    package var implicitSelection: [UInt8]
    /// `CB`: global services offered, two bytes each.
    package var globalServices: [UInt8]
    /// `CA`: SIM file access and toolkit parameters of TS 102 226 §8.2.1.3.2.1 (inside `EF`).
    package var simParameters: [UInt8]?
    /// `EA`: UICC system specific parameters of TS 102 226 §8.2.1.3.2.2.
    package var uiccParameters: [UInt8]?

    package init(
        application: [UInt8] = [], volatileQuota: Int? = nil, nonVolatileQuota: Int? = nil,
        volatileReserved: Int? = nil, nonVolatileReserved: Int? = nil, implicitSelection: [UInt8] = [],
        globalServices: [UInt8] = [], simParameters: [UInt8]? = nil, uiccParameters: [UInt8]? = nil
    ) {
        self.application = application
        self.volatileQuota = volatileQuota
        self.nonVolatileQuota = nonVolatileQuota
        self.volatileReserved = volatileReserved
        self.nonVolatileReserved = nonVolatileReserved
        self.implicitSelection = implicitSelection
        self.globalServices = globalServices
        self.simParameters = simParameters
        self.uiccParameters = uiccParameters
    }

    package var encoded: [UInt8] {
        var system = volatileQuota.tlv(0xC7) + nonVolatileQuota.tlv(0xC8)
        if !globalServices.isEmpty { system += BERTLV.encode(0xCB, globalServices) }
        system += volatileReserved.tlv(0xD7) + nonVolatileReserved.tlv(0xD8)
        if let simParameters { system += BERTLV.encode(0xCA, simParameters) }
        for selection in implicitSelection { system += BERTLV.encode(.implicitSelection, [selection]) }
        var bytes = BERTLV.encode(.applicationParameters, application)
        if !system.isEmpty { bytes += BERTLV.encode(.systemParameters, system) }
        if let uiccParameters { bytes += BERTLV.encode(0xEA, uiccParameters) }
        return bytes
    }
}

extension Int? {
    fileprivate func tlv(_ tag: BERTag) -> [UInt8] {
        map { BERTLV.encode(tag, MemoryAmount.encode($0)) } ?? []
    }
}
