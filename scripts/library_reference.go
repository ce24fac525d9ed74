package scripts

import (
	"fmt"
	"strings"
)

// Reference returns the table of one library's functions in Markdown, made from their headers.
func (l Library) Reference() string {
	var b strings.Builder
	for _, f := range l.Functions {
		fmt.Fprintf(&b, "**`%s`** %s *%s*\n\n", f.Name, f.Purpose, f.Complexity)
		if len(f.Keys) > 0 {
			b.WriteString("| | | |\n|---|---|---|\n")
			for _, p := range f.Keys {
				fmt.Fprintf(&b, "| key `%s` | %s | %s |\n", p, p.Unit, cell(p.Text))
			}
			for _, p := range f.Args {
				fmt.Fprintf(&b, "| `%s` | %s | %s |\n", p, cell(p.Unit), cell(p.Text))
			}
			b.WriteString("\n")
		}
		fmt.Fprintf(&b, "Replies %s.\n\n```\n%s\n```\n\n", strings.TrimSuffix(f.Reply, "."), f.Example)
	}
	return b.String()
}

// cell escapes what would end a cell of a Markdown table.
func cell(s string) string { return strings.ReplaceAll(s, "|", `\|`) }
