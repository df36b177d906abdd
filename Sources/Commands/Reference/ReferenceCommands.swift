internal import Arguments
internal import CentreServer
internal import JSON

/// What documents are printed from.
enum ReferenceCommands {
    static let verbs = [openAPI, problems]

    private static let openAPI = Command(
        "__openapi", "Print the description of the REST interface (OpenAPI 3.1)", isHidden: true,
        run: { _, terminal in
            terminal.output.write(OpenAPI.document(RestTable.endpoints).encodedPretty() + [0x0A])
        })

    private static let problems = Command(
        "__problems", "Print every type of problem as Markdown", isHidden: true,
        run: { _, terminal in
            let text = ProblemTypes.markdown
            terminal.isJSON
                ? terminal.print(json: ["markdown": .string(text)])
                : terminal.output.write(Array(text.utf8))
        })
}
