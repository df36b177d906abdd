package import GlobalPlatform
package import SmartCard

/// An application or security domain in the registry (GPCS 2.3.1 §6.5.1).
package struct ApplicationEntry: Equatable, Sendable {
    package internal(set) var aid: AID
    /// `nil` for the issuer domain, which was not installed from a load file that anybody can name.
    package let loadFile: AID?
    package let module: AID?
    /// Of the issuer domain: the state of the card counts, not this one.
    package internal(set) var lifeCycle: ApplicationLifeCycle
    package internal(set) var privileges: Privileges
    /// The security domain that it is directly associated with; its own AID when it was extradited to itself.
    package internal(set) var domain: AID
    /// The values of `CF`, one byte each (GPCS 2.3.1 §11.1.7).
    package internal(set) var implicitSelection: [UInt8] = []
    /// The value of `CB`: service names of two bytes.
    package internal(set) var globalServices: [UInt8] = []
    /// The value of `5F20`, when INSTALL gave one.
    package internal(set) var provider: [UInt8] = []
    /// What §9.7 keeps for it, and how much it may take.
    package internal(set) var limits = ResourceLimits()
    /// The place in the order of installation, which searches follow; 0 is the issuer domain.
    let serial: UInt32

    package init(
        aid: AID, loadFile: AID?, module: AID?, lifeCycle: ApplicationLifeCycle, privileges: Privileges,
        domain: AID, serial: UInt32
    ) {
        self.aid = aid
        self.loadFile = loadFile
        self.module = module
        self.lifeCycle = lifeCycle
        self.privileges = privileges
        self.domain = domain
        self.serial = serial
    }

    package var isSecurityDomain: Bool { privileges.contains(.securityDomain) }
    package var isIssuerDomain: Bool { serial == 0 }
}

/// Reserved memory and quota of an application (GPCS 2.3.1 §9.7); `nil` where INSTALL gave none.
package struct ResourceLimits: Hashable, Sendable {
    package internal(set) var nonVolatileReserved: UInt32?
    package internal(set) var volatileReserved: UInt32?
    package internal(set) var nonVolatileQuota: UInt32?
    package internal(set) var volatileQuota: UInt32?

    package init() {}
}
