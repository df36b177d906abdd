internal import Arguments
internal import CardManagement
internal import GlobalPlatform
internal import JSON
internal import SmartCard

/// An installation plan in words: what the check found and what will be done.
struct InstallPlanView {
    private let plan: InstallPlan
    private let request: InstallRequest
    private let resources: CardResources?

    init(_ plan: InstallPlan, _ request: InstallRequest, resources: CardResources?) {
        self.plan = plan
        self.request = request
        self.resources = resources
    }

    func show(on terminal: Terminal) {
        terminal.print(
            "Load file \(request.package.aid) version \(request.package.versionText): needs about "
                + "\(request.nonVolatileExpected) bytes"
                + (resources.map { ", \($0.freeNonVolatile) bytes are free" } ?? ""))
        for finding in plan.findings {
            let mark = finding.isObstacle ? "! " : "- "
            terminal.print(mark + finding.text)
        }
    }

    /// For a dry run: what would be done.
    func showSteps(on terminal: Terminal) {
        guard !plan.isDone else {
            terminal.print("Nothing to do: everything is on the card.")
            return
        }
        for step in plan.steps { terminal.print("Would \(step.text(request.package.aid)).") }
        terminal.print("Nothing was changed.")
    }

    /// What stands in the way.
    var problem: Problem {
        let first = plan.obstacles.first
        return Problem(
            first?.code ?? "check-failed", exit: first?.exit ?? .refused,
            "the card would refuse, so nothing was sent",
            why: plan.obstacles.map(\.text).joined(separator: "; "),
            advice: (first?.advice ?? []) + [
                "if you know better, add --force"
            ], details: ["obstacles": .array(plan.obstacles.map { .string($0.code) })])
    }

    var json: JSONValue { .object(object) }
    var dryRunJSON: JSONValue { .object(object.adding("dryRun", true)) }

    private var object: JSONObject {
        [
            "loadFile": .string("\(request.package.aid)"), "version": .string(request.package.versionText),
            "expectedBytes": .count(request.nonVolatileExpected),
            "findings": .array(
                plan.findings.map {
                    ["code": .string($0.code), "obstacle": .bool($0.isObstacle), "text": .string($0.text)]
                }),
            "steps": .array(plan.steps.map { .string($0.text) }),
        ]
    }
}

extension InstallStep {
    var text: String {
        switch self {
        case .delete(let aid, let withRelated):
            "delete \(aid)" + (withRelated ? " and what was made from it" : "")
        case .load: "load"
        case .install(let instance): "install \(instance.aid)"
        case .makeSelectable(let aid): "make \(aid) selectable"
        }
    }

    /// The same as a sentence of its own, with the load file's name.
    func text(_ loadFile: AID) -> String {
        if case .load = self { "load \(loadFile)" } else { text }
    }
}

extension InstallFinding {
    var text: String {
        switch self {
        case .importMissing(let package):
            "the library \(package.aid) version \(package.versionText) is not on the card"
        case .importTooOld(let package, let version):
            "the library \(package.aid) is version \(version); \(package.versionText) is needed"
        case .importNewerMajor(let package, let version):
            "the library \(package.aid) is version \(version), which does not serve who needs \(package.versionText)"
        case .otherVersionOnCard(let aid, let version, let wanted):
            "\(aid) is on the card in version \(version), not \(wanted)"
        case .loadFileNameTaken(let aid, _): "\(aid) is the name of an application on the card"
        case .instanceNameTaken(let aid, let file):
            "\(aid) is on the card already" + (file.map { ", made from \($0)" } ?? "")
        case .moduleNotInFile(let aid): "the file has no applet \(aid)"
        case .notEnoughRoom(let needed, let free):
            "it needs at least \(needed) bytes and \(free) are free: \(needed - free) are missing"
        case .domainUnfit(let aid, .isApplication): "\(aid) is an application and no security domain"
        case .domainUnfit(let aid, .hasNoKeys):
            "the domain \(aid) has no keys yet, and until then it can hold nothing"
        case .domainUnfit(let aid, .isLocked): "the domain \(aid) is locked"
        case .importAssumed(let package):
            "\(package.aid) version \(package.versionText) belongs to the card's platform and is not listed by cards"
        case .roomDoubtful(let expected, let free): "it may need \(expected) bytes, and \(free) are free"
        case .volatileRoomDoubtful(let expected, let free):
            "it may need \(expected) bytes of volatile memory, and \(free) are free"
        case .roomUnknown: "the card does not tell its free memory, so the room is not checked"
        case .alreadyLoaded(let aid): "\(aid) is loaded already"
        case .alreadyInstalled(let aid): "\(aid) is installed already"
        case .continuesWith(let aid): "going on with \(aid)"
        }
    }

    var code: String {
        switch self {
        case .importMissing: "import-missing"
        case .importTooOld: "import-too-old"
        case .importNewerMajor: "import-other-major"
        case .otherVersionOnCard: "other-version"
        case .loadFileNameTaken: "load-file-name-taken"
        case .instanceNameTaken: "instance-name-taken"
        case .moduleNotInFile: "applet-not-in-file"
        case .notEnoughRoom: "not-enough-room"
        case .domainUnfit(_, .isApplication): "not-a-domain"
        case .domainUnfit(_, .hasNoKeys): "domain-without-keys"
        case .domainUnfit(_, .isLocked): "domain-locked"
        case .importAssumed: "import-assumed"
        case .roomDoubtful: "room-doubtful"
        case .volatileRoomDoubtful: "volatile-room-doubtful"
        case .roomUnknown: "room-unknown"
        case .alreadyLoaded: "already-loaded"
        case .alreadyInstalled: "already-installed"
        case .continuesWith: "continues"
        }
    }

    var exit: ExitCode {
        switch self {
        case .importMissing, .importTooOld, .importNewerMajor: .missingImport
        case .otherVersionOnCard, .loadFileNameTaken, .instanceNameTaken: .alreadyExists
        case .notEnoughRoom: .noRoom
        case .moduleNotInFile: .badData
        case .domainUnfit(_, .isApplication): .usage
        case .domainUnfit: .refused
        case .importAssumed, .roomDoubtful, .volatileRoomDoubtful, .roomUnknown, .alreadyLoaded,
            .alreadyInstalled, .continuesWith:
            .success
        }
    }

    var advice: [String] {
        switch self {
        case .importMissing(let package):
            ["load the library \(package.aid) first, with: berth gp load FILE.cap"]
        case .importTooOld, .importNewerMajor:
            ["load the version of the library that this file was built for, with --replace"]
        case .otherVersionOnCard: ["replace it and what was made from it with --replace"]
        case .instanceNameTaken(let aid, _):
            ["delete it with: berth gp delete \(aid)", "install under another name with --aid"]
        case .loadFileNameTaken(let aid, _): ["delete it with: berth gp delete \(aid)"]
        case .notEnoughRoom: ["see what takes room with: berth gp list", "delete what is not needed"]
        case .domainUnfit(let aid, .hasNoKeys):
            [
                "give it keys with: berth gp key put --domain \(aid)",
                "or leave --into out, and move the load file later with: berth gp domain extradite",
            ]
        case .domainUnfit(let aid, .isLocked): ["unlock it with: berth gp unlock \(aid)"]
        case .domainUnfit(_, .isApplication): ["see the domains with: berth gp domain list"]
        case .moduleNotInFile, .importAssumed, .roomDoubtful, .volatileRoomDoubtful, .roomUnknown,
            .alreadyLoaded, .alreadyInstalled, .continuesWith:
            []
        }
    }
}
