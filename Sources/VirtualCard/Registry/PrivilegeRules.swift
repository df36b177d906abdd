internal import GlobalPlatform

/// Which privileges go together (GPCS 2.3.1 §6.6.2, tables 6-1 and 11-7).
enum PrivilegeRules {
    /// Reads one byte or three. One byte says nothing of the others: a domain then has Trusted Path (table
    /// 6-2).
    static func granted(_ bytes: [UInt8]) throws(Refusal) -> Privileges {
        guard var privileges = Privileges(bytes: bytes) else { throw .incorrectData }
        if bytes.count == 1, privileges.has(.securityDomain) { privileges.insert(.trustedPath) }
        // b1 to b4 of byte 3 are RFU: ignored.
        return Privileges(rawValue: privileges.rawValue & ~0x0F)
    }

    static func check(_ privileges: Privileges, isSelectable: Bool) throws(Refusal) {
        try checkCombination(privileges)
        // Card Reset comes with being selectable (§11.5.2.3.2).
        guard isSelectable || !privileges.has(.cardReset) else { throw .incorrectData }
    }

    static func checkCombination(_ privileges: Privileges) throws(Refusal) {
        let bits = privileges.rawValue
        let isDomain = privileges.has(.securityDomain)
        // Bits of their own, without the domain bit that the named sets carry.
        let (dap, delegated, mandated): (UInt32, UInt32, UInt32) = (0x40_0000, 0x20_0000, 0x01_0000)
        let needsDomain =
            dap | delegated | mandated
            | [.authorizedManagement, .tokenVerification, .receiptGeneration, .cipheredLoadFileDataBlock]
            .reduce(0) { (sum: UInt32, one: Privileges) in sum | one.rawValue }
        guard isDomain || bits & needsDomain == 0 else { throw .incorrectData }
        guard bits & mandated == 0 || bits & dap != 0 else { throw .incorrectData }
        guard bits & delegated != 0 else { return }
        for excluded in [Privileges.authorizedManagement, .tokenVerification, .receiptGeneration] {
            guard !privileges.has(excluded) else { throw .incorrectData }
        }
    }
}
