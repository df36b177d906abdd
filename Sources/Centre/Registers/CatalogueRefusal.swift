package import GlobalPlatform
package import SmartCard

/// Why the catalogue does not do what was asked.
package enum CatalogueRefusal: Refusal, Hashable {
    case applicationExists(ApplicationID)
    case applicationUnknown(ApplicationID)
    case releaseUnknown(ReleaseID)
    case text(field: String, TextProblem)
    case serviceStopped(ApplicationID, reason: String)
    case serviceRuns(ApplicationID)
    case published(ReleaseID)
    case notPublished(ReleaseID)
    case withdrawn(ReleaseID, reason: String)
    case tooMany(what: String, max: Int)
    case tooLong(what: String, bytesMax: Int)
    case nothingIn(ReleaseID)
    case room(AID)
    case noProfile(ReleaseID)
    case twice(AID)
    case blobMissing(AID)
    /// What the release says about a load file is not what the load file says about itself.
    case blobDiffers(AID, what: String)
    case moduleMissing(module: AID, loadFile: AID)
    case loadFileMissing(AID, instance: AID)
    case dependencyMissing(CAPPackage, of: AID)
    case dependencyTooOld(CAPPackage, found: CAPVersion, of: AID)
    case dependencyLater(AID, of: AID)
    case cycle(AID)
    case twoVersions(AID)
    case aidTaken(AID, by: ReleaseID)
    /// By a release that is not the asker's to know.
    case aidTakenElsewhere(AID)
    case notCAP(String)
    case notForProfile(ReleaseID, ProfileName)

    package var code: String {
        switch self {
        case .applicationExists: "application-exists"
        case .applicationUnknown: "application-unknown"
        case .releaseUnknown: "release-unknown"
        case .text: "catalogue-text"
        case .serviceStopped: "service-stopped"
        case .serviceRuns: "service-runs"
        case .published: "release-published"
        case .notPublished: "release-not-published"
        case .withdrawn: "release-withdrawn"
        case .tooMany: "release-too-many"
        case .tooLong: "release-too-long"
        case .nothingIn: "release-empty"
        case .room: "release-room"
        case .noProfile: "release-no-profile"
        case .twice: "aid-twice"
        case .blobMissing: "load-file-missing"
        case .blobDiffers: "load-file-differs"
        case .moduleMissing: "module-missing"
        case .loadFileMissing: "load-file-not-listed"
        case .dependencyMissing: "dependency-missing"
        case .dependencyTooOld: "dependency-version"
        case .dependencyLater: "dependency-order"
        case .cycle: "dependency-cycle"
        case .twoVersions: "dependency-conflict"
        case .aidTaken, .aidTakenElsewhere: "aid-taken"
        case .notCAP: "not-a-cap-file"
        case .notForProfile: "profile-not-compatible"
        }
    }
}

extension CatalogueRefusal {
    package var reason: String {
        switch self {
        case .applicationExists(let id): "There is already an application '\(id)'."
        case .applicationUnknown(let id): "There is no application '\(id)', or it is another provider's."
        case .releaseUnknown(let id): "There is no release \(id), or it is another provider's."
        case .text(let field, let problem): "The \(field) \(problem.words)."
        case .serviceStopped(let id, let reason): "The service of '\(id)' is stopped: \(reason)"
        case .serviceRuns(let id): "The service of '\(id)' is running."
        case .published(let id): "Release \(id) is published and can never change."
        case .notPublished(let id): "Release \(id) is a draft."
        case .withdrawn(let id, let reason): "Release \(id) was withdrawn: \(reason)"
        case .tooMany(let what, let max): "There are more than \(max) \(what)."
        case .tooLong(let what, let max): "\(what) is longer than \(max) bytes."
        case .nothingIn(let id): "Release \(id) has neither a load file nor an instance."
        case .room(let aid): "The room declared for \(aid) is negative, or more than any card has."
        case .noProfile(let id): "Release \(id) is for no profile at all, or names one twice."
        case .twice(let aid): "\(aid) is in the release twice."
        case .blobMissing(let aid): "The bytes of load file \(aid) are not in the catalogue."
        case .blobDiffers(let aid, let what):
            "The load file \(aid) itself has other \(what) than the release says."
        case .moduleMissing(let module, let loadFile): "Load file \(loadFile) has no module \(module)."
        case .loadFileMissing(let aid, let instance):
            "Instance \(instance) is of load file \(aid), which is not in the release."
        case .dependencyMissing(let package, let aid):
            "Load file \(aid) needs \(package.aid) \(package.version), which no published release has."
        case .dependencyTooOld(let package, let found, let aid):
            "Load file \(aid) needs \(package.aid) \(package.version); the catalogue has \(found)."
        case .dependencyLater(let library, let aid):
            "Load file \(aid) needs \(library), which is loaded after it."
        case .cycle(let aid): "Load file \(aid) would need itself, by way of others."
        case .twoVersions(let aid): "Two different load files \(aid) would have to be on one card."
        case .aidTaken(let aid, let release): "\(aid) already belongs to release \(release)."
        case .aidTakenElsewhere(let aid): "\(aid) already belongs to a release of another provider."
        case .notCAP(let why): "This is not a CAP file that can be used: \(why)"
        case .notForProfile(let id, let profile): "Release \(id) is not for cards of profile '\(profile)'."
        }
    }

    package var remedy: String {
        switch self {
        case .applicationExists: "Change the application that exists, or choose another name."
        case .applicationUnknown, .releaseUnknown: "List the catalogue."
        case .text: "Give a shorter text on one line."
        case .serviceStopped: "Start the service first."
        case .serviceRuns: "Nothing is to be done."
        case .published: "Make a release with a new version."
        case .notPublished: "Publish it first."
        case .withdrawn: "Take another release."
        case .tooMany, .tooLong: "Make the release smaller."
        case .nothingIn: "Add a load file or an instance."
        case .room: "Declare the bytes that it takes, from 0 upwards."
        case .noProfile: "Name the profiles once each, or say that it is for every profile."
        case .twice: "Give every load file and every instance an AID of its own."
        case .blobMissing: "Import the CAP file first."
        case .blobDiffers: "Take the entry that the import of the CAP file gave."
        case .moduleMissing: "Choose one of the modules of the load file."
        case .loadFileMissing: "Add the load file to the release."
        case .dependencyMissing: "Publish a release with that library first, or put it into this one."
        case .dependencyTooOld:
            "Publish a version of the library with the same major and no smaller minor number."
        case .dependencyLater: "List libraries before what needs them."
        case .cycle: "Libraries must not need what needs them."
        case .twoVersions: "Use the same version of the library throughout."
        case .aidTaken: "Choose another AID, or share the load file byte for byte."
        case .aidTakenElsewhere: "Choose another AID, or ask the operator of the centre."
        case .notCAP: "Convert the package again with a current converter."
        case .notForProfile: "Choose a release for this profile."
        }
    }
}
