// This file leaves out of a function's own script what the shared code defines and the function does not use: every call of a
// script runs these definitions anew. A library runs them once and keeps them all.
package scripts

import (
	"regexp"
	"strings"
)

// definitionRE finds the start of a definition at the left margin: a constant or a function, perhaps one in a table.
var definitionRE = regexp.MustCompile(`(?m)^(?:local function (\w+)|function \w+\.(\w+)|local (\w+) =)`)

var (
	wordRE = regexp.MustCompile(`[A-Za-z_]\w*`)
	gapRE  = regexp.MustCompile(`\n{3,}`) // what was left out leaves the empty lines around it
)

// definition is one part of shared code: the comment above it, and the lines up to the end at the left margin.
type definition struct {
	name string // without the table it stands in
	text string
}

// split cuts shared code into definitions. What comes before the first one, such as the comment of a file, has no name.
func split(code string) (parts []definition) {
	lines := strings.SplitAfter(code, "\n")
	start := 0
	end := func(at int, name string) {
		if text := strings.Join(lines[start:at], ""); text != "" {
			parts = append(parts, definition{name, text})
		}
		start = at
	}
	for i := 0; i < len(lines); i++ {
		m := definitionRE.FindStringSubmatch(lines[i])
		if m == nil {
			continue
		}
		first := i // of the definition with the comment right above it
		for first > start && strings.HasPrefix(lines[first-1], "--") {
			first--
		}
		end(first, "")
		// A function or table that is not on one line ends with "end" or "}" at the left margin.
		opens := strings.HasPrefix(m[0], "local function") || strings.HasPrefix(m[0], "function")
		if table := strings.HasSuffix(lines[i], "{\n"); opens || table {
			for i+1 < len(lines) && lines[i] != "end\n" && lines[i] != "}\n" {
				i++
			}
		}
		end(i+1, m[1]+m[2]+m[3])
	}
	end(len(lines), "")
	return parts
}

// shake returns shared code without the definitions that neither code nor what remains of shared uses.
func shake(shared, code string) string {
	parts := split(shared)
	kept := make([]bool, len(parts))
	used := map[string]bool{}
	use := func(text string) {
		for _, line := range strings.Split(text, "\n") {
			line, _, _ = strings.Cut(line, "--") // no string of the library contains a comment's start
			for _, word := range wordRE.FindAllString(line, -1) {
				used[word] = true
			}
		}
	}
	use(code)
	for i := len(parts) - 1; i >= 0; i-- { // a definition is used only below it
		if name := parts[i].name; name == "" || used[name] {
			kept[i] = true
			use(parts[i].text)
		}
	}
	var out strings.Builder
	for i, p := range parts {
		if kept[i] {
			out.WriteString(p.text)
		}
	}
	return gapRE.ReplaceAllString(out.String(), "\n\n")
}
