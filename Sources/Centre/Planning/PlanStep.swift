package import SmartCard

/// One step of a plan: the unit that can be asked of the card, done or not.
///
/// The order of a plan's steps is safe as it stands: every `park` is durable before the first removal.
package enum PlanStep: Hashable, Sendable, Codable {
    /// Freezes the instance and reads its data until the vault is durable and the digests agree; nothing is deleted.
    case park(Parking)
    /// The same, and thaws it again: what was read is kept as a copy.
    case snapshot(Parking)
    /// Where it was parked, the card gives up its copy first; then the instance is deleted.
    case removeInstance(Removal)
    case removeLoadFile(aid: AID)
    /// An empty domain.
    case dropDomain(aid: AID)
    case makeDomain(NewDomain)
    /// Room that only the ledger keeps.
    case reserveInLedger(Reservation)
    case releaseInLedger(provider: ProviderID)
    case load(Load)
    /// Puts an instance or a load file under another domain.
    case extradite(Extradition)
    case install(Install)
    case personalise(Personalisation)
    /// Writes who the holder is into the program that knows it; what is written is the register's, not the plan's.
    case identify(instance: AID)
    case restore(Restoration)
    case putKeys(masterKey: MasterKeyName, version: UInt8)
    /// Exchanges the code of an application on the card; its data do not leave it (docs/reference/elf-upgrade.md).
    case upgrade(Upgrade)

    package struct Parking: Hashable, Sendable, Codable {
        package var instance: AID
        package var release: ReleaseID
        /// Bytes to read; zero for classes without data.
        package var imageBytes: Int
        package var way: Way

        package init(instance: AID, release: ReleaseID, imageBytes: Int, way: Way) {
            self.instance = instance
            self.release = release
            self.imageBytes = imageBytes
            self.way = way
        }
    }

    /// How data leaves and comes back.
    package enum Way: Hashable, Sendable, Codable {
        case contract
        case stateless
        case script
    }

    package struct Removal: Hashable, Sendable, Codable {
        package var instance: AID
        package var purpose: Purpose

        package init(instance: AID, purpose: Purpose) {
            self.instance = instance
            self.purpose = purpose
        }
    }

    package enum Purpose: Hashable, Sendable, Codable {
        /// Its data are in custody by an earlier step of this plan.
        case parked
        /// Its data are not kept: that is the wish.
        case forGood
    }

    package struct NewDomain: Hashable, Sendable, Codable {
        package var aid: AID
        package var reservation: Reservation

        package init(aid: AID, reservation: Reservation) {
            self.aid = aid
            self.reservation = reservation
        }
    }

    package struct Extradition: Hashable, Sendable, Codable {
        package var object: AID
        package var from: AID
        package var to: AID

        package init(object: AID, from: AID, to: AID) {
            self.object = object
            self.from = from
            self.to = to
        }
    }

    package struct Load: Hashable, Sendable, Codable {
        package var release: ReleaseID
        package var aid: AID
        /// SHA-256 of the load file data block.
        package var digest: HexBytes
        package var byteCount: Int
        /// The issuer's domain where it is `nil`.
        package var domain: AID?

        package init(release: ReleaseID, aid: AID, digest: HexBytes, byteCount: Int, domain: AID?) {
            self.release = release
            self.aid = aid
            self.digest = digest
            self.byteCount = byteCount
            self.domain = domain
        }
    }

    package struct Install: Hashable, Sendable, Codable {
        package var release: ReleaseID
        package var aid: AID
        package var module: AID
        package var loadFile: AID
        package var privileges: UInt32
        /// What goes into tag C9, beside what a restoration adds.
        package var parameters: HexBytes
        package var domain: AID?
        /// It waits, vacant, for data that a later step brings.
        package var isVacant: Bool

        package init(
            release: ReleaseID, aid: AID, module: AID, loadFile: AID, privileges: UInt32,
            parameters: HexBytes, domain: AID?, isVacant: Bool
        ) {
            self.release = release
            self.aid = aid
            self.module = module
            self.loadFile = loadFile
            self.privileges = privileges
            self.parameters = parameters
            self.domain = domain
            self.isVacant = isVacant
        }
    }

    package struct Personalisation: Hashable, Sendable, Codable {
        package var release: ReleaseID
        /// The first instance of the release.
        package var instance: AID
        package var commandCount: Int
        package var byteCount: Int

        package init(release: ReleaseID, instance: AID, commandCount: Int, byteCount: Int) {
            self.release = release
            self.instance = instance
            self.commandCount = commandCount
            self.byteCount = byteCount
        }
    }

    package struct Restoration: Hashable, Sendable, Codable {
        package var instance: AID
        package var release: ReleaseID
        package var imageBytes: Int
        package var way: Way
        package var source: Source

        package init(instance: AID, release: ReleaseID, imageBytes: Int, way: Way, source: Source) {
            self.instance = instance
            self.release = release
            self.imageBytes = imageBytes
            self.way = way
            self.source = source
        }
    }

    package struct Upgrade: Hashable, Sendable, Codable {
        /// One version of the code.
        package struct Code: Hashable, Sendable, Codable {
            package var release: ReleaseID
            /// SHA-256 of the load file data block.
            package var digest: HexBytes
            package var byteCount: Int

            package init(release: ReleaseID, digest: HexBytes, byteCount: Int) {
                self.release = release
                self.digest = digest
                self.byteCount = byteCount
            }
        }

        package var loadFile: AID
        package var instances: [AID]
        package var old: Code
        package var new: Code

        package init(loadFile: AID, instances: [AID], from old: Code, to new: Code) {
            self.loadFile = loadFile
            self.instances = instances
            self.old = old
            self.new = new
        }

        /// The way back.
        package var reversed: Upgrade {
            Upgrade(loadFile: loadFile, instances: instances, from: new, to: old)
        }
    }

    package enum Source: Hashable, Sendable, Codable {
        case held(CustodyKey)
        /// By an earlier step of this plan, from the instance of this name.
        case parkedByThisPlan(instance: AID)
    }
}
