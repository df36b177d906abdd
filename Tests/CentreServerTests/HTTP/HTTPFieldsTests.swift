import CentreServer
import Testing

@Suite("HTTPFields")
struct HTTPFieldsTests {
    @Test("finds names without case and keeps repeated values in order (RFC 9110 §5.1, §5.3)")
    func lookup() {
        var fields: HTTPFields = ["Accept": "a", "ACCEPT": "b", "Host": "centre"]
        #expect(fields["accept"] == "a")
        #expect(fields.values("aCCept") == ["a", "b"])
        fields["accept"] = "c"
        #expect(fields.values("Accept") == ["c"])
        #expect(fields["Accep"] == nil)
    }
}
