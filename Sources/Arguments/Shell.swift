/// The shells that can complete commands.
enum Shell: String, CaseIterable, Sendable {
    case bash
    case zsh
    case fish

    /// The script for the shell.
    ///
    /// It only carries words to `berth __complete` and candidates back.
    func script(program: String) -> String {
        let template =
            switch self {
            case .bash: Self.bashTemplate
            case .zsh: Self.zshTemplate
            case .fish: Self.fishTemplate
            }
        return replace("PROGRAM", with: program, in: template)
    }

    private func replace(_ mark: String, with text: String, in template: String) -> String {
        template.split(separator: "@\(mark)@", omittingEmptySubsequences: false).joined(separator: text)
    }

    // bash cuts words at "=" and ":" (COMP_WORDBREAKS): they are joined again before asking. Only what stands after
    // the last cut may be given back.
    private static let bashTemplate = #"""
        # Completion of @PROGRAM@ for bash. Load it with: source <(@PROGRAM@ completion bash)
        _@PROGRAM@_complete() {
            local -a words=() lines=()
            local i word previous='' whole current line kind candidate cut
            for ((i = 1; i <= COMP_CWORD; i++)); do
                word=${COMP_WORDS[i]}
                if ((${#words[@]})) \
                    && { [[ $word == [=:] && $previous != '' ]] || [[ $previous == [=:] ]]; }; then
                    words[${#words[@]} - 1]+=$word
                else
                    words+=("$word")
                fi
                previous=$word
            done
            ((${#words[@]})) || words=('')
            whole=${words[${#words[@]} - 1]}
            # What the person typed may be quoted; the program wants the plain text.
            current=$whole
            current=${current#[\"\']}
            current=${current//\\/}
            words[${#words[@]} - 1]=$current
            COMPREPLY=()
            while IFS= read -r line; do lines+=("$line"); done < <(
                "${COMP_WORDS[0]}" __complete -- "${words[@]}" 2>/dev/null
            )
            ((${#lines[@]})) || return 0
            kind=${lines[0]%%$'\t'*}
            cut=${COMP_WORDS[COMP_CWORD]}
            [[ $cut == [=:] ]] && cut=''
            cut=${cut#[\"\']}
            case $kind in
                words)
                    local stem=${current%"${cut//\\/}"}
                    local prefix=${lines[0]#*$'\t'}
                    for line in "${lines[@]:1}"; do
                        candidate=$prefix${line%%$'\t'*}
                        candidate=${candidate#"$stem"}
                        [[ $whole == [\"\']* ]] || printf -v candidate '%q' "$candidate"
                        COMPREPLY+=("$candidate")
                    done
                    if ((${#COMPREPLY[@]} == 1)) && [[ ${COMPREPLY[0]} == *: ]]; then
                        compopt -o nospace 2>/dev/null
                    fi
                    ;;
                directories)
                    compopt -o filenames 2>/dev/null
                    while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -d -- "$cut")
                    ;;
                files)
                    compopt -o filenames 2>/dev/null
                    while IFS= read -r line; do
                        if ((${#lines[@]} == 1)) || [[ -d $line ]]; then
                            COMPREPLY+=("$line")
                            continue
                        fi
                        for candidate in "${lines[@]:1}"; do
                            if [[ $line == *".${candidate%%$'\t'*}" ]]; then COMPREPLY+=("$line"); fi
                        done
                    done < <(compgen -f -- "$cut")
                    ;;
            esac
            return 0
        }
        complete -F _@PROGRAM@_complete @PROGRAM@

        """#

    private static let zshTemplate = #"""
        #compdef @PROGRAM@
        # Completion of @PROGRAM@ for zsh. Put it as _@PROGRAM@ into a directory of $fpath.
        _@PROGRAM@() {
            local -a lines shown plain
            local kind prefix line text meaning
            local -a typed=("${(@Q)words[2,CURRENT]}")
            # What stands behind the cursor in the same word does not count.
            typed[-1]=${(Q)PREFIX}
            lines=("${(@f)$("${words[1]}" __complete -- "${typed[@]}" 2>/dev/null)}")
            (( ${#lines} )) || return 1
            kind=${lines[1]%%$'\t'*}
            prefix=${lines[1]#*$'\t'}
            [[ -n $prefix ]] && compset -P '*='
            case $kind in
                words)
                    for line in "${(@)lines[2,-1]}"; do
                        text=${line%%$'\t'*}
                        meaning=${line#*$'\t'}
                        plain+=("$text")
                        shown+=("$text${meaning:+  -- $meaning}")
                    done
                    (( ${#plain} )) || return 1
                    compadd -l -d shown -a plain
                    ;;
                directories) _files -/ ;;
                files)
                    if (( ${#lines} == 1 )); then
                        _files
                    else
                        local -a endings=("${(@)${(@)lines[2,-1]}%%$'\t'*}")
                        _files -g "*.(${(j:|:)endings})(-.)"
                    fi
                    ;;
            esac
        }
        if [[ ${funcstack[1]} == _@PROGRAM@ ]]; then _@PROGRAM@ "$@"; else compdef _@PROGRAM@ @PROGRAM@; fi

        """#

    private static let fishTemplate = #"""
        # Completion of @PROGRAM@ for fish. Put it into ~/.config/fish/completions/@PROGRAM@.fish
        function __@PROGRAM@_complete
            set -l words (commandline -opc)
            set -l current (commandline -ct | string unescape)
            test -n "$current"; or set current ''
            set -l lines ($words[1] __complete -- $words[2..-1] $current 2>/dev/null)
            test (count $lines) -gt 0; or return
            set -l first (string split \t -- $lines[1])
            set -l prefix "$first[2]"
            set -l value (string sub -s (math (string length -- "$prefix") + 1) -- "$current")
            switch $first[1]
                case words
                    for line in $lines[2..-1]
                        printf '%s%s\n' $prefix $line
                    end
                case directories
                    for path in (__@PROGRAM@_paths "$value")
                        string match -q '*/' -- $path; and printf '%s%s\n' $prefix $path
                    end
                case files
                    for path in (__@PROGRAM@_paths "$value")
                        set -l fits (test (count $lines) -eq 1; and echo 1)
                        string match -q '*/' -- $path; and set fits 1
                        for line in $lines[2..-1]
                            string match -q "*."(string split \t -- $line)[1] -- $path; and set fits 1
                        end
                        test -n "$fits"; and printf '%s%s\n' $prefix $path
                    end
            end
        end
        function __@PROGRAM@_paths
            for path in $argv[1]*
                test -d $path; and echo $path/; or echo $path
            end
        end
        complete -c @PROGRAM@ -f -a '(__@PROGRAM@_complete)'

        """#
}
