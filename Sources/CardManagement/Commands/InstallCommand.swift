package import GlobalPlatform
package import SmartCard

/// INSTALL in all its forms (GPCS 2.3.1 §11.5).
package enum InstallCommand: Hashable, Sendable {
    case load(Load)
    case install(Install, makeSelectable: Bool)
    case makeSelectable(AID, privileges: Privileges, parameters: [UInt8])
    case extradite(AID, to: AID)
    case registryUpdate(RegistryUpdate)
    case personalize(AID)
    /// The first command of the combined load, install and make selectable process.
    case combinedBegin(Load)
    /// Its last, after the LOAD commands.
    case combinedEnd(Install)

    package struct Load: Hashable, Sendable {
        package var loadFile: AID
        package var securityDomain: AID?
        package var hash: [UInt8]
        package var parameters: [UInt8]

        package init(loadFile: AID, securityDomain: AID?, hash: [UInt8] = [], parameters: [UInt8] = []) {
            self.loadFile = loadFile
            self.securityDomain = securityDomain
            self.hash = hash
            self.parameters = parameters
        }
    }

    package struct Install: Hashable, Sendable {
        package var loadFile: AID
        package var module: AID
        package var instance: AID
        package var privileges: Privileges
        package var parameters: InstallParameters

        package init(
            loadFile: AID, module: AID, instance: AID, privileges: Privileges = [],
            parameters: InstallParameters = InstallParameters()
        ) {
            self.loadFile = loadFile
            self.module = module
            self.instance = instance
            self.privileges = privileges
            self.parameters = parameters
        }
    }

    package struct RegistryUpdate: Hashable, Sendable {
        package var newDomain: AID?
        package var application: AID?
        package var privileges: Privileges?
        package var parameters: [UInt8]

        package init(newDomain: AID?, application: AID?, privileges: Privileges?, parameters: [UInt8] = []) {
            self.newDomain = newDomain
            self.application = application
            self.privileges = privileges
            self.parameters = parameters
        }
    }

    package var p1: UInt8 {
        switch self {
        case .load: 0x02
        case .install(_, let makeSelectable): makeSelectable ? 0x0C : 0x04
        case .makeSelectable: 0x08
        case .extradite: 0x10
        case .personalize: 0x20
        case .registryUpdate: 0x40
        case .combinedBegin, .combinedEnd: 0x0E
        }
    }

    package var p2: UInt8 {
        switch self {
        case .load, .install, .makeSelectable, .extradite, .personalize, .registryUpdate: 0x00
        case .combinedBegin: 0x01
        case .combinedEnd: 0x03
        }
    }

    /// The data field up to the token's length: what `DelegatedOperation` has a token sign.
    package var fields: [UInt8] {
        switch self {
        case .load(let load), .combinedBegin(let load):
            lv(load.loadFile.bytes) + lv(load.securityDomain?.bytes ?? []) + lv(load.hash)
                + lv(load.parameters)
        case .install(let install, _), .combinedEnd(let install):
            lv(install.loadFile.bytes) + lv(install.module.bytes) + lv(install.instance.bytes)
                + lv(install.privileges.shortestBytes) + lv(install.parameters.encoded)
        case .makeSelectable(let instance, let privileges, let parameters):
            [0, 0] + lv(instance.bytes) + lv(privileges.shortestBytes) + lv(parameters)
        case .extradite(let object, let domain):
            lv(domain.bytes) + [0] + lv(object.bytes) + [0, 0]
        case .registryUpdate(let update):
            lv(update.newDomain?.bytes ?? []) + [0] + lv(update.application?.bytes ?? [])
                + lv(update.privileges?.bytes ?? []) + lv(update.parameters)
        case .personalize(let application):
            [0, 0] + lv(application.bytes) + [0, 0]
        }
    }

    /// The command; one longer than 255 bytes is cut when it is sent, after it was secured as a whole (§11.1.5.1).
    package func command(token: [UInt8] = []) -> CommandAPDU {
        CommandAPDU(0x80, Instruction.install, p1, p2, data: fields + lv(token), expecting: 256)
    }

    private func lv(_ value: [UInt8]) -> [UInt8] { BERTLV.encodeLength(value.count) + value }
}

/// LOAD (GPCS 2.3.1 §11.6): a load file in numbered blocks.
package enum LoadCommand {
    /// The block number has one byte, so this is the most that one load can carry.
    package static let blockCountMax = 256

    /// Data bytes of each block for a load file of so many: those of short commands where these can be numbered,
    /// because every reader takes them; else as few as will do of longer commands, where the card takes such.
    package static func blockBytes(for loadFileBytes: Int, short: Int, extended: Int?) -> Int? {
        guard loadFileBytes > short * blockCountMax else { return short }
        let needed = (loadFileBytes + blockCountMax - 1) / blockCountMax
        return extended.flatMap { needed <= $0 ? needed : nil }
    }

    /// The commands for a whole load file, or nothing when it has more blocks than can be numbered.
    package static func commands(loadFile: [UInt8], blockBytesMax: Int) -> [CommandAPDU]? {
        let blocks = loadFile.chunks(of: blockBytesMax)
        guard (1...blockCountMax).contains(blocks.count) else { return nil }
        return blocks.enumerated().map { index, block in
            let p1: UInt8 = index == blocks.count - 1 ? 0x80 : 0x00
            return CommandAPDU(0x80, Instruction.load, p1, UInt8(index), data: block, expecting: 256)
        }
    }
}
