internal import GlobalPlatform
internal import SmartCard

// A blank card becomes the holder's: who they are first, then everything they use (rows C5 to C7).

extension Planner {
    mutating func renew() {
        for other in picture.otherCards {
            object(
                .oldCardActive, other.text, "The holder's card \(other) is still in use.",
                "Retire it first: there is never a second card with the same data.")
        }
        identify()
        for application in picture.holderSet
        where application != IdentityProgram.application && instances(of: application).isEmpty {
            if case .stopped(let reason)? = picture.applications[application]?.service {
                object(
                    .leftOut, application.text,
                    "\(application) is left out: its service is stopped (\(reason)).",
                    "It can be added when its service runs again.")
                continue
            }
            bringBack(application)
        }
    }

    /// A card that has no such program yet gets it, where the catalogue has one.
    private mutating func identify() {
        guard picture.card.holder != nil else { return }
        if let present = instances(of: IdentityProgram.application).first {
            identified.append(present.entry.aid)
            return
        }
        guard picture.applications[IdentityProgram.application] != nil,
            let release = newestRelease(of: IdentityProgram.application), isInstallable(release),
            let instance = release.instances.first
        else { return }
        bring(release, instances: release.instances)
        identified.append(instance.aid)
    }

    private mutating func bringBack(_ application: ApplicationID) {
        let held = picture.custody.filter { $0.release.application == application && mayReturn($0) }
        if let first = held.first, let release = release(first.release), isInstallable(release) {
            restore(release, kept: held.filter { $0.release == first.release && $0.card == first.card })
            return
        }
        guard held.isEmpty, let release = newestRelease(of: application), isInstallable(release) else {
            return
        }
        switch release.parking {
        case .contract:
            object(
                .dataLost, application.text,
                "The data of \(application) are on the old card only, and no copy is in custody: it begins anew.",
                "Ask its provider whether the data can be made again; where the old card is at hand, park it from there."
            )
        case .never(let reason):
            object(
                .dataLost, application.text,
                "The data of \(application) cannot leave a card (\(reason)): it begins anew.",
                "Ask its provider whether the data can be made again.")
        case .stateless, .rePersonalised: break
        }
        bring(release, instances: release.instances)
    }
}
