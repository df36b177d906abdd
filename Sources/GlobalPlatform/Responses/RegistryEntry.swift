package import SmartCard

/// One entry of a card's registry, as GET STATUS tells it.
package enum RegistryEntry: Hashable, Sendable {
    case issuerDomain(Application)
    case application(Application)
    case loadFile(LoadFile)

    package struct Application: Hashable, Sendable {
        package var aid: AID
        /// The card's life cycle byte for the issuer domain, else the application's.
        package var lifeCycle: UInt8
        package var privileges: Privileges
        package var loadFile: AID?
        package var securityDomain: AID?
        package var implicitSelection: [UInt8]

        package init(
            aid: AID, lifeCycle: UInt8, privileges: Privileges, loadFile: AID? = nil,
            securityDomain: AID? = nil, implicitSelection: [UInt8] = []
        ) {
            self.aid = aid
            self.lifeCycle = lifeCycle
            self.privileges = privileges
            self.loadFile = loadFile
            self.securityDomain = securityDomain
            self.implicitSelection = implicitSelection
        }

        package var isSecurityDomain: Bool { privileges.has(.securityDomain) }
    }

    package struct LoadFile: Hashable, Sendable {
        package var aid: AID
        package var lifeCycle: UInt8
        /// Major and minor, where the card tells it.
        package var version: [UInt8]?
        package var modules: [AID]
        package var securityDomain: AID?

        package init(
            aid: AID, lifeCycle: UInt8, version: [UInt8]? = nil, modules: [AID] = [],
            securityDomain: AID? = nil
        ) {
            self.aid = aid
            self.lifeCycle = lifeCycle
            self.version = version
            self.modules = modules
            self.securityDomain = securityDomain
        }
    }
}

/// Why a GET STATUS answer could not be read.
package enum RegistryError: Error, Hashable {
    case tlv(TLVError)
    case unexpectedTag(BERTag)
    case aid(AIDError)
    case lifeCycle(byteCount: Int)
    case privileges(byteCount: Int)
    case truncated(at: Int)
}

/// Reads what GET STATUS returns, over all pages.
package enum RegistryReader {
    package static func read(
        _ data: [UInt8], scope: RegistryScope, format: RegistryFormat
    ) throws(RegistryError) -> [RegistryEntry] {
        switch format {
        case .tlv: try readTLV(data, scope: scope)
        case .legacy: try readLegacy(data, scope: scope)
        }
    }

    private static func readTLV(_ data: [UInt8], scope: RegistryScope) throws(RegistryError)
        -> [RegistryEntry]
    {
        var entries: [RegistryEntry] = []
        for object in try wrap({ () throws(TLVError) in try BERTLV.readAll(data) }) {
            guard object.tag == .registryEntry else { throw .unexpectedTag(object.tag) }
            let children = try wrap { () throws(TLVError) in try object.children() }
            entries.append(try entry(children, scope: scope))
        }
        return entries
    }

    private static func entry(
        _ children: [BERTLV], scope: RegistryScope
    ) throws(RegistryError) -> RegistryEntry {
        let name = try wrap { () throws(TLVError) in try children.value(.aid) }
        let lifeCycle = try wrap { () throws(TLVError) in try children.value(.lifeCycle) }
        // Some cards return two bytes here; the first is the state.
        guard let state = lifeCycle.first, lifeCycle.count <= 2 else {
            throw .lifeCycle(byteCount: lifeCycle.count)
        }
        let domain = try children.first(.associatedSecurityDomain).flatMap { object throws(RegistryError) in
            object.value.isEmpty ? nil : try aid(object.value)
        }
        switch scope {
        case .loadFiles, .loadFilesAndModules:
            var modules: [AID] = []
            for module in children where module.tag == .executableModule {
                modules.append(try aid(module.value))
            }
            return .loadFile(
                .init(
                    aid: try aid(name), lifeCycle: state,
                    version: children.first(.loadFileVersion).map { Array($0.value) }, modules: modules,
                    securityDomain: domain))
        case .issuerDomain, .applications:
            let application = RegistryEntry.Application(
                aid: try aid(name), lifeCycle: state, privileges: try privileges(children),
                loadFile: try children.first(.executableLoadFile).flatMap { object throws(RegistryError) in
                    object.value.isEmpty ? nil : try aid(object.value)
                },
                securityDomain: domain,
                implicitSelection: children.filter { $0.tag == .implicitSelection }.flatMap { $0.value })
            return scope == .issuerDomain ? .issuerDomain(application) : .application(application)
        }
    }

    private static func privileges(_ children: [BERTLV]) throws(RegistryError) -> Privileges {
        guard let object = children.first(.privileges), !object.value.isEmpty else { return [] }
        guard let privileges = Privileges(bytes: object.value) else {
            throw .privileges(byteCount: object.value.count)
        }
        return privileges
    }

    /// Length and AID, life cycle, privileges, and for load files with modules a count and their AIDs
    /// (GPCS 2.1.1 §9.4).
    private static func readLegacy(
        _ data: [UInt8], scope: RegistryScope
    ) throws(RegistryError) -> [RegistryEntry] {
        var input = data[...]
        var entries: [RegistryEntry] = []
        while !input.isEmpty {
            let name = try aid(take(lengthOf: &input))
            let state = try take(1, &input)
            let privilege = try take(1, &input)
            guard let lifeCycle = state.first, let privileges = Privileges(bytes: privilege) else {
                throw .truncated(at: input.startIndex)
            }
            switch scope {
            case .issuerDomain:
                entries.append(.issuerDomain(.init(aid: name, lifeCycle: lifeCycle, privileges: privileges)))
            case .applications:
                entries.append(.application(.init(aid: name, lifeCycle: lifeCycle, privileges: privileges)))
            case .loadFiles:
                entries.append(.loadFile(.init(aid: name, lifeCycle: lifeCycle)))
            case .loadFilesAndModules:
                var modules: [AID] = []
                for _ in 0..<(try take(1, &input).first ?? 0) {
                    modules.append(try aid(take(lengthOf: &input)))
                }
                entries.append(.loadFile(.init(aid: name, lifeCycle: lifeCycle, modules: modules)))
            }
        }
        return entries
    }

    private static func take(_ count: Int, _ input: inout ArraySlice<UInt8>) throws(RegistryError)
        -> ArraySlice<UInt8>
    {
        guard input.count >= count else { throw .truncated(at: input.endIndex) }
        defer { input = input.dropFirst(count) }
        return input.prefix(count)
    }

    private static func take(lengthOf input: inout ArraySlice<UInt8>) throws(RegistryError) -> ArraySlice<
        UInt8
    > {
        try take(Int(try take(1, &input).first ?? 0), &input)
    }

    private static func aid(_ bytes: ArraySlice<UInt8>) throws(RegistryError) -> AID {
        do { return try AID(bytes) } catch { throw .aid(error) }
    }

    private static func wrap<Value>(_ body: () throws(TLVError) -> Value) throws(RegistryError) -> Value {
        do { return try body() } catch { throw .tlv(error) }
    }
}
