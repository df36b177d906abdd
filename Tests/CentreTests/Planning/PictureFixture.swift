import Centre
import GlobalPlatform
import SmartCard

/// Small cards for tests of plans: applications `a`, `b`, … of one provider each, with code of their own.
struct PictureFixture {
    var picture: Picture

    /// - Parameter free: non-volatile bytes that the card says are free.
    init(free: Int, hasQuotas: Bool = false, isPredictable: Bool = false) throws {
        let id = try CardID("0123-4567")
        let card = Card(
            id: id, profile: try ProfileName("test"), issuerDomain: try AID(hex: "A000000151000000"),
            keySet: .init(masterKey: try MasterKeyName("issuer"), version: 0x30, channel: .scp03),
            registeredAt: Instant(milliseconds: 0),
            inventory: .init(
                readAt: Instant(milliseconds: 0), free: Room(nonVolatile: free),
                digest: [UInt8](repeating: 7, count: 32)), revision: 5)
        picture = Picture(
            card: card,
            model: CardModel(
                profile: card.profile, total: Room(nonVolatile: 16_384, volatile: 1_024), blockBytes: 32,
                loadFileOverheadBytes: 0, instanceBytes: 0, domainBytes: 320, hasQuotas: hasQuotas,
                isChallengePredictable: isPredictable),
            free: Room(nonVolatile: free, volatile: 1_024), isFreeMeasured: true,
            now: Instant(milliseconds: 400 * Instant.millisecondsPerDay))
    }

    static func aid(_ name: String, _ suffix: [UInt8]) throws -> AID {
        try AID([0xF0, 0x01, 0x02, 0x03, 0x04] + Array(name.utf8) + suffix)
    }

    static func code(_ name: String) throws -> AID { try aid(name, [0]) }
    static func instance(_ name: String) throws -> AID { try aid(name, [1]) }

    static func release(
        _ name: String, version: String = "1.0", code: Int, data: Int, volatile: Int = 0,
        parking: Release.Parking = .contract, imports: [String] = [], personalisation: [[UInt8]] = [],
        isUpgradable: Bool = false, libraryVersion: String = "1.0"
    ) throws -> Release {
        var files = try imports.map { library in
            Release.LoadFile(
                aid: try Self.code(library), digest: digest(library, libraryVersion), byteCount: 1_024,
                declared: Room(nonVolatile: 1_024))
        }
        files.append(
            Release.LoadFile(
                aid: try Self.code(name), digest: digest(name, version), byteCount: code,
                imports: try imports.map { try Self.code($0) }
                    + (isUpgradable ? [WellKnownAID.upgradeInterface] : []), declared: Room(nonVolatile: code)
            ))
        return Release(
            id: ReleaseID(try ApplicationID(name), try ReleaseVersion(version)),
            life: .published(at: Instant(milliseconds: version == "1.0" ? 1 : 2)), loadFiles: files,
            instances: [
                .init(
                    aid: try instance(name), module: try instance(name), loadFile: try Self.code(name),
                    declared: Room(nonVolatile: data, volatile: volatile))
            ], personalisation: personalisation, parking: parking)
    }

    static func digest(_ name: String, _ version: String) -> [UInt8] {
        let bytes = Array((name + version).utf8)
        return bytes + [UInt8](repeating: 0, count: 32 - bytes.count)
    }

    /// In the catalogue, not on the card.
    mutating func publish(_ release: Release, provider: String = "shop") throws {
        picture.releases[release.id] = release
        picture.applications[release.id.application] = Application(
            id: release.id.application, name: release.id.application.text,
            provider: try ProviderID(provider))
        for file in release.loadFiles {
            picture.learned[.init(release.id, file.aid)] = .init(file.declared, origin: .learned)
        }
        for instance in release.instances {
            picture.learned[.init(release.id, instance.aid)] = .init(instance.declared, origin: .learned)
        }
    }

    /// On the card, as its release declares it, and used so many days ago.
    mutating func install(
        _ release: Release, usedDaysAgo days: Int64? = 300, stay: InstalledApplication.Stay = .mayLeave,
        provider: String = "shop"
    ) throws {
        try publish(release, provider: provider)
        for instance in release.instances {
            let used = days.map {
                Instant(milliseconds: picture.now.milliseconds - $0 * Instant.millisecondsPerDay)
            }
            picture.installed.append(
                .init(
                    InstalledApplication(
                        card: picture.card.id, aid: instance.aid, lifeCycle: 7, loadFile: instance.loadFile,
                        release: release.id, lastUsedAt: used, stay: stay),
                    size: .init(instance.declared, origin: .measured)))
        }
        for file in release.loadFiles where !picture.loaded.contains(where: { $0.entry.aid == file.aid }) {
            picture.loaded.append(
                .init(
                    InstalledLoadFile(
                        card: picture.card.id, aid: file.aid, lifeCycle: 1, digest: file.digest),
                    size: .init(file.declared, origin: .measured), imports: file.imports,
                    byteCount: file.byteCount))
        }
    }

    func plan(_ wishes: Wish...) -> Plan { picture.plan(wishes) }
}

extension Plan {
    /// The steps in short, such as `park a`, `load b`.
    var story: [String] {
        func name(_ aid: AID) -> String {
            String(decoding: aid.bytes[5..<aid.bytes.count - 1], as: UTF8.self)
        }
        return steps.map { planned in
            switch planned.step {
            case .park(let step): "park \(name(step.instance))"
            case .snapshot(let step): "copy \(name(step.instance))"
            case .removeInstance(let step): "remove \(name(step.instance))"
            case .removeLoadFile(let aid): "unload \(name(aid))"
            case .dropDomain: "drop domain"
            case .makeDomain(let step): "make domain of \(step.reservation.provider)"
            case .reserveInLedger(let step): "reserve for \(step.provider)"
            case .releaseInLedger(let provider): "release of \(provider)"
            case .load(let step): "load \(name(step.aid))"
            case .install(let step): "install \(name(step.aid))" + (step.isVacant ? " vacant" : "")
            case .extradite(let step): "extradite \(name(step.object))"
            case .personalise(let step): "personalise \(name(step.instance))"
            case .identify: "identify"
            case .restore(let step): "restore \(name(step.instance))"
            case .putKeys: "put keys"
            case .upgrade(let step): "upgrade \(name(step.loadFile))"
            }
        }
    }

    var codes: [String] { objections.map(\.kind.rawValue) }
}
