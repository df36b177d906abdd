/// Memory of a card in bytes: what keeps without power, and what does not.
package struct Room: Hashable, Sendable {
    package var nonVolatile: Int
    package var volatile: Int

    package init(nonVolatile: Int, volatile: Int = 0) {
        self.nonVolatile = nonVolatile
        self.volatile = volatile
    }

    package static let none = Room(nonVolatile: 0)

    package var isNone: Bool { self == .none }

    package func covers(_ other: Room) -> Bool {
        nonVolatile >= other.nonVolatile && volatile >= other.volatile
    }

    /// What of this is missing when only `available` is there; never negative.
    package func shortage(given available: Room) -> Room {
        Room(
            nonVolatile: max(0, nonVolatile - available.nonVolatile),
            volatile: max(0, volatile - available.volatile))
    }

    package static func + (one: Room, other: Room) -> Room {
        Room(nonVolatile: one.nonVolatile + other.nonVolatile, volatile: one.volatile + other.volatile)
    }
    package static func - (one: Room, other: Room) -> Room {
        Room(nonVolatile: one.nonVolatile - other.nonVolatile, volatile: one.volatile - other.volatile)
    }
    package static func += (one: inout Room, other: Room) { one = one + other }
    package static func -= (one: inout Room, other: Room) { one = one - other }
}
