import Arguments
import JSON
import Testing

@Suite("berth serve --print-config")
struct ServeConfigTests {
    @Test("no secret is shown, wherever its setting stands", arguments: ["", " --json"])
    func hidden(form: String) async throws {
        let bench = try CommandBench()
        try bench.write("berth.conf", "otlp-endpoint = https://berth:hunter2@traces.example/v1\n")
        let outcome = await bench.run(
            "serve --print-config --config @berth.conf --oidc-keys https://id.example/keys?token=hunter2"
                + form,
            variables: [
                "BERTH_STORE": "host=db password=hunter2 dbname=centre",
                "BERTH_OIDC_ISSUER": "https://berth:hunter2@id.example",
            ])
        #expect(outcome.exit == .success, "\(outcome.output)\(outcome.errors)")
        #expect(!(outcome.output + outcome.errors).contains("hunter2"))
        for name in ["otlp-endpoint", "oidc-keys", "store", "oidc-issuer"] {
            #expect(outcome.output.contains(name), "\(name)")
        }
        guard !form.isEmpty else { return }
        for (name, value) in [
            ("otlp-endpoint", "https://berth:…@traces.example/v1"),
            ("oidc-keys", "https://id.example/keys?token=…"), ("store", "host=db password=…"),
            ("oidc-issuer", "https://berth:…@id.example"),
        ] {
            #expect(outcome.json?[name]?["value"]?.stringValue == value, "\(outcome.output)")
        }
    }
}
