import CentreServer
import Testing

@Suite("Cursors and base 64")
struct CursorTests {
    @Test(
        "base 64 as in RFC 4648 §10, with the alphabet of §5 and without padding",
        arguments: [
            ("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg"), ("fooba", "Zm9vYmE"),
            ("foobar", "Zm9vYmFy"),
        ])
    func base64(plain: String, encoded: String) {
        #expect(Base64URL.encode(Array(plain.utf8)) == encoded)
        #expect(Base64URL.decode(encoded) == Array(plain.utf8))
    }

    @Test(
        "the two letters of the other alphabet, padding and loose bits are refused",
        arguments: [
            "+/", "Zg==", "Zh", "Z", "Zm9=", "Zm 9", "Zm9vYmF", "ä",
        ])
    func refused(_ text: String) { #expect(Base64URL.decode(text) == nil) }

    @Test("every byte comes back")
    func bytes() {
        let bytes = (0...255).map { UInt8($0) }
        for count in 250...256 {
            let part = Array(bytes.prefix(count))
            #expect(Base64URL.decode(Base64URL.encode(part)) == part)
        }
        #expect(Base64URL.encode([0xFB, 0xFF]) == "-_8")
    }

    @Test("a cursor is of its list")
    func cursors() {
        let text = Cursor.encode("listCards", ["42-01", "x"])
        #expect(Cursor.decode(text, "listCards") == ["42-01", "x"])
        #expect(Cursor.decode(text, "listHolders") == nil)
        #expect(Cursor.decode("W10", "listCards") == nil)
        #expect(Cursor.decode("e30", "listCards") == nil)
    }
}
