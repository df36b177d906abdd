/// What GET STATUS is asked about (GPCS 2.3.1 table 11-33).
package enum RegistryScope: UInt8, CaseIterable, Hashable, Sendable {
    case issuerDomain = 0x80
    case applications = 0x40
    case loadFilesAndModules = 0x10
    case loadFiles = 0x20
}

/// The form of a GET STATUS answer: the TLV of table 11-36 and 11-37, or the older one without tags.
package enum RegistryFormat: Hashable, Sendable {
    case tlv
    case legacy
}
