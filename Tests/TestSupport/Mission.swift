package import Testing

/// A row of the mission (docs/mission.md) that a test shows.
package struct MissionTrait: TestTrait, SuiteTrait {
    package let row: MissionRow
}

/// The rows of docs/mission.md: three sections, and the points of its last list.
package enum MissionRow: String, CaseIterable, Sendable {
    case a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11
    case b1, b2, b3, b4, b5, b6, b7, b8, b9, b10, b11, b12, b13
    case c1, c2, c3, c4, c5, c6, c7, c8, c9, c10, c11, c12, c13, c14
    case point1, point2, point3, point4, point5, point6, point7
}

extension Trait where Self == MissionTrait {
    /// Says that the test shows the row; `scripts/mission` lists it under that row.
    package static func mission(_ row: MissionRow) -> Self { MissionTrait(row: row) }
}
