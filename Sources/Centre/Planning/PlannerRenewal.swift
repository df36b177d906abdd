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
            let (known, coming) = (objections.count, incoming.count)
            bringBack(application)
            guard incoming.count == coming else { continue }
            // What cannot come hinders nothing else.
            for index in known..<objections.count where objections[index].isObstacle {
                objections[index] = Objection(
                    .leftOut, application.text,
                    reason: "\(application) is left out. \(objections[index].reason)",
                    remedy: objections[index].remedy)
            }
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
        if let newest = held.max(by: { isOlder($0, $1) }) {
            guard let release = release(newest.release), isInstallable(release, takesBack: true) else {
                return
            }
            let kept = held.filter { $0.release == newest.release && $0.card == newest.card }
            restore(release, kept: kept)
            for stay in held where !kept.contains(stay) {
                object(
                    .leftOut, application.text,
                    "Other data of \(application) stay in custody: those that card \(stay.card) had on "
                        + "\(dataTime(stay)).",
                    "Dismiss them when nobody needs them.")
            }
            return
        }
        guard let release = newestRelease(of: application), isInstallable(release) else {
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

    /// What is on its way to this card comes before all else: half of it may stand there.
    private func isOlder(_ one: Custody, _ other: Custody) -> Bool {
        (one.isReturning(to: picture.card.id) ? 1 : 0, dataTime(one))
            < (other.isReturning(to: picture.card.id) ? 1 : 0, dataTime(other))
    }

    /// Since when nothing has happened to the data: a copy is as old as it is, whenever its card was given up.
    private func dataTime(_ stay: Custody) -> Instant {
        picture.copiedAt[stay.key] ?? stay.heldSince ?? stay.openedAt
    }
}
