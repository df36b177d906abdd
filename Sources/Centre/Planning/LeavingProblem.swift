/// Who must leave so that room is covered, at the least cost: the bare problem, without names or reasons.
///
/// A unit is an application that may leave. A file is a load file that may leave once everything that needs it has
/// left; it may also stay. What may not leave, and what it needs, is not part of the problem.
package struct LeavingProblem: Hashable, Sendable {
    /// As many as a card lists; what is promised is promised for 64.
    package static let unitsMax = 256
    package static let filesMax = 256
    /// Beginnings that the search keeps for one choice.
    package static let statesMax = 2_000_000
    /// Of one unit or file: so that no sum overflows.
    package static let pointsMax = 1 << 20

    package struct Unit: Hashable, Sendable {
        package var points: Int
        package var isPreferred: Bool
        package var room: Room

        package init(points: Int, isPreferred: Bool = false, room: Room) {
            self.points = points
            self.isPreferred = isPreferred
            self.room = room
        }
    }

    package struct File: Hashable, Sendable {
        package var points: Int
        package var room: Room
        /// Units that are instances of it.
        package var users: [Int]
        /// Files, by their place in the list, that import it.
        package var importers: [Int]

        package init(points: Int, room: Room, users: [Int], importers: [Int] = []) {
            self.points = points
            self.room = room
            self.users = users
            self.importers = importers
        }
    }

    package var need: Room
    package var units: [Unit]
    package var files: [File]

    package init(need: Room, units: [Unit], files: [File]) {
        precondition(units.count <= Self.unitsMax && files.count <= Self.filesMax)
        self.need = need
        self.units = units
        self.files = files
    }

    /// What would be free if all left.
    package var most: Room {
        units.reduce(Room.none) { $0 + $1.room } + files.reduce(Room.none) { $0 + $1.room }
    }

    /// What a choice costs.
    package func cost(units chosen: [Int], files chosenFiles: [Int]) -> LeavingCost {
        LeavingCost(
            preferredCount: chosen.count { units[$0].isPreferred },
            points: chosen.reduce(0) { $0 + units[$1].points }
                + chosenFiles.reduce(0) { $0 + files[$1].points })
    }
}

/// An answer to a `LeavingProblem`.
package struct LeavingChoice: Hashable, Sendable {
    /// In ascending order.
    package var units: [Int]
    package var files: [Int]
    package var cost: LeavingCost
    package var freed: Room
    package var optimality: Plan.Optimality
    /// Beginnings that the search kept: how hard it was, on every machine alike.
    package var stateCount: Int
}
